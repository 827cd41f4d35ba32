"""The agent of a worker: `celery worker -I cdk8s_celery_agent.worker`."""
import json
import os
import signal
import sys
import time
from typing import Any, Callable, Dict, Iterator, List, Optional, Set, Tuple

from celery import Task, bootsteps, signals
from celery.concurrency.base import BasePool
from celery.worker import state
from celery.worker.request import Request

from . import health, moving, parts, patches
from .agent import Agent, create, iso, logger, moment
from .broker import Broker
from .health import Worker
from .server import Answer
from .stack import Stack

#: Exit codes of a pool process that did not crash: unknown, done, recycled (billiard's
#: EX_RECYCLE), or told to end (by the signal itself, or through billiard's handler of it).
UNSUSPICIOUS = (None, 0, 0x9B, -signal.SIGTERM, signal.SIGTERM)

#: By kombu driver: the seconds after which a broker's word that messages wait, which each look has
#: heard, is sure. SQS counts approximately, and needs a minute or more to be right again. Others
#: may count what a worker has got and not acknowledged: they are not in here.
SURE_AFTER = {'redis': 0.0, 'amqp': 0.0, 'sqs': 120.0}

#: Seconds between two questions for what is not acknowledged.
UNACKED_INTERVAL = 30.0

#: The most messages or tasks that are listed.
MOST_HELD = 10_000

STOPPED = (bootsteps.CLOSE, bootsteps.TERMINATE)


@signals.worker_init.connect  # type: ignore[untyped-decorator]
def install(sender: Any, **_: Any) -> None:
    """-I modules are imported before the worker's blueprint is made: add a step to it."""
    steps = sender.app.steps
    if isinstance(steps['consumer'], set):
        steps['consumer'].add(Watch)
    else:                                  # the application has put something else there
        steps['consumer'] = [*steps['consumer'], Watch]


class Watch(bootsteps.StartStopStep):  # type: ignore[misc]
    """Tells the agent when the consumer is about to enter its loop and when it has left it."""

    requires = ('celery.worker.consumer.tasks:Tasks',)

    def __init__(self, c: Any, **kwargs: Any) -> None:
        super().__init__(c, **kwargs)
        self.agent = create(WorkerAgent, c)

    def start(self, c: Any) -> None:
        if self.agent:
            with self.agent.journal.guard('consumer_up'):
                self.agent.consumer_up()

    def stop(self, c: Any) -> None:
        if self.agent:
            with self.agent.journal.guard('consumer_down'):
                self.agent.consumer_down()

    shutdown = stop


