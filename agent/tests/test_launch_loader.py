"""Settings of a connection, in every Celery of a container."""
import json
import subprocess
import sys

import celery
import pytest
from celery.exceptions import ImproperlyConfigured
from lab import AGENT

from cdk8s_celery_launch.loader import APP, SHARED, VARIABLE, filled, joined, settings

OURS = {'broker_transport_options': {'master_name': 'm', 'sentinel_kwargs': {'password': '{P}'}},
        'broker_use_ssl': {'cert_reqs': 2}}


def run(code, *args, env=None):
    environ = {'PYTHONPATH': str(AGENT), 'CELERY_LOADER': 'cdk8s_celery_launch.loader.Loader',
               VARIABLE: json.dumps(OURS), 'P': 'p@ss', 'PATH': '/usr/bin:/bin', **(env or {})}
    done = subprocess.run([sys.executable, '-c', code, *args], env=environ, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


PRINT = ('import json; print(json.dumps([app.conf.broker_transport_options, '
         'app.conf.broker_use_ssl, app.connection_for_read().transport_options]))')


@pytest.mark.parametrize('code, options', [
    ('from celery import Celery; app = Celery("tasks", broker="memory://")', {}),
    ('from celery import Celery; app = Celery("tasks", broker="memory://")\n'
     'app.conf.broker_transport_options = {"visibility_timeout": 9}', {'visibility_timeout': 9}),
    ('from celery import Celery; app = Celery("tasks", broker="memory://")\n'
     'app.conf.task_acks_late\napp.config_from_cmdline('
     '["broker_transport_options=(json){\\"visibility_timeout\\": 9}"])',
     {'visibility_timeout': 9}),
    ('from celery import Celery; app = Celery("tasks", broker="memory://")\n'
     'app.config_from_cmdline(["broker_transport_options=(json){\\"visibility_timeout\\": 9}"])',
     {'visibility_timeout': 9}),
    ('import types; from celery import Celery; app = Celery("tasks", broker="memory://")\n'
     's = types.SimpleNamespace(CELERY_BROKER_TRANSPORT_OPTIONS={"visibility_timeout": 9})\n'
     'app.config_from_object(s, namespace="CELERY")', {'visibility_timeout': 9}),
    ('from celery import current_app as app', {}),
    # Celery's part for Django asks for the loader while the app is made.
    ('import os; os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n'
     'from celery import Celery; app = Celery("tasks", broker="memory://")', {}),
])
def test_settings_are_joined_with_those_of_the_application(code, options):
    transport, ssl, connection = run(f'{code}\n{PRINT}', env={'CELERY_BROKER_URL': 'memory://'})
    expected = {'master_name': 'm', 'sentinel_kwargs': {'password': 'p@ss'}, **options}
    assert transport == expected
    assert ssl == {'cert_reqs': 2}
    assert expected.items() <= connection.items()


def test_what_all_consumers_share_wins_over_the_application():
    transport, _, _ = run(
        'from celery import Celery; app = Celery("tasks", broker="memory://")\n'
        f'app.conf.broker_transport_options = {{"visibility_timeout": 9, "own": 1}}\n{PRINT}',
        env={SHARED: '{"visibility_timeout": 7200}'})
    assert transport == {'master_name': 'm', 'sentinel_kwargs': {'password': 'p@ss'}, 'own': 1,
                         'visibility_timeout': 7200}


CHECKED = {VARIABLE: json.dumps({'broker_use_ssl': {'cert_reqs': 2, 'server_hostname': None}})}


@pytest.mark.parametrize('url, checked', [
    ('amqps://u:p@rabbit.example.com//', True), ('amqps://rabbit', True),
    ('amqps://u:p[/@Rabbit:5671//;amqps://u:p@rabbit//', True),
    ('amqps://u:p@a:5671/v;amqps://u:p@b:5671/v', False),
    ('amqps://a?heartbeat=3;amqps://b', False),
])
def test_the_name_of_a_host_is_checked_where_a_url_has_one(url, checked):
    found = settings({**CHECKED, 'CELERY_BROKER_URL': url})['broker_use_ssl']
    assert found == {'cert_reqs': 2, **({'server_hostname': None} if checked else {})}


@pytest.mark.parametrize('ours, theirs, expected', [
    ({'cert_reqs': 2}, True, {'cert_reqs': 2}), ({'cert_reqs': 2}, False, {'cert_reqs': 2}),
    ({'cert_reqs': 2}, {'ca_certs': '/ca'}, {'cert_reqs': 2, 'ca_certs': '/ca'}), (1, True, True),
    ({'k': {'password': 'p', 'ssl': {'a': 1}}, 'n': 1},
     {'k': {'timeout': 1, 'ssl': {'b': 2}}, 'n': 0},
     {'k': {'password': 'p', 'timeout': 1, 'ssl': {'a': 1, 'b': 2}}, 'n': 0}),
    ({'k': {'password': 'p'}}, {'k': None}, {'k': None}),
])
def test_tls_without_options_is_that_of_the_connection(ours, theirs, expected):
    assert joined(ours, theirs) == expected


@pytest.mark.parametrize('code', ['', 'app.conf.broker_use_ssl = True',
                                  'app.conf.broker_use_ssl = {"ca_certs": "/ca"}'])
def test_kombu_takes_the_name_from_the_url(code):
    found = run('import json; from unittest import mock\nfrom celery import Celery\n'
                f'app = Celery()\n{code}\nfrom kombu.transport import pyamqp\n'
                'with mock.patch.object(pyamqp.Transport, "Connection") as made:\n'
                '    app.connection().connect()\n'
                'print(json.dumps(made.call_args[1]["ssl"]))',
                env={**CHECKED, 'CELERY_BROKER_URL': 'amqps://rabbit.example.com//'})
    own = {'ca_certs': '/ca'} if '/ca' in code else {}
    assert found == {'cert_reqs': 2, 'server_hostname': 'rabbit.example.com', **own}


CELERY = celery.VERSION[:2]
NAMESPACE = ('import types; from celery import Celery; app = Celery("tasks", broker="memory://")\n'
             'app.config_from_object(types.SimpleNamespace(CELERY_TASK_DEFAULT_QUEUE="code", '
             'CELERY_BROKER_TRANSPORT_OPTIONS={"own": 1}), namespace="CELERY")\n')
ATTRIBUTES = ('from celery import Celery; app = Celery("tasks", broker="memory://")\n'
              'app.conf.update(task_default_queue="code", broker_transport_options={"own": 1})\n')
#: A worker takes defaults of its options from the settings before it reads its command line.
LOADED = 'app.conf.task_acks_late\n'
GIVEN = {'task_default_queue': 'orders', 'broker_transport_options': {'visibility_timeout': 9}}


@pytest.mark.parametrize('code', [ATTRIBUTES, ATTRIBUTES + LOADED, NAMESPACE + LOADED])
@pytest.mark.parametrize('connection', [{}, OURS])
def test_settings_of_the_app_do_what_they_do_on_the_command_line_of_a_worker(code, connection):
    show = ('import json; print(json.dumps([app.conf.task_default_queue, '
            'app.conf.broker_transport_options, app.amqp.default_queue.name]))')
    words = [f'{name}=(json){json.dumps(value)}' for name, value in GIVEN.items()]
    of_a_worker = run(f'{code}app.config_from_cmdline({words!r})\n{show}',
                      env={VARIABLE: json.dumps(connection)})
    env = {VARIABLE: json.dumps(connection), APP: json.dumps(GIVEN)}
    ours = {'master_name': 'm', 'sentinel_kwargs': {'password': 'p@ss'}} if connection else {}
    # Before Celery 5.7 a namespace wins over the command line.
    if code.startswith(ATTRIBUTES) or CELERY >= (5, 7):
        assert of_a_worker == ['orders', {**ours, 'visibility_timeout': 9}, 'orders']
    assert run(f'{code}{show}', env=env) == of_a_worker


def test_of_an_app_without_settings_nothing_is_added():
    assert run(ATTRIBUTES + 'import json; print(json.dumps(app.conf.task_default_queue))') == 'code'


def test_queues_have_names_and_are_declared_as_those_of_a_worker():
    queues = {'celery': {'exchange': 'celery', 'routing_key': 'celery'}, 'mail': {
        'exchange': 'mail', 'queue_arguments': {'x-max-priority': 5}}}
    show = ('import json; queues = app.amqp.queues; print(json.dumps([[name, q.exchange.name, '
            'q.routing_key, q.queue_arguments] for name, q in sorted(queues.items())]))')
    words = [f'task_queues=(json){json.dumps(queues)}']
    of_a_worker = run(f'{ATTRIBUTES}app.config_from_cmdline({words!r})\n{show}')
    assert of_a_worker == [
        ['celery', 'celery', 'celery', None], ['mail', 'mail', 'mail', {'x-max-priority': 5}]]
    env = {APP: json.dumps({'task_queues': queues})}
    assert run(ATTRIBUTES + show, env=env) == of_a_worker
    # As Flower asks for them.
    assert run(ATTRIBUTES + 'import json; print(json.dumps([q.name for q in '
               'app.conf.task_queues]))', env=env) == ['celery', 'mail']


def test_what_the_application_sets_is_kept():
    assert joined({'a': 1, 'b': 2}, {'b': 3}) == {'a': 1, 'b': 3}
    assert joined({'a': 1}, False) == {'a': 1}
    assert joined({'a': 1}, None) == {'a': 1}
    assert joined('x', 'y') == 'y'


@pytest.mark.parametrize('given, expected', [
    ('', 'shop'), ('app.conf.task_default_queue = "own"', 'own')])
def test_a_default_of_celery_is_nothing_that_anybody_has_set(given, expected):
    code = ('import json; from celery import Celery; app = Celery("tasks", broker="memory://")\n'
            f'{given}\nprint(json.dumps(app.conf.task_default_queue))')
    assert run(code, env={VARIABLE: json.dumps({'task_default_queue': 'shop'})}) == expected


def test_only_whole_strings_are_references():
    assert filled({'a': '{P}', 'b': ['{P}'], 'c': 'x{P}', 'd': 1}, {'P': 'p'}) == {
        'a': 'p', 'b': ['{P}'], 'c': 'x{P}', 'd': 1}
    assert settings({}) == {}


@pytest.mark.parametrize('environ', [{}, {'P': ''}])
def test_a_missing_part_is_named(environ):
    with pytest.raises(ImproperlyConfigured, match='the variable P is empty or not set'):
        filled({'a': '{P}'}, environ)
