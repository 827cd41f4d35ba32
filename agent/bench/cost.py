"""What the agent costs in a worker, with the limit of each figure:
python cost.py [--only memory,probe,idle,task]

Each compares workers that differ only in the agent; AGENT=FOLDER takes another agent. Exits with 1
when a figure is above its limit.
"""
import argparse
import itertools
import math
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redis

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'tests'))
from lab import Celery, Redis, request, until

PROBES = 2_000
#: The number of pairs of workers, of batches for each after one to warm up, and of tasks in one.
PAIRS, ROUNDS, TASKS = 40, 4, 500
#: Of Student's distribution with PAIRS - 1 degrees of freedom: 95 % are within.
STUDENT = 2.023
#: Idle: the seconds, and the number of queues of a worker.
IDLE, QUEUES = 300, (1, 4)
#: The probes that the library gives a pod: page and period.
POD_PROBES = (('/livez', 10), ('/readyz', 5))

failed = False


def row(what, figure, limit='-', holds=True):
    global failed
    failed = failed or not holds
    print(f'| {what} | {figure} | {limit}{"" if holds else ": NOT MET"} |', flush=True)


def cpu(pid):
    """Seconds that the threads of this process have run (exact to the nanosecond; utime is not)."""
    return sum(int(file.read_text().split()[0])
               for file in Path(f'/proc/{pid}/task').glob('*/schedstat')) / 1e9


def tree(pid):
    """The process and its pool processes."""
    return [pid, *map(int, Path(f'/proc/{pid}/task/{pid}/children').read_text().split())]


def cpu_of_all(pid):
    return sum(map(cpu, tree(pid)))


def bench_memory(begin):
    def memory(pid):
        """RSS and PSS in MiB (RSS counts pages shared with its children)."""
        text = Path(f'/proc/{pid}/smaps_rollup').read_text()
        values = {name: int(kb) for name, kb in re.findall(r'^(\w+):\s+(\d+) kB', text, re.M)}
        return values['Rss'] / 1024, values['Pss'] / 1024

    sizes = {False: [], True: []}
    for with_agent in (False, True) * 3:
        pod = begin(with_agent)
        if with_agent:
            pod.get('/livez')
        time.sleep(12)                     # two looks at the broker
        sizes[with_agent].append(memory(pod.pid))
        pod.kill()
    for index, what in enumerate(('RSS', 'PSS')):
        without, with_ = (statistics.median(s[index] for s in sizes[each])
                          for each in (False, True))
        row(f'{what} of the main process, {without:.1f} MiB without the agent',
            f'{with_ - without:+.1f} MiB', 'below +6 MiB', with_ - without < 6)


