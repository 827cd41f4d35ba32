import { ApiObject, Chart } from 'cdk8s';
import { AppCode, Broker, CeleryApp, CeleryBeat, CeleryWorker, RabbitMqBroker, RedisBroker, ResultBackend } from '../../src';
import { certificates } from '../e2e/certificates';
import { eventually, kubectl, logs, pods, readyPods, restarts, say, testIn, told } from '../e2e/harness';
import { deployed, drillRuntime, namespace, SMALL } from './drill';

/**
 * A wrong password of Redis and of RabbitMQ, and a certificate of Redis that has expired: one clear log line a minute, pods that are not ready,
 * and the cause in `status`, with the host and without a secret.
 *
 * Needs the image rabbitmq:3.10.8.
 */
const NAMESPACE = 'celery-drill-refused';
const PASSWORDS = { right: 'p@ss:w/#?[]%+ "w\'ord', wrong: 'away@rotated:/#?[]%+ "w\'ord' };
const MINUTE = 60_000;

const CODE = `\
from celery import Celery

app = Celery('tasks')
`;

const host = (service: string): string => `${service}.${NAMESPACE}.svc.cluster.local`;
const REFUSED = 'the password or the user is refused';
const CAUSES = {
  'redis-password': `broker ${host('redis')}:6379: ${REFUSED}`,
  'rabbitmq-password': `broker ${host('rabbitmq')}:5672: ${REFUSED}`,
  'expired-certificate': `broker ${host('expired')}:6379: the certificate of the server has expired`,
};

deployed(namespace(NAMESPACE, (chart) => {
  const secret = (name: string, stringData: object): void => void new ApiObject(chart, name, { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData });
  secret('passwords', PASSWORDS);
  const [right, wrong] = ['right', 'wrong'].map((key) => ({ name: 'passwords', key }));
  const redis = new RedisBroker(chart, 'redis', { password: right });
  const expired = new RedisBroker(chart, 'expired', { tls: { secretName: 'certificate' } });
  secret('certificate', certificates(expired.host, -1));
  const rabbitMq = new RabbitMqBroker(chart, 'rabbitmq', { password: right, image: 'rabbitmq:3.10.8' });
  for (const broker of [redis, expired, rabbitMq]) broker.admitNamespace(NAMESPACE);

  app(chart, 'redis-password', Broker.fromRedis({ host: redis.host, password: wrong }));
  app(chart, 'rabbitmq-password', Broker.fromRabbitMq({ host: rabbitMq.host, username: 'celery', password: wrong }));
  app(chart, 'expired-certificate', expired);
}));

function app(chart: Chart, name: string, broker: Broker | RedisBroker): void {
  const celery = new CeleryApp(chart, name, {
    app: 'tasks', broker, resultBackend: ResultBackend.none(), code: AppCode.fromInline({ 'tasks.py': CODE }), runtime: drillRuntime(), resources: SMALL,
  });
  new CeleryWorker(chart, `${name}-worker`, { celery });
  new CeleryBeat(chart, `${name}-beat`, { celery });
}

const test = testIn(NAMESPACE);
const PROCESSES = Object.entries(CAUSES).flatMap(([name, cause]) => ['worker', 'beat'].map((role) => ({ name: `${name}-${role}`, role, cause })));
/** RabbitMQ's refusal is an error after which Celery ends a worker. */
const ENDS = 'rabbitmq-password-worker';

describe.each(PROCESSES.filter(({ name }) => name !== ENDS))('$name', ({ name, role, cause }) => {
  const selector = `app.kubernetes.io/instance=${name}`;

  test('says so once a minute, is not ready and not restarted', async () => {
    const times = await eventually('three lines', 360, async () => {
      const said = (await logs(NAMESPACE, selector, role)).split('\n').filter((line) => line.includes(cause)).map(time);
      expect(said.length).toBeGreaterThanOrEqual(3);
      return said;
    });
    const between = times.slice(1).map((at, i) => at - times[i]);
    say(`${name}: the lines came ${between.map((milliseconds) => Math.round(milliseconds / 1000)).join(' and ')} s after the one before`);
    for (const milliseconds of between) expect(milliseconds).toBeGreaterThanOrEqual(MINUTE - 1000);
    await expect(readyPods(NAMESPACE, selector, 1)).rejects.toThrow('0 of 1 pods');
    expect(restarts(await pods(NAMESPACE, selector))).toBe(0);
  });
});

test(`${ENDS} ends, and says why in its last line`, async () => {
  const [{ metadata }] = await eventually('it has ended twice', 240, async () => {
    const found = await pods(NAMESPACE, `app.kubernetes.io/instance=${ENDS}`);
    expect(restarts(found)).toBeGreaterThanOrEqual(2);
    return found;
  });
  const log = await kubectl(['logs', metadata!.name!, '-n', NAMESPACE, '-c', 'worker', '--previous']);
  expect(log.trim().split('\n').at(-1)).toContain(CAUSES['rabbitmq-password']);
  expect(log.split(CAUSES['rabbitmq-password'])).toHaveLength(2);
  await expect(readyPods(NAMESPACE, `app.kubernetes.io/instance=${ENDS}`, 1)).rejects.toThrow('0 of 1 pods');
});

test('status has the causes, and no log has a password', async () => {
  const { code, rows } = await told(NAMESPACE);
  expect(code).toBe(1);
  const all = await logs(NAMESPACE, 'app.kubernetes.io/name=celery');
  for (const { name, cause } of PROCESSES) expect(rows.find(([pod]) => pod.startsWith(`${name}-`))?.join(' ')).toContain(cause);
  // As they are, and as a URL has them.
  expect(`${rows.flat().join(' ')}\n${all}`).not.toMatch(/(p|away)(@|%40)(ss|rotated)/);
});

/** When a line was logged. */
function time(line: string): number {
  const [, day, clock, milliseconds] = /^\[(\S+) ([\d:]+),(\d+):/.exec(line)!;
  return Date.parse(`${day}T${clock}.${milliseconds}Z`);
}
