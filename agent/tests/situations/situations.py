"""What can happen to a worker and to Beat: one function for each, run in a lane with the agent and
in one without."""
import os
import signal
import socket
import time
from typing import Callable, NamedTuple

from lab import Redis
from lane import TESTS, bind

SITUATIONS = {}


class Situation(NamedTuple):
    name: str
    #: As it stands in the table of docs/health.md.
    title: str
    run: Callable
    #: Further requirements of its virtual environment.
    requires: tuple = ()
    #: The only Celery that these can be had for, if they cannot for all.
    celery: str = ''
    python: str = '3.11'
    #: Namespaces of the kernel are for root only.
    root: bool = False
    #: It takes less than 30 s and needs nothing else: it is a test of `npm run test:agent`.
    quick: bool = False
    #: What must be the same in both lanes, too.
    same: tuple = ()


def situation(title, **kwargs):
    def add(function):
        name = function.__name__.replace('_', '-')
        SITUATIONS[name] = Situation(name, title, function, **kwargs)
        return function
    return add


# The broker

def drop(lane, action='-A', protocol='tcp', port=None):
    port = str(port or lane.redis.port)
    # Where they come in, and where they go out: after that a Service's answers have its own port.
    for chain, way in ('INPUT', '--dport'), ('OUTPUT', '--sport'):
        lane.run('iptables', '-w', action, chain, '-p', protocol, way, port, '-j', 'DROP')


@situation('packets to and from Redis are dropped for 60 s', root=True)
def packets_dropped(lane, seconds=60):
    lane.network()
    lane.start()
    with lane.trouble():
        drop(lane)
        time.sleep(seconds)
        drop(lane, '-D')


@situation('packets to and from Redis are dropped for 5 minutes', root=True)
def packets_dropped_for_long(lane):
    packets_dropped(lane, 300)


@situation('Redis moves to another node, and the old one answers nothing any more, not even that '
           'the connections are closed', root=True)
def node_lost(lane):
    lane.network()
    lane.start_redis()
    service(lane, '-A')
    lane.broker = 'redis://127.0.0.1:6379/0'
    lane.start()
    with lane.trouble():
        old = lane.redis
        drop(lane)
        time.sleep(20)
        old.kill()
        service(lane, '-D')
        lane.start_redis()                 # from the same files, on another port
        service(lane, '-A')                # for new connections, as kube-proxy does it


def service(lane, action):
    lane.run('iptables', '-w', '-t', 'nat', action, 'OUTPUT', '-p', 'tcp', '--dport', '6379',
             '-j', 'REDIRECT', '--to-ports', str(lane.redis.port))


def names(lane, resolver):
    """The broker has a name, in a hosts file that only the worker and Beat see."""
    lane.start_redis()
    lane.broker = lane.redis.url.replace('127.0.0.1', 'redis.test')
    hosts, resolv = lane.folder / 'hosts', lane.folder / 'resolv.conf'
    hosts.write_text('127.0.0.1 localhost redis.test\n')
    resolv.write_text(f'nameserver {resolver}\n')
    lane.wrapper = bind(hosts, '/etc/hosts') + bind(resolv, '/etc/resolv.conf')
    lane.start()
    return hosts


@situation('DNS does not know the name of Redis for 60 s, while Redis is restarted', root=True)
def dns_fails(lane):
    lane.network()
    hosts = names(lane, '127.0.0.1')       # refused at once
    with lane.trouble():
        hosts.write_text('127.0.0.1 localhost\n')
        lane.redis.kill()
        lane.redis.start()
        time.sleep(60)
        hosts.write_text('127.0.0.1 localhost redis.test\n')


@situation('DNS does not answer for 60 s, while Redis is restarted', root=True)
def dns_hangs(lane):
    lane.network()
    hosts = names(lane, '127.0.0.53')
    drop(lane, protocol='udp', port=53)    # 10 s for each question: 5 s, twice
    with lane.trouble():
        hosts.write_text('127.0.0.1 localhost\n')
        lane.redis.kill()
        lane.redis.start()
        time.sleep(60)
        hosts.write_text('127.0.0.1 localhost redis.test\n')


@situation('Redis has another password for 60 s (WRONGPASS), and all connections are closed')
def password_rotated(lane):
    lane.start_redis()
    lane.broker = lane.sent_to = lane.redis.url.replace('//', '//:old-one@')
    set_password(lane, 'old-one')
    lane.start()
    with lane.trouble():
        set_password(lane, 'new-one')
        close_connections(lane)
        time.sleep(60)
        set_password(lane, 'old-one')


