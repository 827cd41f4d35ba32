"""The private parts of Celery, kombu and billiard that the agent reads or replaces.

They may change with any release. So each is looked for when the consumer is up for the first time
(of Beat: when there is a scheduler); the rules that need one that is missing are not judged, and
`/status` shows them. Checked with all Celerys of versions.py.
"""
import sys
from typing import Any, Callable, Dict, Iterable, NamedTuple, Tuple

from celery.worker import state

from . import moving

#: Rules whose moments come from the event loop, and so from what follows `running_since`.
LOOP = ('stalled', 'deaf', 'cut_off', 'cancelled', 'childless', 'crashing', 'hung')


class Part(NamedTuple):
    name: str
    rules: Tuple[str, ...]
    #: Whether it is there, or not needed by this process; an error is a no.
    found: Callable[[Any], bool]


def _has(path: str, *names: str) -> Callable[[Any], bool]:
    def found(root: Any) -> bool:
        for step in filter(None, path.split('.')):
            root = getattr(root, step)
        return all(hasattr(root, name) for name in names)
    return found


def _where(needed: Callable[[Any], bool], found: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda root: not needed(root) or found(root)


def _forks(consumer: Any) -> bool:
    return type(consumer.pool).__module__.endswith('.prefork')


def _forks_async(consumer: Any) -> bool:
    return _forks(consumer) and consumer.hub is not None


def _on_redis(consumer: Any) -> bool:
    return bool(consumer.connection.transport.driver_type == 'redis')


def _processes(consumer: Any) -> Any:
    return consumer.pool._pool._pool


def _job(consumer: Any) -> bool:
    from billiard.pool import ApplyResult
    return '_worker_pid' in ApplyResult.__init__.__code__.co_names


def is_fair(pool: Any) -> bool:
    """Whether a task is only given to a process that is idle. (A blocking pool has one queue.)"""
    if 'asynpool' not in type(pool).__module__:
        return True
    return bool(pool.sched_strategy == sys.modules[type(pool).__module__].SCHED_STRATEGY_FAIR)


WORKER: Tuple[Part, ...] = (
    Part('consumer.call_soon', LOOP, _has('', 'call_soon')),
    Part('consumer.loop', ('stalled',), _has('loop', '__code__')),
    Part('consumer.create_task_handler', ('deaf',), _has('', 'create_task_handler')),
    Part('consumer.qos', ('deaf',), _has('qos', 'value')),
    Part('consumer.initial_prefetch_count', ('deaf',), _has('', 'initial_prefetch_count')),
    Part('consumer.task_buckets', ('deaf',), _has('task_buckets', 'values')),
    Part('consumer.task_consumer', ('deaf', 'cut_off', 'cancelled'),
         _has('task_consumer', 'consuming_from', 'channel')),
    Part('consumer.connection', ('stalled', 'deaf', 'cut_off', 'absent', 'lingering'),
         _has('connection', 'clone', 'as_uri', 'cycle', '_connection')),
    Part('channel._q_for_pri', ('deaf',), _where(
        _on_redis, _has('task_consumer.channel', '_q_for_pri', 'priority_steps'))),
    Part('channel.qos.can_consume', ('deaf', 'cut_off'), _where(
        _on_redis, _has('task_consumer.channel.qos', 'can_consume'))),
    Part('channel.brpop_timeout', ('cut_off',), _where(
        _on_redis, lambda consumer: isinstance(
            moving.longest_answer(consumer.task_consumer.channel), (int, float)))),
    Part('channel.active_queues', ('cut_off',), _where(
        _on_redis, _has('task_consumer.channel', 'active_queues'))),
    Part('channel.client.connection._sock', ('cut_off',), _where(
        _on_redis, lambda consumer: hasattr(consumer.task_consumer.channel.client, 'connection')
        and hasattr(consumer.connection.transport, 'cycle'))),
    Part('pool.num_processes', ('deaf', 'hung', 'childless', 'crashing'),
         _has('pool', 'num_processes')),
    Part('pool._pool._pool', ('childless', 'crashing'), _where(
        _forks, lambda consumer: isinstance(_processes(consumer), list))),
    Part('process.exitcode', ('crashing',), _where(_forks, lambda consumer: all(
        hasattr(type(process), 'exitcode') for process in _processes(consumer)))),
    Part('process._controlled_termination', ('crashing',), _where(_forks, lambda consumer: all(
        hasattr(process, '_controlled_termination') for process in _processes(consumer)))),
    Part('pool._pool.on_hard_timeout', ('crashing',), _where(
        _forks_async, _has('pool._pool', 'on_hard_timeout'))),
    Part('job._worker_pid', ('crashing',), _where(_forks_async, _job)),
    Part('pool._pool.sched_strategy', ('hung',), _where(
        _forks_async, lambda consumer: is_fair(consumer.pool._pool) is not None)),
    Part('billiard.connection', ('jammed',), _where(
        _forks, lambda _: 'billiard.connection' in sys.modules)),
    Part('state.requests', ('hung',), lambda _: isinstance(state.requests, dict)),
    Part('state.reserved_requests', ('stalled', 'deaf', 'hung', 'lingering'),
         lambda _: hasattr(state, 'reserved_requests')),
    Part('state.active_requests', ('deaf', 'hung', 'crashing', 'lingering'),
         lambda _: hasattr(state, 'active_requests')),
    Part('state.all_total_count', ('crashing',), lambda _: len(state.all_total_count) == 1),
)

BEAT: Tuple[Part, ...] = (
    Part('scheduler.tick', ('late',), _has('', 'tick')),
    Part('scheduler.close', ('late',), _has('', 'close')),
)


def missing(parts: Iterable[Part], root: Any) -> Dict[str, Tuple[str, ...]]:
    """The parts that are not there, and the rules that need them."""
    return {part.name: part.rules for part in parts if not _found(part, root)}


def _found(part: Part, root: Any) -> bool:
    try:
        return part.found(root)
    except Exception:
        return False
