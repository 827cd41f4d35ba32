"""Whether any task is doubled when Redis answers nothing for a while (SIGSTOP) and goes on:
python stalls.py [--stalls 20] [--lengths 5,15,45] [--celery 5.3.4,5.5.3,newest]

One lane for each Celery with the agent and one without, all at the same time: each has a Redis of
its own, a worker with a task that publishes ten tasks a second, and Beat. AGENT=FOLDER takes
another agent. Exits with 1 when an id was received, run or queued twice, when one was lost, or
when the agent called a process not live.
"""
import argparse
import itertools
import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent / 'tests'
sys.path.insert(0, str(TESTS))
from lab import Celery, Redis, ids, twice, until, venv

#: Seconds of work between two stalls.
BETWEEN = 5

COLUMNS = ('Celery', 'agent', 'stalls', 'tasks sent', 'received', 'received twice', 'run twice',
           'lost', 'sent by Beat', 'queued twice', 'not live', 'works again after')


class Lane:
    """A Redis, a worker and a Beat, and what came of them."""

    def __init__(self, folder, with_agent, python=sys.executable):
        folder.mkdir()
        self.folder, self.with_agent, self.python = folder, with_agent, python
        self.redis = Redis(folder)
        self.processes = [self.redis]
        self.stalls, self.not_live, self.slowest = 0, [], 0.0

    def start(self):
        self.redis.start()
        started = {'folder': self.folder, 'broker': self.redis.url,
                   'with_agent': self.with_agent, 'python': self.python, 'path': [HERE, TESTS]}
        self.worker = Celery('worker', 'stalls_app', ('--pool=prefork', '--concurrency=2'),
                             **started)
        self.beat = Celery('beat', 'stalls_app', ('-s', str(self.folder / 'schedule')), **started)
        self.processes += [self.worker, self.beat]
        subprocess.run([self.python, '-c', 'import stalls_app; stalls_app.publish.delay()'],
                       env=self.worker.environ, cwd=self.folder, check=True)
        self.until_work(60)

    def stall(self, seconds):
        self.redis.signal(signal.SIGSTOP)
        try:
            self.watch(lambda: False, seconds)
        finally:
            self.redis.signal(signal.SIGCONT)
        self.stalls += 1
        began = time.monotonic()
        self.until_work(180)
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.watch(lambda: False, BETWEEN)

    def finish(self):
        (self.folder / 'enough').touch()
        try:
            until(lambda: not self.ids('sent') - self.ids('ran'), 60)
        except AssertionError:
            pass                                 # they are counted as lost
        # What is queued twice is behind what it doubles.
        until(lambda: self.redis.cli('llen', 'celery') == '0', 60, 'an empty queue', self.logs)
        self.beat_ids = Counter(json.loads(line)['headers']['id'] for line in
                                self.redis.cli('--raw', 'lrange', 'beat', '0', '-1').splitlines())

    def until_work(self, seconds):
        """One task more that was sent from now on is run, and Beat sends one more."""
        sent, queued = len(self.ids('sent')), self.redis.cli('llen', 'beat')

        def works():
            return (len(self.ids('ran')) > sent + 2
                    and self.redis.cli('llen', 'beat') not in (queued, ''))
        if not self.watch(works, seconds):
            raise AssertionError(f'no work within {seconds} s\n{self.logs()}')

    def watch(self, done, seconds):
        """Ask for liveness until it is done; return whether it is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if done():
                return True
            if self.with_agent:
                for process in self.worker, self.beat:
                    code, body = process.get('/livez')
                    if code == 503:
                        self.not_live.append(body.strip())
            time.sleep(min(0.5, max(0.0, end - time.monotonic())))
        return False

    def ids(self, what):
        return ids(self.folder, what, 'child-')

    def logs(self):
        return '\n'.join(f'{p.log_path}\n{p.log()[-3000:]}' for p in (self.worker, self.beat))

    def kill(self):
        for process in reversed(self.processes):
            process.kill()

    def counts(self):
        sent, received, ran = map(self.ids, ('sent', 'received', 'ran'))
        return {'tasks sent': len(sent), 'received': len(received),
                'received twice': twice(received), 'run twice': twice(ran),
                'lost': len(sent - ran), 'sent by Beat': len(self.beat_ids),
                'queued twice': twice(self.beat_ids),
                'not live': len(self.not_live) if self.with_agent else '-',
                'stalls': self.stalls, 'works again after': f'{self.slowest:.0f} s'}

    def faults(self):
        """What must not be, with its number."""
        counts = self.counts()
        return {what: counts[what] for what in
                ('received twice', 'run twice', 'lost', 'queued twice', 'not live')
                if counts[what] not in (0, '-')}


def run(lane, stalls):
    try:
        lane.start()
        for seconds in stalls:
            lane.stall(seconds)
        lane.finish()
    finally:
        lane.kill()


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--stalls', type=int, default=20)
    options.add_argument('--lengths', default='5,15,45')
    options.add_argument('--celery', default='5.3.4,5.5.3,newest')
    options = options.parse_args()
    lengths = itertools.cycle(map(float, options.lengths.split(',')))
    stalls = list(itertools.islice(lengths, options.stalls))
    pythons = {celery: venv(celery) for celery in options.celery.split(',')}
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        lanes = {(celery, with_agent): Lane(Path(folder) / f'{celery}-{with_agent}', with_agent,
                                            python)
                 for celery, python in pythons.items() for with_agent in (False, True)}
        errors = {}

        def guarded(key, lane):
            try:
                run(lane, stalls)
            except BaseException as exc:
                errors[key] = exc
        threads = [threading.Thread(target=guarded, args=each) for each in lanes.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print('| ' + ' | '.join(COLUMNS) + ' |\n' + '| --- ' * len(COLUMNS) + '|')
        for (celery, with_agent), lane in lanes.items():
            if (celery, with_agent) in errors:
                failed = True
                print(f'| {celery} | {"with" if with_agent else "without"} | {lane.stalls}, then: '
                      f'{errors[celery, with_agent]} |')
                continue
            row = {'Celery': celery, 'agent': 'with' if with_agent else 'without', **lane.counts()}
            print('| ' + ' | '.join(str(row[name]) for name in COLUMNS) + ' |', flush=True)
            failed = failed or bool(lane.faults())
            for reason in sorted(set(lane.not_live)):
                print(f'  not live: {reason}')
    sys.exit(failed)


if __name__ == '__main__':
    main()
