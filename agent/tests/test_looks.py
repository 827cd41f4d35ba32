"""What a look makes of the objects of Celery, of which each is made here as it is there."""
import socket
import time
from datetime import datetime
from types import SimpleNamespace

import pytest
from celery.worker import state
from kombu import Connection, Queue
from lab import until

from cdk8s_celery_agent import health, metrics, moving
from cdk8s_celery_agent.agent import Agent
from cdk8s_celery_agent.beat import BeatAgent
from cdk8s_celery_agent.settings import Settings
from cdk8s_celery_agent.worker import Watch, WorkerAgent, _passive, install


class Gate:
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


def agent(**given):
    """One that looks at nothing of itself."""
    made = object.__new__(WorkerAgent)
    pool = SimpleNamespace(num_processes=2, _pool=object())
    channel = SimpleNamespace(qos=SimpleNamespace(can_consume=lambda: True))
    consumer = SimpleNamespace(
        pool=pool, qos=SimpleNamespace(value=4, max_prefetch=None), task_buckets={},
        task_consumer=SimpleNamespace(channel=channel), initial_prefetch_count=4, qos_global=None,
        connection=SimpleNamespace(transport=SimpleNamespace(driver_type='redis')),
        app=SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from={}))))
    consumer.__dict__.update(given)
    made.__dict__.update(consumer=consumer, gate=Gate(), settings=Settings(), pool_name='prefork',
                         _keeps_messages=False, _children=set(), _crashed=[], _crashes=[],
                         _ended=0, _over_time=set())
    return made


def bucket(*contents):
    return SimpleNamespace(contents=contents)


@pytest.mark.parametrize('reserved, active, given, room', [
    (0, 0, {}, True),
    (3, 1, {}, True),
    (4, 1, {}, False),                                       # the prefetch is full
    (2, 2, {}, False),                                       # all slots are busy
    (0, 0, {'qos': None}, False),
    (0, 0, {'qos': SimpleNamespace(value=0)}, True),         # no limit
    # A13: tasks that a rate limit holds back are prefetched, too.
    (2, 1, {'task_buckets': {'a': bucket(1), 'b': None}}, True),
    (2, 1, {'task_buckets': {'a': bucket(1), 'b': bucket(2)}}, False),
    # A7: worker_eta_task_limit.
    (0, 0, {'qos': SimpleNamespace(value=6, max_prefetch=7)}, True),
    (0, 0, {'qos': SimpleNamespace(value=7, max_prefetch=7)}, False),
])
def test_room(reserved, active, given, room):
    assert agent(**given)._has_room(reserved, active) is room


def test_no_room_where_kombu_says_so():
    full = SimpleNamespace(channel=SimpleNamespace(qos=SimpleNamespace(can_consume=lambda: False)))
    assert agent(task_consumer=full)._has_room(0, 0) is False
    assert agent(task_consumer=SimpleNamespace(channel=SimpleNamespace()))._has_room(0, 0) is True


def test_no_room_is_known_of_where_messages_are_kept_and_only_the_broker_counts():
    """celery-batches: what a batch has not acknowledged is not reserved."""
    amqp = SimpleNamespace(channel=SimpleNamespace())
    for kept, channel, room in (True, amqp, False), (False, amqp, True), (True, None, True):
        made = agent(**({'task_consumer': channel} if channel else {}))
        made._keeps_messages = kept
        assert made._has_room(0, 0) is room


@pytest.mark.parametrize('driver, qos_global, kind, room', [
    ('redis', None, 'quorum', True), ('amqp', True, 'quorum', True), ('amqp', False, None, False),
    ('amqp', None, None, True), ('amqp', None, 'classic', True), ('amqp', None, 'quorum', False),
])
def test_b6_what_has_an_eta_is_prefetched_where_the_prefetch_is_static(
        driver, qos_global, kind, room):
    """Two messages wait for their time, of the four that the broker gives."""
    arguments = {'x-queue-type': kind} if kind else None
    queues = SimpleNamespace(consume_from={'q': Queue('q', queue_arguments=arguments)})
    made = agent(
        qos=SimpleNamespace(value=6, max_prefetch=None), qos_global=qos_global,
        connection=SimpleNamespace(transport=SimpleNamespace(driver_type=driver)),
        app=SimpleNamespace(amqp=SimpleNamespace(queues=queues)))
    assert made._has_room(1, 1) is True
    assert made._has_room(2, 1) is room


def old(self, timeout=1):
    pass


