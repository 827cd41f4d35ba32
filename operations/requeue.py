"""Deliveries of Redis that nobody has acknowledged: who may have them, and how they go back.

`list` says what there is, `identity` on which database the process is, `restore` puts those that
are named back into their queues, each if nothing has happened to it since.
"""
import time

TRIES = 20


def keys(channel):
    prefix = channel.global_keyprefix or ''
    return prefix, prefix + channel.unacked_key, prefix + channel.unacked_index_key


def plain(channel):
    """A client that puts no prefix before keys."""
    from redis import Redis
    return Redis(connection_pool=channel.client.connection_pool)


def text(value):
    return value.decode(errors='replace') if isinstance(value, bytes) else str(value)


def database(client):
    """Of the server, whatever name leads to it; 0 is the first of its databases."""
    return '%s/%d' % (client.info('server')['run_id'],
                      client.connection_pool.connection_kwargs.get('db') or 0)


def consumers(client):
    """Addresses that wait for messages in this database, as Redis sees them."""
    own = client.connection_pool.connection_kwargs.get('db') or 0
    waiting = ('brpop', 'blpop')
    return sorted({entry['addr'].rpartition(':')[0].strip('[]') for entry in client.client_list()
                   if int(entry['db']) == own and entry['cmd'].lower().startswith(waiting)})


def delivery(tag, body, score):
    message, _, routing_key = json.loads(body)
    headers = message.get('headers') or {}
    return {'tag': tag, 'score': repr(score), 'id': headers.get('id') or tag,
            'task': headers.get('task') or '?', 'queue': routing_key, 'age': time.time() - score}


def listed(channel, client):
    _, unacked, index = keys(channel)
    scores = {text(tag): score for tag, score in client.zrange(index, 0, -1, withscores=True)}
    bodies = {text(tag): body for tag, body in client.hscan_iter(unacked)}
    return {
        'now': time.time(), 'database': database(client), 'consumers': consumers(client),
        'visibility_timeout': channel.visibility_timeout,
        'deliveries': [delivery(tag, bodies[tag], score) for tag, score in scores.items()
                       if tag in bodies]}


def restore(channel, client, tag, score):
    """As kombu does it, unless the message was acknowledged or delivered again meanwhile."""
    from redis import WatchError
    prefix, unacked, index = keys(channel)
    for _ in range(TRIES):
        with client.pipeline() as pipe:
            try:
                pipe.watch(unacked, index)
                body, now = pipe.hget(unacked, tag), pipe.zscore(index, tag)
                if body is None or now is None or repr(now) != score:
                    return 'has changed meanwhile'
                message, exchange, routing_key = json.loads(body)
                message.setdefault('headers', {})['redelivered'] = True
                properties = message.get('properties') or {}
                properties.setdefault('delivery_info', {})['redelivered'] = True
                priority = channel._get_message_priority(message, reverse=False)
                pipe.multi()
                pipe.hdel(unacked, tag)
                pipe.zrem(index, tag)
                queues = channel._lookup(exchange, routing_key)
                if not queues:
                    return 'has no queue to go back to'
                for queue in queues:
                    pipe.rpush(prefix + channel._q_for_pri(queue, priority), json.dumps(message))
                pipe.execute()
                return 'restored'
            except WatchError:
                continue
    return 'changes all the time; try again'


def requeue():
    app = application()
    kind = app.connection_for_read().transport.driver_type
    if kind != 'redis':                    # also where it does not answer
        return {'database': None, 'transport': kind}
    with connected(app) as connection, connection.channel() as channel:
        client = plain(channel)
        if GIVEN['action'] == 'identity':
            return {'database': database(client)}
        if GIVEN['action'] == 'list':
            return listed(channel, client)
        return {'restored': {tag: restore(channel, client, tag, score)
                             for tag, score in GIVEN['deliveries'].items()}}


answer(requeue)