def set_password(lane, password):
    lane.redis.cli('config', 'set', 'requirepass', password)
    lane.redis.password = password


def close_connections(lane):
    for kind in 'normal', 'pubsub':
        lane.redis.cli('client', 'kill', 'type', kind)


@situation('Redis wants a password for 60 s where it wanted none (NOAUTH), and all connections are '
           'closed')
def password_wanted(lane):
    lane.start()
    with lane.trouble():
        set_password(lane, 'a-secret')
        close_connections(lane)
        time.sleep(60)
        set_password(lane, '')


@situation('Redis is killed and reads its data for 40 s (LOADING)')
def loading(lane):
    lane.start_redis('--enable-debug-command', 'yes')
    lane.start()
    with lane.trouble():
        with socket.create_connection(('127.0.0.1', lane.redis.port)) as client:
            for number in range(4000):
                client.sendall(f'SET filling:{number} x\r\n'.encode())
            client.sendall(b'PING\r\n')
            while not client.recv(65536).endswith(b'PONG\r\n'):
                pass
        lane.redis.kill()
        lane.redis.options = ('--key-load-delay', '10000',
                              '--loading-process-events-interval-bytes', '1024')
        lane.redis.start(answer='LOADING')
        end = time.monotonic() + 120
        while 'LOADING' in lane.redis.cli('llen', 'celery') and time.monotonic() < end:
            time.sleep(0.2)


@situation('Redis is a replica for 60 s after a failover (READONLY)')
def readonly(lane):
    lane.start()
    with lane.trouble():
        lane.redis.cli('replicaof', '127.0.0.1', '1')
        time.sleep(60)
        lane.redis.cli('replicaof', 'no', 'one')


@situation('Redis is killed and comes back after 5 s', quick=True)
def redis_killed(lane):
    lane.start()
    with lane.trouble():
        lane.redis.kill()
        time.sleep(5)
        lane.redis.start()


@situation('Redis refuses all further connections for 60 s (maxclients), and all are closed')
def maxclients(lane):
    lane.start()
    with lane.trouble(), socket.create_connection(('127.0.0.1', lane.redis.port)) as only:
        only.sendall(b'CONFIG SET maxclients 1\r\nCLIENT KILL TYPE pubsub\r\n'
                     b'CLIENT KILL TYPE normal SKIPME yes\r\n')
        time.sleep(60)
        only.sendall(b'CONFIG SET maxclients 10000\r\nQUIT\r\n')
        while only.recv(4096):
            pass


@situation('Redis answers nothing for 45 s (SIGSTOP)')
def redis_stalls(lane):
    lane.start()
    with lane.trouble():
        lane.redis.signal(signal.SIGSTOP)
        time.sleep(45)
        lane.redis.signal(signal.SIGCONT)


@situation('the result backend (another Redis) answers nothing for 100 s, while one task reaches '
           'its hard time limit and another runs')
def backend_stalls(lane):
    lane.start_redis()
    folder = lane.folder / 'backend'
    folder.mkdir()
    backend = Redis(folder)
    lane.processes.append(backend)
    lane.env['CELERY_RESULT_BACKEND'] = backend.start().url
    lane.start()
    lane.send(1, seconds=15, time_limit=10)
    long, = lane.send(1, seconds=120)
    with lane.trouble():
        backend.signal(signal.SIGSTOP)
        time.sleep(100)
        backend.signal(signal.SIGCONT)
    end = time.monotonic() + 60
    while long not in lane.ids('done') and time.monotonic() < end:
        time.sleep(0.2)                    # else its result is lost


@situation('50 queues, and 20 ms to Redis and back')
def many_queues(lane):
    lane.start_redis()
    proxy = lane.spawn('proxy', 'python3', str(TESTS / 'situations/proxy.py'),
                       str(lane.redis.port), '0.02', stdin=None)
    port = proxy_port(lane)
    lane.broker = lane.redis.url.replace(str(lane.redis.port), port)
    lane.args['worker'] += ['-Q', ','.join(['celery', *(f'queue-{n}' for n in range(49))])]
    lane.start()
    assert proxy.process.poll() is None
    for number in range(0, 49, 7):
        lane.send(2, queue=f'queue-{number}')
    began = time.monotonic()
    lane.send(200)
    lane.until_done(120)
    lane.facts['200 tasks'] = f'{time.monotonic() - began:.0f} s'
    time.sleep(60)                         # for its verdicts
    lane.work(10)


