"""The judgement, as a table: what is known, and what follows."""
import pytest

from cdk8s_celery_agent.health import Beat, Worker, not_live, not_ready
from cdk8s_celery_agent.settings import Settings

S = Settings()
NOW = 10_000.0
LONG, SHORT = NOW - 3600, NOW - 1

#: A worker that has done its work for an hour and has room for more.
WELL = Worker(
    running_since=LONG, last_tick=SHORT, last_receipt=SHORT, sampled_at=SHORT,
    answering_since=LONG, room_since=LONG, unheld_since=LONG,
    concurrency=2, prefetch=2, depths={'celery': 0})
DEAF = WELL._replace(waiting_since=LONG, last_receipt=LONG, depths={'celery': 3, 'other': 0})
STALLED = WELL._replace(last_tick=LONG)
CHILDLESS = WELL._replace(childless_since=LONG)
CANCELLED = WELL._replace(cancelled_since=LONG, missing=('celery',))
CRASHING = WELL._replace(crashes=6)

TICKING = Beat(last_tick=SHORT, due=NOW + 1, sampled_at=SHORT, answering_since=LONG)
LATE = TICKING._replace(last_tick=LONG, due=LONG)

CASES = [
    # what, facts, why it is not live
    ('well', WELL, ''),
    ('nothing known yet', Worker(), ''),
    ('connected, not yet looked at', Worker(running_since=SHORT), ''),

    ('stalled', STALLED, 'has not turned'),
    ('stalled, not for long', STALLED._replace(last_tick=NOW - 59), ''),
    ('stalled, a task holds the loop', STALLED._replace(unheld_since=None), ''),
    ('stalled, the task has just ended', STALLED._replace(unheld_since=SHORT), ''),
    ('stalled, broker silent', STALLED._replace(answering_since=None), ''),
    ('stalled, broker has just come back', STALLED._replace(answering_since=SHORT), ''),
    ('stalled, shutting down', STALLED._replace(stopping=True), ''),
    ('stalled while it reconnects', STALLED._replace(running_since=None), 'has not turned'),
    ('never connected', WELL._replace(last_tick=None), ''),

    ('deaf', DEAF, 'deaf: messages wait (3 in celery)'),
    ('deaf, has never received', DEAF._replace(last_receipt=None), 'deaf'),
    ('deaf, not for long', DEAF._replace(last_receipt=NOW - 44), ''),
    ('deaf, messages came lately', DEAF._replace(waiting_since=SHORT), ''),
    ('nothing waits', DEAF._replace(waiting_since=None), ''),
    ('prefetched all it may, or all busy', DEAF._replace(room_since=None), ''),
    ('has just got room', DEAF._replace(room_since=SHORT), ''),
    ('deaf, broker silent', DEAF._replace(answering_since=None), ''),
    ('deaf, broker has just come back', DEAF._replace(answering_since=SHORT), ''),
    ('deaf, has just reconnected', DEAF._replace(running_since=SHORT), ''),
    ('deaf, reconnecting', DEAF._replace(running_since=None), ''),
    ('deaf, shutting down', DEAF._replace(stopping=True), ''),
    ('deaf, but the look is old', DEAF._replace(sampled_at=NOW - 22), ''),

    ('no pool process', CHILDLESS, 'all 2 pool processes'),
    ('no pool process, not for long', CHILDLESS._replace(childless_since=SHORT), ''),
    ('no pool process, broker silent',
     CHILDLESS._replace(answering_since=None), 'all 2 pool processes'),
    ('no pool process, shutting down', CHILDLESS._replace(stopping=True), ''),
    ('a child was killed', WELL._replace(crashes=1), ''),
    ('five of two were killed', WELL._replace(crashes=5), ''),
    ('pool crashes in a loop', CRASHING, 'respawn in a loop: 6 crashed'),
    ('one slot, four crashes', WELL._replace(concurrency=1, crashes=4), ''),
    ('one slot, five crashes', WELL._replace(concurrency=1, crashes=5), 'respawn in a loop'),

    ('cancelled on all queues', CANCELLED, 'cancelled on all its queues'),
    ('cancelled, not for long', CANCELLED._replace(cancelled_since=SHORT), ''),
    ('cancelled, reconnecting', CANCELLED._replace(running_since=None), ''),
    ('cancelled on one of its queues', WELL._replace(missing=('other',)), ''),

    ('Beat ticks', TICKING, ''),
    ('Beat waits for its next task', LATE._replace(due=NOW + 300), ''),
    ('Beat has never ticked', TICKING._replace(last_tick=None, due=None), ''),
    ('Beat is late', LATE, 's late'),
    ('Beat is a little late', LATE._replace(due=NOW - 59), ''),
    ('Beat is late, broker silent', LATE._replace(answering_since=None), ''),
    ('Beat is late, broker has just come', LATE._replace(answering_since=SHORT), ''),
    ('Beat is late, shutting down', LATE._replace(stopping=True), ''),
    ('Beat has a rival', TICKING._replace(rival='beat-2'), ''),
]


@pytest.mark.parametrize('facts, reason', [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_liveness(facts, reason):
    found = not_live(facts, NOW, S)
    assert (reason in found and '\n' not in found) if reason else found == ''


READINESS = [
    ('well', WELL, ''),
    ('nothing known yet', Worker(), 'not connected'),
    ('connected, not yet looked at', Worker(running_since=SHORT), 'has just connected'),
    ('reconnecting', WELL._replace(running_since=None), 'not connected'),
    ('cancelled on one of its queues',
     WELL._replace(missing=('a', 'b')), 'not consuming from a, b'),
    ('shutting down', WELL._replace(stopping=True), 'shutting down'),
    ('deaf', DEAF, 'deaf'),
    ('a task holds the loop', STALLED._replace(unheld_since=None), ''),
    ('broker silent for a moment', WELL._replace(silent_since=SHORT), ''),
    ('broker silent, still receives', WELL._replace(silent_since=LONG), ''),
    ('broker silent, receives nothing',
     WELL._replace(silent_since=LONG, last_receipt=LONG), 'has not answered'),
    ('receives nothing, broker answers', WELL._replace(last_receipt=LONG), ''),
    ('broker silent, has just connected',
     WELL._replace(silent_since=LONG, last_receipt=LONG, running_since=SHORT), ''),
    ('Beat ticks', TICKING, ''),
    ('Beat is late', LATE, 'late'),
    ('Beat waits for its lock', TICKING._replace(last_tick=None, due=None), 'waiting for its lock'),
    ('Beat is late, broker silent', LATE._replace(answering_since=None), ''),
    ('Beat, broker silent for a moment', TICKING._replace(silent_since=SHORT), ''),
    ('Beat, broker silent', TICKING._replace(silent_since=LONG), 'has not answered for 3600 s'),
    ('Beat, broker never there', TICKING._replace(unanswered=True), 'has not answered yet'),
]


@pytest.mark.parametrize('facts, reason', [c[1:] for c in READINESS], ids=[c[0] for c in READINESS])
def test_readiness(facts, reason):
    found = not_ready(facts, NOW, S)
    assert (reason in found and '\n' not in found) if reason else found == ''
