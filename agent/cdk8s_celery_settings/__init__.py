"""Settings that must be the same for all who consume from one message broker.

Workers and Beat have them on their command lines. Flower and jobs take none there: they get them by
CELERY_LOADER=cdk8s_celery_settings:Loader, as JSON in CDK8S_CELERY_TRANSPORT_OPTIONS.
"""
import json
import os
from typing import Any

from celery.loaders.app import AppLoader

VARIABLE = 'CDK8S_CELERY_TRANSPORT_OPTIONS'


class Loader(AppLoader):  # type: ignore[misc]
    """Celery's own loader; once an app has read its settings, the transport options are added."""

    @property
    def conf(self) -> Any:
        """What an app asks for while it is configured: of a Django project a loader is made before
        its app has signals."""
        self.app.on_after_configure.connect(add_transport_options, weak=False)
        return super().conf


def add_transport_options(source: Any = None, **_: Any) -> None:
    """What the code has besides them stays."""
    ours = json.loads(os.environ.get(VARIABLE, '{}'))
    if not ours:
        return
    name = 'broker_transport_options'
    options = {**(source.broker_transport_options or {}), **ours}
    source[name] = options
    # Of an app with a namespace, the name with its prefix is looked up first.
    prefix = getattr(source, 'prefix', None)
    if prefix:
        source[f'{prefix}{name.upper() if prefix.isupper() else name}'] = options