def proxy_port(lane):
    log = lane.folder / 'proxy.log'
    end = time.monotonic() + 20
    while not log.read_text().strip() and time.monotonic() < end:
        time.sleep(0.05)
    return log.read_text().strip()


# The machine

# libfaketime breaks time.sleep of Python 3.11.
@situation('the clock jumps an hour ahead, and after 30 s an hour back (libfaketime)',
           python='3.10')
def clock_jumps(lane):
    offset = lane.folder / 'offset'
    offset.write_text('+0')
    lane.env.update({'LD_PRELOAD': '/usr/$LIB/faketime/libfaketimeMT.so.1',
                     'FAKETIME_TIMESTAMP_FILE': str(offset), 'FAKETIME_NO_CACHE': '1',
                     'FAKETIME_DONT_FAKE_MONOTONIC': '1', 'DONT_FAKE_MONOTONIC': '1'})
    lane.start()
    with lane.trouble():
        offset.write_text('+3600')
        time.sleep(30)
        offset.write_text('+0')
        time.sleep(30)


@situation('worker, pool processes and Beat stop for 120 s and go on, as on a machine that was '
           'suspended')
def suspended(lane):
    lane.start()
    with lane.trouble():
        for pod in lane.pods.values():
            pod.frozen = True
            os.killpg(pod.process.pid, signal.SIGSTOP)
        time.sleep(120)
        for pod in lane.pods.values():
            os.killpg(pod.process.pid, signal.SIGCONT)
            pod.frozen = False


# Other packages and the user's code

NAMES = ('health', 'agent', 'worker', 'beat', 'broker', 'server', 'settings', 'metrics')


@situation('the application has modules called ' + ', '.join(NAMES[:-1]) + f' and {NAMES[-1]}',
           quick=True)
def modules_of_the_user(lane):
    for name in NAMES:
        lane.write(f'{name}.py', f'MINE = {name!r}\n')
    lane.code += (f'\nimport {", ".join(NAMES)}\n\n\n'
                  f'@app.task\ndef mine():\n'
                  f'    assert [m.MINE for m in ({", ".join(NAMES)})] == {list(NAMES)!r}\n')
    lane.start()
    lane.send(10, task='mine')
    lane.until_done(30)


@situation('SQS (moto), which answers nothing for 30 s',
           requires=('boto3', 'pycurl', 'moto[server]'))
def sqs(lane):
    from lab import free_port, until
    port = free_port()
    server = lane.spawn('moto', lane.python.replace('/python', '/moto_server'), '-p', str(port))
    until(lambda: f':{port}' in (lane.folder / 'moto.log').read_text(), 60, 'moto')
    lane.broker = lane.sent_to = f'sqs://key:secret@127.0.0.1:{port}'
    lane.code += (
        "\napp.conf.broker_transport_options = {'region': 'us-east-1', 'is_secure': False, "
        "'wait_time_seconds': 1, 'polling_interval': 0.2}\n"
        "app.conf.worker_enable_remote_control = False\n")
    lane.env.update({'CELERY_RESULT_BACKEND': 'disabled://', 'AWS_DEFAULT_REGION': 'us-east-1',
                     'AWS_ACCESS_KEY_ID': 'key', 'AWS_SECRET_ACCESS_KEY': 'secret'})
    lane.start(beat=False)
    lane.work(20)
    with lane.trouble():
        server.signal(signal.SIGSTOP)
        time.sleep(30)
        server.signal(signal.SIGCONT)
    time.sleep(60)
    lane.work(10)


SENTRY = """
import json, sentry_sdk
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.transport import Transport


class ToFile(Transport):
    def capture_envelope(self, envelope):
        for item in envelope.items:
            payload = item.payload.json or {}
            with open('sentry', 'a') as file:
                what = payload.get('transaction') or payload.get('monitor_slug') or ''
                file.write(f'{item.type} {what} {payload.get("status", "")}\\n')


sentry_sdk.init(dsn='http://key@127.0.0.1:9/1', traces_sample_rate=1.0, transport=ToFile,
                integrations=[CeleryIntegration(monitor_beat_tasks=True)])
# Sentry monitors nothing that comes more often than once a minute.
app.conf.beat_schedule['monitored'] = {
    'task': 'situation.work', 'schedule': 60.0, 'options': {'queue': 'beat'}}


@app.task
def fails():
    raise ValueError('as it should')
"""


