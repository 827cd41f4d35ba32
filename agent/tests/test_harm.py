"""What the agent must never take for a broken process, each with a real one: a restart would not
help, and would kill the tasks that run."""
import json
import os
import re
import signal

import celery
import pytest
import redis as redis_py
from conftest import FAST, Redis

#: Longer than every threshold of the tests.
LONG = 5
CELERY = tuple(int(part) for part in celery.__version__.split('.')[:2])

HANDLER = """
from celery.signals import worker_ready
@worker_ready.connect
def warm(**_):
    import time
    print('it warms up', flush=True)
    time.sleep({seconds})
"""
STEP = """
from celery import bootsteps
class Warm(bootsteps.StartStopStep):
    requires = ('celery.worker.consumer.tasks:Tasks',)
    def start(self, c):
        import time
        print('it warms up', flush=True)
        time.sleep({seconds})
app.steps['consumer'].add(Warm)
"""


@pytest.mark.parametrize('code', [HANDLER, STEP], ids=['handler', 'step'])
def test_b1_a_long_start_is_live_and_not_ready(worker, code):
    pod = worker(env={'TEST_CODE': code.format(seconds=4 * LONG)})
    pod.until(lambda: 'it warms up' in pod.log(), what='the handler')
    pod.send('add', 1, 1, count=2)
    pod.throughout(lambda: pod.live() and not pod.ready(), LONG)
    assert 'has not turned yet' in pod.get('/readyz')[1] or 'not connected' in pod.get('/readyz')[1]
    pod.until_ready()
    pod.until(lambda: pod.log().count('succeeded') == 2, what='work')
    assert pod.live() and not pod.status()['agent_errors']


def test_a_start_that_never_ends_is_not_live(worker):
    pod = worker(settings={'START_AFTER': '3'}, env={'TEST_CODE': HANDLER.format(seconds=3600)})
    pod.until(lambda: pod.not_live('though the broker answers'), what='the alarm')


def test_a_start_that_waits_for_its_broker_is_live(worker, redis):
    redis.signal(signal.SIGSTOP)
    pod = worker(settings={'START_AFTER': '3'})
    pod.until(pod.live, what='the agent')
    pod.throughout(pod.live, LONG + 2)
    redis.signal(signal.SIGCONT)
    pod.until_ready()


def test_a_shutdown_that_never_ends_is_not_live(worker):
    code = STEP.replace('def start', 'def stop').format(seconds=3600)
    pod = worker(settings={'START_AFTER': '3'}, env={'TEST_CODE': code}).until_ready()
    pod.signal(signal.SIGTERM)
    pod.until(lambda: pod.not_live('shutting down for'), what='the alarm')


JAM = """
from billiard import Pipe
from celery import bootsteps
class Jam(bootsteps.StartStopStep):
    requires = ('celery.worker.consumer.tasks:Tasks',)
    def stop(self, c):
        reader, self.writer = Pipe()
        reader.recv()
app.steps['consumer'].add(Jam)
"""


def test_a_shutdown_that_hangs_on_a_pool_process_is_not_live(worker):
    """As it does now and then when it ends by an error, with tasks (Celery 5.3 and 5.5)."""
    pod = worker(settings={'START_AFTER': '3'}, env={'TEST_CODE': JAM}).until_ready()
    pod.send('nap', 3600)
    pod.until(lambda: pod.status()['active'] == 1, what='the task')
    pod.signal(signal.SIGTERM)
    pod.until(lambda: pod.not_live('the rest of a message of a pool process'), what='the alarm')


def test_a_shutdown_that_waits_for_a_task_is_live(worker):
    pod = worker(settings={'START_AFTER': '3'}).until_ready()
    pod.send('nap', LONG + 3)
    pod.until(lambda: pod.status()['active'] == 1, what='the task')
    pod.signal(signal.SIGTERM)
    pod.throughout(pod.live, LONG)
    pod.until(lambda: pod.process.poll() == 0, what='its end')


