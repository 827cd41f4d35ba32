import { ApiObject } from 'cdk8s';
import { CeleryBeat, CeleryWorker, RedisBroker } from '../../src';
import { exec, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace, sendSquares, Sent, SMALL, SQUARE } from './drill';
import { postgres } from './postgres';

/** Queues in a Redis with a password and results in PostgreSQL with the same, which has all the characters that end a part of a URL. */
const NAMESPACE = 'celery-drill-postgres';

deployed(namespace(NAMESPACE, (chart) => {
  new ApiObject(chart, 'passwords', {
    apiVersion: 'v1', kind: 'Secret', metadata: { name: 'passwords' }, stringData: { password: 'p@ss:w/#?[]%+ "w\'ord' },
  });
  const password = { name: 'passwords', key: 'password' };
  const [resultBackend] = postgres(chart, password, ['results']);
  const celery = celeryApp(chart, { broker: new RedisBroker(chart, 'redis', { password }), resultBackend, files: { 'tasks.py': SQUARE }, resources: SMALL });
  new CeleryWorker(chart, 'worker', { celery });
  new CeleryBeat(chart, 'beat', { celery });
}));

testIn(NAMESPACE)('100 tasks have their results', async () => {
  await allReady(NAMESPACE, ['celery-worker', 'celery-beat'], 400);
  const sent = JSON.parse(await exec(NAMESPACE, 'deploy/celery-beat', ['python', '-m', 'cdk8s_celery_launch', 'python', '-'], sendSquares(100, 60))) as Sent;
  expect(sent).toMatchObject({ right: 100, again: [] });
  // They are nowhere else.
  const keys = await exec(NAMESPACE, 'deploy/redis', ['redis-cli', '--scan', '--pattern', 'celery-task-meta-*']);
  expect(keys.trim()).toBe('');
});
