"""Everything that the agent puts in the place of something of Celery's: four functions, each on
one object (never on a class), each of which notes a moment and then does what was there.

Celery has no hook for them. Checked with all Celerys of versions.py, with tests that take each of
them away (tests/test_parts.py).
"""
import time
from typing import Any, Callable, List, Optional


def note_receipts(consumer: Any, last: List[Optional[float]]) -> None:
    """When a message arrived, also one of which no task comes: last[0]."""
    create = consumer.create_task_handler

    def create_task_handler(*args: Any, **kwargs: Any) -> Callable[..., Any]:
        handle: Callable[..., Any] = create(*args, **kwargs)

        def on_task_received(message: Any, monotonic: Callable[[], float] = time.monotonic) -> Any:
            last[0] = monotonic()
            return handle(message)
        return on_task_received

    consumer.create_task_handler = create_task_handler


def note_hard_time_limits(pool: Any, killed: Callable[[int], None]) -> None:
    """Which pool processes Celery itself kills."""
    kill = pool.on_hard_timeout

    def on_hard_timeout(job: Any) -> Any:
        killed(job._worker_pid)
        return kill(job)

    pool.on_hard_timeout = on_hard_timeout


def note_soft_shutdown(controller: Any, asked: Callable[[], None]) -> None:
    """Celery 5.5 and later waits in the handler of a signal before it says that it shuts down."""
    wait = controller.wait_for_soft_shutdown

    def wait_for_soft_shutdown(*args: Any, **kwargs: Any) -> Any:
        asked()
        return wait(*args, **kwargs)

    controller.wait_for_soft_shutdown = wait_for_soft_shutdown


def note_ticks(scheduler: Any, ticked: Callable[[Optional[float]], Any],
               closing: Callable[[], Any]) -> None:
    """When Beat's scheduler has ticked and when it wants to do so again, and its end."""
    tick, close = scheduler.tick, scheduler.close

    def noted_tick(*args: Any, **kwargs: Any) -> Any:
        wait = tick(*args, **kwargs)
        ticked(wait)
        return wait

    def noted_close(*args: Any, **kwargs: Any) -> Any:
        closing()
        return close(*args, **kwargs)

    scheduler.tick, scheduler.close = noted_tick, noted_close
