import pytest

from cdk8s_celery_agent.settings import Settings, read


def read_one(**values):
    return read({'CDK8S_CELERY_AGENT_' + name: value for name, value in values.items()})


def test_defaults():
    assert read({}) == (Settings(), [])


def test_every_setting_has_its_variable():
    settings, complaints = read_one(
        HOST='10.0.0.7', PORT='80', INTERVAL='1', BROKER_TIMEOUT='0.5', STALL_AFTER='10',
        DEAF_AFTER=' 20 ', POOL_AFTER='30', HANG_AFTER='35', START_AFTER='37',
        BEAT_SLACK='40', SCHEDULER='a:B')
    assert complaints == []
    assert settings == ('10.0.0.7', 80, 1.0, 0.5, 10.0, 20.0, 30.0, 35.0, 37.0, 40.0, 'a:B')


@pytest.mark.parametrize('name, value, complaint', [
    ('PORT', 'http', 'must be a whole number; using 8790'),
    ('PORT', '0', 'must be between 1 and 65535; using 8790'),
    ('PORT', '65536', 'must be between 1 and 65535'),
    ('INTERVAL', '5s', "must be a number of seconds, such as 5 or 0.5; using 5.0"),
    ('INTERVAL', 'nan', 'must be between 0.05 and 86400 seconds'),
    ('INTERVAL', '-1', 'must be between'),
    ('DEAF_AFTER', 'inf', 'must be between'),
    ('DEAF_AFTER', '9', 'at least twice CDK8S_CELERY_AGENT_INTERVAL (5); using 45'),
])
def test_a_bad_value_is_one_line_and_the_default(name, value, complaint):
    settings, complaints = read_one(**{name: value})
    assert settings == Settings()
    line, = complaints
    assert line.startswith(f'CDK8S_CELERY_AGENT_{name}={value}') or repr(value) in line
    assert complaint in line and '\n' not in line


def test_thresholds_grow_with_a_long_interval():
    settings, complaints = read_one(INTERVAL='100')
    assert settings.stall_after == settings.deaf_after == 200 and len(complaints) == 5


def test_empty_is_not_set():
    assert read_one(PORT='', HOST=' ') == (Settings(), [])
