"""Real Beats: the default scheduler and the user's, with and without their stores."""
import signal
import subprocess
import sys

import pytest
from conftest import AGENT, APP
from lab import Redis, free_port

LONG = 5
DJANGO = {'DJANGO_SETTINGS_MODULE': 'django_settings'}


def sent(redis):
    return int(redis.cli('llen', 'celery') or 0)


def test_default_scheduler(beat, redis):
    pod = beat('-s', 'schedule').until_ready()
    pod.until(lambda: sent(redis) > 2, what='tasks')
    status = pod.status()
    assert status['role'] == 'beat' and status['max_interval'] == 300
    assert status['rival'] == '' and not status['agent_errors']
    pod.until(lambda: pod.status()['broker']['reachable_since'])
    pod.throughout(pod.ready, LONG)
    assert 'celery_agent_live 1.0' in pod.get('/metrics')[1]
    pod.signal(signal.SIGSTOP)
    assert pod.get('/livez', 1)[0] == 0
    pod.signal(signal.SIGCONT)
    pod.throughout(pod.live, 3)
    pod.signal(signal.SIGTERM)
    pod.until(lambda: pod.process.poll() == 0, what='the end')


def test_beat_that_waits_for_its_next_task_is_live(beat):
    pod = beat('-s', 'schedule', env={'TEST_EVERY': '3600'}).until_ready()
    pod.throughout(pod.ready, LONG)
    assert pod.log().count('Sending due task') == 0


def test_beat_is_ready_when_its_broker_has_answered(beat, redis):
    redis.kill()
    pod = beat('-s', 'schedule')
    pod.until(lambda: 'the broker has not answered yet' in pod.get('/readyz')[1], what='the reason')
    assert pod.live()
    redis.start()
    pod.until_ready()


@pytest.mark.parametrize('how', ['kill', 'stop'])
def test_broker_down_is_no_reason_and_beat_goes_on(beat, redis, how):
    pod = beat('-s', 'schedule').until_ready()
    pod.until(lambda: pod.status()['broker']['reachable_since'])
    redis.signal(signal.SIGSTOP) if how == 'stop' else redis.kill()
    pod.throughout(pod.live, LONG)
    redis.signal(signal.SIGCONT) if how == 'stop' else redis.start()
    pod.until(lambda: not pod.status()['broker']['error'], what='the broker')
    before = sent(redis)
    pod.until(lambda: sent(redis) > before, 40, what='tasks')
    assert pod.live() and not pod.status()['agent_errors']


def test_a_hung_scheduler_is_not_live(beat, tmp_path):
    (tmp_path / 'hung.py').write_text(
        'import time\nfrom celery.beat import PersistentScheduler\n'
        'class Scheduler(PersistentScheduler):\n    ticks = 0\n'
        '    def tick(self, *args, **kwargs):\n        self.ticks += 1\n'
        '        if self.ticks > 3: time.sleep(3600)\n'
        '        return super().tick(*args, **kwargs)\n')
    pod = beat('-s', 'schedule', settings={'SCHEDULER': 'hung:Scheduler'}).until_ready()
    pod.until(lambda: pod.not_live('late and the broker answers'), what='the alarm')


def test_two_beats_on_one_file_are_an_error(beat, redis):
    first = beat('-s', 'schedule').until_ready()
    second = beat('-s', 'schedule')
    second.until(lambda: second.status().get('rival'), what='the rival')
    assert f':{first.pid}:' in second.status()['rival']
    assert 'two Beats work on one schedule' in second.log()
    first.kill()
    if second.process.poll() is None:      # a second Beat may fail by the first one's file lock
        second.until(lambda: second.status().get('rival') == '', what='to be alone')


def test_two_beats_with_a_file_each_are_an_error(beat, redis):
    first, second = beat('-s', 'one').until_ready(), beat('-s', 'two').until_ready()
    for pod, other in (first, second), (second, first):
        pod.until(lambda: f':{other.pid}:' in pod.status()['rival'], what='the rival')
        pod.until(lambda: pod.log().count('two Beats work on one schedule') == 1)
        assert pod.live()
    second.kill()
    first.until(lambda: first.status()['rival'] == '', what='to be alone')


def test_a_beat_after_another_is_no_rival(beat, redis):
    first = beat('-s', 'one').until_ready()
    first.until(lambda: redis.cli('keys', 'cdk8s-celery-agent*'), what='a claim')
    first.kill()
    second = beat('-s', 'one').until_ready()
    second.until(lambda: f':{second.pid}:' in redis.cli(
        'get', redis.cli('keys', 'cdk8s-celery-agent*')), what='a claim')
    second.throughout(lambda: second.status()['rival'] == '', 2)
    assert 'two Beats' not in second.log()


