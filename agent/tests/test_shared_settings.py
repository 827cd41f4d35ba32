"""Flower and jobs have the transport options of the workers, whatever the code does."""
import json
import os
import subprocess
import sys
import textwrap

import pytest

APPS = {
    'no settings': "app = Celery('tasks')",
    'an attribute': "app = Celery('tasks')\napp.conf.broker_transport_options = {'priority_steps': [0]}",
    'an object': "app = Celery('tasks')\napp.config_from_object({'broker_transport_options': {'priority_steps': [0]}})",
    'a namespace': "app = Celery('tasks')\napp.config_from_object({'CELERY_BROKER_TRANSPORT_OPTIONS': {'priority_steps': [0]}}, namespace='CELERY')",  # noqa: E501
    'the default app': 'from celery import current_app as app',
}


def options(code, **environ):
    script = textwrap.dedent('from celery import Celery\n{}\nimport json; print(json.dumps(app.connection().transport_options))').format(code)  # noqa: E501
    env = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path), 'CELERY_BROKER_URL': 'redis://localhost:1/0', **environ}
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', script], env=env, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize('name', APPS)
def test_are_added_to_those_of_the_code(name):
    found = options(APPS[name], CELERY_LOADER='cdk8s_celery_settings:Loader',
                    CDK8S_CELERY_TRANSPORT_OPTIONS='{"visibility_timeout": 7200}')
    assert found['visibility_timeout'] == 7200
    assert ('priority_steps' in found) == ('priority_steps' in APPS[name])


def test_without_the_loader_nothing_is_added():
    assert 'visibility_timeout' not in options(APPS['an attribute'], CDK8S_CELERY_TRANSPORT_OPTIONS='{"visibility_timeout": 7200}')


def test_without_the_variable_nothing_is_added():
    assert options(APPS['an attribute'], CELERY_LOADER='cdk8s_celery_settings:Loader') == {'priority_steps': [0]}
