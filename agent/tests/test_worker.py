"""Real workers: what is broken is noticed, what is only busy or cut off is left alone."""
import os
import re
import signal
import sys
import time

import pytest
from conftest import build_venv

POOLS = ['prefork', 'threads', 'solo', 'gevent']
#: Longer than every threshold of the tests.
LONG = 5


def children(pid):
    with open(f'/proc/{pid}/task/{pid}/children') as file:
        return [int(child) for child in file.read().split()]


@pytest.mark.parametrize('pool', POOLS)
def test_every_pool_is_ready_works_and_ends_warmly(worker, redis, pool):
    pod = worker(pool=pool).until_ready()
    status = pod.until(lambda: pod.status().get('looked_at') and pod.status())
    assert status['pool'] == {'threads': 'thread'}.get(pool, pool)
    assert status['concurrency'] == (1 if pool == 'solo' else 2)
    assert status['queues'] == {'celery': 0} and status['not_consumed'] == []
    assert status['broker']['reachable_since'] and not status['agent_errors']

    pod.send('nap', 4)
    pod.until(lambda: pod.status()['active'] == 1, what='the task')
    assert pod.status()['last_receipt']
    pod.signal(signal.SIGTERM)
    pod.until(lambda: pod.get('/readyz') == (503, 'not ready: shutting down\n'), what='shutdown')
    assert pod.live()
    pod.until(lambda: pod.process.poll() is not None, what='the end')
    assert pod.process.returncode == 0
    assert 'tasks.nap' in pod.log() and 'succeeded' in pod.log()


@pytest.mark.parametrize('pool, task', [
    ('solo', 'nap'), ('solo', 'burn'), ('threads', 'burn'), ('gevent', 'burn'),
    ('prefork', 'burn')])
def test_no_false_alarm_while_long_tasks_hold_the_worker(worker, pool, task):
    pod = worker(pool=pool).until_ready()
    pod.send(task, LONG, count=3)
    pod.until(lambda: 'received' in pod.log(), what='the task')
    pod.throughout(pod.live, LONG)
    pod.until(lambda: pod.log().count('succeeded') == 3 and pod.ready(), 40, 'all tasks')
    assert pod.live() and not pod.status()['agent_errors']


def test_no_false_alarm_with_a_deep_queue(worker):
    pod = worker('--prefetch-multiplier', '1').until_ready()
    pod.send('nap', 1.5, count=200)
    pod.send('nap', LONG, count=9800)
    pod.until(lambda: pod.status()['queues']['celery'] > 9000, what='depth')
    pod.throughout(pod.ready, LONG)


@pytest.mark.parametrize('options', [{'countdown': 3600}, {}])
def test_no_false_alarm_while_messages_are_held_back(worker, options):
    """By a rate limit; by a countdown nothing may be held back."""
    task = 'add' if options else 'limited'
    args = (1, 1) if options else ()
    pod = worker('--prefetch-multiplier', '1').until_ready()
    pod.send(task, *args, count=30, **options)
    pod.until(lambda: 'received' in pod.log(), what='a message')
    if not options:
        pod.until(lambda: pod.status()['queues']['celery'] > 20, what='depth')
    pod.throughout(pod.ready, LONG)


def test_no_false_alarm_while_processes_are_recycled_and_told_to_end(worker):
    pod = worker('--max-tasks-per-child', '1', '--time-limit', '1').until_ready()
    pod.send('add', 1, 1, count=40)
    pod.send('nap', 30, count=12)
    pod.until(lambda: pod.log().count('Hard time limit') >= 12, 40, 'time limits')
    assert pod.status()['pool_crashes'] == 0, pod.log()
    assert pod.ready()


def test_one_killed_pool_process_is_no_reason(worker):
    pod = worker().until_ready()
    pod.send('die')
    pod.until(lambda: pod.status()['pool_crashes'] == 1, what='the crash')
    assert pod.ready()
    pod.until(lambda: pod.status()['pool_crashes'] == 0, what='oblivion')


