import { ApiObject, Chart } from 'cdk8s';
import { BeatSchedule, Broker, CeleryBeat, CeleryFlower, CeleryWorker, FlowerAuth, RedisBroker, ResultBackend } from '../../src';
import { celeryApp } from '../fixtures';
import { Manifests, synth } from '../manifests';

const RELOADER = 'secret.reloader.stakater.com/reload';
const HASH = 'cdk8s-celery/secrets';

function worker(broker: Broker, secret?: object, podAnnotations?: Record<string, string>): Manifests {
  return synth((chart: Chart) => {
    new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker, resultBackend: ResultBackend.none(), podAnnotations }) });
    // Also one that is made after the worker.
    if (secret) new ApiObject(chart, 'secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'redis' }, ...secret });
  }, ['Secret/redis', 'Secret/ca']);
}

const WITH_PASSWORD = Broker.fromRedis({ host: 'redis', password: { name: 'redis', key: 'password' }, tls: { ca: { name: 'ca', key: 'ca.crt' } } });
const annotations = (manifests: Manifests): Record<string, string>[] => {
  const { metadata, spec } = manifests.get('Deployment', 'celery-worker');
  return [metadata.annotations ?? {}, spec.template.metadata.annotations ?? {}];
};

test('Reloader is told the Secrets of the connection', () => {
  expect(annotations(worker(WITH_PASSWORD))).toEqual([{ [RELOADER]: 'ca,redis' }, {}]);
  expect(annotations(worker(Broker.fromSecret({ name: 'redis', key: 'url' })))[0]).toEqual({ [RELOADER]: 'redis' });
  expect(annotations(worker(Broker.fromUrl('redis://redis')))).toEqual([{}, {}]);
});

test('of a Secret in the tree another content is another pod template, and the same content is not', () => {
  const hash = (password: string): string => annotations(worker(WITH_PASSWORD, { stringData: { password } }))[1][HASH];
  expect(hash('one')).toMatch(/^[0-9a-f]{8}$/);
  expect(hash('one')).toBe(hash('one'));
  expect(hash('one')).not.toBe(hash('other'));
});

test('annotations of the user\'s stay', () => {
  expect(annotations(worker(WITH_PASSWORD, { stringData: { password: 'one' } }, { own: '1' }))[1]).toMatchObject({ own: '1', [HASH]: expect.any(String) });
});

test('a RedisBroker is replaced as well: it reads its password and its certificate at its start', () => {
  const redis = (content: string): Record<string, string>[] => {
    const manifests = synth((chart: Chart) => {
      new RedisBroker(chart, 'store', { password: { name: 'redis', key: 'password' }, tls: { secretName: 'certificate' } });
      new ApiObject(chart, 'secret', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'redis' }, stringData: { password: content } });
    }, ['Secret/certificate']);
    const { metadata, spec } = manifests.get('Deployment', 'store');
    return [metadata.annotations, spec.template.metadata.annotations];
  };
  expect(redis('one')[0]).toEqual({ [RELOADER]: 'certificate,redis' });
  expect(redis('one')[1][HASH]).toMatch(/^[0-9a-f]{8}$/);
  expect(redis('one')).not.toEqual(redis('other'));
});

test('Reloader also knows the Secrets of the Redis of RedBeat and of the login of Flower, and those of the user', () => {
  const manifests = synth((chart: Chart) => {
    const celery = celeryApp(chart, { broker: WITH_PASSWORD, annotations: { [RELOADER]: 'mine, redis' } });
    new CeleryBeat(chart, 'beat', { celery, schedule: BeatSchedule.redBeat({ redis: { name: 'redbeat', key: 'url' } }) });
    new CeleryFlower(chart, 'flower', { celery, auth: FlowerAuth.basic({ name: 'login', key: 'users' }), cookieSecret: { name: 'cookie', key: 'secret' } });
  }, ['Secret/redis', 'Secret/ca', 'Secret/redbeat', 'Secret/login', 'Secret/cookie']);
  const of = (name: string): unknown => manifests.get('Deployment', name).metadata.annotations[RELOADER];
  expect([of('celery-beat'), of('celery-flower')]).toEqual(['ca,redbeat,redis,mine', 'ca,cookie,login,redis,mine']);
});
