"""The agent of Beat: `celery beat -S cdk8s_celery_agent.beat:Scheduler`.

The scheduler is the one that CDK8S_CELERY_AGENT_SCHEDULER names, or without it the setting
beat_scheduler of the application, with its ticks noted.
"""
import fcntl
import os
import socket
import time
import uuid
from typing import Callable, Optional

from celery.beat import PersistentScheduler
from celery.utils.imports import load_extension_class_names, qualname, symbol_by_name

from . import settings
from .agent import Agent, create, logger
from .health import Beat


class BeatAgent(Agent):
    role = 'beat'

    def __init__(self, app) -> None:
        super().__init__(app)
        self.owner = f'{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}'
        self.scheduler = None
        self.last_tick: Optional[float] = None
        self.due: Optional[float] = None
        self.ticks = 0
        self.stopping = False
        self.snapshot = Beat()
        self._answered = False
        self._lock = None                  # the schedule's lock file, once one is wanted
        self._locked = False
        self._rivals = {'file': '', 'broker': ''}
        self._claimed = False

    # Called by Beat

    def scheduler_chosen(self, base: Callable, filename: Optional[str]) -> None:
        self.start()
        if filename and isinstance(base, type) and issubclass(base, PersistentScheduler):
            self.lock_schedule(filename)

    def scheduler_up(self, scheduler) -> None:
        self.scheduler = scheduler
        tick, close = scheduler.tick, scheduler.close

        def noted_tick(*args, **kwargs):
            wait = tick(*args, **kwargs)
            self.harmless(self.ticked, wait)
            return wait

        def noted_close(*args, **kwargs):
            self.stopping = True
            return close(*args, **kwargs)

        scheduler.tick, scheduler.close = noted_tick, noted_close

    def ticked(self, wait: Optional[float]) -> None:
        self.last_tick = time.monotonic()
        self.due = self.last_tick + max(wait or 0.0, 0.0)
        self.ticks += 1

    # Called by the thread that answers

    def facts(self) -> Beat:
        return self.snapshot._replace(
            stopping=self.stopping, last_tick=self.last_tick, due=self.due,
            rival=self._rivals['file'] or self._rivals['broker'])

    def details(self, facts: Beat) -> dict:
        return {
            'hostname': self.owner,
            'scheduler': qualname(self.scheduler) if self.scheduler else None,
            'max_interval': getattr(self.scheduler, 'max_interval', None),
            'ticks': self.ticks,
            'rival': facts.rival,
        }

    # Called by the thread that looks

    def look(self, now: float) -> None:
        claims = self.last_tick is not None and not self.stopping
        before, error = self.ask(self._claim if claims else lambda broker: broker.ping())
        if claims and not error:
            # Who wrote after this one did is at work now; who wrote before may be long gone.
            self._rival('broker', before if self._claimed and before != self.owner else '')
            self._claimed = True
        if self._lock is not None and not self._locked:
            self.lock_schedule()
        # An error of the agent itself says nothing of the broker.
        own = any(what.startswith('broker: ') for what in self.journal.errors)
        self._answered = self._answered or not error or own
        self.snapshot = Beat(
            sampled_at=time.monotonic(),
            answering_since=self.since('answering', not error),
            silent_since=self.since('silent', bool(error)),
            unanswered=not self._answered,
            broker_error=error,
        )

    def _claim(self, broker) -> Optional[str]:
        key = f'cdk8s-celery-agent.beat.{self.app.main}.{self.app.conf.task_default_queue}'
        return broker.claim(key, self.owner, seconds=max(10, round(self.settings.stale_after)))

    def lock_schedule(self, filename: Optional[str] = None) -> None:
        """Hold a lock beside the schedule file for as long as this process lives."""
        if filename:
            self._lock = open(filename + '.lock', 'a+')
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


def Scheduler(*args, **kwargs):
    """What Celery takes for the class: makes the scheduler exactly as Celery would.

    Only now is the configuration of the application known.
    """
    app = kwargs['app']
    base = _scheduler_class(app)
    # Celery makes a lazy one for its banner.
    agent = None if kwargs.get('lazy') else create(BeatAgent, app)
    if agent:                              # before the rest, which may wait for a database
        agent.harmless(agent.scheduler_chosen, base, kwargs.get('schedule_filename'))
    scheduler = base(*args, **kwargs)
    if agent:
        agent.harmless(agent.scheduler_up, scheduler)
    return scheduler


def _scheduler_class(app) -> Callable:
    variable = f'{settings.PREFIX}SCHEDULER'
    given = settings.read()[0].scheduler
    name = given or app.conf.beat_scheduler
    try:
        aliases = dict(load_extension_class_names('celery.beat_schedulers'))
        base = symbol_by_name(name, aliases=aliases)
        if base is Scheduler or not callable(base):
            raise TypeError(f'{base!r} is no scheduler')
        return base
    except Exception as exc:
        # Another scheduler would send other tasks: here it is right to stop.
        source = f'{variable}={name!r}' if given else f'the setting beat_scheduler={name!r}'
        raise SystemExit(f'{source} cannot be used: {exc!r}; '
                         'give module:Class of a scheduler, as to celery beat -S')