@situation('Sentry, with its monitoring of Beat', requires=('sentry-sdk',),
           same=('errors', 'transactions', 'check-ins of Beat'))
def sentry(lane):
    lane.code += SENTRY
    lane.start()
    lane.work(20)
    lane.python_code('import situation\nfor _ in range(5): situation.fails.delay()')

    def lines():
        file = lane.folder / 'sentry'
        return file.read_text().splitlines() if file.exists() else []
    end = time.monotonic() + 90
    while not any('check_in' in line for line in lines()) and time.monotonic() < end:
        time.sleep(0.5)
    seen = lines()
    lane.facts['errors'] = sum(line.startswith('event') for line in seen)
    lane.facts['transactions'] = sum(line.startswith('transaction situation.') for line in seen)
    lane.facts['check-ins of Beat'] = 'yes' if any('check_in' in line for line in seen) else 'none'


OPENTELEMETRY = """
from celery.signals import beat_init, worker_process_init
from opentelemetry import trace
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult


class ToFile(SpanExporter):
    def export(self, spans):
        with open('spans', 'a') as file:
            for span in spans:
                file.write(f'{span.name}\\n')
        return SpanExportResult.SUCCESS

    def shutdown(self):
        pass


provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ToFile()))
trace.set_tracer_provider(provider)
CeleryInstrumentor().instrument()
RedisInstrumentor().instrument()
"""


@situation('OpenTelemetry, for Celery and for Redis',
           requires=('opentelemetry-sdk', 'opentelemetry-instrumentation-celery',
                     'opentelemetry-instrumentation-redis'),
           same=('spans of tasks', 'other kinds of spans'))
def opentelemetry(lane):
    lane.code += OPENTELEMETRY
    lane.start()
    lane.work(20)
    time.sleep(30)
    lane.work(1)
    seen = (lane.folder / 'spans').read_text().splitlines()
    lane.facts['spans of tasks'] = sum(name.startswith('run/') for name in seen)
    lane.facts['other kinds of spans'] = ', '.join(sorted(
        {name for name in seen if '/' not in name} - {'SET', 'EVALSHA', 'EXPIRE'}))


BATCHES = """
from celery_batches import Batches


@app.task(base=Batches, flush_every=50, flush_interval=70)
def batch(requests):
    for request in requests:
        noted.note('ran', request.id)
        noted.note('done', request.id)
        app.backend.mark_as_done(request.id, 1, request=request)
"""


@situation('celery-batches: the worker holds back two tasks for 70 s and two wait, then two more',
           requires=('celery-batches',), celery='5.5.3')
def batches(lane):
    lane.code += BATCHES
    lane.start()
    lane.send(4, task='batch')
    lane.until_done(180)


DJANGO = {'django_settings.py': """
from pathlib import Path
SECRET_KEY = 'test'
INSTALLED_APPS = ['django.contrib.contenttypes', 'django_celery_beat']
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3',
                         'NAME': Path(__file__).parent / 'db.sqlite3'}}
USE_TZ = True
DEFAULT_AUTO_FIELD = 'django.db.models.AutoField'
"""}


@situation('django-celery-beat, by beat_scheduler of the application', requires=())
def django_celery_beat(lane):
    for name, text in DJANGO.items():
        lane.write(name, text)
    lane.code += ("\napp.conf.beat_scheduler = 'django_celery_beat.schedulers:DatabaseScheduler'\n"
                  "import django\ndjango.setup()\n")
    lane.env['DJANGO_SETTINGS_MODULE'] = 'django_settings'
    environ = {**os.environ, 'DJANGO_SETTINGS_MODULE': 'django_settings',
               'PYTHONPATH': str(lane.folder)}
    lane.run(lane.python, '-m', 'django', 'migrate', '-v', '0', env=environ, cwd=lane.folder)
    lane.args['beat'] = []
    lane.start()
    lane.work(10)
    with lane.trouble():
        time.sleep(20)


@situation('500 tasks are revoked while they wait, from a script', quick=False)
def revoke_storm(lane):
    lane.start()
    lane.send(10, seconds=1)
    lane.python_code('import situation\n'
                     'for n in range(500): situation.app.control.revoke(f"nobody-{n}")')
    lane.until_done(60)
    lane.work(10)
