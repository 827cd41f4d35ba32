import { Violation } from '../../src/rules/rule';
import { violations } from '../rules/manifests';

/** Objects of a kind that rules look at together: what one has to do with all others is worked out once for all of them. */
const N = 2000;

interface Options {
  readonly command?: readonly string[];
  readonly more?: readonly string[];
  readonly broker?: string;
  readonly annotations?: Record<string, string>;
  readonly files?: string;
}

function celery(role: string, i: number, { command, more = [], broker = 'redis', annotations, files }: Options = {}) {
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `${role}-${i}`, namespace: 'shop', annotations },
    spec: { replicas: 2, template: { metadata: { labels: { app: 'shop' } }, spec: {
      containers: [{
        name: 'c', image: 'python:3.11-slim', command: command ?? ['celery', '-A', 'shop', role, ...more],
        env: [{ name: 'CELERY_BROKER_URL', value: `redis://${broker}:6379/0` }], volumeMounts: files ? [{ name: 'v', mountPath: '/app' }] : [],
      }],
      volumes: files ? [{ name: 'v', configMap: { name: files } }] : [],
    } } },
  };
}

const object = (kind: string, i: number, rest: object, apiVersion = 'v1') => ({ apiVersion, kind, metadata: { name: `${kind.toLowerCase()}-${i}`, namespace: 'shop' }, ...rest });
const many = (count: number, make: (i: number) => object) => Array.from({ length: count }, (_, i) => make(i));
const service = (i: number) => object('Service', i, { spec: { type: 'NodePort', selector: { app: 'shop' }, ports: [{ port: 5555 }] } });
const ingress = (i: number) => object('Ingress', i, { spec: { rules: [{ http: { paths: [{ path: `/${i}`, backend: { service: { name: 'service-0', port: { number: 5555 } } } }] } }] } });
const policy = (i: number) => object('NetworkPolicy', i, { spec: { podSelector: { matchLabels: { app: 'shop' } }, ingress: [] } });
const scaler = (i: number) => object('ScaledObject', i, { spec: { scaleTargetRef: { name: 'worker-0' }, triggers: [{ type: 'redis', metadata: { listName: 'celery' } }] } });
const half = (one: (i: number) => object, other: (i: number) => object, all: number) => [...many(all / 2, one), ...many(all / 2, other)];

test.each<[string, (n: number) => object[], string]>([
  ['Beats', (n) => many(n, (i) => celery('beat', i)), 'beat/two-deployments'],
  ['Beats, each suppressed', (n) => many(n, (i) => celery('beat', i, { annotations: { 'cdk8s-celery/suppress': 'beat/two-deployments: a test' } })), 'beat/more-than-one'],
  ['workers', (n) => many(n, (i) => celery('worker', i)), 'shutdown/grace-not-set'],
  ['Beats with a lock, and workers with Beats', (n) => half((i) => celery('beat', i, { more: ['-S', 'redbeat.RedBeatScheduler'] }), (i) => celery('worker', i, { more: ['-B'] }), n), 'beat/in-worker'],
  ['Beats of another time zone', (n) => half((i) => celery('beat', i, { more: ['--', 'task_x.timezone=1', 'timezone=UTC'] }), (i) => celery('worker', i, { more: ['--', 'timezone=Asia/Tokyo'] }), n), 'beat/timezone-differs'],
  ['Beats of another broker', (n) => half((i) => celery('beat', i, { broker: 'other' }), (i) => celery('worker', i), n), 'env/beat-on-another-broker'],
  ['queues', (n) => many(n, (i) => celery('worker', i, { more: ['-Q', `q${i}`, '--', 'task_default_queue=other'] })), 'code/queue-without-worker'],
  ['packages', (n) => half((i) => celery('flower', i, { command: ['sh', '-c', 'pip install celery flower && exec celery -A shop flower'] }),
    (i) => celery('worker', i, { command: ['sh', '-c', `pip install celery p${i} && exec celery -A shop worker`] }), n / 2), 'install/flower-lacks-dependencies'],
  ['Services of Flower', (n) => half(service, (i) => celery('flower', i), n), 'flower/open-to-the-world'],
  ['Ingresses of Flower', (n) => [object('Service', 0, { spec: { selector: { app: 'shop' }, ports: [{ port: 5555 }] } }), ...half(ingress, (i) => celery('flower', i), n)], 'flower/open-to-the-world'],
  ['NetworkPolicies', (n) => half(policy, (i) => celery('worker', i), n), 'shutdown/grace-not-set'],
  ['ScaledObjects', (n) => [celery('worker', 0), ...many(n, scaler)], 'scaling/zero-while-tasks-run'],
  ['files of a ConfigMap', (n) => [object('ConfigMap', 0, { data: Object.fromEntries(many(n, (i) => i as unknown as object).map((i) => [`f${String(i)}.py`, `x = ${String(i)}`])) }),
    celery('worker', 0, { files: 'configmap-0' })], 'code/no-rollout-on-change'],
])('2000 %s', (_, make, rule) => {
  const run = (n: number) => {
    const objects = make(n);
    const before = process.cpuUsage();
    const found = violations(objects);
    return { found, seconds: process.cpuUsage(before).user / 1e6 };
  };
  // Compiled by V8 before it is measured.
  run(N / 8);
  let found: readonly Violation[] = [];
  const factor = (): number => {
    const few = run(N / 4);
    const all = run(N);
    ({ found } = all);
    return all.seconds / few.seconds;
  };
  // Four times as many objects take about four times as long; what is quadratic takes up to 16 times, each time that it is measured.
  let measured = factor();
  for (let tries = 1; measured >= 6 && tries < 3; tries += 1) measured = factor();
  expect(measured).toBeLessThan(6);
  expect(found.map((one) => one.rule.id)).toContain(rule);
  // What lists the others lists only as many as are shown.
  const texts = found.slice(0, 1000).flatMap(({ value, note, allowed }) => [value, note, allowed]);
  expect(texts.filter((text) => text !== undefined && text.length >= 400)).toEqual([]);
});
