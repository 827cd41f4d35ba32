"""Every option of every construct, once. every-option.ts is the same in TypeScript."""
import json
import re

import jsii
from cdk8s import App, Chart, Duration, Size
from cdk8s_celery import (AppCode, BeatStorage, Broker, BrokerBinding, CeleryApp, CeleryBeat, CeleryFlower,
                          CeleryJob, CeleryQueue, CelerySettings, CelerySmokeTest, CeleryWorker, FlowerAuth, FlowerExposure,
                          FlowerGateway, FlowerProbes, FlowerStorage, HealthCheck, IBroker, JobHook, LogLevel, PythonRuntime, RedisBroker,
                          RedisStorage, ResultBackend, SecretKey, WorkerPool)

with open('pod-options.json') as file:
    POD = {re.sub('[A-Z]', lambda found: '_' + found[0].lower(), name): value
           for name, value in json.load(file).items()}
PROBE = {'httpGet': {'path': '/ready', 'port': 8000}, 'periodSeconds': 7}



@jsii.implements(IBroker)
class OwnBroker:
    def bind(self, app):
        return BrokerBinding(
            url={'value': 'redis://$(OWN_HOST):6379/0'}, env=[{'name': 'OWN_HOST', 'value': f'own-{app.name}'}],
            result_backend={'value': 'redis://$(OWN_HOST):6379/1'}, transport='redis',
            settings={'broker_pool_limit': 5}, volumes=[{'name': 'ca', 'secret': {'secretName': 'ca'}}],
            volume_mounts=[{'name': 'ca', 'mountPath': '/ca'}])


app = App()
chart = Chart(app, 'all', namespace='all')

redis = RedisBroker(
    chart, 'broker', name='queue', image='redis:7.2.4', max_memory=Size.mebibytes(200),
    cluster_domain='example.local',
    storage=RedisStorage.claim(size=Size.gibibytes(3), storage_class_name='fast', claim_name='tasks'),
    **{**POD, 'lifecycle': None})

celery = CeleryApp(
    chart, 'celery', app='shop.tasks:app', broker=redis, name='shop',
    code=AppCode.from_inline({'shop/tasks.py': 'app = None'}),
    runtime=PythonRuntime.install(
        celery='5.6.3', python='3.12', image='registry.example.com/python:3.12.1',
        requirements=['requests==2.32.3'], index_url='https://pypi.example.com/simple',
        pip_conf=SecretKey(name='pip', key='pip.conf'),
        install_resources={'requests': {'cpu': '200m', 'memory': '200Mi'}}),
    launcher=['opentelemetry-instrument'],
    result_backend=ResultBackend.from_url('redis://results.example.com:6379/1'),
    queues=[CeleryQueue(name='mail', max_priority=9), CeleryQueue(name='elsewhere', external=True)],
    settings={'result_expires': Duration.hours(1), 'task_acks_late': True,
              'task_time_limit': CelerySettings.NULL, 'broker_transport_options': {'visibility_timeout': 7200}},
    **POD)

CeleryWorker(
    chart, 'prefork', celery=celery, name='prefork', launcher=['nice'], replicas=3, queues=['mail', 'celery'],
    pool=WorkerPool.prefork(
        concurrency=3, max_tasks_per_child=100, max_memory_per_child=Size.mebibytes(300),
        time_limit=Duration.minutes(10), soft_time_limit=Duration.minutes(9)),
    prefetch_multiplier=2, longest_task=Duration.minutes(11), task_events=True, log_level=LogLevel.DEBUG,
    health_check=HealthCheck.agent(
        interval=Duration.seconds(4), stall_after=Duration.seconds(70), deaf_after=Duration.seconds(80),
        pool_after=Duration.seconds(90), hang_after=Duration.minutes(20), start_after=Duration.minutes(6),
        termination_grace_period=Duration.seconds(30), port=9001),
    strategy={'type': 'RollingUpdate', 'rollingUpdate': {'maxSurge': 2, 'maxUnavailable': 0}},
    **POD)
CeleryWorker(chart, 'autoscale', celery=celery, pool=WorkerPool.autoscale(
    min=1, max=4, max_tasks_per_child=5), health_check=HealthCheck.probes(
        startup=PROBE, readiness=PROBE, liveness=PROBE))
