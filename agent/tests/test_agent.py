"""What an agent asks and says, without a process of Celery: its journal, its questions to the
message broker, and what it logs of a broker that cannot be used."""
import json
from types import SimpleNamespace

import pytest
from test_looks import Gate

from cdk8s_celery_agent import agent as module
from cdk8s_celery_agent.agent import Agent, Journal
from cdk8s_celery_agent.broker import NotAsked
from cdk8s_celery_agent.settings import Settings

REFUSED = 'broker here: the password is refused (Error)'


def agent(**given):
    made = object.__new__(Agent)
    made.__dict__.update(
        _since={}, journal=Journal(), gate=Gate(), settings=Settings(), silent=False, refusal='',
        driver='', _said_at=None, explained=lambda exc: REFUSED, connection=lambda: None, **given)
    return made


class Broker:
    """One whose questions raise what is given for them."""

    def __init__(self, *_, **raised):
        self.raised, self.closed, self.asked = raised, 0, []
        self.connection = SimpleNamespace(transport=SimpleNamespace(
            driver_name='redis', driver_version=lambda: '8.1.0'))

    def errors(self):
        return (OSError,)

    def close(self):
        self.closed += 1

    def ping(self, queue=''):
        return self._ask('ping', queue)

    def take_write(self, prefix):
        return self._ask('take_write', prefix)

    def _ask(self, name, argument):
        self.asked.append((name, argument))
        if name in self.raised:
            raise self.raised[name]
        return 7


def test_an_error_is_noted_once_and_counted():
    journal = Journal()
    for _ in range(3):
        with journal.guard('look'):
            raise ValueError('x')
    with journal.guard('tick'):
        raise ValueError('x')
    assert [(each['error'], each['count']) for each in journal.errors.values()] == [
        ('look: ValueError: x', 3), ('tick: ValueError: x', 1)]


def test_no_more_than_a_hundred_errors_are_kept_and_each_is_logged_once(caplog):
    journal = Journal()
    for _ in range(2):
        for each in range(101):
            journal.note('look', ValueError(each))
    assert len(journal.errors) == 100
    journal.flush()
    assert len(caplog.records) == 100


@pytest.mark.parametrize('raised, answer, error, silent, refusal, noted', [
    (None, 7, '', False, '', 0),
    (NotAsked('no question'), None, 'no question', False, '', 0),
    (OSError('gone'), None, REFUSED, True, REFUSED, 0),
    (ValueError('y' * 300), None, ('ValueError: ' + 'y' * 300)[:200], False, '', 1),
])
def test_what_comes_of_a_question(raised, answer, error, silent, refusal, noted):
    broker = Broker(**({'ping': raised} if raised else {}))
    made = agent(broker=broker)
    assert made.ask(lambda each: each.ping()) == (answer, error)
    assert (made.silent, made.refusal, len(made.journal.errors)) == (silent, refusal, noted)
    assert broker.closed == (raised is not None and not isinstance(raised, NotAsked))
    assert made.driver == ('' if raised else 'redis 8.1.0')


def test_what_may_pass_by_itself_is_no_refusal():
    made = agent(broker=Broker(ping=OSError('gone')))
    made.explained = lambda exc: ''
    assert made.ask(lambda each: each.ping()) == (None, 'OSError: gone')
    assert (made.silent, made.refusal) == (True, '')


def test_what_cannot_be_asked_takes_no_connection_and_is_not_silent(monkeypatch):
    made = agent()
    for raised, silent in (NotAsked('no question'), False), (OSError(), True):
        monkeypatch.setattr(module, 'Broker', lambda *_, raised=raised: Broker(ping=raised))
        assert made.takes_more('prefix')['connects_since'] is None
        assert made._ask(Broker(ping=raised), lambda each: each.ping())[2] is silent


@pytest.mark.parametrize('problem, level', [(None, 'INFO'), (OSError('in use'), 'ERROR')])
def test_a_port_that_is_taken_is_an_error_in_the_log(caplog, problem, level):
    made = agent(server=SimpleNamespace(start=lambda: problem, host='10.0.0.1', port=8790))
    with caplog.at_level('INFO'):
        made.listen()
    assert [(each.levelname, '10.0.0.1:8790' in each.getMessage()) for each in caplog.records] == [
        (level, True)]


@pytest.mark.parametrize('raised, connects, writes', [
    ({}, True, True), ({'take_write': OSError()}, True, False), ({'ping': OSError()}, False, False),
])
def test_on_suspicion_it_asks_for_a_connection_and_a_write(monkeypatch, raised, connects, writes):
    fresh = Broker(**raised)
    monkeypatch.setattr(module, 'Broker', lambda *_: fresh)
    made = agent()
    found = made.takes_more('prefix', 'mail')
    assert [each is not None for each in found.values()] == [connects, writes]
    assert fresh.asked == [('ping', 'mail'), ('take_write', 'prefix')][:1 + connects]
    assert fresh.closed > 0
    assert made.asks_no_more() == {'connects_since': None, 'writes_since': None}


def test_why_a_broker_cannot_be_used_is_logged_each_minute(caplog):
    made = agent()
    for refusal, at in ('x', 100), ('x', 159.9), ('x', 161), ('', 162), ('x', 163):
        made.refusal = refusal
        made._say_why(at)
    assert len(caplog.records) == 3


def test_the_status_is_a_line_of_json_at_least():
    made = agent()
    made.status = lambda: {'live': True}
    status, kind, body = made._status_page()
    assert (status, kind, json.loads(body)) == (200, 'application/json', {'live': True})
    assert body.endswith(b'}\n')
