"""Packets to and from Redis are dropped for a minute, and connections stay open, as when a node or
a network is gone: worker, pool processes and Beat work again within three minutes of its return,
restarted by their probes if need be, and no id is doubled. With the thresholds of the library.

It runs in a network namespace of its own (root, Linux)."""
import collections
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Pod
from lab import Redis, until

OUTAGE, AGAIN = 60, 180

CODE = """
import os
@app.task(bind=True)
def mark(self, number):
    with open(os.environ['TEST_MARKS'], 'a') as file:
        file.write(f'{number}\\\\n')
    return number
app.conf.beat_schedule = {'tick': {'task': 'tasks.mark', 'schedule': 2.0, 'args': ('beat',),
                                   'options': {'ignore_result': True}}}
"""


@pytest.mark.skipif(os.geteuid() != 0 or not (shutil.which('iptables') and shutil.which('unshare')),
                    reason='needs root, iptables and unshare')
def test_a_minute_without_packets(tmp_path):
    result = subprocess.run(['unshare', '-n', sys.executable, __file__, str(tmp_path), 'prefork'],
                            capture_output=True, text=True, timeout=540)
    print(result.stdout)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]


class Container:
    """A process that its liveness probe restarts: three failures, ten seconds between them."""

    def __init__(self, start):
        self.start, self.pod, self.failures, self.restarts = start, start(), 0, 0

    def probe(self):
        self.failures = 0 if self.pod.get('/livez', 5)[0] == 200 else self.failures + 1
        if self.failures >= 3 or self.pod.process.poll() is not None:
            print(f'restarted: {self.pod.get("/livez", 5)}', flush=True)
            self.pod.kill()
            self.pod, self.failures, self.restarts = self.start(), 0, self.restarts + 1


def outage(folder, pool):
    subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
    redis = Redis(folder).start()
    marks = folder / 'marks'
    marks.touch()
    env = {'TEST_CODE': CODE, 'TEST_MARKS': str(marks)}
    settings = dict.fromkeys(
        ('INTERVAL', 'BROKER_TIMEOUT', 'STALL_AFTER', 'DEAF_AFTER', 'POOL_AFTER', 'HANG_AFTER',
         'BEAT_SLACK'), '')
    worker = Container(lambda: Pod(folder, redis, [
        'worker', '-l', 'info', '-P', pool, '-c', '2', '--prefetch-multiplier', '1', '-E',
        '--without-gossip', '--without-mingle', '-I', 'cdk8s_celery_agent.worker'],
        settings=settings, env=env))
    beat = Container(lambda: Pod(folder, redis, [
        'beat', '-l', 'info', '-S', 'cdk8s_celery_agent.beat:Scheduler', '--pidfile=', '-s',
        str(folder / 'schedule')], settings=settings, env=env))
    for each in worker, beat:
        each.pod.until_ready()
    until(lambda: marks.read_text().count('beat') > 3, what='tasks')
    results = folder / 'results'
    # Each with a result, so that the pool processes have connections of their own.
    worker.pod.run(f"""
asked = [tasks.mark.apply_async((f'{{n}}',), task_id=f'id-{{n}}') for n in range(20)]
open({str(results)!r}, 'w').write(str([each.get(timeout=30) for each in asked]))""")

    def rule(how):
        for port in '--dport', '--sport':
            subprocess.run(['iptables', how, 'INPUT', '-p', 'tcp', port, str(redis.port),
                            '-j', 'DROP'], check=True)
    rule('-A')
    end = time.monotonic() + OUTAGE
    while time.monotonic() < end:
        for each in worker, beat:
            each.probe()
        time.sleep(10)
    assert worker.restarts == beat.restarts == 0, 'a broker that is away is no reason'
    rule('-D')
    back, seen = time.monotonic(), marks.read_text().count('beat')
    next_probe, took = back, {}
    while len(took) < 2 and time.monotonic() - back < AGAIN:
        if time.monotonic() >= next_probe:
            next_probe += 10
            for each in worker, beat:
                each.probe()
        if 'beat' not in took and marks.read_text().count('beat') > seen + 2:
            took['beat'] = time.monotonic() - back
        if 'result' not in took:
            done = subprocess.run(
                [sys.executable, '-c', 'import tasks\ntasks.mark.delay("after").get(timeout=5)'],
                env=worker.pod.environ, cwd=folder, capture_output=True)
            if done.returncode == 0:
                took['result'] = time.monotonic() - back
        time.sleep(0.5)
    print({'again after': took, 'restarts': (worker.restarts, beat.restarts)}, flush=True)
    doubled = [name for name, n in collections.Counter(received(folder)).items() if n > 1]
    for each in worker.pod, beat.pod, redis:
        each.kill()
    assert set(took) == {'beat', 'result'}, took
    assert doubled == []


def received(folder):
    """The ids of all tasks that workers have received."""
    for log in Path(folder).glob('*.log'):
        for line in log.read_text(errors='replace').splitlines():
            if '] received' in line and 'Task tasks.mark[' in line:
                yield line.partition('tasks.mark[')[2].partition(']')[0]


if __name__ == '__main__':
    outage(Path(sys.argv[1]), sys.argv[2])