def test_pool_processes_killed_in_a_loop(worker):
    pod = worker(settings={'POOL_AFTER': '60'}).until_ready()

    def killed_until_noticed():
        for child in children(pod.pid):
            os.kill(child, signal.SIGKILL)
        pod.until(lambda: len(children(pod.pid)) == 2, what='new children')
        return pod.not_live('respawn in a loop')
    pod.until(killed_until_noticed, 60, what='the loop')


def test_deaf_after_a_redis_kill(worker, redis):
    """kombu 5.3.2 forgets to listen after a reconnect, and everything else in it goes on."""
    python = build_venv('deaf', 'celery[redis]==5.3.4', 'kombu==5.3.2')
    pod = worker(python=python).until_ready()
    for _ in range(30):                    # a race: seen at the first kill, and at the sixth
        redis.kill()
        pod.until(lambda: not pod.ready(), what='the loss')
        redis.start()
        pod.until(lambda: pod.status()['consuming_since'] and not pod.status()['broker']['error'])
        pod.send('add', 1, 1)
        if pod.until(lambda: 'succeeded' in pod.log() or pod.not_live('deaf: messages wait'),
                     30, 'work or deafness') and pod.not_live('deaf'):
            break
        pod.log_path.write_text('')
    assert pod.not_live('1 in celery'), pod.log()
    assert not pod.ready()


@pytest.mark.parametrize('pool', POOLS)
def test_broker_down_is_no_reason(worker, redis, pool):
    pod = worker(pool=pool).until_ready()
    pod.send('nap', 4, count=2)
    pod.until(lambda: pod.status()['active'] >= 1, what='the tasks')
    redis.kill()
    pod.throughout(pod.live, LONG)
    pod.until(lambda: not pod.ready(), what='unreadiness')
    redis.start()
    pod.until_ready()
    pod.send('add', 1, 1)
    pod.until(lambda: re.search(r'tasks.add\[.* succeeded', pod.log()), 30, 'work')
    assert pod.ready() and not pod.status()['agent_errors']


@pytest.mark.parametrize('pool', ['prefork', 'gevent'])
def test_broker_that_hangs_is_no_reason(worker, redis, pool):
    pod = worker(pool=pool).until_ready()
    redis.signal(signal.SIGSTOP)
    pod.throughout(pod.live, LONG + 2)
    pod.until(lambda: 'has not answered' in pod.get('/readyz')[1], what='unreadiness')
    redis.signal(signal.SIGCONT)
    pod.until_ready()
    pod.throughout(pod.live, 4)
    assert not pod.status()['agent_errors']


def test_broker_that_refuses_from_the_start(worker, redis):
    redis.cli('config', 'set', 'requirepass', 'secret')
    pod = worker()
    pod.until(pod.live, what='the agent')
    pod.throughout(lambda: pod.live() and not pod.ready(), LONG)
    assert 'not connected to the broker' in pod.get('/readyz')[1]
    assert pod.status()['queues'] == {'celery': None}
    assert 'celery_agent_ready 0.0' in pod.get('/metrics')[1]


def test_cancelled_consumers(worker):
    pod = worker('-Q', 'one,two').until_ready()
    pod.control('cancel_consumer', 'one')
    pod.until(lambda: pod.get('/readyz') == (503, 'not ready: not consuming from one\n'))
    pod.throughout(pod.live, LONG)
    pod.control('add_consumer', 'one')
    pod.control('add_consumer', 'three')
    pod.until_ready()
    pod.until(lambda: set(pod.status()['queues']) == {'one', 'two', 'three'})
    for queue in 'one', 'two', 'three':
        pod.control('cancel_consumer', queue)
    pod.until(lambda: pod.not_live('cancelled on all its queues'))


def test_stopped_process_does_not_answer_and_recovers(worker):
    pod = worker().until_ready()
    pod.send('nap', 60, count=20)
    pod.until(lambda: pod.status()['active'] == 2, what='the tasks')
    pod.signal(signal.SIGSTOP)
    assert pod.get('/livez', timeout=LONG)[0] == 0
    pod.signal(signal.SIGCONT)
    pod.throughout(pod.live, 3)            # it judges nothing by what it slept through


