"""What the controller that spares busy pods costs: `python agent/bench/busy.py [PODS] [SECONDS]`.

Simulated agents and a simulated API server with TLS; each pod works and idles for a random time of
up to two minutes. Prints CPU and requests to the API server a minute.
"""
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent / 'tests')]
from test_busy import SCRIPT, Cluster


def work(cluster, address, until):
    while time.monotonic() < until:
        cluster.active[address] = 1 - cluster.active[address]
        time.sleep(random.uniform(1, 120))


def main(pods=50, seconds=300):
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder), pods)
        until = time.monotonic() + seconds
        for address in cluster.active:
            threading.Thread(target=work, args=(cluster, address, until), daemon=True).start()
        process = subprocess.Popen([sys.executable, str(SCRIPT), 'component=worker'],
                                   env={**cluster.environment(), 'PATH': ''})
        time.sleep(seconds)
        status = Path(f'/proc/{process.pid}/status').read_text().splitlines()
        peak = next(line.split()[1] for line in status if line.startswith('VmHWM'))
        process.terminate()
        process.wait()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        lists = len(cluster.requests) - len(cluster.patches())
        minutes = seconds / 60
        cpu = 1000 * (used.ru_utime + used.ru_stime) / seconds
        print(f'{pods} pods, {seconds} s: CPU {cpu:.1f} ms a second, '
              f'memory {int(peak) / 1024:.0f} MiB; {lists / minutes:.1f} lists and '
              f'{len(cluster.patches()) / minutes:.1f} patches a minute')


if __name__ == '__main__':
    main(*map(int, sys.argv[1:]))
