"""Has workers no longer consume their queues; with `undo`, has them consume these again.

A worker that consumes nothing at all would be restarted by its liveness probe. While it is drained
it consumes a queue that nothing sends to.
"""
HELD_BY = 'cdk8s-celery.drained'


def drain():
    app = application()
    undo = GIVEN.get('undo', False)
    with connected(app) as connection:
        # RabbitMQ deletes it an hour after its last use; on Redis an empty queue is no key.
        kind = connection.transport.driver_type
        options = {'expires': 3600} if kind == 'amqp' else {}
        for host, queues in GIVEN['hosts'].items():
            to = {'destination': [host], 'connection': connection}
            if undo:
                for queue in queues:
                    app.control.add_consumer(queue, **to)
                app.control.cancel_consumer(HELD_BY, **to)
            else:
                app.control.add_consumer(HELD_BY, exchange='', options=options, **to)
                for queue in queues:
                    app.control.cancel_consumer(queue, **to)
    return {'sent': len(GIVEN['hosts'])}


answer(drain)
