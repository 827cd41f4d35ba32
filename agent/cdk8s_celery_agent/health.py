"""The judgement, as pure functions over what is known at one moment.

Moments are time.monotonic(). A `..._since` is the moment from which a thing has held at every
look; None means that it does not hold, or is not known. A rule needs all that it names to have
lasted, together, for its threshold, so whatever is not known can only read as live.

A message broker that is down, slow or refusing is never a reason: where one that does not answer
could look like a broken process, it must have answered the agent all the while, in each of the
operations (connect, read, write) that the rule names.
"""
from typing import Callable, Dict, FrozenSet, NamedTuple, Optional, Tuple, Union

from .settings import Settings

Moment = Optional[float]


class Worker(NamedTuple):
    stopping_since: Moment = None      # a shutdown was asked for
    up: bool = False                   # the consumer is connected and about to enter its loop
    down_since: Moment = None          # it is not: starting, or reconnecting
    running_since: Moment = None       # it is, and its event loop has turned
    last_tick: Moment = None           # the event loop turned
    last_receipt: Moment = None        # a message arrived
    sampled_at: Moment = None          # the rest was looked at
    connects_since: Moment = None      # the broker takes a new connection (asked on suspicion)
    reads_since: Moment = None         # the broker answers a question
    writes_since: Moment = None        # the broker takes a write (asked on suspicion)
    silent_since: Moment = None        # the broker does not answer a question
    waiting_since: Moment = None       # messages wait in the queues it consumes from
    room_since: Moment = None          # it could take a message and has an idle slot for it
    unheld_since: Moment = None        # no task can hold the event loop
    unblocked_since: Moment = None     # it does not wait for the result backend
    polls_since: Moment = None         # its own connection asks the broker all the time
    last_data: Moment = None           # its own connection got an answer, at the latest by then
    cancelled_since: Moment = None     # it consumes from no queue at all
    childless_since: Moment = None     # not one pool process is alive
    stuck_since: Moment = None         # the pool has a task that it does not start, and a slot
    taskless_since: Moment = None      # it has no task
    jammed_since: Moment = None        # it waits for the rest of what a pool process has to say
    crashes: int = 0                   # in a row: pool processes crashed, no task ended between
    crashed: int = 0                   # all that crashed within pool_after
    concurrency: int = 0
    prefetch: int = 0
    reserved: int = 0
    active: int = 0
    depths: Dict[str, Optional[int]] = {}    # messages waiting, by queue
    unacked: Optional[int] = None      # delivered and not acknowledged, in the whole database
    oldest_unacked: Optional[float] = None               # when the oldest was: time.time()
    missing: Tuple[str, ...] = ()      # queues it should consume from and does not
    broker_error: str = ''
    off: FrozenSet[str] = frozenset()  # rules that are not judged: see parts.py


class Beat(NamedTuple):
    stopping_since: Moment = None
    last_tick: Moment = None
    due: Moment = None                 # when the next tick should have come
    unblocked_since: Moment = None     # it does not wait for the result backend
    sampled_at: Moment = None
    connects_since: Moment = None
    reads_since: Moment = None
    writes_since: Moment = None
    silent_since: Moment = None
    unanswered: bool = False           # the broker has not answered once
    broker_error: str = ''
    rival: str = ''                    # another Beat that works on the same schedule
    off: FrozenSet[str] = frozenset()


Facts = Union[Worker, Beat]
Rule = Callable[..., str]


def lasted(now: float, *since: Moment) -> float:
    """For how long all of these have held together; 0 when one does not hold."""
    moments = [moment for moment in since if moment is not None]
    return now - max(moments) if len(moments) == len(since) else 0.0


# Rules of a worker that is up

def stalled(w: Worker, now: float, s: Settings) -> str:
    # What holds the loop may be any word with the broker, or none.
    t = lasted(now, w.running_since, w.last_tick, w.unheld_since, w.unblocked_since,
               w.connects_since, w.reads_since, w.writes_since)
    return (f'the event loop has not turned for {t:.0f} s and no task holds it'
            if t > s.stall_after else '')


def deaf(w: Worker, now: float, s: Settings) -> str:
    received = w.running_since if w.last_receipt is None else w.last_receipt
    # Redis takes a BRPOP for a write.
    t = lasted(now, w.running_since, received, w.waiting_since, w.room_since, w.unblocked_since,
               w.reads_since, w.writes_since)
    waiting = ', '.join(f'{n} in {queue}' for queue, n in w.depths.items() if n)
    return (f'deaf: messages wait ({waiting}), none received for {t:.0f} s'
            if t > s.deaf_after else '')


def cut_off(w: Worker, now: float, s: Settings) -> str:
    t = _silent(w, w.reads_since, w.writes_since)
    return (f'deaf: its connection to the broker has got no answer for {t:.0f} s, though the '
            'broker answers' if t > s.deaf_after else '')


def _silent(w: Worker, *since: Moment) -> float:
    """How long its connection had got nothing at the last look: what came after that is not known
    before the next."""
    return 0.0 if w.sampled_at is None else lasted(
        w.sampled_at, w.running_since, w.last_data, w.polls_since, *since)


