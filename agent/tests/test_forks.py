"""A fork waits for the agent's thread to leave what it may hold a lock of, and not for long."""
import os
import signal
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


def test_a_fork_waits_for_an_import(tmp_path, monkeypatch):
    """The lock of a module that is being imported would stay locked in the child."""
    (tmp_path / 'slow_to_import.py').write_text('import time\ntime.sleep(0.5)\n')
    monkeypatch.syspath_prepend(tmp_path)
    entered = threading.Event()

    def hold():
        with gate:
            entered.set()
            import slow_to_import  # noqa: F401
    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait()
    pid = os.fork()
    if pid == 0:
        signal.alarm(5)
        import slow_to_import  # noqa: F401
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    thread.join()


def test_a_fork_waits_for_a_thread_that_runs():
    entered, seconds = threading.Event(), 0.3

    def hold():
        with gate:
            entered.set()
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                sum(range(1000))
    thread = threading.Thread(target=hold)
    began = time.monotonic()
    thread.start()
    entered.wait()
    _, ended, passed = fork()
    assert passed and ended - began >= seconds
    thread.join()
