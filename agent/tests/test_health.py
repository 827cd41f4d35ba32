"""The judgement, as a table: what is known, and what follows."""
import pytest

from cdk8s_celery_agent.health import Beat, Worker, not_live, not_ready, suspected
from cdk8s_celery_agent.settings import Settings

S = Settings()
NOW = 10_000.0
LONG, SHORT = NOW - 3600, NOW - 1

#: A worker that has done its work for an hour and has room for more, and a broker that answers.
WELL = Worker(
    up=True, running_since=LONG, last_tick=SHORT, last_receipt=SHORT, sampled_at=NOW,
    reads_since=LONG, connects_since=LONG, writes_since=LONG,
    room_since=LONG, unheld_since=LONG, unblocked_since=LONG, polls_since=LONG,
    last_data=SHORT, taskless_since=LONG,
    concurrency=2, prefetch=2, depths={'celery': 0})
DEAF = WELL._replace(waiting_since=LONG, last_receipt=LONG, depths={'celery': 3, 'other': 0})
CUT_OFF = WELL._replace(last_data=LONG)
STALLED = WELL._replace(last_tick=LONG)
CHILDLESS = WELL._replace(childless_since=LONG)
CANCELLED = WELL._replace(cancelled_since=LONG, missing=('celery',))
CRASHING = WELL._replace(crashes=6, crashed=6)
HUNG = WELL._replace(stuck_since=LONG, reserved=2, taskless_since=None)
ABSENT = Worker(down_since=LONG, sampled_at=SHORT, reads_since=LONG, connects_since=LONG,
                writes_since=LONG)
LINGERING = WELL._replace(stopping_since=LONG)
JAMMED = LINGERING._replace(jammed_since=LONG, active=2, taskless_since=None)

TICKING = Beat(last_tick=SHORT, due=NOW + 1, sampled_at=SHORT, unblocked_since=LONG,
               reads_since=LONG, connects_since=LONG, writes_since=LONG)
LATE = TICKING._replace(last_tick=LONG, due=LONG)

#: Each judgement, what it says, its own moment, its threshold, and what the broker must have done.
RULES = {
    'stalled': (STALLED, 'has not turned', 'last_tick', S.stall_after,
                ('connects', 'reads', 'writes')),
    'deaf': (DEAF, 'deaf: messages wait (3 in celery)', 'waiting_since', S.deaf_after,
             ('reads', 'writes')),
    'cut_off': (CUT_OFF, 'deaf: its connection', 'last_data', S.deaf_after, ('reads', 'writes')),
    'cancelled': (CANCELLED, 'cancelled on all its queues', 'cancelled_since', S.deaf_after, ()),
    'childless': (CHILDLESS, 'all 2 pool processes', 'childless_since', S.pool_after, ()),
    'hung': (HUNG, 'has not started a task', 'stuck_since', S.hang_after, ()),
    'absent': (ABSENT, 'not consuming for', 'down_since', S.start_after,
               ('connects', 'reads', 'writes')),
    'lingering': (LINGERING, 'shutting down for', 'stopping_since', S.start_after,
                  ('connects', 'reads', 'writes')),
    'jammed': (JAMMED, 'the rest of a message', 'jammed_since', S.start_after, ()),
    'late': (LATE, 's late and the broker answers', 'due', S.beat_slack,
             ('connects', 'reads', 'writes')),
}
OPERATIONS = ('connects', 'reads', 'writes')


def judged(facts, reason):
    found = not_live(facts, NOW, S)
    assert (reason in found and '\n' not in found) if reason else found == ''


@pytest.mark.parametrize('rule', RULES)
def test_a_rule_begins_at_its_threshold(rule):
    facts, reason, moment, threshold, _ = RULES[rule]
    judged(facts, reason)
    judged(facts._replace(**{moment: NOW - threshold - 0.001}), reason)
    judged(facts._replace(**{moment: NOW - threshold}), '')


@pytest.mark.parametrize('rule', RULES)
@pytest.mark.parametrize('operation', OPERATIONS)
def test_a_rule_uses_only_the_operations_that_it_depends_on(rule, operation):
    """B3, B4, B5, B7, B8: a broker that is slow, or refuses, is no reason."""
    facts, reason, _, threshold, needed = RULES[rule]
    for moment in None, NOW - threshold:             # it does not do it, or has just begun to
        without = facts._replace(**{f'{operation}_since': moment})
        judged(without, '' if operation in needed else reason)


