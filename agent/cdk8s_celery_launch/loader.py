"""Settings without which nothing connects, and those that all who consume from a broker share, for
every Celery of a container.

CELERY_LOADER names this class, so workers, Beat, Flower, `celery call` and scripts have them; what
the application or the command line sets under the same names is kept, and joined where it is a
dictionary. `{NAME}` stands for the value of the variable NAME: a password is in no argument.
"""
import json
import os
from typing import Any, Dict, Mapping

from celery.app.defaults import DEFAULTS
from celery.exceptions import ImproperlyConfigured
from celery.loaders.app import AppLoader

from .urls import REFERENCE

VARIABLE = 'CDK8S_CELERY_CONNECTION_SETTINGS'
#: The transport options that all consumers of a message broker share. Workers and Beat have them on
#: their command lines; Flower and jobs take no settings there. No code has others.
SHARED = 'CDK8S_CELERY_TRANSPORT_OPTIONS'


class Loader(AppLoader):  # type: ignore[misc]

    @property
    def conf(self) -> Any:
        """What an app asks for while it is configured: of a Django project a loader is made before
        its app has signals."""
        self.app.on_after_configure.connect(self._complete)
        return super().conf

    def _complete(self, source: Any = None, **_: Any) -> None:
        for name, value in settings(os.environ).items():
            # A default of Celery is nothing that anybody has set.
            given = source.get(name)
            put(source, name, joined(value, None if given == DEFAULTS.get(name) else given))
        shared = json.loads(os.environ.get(SHARED) or '{}')
        if shared:
            name = 'broker_transport_options'
            put(source, name, {**(source.get(name) or {}), **shared})

    def cmdline_config_parser(self, *args: Any, **kwargs: Any) -> Dict[str, Any]:
        parsed: Dict[str, Any] = super().cmdline_config_parser(*args, **kwargs)
        for name, value in settings(os.environ).items():
            if name in parsed:
                parsed[name] = joined(value, parsed[name])
        return parsed


def put(conf: Any, name: str, value: Any) -> None:
    conf[name] = value
    # Of an app with a namespace, the name with its prefix is looked up first.
    prefix = getattr(conf, 'prefix', None)
    if prefix:
        conf[f'{prefix}{name.upper() if prefix.isupper() else name}'] = value


def joined(ours: Any, theirs: Any) -> Any:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return {**ours, **theirs}
    return theirs or ours


def settings(environ: Mapping[str, str]) -> Dict[str, Any]:
    """The settings of the variable, with the values of others in them."""
    found: Dict[str, Any] = filled(json.loads(environ.get(VARIABLE) or '{}'), environ)
    return found


def filled(value: Any, environ: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: filled(item, environ) for key, item in value.items()}
    reference = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if reference is None:
        return value
    if not environ.get(reference[1]):
        raise ImproperlyConfigured(
            f'the variable {reference[1]} is empty or not set; check the key of the Secret that it '
            'comes from')
    return environ[reference[1]]