def cancelled(w: Worker, now: float, s: Settings) -> str:
    t = lasted(now, w.running_since, w.cancelled_since)
    return (f'the consumer is cancelled on all its queues for {t:.0f} s'
            if t > s.deaf_after else '')


def childless(w: Worker, now: float, s: Settings) -> str:
    t = lasted(now, w.running_since, w.childless_since)
    return (f'all {w.concurrency} pool processes have been gone for {t:.0f} s'
            if t > s.pool_after else '')


def crashing(w: Worker, now: float, s: Settings) -> str:
    return (f'pool processes respawn in a loop: {w.crashes} crashed within {s.pool_after:.0f} s'
            if w.running_since is not None and w.crashes >= max(5, 3 * w.concurrency) else '')


def hung(w: Worker, now: float, s: Settings) -> str:
    t = lasted(now, w.running_since, w.stuck_since)
    return (f'the pool has not started a task for {t:.0f} s, though a slot is idle'
            if t > s.hang_after else '')


# Rules of a worker that is not up, or is to end

def absent(w: Worker, now: float, s: Settings) -> str:
    t = lasted(now, w.down_since, w.connects_since, w.reads_since, w.writes_since)
    return (f'not consuming for {t:.0f} s, though the broker answers'
            if t > s.start_after else '')


def lingering(w: Worker, now: float, s: Settings) -> str:
    t = lasted(now, w.stopping_since, w.taskless_since,
               w.connects_since, w.reads_since, w.writes_since)
    return (f'shutting down for {t:.0f} s, though it has no task and the broker answers'
            if t > s.start_after else '')


def jammed(w: Worker, now: float, s: Settings) -> str:
    t = lasted(now, w.stopping_since, w.jammed_since)
    return (f'shutting down, and waits for the rest of a message of a pool process for {t:.0f} s'
            if t > s.start_after else '')


# Of Beat

def late(b: Beat, now: float, s: Settings) -> str:
    t = lasted(now, b.due, b.unblocked_since, b.connects_since, b.reads_since, b.writes_since)
    return f'the next tick is {t:.0f} s late and the broker answers' if t > s.beat_slack else ''


LIVENESS: Dict[type, Tuple[Rule, ...]] = {
    Worker: (stalled, deaf, cut_off, cancelled, childless, crashing, hung, absent), Beat: (late,)}
STOPPING: Dict[type, Tuple[Rule, ...]] = {Worker: (lingering, jammed), Beat: ()}


def not_live(facts: Facts, now: float, s: Settings) -> str:
    """Why the process should be restarted, or '' when it should not."""
    if facts.sampled_at is None or now - facts.sampled_at > s.stale_after:
        return ''
    rules = (LIVENESS if facts.stopping_since is None else STOPPING)[type(facts)]
    found = (rule(facts, now, s) for rule in rules if rule.__name__ not in facts.off)
    return next(filter(None, found), '')


def suspected(facts: Facts, now: float, s: Settings) -> bool:
    """Whether it would soon not be live, if the broker took connections and writes.

    Only then are these asked: a process that is well costs the broker one question a look.
    """
    soon = 2 * s.interval
    asked = facts._replace(connects_since=facts.reads_since, writes_since=facts.reads_since)
    short = s._replace(stall_after=soon, deaf_after=soon, beat_slack=soon, start_after=soon)
    return bool(not_live(asked, now, short))


def not_ready(facts: Facts, now: float, s: Settings) -> str:
    """Why it does not do its work now, or '' when it does."""
    if facts.stopping_since is not None:
        return 'shutting down'
    idle = (_worker_idle(facts, now, s) if isinstance(facts, Worker)
            else _beat_idle(facts, now, s))
    return not_live(facts, now, s) or idle


def _worker_idle(w: Worker, now: float, s: Settings) -> str:
    if not w.up:
        return 'not consuming: not connected to the broker'
    if w.running_since is None:
        return 'not consuming: starting, its event loop has not turned yet'
    if w.sampled_at is None or w.sampled_at < w.running_since:
        return 'not consuming: has just connected'
    if w.missing:
        return 'not consuming from ' + ', '.join(w.missing)
    t = lasted(now, w.silent_since, w.running_since, w.last_receipt or w.running_since)
    if t > s.stale_after:
        return f'the broker has not answered for {t:.0f} s'
    t = lasted(now, w.running_since, w.last_tick, w.unheld_since)
    if t > s.stale_after:
        return f'not consuming: the event loop has not turned for {t:.0f} s'
    t = _silent(w)
    if t > s.stale_after:
        return f'not consuming: no answer on its connection to the broker for {t:.0f} s'
    return ''


def _beat_idle(b: Beat, now: float, s: Settings) -> str:
    if b.last_tick is None:
        return 'has not ticked: starting, or waiting for its lock'
    if b.unanswered:
        return 'the broker has not answered yet'
    t = lasted(now, b.due)
    if t > s.stale_after:
        return f'the next tick is {t:.0f} s late'
    t = lasted(now, b.silent_since)
    return f'the broker has not answered for {t:.0f} s' if t > s.stale_after else ''