@pytest.mark.parametrize('rule', RULES)
def test_a_rule_that_lacks_a_part_of_celery_is_off(rule):
    facts, _, _, _, _ = RULES[rule]
    judged(facts._replace(off=frozenset([rule])), '')


NOT_UP = ('absent', 'lingering', 'jammed', 'late')


@pytest.mark.parametrize('rule', [r for r in RULES if r not in NOT_UP])
def test_nothing_is_judged_while_the_consumer_starts_reconnects_or_shuts_down(rule):
    facts = RULES[rule][0]
    judged(facts._replace(running_since=None), '')
    judged(facts._replace(running_since=None, up=False, down_since=NOW - S.start_after), '')
    judged(facts._replace(stopping_since=NOW - S.start_after), '')


@pytest.mark.parametrize('rule', RULES)
def test_an_old_look_says_nothing(rule):
    facts, reason, _, _, _ = RULES[rule]
    judged(facts._replace(sampled_at=NOW - S.stale_after), reason)
    judged(facts._replace(sampled_at=NOW - S.stale_after - 1), '')
    judged(facts._replace(sampled_at=None), '')


CASES = [
    # what, facts, why it is not live
    ('well', WELL, ''),
    ('nothing known yet', Worker(), ''),
    ('connected, not yet looked at', Worker(up=True, running_since=SHORT), ''),

    ('stalled, a task holds the loop', STALLED._replace(unheld_since=None), ''),
    ('stalled, the task has just ended', STALLED._replace(unheld_since=SHORT), ''),
    ('stalled, in the result backend', STALLED._replace(unblocked_since=None), ''),
    ('stalled, was in the result backend', STALLED._replace(unblocked_since=SHORT), ''),
    ('never turned', WELL._replace(last_tick=None), ''),

    ('deaf, has never received', DEAF._replace(last_receipt=None), 'deaf'),
    ('deaf, not for long', DEAF._replace(last_receipt=NOW - 44), ''),
    ('deaf, in the result backend', DEAF._replace(unblocked_since=None), ''),
    ('nothing waits', DEAF._replace(waiting_since=None), ''),
    ('prefetched all it may, or all busy', DEAF._replace(room_since=None), ''),
    ('has just got room', DEAF._replace(room_since=SHORT), ''),
    ('deaf, has just reconnected', DEAF._replace(running_since=SHORT), ''),
    ('deaf, and the queues that do not say', DEAF._replace(depths={'a': None, 'b': 1}), '1 in b'),

    ('silent, but does not ask', CUT_OFF._replace(polls_since=None), ''),
    ('silent, has just begun to ask', CUT_OFF._replace(polls_since=SHORT), ''),
    ('silent, has just reconnected', CUT_OFF._replace(running_since=SHORT), ''),
    ('silent, by a look of some time ago',
     CUT_OFF._replace(last_data=NOW - S.deaf_after - 10, sampled_at=NOW - 10), ''),
    ('silent for long, by a look of some time ago',
     CUT_OFF._replace(last_data=NOW - S.deaf_after - 11, sampled_at=NOW - 10), 'for 46 s'),
    ('the kernel does not say', CUT_OFF._replace(last_data=None), ''),

    ('no pool process, broker silent', CHILDLESS._replace(reads_since=None), 'all 2 pool'),
    ('a child was killed', WELL._replace(crashes=1), ''),
    ('five of two were killed', WELL._replace(crashes=5), ''),
    ('pool crashes in a loop', CRASHING, 'respawn in a loop: 6 crashed'),
    ('many crashed, tasks end between them', CRASHING._replace(crashes=1, crashed=60), ''),
    ('one slot, four crashes', WELL._replace(concurrency=1, crashes=4), ''),
    ('one slot, five crashes', WELL._replace(concurrency=1, crashes=5), 'respawn in a loop'),
    ('crashes, reconnecting', CRASHING._replace(running_since=None), ''),
    ('crashes, off', CRASHING._replace(off=frozenset(['crashing'])), ''),

    ('cancelled on one of its queues', WELL._replace(missing=('other',)), ''),

    ('shuts down with a task', LINGERING._replace(taskless_since=None), ''),
    ('shuts down, its last task has just ended', LINGERING._replace(taskless_since=SHORT), ''),

    ('Beat ticks', TICKING, ''),
    ('Beat waits for its next task', LATE._replace(due=NOW + 300), ''),
    ('Beat has never ticked', TICKING._replace(last_tick=None, due=None), ''),
    ('Beat is late, shutting down', LATE._replace(stopping_since=LONG), ''),
    ('Beat has a rival', TICKING._replace(rival='beat-2'), ''),
]