@pytest.mark.parametrize('task', ['die', 'leave'])
def test_b2_crashing_tasks_do_not_condemn_a_pool_that_works(worker, task):
    pod = worker(env={'TEST_CODE': 'import sys\n@app.task\ndef leave(): sys.exit(1)\n'},
                 settings={'POOL_AFTER': '600'}).until_ready()
    crashes = 0
    for _ in range(5):
        pod.send(task, count=2)
        crashes += 2
        pod.until(lambda: pod.status()['pool_crashes'] >= crashes, what='the crashes')
        assert pod.live(), pod.log()
    pod.send('add', 1, 1, count=20)
    pod.until(lambda: pod.log().count('succeeded') == 20, what='all others')
    assert pod.live() and pod.status()['pool_crashes'] >= 10


def test_b4_c4_a_slow_broker_and_a_reconnect(worker, redis, proxy):
    pod = worker(env={'TEST_BROKER': proxy.url},
                 settings={'STALL_AFTER': '2', 'BROKER_TIMEOUT': '2'}).until_ready()
    pod.send('nap', 30, count=2)
    pod.until(lambda: pod.status()['active'] == 2, what='the tasks')
    proxy.delay = 0.4                      # below BROKER_TIMEOUT: to the agent it answers
    for each in redis.cli('client', 'list').splitlines():
        fields = dict(field.split('=', 1) for field in each.split())
        if fields['cmd'] in ('brpop', 'publish', 'subscribe', 'psubscribe'):
            redis.cli('client', 'kill', 'id', fields['id'])
    pod.until(lambda: not pod.ready(), 6, 'unreadiness')
    pod.throughout(pod.live, 3 * LONG)
    assert pod.status()['broker']['reachable_since']


def test_b5_paused_writes(worker, redis):
    pod = worker().until_ready()
    pod.signal(signal.SIGSTOP)
    pod.send('add', 1, 1, count=3)
    redis.cli('client', 'pause', '600000', 'write')
    pod.signal(signal.SIGCONT)
    pod.throughout(pod.live, LONG + 3)
    redis.cli('client', 'unpause')
    pod.until(lambda: pod.log().count('succeeded') == 3, what='work')


def test_b7_the_agent_asks_the_broker_that_the_worker_is_on(worker, redis, tmp_path):
    folder = tmp_path / 'other'
    folder.mkdir()
    other = Redis(folder).start()
    try:
        other.cli('lpush', 'celery', *['{}'] * 5)        # old messages that nobody is to take
        pod = worker(env={'TEST_BROKER': f'{redis.url};{other.url}',
                          'TEST_BACKEND': redis.url}).until_ready()
        redis.signal(signal.SIGSTOP)
        pod.until(lambda: pod.status()['broker']['error'], what='the silence')
        redis.signal(signal.SIGCONT)
        pod.until(lambda: pod.status()['broker']['reachable_since'], what='the answer')
        pod.throughout(pod.live, LONG)
        assert pod.status()['queues'] == {'celery': 0}
        # And it goes with the worker where that goes.
        redis.kill()
        pod.until(lambda: (status := pod.status()) and status['broker']['reachable_since']
                  and status['consuming_since'], 40, 'the failover')
        assert pod.live()
    finally:
        other.kill()


def test_b8_beat_is_judged_by_the_broker_that_it_writes_to(beat, redis, tmp_path):
    folder = tmp_path / 'write'
    folder.mkdir()
    write = Redis(folder).start()
    try:
        pod = beat('-s', 'schedule', env={
            'TEST_CONF': f"broker_read_url={redis.url!r}, broker_write_url={write.url!r}"})
        pod.until_ready()
        pod.until(lambda: int(write.cli('llen', 'celery')) > 1, what='tasks')
        write.signal(signal.SIGSTOP)
        pod.throughout(pod.live, LONG)
        pod.until(lambda: not pod.ready(), what='unreadiness')
        write.signal(signal.SIGCONT)
        pod.until_ready()
    finally:
        write.kill()


