"""Which functions a thread is in. It is only read, and only when something is suspected."""
import sys
from types import CodeType, FrameType
from typing import Any, Callable, Iterator, Optional

from .native import is_patched_by, native


class Stack:
    """Of the thread, or under gevent the greenlet, that makes this."""

    def __init__(self) -> None:
        self._top: Callable[[], Optional[FrameType]]
        if is_patched_by('gevent'):
            from greenlet import getcurrent
            current: Any = getcurrent()
            self._top = lambda: current.gr_frame         # None while it runs
        else:
            thread = native('_thread', 'get_ident')()
            self._top = lambda: sys._current_frames().get(thread)

    def is_in(self, code: CodeType) -> bool:
        return any(frame.f_code is code for frame in self._frames())

    def is_in_module(self, name: str) -> bool:
        """Or in one of this package."""
        return any(f'{frame.f_globals.get("__name__")}.'.startswith(f'{name}.')
                   for frame in self._frames())

    def _frames(self) -> Iterator[FrameType]:
        frame = self._top()
        while frame is not None:
            yield frame
            frame = frame.f_back
