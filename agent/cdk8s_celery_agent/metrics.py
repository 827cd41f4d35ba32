"""/metrics: the few numbers of /status as Prometheus text."""
from datetime import datetime
from typing import Any, Callable, Dict, Iterator, List, Tuple

from .server import Answer

Sample = Tuple[Dict[str, str], float]


def _timestamp(value: str) -> float:
    return datetime.fromisoformat(value).timestamp()


#: name, help, key in /status, how the value becomes a number
GAUGES: Tuple[Tuple[str, str, str, Callable[[Any], float]], ...] = (
    ('live', '1 when /livez answers 200', 'live', float),
    ('ready', '1 when /readyz answers 200', 'ready', float),
    ('concurrency', 'Tasks that can run at once', 'concurrency', float),
    ('reserved', 'Tasks received and not finished', 'reserved', float),
    ('active', 'Tasks running', 'active', float),
    ('unacked', 'Messages of the database delivered and not acknowledged', 'unacked', float),
    ('oldest_unacked_timestamp_seconds', 'Delivery of the oldest of them', 'oldest_unacked',
     _timestamp),
    ('pool_crashes', 'Pool processes that crashed lately', 'pool_crashes', float),
    ('last_tick_timestamp_seconds', 'Last turn of the loop', 'last_tick', _timestamp),
    ('last_receipt_timestamp_seconds', 'Last message received', 'last_receipt', _timestamp),
)


def gauges(status: Dict[str, Any]) -> Iterator[Tuple[str, str, List[Sample]]]:
    for name, text, key, convert in GAUGES:
        if status.get(key) is not None:
            yield name, text, [({}, convert(status[key]))]
    broker = status['broker']
    if broker['reachable_since'] or broker['unreachable_since']:
        yield 'broker_up', '1 when the broker answers', [({}, float(not broker['error']))]
    depths = {name: n for name, n in status.get('queues', {}).items() if n is not None}
    if depths:
        yield 'queue_depth', 'Messages that wait in the queue', [
            ({'queue': name}, float(n)) for name, n in depths.items()]
    if 'rival' in status:
        yield 'rival', '1 when another Beat works on the schedule', [
            ({}, float(bool(status['rival'])))]
    yield 'missing_parts', 'Parts of Celery that the agent does not find', [
        ({}, float(len(status['missing_parts'])))]
    yield 'agent_errors', 'Different errors of the agent itself', [
        ({}, float(len(status['agent_errors'])))]


def plain(status: Dict[str, Any]) -> str:
    lines = []
    for name, text, samples in gauges(status):
        lines += [f'# HELP celery_agent_{name} {text}', f'# TYPE celery_agent_{name} gauge']
        for labels, value in samples:
            inner = ','.join(f'{key}="{_escape(label)}"' for key, label in labels.items())
            braces = '{' + inner + '}' if inner else ''
            lines.append(f'celery_agent_{name}{braces} {float(value)!r}')
    return '\n'.join(lines) + '\n'


def _escape(label: str) -> str:
    return label.replace('\\', r'\\').replace('"', r'\"').replace('\n', r'\n')


def page(status: Dict[str, Any]) -> Answer:
    return 200, 'text/plain; version=0.0.4; charset=utf-8', plain(status).encode()