def test_stalled_event_loop(worker, tmp_path):
    """A timer callback that never returns holds the loop, though no task runs."""
    (tmp_path / 'stall.py').write_text(
        'import time\nfrom celery.signals import worker_ready\n'
        '@worker_ready.connect\ndef stall(sender, **_):\n'
        '    sender.timer.call_after(2, time.sleep, (3600,))\n')
    pod = worker(includes='stall').until_ready()
    pod.until(lambda: pod.not_live('the event loop has not turned'))


def test_autoscale_and_pool_changes(worker):
    pod = worker('--autoscale', '4,1').until_ready()
    pod.send('nap', 1, count=8)
    pod.until(lambda: pod.status()['concurrency'] > 1, what='growth')
    pod.until(lambda: pod.log().count('succeeded') == 8, 30, 'all tasks')
    pod.control('pool_grow', '1')
    pod.control('pool_shrink', '1')
    pod.throughout(pod.ready, LONG)
    assert pod.status()['pool_crashes'] == 0


def test_bad_settings_and_a_taken_port_are_one_line_each(worker, redis):
    pod = worker(settings={'PORT': str(redis.port), 'DEAF_AFTER': 'soon', 'STALL_AFTER': '0.1'})
    pod.until(lambda: 'ready.' in pod.log(), what='a worker')
    pod.send('add', 1, 1)
    pod.until(lambda: 'succeeded' in pod.log(), what='work')
    lines = [line for line in pod.log().splitlines() if 'ERROR' in line]
    assert [word in line for line, word in zip(lines, (
        "DEAF_AFTER='soon': must be a number of seconds", 'STALL_AFTER=0.1: must be at least twice',
        f'cannot listen on 127.0.0.1:{redis.port}'))] == [True] * 3, lines
    assert len(lines) == 3


def test_takes_the_port_when_it_becomes_free(worker, redis):
    pod = worker()
    second = worker('-n', 'second@%h', settings={'PORT': str(pod.port)})
    for each in pod, second:
        each.until(lambda: 'ready.' in each.log(), what='a worker')
    loser, winner = (pod, second) if 'cannot listen' in pod.log() else (second, pod)
    winner.kill()
    pod.until(lambda: pod.status().get('hostname', '').startswith(
        'second' if loser is second else 'celery'))


@pytest.mark.parametrize('owner', ['worker.WorkerAgent._has_room', 'broker.Broker.depth'])
def test_an_error_of_the_agent_reads_as_live_and_ready(worker, tmp_path, owner):
    """Not ready would stop a release."""
    (tmp_path / 'sabotage.py').write_text(
        'from cdk8s_celery_agent import broker, worker\n'
        f'{owner} = lambda *_: 1 / 0\n')
    pod = worker(includes='sabotage')
    pod.until(lambda: pod.status().get('agent_errors'), what='the error')
    pod.until_ready()
    pod.throughout(pod.ready, 4)
    assert pod.log().count('agent error, read as live') == 1
    error, = pod.status()['agent_errors']
    assert error['count'] > 5 and 'division by zero' in error['error']
    pod.send('add', 1, 1)
    pod.until(lambda: 'succeeded' in pod.log(), what='work')


@pytest.mark.parametrize('statement', [
    'worker.WorkerAgent.__init__ = lambda *_: 1 / 0',
    'worker.WorkerAgent.tick = lambda *_: 1 / 0',
    'worker.WorkerAgent.consumer_up = lambda *_: 1 / 0',
    'agent.Agent._watch = lambda *_: 1 / 0',
    'agent.celery_version = "6.0.0"',
])
def test_a_broken_agent_leaves_the_worker_alone(worker, tmp_path, statement):
    (tmp_path / 'sabotage.py').write_text(
        f'from cdk8s_celery_agent import agent, worker\n{statement}\n')
    pod = worker(includes='sabotage')
    pod.until(lambda: 'ready.' in pod.log(), what='a worker')
    pod.send('add', 1, 1)
    pod.until(lambda: 'succeeded' in pod.log(), what='work')


