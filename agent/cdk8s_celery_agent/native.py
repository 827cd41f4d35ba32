"""The thing itself, whatever gevent has put in its place."""
import sys
from importlib import import_module
from typing import Any


def native(module: str, name: str) -> Any:
    monkey = sys.modules.get('gevent.monkey')
    if monkey:
        return monkey.get_original(module, name)
    return getattr(import_module(module), name)


def is_patched_by(library: str) -> bool:
    """Whether `gevent` or `eventlet` has replaced the threads of this process."""
    if library == 'gevent':
        return 'gevent.monkey' in sys.modules
    patcher = sys.modules.get('eventlet.patcher')
    return patcher is not None and bool(patcher.is_monkey_patched('thread'))
