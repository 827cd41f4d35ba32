"""One side of a comparison: a broker, a worker and a Beat in a pod's conditions, with the agent or
without, and what became of the tasks."""
import ctypes
import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
sys.path.insert(0, str(TESTS))
from lab import Celery, Process, Redis, ids, twice, until

APP = """\
import time

from celery import Celery
import noted

app = Celery('situation')
app.conf.beat_schedule = {
    'tick': {'task': 'situation.work', 'schedule': 1.0, 'options': {'queue': 'beat'}}}


@app.task
def work(seconds=0):
    time.sleep(seconds)
"""

#: The probes that the library gives a pod (seconds), and the restarts of a kubelet.
PERIOD, TIMEOUT, FAILURES, GRACE = 10, 5, 3, 60
BACK_OFF = (0, 10, 20, 40)


class Pod:
    """A container that is restarted when it ends, and, with the agent, when its liveness fails."""

    def __init__(self, begin):
        self.begin = begin
        self.process = begin()
        self.ended, self.restarted, self.reasons = 0, 0, []
        self.frozen = False                # a machine that is suspended has no kubelet either
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def _keep(self):
        started, failures, probed = False, 0, time.monotonic()
        while not self._over.wait(0.2):
            if self.frozen:
                failures, probed = 0, time.monotonic()
            elif self.process.process.poll() is not None:
                self.ended += 1
                self._again()
                started = False
            elif self.process.with_agent and time.monotonic() - probed >= PERIOD:
                probed = time.monotonic()
                code, body = self.process.get('/livez', TIMEOUT)
                if code == 200:
                    started, failures = True, 0
                elif started:
                    failures += 1
                    self.reasons.append(body.strip() or 'no answer')
                if failures == FAILURES:
                    self.restarted += 1
                    self._stop()
                    self._again()
                    started, failures = False, 0

    def _stop(self):
        self.process.signal(signal.SIGTERM)
        end = time.monotonic() + GRACE
        while self.process.process.poll() is None and time.monotonic() < end:
            if self._over.wait(0.2):
                return
        self.process.kill()

    def _again(self):
        times = self.ended + self.restarted - 1
        if not self._over.wait(BACK_OFF[min(times, len(BACK_OFF) - 1)]):
            self.process = self.begin()

    def kill(self):
        self._over.set()
        self._thread.join()
        self.process.kill()


