"""A private redis-server, workers and Beats with the agent, all on loopback."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lab import AGENT, ROOT, Process, Redis, free_port, request, throughout, until

APP = Path(__file__).parent / 'app'

#: Thresholds small enough for a test and large enough for two busy cores.
FAST = {'INTERVAL': '0.2', 'BROKER_TIMEOUT': '1', 'STALL_AFTER': '3', 'DEAF_AFTER': '3',
        'POOL_AFTER': '3', 'BEAT_SLACK': '2'}


class Pod(Process):
    """A worker or a Beat with the agent, as in a pod."""

    def __init__(self, folder, redis, args, settings=None, python=sys.executable, env=None):
        self.redis, self.port = redis, free_port()
        self.log_path = folder / f'{self.port}.log'
        own = {'HOST': '127.0.0.1', 'PORT': str(self.port), **FAST, **(settings or {})}
        environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith('CDK8S_CELERY_AGENT_')},
            'PYTHONPATH': f'{AGENT}:{APP}', 'PYTHONDONTWRITEBYTECODE': '1',
            'TEST_BROKER': redis.url, 'PYTHONUNBUFFERED': '1',
            **{'CDK8S_CELERY_AGENT_' + k: v for k, v in own.items()}, **(env or {})}
        self.python, self.environ = python, environ
        self.spawn([python, '-m', 'celery', '-A', 'tasks', *args], self.log_path,
                   env=environ, cwd=folder)

    def log(self):
        return self.log_path.read_text(errors='replace')

    def get(self, path, timeout=2.0):
        """Status and body; status 0 when nothing answers, as the kubelet sees it."""
        try:
            return request(self.port, f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n', timeout)
        except OSError as exc:
            return 0, repr(exc)

    def live(self):
        return self.get('/livez')[0] == 200

    def ready(self):
        return self.get('/readyz')[0] == 200

    def status(self):
        code, body = self.get('/status')
        return json.loads(body) if code == 200 else {}

    def not_live(self, reason):
        code, body = self.get('/livez')
        return code == 503 and reason in body

    def send(self, task, *args, count=1, **options):
        code = (f'import tasks\nfor _ in range({count}):\n'
                f'    tasks.{task}.apply_async({args!r}, **{options!r})\n')
        subprocess.run([self.python, '-c', code], env=self.environ, cwd=APP, check=True)

    def control(self, *args):
        subprocess.run([self.python, '-m', 'celery', '-A', 'tasks', 'control', *args],
                       env=self.environ, cwd=APP, check=True, stdout=subprocess.DEVNULL)

    def until(self, condition, seconds=20, what='it'):
        return until(condition, seconds, what, self.log)

    def throughout(self, condition, seconds):
        throughout(condition, seconds, lambda: f'{self.get("/status")}\n{self.log()}')

    def until_ready(self):
        self.until(self.ready, 30, 'readiness')
        return self


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path).start()
    yield server
    server.kill()


@pytest.fixture
def pod(tmp_path, redis):
    pods = []

    def start(*args, **kwargs):
        pods.append(Pod(tmp_path, redis, args, **kwargs))
        return pods[-1]

    yield start
    for each in pods:
        each.kill()


@pytest.fixture
def worker(pod):
    def start(*args, pool='prefork', concurrency=2, includes='', **kwargs):
        modules = ','.join(filter(None, ['cdk8s_celery_agent.worker', includes]))
        return pod('worker', '-l', 'info', '-P', pool, '-c', str(concurrency),
                   '-I', modules, *args, **kwargs)
    return start


@pytest.fixture
def beat(pod):
    def start(*args, **kwargs):
        return pod('beat', '-l', 'info', '-S', 'cdk8s_celery_agent.beat:Scheduler',
                   '--pidfile=', *args, **kwargs)
    return start


def build_venv(name, *requirements):
    """A virtual environment for versions that must not stand beside those of the tests."""
    folder = ROOT / '.venvs' / f'{name}-py{sys.version_info[0]}{sys.version_info[1]}'
    python = folder / 'bin' / 'python'
    if not (folder / 'complete').exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, '-m', 'venv', str(folder)], check=True)
        subprocess.run([str(python), '-m', 'pip', 'install', '-q', *requirements], check=True)
        (folder / 'complete').touch()
    return str(python)
