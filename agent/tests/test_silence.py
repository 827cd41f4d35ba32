"""In solo, threads and gevent pools code that holds the GIL delays every thread, that of the agent
too. The liveness probe of these pools has room for a minute of it; here a fifth of its times."""
import re
import threading
import time

import pytest

#: The liveness probe that the library gives to these pools: period, timeout; a restart comes with
#: the tenth failure in a row. Scaled.
SCALE = 5
PERIOD, TIMEOUT, FAILURES = 10 / SCALE, 5 / SCALE, 10
#: Of a prefork pool, in whose main process no task runs.
FAILURES_OF_PREFORK = 3
SECONDS = 50 / SCALE

BURN = """
import re
@app.task
def match(length):
    re.match('(a+)+$', 'a' * length + 'b')
"""


class Kubelet:
    """Asks for the liveness and counts failures in a row."""

    def __init__(self, pod):
        self.pod, self.worst, self.last = pod, 0, None
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        failures, due = 0, time.monotonic()
        while not self.stopped.wait(max(0, due - time.monotonic())):
            due += PERIOD
            self.last = self.pod.get('/livez', TIMEOUT)
            failures = 0 if self.last[0] == 200 else failures + 1
            self.worst = max(self.worst, failures)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()


def time_of_a_match(length):
    """Of this processor when nothing else runs on it."""
    def once():
        started = time.monotonic()
        re.match('(a+)+$', 'a' * length + 'b')
        return time.monotonic() - started
    return min(once() for _ in range(3))


def length_of_a_match_of(seconds):
    """One more letter takes twice the time."""
    length = 16
    while (took := time_of_a_match(length)) < 0.1:
        length += 1
    while took < 0.7 * seconds:
        length, took = length + 1, took * 2
    return length


@pytest.mark.parametrize('pool', ['solo', 'threads', 'gevent', 'prefork'])
def test_a_regular_expression_that_takes_long(worker, pool):
    pod = worker(pool=pool, env={'TEST_CODE': BURN}).until_ready()
    length = length_of_a_match_of(SECONDS)
    with Kubelet(pod) as kubelet:
        pod.send('match', length)
        pod.until(lambda: 'succeeded in' in pod.log(), 120, 'the end of the task')
        took = float(re.search(r'succeeded in ([\d.]+)s', pod.log()).group(1))
        # Its verdict is not that it has been silent.
        pod.until(lambda: kubelet.last and kubelet.last[0] == 200, what='an answer')
        pod.throughout(pod.live, PERIOD)
    if pool == 'prefork':
        assert kubelet.worst < FAILURES_OF_PREFORK
    else:
        # It was silent all the time, the silence is all that fails probes, and a minute of it is
        # survived. (With the threshold of prefork it would not be.)
        assert int((took - TIMEOUT) / PERIOD) <= kubelet.worst <= took / PERIOD + 1, took
        assert 50 / SCALE / PERIOD > FAILURES_OF_PREFORK
        assert 60 / SCALE / PERIOD + 1 < FAILURES
    assert not pod.status()['agent_errors']