class Lane:
    """`start()`, then `trouble()` with what goes wrong in its block, or only `work()`."""

    def __init__(self, folder, with_agent, python=sys.executable, settings=None):
        folder.mkdir(parents=True)
        self.folder, self.with_agent, self.python = folder, with_agent, python
        self.env = {f'CDK8S_CELERY_AGENT_{k}': v for k, v in (settings or {}).items()}
        self.code = ''
        self.broker = self.sent_to = None
        self.redis = None
        self.wrapper = ()
        self.args = {'worker': ['--pool=prefork', '--concurrency=2'],
                     'beat': ['-s', str(folder / 'schedule')]}
        self.processes, self.pods, self.facts = [], {}, {}
        #: Seconds until there was work again; 0 when there was no trouble.
        self.back = self.beat_back = 0
        self.sent = set()
        self.beat_doubled = 0
        self._number = 0

    # Before

    def network(self):
        """A network of its own, for this thread and all that it starts: rules for its packets, and
        ports, are nobody else's."""
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(0x40000000):       # CLONE_NEWNET
            raise OSError(ctypes.get_errno(), 'unshare')
        self.run('ip', 'link', 'set', 'lo', 'up')

    def write(self, name, text):
        file = self.folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)

    def run(self, *command, **kwargs):
        done = subprocess.run(command, capture_output=True, text=True, **kwargs)
        if done.returncode:
            raise AssertionError(f'{" ".join(command)[:200]}: {done.stderr[-2000:]}')
        return done.stdout

    def spawn(self, name, *command, **kwargs):
        process = Process()
        process.spawn(command, self.folder / f'{name}.log', cwd=self.folder, **kwargs)
        self.processes.append(process)
        return process

    def start_redis(self, *options):
        self.redis = Redis(self.folder, *options)
        self.processes.append(self.redis)
        self.redis.start()
        self.broker = self.broker or self.redis.url
        self.sent_to = self.redis.url

    def start(self, beat=True):
        if self.broker is None:
            self.start_redis()
        self.write('situation.py', APP + self.code)
        for role in ('worker', 'beat')[:1 + beat]:
            self.pods[role] = Pod(lambda role=role: Celery(
                role, 'situation', self.args[role], self.folder, self.broker, self.with_agent,
                self.python, env=self.env, path=[self.folder, TESTS], wrapper=self.wrapper))
        self.send(1)
        self.until_done(60)
        if beat:
            until(self.ticks, 30, 'a task of Beat', self.logs)

    # Tasks

    def send(self, count, seconds=0, task='work', **options):
        """Send this many tasks, with ids that are written down once the broker has them."""
        return self.send_all([(task, seconds, options)] * count)

    def send_all(self, tasks):
        calls = [(task, (seconds,) if seconds else (), {'task_id': f'task-{number}', **options})
                 for number, (task, seconds, options) in enumerate(tasks, self._number)]
        self._number += len(tasks)
        code = (f'import situation\n'
                f'for task, args, options in {calls!r}:\n'
                f'    getattr(situation, task).apply_async(args, **options)\n'
                f'    print(options["task_id"], flush=True)\n')
        new = self.python_code(code).split()
        self.sent.update(new)
        return new

    def python_code(self, code):
        """Run some Python beside the application, with a broker that is never in trouble."""
        environ = {**self.pods['worker'].process.environ, 'CELERY_BROKER_URL': self.sent_to,
                   'CELERY_RESULT_BACKEND': self.sent_to, **self.env}
        environ.pop('LD_PRELOAD', None)
        return self.run(self.python, '-c', code, env=environ, cwd=self.folder, timeout=120)

    def ids(self, what):
        return ids(self.folder, what, 'task-')

    def ticks(self):
        """How many tasks Beat has sent: nobody consumes them."""
        length = self.redis.cli('llen', 'beat')
        return int(length) if length.isdecimal() else 0

    def until_done(self, seconds):
        until(lambda: not self.sent - set(self.ids('done')), seconds, 'the tasks', self.logs)

    def trouble(self):
        return Trouble(self)

    def work(self, count, seconds=60):
        """Some more tasks, and that they were done."""
        self.send(count)
        self.until_done(seconds)

    # After

    def finish(self):
        if self.redis and 'beat' in self.pods:
            queued = self.redis.cli('--raw', 'lrange', 'beat', '0', '-1').splitlines()
            self.beat_doubled = twice(Counter(json.loads(m)['headers']['id'] for m in queued))
        if self.with_agent:
            for pod in self.pods.values():
                if 'agent error' in pod.process.log():
                    raise AssertionError(f'an error of the agent itself\n{pod.process.log()}')

    def outcome(self):
        done = set(self.ids('done'))
        pods = self.pods.values()
        ran = set(self.ids('ran'))
        return {'back': self.back, 'beat back': self.beat_back,
                'lost': len(self.sent - ran),
                'results lost': len(ran & self.sent - done),
                'twice': twice(self.ids('ran')) + self.beat_doubled,
                'ended': sum(pod.ended for pod in pods),
                'restarted': sum(pod.restarted for pod in pods), **self.facts}

    def logs(self):
        return '\n'.join(f'{role}:\n{pod.process.log()[-3000:]}' for role, pod in self.pods.items())

    def kill(self):
        for each in [*self.pods.values(), *reversed(self.processes)]:
            each.kill()


class Trouble:
    """Tasks that run and tasks that wait when it begins; how soon there is work when it is over."""

    #: How long a worker or Beat may take to work again before it counts as never.
    PATIENCE = 180

    def __init__(self, lane):
        self.lane = lane

    def __enter__(self):
        self.lane.send_all([('work', 15, {})] * 2 + [('work', 0, {})] * 4)

    def __exit__(self, kind, *_):
        if kind:
            return
        lane, began = self.lane, time.monotonic()
        lane.back, lane.beat_back = math.inf, math.inf if 'beat' in lane.pods else 0
        before = lane.ticks() if 'beat' in lane.pods else 0
        fresh = set(lane.send(2))
        while math.inf in (lane.back, lane.beat_back):
            passed = time.monotonic() - began
            if passed > self.PATIENCE:
                break
            if lane.back == math.inf and fresh & set(lane.ids('ran')):
                lane.back = passed
            if lane.beat_back == math.inf and lane.ticks() > before:
                lane.beat_back = passed
            time.sleep(0.2)
        lane.send(10)
        end = time.monotonic() + 30
        while lane.sent - set(lane.ids('ran')) and time.monotonic() < end:
            time.sleep(0.2)                # what has not run then counts as lost


def bind(source, target):
    """A command line that sees another file in place of this one (needs root)."""
    return ('unshare', '-m', 'sh', '-c', f'mount --bind {source} {target} && exec "$@"', 'sh')


def is_root():
    return os.geteuid() == 0
