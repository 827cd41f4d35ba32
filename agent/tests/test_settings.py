import pytest

from cdk8s_celery_agent.settings import THRESHOLDS, Settings, read


def read_one(**values):
    return read({'CDK8S_CELERY_AGENT_' + name: value for name, value in values.items()})


def test_defaults():
    assert read({}) == (Settings(), [])
    assert Settings() == ('127.0.0.1', 8790, 5.0, 3.0, 60.0, 45.0, 60.0, 120.0, 300.0, 60.0, '')


@pytest.mark.parametrize('interval, broker_timeout, stale_after', [
    (5.0, 3.0, 21.0), (1.0, 0.5, 4.0), (10.0, 3.0, 36.0), (5.0, 10.0, 35.0)])
def test_a_look_is_stale_after_three_intervals_and_two_answers(
        interval, broker_timeout, stale_after):
    settings = Settings(interval=interval, broker_timeout=broker_timeout)
    assert settings.stale_after == stale_after


@pytest.mark.parametrize('name, least, most, below, above', [
    ('PORT', '1', '65535', '0', '65536'),
    ('BROKER_TIMEOUT', '0.05', '86400', '0.049', '86400.1'),
    ('BROKER_TIMEOUT', '0.05', '86400', '0', '86401'),
    ('START_AFTER', '10', '86400', '0.049', '86401'),
])
def test_the_bounds_of_a_value(name, least, most, below, above):
    for value in least, most:
        settings, complaints = read_one(**{name: value})
        assert complaints == [] and getattr(settings, name.lower()) == float(value)
    for value in below, above:
        settings, complaints = read_one(**{name: value})
        line, = complaints
        assert settings == Settings() and 'must be between' in line


@pytest.mark.parametrize('name', THRESHOLDS)
def test_a_threshold_is_twice_the_interval_at_least(name):
    settings, complaints = read_one(INTERVAL='2', **{name.upper(): '4'})
    assert complaints == [] and getattr(settings, name) == 4
    settings, complaints = read_one(INTERVAL='2', **{name.upper(): '3.9'})
    assert settings == Settings(interval=2.0)
    assert complaints == [
        f'CDK8S_CELERY_AGENT_{name.upper()}=3.9: must be at least twice '
        f'CDK8S_CELERY_AGENT_INTERVAL (2); using {getattr(Settings(), name):g}']


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
