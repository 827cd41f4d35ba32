"""A worker and Beat come back soon after their Redis does."""
import os
import signal
import socket
import threading
from datetime import datetime
from types import SimpleNamespace

import kombu.utils.functional
import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from cdk8s_celery_agent import reconnect

REDIS = 'redis://127.0.0.1:1/0'
FILLED = {'socket_timeout': 10.0, 'socket_connect_timeout': 4.0}


def test_the_wait_between_two_tries_stays_short(monkeypatch):
    monkeypatch.setattr(kombu.utils.functional, 'sleep', lambda seconds: None)
    waits = []
    # As Celery's own does: an error handler, the retries, and nothing else of the wait.
    consumer = SimpleNamespace(ensure_connected=lambda connection: connection.ensure_connection(
        lambda exc, interval: waits.append(interval), 7))
    reconnect.try_often(consumer, lambda function, *args: function(*args))
    with pytest.raises(OperationalError):
        consumer.ensure_connected(Celery(broker=REDIS).connection_for_read())
    longest = 8 if kombu.VERSION >= (5, 7) else 10
    assert waits == [min(wait, longest) for wait in (2, 4, 6, 8, 10, 12, 14)]


def test_a_broken_connection_that_cannot_be_closed_does_not_end_the_worker():
    def fail():
        raise AttributeError("'NoneType' object has no attribute 'hostname'")

    connection = SimpleNamespace(close=fail, ensure_connection=print)
    consumer = SimpleNamespace(ensure_connected=lambda it: it)
    reconnect.try_often(consumer, lambda function, *args: function(*args))
    consumer.ensure_connected(connection).close()


@pytest.mark.parametrize('broker, own, expected', [
    (REDIS, {}, FILLED),
    (REDIS, {'socket_connect_timeout': 30}, {**FILLED, 'socket_connect_timeout': 30}),
    (REDIS, {'socket_timeout': None}, {**FILLED, 'socket_timeout': None}),
    (REDIS, {'visibility_timeout': 60}, {**FILLED, 'visibility_timeout': 60}),
    ('sentinel://127.0.0.1:1', {'master_name': 'm'}, {**FILLED, 'master_name': 'm'}),
    ('amqp://127.0.0.1:1//', {}, {}),
])
def test_connections_to_the_broker_have_timeouts(broker, own, expected):
    app = Celery(broker=broker)
    app.conf.broker_transport_options = own
    reconnect.give_up_in_time(app)
    assert app.connection_for_read().transport_options == expected
    assert app.connection_for_write().transport_options == expected


@pytest.mark.parametrize('own, expected', [
    ({}, (10.0, 4.0)),
    ({'redis_socket_timeout': 300, 'redis_socket_connect_timeout': 30}, (300, 30)),
])
def test_connections_to_the_result_backend_have_timeouts(own, expected):
    app = Celery(broker=REDIS, backend=REDIS)
    app.conf.update(own)
    reconnect.give_up_in_time(app)
    parameters = app.backend.connparams
    assert (parameters['socket_timeout'], parameters['socket_connect_timeout']) == expected


def test_a_worker_tries_often(worker, redis):
    redis.kill()
    pod = worker()
    pod.until(lambda: pod.log().count('Trying again in') == 6, 60, 'six tries')
    assert 'Trying again in 12.00' not in pod.log()
    redis.start()
    pod.until(pod.ready, 15, 'readiness')
    assert not pod.status()['agent_errors']


class Proxy:
    """Before a Redis; its connections can die as with their node: open, and nothing passes."""

    def __init__(self, port):
        self.target, self.dead = port, threading.Event()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.url = 'redis://127.0.0.1:%d/0' % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(('127.0.0.1', self.target))
            for source, sink in (client, server), (server, client):
                threading.Thread(target=self._pass, args=(source, sink, self.dead),
                                 daemon=True).start()

    @staticmethod
    def _pass(source, sink, dead):
        while data := source.recv(65536):
            if dead.is_set():
                threading.Event().wait()
            sink.sendall(data)
        sink.close()

    def kill_connections(self):
        self.dead.set()
        self.dead = threading.Event()


@pytest.mark.parametrize('pool', ['prefork', 'solo'])
def test_a_dead_connection_does_not_hold_a_worker(worker, redis, pool):
    proxy = Proxy(redis.port)
    pod = worker('--task-events', '--without-gossip', '--without-mingle', pool=pool,
                 env={'TEST_BROKER': proxy.url}).until_ready()
    pod.until(lambda: pod.status()['last_tick'], what='a tick')
    proxy.kill_connections()
    pod.until(lambda: held_for(pod) > 4, what='the wait for an answer')
    pod.until(lambda: held_for(pod) < 2, 15, 'its end')
    assert pod.live() and not pod.status()['agent_errors']


def held_for(pod):
    """For how many seconds the event loop has not turned."""
    status = pod.status()
    now, tick = (datetime.fromisoformat(status[key]) for key in ('now', 'last_tick'))
    return (now - tick).total_seconds()


def test_beat_gives_up_a_dead_connection(beat, redis):
    pod = beat('-s', 'schedule').until_ready()
    pod.until(lambda: int(redis.cli('llen', 'celery')) > 1, what='tasks')
    redis.signal(signal.SIGSTOP)
    pod.until(lambda: 'Timeout' in pod.log(), 60, 'its giving up')
    assert pod.live() and os.path.exists(f'/proc/{pod.pid}')
    redis.signal(signal.SIGCONT)
    sent = int(redis.cli('llen', 'celery'))
    pod.until(lambda: int(redis.cli('llen', 'celery')) > sent + 2, 60, 'tasks')
