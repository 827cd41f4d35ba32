"""A broker of the user's own, the pools, a job and the rules, from Python."""
import jsii
from cdk8s import App, Chart, Duration
from cdk8s_celery import (AppCode, BrokerBinding, CeleryApp, CeleryFlower, CeleryJob, CeleryQueue, CeleryWorker,
                          IBroker, JobHook, PythonRuntime, ResultBackend, WorkerPool, rules)


@jsii.implements(IBroker)
class Managed:
    """A Redis with a password, whose parts are in a Secret."""

    def bind(self, app):
        password = {'name': 'broker', 'key': 'password'}
        return BrokerBinding(
            env=[{'name': 'REDIS_PASSWORD', 'valueFrom': {'secretKeyRef': password}}],
            url={'value': 'redis://:$(REDIS_PASSWORD)@%s.redis.example.com:6379/0' % app.namespace},
            settings={'broker_transport_options': {'visibility_timeout': 7200}},
        )


app = App()
chart = Chart(app, 'shop', namespace='shop')
celery = CeleryApp(
    chart, 'celery', app='tasks', broker=Managed(), result_backend=ResultBackend.none(),
    code=AppCode.from_inline({'tasks.py': 'from celery import Celery\n\napp = Celery("tasks")\n'}),
    runtime=PythonRuntime.install(celery='5.6.3'),
    queues=[CeleryQueue(name='mail', max_priority=9), {'name': 'exports', 'external': True}],
)
check = celery.init_container(name='migrated', command=['python', '-c', 'pass'])
CeleryWorker(chart, 'worker', celery=celery, pool=WorkerPool.autoscale(min=1, max=4), init_containers=[check])
CeleryWorker(chart, 'mail', celery=celery, queues=['mail'], pool=WorkerPool.gevent(concurrency=100, time_limit=Duration.seconds(30)))
CeleryJob(chart, 'migrate', celery=celery, command=['python', '-c', 'pass'], hook=JobHook.BEFORE)
CeleryFlower(chart, 'flower', celery=celery)
rules.Rules.of(chart).suppress('env/url-assembled-from-secret', 'the password has letters and digits only')
app.synth()
