"""What the agents of a worker and of Beat have in common: pages, errors, a thread that looks."""
import json
import platform
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib import import_module
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional, Tuple, Type, TypeVar

from celery import __version__ as celery_version
from celery.utils.log import get_logger
from kombu import __version__ as kombu_version

from . import causes, health, metrics, parts, settings, versions
from .broker import Broker, NotAsked
from .forks import Gate
from .native import is_patched_by
from .server import TEXT, Answer, Server
from .untraced import untraced

logger = get_logger('cdk8s_celery_agent')
PYTHON = platform.python_version()

#: Begins an error for which the configuration is the cause, and not the moment.
REFUSED = 'broker '
MINUTE = 60.0

A = TypeVar('A', bound='Agent')
T = TypeVar('T')


def create(kind: Type[A], *args: Any) -> Optional[A]:
    """Make an agent that listens, or do without one."""
    if is_patched_by('eventlet'):
        logger.error('eventlet is not supported: the %s runs without its agent, and its probes '
                     'will fail; use the gevent pool', kind.role)
        return None
    try:
        agent = kind(*args)
        agent.listen()
        return agent
    except Exception as exc:
        logger.error('agent error, this process runs without its agent: %r', exc, exc_info=exc)
        return None


class Journal:
    """Errors of the agent itself: each is logged once, counted, and never raised.

    They may come from the native thread, which must not touch a lock that gevent has patched, so
    logging waits for `flush` in an ordinary one.
    """

    def __init__(self) -> None:
        self.errors: Dict[str, Dict[str, Any]] = {}
        self._unlogged: List[Tuple[str, BaseException]] = []

    @contextmanager
    def guard(self, where: str) -> Iterator[None]:
        """An error in the agent must not take the process down."""
        try:
            yield
        except Exception as exc:
            self.note(where, exc)

    def note(self, where: str, exc: BaseException) -> None:
        what = f'{where}: {type(exc).__name__}: {exc}'[:500]
        if what in self.errors:
            self.errors[what]['count'] += 1
        elif len(self.errors) < 100:
            self.errors[what] = {'error': what, 'count': 1, 'first': iso(time.time())}
            self._unlogged.append((what, exc))

    def flush(self) -> None:
        while self._unlogged:
            what, exc = self._unlogged.pop(0)
            logger.error('agent error, read as live: %s', what, exc_info=exc)


