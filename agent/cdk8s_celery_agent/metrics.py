"""/metrics: the few numbers of /status as Prometheus text.

Through prometheus_client if it is installed, together with whatever the user's code registers
there; it is imported when somebody first asks, never by a probe. Under gevent it is not used: its
locks are patched, and the thread that answers is not gevent's.
"""
import sys
from datetime import datetime
from typing import Callable, Dict, Iterator, List, Tuple

from .server import Answer

Sample = Tuple[Dict[str, str], float]


def _number(value) -> float:
    return float(value)


def _timestamp(value) -> float:
    return datetime.fromisoformat(value).timestamp()


#: name, help, key in /status, how the value becomes a number
GAUGES: Tuple[Tuple[str, str, str, Callable], ...] = (
    ('live', '1 when /livez answers 200', 'live', _number),
    ('ready', '1 when /readyz answers 200', 'ready', _number),
    ('concurrency', 'Tasks that can run at once', 'concurrency', _number),
    ('reserved', 'Tasks received and not finished', 'reserved', _number),
    ('active', 'Tasks running', 'active', _number),
    ('pool_crashes', 'Pool processes that crashed lately', 'pool_crashes', _number),
    ('last_tick_timestamp_seconds', 'Last turn of the loop', 'last_tick', _timestamp),
    ('last_receipt_timestamp_seconds', 'Last message received', 'last_receipt', _timestamp),
)


def gauges(status: dict) -> Iterator[Tuple[str, str, List[Sample]]]:
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
    yield 'agent_errors', 'Different errors of the agent itself', [
        ({}, float(len(status['agent_errors'])))]


def plain(status: dict) -> str:
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


def page(status: Callable[[], dict]) -> Answer:
    client = None if 'gevent.monkey' in sys.modules else _prometheus(status)
    if client is None:
        return 200, 'text/plain; version=0.0.4; charset=utf-8', plain(status()).encode()
    return 200, client.CONTENT_TYPE_LATEST, client.generate_latest(client.REGISTRY)


_collector = None


def _prometheus(status: Callable[[], dict]):
    global _collector
    try:
        import prometheus_client as client
        from prometheus_client.core import GaugeMetricFamily
    except ImportError:
        return None

    class Collector:
        def describe(self):
            return []

        def collect(self):
            for name, text, samples in gauges(status()):
                labels = list(samples[0][0])
                family = GaugeMetricFamily(f'celery_agent_{name}', text, labels=labels)
                for values, value in samples:
                    family.add_metric(list(values.values()), value)
                yield family

    if _collector is None:
        _collector = Collector()
        client.REGISTRY.register(_collector)
    return client