def without_default(self):
    pass


@pytest.mark.parametrize('channel, seconds', [
    ({'brpop_timeout': 1}, 1), ({'brpop_timeout': 60.0}, 60.0), ({'brpop_timeout': 0}, None),
    ({'_brpop_start': old}, 1), ({'_brpop_start': without_default}, None), ({}, None),
    ({'brpop_timeout': 5, '_brpop_start': old}, 5),
])
def test_how_long_an_answer_may_take(channel, seconds):
    assert moving.longest_answer(SimpleNamespace(**channel)) == seconds


def test_a_socket_says_when_it_got_data():
    server = socket.create_server(('127.0.0.1', 0))
    ours = socket.create_connection(server.getsockname())
    theirs, _ = server.accept()
    theirs.send(b'1')
    time.sleep(0.3)                        # a claim about time, not a wait
    assert 0.25 < moving.silent_for(ours) < 5
    theirs.send(b'2')
    until(lambda: moving.silent_for(ours) < 0.2)
    assert moving.silent_for(socket.socketpair()[0]) is None and moving.silent_for(None) is None
    ours.close()
    assert moving.silent_for(ours) is None
    assert moving.consumer_socket(SimpleNamespace()) is None


@pytest.mark.parametrize('queue, passive', [
    (Queue('q'), False), (None, False),
    (Queue('q', queue_arguments={'x-single-active-consumer': True}), True),       # A11
    (Queue('q', queue_arguments={'x-single-active-consumer': False}), False),
    (Queue('q', queue_arguments={'x-max-priority': 9}), False),
    (Queue('q', consumer_arguments={'x-priority': -1}), True),
    (Queue('q', no_declare=True), True),                     # declared elsewhere, by its arguments
    (Queue('q.fifo'), True), (Queue('fifo'), False),         # SQS: groups of messages
])
def test_queues_of_which_a_consumer_may_rightly_get_nothing(queue, passive):
    assert _passive(queue) is passive


@pytest.mark.parametrize('driver, lag', [('redis', 0), ('amqp', 0), ('sqs', 120), ('azure', None)])
def test_from_when_on_it_is_sure_that_messages_wait(driver, lag):
    made = agent(connection=SimpleNamespace(transport=SimpleNamespace(driver_type=driver)))
    made._since = {'waiting': 1000.0} if lag is not None else {}
    assert made._waiting(True) == (None if lag is None else 1000.0 + lag)
    assert made._waiting(False) is None and made._since == {}


def process(exitcode, pid=7, told=False):
    return SimpleNamespace(exitcode=exitcode, pid=pid, _controlled_termination=told)


@pytest.mark.parametrize('gone, over_time, crashed', [
    (process(-9), set(), True), (process(1), set(), True), (process(-11), set(), True),
    (process(0), set(), False), (process(None), set(), False),
    (process(0x9B), set(), False),                           # A6: recycled
    (process(-15), set(), False), (process(15), set(), False),
    (process(-9), {7}, False), (process(-9), {8}, True), (process(-9, told=True), set(), False),
])
def test_what_is_a_crash(gone, over_time, crashed):
    made = agent()
    made._over_time = over_time
    assert made._has_crashed(gone) is crashed


def crashes(monkeypatch, made, looks):
    """Each look: how many processes have crashed, and how many tasks have ended, since the last."""
    total = 0
    for number, (gone, ended) in enumerate(looks):
        made._children = {process_of(n) for n in range(gone)}
        total += ended
        monkeypatch.setattr(state, 'all_total_count', [total])
        made._look_at_children(1000.0 + 5 * number, 0)
    return len(made._crashes), len(made._crashed)


def process_of(number):
    return type('Process', (), {'exitcode': -9, 'pid': number, '_controlled_termination': False})()


@pytest.mark.parametrize('looks, expected', [
    ([(2, 0), (2, 0), (2, 0)], (6, 6)),
    ([(2, 0), (2, 1), (2, 0)], (2, 6)),                      # B2: a task has ended in between
    ([(2, 2), (2, 2), (2, 2)], (0, 6)),                      # each crash has taken its task with it
    ([(2, 0), *[(0, 0)] * 11], (2, 2)),
    ([(2, 0), *[(0, 0)] * 12], (0, 0)),                      # after pool_after
])
def test_b2_crashes_in_a_row(monkeypatch, looks, expected):
    made = agent()
    monkeypatch.setattr(WorkerAgent, '_processes', lambda self: [])
    assert crashes(monkeypatch, made, looks) == expected
    made._crashes, made._keeps_messages = [], True           # not known whether a task has ended
    assert crashes(monkeypatch, made, looks)[0] == 0


