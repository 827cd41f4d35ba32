"""What the agents of a worker and of Beat have in common: pages, errors, a thread that looks."""
import json
import platform
import threading
import time
from datetime import datetime, timezone
from typing import Callable, Dict, List, Optional

from celery import __version__ as celery_version
from celery.utils.log import get_logger
from kombu import __version__ as kombu_version

from . import health, metrics, settings
from .broker import Broker
from .server import TEXT, Answer, Server

logger = get_logger('cdk8s_celery_agent')

OLDEST, NEWEST = (5, 3), (5, 7)


def create(make: Callable[..., 'Agent'], *args) -> Optional['Agent']:
    """Make an agent that listens, or do without one."""
    try:
        agent = make(*args)
        agent.listen()
        return agent
    except Exception as exc:
        logger.error('agent error, this process runs without its agent: %r', exc, exc_info=exc)
        return None


class Journal:
    """Errors of the agent itself: each is logged once, counted, and never raised.

    `note` may be called from the native thread, which must not touch a lock that gevent has
    patched, so logging waits for `flush` in an ordinary one.
    """

    def __init__(self) -> None:
        self.errors: Dict[str, dict] = {}
        self._unlogged: List[tuple] = []

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

    def __init__(self, app) -> None:
        self.app = app
        self.settings, complaints = settings.read()
        for complaint in complaints:
            logger.error('%s', complaint)
        if not OLDEST <= tuple(map(int, celery_version.split('.')[:2])) <= NEWEST:
            logger.error('Celery %s is not one that this agent is tested with (5.3 to 5.7): '
                         'expect less from its health checks', celery_version)
        self.journal = Journal()
        self.broker = Broker(app, self.settings.broker_timeout)
        self.driver = ''
        self._since: Dict[str, float] = {}
        self._looked_at: Optional[float] = None
        self._closed = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self.server = Server(self.settings.host, self.settings.port, {
            '/livez': lambda: self._verdict(health.not_live, 'live'),
            '/readyz': lambda: self._verdict(health.not_ready, 'ready'),
            '/status': self._status_page,
            '/metrics': lambda: metrics.page(self.status),
        }, self.journal.note)

    # What a subclass gives

    def facts(self):
        raise NotImplementedError

    def look(self, now: float) -> None:
        raise NotImplementedError

    def details(self, facts) -> dict:
        raise NotImplementedError

    def harmless(self, function: Callable, *args):
        """Call it; an error in the agent must not take the process down."""
        try:
            return function(*args)
        except Exception as exc:
            self.journal.note(function.__name__, exc)
            return None

    # HTTP

    def listen(self) -> None:
        problem = self.server.start()
        where = f'{self.server.host}:{self.server.port}'
        if problem:
            logger.error('cannot listen on %s (%s), so probes of this pod will fail; the %s runs '
                         'on and the agent goes on trying', where, problem, self.role)
        else:
            logger.info('health of this %s on http://%s', self.role, where)

    def _verdict(self, judge: Callable, good: str) -> Answer:
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

    def status(self) -> dict:
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
                'reachable_since': moment(facts.answering_since),
                'unreachable_since': moment(facts.silent_since),
                'error': facts.broker_error,
            },
            'versions': {'celery': celery_version, 'kombu': kombu_version,
                         'transport': self.driver, 'python': platform.python_version()},
            'agent_errors': list(self.journal.errors.values()),
        }

    # The thread that looks (under gevent: a greenlet, as everything that talks to the broker)

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._watch, name='cdk8s-celery-agent', daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.is_set():
            now = time.monotonic()
            if self._looked_at is not None and now - self._looked_at > self.settings.stale_after:
                self._since.clear()        # it was held up itself: nothing is known to have lasted
            try:
                self.look(now)
            except Exception as exc:
                self.journal.note('look', exc)
            self._looked_at = time.monotonic()
            self.journal.flush()
            self._closed.wait(self.settings.interval)

    def since(self, what: str, holds: bool) -> Optional[float]:
        """From when on this has held, by all looks until now."""
        if not holds:
            self._since.pop(what, None)
            return None
        return self._since.setdefault(what, time.monotonic())

    def ask(self, question: Callable):
        """Ask the broker; return the answer (None: it does not answer) and the error."""
        try:
            with self.broker.deadline():
                answer = question(self.broker)
        except Exception as exc:
            if not isinstance(exc, self._broker_errors()):
                self.journal.note('broker', exc)
            self.broker.close()
            return None, f'{type(exc).__name__}: {exc}'[:200]
        if not self.driver:
            transport = self.broker.connection.transport
            self.driver = f'{transport.driver_name} {transport.driver_version()}'
        return answer, ''

    def _broker_errors(self) -> tuple:
        connection = self.broker.connection
        expected = (OSError,)
        if connection is not None:
            expected += tuple(connection.connection_errors) + tuple(connection.channel_errors)
        return expected


def iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, timezone.utc).isoformat(timespec='seconds')


def moment(monotonic: Optional[float]) -> Optional[str]:
    if monotonic is None:
        return None
    return iso(time.time() - (time.monotonic() - monotonic))
