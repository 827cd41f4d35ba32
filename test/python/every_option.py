"""Every option of every construct, once. every-option.ts is the same in TypeScript."""
import json
import re

import jsii
from cdk8s import ApiObject, App, Chart, Duration, JsonPatch, Size
from cdk8s_celery import (AppCode, BeatSchedule, BeatStorage, Broker, BrokerBinding, CeleryApp, CeleryBeat, CeleryBusyPodController,
                          CeleryFlower, CeleryJob, CeleryNetwork, CeleryQueue, CelerySettings, CelerySmokeTest, CeleryWorker, ConnectionTls,
                          DisruptionBudgetOptions, FlowerAuth, FlowerExposure, FlowerGateway, FlowerProbes, FlowerStorage, HealthCheck,
                          IBroker, JobHook, LogLevel, NetworkPeer, PythonRuntime, QueueTrigger, RabbitMqBroker, RabbitMqQueueType,
                          RabbitMqStorage, RabbitMqTls, RedisBroker, RedisResults, RedisStorage, RedisTls, ResultBackend, ScalingFallback, SecretKey, TaskDelivery,
                          WorkerPool, WorkerScaling, WorkerShutdown)

with open('pod-options.json') as file:
    POD = {re.sub('[A-Z]', lambda found: '_' + found[0].lower(), name): value
           for name, value in json.load(file).items()}
PROBE = {'httpGet': {'path': '/ready', 'port': 8000}, 'periodSeconds': 7}

PASSWORD = SecretKey(name='passwords', key='redis')
TLS = ConnectionTls(ca=SecretKey(name='ca', key='ca.crt'), client_secret_name='client-tls')
REDIS = dict(host='redis.example.com', port=6380, database=2, username='shop', password=PASSWORD, tls=TLS, cidr='10.20.0.0/16')
SENTINELS = dict(
    sentinels=['sentinel-0.example.com', 'sentinel-1.example.com:26380'], master_name='orders', database=3, port=6380,
    password=PASSWORD, sentinel_password=SecretKey(name='passwords', key='sentinel'), tls=TLS,
    cidr='10.21.0.0/16')
RABBITMQ = dict(
    host='rabbitmq.example.com', port=5673, virtual_host='shop', password=PASSWORD, tls=TLS, management_url='https://rabbitmq.example.com',
    cidr='10.22.0.0/16')
BEHAVIOR = {'scaleDown': {'stabilizationWindowSeconds': 60, 'policies': [{'type': 'Pods', 'value': 2, 'periodSeconds': 900}]}}


@jsii.implements(IBroker)
class OwnBroker:
    def __init__(self, **urls):
        self.urls = urls

    def bind(self, app):
        return BrokerBinding(
            **self.urls, env=[{'name': 'OWN_HOST', 'value': f'own-{app.name}'}],
            transport='redis', extras=['zstd'], settings={'broker_pool_limit': 5},
            connection_settings={'broker_transport_options': {'client_name': '{OWN_HOST}'}},
            volumes=[{'name': 'ca', 'secret': {'secretName': 'ca'}}],
            volume_mounts=[{'name': 'ca', 'mountPath': '/ca'}],
            network=[{'to': [{'ipBlock': {'cidr': '10.23.0.0/16'}}], 'ports': [{'port': 6379}]}],
            queue_trigger=QueueTrigger(
                type='external', metadata={'scalerAddress': 'scaler.example.com:9090'}, queue_key='list', counts_unacknowledged=True,
                authentication={'secretTargetRef': [{'parameter': 'password', 'name': 'passwords', 'key': 'redis'}]}))


app = App()
chart = Chart(app, 'all', namespace='all')

