"""What the agent needs of Celery, kombu and billiard: each part is taken away once."""
import json
from pathlib import Path
from types import SimpleNamespace

import billiard.pool
import celery.concurrency.asynpool
import celery.worker.state
import pytest

from cdk8s_celery_agent import health, parts, versions

ROOT = Path(__file__).parent.parent.parent


class Pool:                                # `type(pool).__module__` says of what kind it is
    pass


Pool.__module__ = 'celery.concurrency.prefork'


class AsynPool:
    pass


AsynPool.__module__ = 'celery.concurrency.asynpool'


def consumer():
    """All that is looked for, as the objects of Celery have it."""
    process = type('Process', (), {'exitcode': None})()
    process._controlled_termination = False
    inner = AsynPool()
    inner.__dict__.update(_pool=[process], on_hard_timeout=print, sched_strategy=4)
    pool = Pool()
    pool.__dict__.update(num_processes=1, _pool=inner)
    channel = SimpleNamespace(
        _q_for_pri=print, priority_steps=[0], qos=SimpleNamespace(can_consume=print),
        brpop_timeout=1, active_queues=set(), client=SimpleNamespace(connection=None))
    return SimpleNamespace(
        call_soon=print, loop=consumer, create_task_handler=print, qos=SimpleNamespace(value=1),
        initial_prefetch_count=1, task_buckets={}, hub=object(), pool=pool,
        task_consumer=SimpleNamespace(consuming_from=print, channel=channel),
        connection=SimpleNamespace(
            clone=print, as_uri=print, cycle=None, _connection=None,
            transport=SimpleNamespace(driver_type='redis', cycle=None)))


#: What is taken away, from where, and which rules are then off.
TAKEN = [
    ('call_soon', '', set(parts.LOOP)),
    ('loop', '', {'stalled'}),
    ('create_task_handler', '', {'deaf'}),
    ('value', 'qos', {'deaf'}),
    ('initial_prefetch_count', '', {'deaf'}),
    ('task_buckets', '', {'deaf'}),
    ('consuming_from', 'task_consumer', {'deaf', 'cut_off', 'cancelled'}),
    ('clone', 'connection', {'stalled', 'deaf', 'cut_off', 'absent', 'lingering'}),
    ('_connection', 'connection', {'stalled', 'deaf', 'cut_off', 'absent', 'lingering'}),
    ('_q_for_pri', 'task_consumer.channel', {'deaf'}),
    ('priority_steps', 'task_consumer.channel', {'deaf'}),
    ('can_consume', 'task_consumer.channel.qos', {'deaf', 'cut_off'}),
    ('brpop_timeout', 'task_consumer.channel', {'cut_off'}),
    ('active_queues', 'task_consumer.channel', {'cut_off'}),
    ('connection', 'task_consumer.channel.client', {'cut_off'}),
    ('num_processes', 'pool', {'deaf', 'hung', 'childless', 'crashing'}),
    ('_pool', 'pool._pool', {'childless', 'crashing'}),
    ('_controlled_termination', 'pool._pool._pool.0', {'crashing'}),
    ('on_hard_timeout', 'pool._pool', {'crashing'}),
    ('sched_strategy', 'pool._pool', {'hung'}),
]


def off(root):
    return {rule for rules in parts.missing(parts.WORKER, root).values() for rule in rules}


def test_nothing_is_missing():
    assert parts.missing(parts.WORKER, consumer()) == {}


@pytest.mark.parametrize('name, path, rules', TAKEN, ids=[taken[0] for taken in TAKEN])
def test_what_is_missing_takes_its_rules_with_it(name, path, rules):
    root = owner = consumer()
    for step in filter(None, path.split('.')):
        owner = owner[int(step)] if step.isdigit() else getattr(owner, step)
    delattr(owner, name)
    # Without the list of processes nothing of a process is found either.
    assert off(root) == rules


@pytest.mark.parametrize('name, rules', [
    ('requests', {'hung'}), ('reserved_requests', {'stalled', 'deaf', 'hung', 'lingering'}),
    ('active_requests', {'deaf', 'hung', 'crashing', 'lingering'}),
    ('all_total_count', {'crashing'}),
])
def test_what_is_missing_of_the_state(monkeypatch, name, rules):
    monkeypatch.delattr(celery.worker.state, name)
    assert off(consumer()) == rules


def test_what_is_missing_of_billiard(monkeypatch):
    monkeypatch.setattr(billiard.pool.ApplyResult, '__init__', lambda self: None)
    assert off(consumer()) == {'crashing'}
    monkeypatch.undo()
    monkeypatch.delattr(celery.concurrency.asynpool, 'SCHED_STRATEGY_FAIR')
    assert off(consumer()) == {'hung'}
    root = consumer()
    del type(root.pool._pool._pool[0]).exitcode
    assert off(root) == {'hung', 'crashing'}


def test_what_other_pools_and_brokers_have_not_is_not_missed():
    root = consumer()
    root.pool = SimpleNamespace(num_processes=1)
    root.hub = None
    root.connection.transport.driver_type = 'amqp'
    root.task_consumer.channel = SimpleNamespace()
    assert parts.missing(parts.WORKER, root) == {}


def test_of_beat():
    assert parts.missing(parts.BEAT, SimpleNamespace(tick=print, close=print)) == {}
    assert parts.missing(parts.BEAT, SimpleNamespace(close=print)) == {'scheduler.tick': ('late',)}


def test_the_rules_that_are_named_exist():
    rules = {rule.__name__ for each in (health.LIVENESS, health.STOPPING)
             for rules in each.values() for rule in rules}
    named = {rule for part in (*parts.WORKER, *parts.BEAT) for rule in part.rules}
    assert named == rules


@pytest.mark.parametrize('pool', ['prefork', 'threads', 'solo', 'gevent'])
def test_this_celery_has_all(worker, pool):
    pod = worker(pool=pool).until_ready()
    assert pod.status()['missing_parts'] == {}


def test_a_worker_says_what_it_misses_and_works(worker, tmp_path):
    (tmp_path / 'take.py').write_text(
        'from cdk8s_celery_agent import parts\n'
        'count, = [part for part in parts.WORKER if part.name == "state.all_total_count"]\n'
        'parts.WORKER = (*set(parts.WORKER) - {count}, count._replace(found=lambda _: 1 / 0))\n')
    pod = worker(includes='take').until_ready()
    assert pod.status()['missing_parts'] == {'state.all_total_count': ['crashing']}
    assert pod.log().count('has no state.all_total_count: not judged: crashing') == 1
    assert 'celery_agent_missing_parts 1.0' in pod.get('/metrics')[1]
    pod.send('add', 1, 1)
    pod.until(lambda: 'succeeded' in pod.log(), what='work')
    pod.throughout(pod.live, 2)


def test_the_tested_celerys_are_those_of_the_locks():
    locked = json.loads((ROOT / 'locks' / 'index.json').read_text())['celery']
    assert list(versions.TESTED) == list(locked)
    oldest, newest = (each.rpartition('.')[0] for each in (versions.TESTED[0], versions.TESTED[-1]))
    assert f'{oldest} to {newest}' == versions.RANGE


@pytest.mark.parametrize('version, tested', [
    ('5.2.7', False), ('5.3.0', True), ('5.3.4', True), ('5.5.0rc1', True), ('5.7.9', True),
    ('5.8.0', False), ('6.0.0', False),
])
def test_a_version_is_tested(version, tested):
    assert versions.is_tested(version) is tested
