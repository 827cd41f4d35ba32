"""A fork waits for the agent's thread to leave what it may hold a lock of, and not for long."""
import os
import threading
import time

import pytest

from cdk8s_celery_agent import forks


def fork():
    """Fork; return when that began and ended, and whether the child could pass the gate at once."""
    reader, writer = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        ok = gate._lock.acquire(False)
        os.write(writer, b'1' if ok else b'0')
        os._exit(0)
    ended = time.monotonic()
    os.waitpid(pid, 0)
    passed = os.read(reader, 1) == b'1'
    os.close(reader)
    os.close(writer)
    return started, ended, passed


gate = forks.Gate()


@pytest.mark.parametrize('held, least, most', [(0, 0, 0.04), (0.02, 0.015, 0.045), (1, 0.05, 0.5)])
def test_a_fork_waits_for_the_gate(held, least, most):
    entered, leave = threading.Event(), threading.Event()
    held_since = time.monotonic()

    def hold():
        nonlocal held_since
        with gate:
            held_since = time.monotonic()
            entered.set()
            leave.wait(held)
    thread = threading.Thread(target=hold)
    if held:
        thread.start()
        entered.wait()
    started, ended, passed = fork()
    # From when it was held: the machine may be busy between that and the fork.
    assert passed and least <= ended - held_since, (ended - held_since, passed)
    if held < 1:
        assert ended - started < most + 1  # the machine may be busy; the wait itself is bounded
    if held:
        leave.set()
        thread.join()
    # And afterwards it is open, for the thread and for the next fork.
    with gate:
        pass
    assert fork()[2]