def bench_probe(begin):
    pod = begin(True)
    began = cpu(pod.pid), time.monotonic()
    time.sleep(20)
    idle = (cpu(pod.pid) - began[0]) / (time.monotonic() - began[1])
    began = cpu(pod.pid), time.monotonic()
    for _ in range(PROBES):
        assert request(pod.port, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')[0] == 200
    spent = cpu(pod.pid) - began[0] - idle * (time.monotonic() - began[1])
    probe = spent / PROBES

    def total():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime + cpu(pod.pid)
    before = total()
    for _ in range(5):
        subprocess.run([pod.python, '-m', 'celery', '-A', 'cost_app', 'inspect', 'ping'],
                       env=pod.environ, check=True, capture_output=True)
    ping = (total() - before) / 5
    pod.kill()
    row(f'CPU of a probe, {ping * 1e3:.0f} ms with celery inspect ping',
        f'{probe * 1e3:.3f} ms, 1/{ping / probe:.0f}', 'at most 1/100', ping / probe >= 100)


def bench_idle(begin):
    """CPU of the whole worker, probed as in a pod, and commands to its Redis, against a plain one
    that idles at the same time."""
    pods = {(queues, with_agent): begin(
        with_agent, queues=[f'q{n}' for n in range(queues)], own_redis=True)
        for queues, with_agent in itertools.product(QUEUES, (False, True))}
    time.sleep(10)
    before = {key: (cpu_of_all(pod.pid), commands(pod.redis)) for key, pod in pods.items()}
    end = time.monotonic() + IDLE
    for second in itertools.count():
        for (_, with_agent), pod in pods.items():
            for page, period in POD_PROBES:
                if with_agent and second % period == 0:
                    assert pod.get(page)[0] == 200, pod.log()
        if time.monotonic() + 1 > end:
            break
        time.sleep(1)
    minutes = IDLE / 60
    after = {key: (cpu_of_all(pod.pid), commands(pod.redis)) for key, pod in pods.items()}
    for queues in QUEUES:
        spent = {each: (after[queues, each][0] - before[queues, each][0]) / minutes * 1e3
                 for each in (False, True)}
        queue = f'{queues} queue{"s" * (queues > 1)}'
        row(f'CPU of an idle worker with {queue}, {spent[False]:.0f} ms a minute without the agent',
            f'{spent[True] - spent[False]:+.0f} ms a minute', 'at most +150 ms',
            spent[True] - spent[False] <= 150)
        sent = {each: after[queues, each][1] - before[queues, each][1] for each in (False, True)}
        more = {name: sent[True][name] - sent[False][name] for name in sent[True] | sent[False]}
        # The worker's own, BRPOP with its second, can be one more or one less in either.
        more = {name: n / minutes for name, n in more.items() if n > 1 + sent[False][name] / 50}
        shown = ', '.join(f'{n:.1f} {name}' for name, n in sorted(more.items())) or 'none'
        row(f'further commands to Redis in a minute with {queue}', shown,
            f'at most 12 per queue: {12 * queues}', sum(more.values()) <= 12 * queues)
    for pod in pods.values():
        pod.kill()


class Counts(dict):
    def __missing__(self, key):
        return 0

    def __sub__(self, other):
        return Counts({name: n - other[name] for name, n in self.items()})


def commands(server):
    lines = server.cli('info', 'commandstats').splitlines()
    counts = Counts({line[8:].split(':')[0]: int(line.split('calls=')[1].split(',')[0])
                     for line in lines if line.startswith('cmdstat_')})
    counts.pop('info', None)               # this one
    return counts


def bench_task(begin):
    """CPU of the worker with its pool for a task, with the agent against without: the time of a
    busy machine says nothing about 1 %.

    The two workers of a pair take equal batches at the same time on one processor: what slows it
    down for a while slows down both. No two processes lie in memory alike, which is worth a
    percent or more, so that there are many pairs, begun with either in turn.
    """
    ratios = []
    for number in range(PAIRS):
        names = (False, True) if number % 2 else (True, False)
        seed = {'PYTHONHASHSEED': str(number + 1)}
        pods = {each: begin(each, queues=[QUEUE[each]], env=seed) for each in names}
        for pod in pods.values():
            pin(pod.pid)
        ratios.append(rounds(pods))
        for pod in pods.values():
            pod.kill()
        print(f'{ratios[-1]:.4f}', end=' ', file=sys.stderr, flush=True)
    print(file=sys.stderr)
    mean = statistics.mean(ratios)
    margin = STUDENT * statistics.stdev(ratios) / math.sqrt(PAIRS)
    row(f'CPU of a task, with the agent against without ({PAIRS} pairs of workers, '
        f'{PAIRS * ROUNDS * 2 * TASKS} tasks)',
        f'{mean:.4f} (95 %: {mean - margin:.4f} to {mean + margin:.4f})',
        'upper end at most 1.01', mean + margin <= 1.01)


QUEUE = {False: 'without', True: 'with'}


def pin(pid):
    """To one processor, with its pool."""
    processor = min(os.sched_getaffinity(0))
    for process in tree(pid):
        for thread in Path(f'/proc/{process}/task').iterdir():
            os.sched_setaffinity(int(thread.name), {processor})


def rounds(pods):
    """The ratio of the CPU of two workers over all rounds."""
    client = redis.Redis(port=pods[True].redis.port)
    if not client.exists('template'):
        subprocess.run([pods[True].python, '-c', 'import cost_app\n'
                        f'for _ in range({TASKS}):\n'
                        "    cost_app.add.apply_async((1, 1), queue='template')"],
                       env=pods[True].environ, check=True)

    def run(order):
        before = {each: cpu_of_all(pod.pid) for each, pod in pods.items()}
        for each in order:
            client.copy('template', QUEUE[each])
        until(lambda: not client.exists(*QUEUE.values(), 'unacked'), 600, 'the tasks')
        return {each: cpu_of_all(pod.pid) - before[each] for each, pod in pods.items()}
    order = list(pods)
    run(order)
    # The one that begins later ends later and for a moment has the processor alone.
    spent = [run(order[::-1] if number % 2 else order) for number in range(ROUNDS)]
    return sum(each[True] for each in spent) / sum(each[False] for each in spent)


def main():
    benches = {name[6:]: f for name, f in globals().items() if name.startswith('bench_')}
    options = argparse.ArgumentParser()
    options.add_argument('--only', default=','.join(benches))
    asked = options.parse_args().only.split(',')
    if not set(asked) <= set(benches):
        options.error(f'--only {",".join(asked)}: there are {",".join(benches)}')
    processes = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shared = Redis(folder).start()
        processes.append(shared)

        def begin(with_agent, queues=('celery',), own_redis=False, env=None):
            server = shared
            if own_redis:
                own = folder / str(len(processes))
                own.mkdir()
                server = Redis(own).start()
                processes.append(server)
            pod = Celery('worker', 'cost_app',
                         ('--pool=prefork', '--concurrency=2', '-Q', ','.join(queues),
                          '-n', f'{len(processes)}@%h'),
                         folder, server.url, with_agent, path=[HERE], env=env)
            pod.redis = server
            processes.append(pod)
            until(lambda: ' ready.' in pod.log(), 60, 'a worker', pod.log)
            return pod
        print('| what | figure | limit |\n| --- | --- | --- |', flush=True)
        try:
            for each in asked:
                benches[each](begin)
        finally:
            for each in reversed(processes):
                each.kill()
    sys.exit(failed)


if __name__ == '__main__':
    main()
