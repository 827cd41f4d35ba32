"""A worker comes back soon after its broker does."""
from types import SimpleNamespace

import kombu.utils.functional
import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from cdk8s_celery_agent import reconnect


def harmless(function, *args):
    return function(*args)


def test_the_wait_between_two_tries_stays_short(monkeypatch):
    monkeypatch.setattr(kombu.utils.functional, 'sleep', lambda seconds: None)
    waits = []
    # As Celery's own does: an error handler, the retries, and nothing else of the wait.
    consumer = SimpleNamespace(ensure_connected=lambda connection: connection.ensure_connection(
        lambda exc, interval: waits.append(interval), 7))
    reconnect.sooner(consumer, harmless)
    connection = Celery(broker='redis://127.0.0.1:1/0').connection_for_read()
    with pytest.raises(OperationalError):
        consumer.ensure_connected(connection)
    longest = 8 if kombu.VERSION >= (5, 7) else 10
    assert waits == [min(wait, longest) for wait in (2, 4, 6, 8, 10, 12, 14)]


@pytest.mark.parametrize('broker, own, expected', [
    ('redis://127.0.0.1:1/0', {}, {'socket_connect_timeout': 4.0}),
    ('redis://127.0.0.1:1/0', {'socket_connect_timeout': 30}, {'socket_connect_timeout': 30}),
    ('redis://127.0.0.1:1/0', {'visibility_timeout': 60},
     {'visibility_timeout': 60, 'socket_connect_timeout': 4.0}),
    ('amqp://127.0.0.1:1//', {}, {}),
])
def test_a_try_ends(broker, own, expected):
    tried = []
    consumer = SimpleNamespace(ensure_connected=tried.append)
    reconnect.sooner(consumer, harmless)
    app = Celery(broker=broker)
    app.conf.broker_transport_options = own
    consumer.ensure_connected(app.connection_for_read())
    assert tried[0].transport_options == expected
    assert app.conf.broker_transport_options == own


def test_a_worker_has_it(worker, redis):
    redis.kill()
    pod = worker()
    pod.until(lambda: pod.log().count('Trying again in') == 6, 60, 'six tries')
    assert 'Trying again in 12.00' not in pod.log()
    redis.start()
    pod.until(pod.ready, 15, 'readiness')
    assert not pod.status()['agent_errors']
