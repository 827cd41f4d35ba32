"""How many messages wait in each queue, and what is delivered and not acknowledged."""
import time


def depth(channel, queue):
    try:
        if is_redis(channel):
            return int(channel._size(queue))
        return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except channel.connection.client.channel_errors as exc:
        if '404' in str(exc.args) or getattr(exc, 'reply_code', None) in (404, '404'):
            return 0
        return None


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
        found = {}
        for name in dict.fromkeys([*names, *declared]):
            with connection.channel() as channel:
                found[name] = depth(channel, name)
        with connection.channel() as channel:
            return {'queues': found, 'declared': declared, 'unacked': unacknowledged(channel)}


answer(depths)
