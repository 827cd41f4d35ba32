"""URLs from their parts, and the command that gets them."""
import os
import shutil
import subprocess
import sys
import time

import pytest
from kombu import Connection
from kombu.utils.url import parse_url
from lab import AGENT

from cdk8s_celery_launch.urls import PREFIX, compose

#: All that ends a part of a URL, and what unquoting twice or unquoting `+` would change.
PASSWORD = 'p@ss:w/#?[]%+ "w\'ord'
BROKER = f'{PREFIX}CELERY_BROKER_URL'


def launch(*command, env=None, python=sys.executable, **options):
    environ = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
    return subprocess.Popen(
        [python, '-m', 'cdk8s_celery_launch', *command], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**environ, 'PYTHONPATH': str(AGENT), **(env or {})}, **options)


def ran(*command, **options):
    process = launch(*command, **options)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


@pytest.mark.parametrize('password', [
    PASSWORD, 'plain', '%2F', '{OTHER}', '$(OTHER)', 'ümlaut', ' lead', '\\', ';', 'a\tb', '%'])
def test_any_password_arrives_as_it_is(password):
    template = 'redis://user:{SECRET}@redis.example.com:6379/3'
    urls = compose({BROKER: template, 'SECRET': password, 'OTHER': 'other'}).urls
    parsed = parse_url(urls['CELERY_BROKER_URL'])
    assert (parsed['password'], parsed['userid'], parsed['hostname'], parsed['port'],
            parsed['virtual_host']) == (password, 'user', 'redis.example.com', 6379, '3')
    connection = Connection(urls['CELERY_BROKER_URL'])
    assert (connection.password, connection.virtual_host) == (password, '3')


def test_every_template_is_composed_and_nothing_else():
    composed = compose({
        BROKER: 'amqp://{USER}:{PASSWORD}@rabbitmq:5672/%2F', f'{PREFIX}REDBEAT': 'redis://:{A}@r/1',
        'USER': 'u@x', 'PASSWORD': PASSWORD, 'A': 'a', PREFIX: 'nothing', 'PLAIN': '{A}'})
    assert composed.urls.keys() == {'CELERY_BROKER_URL', 'REDBEAT'}
    assert composed.urls['REDBEAT'] == 'redis://:a@r/1'
    assert parse_url(composed.urls['CELERY_BROKER_URL'])['userid'] == 'u@x'
    assert parse_url(composed.urls['CELERY_BROKER_URL'])['virtual_host'] == '/'
    assert (composed.errors, composed.warnings) == ([], [])


def test_bytes_that_are_no_text():
    raw = os.fsdecode(b'\xff\xfe')
    assert compose({f'{PREFIX}URL': 'redis://:{P}@r', 'P': raw}).urls['URL'] == 'redis://:%FF%FE@r'


def test_the_command_takes_its_place():
    script = ('import os, sys; print(os.getpid(), os.environ["CELERY_BROKER_URL"], sys.argv[1:], '
              'open("/proc/self/cmdline").read().split("\\0")[1:], sep="\\n")')
    process = launch(sys.executable, '-c', script, 'a b', '$X', '',
                     env={BROKER: 'redis://:{P}@r/0', 'P': PASSWORD})
    out, err = process.communicate(timeout=30)
    pid, url, args, cmdline = out.splitlines()
    assert (int(pid), err) == (process.pid, '')
    assert parse_url(url)['password'] == PASSWORD
    assert args == "['a b', '$X', '']"
    assert 'ss:w' not in cmdline


def test_its_exit_code_and_signals_are_those_of_the_command():
    assert ran(sys.executable, '-c', 'import sys; sys.exit(7)')[0] == 7
    process = launch(shutil.which('sleep'), '60')
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with open(f'/proc/{process.pid}/cmdline') as file:
            if file.read().startswith(shutil.which('sleep')):
                break
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == -15


def test_without_a_template_it_only_runs_the_command():
    assert ran(sys.executable, '-c', 'print("ran")') == (0, 'ran\n', '')


@pytest.mark.parametrize('env, lines', [
    ({}, ['CELERY_BROKER_URL cannot be composed: the variable P is not set']),
    ({'P': ''}, ['CELERY_BROKER_URL cannot be composed: the variable P is empty']),
    ({f'{PREFIX}RESULTS': 'db+postgresql://{U}:{P}@p/r', 'U': 'secret-user'},
     ['CELERY_BROKER_URL cannot be composed: the variable P is not set',
      'RESULTS cannot be composed: the variable P is not set']),
])
def test_a_missing_part_is_named_on_one_line_and_nothing_runs(env, lines):
    code, out, err = ran(sys.executable, '-c', 'print("ran")',
                         env={BROKER: 'redis://:{P}@r/0', **env})
    assert (code, out) == (78, '')
    assert err.splitlines() == [
        f'cdk8s_celery_launch: {line}; check the key of the Secret that it comes from'
        for line in lines]


def test_a_line_break_at_the_end_is_warned_of_and_kept():
    code, out, err = ran(sys.executable, '-c', 'import os; print(os.environ["CELERY_BROKER_URL"])',
                         env={BROKER: 'redis://:{P}@r/0', 'P': 'hidden-word\n'})
    assert (code, out) == (0, 'redis://:hidden-word%0A@r/0\n')
    assert err.startswith('cdk8s_celery_launch: P ends with a line break')
    assert len(err.splitlines()) == 1
    assert 'hidden-word' not in err


@pytest.mark.parametrize('command, code, line', [
    ([], 64, 'no command follows; give one, e.g. celery -A tasks worker'),
    (['no-such-program'], 127, 'cannot run no-such-program: No such file or directory'),
    (['/etc'], 126, 'cannot run /etc: Permission denied'),
])
def test_a_command_that_there_is_not(command, code, line):
    assert ran(*command) == (code, '', f'cdk8s_celery_launch: {line}\n')
