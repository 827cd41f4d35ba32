"""The agent of a worker: `celery worker -I cdk8s_celery_agent.worker`."""
import os
import signal
import sys
import time
from typing import Dict, List, Optional, Set

from celery import bootsteps, signals
from celery.worker import state

from .agent import Agent, create, moment
from .health import Worker

#: How often the event loop shows that it turns.
TICK = 1.0

#: Exit codes of a pool process that did not crash: unknown, done, recycled (billiard's
#: EX_RECYCLE), or told to end (by the signal itself, or through billiard's handler of it).
UNSUSPICIOUS = (None, 0, 0x9B, -signal.SIGTERM, signal.SIGTERM)

STOPPED = (bootsteps.CLOSE, bootsteps.TERMINATE)


@signals.worker_init.connect
def install(sender, **_) -> None:
    """-I modules are imported before the worker's blueprint is made: add a step to it."""
    sender.app.steps['consumer'].add(Watch)


class Watch(bootsteps.StartStopStep):
    """Tells the agent when the consumer is about to enter its loop and when it has left it."""

    requires = ('celery.worker.consumer.tasks:Tasks',)

    def __init__(self, c, **kwargs) -> None:
        super().__init__(c, **kwargs)
        self.agent = create(WorkerAgent, c)

    def start(self, c) -> None:
        if self.agent:
            self.agent.harmless(self.agent.consumer_up)

    def stop(self, c) -> None:
        if self.agent:
            self.agent.harmless(self.agent.consumer_down)

    shutdown = stop


