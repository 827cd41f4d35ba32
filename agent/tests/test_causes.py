"""Why a message broker cannot be used, in words."""
import ssl

import pytest
from amqp.exceptions import AccessRefused
from kombu import Connection
from redis.exceptions import AuthenticationError, ConnectionError, ResponseError

from cdk8s_celery_agent.causes import explain, where


@pytest.mark.parametrize('exc, cause', [
    (AuthenticationError('invalid username-password pair or user is disabled.'), 'refused'),
    (ResponseError('WRONGPASS invalid username-password pair'), 'refused'),
    (AuthenticationError('Authentication required.'), 'asks for a password'),
    (ResponseError('NOAUTH Authentication required.'), 'asks for a password'),
    (AccessRefused('Login was refused'), 'refused'),
    (ResponseError('DB index is out of range'), 'no database'),
    (ssl.SSLCertVerificationError(1, 'certificate verify failed: certificate has expired'),
     'has expired'),
    (ssl.SSLCertVerificationError(1, 'certificate verify failed: Hostname mismatch'),
     'another host name'),
    (ConnectionError('Error 1 connecting to r:6379. [SSL: CERTIFICATE_VERIFY_FAILED] '
                     'certificate verify failed: unable to get local issuer'), 'not signed'),
    (ssl.SSLError('[SSL: WRONG_VERSION_NUMBER] wrong version number'), 'does not speak TLS'),
])
def test_what_does_not_pass_by_itself_is_explained(exc, cause):
    assert cause in explain(exc)


@pytest.mark.parametrize('exc', [
    ConnectionRefusedError(111, 'Connection refused'), TimeoutError('timed out'), OSError('reset'),
    ConnectionError('Error 111 connecting to redis:6379. Connection refused.'),
    ResponseError('LOADING Redis is loading the dataset in memory'),
    ResponseError("READONLY You can't write against a read only replica."),
])
def test_what_may_pass_is_not(exc):
    assert explain(exc) == ''


def test_a_cause_behind_another_error():
    try:
        try:
            raise AuthenticationError('invalid password')
        except AuthenticationError as exc:
            raise OSError('no connection') from exc
    except OSError as exc:
        assert 'refused' in explain(exc)


def test_where_it_is_without_a_secret():
    assert where(Connection('redis://user:hidden@redis.example.com:6380/0')) == (
        'redis.example.com:6380')
    assert where(Connection('amqp://user:hidden@rabbitmq//')) == 'rabbitmq:5672'


def test_a_worker_with_a_wrong_password_says_so_once_a_minute(redis, worker):
    redis.cli('config', 'set', 'requirepass', 'right')
    redis.password = 'right'
    pod = worker(env={'TEST_BROKER': redis.url.replace('://', '://:wr0ng-one@')})
    pod.until(lambda: 'refused' in pod.status().get('broker', {}).get('error', ''),
              what='the cause')
    error = pod.status()['broker']['error']
    assert error.startswith(f'broker 127.0.0.1:{redis.port}: the password or the user is refused')
    assert not pod.ready() and pod.live()
    lines = [line for line in pod.log().splitlines() if 'the password or the user' in line]
    assert len(lines) == 1
    assert 'wr0ng-one' not in pod.log() + error


@pytest.mark.xdist_group('rabbit')
def test_a_worker_that_ends_with_a_wrong_password_says_so_in_its_last_line(rabbit, worker):
    pod = worker(env={'TEST_BROKER': rabbit.url.replace('guest:guest', 'guest:wr0ng-one'),
                      'TEST_BACKEND': 'cache+memory://'})
    pod.until(lambda: pod.process.poll() == 1, 60, 'its end')
    last = pod.log().splitlines()[-1]
    assert f'broker 127.0.0.1:{rabbit.port}: the password or the user is refused' in last
    assert 'wr0ng-one' not in pod.log()
