"""What is not acknowledged: the number of the database, and what a process has of it."""
import json
import time
from datetime import datetime

import pytest


def deliver(redis, prefix='', age=100):
    """As if a worker that has died had got two messages."""
    for tag, before in ('old', age), ('new', 5):
        redis.cli('hset', f'{prefix}unacked', tag, '[{}, "celery", "celery"]')
        redis.cli('zadd', f'{prefix}unacked_index', str(time.time() - before), tag)


@pytest.mark.parametrize('prefix', ['', 'shop:'])
def test_number_and_age_of_what_is_not_acknowledged(worker, redis, prefix):
    deliver(redis, prefix)
    conf = f"broker_transport_options={{'global_keyprefix': '{prefix}'}}" if prefix else ''
    pod = worker(env={'TEST_CONF': conf}).until_ready()
    status = pod.until(lambda: pod.status().get('unacked') is not None and pod.status())
    assert status['unacked'] == 2
    age = (datetime.fromisoformat(status['now'])
           - datetime.fromisoformat(status['oldest_unacked'])).total_seconds()
    assert 99 <= age < 140
    metrics = pod.get('/metrics')[1]
    assert 'celery_agent_unacked 2.0\n' in metrics
    assert 'celery_agent_oldest_unacked_timestamp_seconds 1' in metrics
    assert not status['agent_errors']


def test_nothing_is_known_where_redis_does_not_say(worker, redis):
    redis.cli('acl', 'setuser', 'default', '-hlen')
    pod = worker().until_ready()
    pod.until(lambda: pod.status()['looked_at'], what='a look')
    pod.throughout(pod.ready, 2)
    assert pod.status()['unacked'] is None and not pod.status()['agent_errors']
    assert 'unacked' not in pod.get('/metrics')[1]


def held(pod):
    code, body = pod.get('/held')
    assert code == 200, body
    return json.loads(body)


@pytest.mark.parametrize('pool', ['prefork', 'threads', 'solo', 'gevent'])
def test_held_is_what_runs_what_is_reserved_and_what_waits_for_its_time(worker, redis, pool):
    """Also what a rate limit holds back, which inspect shows nowhere."""
    pod = worker('--concurrency', '1', '--prefetch-multiplier', '0', pool=pool,
                 env={'TEST_CONF': 'task_acks_late=True'}).until_ready()
    assert held(pod)['complete'] and held(pod)['deliveries'] == []
    pod.send('limited', count=3)
    pod.until(lambda: pod.log().count('tasks.limited') >= 3, what='the limited ones')
    pod.send('add', 1, 1, countdown=600, task_id='scheduled')
    pod.until(lambda: 'scheduled' in held(pod)['tasks'], what='the scheduled one')
    pod.send('nap', 600, task_id='active')
    pod.send('nap', 600, task_id='reserved')

    def everything():
        in_redis = set(redis.cli('hkeys', 'unacked').split())
        # A solo worker has no time for a second message.
        ids = {'scheduled', 'active', 'reserved'} - ({'reserved'} if pool == 'solo' else set())
        return len(in_redis) >= 3 + len(ids) - 1 and set(held(pod)['deliveries']) == in_redis and (
            ids <= set(held(pod)['tasks']))
    pod.until(everything, 30, 'all of it')
    assert held(pod)['complete'] and held(pod)['hostname'] == pod.status()['hostname']
    assert pod.live() and not pod.status()['agent_errors']


def test_what_it_has_got_no_more_is_gone(worker, redis):
    pod = worker(env={'TEST_CONF': 'task_acks_late=True'}).until_ready()
    pod.send('nap', 4, task_id='short')
    pod.until(lambda: 'short' in held(pod)['tasks'], what='the task')
    assert len(held(pod)['deliveries']) == 1
    pod.until(lambda: 'short' not in held(pod)['tasks'], what='its end')
    assert held(pod)['deliveries'] == []


def test_a_worker_that_is_cut_off_says_that_it_does_not_know(worker, redis):
    pod = worker().until_ready()
    redis.kill()
    pod.until(lambda: not held(pod)['complete'], what='the loss of the connection')