class Agent:
    """Subclasses say what they know (`facts`), what to look at (`look`) and what to show."""

    role = ''
    #: What was seen at the last look.
    snapshot: Any

    def __init__(self, app: Any) -> None:
        self.app = app
        # What the first name that is looked up imports: in a thread it would hold the lock of that
        # module, at a moment when pool processes are forked.
        import_module('encodings.idna')
        self.settings, complaints = settings.read()
        for complaint in complaints:
            logger.error('%s', complaint)
        if not versions.is_tested(celery_version):
            logger.error('Celery %s is untested with this agent (tested: %s); its health checks '
                         'may be unreliable', celery_version, versions.RANGE)
        self.journal = Journal()
        self.gate = Gate()
        self.broker = Broker(self.connection, self.settings.broker_timeout, self.gate)
        self.driver = ''
        #: Parts of Celery that are not where they were, with the rules that are off for it.
        self.missing_parts: Dict[str, Tuple[str, ...]] = {}
        self._since: Dict[str, float] = {}
        #: The broker gave no answer to the last question. An error of the agent itself in asking
        #: it says nothing of the broker.
        self.silent = False
        #: Why the broker cannot be used, where waiting does not help; and when it was last said.
        self.refusal = ''
        self._said_at: Optional[float] = None
        self._looked_at: Optional[float] = None
        self._looking = False
        #: Set when there is something to be looked at.
        self.begin = threading.Event()
        self.server = Server(self.settings.host, self.settings.port, {
            '/livez': lambda: self._verdict(health.not_live, 'live'),
            '/readyz': lambda: self._verdict(health.not_ready, 'ready'),
            '/status': self._status_page,
            '/metrics': lambda: metrics.page(self.status()),
        }, self.journal.note)

    # What a subclass gives

    def connection(self) -> Any:
        """The application's connection, to whose broker questions go."""
        raise NotImplementedError

    def facts(self) -> Any:
        raise NotImplementedError

    def look(self, now: float) -> None:
        raise NotImplementedError

    def details(self, facts: Any) -> Dict[str, Any]:
        raise NotImplementedError

    # HTTP

    def listen(self) -> None:
        problem = self.server.start()
        where = f'{self.server.host}:{self.server.port}'
        if problem:
            logger.error('cannot listen on %s (%s), so probes of this pod will fail; the %s runs '
                         'on and the agent goes on trying', where, problem, self.role)
        else:
            logger.info('health of this %s on http://%s', self.role, where)

    def _verdict(self, judge: Callable[..., str], good: str) -> Answer:
        try:
            reason = judge(self.facts(), time.monotonic(), self.settings)
        except Exception as exc:
            self.journal.note(good, exc)
            return 200, TEXT, f'{good} (agent error: {exc!r})\n'.encode()
        if reason:
            return 503, TEXT, f'not {good}: {reason}\n'.encode()
        return 200, TEXT, f'{good}\n'.encode()

    def _status_page(self) -> Answer:
        body = json.dumps(self.status(), indent=2) + '\n'
        return 200, 'application/json', body.encode()

    def status(self) -> Dict[str, Any]:
        now = time.monotonic()
        facts = self.facts()
        live = health.not_live(facts, now, self.settings)
        ready = health.not_ready(facts, now, self.settings)
        return {
            'role': self.role,
            'now': iso(time.time()),
            'live': not live,
            'ready': not ready,
            'reason': live or ready,
            **self.details(facts),
            'last_tick': moment(facts.last_tick),
            'looked_at': moment(facts.sampled_at),
            'broker': {
                'reachable_since': moment(facts.reads_since),
                'unreachable_since': moment(facts.silent_since),
                # Asked only when something is suspected.
                'takes_connections_since': moment(facts.connects_since),
                'takes_writes_since': moment(facts.writes_since),
                'error': facts.broker_error,
            },
            'versions': {'celery': celery_version, 'kombu': kombu_version,
                         'transport': self.driver, 'python': PYTHON},
            'missing_parts': {name: list(rules) for name, rules in self.missing_parts.items()},
            'agent_errors': list(self.journal.errors.values()),
        }

    def check(self, needed: Iterable[parts.Part], root: Any) -> None:
        """What this Celery has no longer: the rules that need it are off."""
        self.missing_parts = parts.missing(needed, root)
        for name, rules in self.missing_parts.items():
            logger.error('Celery %s has no %s: not judged: %s',
                         celery_version, name, ', '.join(rules))

    @property
    def off(self) -> 'frozenset[str]':
        return frozenset(rule for rules in self.missing_parts.values() for rule in rules)

    # The thread that looks (under gevent: a greenlet, as everything that talks to the broker)

    def start(self) -> None:
        if not self._looking:
            self._looking = True
            threading.Thread(target=self._watch, name='cdk8s-celery-agent', daemon=True).start()

    def _watch(self) -> None:
        self.begin.wait(2 * self.settings.interval)
        pause = threading.Event()          # never set: the process ends with this thread in it
        while True:
            now = time.monotonic()
            if self._looked_at is not None:
                self.forget_after_a_gap(self._looked_at)
            looked = False
            with self.journal.guard('look'), untraced():
                self.look(now)
                looked = True
            if not looked:                 # nothing is known: that reads as live and as ready
                self.snapshot = type(self.snapshot)(sampled_at=time.monotonic())
            self._looked_at = time.monotonic()
            with self.gate:
                self.journal.flush()
                self._say_why(now)
            pause.wait(self.settings.interval)

    def _say_why(self, now: float) -> None:
        if not self.refusal:
            self._said_at = None
        elif self._said_at is None or now - self._said_at >= MINUTE:
            self._said_at = now
            logger.error('%s', self.refusal)

    def since(self, what: str, holds: bool) -> Optional[float]:
        """From when on this has held, by all looks until now."""
        if not holds:
            self._since.pop(what, None)
            return None
        return self._since.setdefault(what, time.monotonic())

    def forget_after_a_gap(self, seen_at: float) -> None:
        """After a time that was not looked at, because this thread was held up itself or the
        broker took it for its answers, nothing is known to have lasted."""
        if time.monotonic() - seen_at > self.settings.stale_after:
            self._since.clear()

    def ask(self, question: Callable[[Broker], T]) -> Tuple[Optional[T], str]:
        """Ask the broker; return the answer, and the error if there is none."""
        answer, error, self.silent = self._ask(self.broker, question)
        self.refusal = error if error.startswith(REFUSED) else ''
        if not error and not self.driver:
            transport = self.broker.connection.transport
            self.driver = f'{transport.driver_name} {transport.driver_version()}'
        return answer, error

    def takes_more(self, prefix: str, queue: str = '') -> Dict[str, Any]:
        """Whether the broker takes a new connection, and a write on it: asked on suspicion."""
        fresh = Broker(self.connection, self.settings.broker_timeout, self.gate)
        try:
            connects = not self._ask(fresh, lambda broker: broker.ping(queue))[1]
            writes = connects and not self._ask(fresh, lambda broker: broker.take_write(prefix))[1]
        finally:
            fresh.close()
        return {'connects_since': self.since('connects', connects),
                'writes_since': self.since('writes', writes)}

    def asks_no_more(self) -> Dict[str, Any]:
        return {'connects_since': self.since('connects', False),
                'writes_since': self.since('writes', False)}

    def _ask(self, broker: Broker,
             question: Callable[[Broker], T]) -> Tuple[Optional[T], str, bool]:
        """The answer, the error, and whether it is the broker's."""
        try:
            return question(broker), '', False
        except NotAsked as exc:
            return None, str(exc), False
        except Exception as exc:
            silent = isinstance(exc, broker.errors())
            if not silent:
                self.journal.note('broker', exc)
            refused = self.explained(exc) if silent else ''
            broker.close()
            return None, refused or f'{type(exc).__name__}: {exc}'[:200], silent

    def explained(self, exc: BaseException) -> str:
        """Which broker cannot be used, and why; '' for what may pass by itself."""
        cause = causes.explain(exc)
        return f'{REFUSED}{self._where()}: {cause} ({type(exc).__name__})' if cause else ''

    def _where(self) -> str:
        try:
            with self.gate:
                return causes.where(self.connection())
        except Exception:
            return 'unknown'


def iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, timezone.utc).isoformat(timespec='seconds')


def moment(monotonic: Optional[float]) -> Optional[str]:
    if monotonic is None:
        return None
    return iso(time.time() - (time.monotonic() - monotonic))
