import { pod } from './pods';
import { brokerClients } from '../../src/manifests/broker-urls';

const SECRET = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'broker' }, stringData: { url: 'redis://:s3cr3t@hidden:6379/3' } };
const given = (name: string, value: string) => ({ name, value });
const hidden = (name: string) => ({ name, valueFrom: { secretKeyRef: { name: 'broker', key: 'url' } } });

/** What gives a worker the broker, as `source host`. */
function urls(...env: object[]): string[] {
  const { world } = pod({ command: ['celery', '-A', 'shop', 'worker'], env }, {}, SECRET);
  return brokerClients(world).flatMap((client) => client.urls.map(({ source, url }) => `${source} ${url.host}`));
}

test.each<[string, object[], string[]]>([
  ['none', [], []],
  ['a variable, once', [given('CELERY_BROKER_URL', 'redis://redis/0')], ['CELERY_BROKER_URL redis']],
  ['a Secret of the input', [hidden('CELERY_BROKER_URL')], ['CELERY_BROKER_URL hidden']],
  ['a Secret of the input, next to the results', [hidden('CELERY_BROKER_URL'), given('CELERY_RESULT_BACKEND', 'redis://redis/1')], ['CELERY_RESULT_BACKEND redis', 'CELERY_BROKER_URL hidden']],
  ['a variable that is not of Celery', [given('REDIS_URL', 'redis://redis/0')], []],
])('the URLs of a worker: %s', (_, env, expected) => {
  expect(urls(...env)).toEqual(expected);
});
