"""Settings: a table of environment variables, so that each one is visible in the manifest."""
import math
import os
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple

PREFIX = 'CDK8S_CELERY_AGENT_'


class Settings(NamedTuple):
    """The defaults are the documentation of what a variable means; times are seconds."""

    #: Address to listen on: the pod's own (downward API, status.podIP).
    host: str = '127.0.0.1'
    port: int = 8790
    #: Between two looks at the broker and the pool.
    interval: float = 5.0
    #: How long the broker may take to answer one command.
    broker_timeout: float = 3.0
    #: No turn of the event loop for this long: stalled.
    stall_after: float = 60.0
    #: Messages wait and none arrives for this long: deaf. Also: no queue consumed for this long.
    deaf_after: float = 45.0
    #: No pool process for this long: gone. Also the window in which crashes of them are counted.
    pool_after: float = 60.0
    #: The pool has a task, a slot is idle, and it is not started for this long: hung.
    hang_after: float = 120.0
    #: Not consuming for this long from the start or from the loss of the connection on, though the
    #: broker answers; or shutting down for this long, without any task.
    start_after: float = 300.0
    #: So long may a tick of Beat be late.
    beat_slack: float = 60.0
    #: The scheduler that Beat runs: module:Class, module.Class or an entry point's name.
    #: Empty: the application's setting beat_scheduler.
    scheduler: str = ''

    @property
    def stale_after(self) -> float:
        """A look older than this says nothing: whoever looks was itself held up."""
        return 3 * self.interval + 2 * self.broker_timeout


#: Thresholds that mean nothing when they are shorter than the time between two looks.
THRESHOLDS = ('stall_after', 'deaf_after', 'pool_after', 'hang_after', 'start_after',
              'beat_slack')


def read(environ: Mapping[str, str] = os.environ) -> Tuple[Settings, List[str]]:
    """Return the settings and one line for each value that could not be used."""
    defaults = Settings()
    values: Dict[str, Any] = {}
    complaints: List[str] = []
    for name, default in defaults._asdict().items():
        text = environ.get(PREFIX + name.upper(), '').strip()
        if not text:
            continue
        try:
            values[name] = _parse(name, text, type(default))
        except ValueError as exc:
            complaints.append(f'{PREFIX}{name.upper()}={text!r}: {exc}; using {default}')
    settings = defaults._replace(**values)
    for name in THRESHOLDS:
        value, least = getattr(settings, name), 2 * settings.interval
        if value < least:
            used = max(least, getattr(defaults, name))
            complaints.append(
                f'{PREFIX}{name.upper()}={value:g}: must be at least twice '
                f'{PREFIX}INTERVAL ({settings.interval:g}); using {used:g}')
            settings = settings._replace(**{name: used})
    return settings, complaints


def _parse(name: str, text: str, kind: Any) -> Any:
    if kind is str:
        return text
    try:
        value = kind(text)
    except ValueError:
        wanted = 'a whole number' if kind is int else 'a number of seconds, such as 5 or 0.5'
        raise ValueError(f'must be {wanted}') from None
    if name == 'port':
        if not 1 <= value <= 65535:
            raise ValueError('must be between 1 and 65535')
    elif not (math.isfinite(value) and 0.05 <= value <= 86400):
        raise ValueError('must be between 0.05 and 86400 seconds')
    return value