@pytest.mark.parametrize('steps', [set(), [], ()])
def test_the_step_is_added_to_whatever_the_application_has_there(steps):
    app = SimpleNamespace(steps={'consumer': steps})
    install(SimpleNamespace(app=app))
    assert list(app.steps['consumer']) == [Watch]
    if isinstance(steps, set):
        assert app.steps['consumer'] is steps


def test_beat_asks_only_what_is_a_connection_to_a_broker():
    """A scheduler may have a connection to its database."""
    made = object.__new__(BeatAgent)
    own, other = Connection('memory://'), Connection('memory://')
    made._own_connection, made.scheduler = own, None
    assert made.connection() is own
    made.scheduler = SimpleNamespace(connection=object())
    assert made.connection() is own
    made.scheduler = SimpleNamespace(connection=other)
    assert made.connection() is other


@pytest.mark.parametrize('held_up, kept', [(20.9, True), (21.1, False)])
def test_a15_what_it_slept_through_has_not_lasted(monkeypatch, held_up, kept):
    """A process that was stopped, or its node: nothing is known to have held all the while."""
    made = agent()
    made.__dict__.update(_since={'waiting': 1.0}, _looked_at=time.monotonic() - held_up)
    made.begin = SimpleNamespace(wait=lambda _: None)

    class End(BaseException):
        pass

    def look(_):
        raise End
    made.look = look
    made.journal = SimpleNamespace(guard=lambda _: Gate())
    with pytest.raises(End):
        Agent._watch(made)
    assert bool(made._since) is kept


@pytest.mark.parametrize('took, kept', [(20.9, True), (21.1, False)])
def test_what_a_slow_look_saw_has_not_lasted(took, kept):
    """The broker took so long for its answers that little was seen of that time."""
    made = agent(call_soon=lambda _: None)
    began = time.monotonic() - took
    made.consumer.app.amqp.queues.consume_from = {'one': None}
    made.__dict__.update(
        _since={'waiting': 1.0}, up=True, running_since=1.0, last_tick=began, own_queues=['one'],
        silent=False, _stack=None, _tick_asked=None, _guarded_tick=None, _has_consumed=True,
        _unstarted={}, _unacked=None, _unacked_at=began, ask=lambda _: ({'one': 1}, ''),
        _consumes=lambda _: True, _polls=lambda: True, _last_data=lambda: None,
        loop_is_shared=False, _slots=lambda: 2, _prefork=lambda: None)
    assert (made._look(began).waiting_since == 1.0) is kept
    assert made._since['waiting'] is not None


@pytest.mark.parametrize('live, ready, reason', [
    ('', '', ''), ('deaf', 'starting', 'deaf'), ('', 'starting', 'starting')])
def test_status_says_what_the_probes_say(monkeypatch, live, ready, reason):
    monkeypatch.setattr(health, 'not_live', lambda *_: live)
    monkeypatch.setattr(health, 'not_ready', lambda *_: ready)
    made = agent()
    ago = time.monotonic() - 60
    facts = SimpleNamespace(last_tick=ago, sampled_at=None, reads_since=ago, silent_since=None,
                            connects_since=None, writes_since=None, broker_error=None)
    made.__dict__.update(facts=lambda: facts, details=lambda _: {}, driver='redis 1',
                         missing_parts={}, journal=SimpleNamespace(errors={}))
    status = made.status()
    assert (status['live'], status['ready'], status['reason']) == (not live, not ready, reason)
    tick = datetime.fromisoformat(status['last_tick']).timestamp()
    assert abs(time.time() - 60 - tick) < 5
    assert status['broker']['reachable_since'] == status['last_tick']
    assert (status['looked_at'], status['broker']['unreachable_since']) == (None, None)


def test_a3_labels_are_escaped():
    status = {
        'live': True, 'ready': False,
        'broker': {'reachable_since': None, 'unreachable_since': None},
        'queues': {'a"b\\c\nd': 3, 'unknown': None}, 'missing_parts': {}, 'agent_errors': []}
    assert 'celery_agent_queue_depth{queue="a\\"b\\\\c\\nd"} 3.0\n' in metrics.plain(status)
    assert 'unknown' not in metrics.plain(status)
    assert 'broker_up' not in metrics.plain(status)