@pytest.mark.skipif(CELERY < (5, 5), reason='there is no soft shutdown')
@pytest.mark.parametrize('how', ['REMAP_SIGTERM', 'SIGQUIT'])
def test_b9_c4_a_soft_shutdown_is_live_and_not_ready(worker, how):
    pod = worker(env={'TEST_CONF': 'worker_soft_shutdown_timeout=60',
                      **({how: 'SIGQUIT'} if how == 'REMAP_SIGTERM' else {})}).until_ready()
    pod.send('nap', LONG + 2)
    pod.until(lambda: pod.status()['active'] == 1, what='the task')
    pod.signal(signal.SIGTERM if how == 'REMAP_SIGTERM' else signal.SIGQUIT)
    pod.until(lambda: pod.get('/readyz') == (503, 'not ready: shutting down\n'), 2, 'unreadiness')
    pod.throughout(pod.live, LONG)


def test_c4_a_shutdown_that_was_asked_for_by_remote_control(worker):
    pod = worker().until_ready()
    pod.send('nap', 30)
    pod.until(lambda: pod.status()['active'] == 1, what='the task')
    pod.run('tasks.app.control.shutdown()')
    pod.until(lambda: pod.get('/readyz') == (503, 'not ready: shutting down\n'), 10, 'unreadiness')


def test_b10_two_beats_with_schedules_of_their_own_are_no_rivals(beat, redis):
    def conf(name):
        entry = {'task': 'tasks.add', 'schedule': 0.5}
        return {'TEST_CONF': f'beat_schedule={ {name: entry}!r}'}
    pods = [beat('-s', name, env=conf(name)).until_ready() for name in ('one', 'two')]
    for pod in pods:
        pod.until(lambda: len(redis.cli('keys', 'cdk8s-celery-agent.beat.*').split()) == 2)
        pod.throughout(lambda: pod.status()['rival'] == '', 2)
        assert 'two Beats' not in pod.log()


def test_b12_under_eventlet_there_is_one_line_and_no_port(worker):
    pytest.importorskip('eventlet')
    pod = worker(pool='eventlet')
    pod.until(lambda: 'ready.' in pod.log(), 30, 'a worker')
    assert pod.log().count('eventlet is not supported') == 1
    assert pod.get('/livez')[0] == 0
    pod.send('add', 1, 1)
    pod.until(lambda: 'succeeded' in pod.log(), what='work')


def test_tasks_with_an_eta_and_a_rate_limit_hold_no_slot(worker):
    """What the pool has not got it cannot be slow to start."""
    pod = worker(env={'TEST_CODE': 'app.tasks["tasks.limited"].rate_limit = "1/m"'}).until_ready()
    pod.send('add', 1, 1, count=20, countdown=3600)
    pod.send('limited', count=20)
    pod.until(lambda: pod.log().count('received') > 10, what='messages')
    pod.throughout(pod.live, 2 * LONG)


def test_a_worker_that_the_application_starts_without_consumers(worker):
    """It would be started so again. (Queues may be added to it at run time.)"""
    pod = worker('-X', 'celery').until_ready()
    pod.throughout(pod.ready, LONG)
    pod.control('add_consumer', 'later')
    pod.until(lambda: pod.status()['queues'] == {'later': 0}, what='the queue')
    pod.control('cancel_consumer', 'later')
    pod.until(lambda: pod.not_live('cancelled on all its queues'), what='the alarm')


@pytest.mark.parametrize('options', [{'expires': -10}, {'time_limit': 1}], ids=['expired', 'limit'])
def test_a_result_backend_that_hangs_is_no_reason(worker, tmp_path, options):
    """The main process stores results of its own, and waits for it; pool processes run tasks."""
    folder = tmp_path / 'backend'
    folder.mkdir()
    backend = Redis(folder).start()
    try:
        pod = worker(env={'TEST_BACKEND': backend.url}).until_ready()
        pod.send('nap', 3 * LONG)
        pod.until(lambda: pod.status()['active'] == 1, what='the task')
        backend.signal(signal.SIGSTOP)
        pod.environ['TEST_BACKEND'] = 'cache+memory://'      # the sender would wait for it, too
        pod.send('nap', 3600, **options)
        pod.send('add', 1, 1, count=5)
        pod.until(lambda: 'has not turned' in pod.get('/readyz')[1], what='the standstill')
        pod.throughout(pod.live, LONG)
        backend.signal(signal.SIGCONT)
        pod.until_ready()
        pod.until(lambda: pod.log().count('succeeded') == 6, what='work')
    finally:
        backend.kill()


