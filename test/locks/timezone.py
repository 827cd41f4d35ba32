"""What a loader class of CELERY_LOADER would do: why `timezone` is no prop of CeleryApp."""
import json
import os
import sys
import types

from celery.loaders.app import AppLoader


class Loader(AppLoader):
    @property
    def conf(self):
        conf = super().conf
        conf = {} if conf is None else conf
        conf['timezone'] = 'Europe/Berlin'
        return conf


sys.modules['adds_timezone'] = types.SimpleNamespace(Loader=Loader, __name__='adds_timezone')
sys.modules['celeryconfig'] = types.ModuleType('celeryconfig')
sys.modules['celeryconfig'].task_default_queue = 'of-celeryconfig'
os.environ['CELERY_LOADER'] = 'adds_timezone:Loader'

from celery import Celery, current_app  # noqa: E402

default_app = current_app._get_current_object()
with_loader = Celery('tasks', loader='app')
sets_it = Celery('tasks')
sets_it.conf.timezone = 'Asia/Tokyo'

json.dump({
    'an app': Celery('tasks').conf.timezone,
    'an app with a loader of its own': with_loader.conf.timezone,
    'an app that sets it, in `celery call`': sets_it.conf.timezone,
    'another app of the same process': Celery('of-another-cluster').conf.timezone,
    'celeryconfig of the default app': default_app.conf.task_default_queue,
}, sys.stdout)
