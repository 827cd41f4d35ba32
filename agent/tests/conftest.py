"""Real processes: a private redis-server, workers and Beats with the agent, all on loopback."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

AGENT = Path(__file__).parent.parent
APP = Path(__file__).parent / 'app'

#: Thresholds small enough for a test and large enough for two busy cores.
FAST = {'INTERVAL': '0.2', 'BROKER_TIMEOUT': '1', 'STALL_AFTER': '3', 'DEAF_AFTER': '3',
        'POOL_AFTER': '3', 'BEAT_SLACK': '2'}


def free_port():
    with socket.socket() as sock:
        sock.bind(('127.0.0.1', 0))
        return sock.getsockname()[1]


def until(condition, seconds=20, what='the condition', log=lambda: ''):
    """Wait for a condition with a deadline; return what it returned."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f'{what} did not come within {seconds} s\n{log()}')


def throughout(condition, seconds, log=lambda: ''):
    """The condition holds at every look for so long (a claim about time, not a wait)."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), f'{time.monotonic() - end + seconds:.1f} s in\n{log()}'
        time.sleep(0.05)


class Process:
    process = None

    def spawn(self, args, log, **kwargs):
        self.log_file = open(log, 'ab')
        self.process = subprocess.Popen(args, stdout=self.log_file, stderr=subprocess.STDOUT,
                                        start_new_session=True, **kwargs)
        self.pid = self.process.pid

    def signal(self, number):
        os.kill(self.pid, number)
        if number == signal.SIGSTOP:
            os.waitpid(self.pid, os.WUNTRACED)     # a thread may go on for a moment

    def kill(self):
        if self.process and self.process.poll() is None:
            # Its own session: its pool processes end with it.
            os.killpg(self.pid, signal.SIGCONT)
            os.killpg(self.pid, signal.SIGKILL)
        if self.process:
            self.process.wait()


class Redis(Process):
    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f'redis://127.0.0.1:{self.port}/0'

    def start(self):
        self.spawn(['redis-server', '--port', str(self.port), '--bind', '127.0.0.1',
                    '--save', '', '--appendonly', 'yes', '--dir', str(self.folder)],
                   self.folder / 'redis.log')
        until(lambda: self.cli('ping') == 'PONG', what='redis', log=self.log)
        return self

    def log(self):
        return (self.folder / 'redis.log').read_text()

    def cli(self, *args):
        return subprocess.run(['redis-cli', '-p', str(self.port), *args],
                              capture_output=True, text=True).stdout.strip()


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


def request(port, text, timeout=2.0):
    with socket.create_connection(('127.0.0.1', port), timeout) as sock:
        sock.settimeout(timeout)
        sock.sendall(text.encode('latin-1'))
        received = b''
        while True:
            chunk = sock.recv(65536)
            if not chunk:
                break
            received += chunk
    head, _, body = received.decode().partition('\r\n\r\n')
    return int(head.split()[1]) if head else 0, body


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
    folder = AGENT / '.venvs' / f'{name}-py{sys.version_info[0]}{sys.version_info[1]}'
    python = folder / 'bin' / 'python'
    if not (folder / 'complete').exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, '-m', 'venv', str(folder)], check=True)
        subprocess.run([str(python), '-m', 'pip', 'install', '-q', *requirements], check=True)
        (folder / 'complete').touch()
    return str(python)
