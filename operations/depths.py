"""How many messages wait in each queue, and what is delivered and not acknowledged."""
import time


def unacknowledged(channel):
    if not is_redis(channel):
        return None
    client = channel.client
    key = channel.unacked_index_key
    if 'ZRANGE' not in getattr(client, 'PREFIXED_SIMPLE_COMMANDS', ('ZRANGE',)):
        key = channel.global_keyprefix + key
    oldest = client.zrange(key, 0, 0, withscores=True)
    return {'count': int(client.hlen(channel.unacked_key)),
            'age': max(0, round(time.time() - oldest[0][1])) if oldest else None}


def depths():
    app = application()
    names = GIVEN.get('queues') or []
    declared = list(app.amqp.queues.consume_from)
    with connected(app) as connection:
        found = depths_of(connection, [*names, *declared])
        with connection.channel() as channel:
            return {'queues': found, 'declared': declared, 'unacked': unacknowledged(channel)}


answer(depths)
