"""The judgement, as pure functions over what is known at one moment.

Moments are time.monotonic(). A `..._since` is the moment from which a thing has held at every
look; None means that it does not hold, or is not known. A rule needs all that it names to have
lasted, together, for its threshold, so whatever is not known can only read as live.

A broker that is down, slow or refusing is never a reason: where a broken connection could look
like a broken worker, the broker must have answered the agent's own connection all the while.
"""
from typing import Dict, NamedTuple, Optional, Tuple

from .settings import Settings

Moment = Optional[float]


class Worker(NamedTuple):
    stopping: bool = False             # a shutdown has begun
    running_since: Moment = None       # the consumer is connected and its loop is entered
    last_tick: Moment = None           # the event loop turned
    last_receipt: Moment = None        # a message arrived
    sampled_at: Moment = None          # the rest was looked at
    answering_since: Moment = None     # the broker answers
    silent_since: Moment = None        # the broker does not answer
    waiting_since: Moment = None       # messages wait in the queues it consumes from
    room_since: Moment = None          # it could take a message and has an idle slot for it
    unheld_since: Moment = None        # no task can hold the event loop
    cancelled_since: Moment = None     # it consumes from no queue at all
    childless_since: Moment = None     # not one pool process is alive
    crashes: int = 0                   # pool processes that crashed within pool_after
    concurrency: int = 0
    prefetch: int = 0
    reserved: int = 0
    active: int = 0
    depths: Dict[str, int] = {}        # messages waiting, by queue
    missing: Tuple[str, ...] = ()      # queues it should consume from and does not
    broker_error: str = ''


class Beat(NamedTuple):
    stopping: bool = False
    last_tick: Moment = None
    due: Moment = None                 # when the next tick should have come
    sampled_at: Moment = None
    answering_since: Moment = None
    silent_since: Moment = None
    unanswered: bool = False           # the broker has not answered once
    broker_error: str = ''
    rival: str = ''                    # another Beat that works on the same schedule


def lasted(now: float, *since: Moment) -> float:
    """For how long all of these have held together; 0 when one does not hold."""
    return 0.0 if None in since else now - max(since)


def stalled(w: Worker, now: float, s: Settings) -> str:
    t = lasted(now, w.last_tick, w.unheld_since, w.answering_since)
    return t > s.stall_after and f'the event loop has not turned for {t:.0f} s and no task holds it'


def deaf(w: Worker, now: float, s: Settings) -> str:
    received = w.running_since if w.last_receipt is None else w.last_receipt
    t = lasted(now, w.waiting_since, w.room_since, w.answering_since, w.running_since, received)
    waiting = ', '.join(f'{n} in {queue}' for queue, n in w.depths.items() if n)
    return t > s.deaf_after and f'deaf: messages wait ({waiting}), none received for {t:.0f} s'


def childless(w: Worker, now: float, s: Settings) -> str:
    t = lasted(now, w.childless_since)
    return t > s.pool_after and f'all {w.concurrency} pool processes have been gone for {t:.0f} s'


def crashing(w: Worker, now: float, s: Settings) -> str:
    return w.crashes >= max(5, 3 * w.concurrency) and (
        f'pool processes respawn in a loop: {w.crashes} crashed within {s.pool_after:.0f} s')


def cancelled(w: Worker, now: float, s: Settings) -> str:
    t = lasted(now, w.cancelled_since, w.running_since)
    return t > s.deaf_after and f'the consumer is cancelled on all its queues for {t:.0f} s'


def late(b: Beat, now: float, s: Settings) -> str:
    t = lasted(now, b.due, b.answering_since)
    return t > s.beat_slack and f'the next tick is {t:.0f} s late and the broker answers'


LIVENESS = {Worker: (stalled, deaf, childless, crashing, cancelled), Beat: (late,)}


def not_live(facts, now: float, s: Settings) -> str:
    """Why the process should be restarted, or '' when it should not."""
    if facts.stopping or facts.sampled_at is None or now - facts.sampled_at > s.stale_after:
        return ''
    return next(filter(None, (rule(facts, now, s) for rule in LIVENESS[type(facts)])), '')


def not_ready(facts, now: float, s: Settings) -> str:
    """Why it does not do its work now, or '' when it does."""
    if facts.stopping:
        return 'shutting down'
    return not_live(facts, now, s) or _IDLE[type(facts)](facts, now, s)


def _worker_idle(w: Worker, now: float, s: Settings) -> str:
    if w.running_since is None:
        return 'not consuming: not connected to the broker'
    if w.sampled_at is None:
        return 'not consuming: has just connected'
    if w.missing:
        return 'not consuming from ' + ', '.join(w.missing)
    t = lasted(now, w.silent_since, w.running_since, w.last_receipt or w.running_since)
    return f'the broker has not answered for {t:.0f} s' if t > s.deaf_after else ''


def _beat_idle(b: Beat, now: float, s: Settings) -> str:
    if b.last_tick is None:
        return 'has not ticked: starting, or waiting for its lock'
    if b.unanswered:
        return 'the broker has not answered yet'
    t = lasted(now, b.silent_since)
    return f'the broker has not answered for {t:.0f} s' if t > s.beat_slack else ''


_IDLE = {Worker: _worker_idle, Beat: _beat_idle}