class WorkerAgent(Agent):
    role = 'worker'

    def __init__(self, consumer) -> None:
        super().__init__(consumer.app)
        self.consumer = consumer
        self.pool_name = type(consumer.pool).__module__.rpartition('.')[2]
        #: Its own queues as given at the start (-Q, -X); remote control may change them later.
        self.own_queues = list(self.app.amqp.queues.consume_from)
        #: Only these run tasks beside the event loop; the others may hold it with a task.
        self.loop_is_shared = not (consumer.hub and self.pool_name in ('prefork', 'thread'))
        self.last_tick: Optional[float] = None
        self.last_receipt: Optional[float] = None
        self.running_since: Optional[float] = None
        self.shutting_down = False
        self.snapshot = Worker()
        self._tick_timer = None
        self._tick_asked = False
        self._children: Set[object] = set()
        self._crashes: List[float] = []
        self._over_time: Set[int] = set()  # processes killed by a hard time limit
        self._stamp_receipts(consumer)
        signals.worker_shutting_down.connect(self.on_shutting_down, weak=False)

    # Called in the event loop

    def _stamp_receipts(self, consumer) -> None:
        create = consumer.create_task_handler

        def create_task_handler(*args, **kwargs):
            handle = create(*args, **kwargs)

            def on_message(message):
                self.last_receipt = time.monotonic()
                return handle(message)
            return on_message

        consumer.create_task_handler = create_task_handler

    def _note_time_limits(self, pool) -> None:
        kill = pool.on_hard_timeout

        def on_hard_timeout(job):
            self._over_time.add(job._worker_pid)
            return kill(job)

        pool.on_hard_timeout = on_hard_timeout

    def consumer_up(self) -> None:
        if self._thread is None and hasattr(self._prefork(), 'on_hard_timeout'):
            self._note_time_limits(self._prefork())
        if self.consumer.hub:
            self._tick_timer = self.consumer.timer.call_repeatedly(TICK, self.tick)
        self.running_since = time.monotonic()
        self.start()

    def consumer_down(self) -> None:
        self.running_since = None
        timer, self._tick_timer = self._tick_timer, None
        if timer is not None:
            timer.cancel()

    def tick(self) -> None:
        self.last_tick = time.monotonic()
        self._tick_asked = False

    def on_shutting_down(self, **_) -> None:
        self.shutting_down = True

    @property
    def stopping(self) -> bool:
        return (self.shutting_down
                or self.consumer.blueprint.state in STOPPED
                or self.consumer.controller.blueprint.state in STOPPED
                or state.should_stop not in (None, False)
                or state.should_terminate not in (None, False))

    # Called by the thread that answers

    def facts(self) -> Worker:
        return self.snapshot._replace(
            stopping=self.stopping, running_since=self.running_since,
            last_tick=self.last_tick, last_receipt=self.last_receipt)

    def details(self, facts: Worker) -> dict:
        return {
            'hostname': self.consumer.hostname,
            'pool': self.pool_name,
            'concurrency': facts.concurrency,
            'prefetch': facts.prefetch,
            'queues': facts.depths or dict.fromkeys(self.own_queues),
            'not_consumed': list(facts.missing),
            'reserved': facts.reserved,
            'active': facts.active,
            'last_receipt': moment(facts.last_receipt),
            'consuming_since': moment(facts.running_since),
            'pool_crashes': facts.crashes,
        }

    # Called by the thread that looks

    def look(self, now: float) -> None:
        c = self.consumer
        if not c.hub and not self._tick_asked and self.running_since is not None:
            self._tick_asked = True
            c.call_soon(self.tick)         # this loop has no timer of its own: pass through it
        reserved, active = len(state.reserved_requests), len(state.active_requests)
        queues = dict(c.app.amqp.queues.consume_from)
        wanted = list(dict.fromkeys([*self.own_queues, *queues]))
        consuming = [name for name in wanted if self._consumes(name)]
        depths, error = self.ask(lambda broker: self._depths(broker, wanted))
        answers = depths is not None
        depths = depths or {}
        waits = any(depths.get(name) for name in consuming if not _passive(queues.get(name)))
        self._look_at_children(now)
        self.snapshot = Worker(
            sampled_at=time.monotonic(),
            answering_since=self.since('answering', answers),
            silent_since=self.since('silent', not answers),
            waiting_since=self.since('waiting', waits),
            room_since=self.since('room', self._has_room(reserved, active)),
            unheld_since=self.since('unheld', not (self.loop_is_shared and reserved)),
            cancelled_since=self.since('cancelled', not consuming),
            childless_since=self.since('childless', self._childless(now)),
            crashes=len(self._crashes),
            concurrency=self._slots(),
            prefetch=c.qos.value if c.qos else 0,
            reserved=reserved,
            active=active,
            depths=depths,
            missing=tuple(name for name in wanted if name not in consuming),
            broker_error=error,
        )

    @staticmethod
    def _depths(broker, queues: List[str]) -> Dict[str, int]:
        if not queues:
            broker.ping()
        return {name: broker.depth(name) for name in queues}

    def _consumes(self, queue: str) -> bool:
        task_consumer = self.consumer.task_consumer
        return task_consumer is not None and task_consumer.consuming_from(queue)

    def _slots(self) -> int:
        # Older gevent pools count their busy greenlets as num_processes.
        pool = self.consumer.pool
        return pool.limit if getattr(pool, 'is_green', False) else pool.num_processes

    def _has_room(self, reserved: int, active: int) -> bool:
        """Does it miss nothing to take one more message and run it at once?"""
        c = self.consumer
        if c.qos is None or c.task_consumer is None or active >= self._slots():
            return False
        limited = sum(len(bucket.contents) for bucket in list(c.task_buckets.values()) if bucket)
        if c.qos.value and reserved + limited >= c.qos.value:
            return False                   # has prefetched all it may
        most = getattr(c.qos, 'max_prefetch', None)
        if most and c.qos.value >= most:
            return False                   # worker_eta_task_limit
        qos = getattr(c.task_consumer.channel, 'qos', None)
        return not hasattr(qos, 'can_consume') or bool(qos.can_consume())

    def _look_at_children(self, now: float) -> None:
        seen = set(self._processes())      # not by pid: one that is about to start has none
        gone = self._children - seen
        self._crashes += [now for proc in gone if self._crashed(proc)]
        self._crashes = [t for t in self._crashes if now - t < self.settings.pool_after]
        self._over_time.difference_update(proc.pid for proc in gone)
        self._children = seen

    def _crashed(self, proc) -> bool:
        return (proc.exitcode not in UNSUSPICIOUS and proc.pid not in self._over_time
                and not getattr(proc, '_controlled_termination', False))      # a revoke

    def _childless(self, now: float) -> bool:
        # Only a loop that turns replaces dead processes: not while it waits for the broker.
        turns = self.last_tick is not None and now - self.last_tick < self.settings.stale_after
        return (turns and self.running_since is not None and self._prefork() is not None
                and self.consumer.pool.num_processes > 0
                and not any(_alive(proc.pid) for proc in self._processes()))

    def _prefork(self):
        return self.consumer.pool._pool if self.pool_name == 'prefork' else None

    def _processes(self) -> list:
        return list(getattr(self._prefork(), '_pool', ()))


def _passive(queue) -> bool:
    """A consumer of such a queue may rightly get nothing while messages wait."""
    arguments = getattr(queue, 'queue_arguments', None) or {}
    consumer_arguments = getattr(queue, 'consumer_arguments', None) or {}
    return bool(arguments.get('x-single-active-consumer')) or 'x-priority' in consumer_arguments


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
