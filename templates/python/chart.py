from pathlib import Path

from cdk8s import Chart
from cdk8s_celery import (AppCode, CeleryApp, CeleryBeat, CeleryFlower, CeleryWorker,
                          PythonRuntime, RedisBroker, WorkerPool)
from constructs import Construct


class CeleryChart(Chart):
    """Redis, workers, Beat and Flower of the application in app/."""

    def __init__(self, scope: Construct, id: str, *, namespace: str) -> None:
        super().__init__(scope, id, namespace=namespace)
        celery = CeleryApp(
            self, 'celery',
            app='tasks',
            broker=RedisBroker(self, 'redis'),
            code=AppCode.from_directory(str(Path(__file__).with_name('app'))),
            runtime=PythonRuntime.install(celery='{{celery}}'),
            settings={'result_expires': 3600},
        )
        CeleryWorker(self, 'worker', celery=celery, replicas=2,
                     pool=WorkerPool.prefork(concurrency=2))
        CeleryBeat(self, 'beat', celery=celery)
        CeleryFlower(self, 'flower', celery=celery)