redis = RedisBroker(
    chart, 'broker', name='queue', image='redis:7.2.4', max_memory=Size.mebibytes(200),
    cluster_domain='example.local',
    storage=RedisStorage.claim(size=Size.gibibytes(3), storage_class_name='fast', claim_name='tasks'),
    database=4, password=PASSWORD, tls=RedisTls(secret_name='redis-tls', ca=SecretKey(name='redis-ca', key='ca.crt')),
    disabled_commands=['FLUSHALL'], max_clients=500,
    results=RedisResults(per_day=20000, size=Size.kibibytes(2)), **POD)

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
        concurrency=3, max_tasks_per_child=100, max_memory_per_child=Size.mebibytes(200),
        time_limit=Duration.minutes(10), soft_time_limit=Duration.minutes(9)),
    prefetch_multiplier=2, longest_task=Duration.minutes(11), task_events=True, log_level=LogLevel.DEBUG,
    health_check=HealthCheck.agent(
        interval=Duration.seconds(4), stall_after=Duration.seconds(70), deaf_after=Duration.seconds(80),
        pool_after=Duration.seconds(90), hang_after=Duration.minutes(20), start_after=Duration.minutes(6),
        termination_grace_period=Duration.seconds(30), port=9001),
    strategy={'type': 'RollingUpdate', 'rollingUpdate': {'maxSurge': 0, 'maxUnavailable': 1}},
    min_ready_seconds=5, progress_deadline_seconds=700, disruption_budget=DisruptionBudgetOptions(max_unavailable='34%'),
    share_process_namespace=True,
    **POD)
CeleryWorker(chart, 'autoscale', celery=celery, pool=WorkerPool.autoscale(
    min=1, max=4, max_tasks_per_child=5, max_memory_per_child=Size.mebibytes(100),
    time_limit=Duration.minutes(3), soft_time_limit=Duration.minutes(2)), health_check=HealthCheck.probes(
        startup=PROBE, readiness=PROBE, liveness=PROBE))
CeleryWorker(chart, 'gevent', celery=celery, pool=WorkerPool.gevent(
    concurrency=50, time_limit=Duration.minutes(1)), health_check=HealthCheck.none())
CeleryWorker(chart, 'threads', celery=celery, pool=WorkerPool.threads(concurrency=5))
CeleryWorker(chart, 'solo', celery=celery, pool=WorkerPool.solo(), disable_prefetch=True,
             shutdown=WorkerShutdown.warm(longest_task=Duration.minutes(7)))
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
    chart, 'middleware', celery=celery,
    exposure=FlowerExposure.ingress(host='middleware.example.com', ingress_class_name='traefik'),
    auth=FlowerAuth.at_proxy(
        annotations={'traefik.ingress.kubernetes.io/router.middlewares': 'all-login@kubernetescrd'}))
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
          'addresses': ['ada@example.com'], 'redirect_uri': 'https://flower.example.com/login'}
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
    args=[1, 'two', {'three': [None, True]}], kwargs={'four': 4.5, 'five': CelerySettings.NULL}, timeout=Duration.seconds(90),
    hook=JobHook.AFTER, **POD)
CeleryBusyPodController(chart, 'busy', celery=celery, name='busy', image='registry.example.com/python:3.12.1', **POD)

orders = CeleryApp(
    chart, 'orders', app='orders', broker=Broker.from_redis(**REDIS), code=AppCode.in_image(),
    runtime=PythonRuntime.from_image('registry.example.com/orders:1'),
    result_backend=ResultBackend.from_postgres(
        host='postgres.example.com', port=5433, database='orders', username='orders', password=PASSWORD, tls=TLS,
        cidr='10.24.0.0/16'),
    delivery=TaskDelivery.at_least_once(
        reject_on_worker_lost=False, prefetch_multiplier=2, visibility_timeout=Duration.hours(3)),
    network=CeleryNetwork.closed(
        ingress_controller=[NetworkPeer(namespace='proxies', pod_labels={'app': 'proxy'})],
        prometheus=[NetworkPeer(namespace='metrics')], keda=[NetworkPeer(namespace='scalers')],
        from_=[{'from': [{'podSelector': {'matchLabels': {'app': 'exporter'}}}], 'ports': [{'port': 9540}]}],
        to=[{'to': [{'ipBlock': {'cidr': '10.25.0.0/16'}}], 'ports': [{'port': 5432}]}],
        index_cidr='10.26.0.0/16', api_server_cidr='10.27.0.0/16'))
