"""A private redis-server, workers and Beats with the agent, all on loopback."""
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from lab import AGENT, ROOT, Process, Redis, free_port, request, throughout, until

APP = Path(__file__).parent / 'app'

#: Thresholds small enough for a test and large enough for two busy cores.
FAST = {'INTERVAL': '0.2', 'BROKER_TIMEOUT': '1', 'STALL_AFTER': '3', 'DEAF_AFTER': '3',
        'POOL_AFTER': '3', 'HANG_AFTER': '3', 'BEAT_SLACK': '2'}


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
        self.run(f'for _ in range({count}):\n'
                 f'    tasks.{task}.apply_async({args!r}, **{options!r})\n')

    def run(self, code):
        subprocess.run([self.python, '-c', f'import tasks\n{code}'],
                       env=self.environ, cwd=APP, check=True)

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


class Proxy:
    """In front of a Redis. Its answers can be slow, and its connections can die as with their
    node: they stay open, and nothing passes."""

    def __init__(self, port):
        self.target, self.dead, self.delay = port, threading.Event(), 0.0
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = 'redis://127.0.0.1:%d/0' % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(('127.0.0.1', self.target))
            for source, sink, back in (client, server, False), (server, client, True):
                threading.Thread(target=self._pass, args=(source, sink, self.dead, back),
                                 daemon=True).start()

    def _pass(self, source, sink, dead, back):
        try:
            while data := source.recv(65536):
                if dead.is_set():
                    threading.Event().wait()
                if back and self.delay:
                    time.sleep(self.delay)
                sink.sendall(data)
        except OSError:
            pass
        for sock in source, sink:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def kill_connections(self):
        self.dead.set()
        self.dead = threading.Event()


class Rabbit(Process):
    """A node of its own. (Debian's commands would change the user.)"""

    BIN = Path('/usr/lib/rabbitmq/bin')

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.url = f'amqp://guest:guest@127.0.0.1:{self.port}//'
        self.environ = {
            **os.environ, 'HOME': str(folder), 'RABBITMQ_NODENAME': f'agent{self.port}@localhost',
            'RABBITMQ_NODE_IP_ADDRESS': '127.0.0.1', 'RABBITMQ_NODE_PORT': str(self.port),
            'RABBITMQ_DIST_PORT': str(free_port()), 'ERL_EPMD_PORT': str(free_port()),
            'RABBITMQ_MNESIA_BASE': str(folder), 'RABBITMQ_LOG_BASE': str(folder),
            'RABBITMQ_ENABLED_PLUGINS_FILE': str(folder / 'plugins'),
            'RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS': '+S 1 +sbwt none'}

    def start(self):
        # Erlang would start one that stays.
        self.names = Process()
        self.names.spawn(['epmd'], self.folder / 'epmd.log', env=self.environ)
        self.spawn([str(self.BIN / 'rabbitmq-server')], self.folder / 'rabbit.log',
                   env=self.environ, cwd=self.folder)
        until(lambda: 'completed with' in (self.folder / 'rabbit.log').read_text(), 90,
              'RabbitMQ', lambda: (self.folder / 'rabbit.log').read_text())
        return self

    def ctl(self, *args):
        return subprocess.run([str(self.BIN / 'rabbitmqctl'), '-q', *args], env=self.environ,
                              check=True, capture_output=True, text=True, cwd=self.folder).stdout

    def kill(self):
        super().kill()
        self.names.kill()


@pytest.fixture(scope='session')
def rabbit(tmp_path_factory):
    if not (Rabbit.BIN / 'rabbitmq-server').exists():
        pytest.skip('there is no rabbitmq-server')
    server = Rabbit(tmp_path_factory.mktemp('rabbit'))
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture
def proxy(redis):
    return Proxy(redis.port)


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
