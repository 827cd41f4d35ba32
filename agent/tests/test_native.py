"""Which library has replaced the threads of this process."""
import sys
from types import ModuleType

import pytest

from cdk8s_celery_agent.native import is_patched_by, native


def module(**content):
    made = ModuleType('made')
    made.__dict__.update(content)
    return made


@pytest.mark.parametrize('threads, patched', [(True, True), (False, False), (None, False)])
def test_eventlet(monkeypatch, threads, patched):
    monkeypatch.delitem(sys.modules, 'eventlet.patcher', raising=False)
    if threads is not None:
        monkeypatch.setitem(sys.modules, 'eventlet.patcher',
                            module(is_monkey_patched=lambda what: what == 'thread' and threads))
    assert is_patched_by('eventlet') is patched


def test_gevent(monkeypatch):
    monkeypatch.delitem(sys.modules, 'gevent.monkey', raising=False)
    assert not is_patched_by('gevent')
    assert native('os', 'getpid') is sys.modules['os'].getpid
    monkeypatch.setitem(sys.modules, 'gevent.monkey', module(
        get_original=lambda *what: what))
    assert is_patched_by('gevent')
    assert not is_patched_by('eventlet')
    assert native('os', 'getpid') == ('os', 'getpid')