CeleryWorker(chart, 'gevent', celery=celery, pool=WorkerPool.gevent(
    concurrency=50, time_limit=Duration.minutes(1)), health_check=HealthCheck.none())
CeleryWorker(chart, 'threads', celery=celery, pool=WorkerPool.threads(concurrency=5))
CeleryWorker(chart, 'solo', celery=celery, pool=WorkerPool.solo())
CeleryBeat(
    chart, 'beat', celery=celery, name='clock', launcher=['nice'], log_level=LogLevel.WARNING,
    scheduler='shop.schedule:Scheduler', health_check=HealthCheck.agent(beat_slack=Duration.seconds(99)),
    storage=BeatStorage.claim(size=Size.gibibytes(2), storage_class_name='fast', claim_name='schedule'),
    **POD)
CeleryFlower(
    chart, 'flower', celery=celery, name='shown', launcher=['nice'], url_prefix='/flower',
    auth=FlowerAuth.basic(name='flower', key='users'),
    exposure=FlowerExposure.ingress(host='flower.example.com', tls='flower-tls', ingress_class_name='nginx',
                                    annotations={'example.com/a': '1'}),
    probes=FlowerProbes.healthcheck(), cookie_secret=SecretKey(name='flower', key='cookies'), max_tasks=20000,
    max_workers=50, purge_offline_workers=Duration.seconds(90), read_only=True,
    storage=FlowerStorage.claim(size=Size.gibibytes(2), storage_class_name='fast', claim_name='seen',
                                save_interval=Duration.seconds(30)), **POD)
CeleryFlower(
    chart, 'proxied', celery=celery, auth=FlowerAuth.at_proxy(secret='login'), probes=FlowerProbes.historic(),
    exposure=FlowerExposure.ingress(host='proxied.example.com', ingress_class_name='nginx'))
CeleryFlower(
    chart, 'routed', celery=celery,
    auth=FlowerAuth.gitlab(
        client_id=SecretKey(name='flower', key='id'), client_secret=SecretKey(name='flower', key='secret'),
        addresses=['*@example.com'], redirect_uri='https://routed.example.com/login', domain='git.example.com',
        groups=['team/backend'], min_access_level=30),
    storage=FlowerStorage.from_claim_name('seen-before', save_interval=Duration.minutes(1)),
    exposure=FlowerExposure.http_route(
        host='routed.example.com',
        gateway=FlowerGateway(name='public', namespace='gateways', section_name='https')))
client = {'client_id': SecretKey(name='flower', key='id'), 'client_secret': SecretKey(name='flower', key='secret'),
          'addresses': ['ada@example.com']}
for id, auth in {
    'google': FlowerAuth.google(**client), 'github': FlowerAuth.github(**client, domain='git.example.com'),
    'okta': FlowerAuth.okta(**client, base_url='https://example.okta.com/oauth2/default'),
}.items():
    CeleryFlower(chart, id, celery=celery, auth=auth, exposure=FlowerExposure.ingress(host=f'{id}.example.com'))
CeleryJob(
    chart, 'job', celery=celery, name='migrate', command=['python', '-m', 'shop.migrate'], backoff_limit=2,
    active_deadline_seconds=600, ttl_seconds_after_finished=60, hook=JobHook.BEFORE, **POD)
CelerySmokeTest(
    chart, 'smoke', celery=celery, name='smoke', queues=['celery'], task='shop.ping',
    args=[1, 'two', {'three': [None, True]}], kwargs={'four': 4.5}, timeout=Duration.seconds(90),
    hook=JobHook.AFTER, **POD)
small = CeleryApp(
    chart, 'small', app='small', broker=Broker.from_secret(SecretKey(name='broker', key='url'), transport='amqp'),
    code=AppCode.in_image(directory='/small'), runtime=PythonRuntime.from_image('registry.example.com/small:1'),
    result_backend=ResultBackend.from_secret(name='results', key='url'))
CeleryWorker(chart, 'small-worker', celery=small, init_containers=[small.init_container(
    name='migrated', command=['python', '-c', ''], resources={'limits': {'memory': '99Mi'}})])
CeleryWorker(chart, 'own-worker', celery=CeleryApp(
    chart, 'own', app='own', broker=OwnBroker(), code=AppCode.in_image(),
    runtime=PythonRuntime.from_image('registry.example.com/own:1')))

app.synth()