@pytest.mark.skipif(redis_py.VERSION[0] < 5, reason='it connects without waiting for an answer')
def test_a_result_backend_that_hangs_is_no_reason_for_beat(beat, tmp_path):
    """It subscribes there to the result of each task that it sends."""
    folder = tmp_path / 'backend'
    folder.mkdir()
    backend = Redis(folder).start()
    try:
        pod = beat('-s', 'schedule', env={'TEST_BACKEND': backend.url,
                                          'TEST_EVERY': '2'}).until_ready()
        pod.until(lambda: pod.log().count('Sending due task') > 1, what='tasks')
        for kind in 'normal', 'pubsub':                      # before the next task
            backend.cli('client', 'kill', 'type', kind)
        backend.signal(signal.SIGSTOP)
        pod.until(lambda: 'late' in pod.get('/readyz')[1], what='the standstill')
        pod.throughout(pod.live, LONG)
    finally:
        backend.kill()


HANGS = """
import os
import time
from kombu.transport import TRANSPORT_ALIASES, filesystem
class Channel(filesystem.Channel):
    def _put(self, *args, **kwargs):
        while os.path.exists('hangs'):
            time.sleep(0.1)
        super()._put(*args, **kwargs)
class Transport(filesystem.Transport):
    Channel = Channel
    driver_type = 'other'
TRANSPORT_ALIASES['other'] = 'tasks:Transport'
os.makedirs('messages', exist_ok=True)
app.conf.broker_transport_options = {'data_folder_in': 'messages', 'data_folder_out': 'messages'}
"""


def test_beat_and_a_broker_of_which_nothing_can_be_asked(beat, tmp_path):
    """On SQS it publishes by HTTP, and opens no connection that could fail."""
    pod = beat('-s', 'schedule', env={'TEST_BROKER': 'other://localhost', 'TEST_CODE': HANGS,
                                      'TEST_BACKEND': 'cache+memory://'}).until_ready()
    pod.until(lambda: pod.log().count('Sending due task') > 1, what='tasks')
    (tmp_path / 'hangs').touch()
    pod.until(lambda: 'late' in pod.get('/readyz')[1], what='the standstill')
    pod.throughout(pod.live, LONG)
    (tmp_path / 'hangs').unlink()
    pod.until_ready()
    assert not pod.status()['agent_errors']


KEEPS = """
import time
from celery import Task
class Batches(Task):
    Strategy = 'tasks:strategy'
def strategy(task, app, consumer, **_):
    def handle(message, body, ack, reject, callbacks, **_):
        pool = consumer.pool
        pool.apply_async(time.sleep, (8,), accept_callback=print, callback=print)
        message.ack()
        print('the batch has ended', flush=True)
    return handle
@app.task(base=Batches)
def batch():
    pass
"""


def test_a_batch_holds_the_loop_of_a_solo_worker(worker):
    """celery-batches: the pool runs what Celery does not know as a task."""
    pod = worker(pool='solo', env={'TEST_CODE': KEEPS}).until_ready()
    pod.send('batch')
    pod.until(lambda: 'the batch has ended' in pod.log() or not pod.live(), what='an end')
    assert pod.live(), pod.get('/status')[1] + pod.log()
    assert 'the batch has ended' in pod.log()


# RabbitMQ

def amqp(rabbit, queue, conf='', **env):
    return {'TEST_BROKER': rabbit.url, 'TEST_BACKEND': 'cache+memory://',
            'TEST_CONF': f'task_default_queue={queue!r}, {conf}', **env}


#: One node for all of them.
on_rabbit = pytest.mark.xdist_group('rabbit')


@pytest.fixture
def alarm(rabbit):
    """RabbitMQ is short of memory: it reads nothing from those who publish."""
    def start():
        rabbit.ctl('set_vm_memory_high_watermark', '0.000001')

    def stop():
        rabbit.ctl('set_vm_memory_high_watermark', '0.4')
    yield start, stop
    stop()


