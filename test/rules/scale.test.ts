import { violations } from './manifests';

/** Objects of a kind that rules look at together: what one has to do with all others is worked out once for all of them. */
const N = 4000;

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
const half = (one: (i: number) => object, other: (i: number) => object, all = N) => [...many(all / 2, one), ...many(all / 2, other)];

test.each<[string, () => object[], string]>([
  ['Beats', () => many(N, (i) => celery('beat', i)), 'beat/two-deployments'],
  ['Beats, each suppressed', () => many(N, (i) => celery('beat', i, { annotations: { 'cdk8s-celery/suppress': 'beat/two-deployments: a test' } })), 'beat/more-than-one'],
  ['workers', () => many(N, (i) => celery('worker', i)), 'shutdown/grace-not-set'],
  ['Beats with a lock, and workers with Beats', () => half((i) => celery('beat', i, { more: ['-S', 'redbeat.RedBeatScheduler'] }), (i) => celery('worker', i, { more: ['-B'] })), 'beat/in-worker'],
  ['Beats of another time zone', () => half((i) => celery('beat', i, { more: ['--', 'task_x.timezone=1', 'timezone=UTC'] }), (i) => celery('worker', i, { more: ['--', 'timezone=Asia/Tokyo'] })), 'beat/timezone-differs'],
  ['Beats of another broker', () => half((i) => celery('beat', i, { broker: 'other' }), (i) => celery('worker', i)), 'env/beat-on-another-broker'],
  ['queues', () => many(N, (i) => celery('worker', i, { more: ['-Q', `q${i}`, '--', 'task_default_queue=other'] })), 'code/queue-without-worker'],
  ['packages', () => half((i) => celery('flower', i, { command: ['sh', '-c', 'pip install celery flower && exec celery -A shop flower'] }),
    (i) => celery('worker', i, { command: ['sh', '-c', `pip install celery p${i} && exec celery -A shop worker`] }), N / 2), 'install/flower-lacks-dependencies'],
  ['Services of Flower', () => half(service, (i) => celery('flower', i)), 'flower/open-to-the-world'],
  ['Ingresses of Flower', () => [object('Service', 0, { spec: { selector: { app: 'shop' }, ports: [{ port: 5555 }] } }), ...half(ingress, (i) => celery('flower', i))], 'flower/open-to-the-world'],
  ['NetworkPolicies', () => half(policy, (i) => celery('worker', i)), 'shutdown/grace-not-set'],
  ['ScaledObjects', () => [celery('worker', 0), ...many(N, scaler)], 'scaling/zero-while-tasks-run'],
  ['files of a ConfigMap', () => [object('ConfigMap', 0, { data: Object.fromEntries(many(N, (i) => i as unknown as object).map((i) => [`f${String(i)}.py`, `x = ${String(i)}`])) }),
    celery('worker', 0, { files: 'configmap-0' })], 'code/no-rollout-on-change'],
])('4000 %s', (_, make, rule) => {
  const objects = make();
  const before = process.cpuUsage();
  const found = violations(objects);
  // Each takes about 0.4 s; what was quadratic took from 2 to 15 s.
  expect(process.cpuUsage(before).user / 1e6).toBeLessThan(2);
  expect(found.map((one) => one.rule.id)).toContain(rule);
  // What lists the others lists only as many as are shown.
  for (const { value, note, allowed } of found.slice(0, 1000)) {
    for (const text of [value, note, allowed]) expect(text?.length ?? 0).toBeLessThan(400);
  }
});