def test_redbeat(beat, redis):
    pytest.importorskip('redbeat')
    settings = {'SCHEDULER': 'redbeat.RedBeatScheduler'}
    # RedBeat's lock lasts five max intervals, and RedBeat ends itself when it has lost it.
    first = beat('--max-interval', '4', settings=settings).until_ready()
    first.until(lambda: sent(redis) > 2, what='tasks')
    standby = beat('--max-interval', '4', settings=settings)
    standby.until(lambda: 'waiting for its lock' in standby.get('/readyz')[1], what='the standby')
    standby.throughout(standby.live, LONG)
    assert first.ready() and 'two Beats' not in first.log() + standby.log()
    first.signal(signal.SIGTERM)           # gives its lock away
    standby.until_ready()
    redis.signal(signal.SIGSTOP)
    standby.throughout(standby.live, LONG)
    redis.signal(signal.SIGCONT)
    standby.until(lambda: not standby.status()['broker']['error'], what='the broker')
    standby.throughout(standby.live, 3)
    redis.kill()
    standby.until(lambda: standby.process.poll() is not None, what='its end')


def test_redbeat_with_the_broker_of_the_environment(beat, redis):
    pytest.importorskip('redbeat')
    # RedBeat itself takes what the code says, which is not what Celery connects to.
    env = {'TEST_BROKER': 'redis://nowhere.invalid/0', 'TEST_BACKEND': redis.url,
           'CELERY_BROKER_URL': redis.url}
    pod = beat('--max-interval', '4', env=env,
               settings={'SCHEDULER': 'cdk8s_celery_redbeat:Scheduler'}).until_ready()
    pod.until(lambda: sent(redis) > 2, what='tasks')
    assert redis.cli('exists', 'redbeat::lock') == '1'
    assert 'stop falling back' not in pod.log()


def test_redbeat_with_a_redis_of_its_own(beat, redis):
    pytest.importorskip('redbeat')
    own = f'redis://127.0.0.1:{redis.port}/5'
    settings = {'SCHEDULER': 'cdk8s_celery_redbeat:Scheduler'}
    pod = beat('--max-interval', '4', settings=settings,
               env={'CDK8S_CELERY_REDBEAT_URL': own}).until_ready()
    pod.until(lambda: sent(redis) > 2, what='tasks')
    assert redis.cli('-n', '5', 'exists', 'redbeat::lock') == '1'
    assert redis.cli('exists', 'redbeat::lock') == '0'
    pod.kill()
    said = 'redis://127.0.0.1:%d/6' % redis.port
    beat('--max-interval', '4', settings=settings, env={
        'CDK8S_CELERY_REDBEAT_URL': own, 'TEST_CONF': f'redbeat_redis_url={said!r}'}).until_ready()
    assert redis.cli('-n', '6', 'exists', 'redbeat::lock') == '1'


@pytest.mark.parametrize('variable', ['CELERY_BROKER_URL', 'CDK8S_CELERY_REDBEAT_URL'])
def test_redbeat_with_tls(beat, tmp_path, variable):
    pytest.importorskip('redbeat')
    # CERT_REQUIRED is what kombu knows, and redis-py does not.
    folder, port = tmp_path / 'tls', free_port()
    folder.mkdir()
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
                    '-keyout', 'tls.key', '-out', 'ca.crt', '-subj', '/CN=redis', '-addext',
                    'subjectAltName=IP:127.0.0.1'], cwd=folder, check=True, capture_output=True)
    server = Redis(folder, '--tls-port', str(port), '--tls-auth-clients', 'no',
                   '--tls-cert-file', 'ca.crt', '--tls-key-file', 'tls.key').start()
    url = (f'rediss://127.0.0.1:{port}/0?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true'
           f'&ssl_ca_certs={folder}/ca.crt')
    try:
        pod = beat('--max-interval', '4', env={'TEST_BROKER': url, variable: url},
                   settings={'SCHEDULER': 'cdk8s_celery_redbeat:Scheduler'}).until_ready()
        pod.until(lambda: sent(server) > 2, what='tasks')
        assert server.cli('exists', 'redbeat::lock') == '1'
        assert 'CERT_NONE' not in pod.log()
    finally:
        server.kill()


