"""The application of a pod, as its own command line makes it: the other programs begin with it.

They run in a pod by `python -`, and get one argument: JSON.
"""
import json
import os
import re
import sys

GIVEN = json.loads(sys.argv[1])
TIMEOUT = 5.0


def expanded(word):
    """As the kubelet expands $(NAME) in arguments; those of a Job it has expanded already."""
    if GIVEN.get('job'):
        return word
    return re.sub(r'\$\$|\$\((\w+)\)', lambda found: '$' if found[0] == '$$' else os.environ.get(
        found[1], found[0]), word)


def application():
    sys.path.insert(0, os.getcwd())
    options = {name: expanded(value) for name, value in GIVEN.get('options', {}).items()}
    if '--workdir' in options:
        os.chdir(options['--workdir'])
        sys.path.insert(0, os.getcwd())
    for option, variable in (('--broker', 'CELERY_BROKER_URL'), ('--loader', 'CELERY_LOADER'),
                             ('--result-backend', 'CELERY_RESULT_BACKEND'),
                             ('--config', 'CELERY_CONFIG_MODULE')):
        if option in options:
            os.environ[variable] = options[option]
    from celery import Celery
    from celery.app.utils import find_app
    app = find_app(options['--app']) if '--app' in options else Celery()
    settings = [expanded(word) for word in GIVEN.get('settings', [])]
    if settings:
        app.conf.get('task_default_queue')       # the settings exist from now on
        app.config_from_cmdline(settings, namespace='worker')
    return app


def connected(app):
    """A connection to the broker that gives up after a while."""
    connection = app.connection_for_read()
    timeouts = {'redis': ('socket_timeout', 'socket_connect_timeout'),
                'amqp': ('read_timeout', 'write_timeout')}
    connection = connection.clone(connect_timeout=TIMEOUT, heartbeat=0, transport_options={
        **(connection.transport_options or {}),
        **dict.fromkeys(timeouts.get(connection.transport.driver_type, ()), TIMEOUT)})
    connection.ensure_connection(max_retries=1, interval_start=0)
    return connection


def is_redis(channel):
    return hasattr(channel, '_q_for_pri') and hasattr(type(channel), 'client')


def depth(channel, queue):
    """How many messages wait in a queue; None where the broker does not say."""
    try:
        if is_redis(channel):
            return int(channel._size(queue))
        return int(channel.queue_declare(queue=queue, passive=True).message_count)
    except channel.connection.client.channel_errors as exc:
        if '404' in str(exc.args) or getattr(exc, 'reply_code', None) in (404, '404'):
            return 0
        return None


def depths_of(connection, queues):
    found = {}
    for queue in dict.fromkeys(queues):
        with connection.channel() as channel:      # of RabbitMQ's, 404 closes it
            found[queue] = depth(channel, queue)
    return found


def answer(work):
    """Print what it returns, or why there is none, as the last line: the app may print, too."""
    try:
        found = work()
    except BaseException as exc:
        found = {'error': f'{type(exc).__name__}: {exc}'.splitlines()[0][:500]}
    print('\n' + json.dumps(found), flush=True)
    os._exit(0)                            # nothing that the application left running holds it