@pytest.mark.parametrize('facts, reason', [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_liveness(facts, reason):
    judged(facts, reason)


@pytest.mark.parametrize('facts, expected', [
    (WELL, False), (TICKING, False), (Worker(), False),
    (STALLED._replace(connects_since=None, writes_since=None), True),
    (WELL._replace(last_tick=NOW - 2 * S.interval), False),
    (WELL._replace(last_tick=NOW - 2 * S.interval - 1), True),
    (DEAF._replace(connects_since=None, writes_since=None), True),
    (CUT_OFF._replace(connects_since=None, writes_since=None), True),
    (ABSENT._replace(down_since=NOW - 11, connects_since=None, writes_since=None), True),
    (LATE._replace(connects_since=None, writes_since=None), True),
    (LATE._replace(reads_since=None), False),
])
def test_the_broker_is_asked_for_more_only_on_suspicion(facts, expected):
    assert suspected(facts, NOW, S) is expected


READINESS = [
    ('well', WELL, ''),
    ('nothing known yet', Worker(), 'not connected'),
    ('starting: the loop has not turned', Worker(up=True, sampled_at=SHORT), 'has not turned yet'),
    ('connected, not yet looked at', Worker(up=True, running_since=SHORT), 'has just connected'),
    ('looked at before it was up', WELL._replace(sampled_at=SHORT - 2, running_since=SHORT - 1),
     'has just connected'),
    ('reconnecting', WELL._replace(up=False, running_since=None), 'not connected'),
    ('cancelled on one of its queues',
     WELL._replace(missing=('a', 'b')), 'not consuming from a, b'),
    ('shutting down', WELL._replace(stopping_since=SHORT), 'shutting down'),
    ('deaf', DEAF, 'deaf'),
    ('a task holds the loop', STALLED._replace(unheld_since=None), ''),
    ('the loop does not turn', WELL._replace(last_tick=NOW - S.stale_after - 1), 'not turned for'),
    ('the loop turns slowly', WELL._replace(last_tick=NOW - S.stale_after), ''),
    ('its connection is silent', WELL._replace(last_data=NOW - S.stale_after - 1), 'no answer on'),
    ('its connection was silent at the last look, not for long',
     WELL._replace(last_data=NOW - S.stale_after - 10, sampled_at=NOW - 10), ''),
    ('its connection is slow', WELL._replace(last_data=NOW - S.stale_after), ''),
    ('broker silent for a moment', WELL._replace(silent_since=SHORT), ''),
    ('broker silent, still receives', WELL._replace(silent_since=LONG), ''),
    ('broker silent, receives nothing',
     WELL._replace(silent_since=LONG, last_receipt=LONG), 'has not answered'),
    ('broker silent, receives nothing, not for long',
     WELL._replace(silent_since=LONG, last_receipt=NOW - S.stale_after), ''),
    ('receives nothing, broker answers', WELL._replace(last_receipt=LONG), ''),
    ('broker silent, has just connected',
     WELL._replace(silent_since=LONG, last_receipt=LONG, running_since=SHORT - 1), ''),
    ('Beat ticks', TICKING, ''),
    ('Beat is late', LATE, 'late'),
    ('Beat is late, broker silent', LATE._replace(reads_since=None), 'late'),
    ('Beat is a little late', TICKING._replace(due=NOW - S.stale_after), ''),
    ('Beat waits for its lock', TICKING._replace(last_tick=None, due=None), 'waiting for its lock'),
    ('Beat, broker silent for a moment', TICKING._replace(silent_since=SHORT), ''),
    ('Beat, broker silent', TICKING._replace(silent_since=LONG), 'has not answered for 3600 s'),
    ('Beat, broker never there', TICKING._replace(unanswered=True), 'has not answered yet'),
]


@pytest.mark.parametrize('facts, reason', [c[1:] for c in READINESS], ids=[c[0] for c in READINESS])
def test_readiness(facts, reason):
    found = not_ready(facts, NOW, S)
    assert (reason in found and '\n' not in found) if reason else found == ''
