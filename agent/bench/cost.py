"""What the agent costs, with the goal beside each figure:
python cost.py [memory|probe|idle|throughput|broker]"""
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redis

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'tests'))
from conftest import Pod, Redis, request, until  # noqa: E402

WITH = ('-I', 'cdk8s_celery_agent.worker')
PROBES = 2_000
#: Throughput: so many pairs of workers, of which each gets so many batches of so many tasks.
PAIRS, ROUNDS, TASKS = 12, 2, 2_000
#: The defaults of the agent, not the fast ones of the tests.
DEFAULTS = {name: '' for name in (
    'INTERVAL', 'BROKER_TIMEOUT', 'STALL_AFTER', 'DEAF_AFTER', 'POOL_AFTER', 'BEAT_SLACK')}


def start(folder, server, *args):
    pod = Pod(folder, server, ('worker', '-l', 'warning', '-P', 'prefork', '-c', '2', *args),
              settings=DEFAULTS)
    ping = [pod.python, '-m', 'celery', '-A', 'tasks', 'inspect', 'ping']
    until(lambda: subprocess.run(ping, env=pod.environ, cwd=folder, capture_output=True)
          .returncode == 0, 60, 'a worker', pod.log)
    return pod


def cpu(pid):
    """Seconds that the threads of this process have run."""
    return sum(int(file.read_text().split()[0])
               for file in Path(f'/proc/{pid}/task').glob('*/schedstat')) / 1e9


def cpu_of_all(pid):
    """The same with the pool processes."""
    children = Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    return cpu(pid) + sum(cpu(child) for child in children)


def row(what, figure, goal='-'):
    print(f'| {what} | {figure} | {goal} |', flush=True)


def memory(pid):
    """RSS and PSS in MiB (RSS counts pages shared with its children)."""
    text = Path(f'/proc/{pid}/smaps_rollup').read_text()
    values = {name: int(kb) for name, kb in re.findall(r'^(\w+):\s+(\d+) kB', text, re.M)}
    return values['Rss'] / 1024, values['Pss'] / 1024


def calls(server):
    lines = server.cli('info', 'commandstats').splitlines()
    return {line[8:].split(':')[0]: int(line.split('calls=')[1].split(',')[0])
            for line in lines if line.startswith('cmdstat_')}


def bench_memory(begin):
    sizes = {(): [], WITH: []}
    for args in ((), WITH) * 3:
        pod = begin(*args)
        if args:
            request(pod.port, 'GET /livez HTTP/1.1\r\n\r\n')
        time.sleep(12)                     # two looks at the broker
        sizes[args].append(memory(pod.pid))
        pod.kill()
    for index, what in enumerate(('RSS', 'PSS')):
        without, with_ = (statistics.median(s[index] for s in sizes[a]) for a in ((), WITH))
        row(f'{what} of the main process, {without:.1f} MiB without the agent',
            f'{with_ - without:+.1f} MiB', 'below +6 MiB')


