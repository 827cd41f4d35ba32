"""The agent of Beat: `celery beat -S cdk8s_celery_agent.beat:Scheduler`.

The scheduler is the one that CDK8S_CELERY_AGENT_SCHEDULER names, or without it the setting
beat_scheduler of the application, with its ticks noted.
"""
import fcntl
import hashlib
import os
import re
import socket
import time
import uuid
from typing import Any, Callable, Dict, Optional

from celery.beat import PersistentScheduler
from celery.utils.imports import load_extension_class_names, qualname, symbol_by_name
from kombu.connection import Connection

from . import health, parts, patches, settings
from .agent import Agent, create, logger
from .health import Beat
from .stack import Stack


class BeatAgent(Agent):
    role = 'beat'

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.owner = f'{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}'
        self.scheduler: Any = None
        self.last_tick: Optional[float] = None
        self.due: Optional[float] = None
        self.stopping_since: Optional[float] = None
        self.snapshot = Beat()
        self._stack: Optional[Stack] = None
        self._own_connection = app.connection_for_write()
        self._answered = False
        self._lock: Any = None             # the schedule's lock file, once one is wanted
        self._locked = False
        self._rivals = {'file': '', 'broker': ''}
        self._claimed = ''                 # the key that was written last
        self._entries: Any = None
        self._key = ''
        self.begin.set()

    def connection(self) -> Any:
        """The one that the scheduler publishes on."""
        connection = vars(self.scheduler or self).get('connection')
        # A scheduler of another package may have one of that name to its database.
        return connection if isinstance(connection, Connection) else self._own_connection

    # Called by Beat

    def scheduler_chosen(self, base: Callable[..., Any], filename: Optional[str]) -> None:
        self.start()
        if filename and isinstance(base, type) and issubclass(base, PersistentScheduler):
            self.lock_schedule(filename)

    def scheduler_up(self, scheduler: Any) -> None:
        self.scheduler = scheduler
        self._stack = Stack()
        self.check(parts.BEAT, scheduler)
        patches.note_ticks(scheduler, self.journal.guard('ticked')(self.ticked), self.closing)

    def ticked(self, wait: Optional[float]) -> None:
        self.last_tick = time.monotonic()
        self.due = self.last_tick + max(wait or 0.0, 0.0)

    def closing(self) -> None:
        self.stopping_since = time.monotonic()

    # Called by the thread that answers

    def facts(self) -> Beat:
        return self._facts(self.snapshot)

    def _facts(self, snapshot: Beat) -> Beat:
        return snapshot._replace(
            stopping_since=self.stopping_since, last_tick=self.last_tick, due=self.due,
            rival=self._rivals['file'] or self._rivals['broker'], off=self.off)

    def details(self, facts: Beat) -> Dict[str, Any]:
        return {
            'hostname': self.owner,
            'scheduler': qualname(self.scheduler) if self.scheduler else None,
            'max_interval': getattr(self.scheduler, 'max_interval', None),
            'rival': facts.rival,
        }

    # Called by the thread that looks

    def look(self, now: float) -> None:
        claims = self.last_tick is not None and self.stopping_since is None
        _, error = self.ask(self._claim if claims else lambda broker: broker.ping())
        if self._lock is not None and not self._locked:
            self.lock_schedule()
        self._answered = self._answered or not self.silent
        snapshot = Beat(
            sampled_at=time.monotonic(),
            reads_since=self.since('reads', not error),
            silent_since=self.since('silent', self.silent),
            unblocked_since=self.since('unblocked', not (
                self._stack and self._stack.is_in_module('celery.backends'))),
            unanswered=not self._answered,
            broker_error=error,
        )
        if health.suspected(self._facts(snapshot), time.monotonic(), self.settings):
            more = self.takes_more(self.app.conf.task_default_queue)
        else:
            more = self.asks_no_more()
        self.snapshot = snapshot._replace(**more)

    def _claim(self, broker: Any) -> None:
        key = self._schedule_key()
        before = broker.claim(key, self.owner, seconds=max(10, round(self.settings.stale_after)))
        # Who wrote after this one did is at work now; who wrote before may be long gone.
        known = self._claimed == key and before != self.owner
        self._rival('broker', before if known else '')
        self._claimed = key

    def _schedule_key(self) -> str:
        """The same for two Beats that send the same tasks, and only for these."""
        # Celery's schedulers keep what they last ticked by; it is replaced when it changes.
        entries = getattr(self.scheduler, 'old_schedulers', None)
        if not isinstance(entries, dict):
            entries = self.app.conf.beat_schedule
        if not self._key or entries is not self._entries:
            text = '\n'.join(sorted(f'{name}: {entry!r}' for name, entry in entries.items()))
            digest = hashlib.sha256(re.sub(r' at 0x[0-9a-f]+', '', text).encode()).hexdigest()
            self._entries = entries
            self._key = ('cdk8s-celery-agent.beat.'
                         f'{self.app.main}.{self.app.conf.task_default_queue}.{digest[:12]}')
        return self._key

    def lock_schedule(self, filename: Optional[str] = None) -> None:
        """Hold a lock next to the schedule file for as long as this process lives."""
        if filename:
            self._lock = open(filename + '.lock', 'a+')      # noqa: SIM115 held open
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._locked = True
            self._lock.truncate(0)
            self._lock.write(self.owner)
            self._lock.flush()
            self._rival('file', '')
        except BlockingIOError:
            self._lock.seek(0)
            self._rival('file', self._lock.read())     # '' for the instant before it has signed
        except Exception:
            self._lock = None              # this file system has no locks: do without
            raise

    def _rival(self, how: str, who: Optional[str]) -> None:
        who = who or ''
        if who and who not in self._rivals.values():
            logger.error('two Beats work on one schedule, so its tasks are sent twice: this one '
                         '(%s) and %s; run one Beat only (replicas 1, strategy Recreate)',
                         self.owner, who)
        self._rivals[how] = who


def Scheduler(*args: Any, **kwargs: Any) -> Any:
    """What Celery takes for the class: makes the scheduler exactly as Celery would.

    Only now is the configuration of the application known.
    """
    app = kwargs['app']
    base = _scheduler_class(app)
    # Celery makes a lazy one for its banner.
    agent = None if kwargs.get('lazy') else create(BeatAgent, app)
    if agent:                              # before the rest, which may wait for a database
        with agent.journal.guard('scheduler_chosen'):
            agent.scheduler_chosen(base, kwargs.get('schedule_filename'))
    scheduler = base(*args, **kwargs)
    if agent:
        with agent.journal.guard('scheduler_up'):
            agent.scheduler_up(scheduler)
    return scheduler


def _scheduler_class(app: Any) -> Callable[..., Any]:
    given = settings.read()[0].scheduler
    name = given or app.conf.beat_scheduler
    try:
        aliases = dict(load_extension_class_names('celery.beat_schedulers'))
        base: Any = symbol_by_name(name, aliases=aliases)
        if base is Scheduler or not callable(base):
            raise TypeError(f'{base!r} is no scheduler')
        return base  # type: ignore[no-any-return]
    except Exception as exc:
        # Another scheduler would send other tasks: here it is right to stop.
        source = f'{settings.PREFIX}SCHEDULER' if given else 'the setting beat_scheduler'
        raise SystemExit(f'{source}={name!r} cannot be used: {exc!r}; '
                         'give module:Class of a scheduler, as to celery beat -S') from exc
