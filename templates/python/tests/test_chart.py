import cdk8s

from chart import CeleryChart

# Testing.synth also runs the rules of cdk8s-celery: what is known to break fails here.
MANIFESTS = cdk8s.Testing.synth(CeleryChart(cdk8s.Testing.app(), 'celery', namespace='test'))


def test_makes_redis_workers_beat_and_flower():
    names = {each['metadata']['name'] for each in MANIFESTS if each['kind'] == 'Deployment'}
    assert names == {'celery-beat', 'celery-flower', 'celery-worker', 'redis'}


def test_starts_two_workers():
    worker, = (each for each in MANIFESTS if each['metadata']['name'] == 'celery-worker' and each['kind'] == 'Deployment')
    assert worker['spec']['replicas'] == 2