CeleryWorker(
    chart, 'orders-worker', celery=orders,
    scaling=WorkerScaling.queue_length(
        min_replicas=0, max_replicas=9, behavior=BEHAVIOR, tasks_per_replica=6, polling_interval=Duration.seconds(20),
        cooldown_period=Duration.minutes(15),
        fallback=ScalingFallback(replicas=3, failure_threshold=4, behavior='static')),
    shutdown=WorkerShutdown.soft(timeout=Duration.seconds(40), longest_task=Duration.minutes(8), enable_on_idle=True),
    init_containers=[orders.wait_for(
        name='migrated', command=['python', '-m', 'orders.migrated'], timeout=Duration.minutes(4),
        resources={'limits': {'memory': '99Mi'}})])
CeleryBeat(chart, 'orders-beat', celery=orders, schedule=BeatSchedule.red_beat(
    loop_interval=Duration.seconds(20), redis=SecretKey(name='redbeat', key='url'), port=6380, cidr='10.3.0.0/16',
    lock_timeout=Duration.seconds(70)))
web = orders.producer(namespace='web', python_path='/srv/web')
ApiObject(chart, 'web', api_version='v1', kind='Pod', metadata={'name': 'web', 'namespace': web.namespace}).add_json_patch(
    JsonPatch.add('/spec', {
        'containers': [{
            'name': 'web', 'image': 'registry.example.com/web:1', 'command': web.command(['web']), 'env': web.env,
            'volumeMounts': web.volume_mounts}],
        'volumes': web.volumes}))

sentinel = CeleryApp(
    chart, 'sentinel', app='sentinel', broker=Broker.from_sentinel(**SENTINELS), code=AppCode.in_image(),
    runtime=PythonRuntime.from_image('registry.example.com/sentinel:1'), result_backend=ResultBackend.from_redis(**REDIS))
CeleryWorker(
    chart, 'sentinel-worker', celery=sentinel,
    pool=WorkerPool.prefork_per_cpu(
        processes_per_cpu=2, max_tasks_per_child=5, max_memory_per_child=Size.mebibytes(100),
        time_limit=Duration.minutes(3), soft_time_limit=Duration.minutes(2)),
    resources={'requests': {'cpu': '1'}},
    scaling=WorkerScaling.cpu(min_replicas=2, max_replicas=5, behavior=BEHAVIOR, average_utilization=60))

rabbitmq = RabbitMqBroker(
    chart, 'rabbitmq', name='rabbitmq', image='registry.example.com/rabbitmq:4.2.1', cluster_domain='example.local',
    tls=RabbitMqTls(secret_name='rabbitmq-tls', ca=SecretKey(name='rabbitmq-ca', key='root.crt')),
    username='shop', password=PASSWORD, virtual_host='shop', definitions=SecretKey(name='definitions', key='all.json'),
    queue_type=RabbitMqQueueType.CLASSIC, consumer_timeout=Duration.hours(2),
    storage=RabbitMqStorage.claim(size=Size.gibibytes(8), storage_class_name='fast', claim_name='messages'),
    **POD)
mail = CeleryApp(
    chart, 'mail', app='mail', broker=rabbitmq, code=AppCode.in_image(),
    runtime=PythonRuntime.from_image('registry.example.com/mail:1'),
    result_backend=ResultBackend.from_sentinel(**SENTINELS), delivery=TaskDelivery.at_most_once(prefetch_multiplier=3),
    network=CeleryNetwork.closed_ingress(
        ingress_controller=[NetworkPeer(namespace='proxies')],
        prometheus=[NetworkPeer(namespace='metrics', pod_labels={'app': 'prometheus'})],
        keda=[NetworkPeer(namespace='scalers')], from_=[{'from': [{'podSelector': {}}]}]))
