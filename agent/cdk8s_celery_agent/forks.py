"""No fork happens while the thread of the agent may hold a lock that the new process would need.

Pool processes are forked. A lock that another thread holds at that moment stays locked in the
child for ever, and Celery and kombu have locks that belong to classes (cached_property). So the
agent touches them only behind this gate, and a fork waits for the gate to open.

It waits for 50 ms at most. Behind the gate the agent also connects to the broker, which may take
as long as its timeout; but a thread that has been at something for that long waits for the network,
where it holds none of those locks.
"""
import os
from types import TracebackType
from typing import Optional, Type

from .native import native

LONGEST_WAIT = 0.05


class Gate:
    def __init__(self) -> None:
        self._new_lock = native('_thread', 'allocate_lock')
        self._get_ident = native('_thread', 'get_ident')
        self._lock = self._new_lock()
        self._forking: Optional[int] = None      # the thread that forks and holds the lock
        os.register_at_fork(before=self._before, after_in_parent=self._after_in_parent,
                            after_in_child=self._after_in_child)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, kind: Optional[Type[BaseException]], exc: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self._lock.release()

    def _before(self) -> None:
        if self._lock.acquire(True, LONGEST_WAIT):
            self._forking = self._get_ident()

    def _after_in_parent(self) -> None:
        if self._forking == self._get_ident():
            self._forking = None
            self._lock.release()

    def _after_in_child(self) -> None:
        self._forking = None
        self._lock = self._new_lock()