class WorkerAgent(Agent):
    role = 'worker'

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer
        super().__init__(consumer.app)
        self.pool_name = type(consumer.pool).__module__.rpartition('.')[2]
        #: Its own queues as given at the start (-Q, -X); remote control may change them later.
        self.own_queues: List[str] = list(self.app.amqp.queues.consume_from)
        #: Only these run tasks outside the event loop; the others may hold it with a task.
        self.loop_is_shared = not (consumer.hub and self.pool_name in ('prefork', 'thread'))
        self.up = False
        self.down_since: Optional[float] = time.monotonic()
        self.running_since: Optional[float] = None
        self.last_tick: Optional[float] = None
        self.stopping_since: Optional[float] = None
        self.snapshot = Worker()
        self._stack: Optional[Stack] = None
        self._guarded_tick = self.journal.guard('tick')(self.tick)
        self._last_receipt: List[Optional[float]] = [None]
        self._checked = False
        self._has_consumed = False
        #: Whether there are tasks of whose messages Celery's own bookkeeping says nothing.
        self._keeps_messages = False
        self._tick_asked: Optional[float] = None
        self._children: Set[Any] = set()
        self._crashed: List[float] = []
        self._crashes: List[float] = []    # those in a row
        self._ended = 0                    # tasks that have ended until the last look
        self._over_time: Set[int] = set()  # processes killed by a hard time limit
        self._unstarted: Dict[str, float] = {}
        self._unacked: Optional[Tuple[int, Optional[float]]] = None
        self._unacked_at: Optional[float] = None
        self.server.pages['/held'] = self._held_page
        with self.journal.guard('patches'):
            patches.note_receipts(consumer, self._last_receipt)
        with self.journal.guard('patches'):
            if hasattr(consumer.controller, 'wait_for_soft_shutdown'):     # Celery 5.5
                patches.note_soft_shutdown(consumer.controller, self.shutdown_asked)
        signals.worker_shutting_down.connect(self.shutdown_asked, weak=False)
        signals.worker_shutdown.connect(self.shutdown, weak=False)
        self.start()

    def connection(self) -> Any:
        return self.consumer.connection or self.consumer.conninfo

    # Called in the event loop

    def consumer_up(self) -> None:
        if not self._checked:
            self._checked = True
            self.check(parts.WORKER, self.consumer)
            if hasattr(self._prefork(), 'on_hard_timeout'):
                patches.note_hard_time_limits(self._prefork(), self._over_time.add)
        self._stack = Stack()
        self.up = True
        # Steps and handlers of the application may still take their time before the loop turns.
        self._ask_for_a_tick()
        self.begin.set()
        # celery-batches: one message is acknowledged long after it was received, none is reserved.
        self._keeps_messages = any(
            task.Strategy != Task.Strategy for task in list(self.app.tasks.values()))

    def consumer_down(self) -> None:
        self.up, self.running_since = False, None
        self.down_since = time.monotonic()

    def shutdown(self, **_: Any) -> None:
        """The last line of a worker that ends with an error, as at a password RabbitMQ refuses."""
        with self.journal.guard('shutdown'):
            error = sys.exc_info()[1]
            refused = self.explained(error) if error else ''
            if refused:
                logger.error('%s', refused)

    def tick(self) -> None:
        self._tick_asked = None
        if self.up:
            self.last_tick = time.monotonic()
            self.running_since = self.running_since or self.last_tick
            self.down_since = None

    def shutdown_asked(self, *_: Any, **__: Any) -> None:
        self.stopping_since = self.stopping_since or time.monotonic()

    def _stops(self) -> bool:
        return (self.consumer.blueprint.state in STOPPED
                or self.consumer.controller.blueprint.state in STOPPED
                or not (state.should_stop is None or state.should_stop is False)     # 0 is asked
                or not (state.should_terminate is None or state.should_terminate is False))

    # Called by the thread that answers

    def facts(self) -> Worker:
        return self._facts(self.snapshot)

    def _facts(self, snapshot: Worker) -> Worker:
        if self.stopping_since is None and self._stops():
            self.shutdown_asked()
        return snapshot._replace(
            stopping_since=self.stopping_since, up=self.up, down_since=self.down_since,
            running_since=self.running_since, last_tick=self.last_tick,
            last_receipt=self._last_receipt[0], off=self.off)

    def details(self, facts: Worker) -> Dict[str, Any]:
        return {
            'hostname': self.consumer.hostname,
            'pool': self.pool_name,
            'concurrency': facts.concurrency,
            'prefetch': facts.prefetch,
            'room': facts.room_since is not None,
            'queues': facts.depths or dict.fromkeys(self.own_queues),
            'not_consumed': list(facts.missing),
            'reserved': facts.reserved,
            'active': facts.active,
            'unacked': facts.unacked,
            'oldest_unacked': None if facts.oldest_unacked is None else iso(facts.oldest_unacked),
            'last_receipt': moment(facts.last_receipt),
            'consuming_since': moment(facts.running_since),
            'pool_crashes': facts.crashed,
        }

    def _held_page(self) -> Answer:
        return 200, 'application/json', json.dumps(self.held()).encode() + b'\n'

    def held(self) -> Dict[str, Any]:
        """What this process has of the broker's: the delivery tags of its channel, and the ids of
        the tasks that it has reserved, runs, or keeps for later. Each is taken in one go, for the
        GIL: the event loop goes on."""
        qos = getattr(self._channel(), '_qos', None)     # the property would make one
        # kombu removes what is acknowledged when the next message comes, and notes it until then.
        acknowledged = set(getattr(qos, '_dirty', ()))
        delivered = getattr(qos, '_delivered', None)
        tasks = {*list(state.requests), *self._scheduled()}
        complete = (self.up and delivered is not None
                    and len(delivered) <= MOST_HELD and len(tasks) <= MOST_HELD)
        return {'hostname': self.consumer.hostname, 'now': iso(time.time()), 'complete': complete,
                'deliveries': [str(tag) for tag in list(delivered or ()) if tag not in acknowledged]
                if complete else [],
                'tasks': sorted(tasks) if complete else []}

    def _scheduled(self) -> Iterator[str]:
        queue = getattr(getattr(self.consumer.timer, 'schedule', None), 'queue', ())
        for waiting in list(queue):
            args = getattr(waiting.entry, 'args', None)
            if args and isinstance(args[0], Request):
                yield args[0].id

    # Called by the thread that looks

    def look(self, now: float) -> None:
        snapshot = self._look(now) if self._checked else self._look_from_outside(now)
        if health.suspected(self._facts(snapshot), time.monotonic(), self.settings):
            own = next(iter(self.own_queues), '')
            more = self.takes_more(own, own)
        else:
            more = self.asks_no_more()
        self.snapshot = snapshot._replace(**more)

    def _look_from_outside(self, now: float) -> Worker:
        """Before it has been up there is only the broker to be looked at."""
        _, error = self.ask(lambda broker: broker.ping())
        return Worker(reads_since=self.since('reads', not error),
                      silent_since=self.since('silent', self.silent),
                      broker_error=error, sampled_at=now)

    def _look(self, now: float) -> Worker:
        c = self.consumer
        if self._has_left_the_loop(now):
            self.consumer_down()
        self._have_the_loop_turn(now)
        reserved, active = len(state.reserved_requests), len(state.active_requests)
        with self.gate:
            queues = dict(c.app.amqp.queues.consume_from)
        wanted = list(dict.fromkeys([*self.own_queues, *queues]))
        consuming = [name for name in wanted if self._consumes(name)]
        depths, error = self.ask(lambda broker: self._depths(broker, wanted))
        depths = depths or {}
        if not error:
            error = self._look_at_unacked(now)
            self.forget_after_a_gap(now)
        waits = any(depths.get(name) for name in consuming if not _passive(queues.get(name)))
        self._has_consumed = self._has_consumed or bool(consuming)
        turns = (self.running_since is not None and self.last_tick is not None
                 and now - self.last_tick < self.settings.stale_after)
        self._look_at_children(now, active)
        return Worker(
            reads_since=self.since('reads', not error),
            silent_since=self.since('silent', self.silent),
            waiting_since=self._waiting(waits),
            room_since=self.since('room', self._has_room(reserved, active)),
            unheld_since=self.since('unheld', not self._is_held_by_a_task(now, reserved)),
            unblocked_since=self.since('unblocked', not self._is_held_by(
                now, lambda stack: stack.is_in_module('celery.backends'))),
            polls_since=self.since('polls', turns and self._polls()),
            last_data=self._last_data(),
            # The application may have started it so: it would be started so again.
            cancelled_since=self.since('cancelled', self._has_consumed and not consuming),
            # Only a loop that turns replaces dead processes and hears of those that start a task.
            childless_since=self.since('childless', turns and self._childless()),
            stuck_since=self._stuck(now, turns, active),
            taskless_since=self.since(
                'taskless', not (reserved or active or self._keeps_messages)),
            jammed_since=self.since('jammed', self._is_held_by(
                now, lambda stack: stack.is_in_module('billiard.connection'))),
            crashes=len(self._crashes),
            crashed=len(self._crashed),
            concurrency=self._slots(),
            prefetch=c.qos.value if c.qos else 0,
            reserved=reserved,
            active=active,
            depths=depths,
            unacked=self._unacked and self._unacked[0],
            oldest_unacked=self._unacked and self._unacked[1],
            missing=tuple(name for name in wanted if name not in consuming),
            broker_error=error,
            sampled_at=time.monotonic(),
        )

    def _depths(self, broker: Broker, queues: List[str]) -> Dict[str, Optional[int]]:
        if not queues:
            broker.ping()
        broker.forget_all_but(queues)
        depths = {}
        for name in queues:
            self._have_the_loop_turn_again()
            depths[name] = broker.depth(name)
        return depths

    def _look_at_unacked(self, now: float) -> str:
        """Now and then: it is a number of the whole database, and for people to read."""
        if self._unacked_at is None:
            # Not in the first look, which also connects: the next one would be late.
            self._unacked_at = now - UNACKED_INTERVAL
            return ''
        if now - self._unacked_at < UNACKED_INTERVAL:
            return ''
        self._have_the_loop_turn_again()
        self._unacked, error = self.ask(Broker.unacknowledged)
        self._unacked_at = now
        return error

    def _waiting(self, waits: bool) -> Optional[float]:
        lag = SURE_AFTER.get(self.connection().transport.driver_type)
        since = self.since('waiting', waits and lag is not None)
        return None if since is None or lag is None else since + lag

    def _has_left_the_loop(self, now: float) -> bool:
        """It is up no longer, and only has not said so: after a lost connection Celery cleans up,
        which with a slow broker takes its time."""
        if self.running_since is None or self._stack is None or self._turned(now):
            return False
        code = getattr(self.consumer.loop, '__code__', None)
        return code is not None and not self._stack.is_in(code)

    def _turned(self, now: float) -> bool:
        """Whether there is no reason to ask what holds the loop."""
        return self.last_tick is None or now - self.last_tick <= 2 * self.settings.interval

    def _is_held_by(self, now: float, what: Callable[[Stack], bool]) -> bool:
        return self._stack is not None and not self._turned(now) and what(self._stack)

    def _is_held_by_a_task(self, now: float, reserved: int) -> bool:
        """Or may be; not each is reserved (celery-batches)."""
        return self.loop_is_shared and (bool(reserved) or self._is_held_by(
            now, lambda stack: stack.is_in(BasePool.apply_async.__code__)))

    def _have_the_loop_turn(self, now: float) -> None:
        if self.up and self._may_ask_for_a_tick(now):
            with self.gate:
                self._ask_for_a_tick()

    def _have_the_loop_turn_again(self) -> None:
        """Before a further question: a slow broker takes its time for each, and the next look
        comes later."""
        now = time.monotonic()
        if self.last_tick is not None and now - self.last_tick > self.settings.interval:
            self._have_the_loop_turn(now)

    def _may_ask_for_a_tick(self, now: float) -> bool:
        """One question at a time, unless one got lost."""
        asked = self._tick_asked
        return asked is None or now - asked > 2 * self.settings.stale_after

    def _ask_for_a_tick(self) -> None:
        """Have the event loop show that it turns, by passing through it."""
        self._tick_asked = time.monotonic()
        self.consumer.call_soon(self._guarded_tick)

    def _consumes(self, queue: str) -> bool:
        task_consumer = self.consumer.task_consumer
        return task_consumer is not None and bool(task_consumer.consuming_from(queue))

    def _slots(self) -> int:
        # Older gevent pools count their busy greenlets as num_processes.
        pool = self.consumer.pool
        if self.pool_name == 'prefork' and pool._pool is None:
            return 0                       # it has been stopped
        return int(pool.limit if getattr(pool, 'is_green', False) else pool.num_processes)

    def _has_room(self, reserved: int, active: int) -> bool:
        """Does it miss nothing to take one more message and run it at once?"""
        c = self.consumer
        if c.qos is None or c.task_consumer is None or active >= self._slots():
            return False
        limited = sum(len(bucket.contents) for bucket in list(c.task_buckets.values()) if bucket)
        taken, most = reserved + limited, c.qos.value
        if most and not self._prefetch_grows():
            # The broker still counts with what it was given at first, tasks with an ETA included.
            taken, most = taken + max(0, most - c.initial_prefetch_count), c.initial_prefetch_count
        if most and taken >= most:
            return False                   # has prefetched all it may
        limit = getattr(c.qos, 'max_prefetch', None)
        if limit and c.qos.value >= limit:
            return False                   # worker_eta_task_limit
        return self._can_consume(c.task_consumer.channel)

    def _prefetch_grows(self) -> bool:
        """Whether the broker gives one more message for each task with an ETA that it has."""
        c = self.consumer
        if self.connection().transport.driver_type != 'amqp':
            return True                    # kombu itself counts
        if getattr(c, 'qos_global', None) is not None:   # Celery 5.7 knows
            return bool(c.qos_global)
        with self.gate:
            kinds = {(queue.queue_arguments or {}).get('x-queue-type')
                     for queue in list(c.app.amqp.queues.consume_from.values())}
        return 'quorum' not in kinds

    def _can_consume(self, channel: Any) -> bool:
        qos: Any = getattr(channel, 'qos', None)
        if not hasattr(qos, 'can_consume'):
            return not self._keeps_messages        # AMQP: only the broker counts them
        return bool(qos.can_consume())

    def _channel(self) -> Any:
        return getattr(self.consumer.task_consumer, 'channel', None)

    def _polls(self) -> bool:
        """Whether its connection asks Redis for messages, and so gets an answer every second."""
        channel = self._channel()
        return (moving.longest_answer(channel) is not None and bool(channel.active_queues)
                and self._can_consume(channel))

    def _last_data(self) -> Optional[float]:
        channel = self._channel()
        longest = moving.longest_answer(channel)
        if longest is None:
            return None
        silent = moving.silent_for(moving.consumer_socket(channel))
        return None if silent is None else time.monotonic() - silent + longest

    def _stuck(self, now: float, turns: bool, active: int) -> Optional[float]:
        """From when on the pool has had the oldest of the tasks that it does not start, though a
        slot is idle."""
        pool = self._prefork()
        idle = turns and pool is not None and active < self._slots() and parts.is_fair(pool)
        requests = state.requests.copy() if idle else {}       # in one go, for the GIL
        waiting = [name for name, request in requests.items()
                   if request in state.reserved_requests and request not in state.active_requests]
        self._unstarted = {name: self._unstarted.get(name, now) for name in waiting}
        oldest = min(self._unstarted.values(), default=None)
        # A process that does not start up is killed by Celery itself after this time.
        return None if oldest is None else oldest + self.app.conf.worker_proc_alive_timeout

    def _look_at_children(self, now: float, active: int) -> None:
        seen = set(self._processes())      # not by pid: one that is about to start has none
        gone = self._children - seen
        ended = state.all_total_count[0] - active
        crashed = [now for process in gone if self._has_crashed(process)]
        # Where tasks end, the pool works; a task that crashes its process would do so again.
        works = ended != self._ended or self._keeps_messages
        self._crashes = [] if works else self._crashes + crashed
        self._crashed += crashed
        for crashes in self._crashed, self._crashes:
            crashes[:] = [at for at in crashes if now - at < self.settings.pool_after]
        self._over_time.difference_update(process.pid for process in gone)
        self._children, self._ended = seen, ended

    def _has_crashed(self, process: Any) -> bool:
        return (process.exitcode not in UNSUSPICIOUS and process.pid not in self._over_time
                and not getattr(process, '_controlled_termination', False))      # a revoke

    def _childless(self) -> bool:
        return (self._prefork() is not None and self.consumer.pool.num_processes > 0
                and not any(_alive(process.pid) for process in self._processes()))

    def _prefork(self) -> Any:
        return self.consumer.pool._pool if self.pool_name == 'prefork' else None

    def _processes(self) -> List[Any]:
        return list(getattr(self._prefork(), '_pool', ()))


def _passive(queue: Any) -> bool:
    """A consumer of such a queue may rightly get nothing while messages wait."""
    arguments = getattr(queue, 'queue_arguments', None) or {}
    consumer_arguments = getattr(queue, 'consumer_arguments', None) or {}
    return (bool(arguments.get('x-single-active-consumer'))
            or getattr(queue, 'no_declare', None) is True        # its arguments are not known
            # SQS: a message waits for the one before it of its group.
            or str(getattr(queue, 'name', '')).endswith('.fifo')
            or 'x-priority' in consumer_arguments)


def _alive(pid: int) -> bool:
    """Neither gone nor a zombie."""
    try:
        with open(f'/proc/{pid}/stat', 'rb') as file:
            return file.read().rpartition(b')')[2].split()[0] not in (b'Z', b'X')
    except FileNotFoundError:
        return sys.platform != 'linux' and _signalled(pid)


def _signalled(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