def bench_probe(begin):
    pod = begin(*WITH)
    idle = cpu(pod.pid), time.monotonic()
    time.sleep(20)
    idle_rate = (cpu(pod.pid) - idle[0]) / (time.monotonic() - idle[1])
    began = cpu(pod.pid), time.monotonic()
    for _ in range(PROBES):
        assert request(pod.port, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')[0] == 200
    spent = cpu(pod.pid) - began[0] - idle_rate * (time.monotonic() - began[1])
    probe = spent / PROBES

    def total():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime + cpu(pod.pid)
    before = total()
    for _ in range(5):
        subprocess.run([pod.python, '-m', 'celery', '-A', 'tasks', 'inspect', 'ping'],
                       env=pod.environ, check=True, capture_output=True)
    ping = (total() - before) / 5
    row(f'CPU of a probe, {ping * 1e3:.0f} ms with celery inspect ping',
        f'{probe * 1e3:.3f} ms, 1/{ping / probe:.0f}', 'at most 1/100')


def bench_idle(begin):
    pods = {'without': begin('-n', 'without@%h'), 'with': begin('-n', 'with@%h', *WITH)}
    time.sleep(10)
    before = {name: cpu(pod.pid) for name, pod in pods.items()}
    time.sleep(120)
    for name, pod in pods.items():
        row(f'CPU of the idle main process {name} the agent',
            f'{(cpu(pod.pid) - before[name]) / 2 * 1e3:.0f} ms a minute')
        pod.kill()


def bench_throughput(begin):
    """CPU of the worker with its pool for a task, with the agent against without: the time of a
    busy machine says nothing about 2 %.

    Two workers take equal batches at the same time on one processor: what slows it down for a
    while slows down both. No two processes lie in memory alike, which is worth a percent or more,
    so that there are many pairs.
    """
    pairs = []
    for number in range(PAIRS):
        names = ('without', 'with') if number % 2 else ('with', 'without')
        pods = {name: begin('-Q', name, '-n', f'{name}@%h', *(WITH if name == 'with' else ()))
                for name in names}
        for pod in pods.values():
            pin(pod.pid)
        pairs.append(rounds(pods))
        for pod in pods.values():
            pod.kill()
    low, middle, high = (100 * value for value in interval(pairs))
    row(f'CPU of a task, with the agent against without ({PAIRS} pairs of workers, '
        f'{PAIRS * ROUNDS * 2 * TASKS} tasks)',
        f'{middle:+.1f} % (95 %: {low:+.1f} to {high:+.1f} %)',
        'at most +2 %' + ('' if high < 2 else ': not shown, too much noise' if low < 2 else ''))


def pin(pid):
    """To one processor, with its pool."""
    processor = min(os.sched_getaffinity(0))
    children = Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    for process in (pid, *map(int, children)):
        for thread in Path(f'/proc/{process}/task').iterdir():
            os.sched_setaffinity(int(thread.name), {processor})


def rounds(pods):
    """Ratios of the CPU of two workers, one for each round."""
    client = redis.Redis(port=pods['with'].redis.port)
    client.delete('template')
    pods['with'].send('add', 1, 1, count=TASKS, ignore_result=True, queue='template')

    def run(order):
        before = {name: cpu_of_all(pod.pid) for name, pod in pods.items()}
        for name in order:
            client.copy('template', name)
        until(lambda: not client.exists(*pods) and not client.hlen('unacked'), 600, 'the tasks')
        spent = {name: cpu_of_all(pod.pid) - before[name] for name, pod in pods.items()}
        return spent['with'] / spent['without'] - 1
    names = list(pods)
    run(names)
    # The one that begins later ends later and for a moment has the processor alone.
    return [run(names[::-1] if number % 2 else names) for number in range(ROUNDS)]


def interval(pairs):
    """The mean, within its 95 % interval by bootstrap.

    Of two workers the one that was started first needs more. So two pairs, one begun with either,
    are one observation.
    """
    seen = [statistics.mean(one + other) for one, other in zip(pairs[::2], pairs[1::2])]
    chance = random.Random(1)
    drawn = sorted(statistics.mean(chance.choices(seen, k=len(seen))) for _ in range(4000))
    return drawn[100], statistics.mean(seen), drawn[-101]


def bench_broker(begin):
    """One queue for 60 s at an interval of 5 s: 12 looks."""
    grown = {}
    for args in (), WITH:
        pod = begin(*args)
        time.sleep(8)
        before = calls(pod.redis)
        time.sleep(60)
        grown[args] = {k: n - before.get(k, 0) for k, n in calls(pod.redis).items()}
        pod.kill()
    # What this benchmark and the worker itself send in both.
    more = {k: n - grown[()].get(k, 0) for k, n in grown[WITH].items() if k != 'info'}
    shown = ', '.join(f'{n:+d} {k}' for k, n in more.items() if n) or 'none'
    row('Redis commands in 60 s, with against without', shown, 'at most 12, cheap')


def main():
    benches = {name[6:]: f for name, f in globals().items() if name.startswith('bench_')}
    pods = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Redis(folder).start()

        def begin(*args):
            pods.append(start(folder, server, *args))
            return pods[-1]
        print('| what | figure | goal |\n| --- | --- | --- |', flush=True)
        try:
            for each in sys.argv[1:] or benches:
                benches[each](begin)
        finally:
            for each in [*pods, server]:
                each.kill()


if __name__ == '__main__':
    main()
