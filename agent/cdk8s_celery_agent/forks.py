"""No fork happens while the thread of the agent may hold a lock that the new process would need.

Pool processes are forked. A lock that another thread holds at that moment stays locked in the
child forever, and Celery and kombu have locks that belong to classes (cached_property). So the
agent touches them only behind this gate, and a fork waits for the gate to open.

Behind the gate the agent also connects to the broker, which may take as long as its timeout; but a
thread that waits for the network holds none of those locks. So after 50 ms a fork goes on as soon
as the thread sleeps. One that is runnable has been held up by other processes, and one that imports
holds the lock of a module: without a name from DNS no connection is made, and the first of them
imports encodings.idna.
"""
import os
import sys
import time
from types import TracebackType
from typing import Optional, Tuple, Type

from .native import native

#: Seconds after which a fork goes on if the thread sleeps, and then in any case.
WAIT, LONGEST_WAIT = 0.05, 5.0


class Gate:
    def __init__(self) -> None:
        self._new_lock = native('_thread', 'allocate_lock')
        self._get_ident = native('_thread', 'get_ident')
        self._get_native_id = native('_thread', 'get_native_id')
        self._lock = self._new_lock()
        self._holder: Optional[Tuple[int, int]] = None    # the thread behind the gate
        self._forking: Optional[int] = None      # the thread that forks and holds the lock
        os.register_at_fork(before=self._before, after_in_parent=self._after_in_parent,
                            after_in_child=self._after_in_child)

    def __enter__(self) -> None:
        self._lock.acquire()
        self._holder = (self._get_ident(), self._get_native_id())

    def __exit__(self, kind: Optional[Type[BaseException]], exc: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self._holder = None
        self._lock.release()

    def _before(self) -> None:
        acquired, asleep = self._lock.acquire(True, WAIT), 0
        end = time.monotonic() + LONGEST_WAIT
        # Asleep for a moment may be a wait for the interpreter.
        while not acquired and asleep < 3 and time.monotonic() < end:
            asleep = 0 if self._is_busy() else asleep + 1
            acquired = self._lock.acquire(True, 0.01)
        if acquired:
            self._forking = self._get_ident()

    def _is_busy(self) -> bool:
        """Whether the thread behind the gate runs, would if it got a processor, or imports."""
        holder = self._holder
        if holder is None or holder[0] == self._get_ident():
            return False
        try:
            with open(f'/proc/self/task/{holder[1]}/stat') as file:
                if file.read().rpartition(')')[2].split()[0] != 'S':
                    return True
        except OSError:
            return False                                 # no Linux, or the thread has ended
        frame = sys._current_frames().get(holder[0])
        while frame:
            if frame.f_code.co_filename == '<frozen importlib._bootstrap>':
                return True
            frame = frame.f_back
        return False

    def _after_in_parent(self) -> None:
        if self._forking == self._get_ident():
            self._forking = None
            self._lock.release()

    def _after_in_child(self) -> None:
        self._forking = self._holder = None
        self._lock = self._new_lock()