@on_rabbit
def test_b3_beat_under_an_alarm_of_rabbitmq(beat, rabbit, alarm):
    pod = beat('-s', 'schedule', env=amqp(
        rabbit, 'alarm-beat', "broker_transport_options={'confirm_publish': True}")).until_ready()
    pod.until(lambda: pod.log().count('Sending due task') > 1, what='tasks')
    alarm[0]()
    pod.throughout(pod.live, 2 * LONG)
    pod.until(lambda: not pod.ready(), what='unreadiness')
    alarm[1]()
    pod.until_ready()


@on_rabbit
def test_b3_a_worker_under_an_alarm_of_rabbitmq(worker, rabbit, alarm):
    pod = worker('-E', '--prefetch-multiplier', '1', env=amqp(rabbit, 'alarm-worker')).until_ready()
    pod.send('nap', 0.05, count=1000)
    pod.until(lambda: 'succeeded' in pod.log(), what='work')
    alarm[0]()
    pod.throughout(pod.live, LONG)
    rabbit.ctl('close_all_connections', 'a test')
    pod.throughout(pod.live, 2 * LONG)
    alarm[1]()
    pod.until_ready()


@on_rabbit
@pytest.mark.skipif(CELERY < (5, 5), reason='quorum queues came with 5.5')
def test_b6_a_quorum_queue_full_of_messages_with_an_eta(worker, rabbit):
    quorum = ("from kombu import Queue\n"
              "arguments = {'x-queue-type': 'quorum'}\n"
              "app.conf.task_queues = [Queue('quorum', queue_arguments=arguments)]\n")
    pod = worker('--prefetch-multiplier', '1', concurrency=1, env=amqp(
        rabbit, 'quorum', "task_default_exchange='quorum', task_default_routing_key='quorum'",
        TEST_CODE=quorum)).until_ready()
    # A producer that does not know of what kind the queue is, so that no exchange delays them.
    pod.run("""
import datetime, uuid
eta = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=3)).isoformat()
with tasks.app.connection_for_write() as connection:
    for each in [eta] * 4 + [None] * 4:
        name = str(uuid.uuid4())
        connection.Producer().publish(
            ([1, 1], {}, {}), exchange='', routing_key='quorum', serializer='json',
            correlation_id=name, headers={'lang': 'py', 'task': 'tasks.add', 'id': name,
            'root_id': name, 'parent_id': None, 'eta': each, 'retries': 0,
            'timelimit': [None, None], 'argsrepr': '', 'kwargsrepr': '', 'origin': 'a test'})
""")
    pod.until(lambda: (pod.status()['queues'] or {}).get('quorum'), what='messages that wait')
    pod.throughout(pod.live, 2 * LONG)
    assert pod.status()['room'] is False and not pod.status()['agent_errors']


@on_rabbit
def test_b11_an_exclusive_queue_is_an_answer(worker, rabbit):
    code = ("from kombu import Queue\n"
            "app.conf.task_queues=[Queue('plain'), Queue('own', exclusive=True)]\n")
    pod = worker(env=amqp(rabbit, 'plain', TEST_CODE=code)).until_ready()
    pod.until(lambda: pod.status()['queues'] == {'plain': 0, 'own': None}, what='the depths')
    pod.throughout(pod.ready, LONG)
    assert pod.status()['broker']['error'] == '' and not pod.status()['agent_errors']
    # RabbitMQ writes each refusal into its log, and there is a look every 200 ms.
    log = (rabbit.folder / 'rabbit.log').read_text() + ''.join(
        path.read_text() for path in rabbit.folder.glob('*@localhost.log'))
    assert 1 <= log.count("operation queue.declare caused a channel exception resource_locked") < 5


@on_rabbit
@pytest.mark.parametrize('pool', ['prefork', 'threads', 'solo', 'gevent'])
def test_rabbitmq(worker, rabbit, pool):
    pod = worker(pool=pool, env=amqp(rabbit, f'smoke-{pool}')).until_ready()
    pod.send('add', 1, 1, count=20)
    pod.until(lambda: pod.log().count('succeeded') == 20, what='work')
    pod.throughout(pod.ready, 2)
    assert pod.status()['missing_parts'] == {} and not pod.status()['agent_errors']
    pod.signal(signal.SIGTERM)
    pod.until(lambda: pod.process.poll() == 0, what='its end')


# What is broken, and was not seen

