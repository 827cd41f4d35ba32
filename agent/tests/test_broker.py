"""What is asked of a broker, and what its answers are; the rest is asked of real ones."""
from types import SimpleNamespace

import pytest
from kombu import Connection
from test_looks import Gate

from cdk8s_celery_agent.broker import NOTHING, Broker, NotAsked


class Refused(Exception):
    def __init__(self, code=''):
        super().__init__(f'{code} refused')
        self.reply_code = code


class Noted:
    """Notes what it is asked, and answers with what is given for it, or raises that."""

    def __init__(self, **answers):
        self.asked, self.answers = [], answers

    def __getattr__(self, name):
        def ask(*args, **options):
            self.asked.append((name, *args, *options))
            answer = self.answers.get(name, self)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return ask


class Pipe(Noted):
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def broker(redis=None, channel=None, driver='redis'):
    """One that is connected, to what is made here."""
    made = Broker(lambda: SimpleNamespace(as_uri=lambda: 'here'), 1, Gate())
    made._target, made._redis, made._channel_errors = 'here', redis, (Refused,)
    made._channel = channel or SimpleNamespace(
        _q_for_pri=lambda queue, step: f'{queue}-{step}' if step else queue, priority_steps=[0, 3],
        unacked_key='unacked', unacked_index_key='unacked_index', global_keyprefix='shop:')
    made.connection = SimpleNamespace(
        transport=SimpleNamespace(driver_type=driver), channel=lambda: made._channel)
    return made


def test_redis_is_asked_for_one_list_at_a_time():
    redis = Noted(llen=2)
    made = broker(redis)
    assert [made.depth('mail') for _ in range(3)] == [2, 4, 4]
    assert [key for _, key in redis.asked] == ['mail', 'mail-3', 'mail']


@pytest.mark.parametrize('answer, depth, asked_again', [
    (SimpleNamespace(message_count=7), 7, True), (Refused(404), 0, True),
    (Refused(405), None, False)])
def test_amqp_is_asked_for_a_queue_without_making_it(answer, depth, asked_again):
    channel = Noted(queue_declare=answer)
    made = broker(channel=channel, driver='amqp')
    assert made.depth('mail') == depth
    assert (made._channel is None) is isinstance(answer, Refused)
    made._channel = channel
    made.depth('mail')
    asked = [name for name, *_ in channel.asked]
    assert (asked.count('queue_declare') == 2) is asked_again


@pytest.mark.parametrize('prefixed, index', [
    (('ZRANGE',), 'unacked_index'), ((), 'shop:unacked_index')])
@pytest.mark.parametrize('count, oldest, told', [
    (2, [(b'tag', 17.5)], (2, 17.5)), (0, [(b'tag', 17.5)], (0, None)), (1, [], (1, None))])
def test_what_is_unacknowledged(prefixed, index, count, oldest, told):
    pipe = Pipe(execute=[count, oldest])
    redis = SimpleNamespace(pipeline=lambda transaction: pipe, PREFIXED_SIMPLE_COMMANDS=prefixed)
    assert broker(redis).unacknowledged() == told
    assert pipe.asked == [('hlen', 'unacked'), ('zrange', index, 0, 0, 'withscores'), ('execute',)]


def test_who_may_not_see_what_is_unacknowledged_is_not_asked_again():
    asked = []

    def pipeline(transaction):
        asked.append(transaction)
        raise Refused
    made = broker(SimpleNamespace(pipeline=pipeline))
    assert [made.unacknowledged() for _ in range(2)] == [None, None]
    assert asked == [False]
    assert broker(driver='amqp').unacknowledged() is None


def test_a_ping_leaves_nothing():
    redis, channel = Noted(), Noted()
    broker(redis).ping()
    broker(channel=channel, driver='amqp').ping()
    assert (redis.asked, channel.asked) == ([('ping',)], [('close',)])
    queue = Noted(queue_declare=SimpleNamespace(message_count=0))
    made = broker(channel=queue, driver='sqs')
    with pytest.raises(NotAsked):
        made.ping()
    assert queue.asked == []
    made.ping('mail')
    assert [name for name, *_ in queue.asked] == ['queue_declare']


def test_a_write_leaves_nothing():
    redis, channel, other = Noted(), Noted(), Noted()
    broker(redis).take_write('celery')
    broker(channel=channel, driver='amqp').take_write('celery')
    broker(channel=other, driver='sqs').take_write('celery')
    assert redis.asked == [('delete', f'celery.{NOTHING}')]
    assert [name for name, *_ in channel.asked] == ['prepare_message', 'basic_publish', 'close']
    assert other.asked == []


@pytest.mark.parametrize('before, owner', [
    (b'one', 'one'), ('one', 'one'), (None, ''), (Refused(), None)])
def test_who_was_there(before, owner):
    assert broker(Noted(set=before)).claim('lock', 'two', 30) == owner


def test_who_was_there_cannot_be_known_of_amqp():
    channel = Noted()
    assert broker(channel=channel, driver='amqp').claim('lock', 'two', 30) is None
    assert channel.asked == [('close',)]


def test_errors_are_those_of_the_connection_and_of_the_channel():
    made = Broker(lambda: Connection('memory://'), 1, Gate())
    assert made.errors() == (OSError,)
    assert made.depth('mail') == 0
    assert set(made.errors()) == {OSError, *made.connection.connection_errors,
                                  *made.connection.channel_errors}
    made.close()
    assert (made.connection, made._channel, made._redis) == (None, None, None)


@pytest.mark.parametrize('target', ['a', 'z'])
def test_it_follows_the_application_to_another_broker(target):
    made = Broker(lambda: Connection('memory://'), 1, Gate())
    made.depth('mail')
    first, made._target = made.connection, target
    made.depth('mail')
    assert made.connection is not first
    second = made.connection
    made.depth('mail')
    assert made.connection is second


def test_a5_it_stays_on_the_broker_that_it_was_asked_for():
    made = Broker(lambda: Connection('memory://one;memory://two'), 1, Gate())
    made.depth('mail')
    made.connection.maybe_switch_next()
    assert made.connection.as_uri() == made._target


def test_what_is_remembered_of_queues_goes_with_them():
    made = broker()
    made._keys, made._lengths = {'a': iter(''), 'b': iter('')}, {'a': {}, 'b': {}}
    made.forget_all_but(['b', 'c'])
    assert list(made._keys) == list(made._lengths) == ['b']
