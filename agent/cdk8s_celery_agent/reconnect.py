"""How soon a worker or Beat comes back to a Redis that was away.

A node that dies closes no connection: without a timeout a process waits on a dead one for as long
as the kernel tries, a quarter of an hour, and deaf and dumb, for by default neither kombu's Redis
transport nor, in connecting, Celery's result backend has one. And between two tries to reconnect
a worker waits 2, 4, ... 30 seconds. For the waits Celery has no setting; the timeouts are settings
of which what the user left out is filled in here, because broker_transport_options given on the
command line would take the place of all that the user's code has there.
"""
from functools import partial

from celery.app.defaults import DEFAULTS
from celery.utils.log import get_logger

logger = get_logger('cdk8s_celery_agent')

#: For an answer, in seconds. Nothing that is asked of Redis takes long: BRPOP is sent with a
#: timeout of its own, 1 s, and read when there is something to read.
SOCKET_TIMEOUT = 10.0

#: Between two tries, at most. (kombu before 5.7 adds its first wait, 2 s.)
LONGEST_WAIT = 8


def give_up_in_time(app) -> None:
    """No connection to Redis without timeouts; the user's own stay."""
    connect_timeout = app.conf.broker_connection_timeout
    if app.connection_for_write().transport.driver_type == 'redis':
        app.conf.broker_transport_options = {
            'socket_timeout': SOCKET_TIMEOUT, 'socket_connect_timeout': connect_timeout,
            **(app.conf.broker_transport_options or {})}
    for key, timeout in (('redis_socket_timeout', SOCKET_TIMEOUT),
                         ('redis_socket_connect_timeout', connect_timeout)):
        if app.conf[key] == DEFAULTS[key]:
            app.conf[key] = timeout


def try_often(consumer, harmless) -> None:
    connect = consumer.ensure_connected

    def ensure_connected(connection):
        harmless(_mend, connection)
        return connect(connection)

    consumer.ensure_connected = ensure_connected


def _mend(connection) -> None:
    connection.ensure_connection = partial(
        connection.ensure_connection, interval_max=LONGEST_WAIT)
    connection.close = partial(_close, connection.close)


def _close(close) -> None:
    """Before it connects anew, Celery 5.7 closes what is broken, and only expects some errors.

    kombu 5.7.0 meets others, with messages that are not acknowledged yet: "Unrecoverable error:
    AttributeError("'NoneType' object has no attribute 'hostname'")", and the worker ends.
    """
    try:
        close()
    except Exception as exc:
        logger.warning('a broken connection could not be closed: %r', exc)