def children(pid):
    with open(f'/proc/{pid}/task/{pid}/children') as file:
        return [int(child) for child in file.read().split()]


def test_c1_pool_processes_that_hang(worker):
    pod = worker('--prefetch-multiplier', '1').until_ready()
    stopped = children(pod.pid)
    for child in stopped:
        os.kill(child, signal.SIGSTOP)
    pod.send('add', 1, 1, count=10)
    pod.until(lambda: pod.not_live('the pool has not started a task'), 30, 'the alarm')
    assert not pod.ready()
    for child in stopped:
        os.kill(child, signal.SIGCONT)
    pod.until(lambda: pod.log().count('succeeded') == 10, what='work')
    pod.until(pod.live, what='health')


def test_c1_one_pool_process_of_two_that_hangs(worker):
    """The other goes on, so that tasks start and end all the time."""
    pod = worker('--prefetch-multiplier', '1').until_ready()
    os.kill(children(pod.pid)[0], signal.SIGSTOP)
    pod.send('nap', 0.05, count=400)
    pod.until(lambda: pod.not_live('the pool has not started a task'), 30, 'the alarm')
    assert pod.log().count('succeeded') > 10


DEAFENED = """
from celery.signals import worker_ready
@worker_ready.connect
def deafen(sender, **_):
    type(sender.task_consumer.channel)._brpop_start = lambda channel, timeout=1: None
"""


def test_c2_one_deaf_worker_among_healthy_ones(worker):
    """What a lost subscription looks like, while the other worker empties the queue."""
    healthy = worker('-n', 'healthy@%h').until_ready()
    pod = worker('-n', 'deaf@%h', env={'TEST_CODE': DEAFENED})
    healthy.send('nap', 0.01, count=50)
    pod.until(lambda: pod.not_live('its connection to the broker has got no'), 30, 'the alarm')
    assert not pod.ready() and healthy.ready()
    assert 'received' not in pod.log() and healthy.log().count('succeeded') == 50


@pytest.mark.parametrize('pool', ['prefork', 'threads', 'solo', 'gevent'])
def test_a_standstill_is_found_and_a_restart_heals_it(worker, redis, proxy, pool):
    """Its connections died with their node; the broker answers the agent, and it does not move."""
    options = ('--task-events', '--without-gossip', '--without-mingle')
    pod = worker(*options, pool=pool, env={'TEST_BROKER': proxy.url}).until_ready()
    pod.until(lambda: pod.status()['broker']['reachable_since'], what='the broker')
    proxy.kill_connections()
    pod.until(lambda: pod.get('/livez')[0] == 503, 30, 'the alarm')
    assert re.search('has not turned|got no answer', pod.get('/livez')[1])
    assert not pod.ready()
    pod.kill()
    pod = worker(*options, pool=pool, env={'TEST_BROKER': proxy.url}).until_ready()
    pod.send('add', 1, 1)
    pod.until(lambda: 'succeeded' in pod.log(), what='work')


def test_a_beat_that_hangs_in_its_publish_is_found(beat, redis, proxy):
    pod = beat('-s', 'schedule', env={'TEST_BROKER': proxy.url}).until_ready()
    pod.until(lambda: int(redis.cli('llen', 'celery') or 0) > 1, what='tasks')
    proxy.kill_connections()
    pod.until(lambda: pod.not_live('late and the broker answers'), 30, 'the alarm')
    assert not pod.ready()


@pytest.mark.parametrize('pool', ['prefork', 'threads', 'solo', 'gevent'])
def test_an_idle_worker_gets_an_answer_all_the_time(worker, pool):
    pod = worker(pool=pool, settings={**FAST, 'DEAF_AFTER': '2'}).until_ready()
    pod.throughout(pod.ready, 2 * LONG)


def test_c3_status_says_that_the_prefetch_is_full(worker):
    pod = worker('--prefetch-multiplier', '1').until_ready()
    pod.until(lambda: pod.status()['room'] is True, what='room')
    pod.send('nap', 30, count=4)
    pod.until(lambda: pod.status()['active'] == 2, what='the tasks')
    pod.until(lambda: pod.status()['room'] is False, what='none')
    assert json.loads(pod.get('/status')[1])['prefetch'] == 2
