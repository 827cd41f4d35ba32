"""What the agent costs: python bench.py [memory|probe|throughput|broker ...]; needs redis-server."""
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / 'tests'))
from conftest import Pod, Redis, request, until  # noqa: E402

WITH = ('-I', 'cdk8s_celery_agent.worker')
TASKS = 10_000
ROUNDS = 5
PROBES = 2_000
#: The defaults of the agent, not the fast ones of the tests.
DEFAULTS = {name: '' for name in (
    'INTERVAL', 'BROKER_TIMEOUT', 'STALL_AFTER', 'DEAF_AFTER', 'POOL_AFTER', 'BEAT_SLACK')}


def start(folder, redis, *args):
    pod = Pod(folder, redis, ('worker', '-l', 'warning', '-P', 'prefork', '-c', '2', *args),
              settings=DEFAULTS)
    ping = [pod.python, '-m', 'celery', '-A', 'tasks', 'inspect', 'ping']
    until(lambda: subprocess.run(ping, env=pod.environ, cwd=folder, capture_output=True)
          .returncode == 0, 60, 'a worker', pod.log)
    return pod


def cpu(pid):
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def memory(pid):
    """Private pages of the main process in MiB (RSS counts pages shared with its children)."""
    text = Path(f'/proc/{pid}/smaps_rollup').read_text()
    values = {name: int(kb) for name, kb in re.findall(r'^(\w+):\s+(\d+) kB', text, re.M)}
    return values['Rss'] / 1024, values['Pss'] / 1024


def calls(redis):
    lines = redis.cli('info', 'commandstats').splitlines()
    return {line[8:].split(':')[0]: int(line.split('calls=')[1].split(',')[0])
            for line in lines if line.startswith('cmdstat_')}


def throughput(pod):
    pod.control('cancel_consumer', 'celery')
    pod.send('add', 1, 1, count=TASKS, ignore_result=True)
    began = time.monotonic()
    pod.control('add_consumer', 'celery')
    until(lambda: pod.redis.cli('llen', 'celery') == '0' and pod.redis.cli('hlen', 'unacked') == '0',
          300, 'the end of the tasks', pod.log)
    return TASKS / (time.monotonic() - began)


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
    print(f'CPU of the idle worker with the agent: {idle_rate * 100:.2f} % of a core')


def bench_throughput(begin):
    speeds, costs = {(): [], WITH: []}, {(): [], WITH: []}
    for args in ((), WITH) * ROUNDS:       # in turns, so that drift meets both alike
        pod = begin(*args)
        before = cpu(pod.pid)
        speeds[args].append(throughput(pod))
        costs[args].append((cpu(pod.pid) - before) / TASKS * 1e6)
        pod.kill()
    for what, values in ('tasks/s', speeds), ('us of main process CPU a task', costs):
        without, with_ = (statistics.median(values[args]) for args in ((), WITH))
        print(f'{what}: {without:.0f} without, {with_:.0f} with '
              f'({(with_ / without - 1) * 100:+.1f} %), medians of {ROUNDS}; without: '
              f'{", ".join(f"{v:.0f}" for v in values[()])}; '
              f'with: {", ".join(f"{v:.0f}" for v in values[WITH])}')


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
        redis = Redis(folder).start()

        def begin(*args):
            pods.append(start(folder, redis, *args))
            return pods[-1]
        try:
            for each in sys.argv[1:] or benches:
                benches[each](begin)
        finally:
            for each in [*pods, redis]:
                each.kill()


if __name__ == '__main__':
    main()