@pytest.mark.parametrize('pool, queues', [('gevent', 16), ('prefork', 40)])
def test_many_queues_and_a_slow_broker(worker, proxy, pool, queues):
    """The deadline is of each question, not of all, which take 3 s and 8 s: longer than most
    thresholds here, and than the time for which a look says something. Such a broker also holds
    the loop for some seconds of each turn."""
    proxy.delay = 0.2
    names = ','.join(f'queue-{number}' for number in range(queues))
    pod = worker('-Q', names, '--without-gossip', '--without-mingle', pool=pool,
                 env={'TEST_BROKER': proxy.url}, settings={'INTERVAL': '1', 'STALL_AFTER': '12'})
    pod.until(lambda: pod.status().get('broker', {}).get('reachable_since'), 40, 'an answer')
    pod.until(pod.ready, 60, 'readiness')
    pod.throughout(pod.ready, 5 * LONG)
    assert pod.status()['broker']['error'] == ''


def test_broker_load_is_one_command_per_queue_and_interval(worker, redis):
    pod = worker('-Q', 'one,two', settings={'INTERVAL': '0.5'}).until_ready()

    def calls():
        stats = redis.cli('info', 'commandstats').splitlines()
        return {line[8:].split(':')[0]: int(line.split('calls=')[1].split(',')[0])
                for line in stats if line.startswith('cmdstat_')}
    # What is not acknowledged is asked for in the second look, and every 30 seconds then.
    pod.until(lambda: calls().get('llen', 0) > 4 and calls().get('hlen'), what='the first looks')
    started, before = time.monotonic(), calls()
    pod.until(lambda: calls()['llen'] >= before['llen'] + 20, 30, 'ten intervals of two queues')
    grown = {name: n - before.get(name, 0) for name, n in calls().items()}
    looks = (time.monotonic() - started) / 0.5 + 1
    # All else is the worker's own.
    own = {'llen', 'brpop', 'info', 'publish'}
    assert {name for name, n in grown.items() if n} <= own, grown
    assert 20 <= grown['llen'] <= 2 * looks


def test_priorities_and_missing_queues(worker, redis):
    pod = worker('-Q', 'one', '--prefetch-multiplier', '1', concurrency=1).until_ready()
    pod.send('nap', 60, count=3, queue='one')
    redis.cli('lpush', 'one\x06\x169', '{}')
    pod.until(lambda: pod.status()['queues'] == {'one': 2}, what='both lists')


def test_metrics(worker):
    pod = worker('--without-heartbeat', '--without-gossip', '--without-mingle').until_ready()
    pod.until(lambda: 'celery_agent_queue_depth{queue="celery"} 0.0' in pod.get('/metrics')[1])
    body = pod.get('/metrics')[1]
    assert 'celery_agent_live 1.0' in body and 'celery_agent_broker_up 1.0' in body
    assert all(line.startswith(('celery_agent_', '# ')) for line in body.splitlines())


@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_pool_processes_keep_neither_the_port_nor_clients(worker):
    pod = worker('--max-tasks-per-child', '1').until_ready()
    pod.send('add', 1, 1, count=2)         # two more children, forked while the agent serves
    pod.until(lambda: pod.log().count('succeeded') == 2, what='work')
    pod.until(lambda: len(children(pod.pid)) == 2)

    def sockets(pid):
        links = (f'/proc/{pid}/fd/{fd}' for fd in os.listdir(f'/proc/{pid}/fd'))
        return {os.readlink(link) for link in links if os.path.islink(link)}
    with open(f'/proc/{pod.pid}/net/tcp') as file:
        rows = [line.split() for line in file][1:]
    listener = {f'socket:[{row[9]}]' for row in rows
                if row[3] == '0A' and int(row[1].split(':')[1], 16) == pod.port}
    assert listener & sockets(pod.pid)
    assert not any(listener & sockets(child) for child in children(pod.pid))