CeleryWorker(chart, 'mail-worker', celery=mail)
CeleryBeat(chart, 'mail-beat', celery=mail, schedule=BeatSchedule.file(loop_interval=Duration.seconds(30)))

amqp = CeleryApp(
    chart, 'amqp', app='amqp', code=AppCode.in_image(), runtime=PythonRuntime.from_image('registry.example.com/amqp:1'),
    broker=Broker.from_rabbit_mq(**RABBITMQ, username_secret=SecretKey(name='rabbitmq', key='username')),
    result_backend=ResultBackend.rpc())
CeleryBeat(chart, 'amqp-beat', celery=amqp, schedule=BeatSchedule.database(loop_interval=Duration.seconds(30)))
sqs = CeleryApp(
    chart, 'sqs', app='sqs', code=AppCode.in_image(), runtime=PythonRuntime.from_image('registry.example.com/sqs:1'),
    result_backend=ResultBackend.none(), network=CeleryNetwork.open(),
    broker=Broker.from_sqs(
        region='eu-central-1', queue_name_prefix='shop-', visibility_timeout=Duration.hours(1), endpoint='https://sqs.example.com',
        access_key_id=SecretKey(name='aws', key='id'), secret_access_key=SecretKey(name='aws', key='secret')))
CeleryBeat(chart, 'sqs-beat', celery=sqs, schedule=BeatSchedule.custom(
    'shop.schedule:Scheduler', loop_interval=Duration.seconds(30)))
CeleryWorker(chart, 'named-worker', celery=CeleryApp(
    chart, 'named', app='named', broker=Broker.from_rabbit_mq(**RABBITMQ, username='shop'), code=AppCode.in_image(),
    runtime=PythonRuntime.from_image('registry.example.com/named:1'),
    result_backend=ResultBackend.from_url('redis://results.example.com:6379/2', cidr='10.28.0.0/16')))

small = CeleryApp(
    chart, 'small', app='small', broker=Broker.from_secret(
        SecretKey(name='broker', key='url'), transport='amqp', port=5673, cidr='10.29.0.0/16',
        queue_trigger=QueueTrigger(
            type='rabbitmq', metadata={'protocol': 'http'}, queue_key='queueName', counts_unacknowledged=True,
            authentication={'secretTargetRef': [{'parameter': 'host', 'name': 'broker', 'key': 'management'}]})),
    code=AppCode.in_image(directory='/small'), runtime=PythonRuntime.from_image('registry.example.com/small:1'),
    result_backend=ResultBackend.from_secret(SecretKey(name='results', key='url'), port=6380, cidr='10.30.0.0/16'))
CeleryWorker(chart, 'small-worker', celery=small, init_containers=[small.init_container(
    name='migrated', command=['python', '-c', ''], resources={'limits': {'memory': '99Mi'}})])
CeleryWorker(chart, 'watched-worker', celery=CeleryApp(
    chart, 'watched', app='watched', broker=Broker.from_secret(
        SecretKey(name='broker', key='url'), transport='sentinel', master_name='orders'), code=AppCode.in_image(),
    runtime=PythonRuntime.from_image('registry.example.com/watched:1')))
for id, broker in {
    'own': OwnBroker(
        url={'value': 'redis://$(OWN_HOST):6379/0'}, result_backend={'value': 'redis://$(OWN_HOST):6379/1'}),
    'composed': OwnBroker(
        url_template='redis://{OWN_HOST}:6379/0', result_backend_template='redis://{OWN_HOST}:6379/1'),
}.items():
    CeleryWorker(chart, f'{id}-worker', celery=CeleryApp(
        chart, id, app=id, broker=broker, code=AppCode.in_image(),
        runtime=PythonRuntime.from_image('registry.example.com/own:1')))

app.synth()
