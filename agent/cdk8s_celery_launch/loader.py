"""Settings without which nothing connects, and those that all who send tasks or consume from a
broker share, for every Celery of a container.

CELERY_LOADER names this class, so workers, Beat, Flower, `celery call` and scripts have them; what
the application or the command line sets under the same names is kept, and joined where it is a
dictionary. `{NAME}` stands for the value of the variable NAME: a password is in no argument.
"""
import json
import os
import re
from typing import Any, Dict, List, Mapping, Set

from celery.app.defaults import DEFAULTS
from celery.exceptions import ImproperlyConfigured
from celery.loaders.app import AppLoader
from kombu.entity import Queue

from .urls import REFERENCE

VARIABLE = 'CDK8S_CELERY_CONNECTION_SETTINGS'
#: Settings that workers and Beat have on their command lines, for what takes none there: Flower,
#: jobs and init containers. They win over the code as they do there.
APP = 'CDK8S_CELERY_APP_SETTINGS'
#: The transport options that all consumers of a message broker share. No code has others.
SHARED = 'CDK8S_CELERY_TRANSPORT_OPTIONS'
OPTIONS = 'broker_transport_options'


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
        source.update(of_the_app(os.environ, source))
        common = shared(os.environ)
        if common:
            put(source, OPTIONS, {**(source.get(OPTIONS) or {}), **common})

    def cmdline_config_parser(self, *args: Any, **kwargs: Any) -> Dict[str, Any]:
        parsed: Dict[str, Any] = super().cmdline_config_parser(*args, **kwargs)
        for name, value in settings(os.environ).items():
            if name in parsed:
                for key in keys(self.app._conf, name):
                    parsed[key] = joined(value, parsed[name])
        if OPTIONS in parsed and shared(os.environ):
            # With what the code has: it may decide which lists of Redis are read.
            options = {**(self.app.conf.get(OPTIONS) or {}), **parsed[OPTIONS]}
            parsed.update(dict.fromkeys(keys(self.app._conf, OPTIONS), options))
        return parsed


def put(conf: Any, name: str, value: Any) -> None:
    for key in keys(conf, name):
        conf[key] = value


def keys(conf: Any, name: str) -> List[str]:
    """Of an app with a namespace, the name with its prefix is looked up first."""
    prefix = vars(conf).get('prefix')
    return [f'{prefix}{name.upper() if prefix.isupper() else name}', name] if prefix else [name]


def joined(ours: Any, theirs: Any) -> Any:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        # At every level: sentinel_kwargs has the password and the TLS of Sentinel.
        return {**ours, **{name: nested(ours[name], value) if name in ours else value
                           for name, value in theirs.items()}}
    if isinstance(ours, dict) and theirs is True:
        # TLS without options; ours are options of TLS.
        return ours
    return theirs or ours


def nested(ours: Any, theirs: Any) -> Any:
    both = isinstance(ours, dict) and isinstance(theirs, dict)
    return joined(ours, theirs) if both else theirs


def of_the_app(environ: Mapping[str, str], conf: Any) -> Dict[str, Any]:
    """What the command line of a worker would say, joined with what its connection needs."""
    needed = settings(environ)
    found: Dict[str, Any] = {}
    for name, value in json.loads(environ.get(APP) or '{}').items():
        if name == 'task_queues' and isinstance(value, dict):
            # As celery.app.amqp does it. Flower asks each for its name.
            made: Any = Queue.from_dict
            value = [made(queue, **{'routing_key': queue, **options})
                     for queue, options in value.items()]
        for key in keys(conf, name) if name in needed else [name]:
            found[key] = joined(needed.get(name), value)
    return found


def shared(environ: Mapping[str, str]) -> Dict[str, Any]:
    found: Dict[str, Any] = json.loads(environ.get(SHARED) or '{}')
    return found


def settings(environ: Mapping[str, str]) -> Dict[str, Any]:
    """The settings of the variable, with the values of others in them."""
    found: Dict[str, Any] = filled(json.loads(environ.get(VARIABLE) or '{}'), environ)
    tls = found.get('broker_use_ssl') or {}
    if tls.get('server_hostname', '') is None and len(hosts(environ)) > 1:
        # kombu would look for the name of the first host in the certificates of all.
        del tls['server_hostname']
    return found


def hosts(environ: Mapping[str, str]) -> Set[str]:
    urls = environ.get('CELERY_BROKER_URL') or ''
    # A password may have characters with which urllib refuses a URL.
    servers = [url.rpartition('://')[2].rpartition('@')[2] for url in urls.split(';')]
    return {re.split('[:/?]', server)[0].lower() for server in servers}


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
