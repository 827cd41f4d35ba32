"""What the agent costs: python bench.py [memory|probe|idle|throughput|broker]"""
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redis

sys.path.insert(0, str(Path(__file__).parent / 'tests'))
from conftest import Pod, Redis, request, until  # noqa: E402

WITH = ('-I', 'cdk8s_celery_agent.worker')
TASKS = 3_000
ROUNDS = 20
PROBES = 2_000
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
        print(f'{what} of the main process: {without:.1f} MiB without, {with_:.1f} with: '
              f'{with_ - without:+.1f} MiB')


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
    print(f'CPU of a probe: {probe * 1e3:.3f} ms; of inspect ping: {ping * 1e3:.0f} ms: '
          f'1/{ping / probe:.0f}')


def bench_idle(begin):
    pods = {'without': begin('-n', 'without@%h'), 'with': begin('-n', 'with@%h', *WITH)}
    time.sleep(10)
    before = {name: cpu(pod.pid) for name, pod in pods.items()}
    time.sleep(120)
    for name, pod in pods.items():
        print(f'CPU of the idle main process {name} the agent: '
              f'{(cpu(pod.pid) - before[name]) / 2 * 1e3:.0f} ms a minute')
        pod.kill()


def bench_throughput(begin):
    """Pairs of equal batches, one right after the other, so that drift meets both alike."""
    pods = {'without': begin('-Q', 'without', '-n', 'without@%h'),
            'with': begin('-Q', 'with', '-n', 'with@%h', *WITH)}
    pods['with'].send('add', 1, 1, count=TASKS, ignore_result=True, queue='template')
    client = redis.Redis(port=pods['with'].redis.port)

    def run(name):
        before = cpu(pods[name].pid), time.monotonic()
        client.copy('template', name)
        until(lambda: not client.exists(name) and not client.hlen('unacked'), 600, 'the tasks')
        return cpu(pods[name].pid) - before[0], time.monotonic() - before[1]
    ratios, times = {'CPU': [], 'time': []}, {'without': [], 'with': []}
    for turn in range(ROUNDS):
        order = ('without', 'with') if turn % 2 else ('with', 'without')
        spent = {name: run(name) for name in order}
        for name, (_, seconds) in spent.items():
            times[name].append(seconds)
        for index, what in enumerate(ratios):
            ratios[what].append(spent['with'][index] / spent['without'][index] - 1)
    for name, seconds in times.items():
        print(f'{name} the agent: {TASKS / statistics.median(seconds):.0f} tasks/s')
    for what, values in ratios.items():
        low, middle, high = (q * 100 for q in statistics.quantiles(values, n=4))
        print(f'{what} a task, with against without, {ROUNDS} pairs of {TASKS}: '
              f'median {middle:+.1f} % (quartiles {low:+.1f} to {high:+.1f} %)')


def bench_broker(begin):
    grown = {}
    for args in (), WITH:
        pod = begin(*args)
        time.sleep(8)
        before = calls(pod.redis)
        time.sleep(60)
        grown[args] = {k: n - before.get(k, 0) for k, n in calls(pod.redis).items()}
        pod.kill()
    for args, what in ((), 'without'), (WITH, 'with'):
        print(f'Redis commands in 60 s {what}: {grown[args]}')


def main():
    benches = {name[6:]: f for name, f in globals().items() if name.startswith('bench_')}
    pods = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Redis(folder).start()

        def begin(*args):
            pods.append(start(folder, server, *args))
            return pods[-1]
        try:
            for each in sys.argv[1:] or benches:
                benches[each](begin)
        finally:
            for each in [*pods, server]:
                each.kill()


if __name__ == '__main__':
    main()
