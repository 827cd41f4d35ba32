"""Real processes on the loopback, for the tests, the benchmarks and the situations."""
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: The folder of the agent that is run: AGENT=FOLDER takes another one, of another commit.
AGENT = Path(os.environ.get('AGENT') or ROOT).resolve()

#: How the library starts workers and Beats, but for what the user asks for.
WORKER = ('--prefetch-multiplier=1', '--without-gossip', '--without-mingle', '--task-events')
SETTINGS = ('--', 'broker_connection_max_retries=(json)null',
            'broker_connection_retry_on_startup=(json)true')
WITH_AGENT = {'worker': ('-I', 'cdk8s_celery_agent.worker'),
              'beat': ('-S', 'cdk8s_celery_agent.beat:Scheduler')}


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
        self.log_file = open(log, 'ab')    # noqa: SIM115
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
    password = None

    def __init__(self, folder, *options):
        self.folder, self.options = folder, options
        self.port = free_port()
        self.url = f'redis://127.0.0.1:{self.port}/0'

    def start(self, answer='PONG'):
        self.spawn(['redis-server', '--port', str(self.port), '--bind', '127.0.0.1',
                    '--save', '', '--appendonly', 'yes', '--dir', str(self.folder),
                    *self.options],
                   self.folder / 'redis.log')
        until(lambda: answer in self.cli('ping'), what='redis', log=self.log)
        return self

    def log(self):
        return (self.folder / 'redis.log').read_text()

    def cli(self, *args):
        auth = ['--no-auth-warning', '-a', self.password] if self.password else []
        return subprocess.run(['redis-cli', '-p', str(self.port), *auth, *args],
                              capture_output=True, text=True).stdout.strip()


class Celery(Process):
    """A worker or a Beat of an application, by the library's command line and with the agent's
    defaults, or without the agent: all else is the same."""

    def __init__(self, role, app, args, folder, broker, with_agent=True, python=sys.executable,
                 env=None, path=(), wrapper=()):
        self.with_agent, self.port = with_agent, free_port()
        self.log_path = folder / f'{role}-{self.port}.log'
        self.python, self.folder = python, folder
        self.environ = {
            **{k: v for k, v in os.environ.items() if not k.startswith('CDK8S_CELERY_AGENT_')},
            'CELERY_BROKER_URL': broker, 'CELERY_RESULT_BACKEND': broker,
            'PYTHONPATH': ':'.join(map(str, [*path, AGENT])), 'PYTHONDONTWRITEBYTECODE': '1',
            'PYTHONUNBUFFERED': '1', 'CDK8S_CELERY_AGENT_HOST': '127.0.0.1',
            'CDK8S_CELERY_AGENT_PORT': str(self.port), **(env or {})}
        self.spawn([*wrapper, str(Path(python).with_name('celery')), '-A', app, role,
                    '--loglevel=info', *(WORKER if role == 'worker' else ()), *args,
                    *(WITH_AGENT[role] if with_agent else ()), *SETTINGS],
                   self.log_path, env=self.environ, cwd=folder)

    def log(self):
        return self.log_path.read_text(errors='replace')

    def get(self, path, timeout=2.0):
        """Status and body; status 0 when nothing answers, as the kubelet sees it."""
        try:
            return request(self.port, f'GET {path} HTTP/1.1\r\nHost: x\r\n\r\n', timeout)
        except OSError as exc:
            return 0, repr(exc)


def ids(folder, what, prefix=''):
    """How often each task was received, ran, was done: what noted.py wrote down."""
    try:
        lines = (folder / 'ids').read_text().splitlines()
    except FileNotFoundError:
        return Counter()
    return Counter(line.split()[1] for line in lines if line.startswith(f'{what} {prefix}'))


def twice(counted):
    return sum(n > 1 for n in counted.values())


def venv(celery, python='3.11', *more):
    """The Python of a virtual environment with this Celery and further requirements."""
    made = subprocess.run([str(ROOT / 'tests/venv.sh'), f'{celery}:{python}', *more], check=True,
                          stdout=subprocess.PIPE, text=True)
    return str(ROOT / made.stdout.strip() / 'bin/python')


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
