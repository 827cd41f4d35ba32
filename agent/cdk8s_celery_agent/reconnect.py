"""How long a worker takes to come back to a broker that was away.

Celery waits 2, 4, ... 30 seconds between two tries, and kombu's Redis transport has no limit for
one try: a worker can be idle for half a minute, and for two where packets are dropped, after all
is well again. Celery has no setting for the first, and only transport options, which the user's
own would replace, for the second.
"""
from functools import partial

#: Between two tries, at most. (kombu before 5.7 adds its first wait, 2 s.)
LONGEST_WAIT = 8


def sooner(consumer, harmless) -> None:
    """Try more often, and give up a try after Celery's own broker_connection_timeout."""
    connect = consumer.ensure_connected

    def ensure_connected(connection):
        harmless(_limit, connection)
        return connect(connection)

    consumer.ensure_connected = ensure_connected


def _limit(connection) -> None:
    connection.ensure_connection = partial(
        connection.ensure_connection, interval_max=LONGEST_WAIT)
    if connection.transport.driver_type == 'redis' and connection.connect_timeout:
        connection.transport_options.setdefault(
            'socket_connect_timeout', connection.connect_timeout)
