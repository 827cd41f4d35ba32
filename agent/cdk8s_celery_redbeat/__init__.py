"""RedBeat with the broker of the app: `celery beat -S cdk8s_celery_redbeat:Scheduler`.

RedBeat itself does not read CELERY_BROKER_URL, and its own setting would show the password of Redis
in the arguments of Beat.
"""
import os
import re
from typing import Any

from redbeat.schedulers import RedBeatScheduler

#: The URL of a Redis that is not the message broker.
URL = 'CDK8S_CELERY_REDBEAT_URL'


def for_redis_py(url: str) -> str:
    """The URL with `ssl_cert_reqs=required`: RedBeat gives it to redis-py, which does not know the
    names that kombu and Celery's result backend ask for, such as CERT_REQUIRED."""
    return re.sub('(?<=[?&]ssl_cert_reqs=)CERT_(REQUIRED|OPTIONAL|NONE)(?=&|$)',
                  lambda name: name[1].lower(), url)


class Scheduler(RedBeatScheduler):  # type: ignore[misc]
    def __init__(self, app: Any, **kwargs: Any) -> None:
        conf = app.conf
        # What the code says holds.
        if not conf.get('redbeat_redis_url'):
            conf.redbeat_redis_url = for_redis_py(os.environ.get(URL) or conf.broker_url)
        # Those of the broker are none of redis-py's: RedBeat would drop them with a warning.
        if conf.get('redbeat_redis_options') is None:
            conf.redbeat_redis_options = {}
        super().__init__(app, **kwargs)
