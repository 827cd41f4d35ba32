"""All that consumes has one visibility timeout, whatever the code does and what else it sets."""
import json
import os
import subprocess
import sys

import pytest

LOADER = 'cdk8s_celery_launch.loader.Loader'
OF_THE_CODE = "{'priority_steps': [0]}"
MADE = "app = Celery('tasks')\n"
APPS = {
    'no settings': MADE,
    'an attribute': f'{MADE}app.conf.broker_transport_options = {OF_THE_CODE}',
    'an object': f"{MADE}app.config_from_object({{'broker_transport_options': {OF_THE_CODE}}})",
    'a namespace': f"{MADE}app.config_from_object("
                   f"{{'CELERY_BROKER_TRANSPORT_OPTIONS': {OF_THE_CODE}}}, namespace='CELERY')",
    'the default app': 'from celery import current_app as app',
    'Django': f'import os; os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n{MADE}',
}
PRINT = 'import json; print(json.dumps(app.connection().transport_options))'


def options(code, **environ):
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path),
           'CELERY_BROKER_URL': 'redis://localhost:1/0', **environ}
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', f'from celery import Celery\n{code}\n{PRINT}'],
        env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize('name', APPS)
def test_are_added_to_those_of_the_code(name):
    found = options(APPS[name], CELERY_LOADER=LOADER,
                    CDK8S_CELERY_TRANSPORT_OPTIONS='{"visibility_timeout": 7200}')
    assert found['visibility_timeout'] == 7200
    assert ('priority_steps' in found) == ('priority_steps' in APPS[name])


def test_without_the_loader_nothing_is_added():
    found = options(APPS['an attribute'],
                    CDK8S_CELERY_TRANSPORT_OPTIONS='{"visibility_timeout": 7200}')
    assert 'visibility_timeout' not in found


def test_without_the_variable_nothing_is_added():
    found = options(APPS['an attribute'], CELERY_LOADER=LOADER)
    assert found == {'priority_steps': [0]}


#: As workers and Beat have it on their command lines; they read the settings before, or not.
GIVEN = 'app.config_from_cmdline([\'broker_transport_options=(json){"visibility_timeout": 7200}\'])'


@pytest.mark.parametrize('name', APPS)
@pytest.mark.parametrize('before', ['', 'app.conf.task_acks_late\n'])
def test_the_command_line_of_a_worker_does_not_replace_those_of_the_code(name, before):
    found = options(f'{APPS[name]}\n{before}{GIVEN}', CELERY_LOADER=LOADER,
                    CDK8S_CELERY_TRANSPORT_OPTIONS='{"visibility_timeout": 7200}')
    assert found['visibility_timeout'] == 7200
    assert ('priority_steps' in found) == ('priority_steps' in APPS[name])


def test_the_command_line_wins_over_the_code():
    code = "app = Celery('tasks')\napp.conf.broker_transport_options = {'visibility_timeout': 9}"
    found = options(f'{code}\n{GIVEN}', CELERY_LOADER=LOADER,
                    CDK8S_CELERY_TRANSPORT_OPTIONS='{"visibility_timeout": 7200}')
    assert found == {'visibility_timeout': 7200}


def test_without_the_variable_the_command_line_replaces_them():
    found = options(f"{APPS['an attribute']}\n{GIVEN}", CELERY_LOADER=LOADER)
    assert found == {'visibility_timeout': 7200}