def test_django_celery_beat(beat, redis, tmp_path):
    pytest.importorskip('django_celery_beat')
    env = {**DJANGO, 'TEST_DATABASE': str(tmp_path / 'db.sqlite3')}
    pod = beat(settings={'SCHEDULER': 'django_celery_beat.schedulers:DatabaseScheduler'}, env=env)
    pod.kill()
    subprocess.run([sys.executable, '-m', 'django', 'migrate', '-v', '0'],
                   env=pod.environ, cwd=APP, check=True)
    for name in 'django_celery_beat.schedulers:DatabaseScheduler', 'django':    # an entry point
        pod = beat(settings={'SCHEDULER': name}, env=env).until_ready()
        before = sent(redis)
        pod.until(lambda: sent(redis) > before + 2, 30, what='tasks')
        assert pod.status()['max_interval'] == 5 and not pod.status()['agent_errors']
        pod.throughout(pod.ready, 3)
        pod.kill()


#: Takes exactly what Celery gives it, as celery-sqlalchemy-scheduler does.
STRICT = """
from celery.beat import Scheduler as Base
class Scheduler(Base):
    def __init__(self, **given):
        assert sorted(given) == ['app', 'lazy', 'max_interval', 'schedule_filename'], given
        self.own = given['app']
        super().__init__(**given)
    def setup_schedule(self):
        self.merge_inplace(self.app.conf.beat_schedule)
        self.install_default_entries(self.schedule)
"""


@pytest.mark.parametrize('how', ['application', 'class', 'variable'])
def test_the_scheduler_is_made_as_celery_makes_it(beat, redis, tmp_path, how):
    (tmp_path / 'strict.py').write_text(STRICT)
    given = {
        'application': {'env': {'TEST_CONF': "beat_scheduler='strict:Scheduler'"}},
        'class': {'env': {'TEST_CONF': "beat_scheduler=__import__('strict').Scheduler"}},
        'variable': {'settings': {'SCHEDULER': 'strict:Scheduler'}},
    }[how]
    given['env'] = {'PYTHONPATH': f'{AGENT}:{APP}:{tmp_path}', **given.get('env', {})}
    pod = beat(**given).until_ready()
    pod.until(lambda: sent(redis) > 2, what='tasks')
    assert pod.status()['scheduler'] == 'strict.Scheduler' and not pod.status()['agent_errors']
    assert 'scheduler -> strict.Scheduler' in pod.log()


def test_redbeat_of_the_application(beat, redis):
    pytest.importorskip('redbeat')
    pod = beat('--max-interval', '4',
               env={'TEST_CONF': "beat_scheduler='redbeat.RedBeatScheduler'"}).until_ready()
    pod.until(lambda: sent(redis) > 2, what='tasks')
    assert redis.cli('exists', 'redbeat::lock') == '1'
    assert pod.status()['scheduler'] == 'redbeat.schedulers.RedBeatScheduler'


@pytest.mark.parametrize('name, reason', [
    ('nowhere:Scheduler', "No module named 'nowhere'"),
    ('celery.beat:Nothing', "has no attribute 'Nothing'"),
    ('os:path', 'no scheduler'),
    ('cdk8s_celery_agent.beat:Scheduler', 'no scheduler'),
])
def test_a_scheduler_that_cannot_be_imported_ends_beat_with_one_line(beat, name, reason):
    pod = beat('-s', 'schedule', settings={'SCHEDULER': name})
    pod.until(lambda: pod.process.poll() is not None, what='the end')
    assert pod.process.returncode != 0
    line, = [line for line in pod.log().splitlines() if 'SCHEDULER' in line]
    assert name in line and reason in line and 'module:Class' in line
    assert 'Traceback' not in pod.log()


@pytest.mark.parametrize('statement', [
    'beat.BeatAgent.__init__ = lambda *_: 1 / 0',
    'beat.BeatAgent.ticked = lambda *_: 1 / 0',
    'beat.BeatAgent.look = lambda *_: 1 / 0',
    'beat.fcntl.flock = lambda *_: 1 / 0',
])
def test_a_broken_agent_leaves_beat_alone(beat, redis, tmp_path, statement):
    (tmp_path / 'sabotage.py').write_text(
        f'from cdk8s_celery_agent import beat\n{statement}\nScheduler = beat.Scheduler\n')
    pod = beat('-s', 'schedule', '-S', 'sabotage:Scheduler', env={'SABOTAGE': str(tmp_path)})
    pod.until(lambda: sent(redis) > 2, what='tasks')
    pod.until(lambda: 'agent error' in pod.log(), what='a line')
    assert pod.log().count('agent error') == 1 and 'Traceback' in pod.log()
