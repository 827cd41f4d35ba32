import { Chart } from 'cdk8s';
import * as fc from 'fast-check';
import { AppCode, CeleryApp, CeleryBeat, CeleryFlower, CeleryWorker, FlowerAuth, FlowerExposure, FlowerStorage, HealthCheck, PythonRuntime, RedisBroker, RedisStorage, ResultBackend } from '../../../src';
import { celeryApp, everyOption, TASKS } from '../../fixtures';
import { refusals, render } from '../../manifests';
import { runs } from '../../random-runs';

// Whatever a program gives for whatever prop: manifests, or a message that names the prop.

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Any = any;

const OPTIONS = Object.keys(everyOption);

const MAKERS: Record<string, { props: string[]; make: (chart: Chart, props: Any) => void }> = {
  app: {
    props: [...OPTIONS, 'app', 'broker', 'code', 'runtime', 'name', 'launcher', 'resultBackend', 'queues', 'settings'],
    make: (chart, props) => void new CeleryApp(chart, 'x', {
      app: 'tasks', broker: new RedisBroker(chart, 'redis'), code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('app:1'), ...props,
    }),
  },
  worker: {
    props: [...OPTIONS, 'celery', 'name', 'launcher', 'replicas', 'pool', 'queues', 'prefetchMultiplier', 'longestTask', 'taskEvents', 'logLevel', 'healthCheck', 'strategy'],
    make: (chart, props) => void new CeleryWorker(chart, 'x', { celery: celeryApp(chart), healthCheck: HealthCheck.none(), ...props }),
  },
  beat: {
    props: [...OPTIONS, 'celery', 'name', 'launcher', 'storage', 'logLevel', 'scheduler', 'healthCheck'],
    make: (chart, props) => void new CeleryBeat(chart, 'x', { celery: celeryApp(chart), healthCheck: HealthCheck.none(), ...props }),
  },
  flower: {
    props: [...OPTIONS, 'celery', 'name', 'launcher', 'auth', 'exposure', 'urlPrefix', 'probes', 'storage', 'cookieSecret', 'maxTasks', 'maxWorkers', 'purgeOfflineWorkers', 'readOnly'],
    make: (chart, props) => void new CeleryFlower(chart, 'x', { celery: celeryApp(chart), ...props }),
  },
  redis: {
    props: [...OPTIONS, 'name', 'image', 'storage', 'maxMemory', 'clusterDomain'],
    make: (chart, props) => void new RedisBroker(chart, 'x', props),
  },
  install: {
    props: ['celery', 'python', 'image', 'requirements', 'indexUrl', 'pipConf', 'installResources'],
    make: (chart, props) => void celeryApp(chart, { runtime: PythonRuntime.install({ celery: '5.3.4', ...props }), name: 'x' }),
  },
  probes: {
    props: ['startup', 'readiness', 'liveness'],
    make: (chart, props) => void new CeleryWorker(chart, 'x', { celery: celeryApp(chart), healthCheck: HealthCheck.probes(props) }),
  },
  agent: {
    props: ['interval', 'stallAfter', 'deafAfter', 'poolAfter', 'hangAfter', 'startAfter', 'beatSlack', 'terminationGracePeriod', 'port'],
    make: (chart, props) => void new CeleryWorker(chart, 'x', { celery: celeryApp(chart), healthCheck: HealthCheck.agent(props) }),
  },
  claim: { props: ['size', 'storageClassName', 'claimName'], make: (chart, props) => void new RedisBroker(chart, 'x', { storage: RedisStorage.claim(props) }) },
  ingress: {
    props: ['host', 'tls', 'ingressClassName', 'annotations'],
    make: (chart, props) => void new CeleryFlower(chart, 'x', {
      celery: celeryApp(chart), auth: FlowerAuth.basic({ name: 'login', key: 'users' }), exposure: FlowerExposure.ingress({ host: 'flower.example.com', ...props }),
    }),
  },
  route: {
    props: ['gateway', 'host'],
    make: (chart, props) => void new CeleryFlower(chart, 'x', {
      celery: celeryApp(chart), auth: FlowerAuth.basic({ name: 'login', key: 'users' }), exposure: FlowerExposure.httpRoute(props),
    }),
  },
  proxy: {
    props: ['secret', 'annotations'],
    make: (chart, props) => void new CeleryFlower(chart, 'x', {
      celery: celeryApp(chart), auth: FlowerAuth.atProxy(props), exposure: FlowerExposure.ingress({ host: 'flower.example.com', ingressClassName: 'nginx' }),
    }),
  },
  gitlab: {
    props: ['clientId', 'clientSecret', 'addresses', 'redirectUri', 'domain', 'groups', 'minAccessLevel'],
    make: (chart, props) => void new CeleryFlower(chart, 'x', { celery: celeryApp(chart), auth: FlowerAuth.gitlab(props) }),
  },
  okta: {
    props: ['clientId', 'clientSecret', 'addresses', 'redirectUri', 'baseUrl'],
    make: (chart, props) => void new CeleryFlower(chart, 'x', {
      celery: celeryApp(chart), exposure: FlowerExposure.ingress({ host: 'flower.example.com' }), auth: FlowerAuth.okta({
        clientId: { name: 'a', key: 'b' }, clientSecret: { name: 'a', key: 'b' }, addresses: ['a@example.com'], ...props,
      }),
    }),
  },
  flowerClaim: {
    props: ['size', 'storageClassName', 'claimName', 'saveInterval'],
    make: (chart, props) => void new CeleryFlower(chart, 'x', { celery: celeryApp(chart), storage: FlowerStorage.claim(props) }),
  },
  secret: {
    props: ['name', 'key', 'optional'],
    make: (chart, props) => {
      const celery = celeryApp(chart, { resultBackend: ResultBackend.fromSecret(props) });
      new CeleryFlower(chart, 'x', { celery, auth: FlowerAuth.basic(props) });
    },
  },
};

/** Names that Kubernetes has, so that values are looked into. */
const KEYS = ['name', 'value', 'valueFrom', 'secretKeyRef', 'key', 'image', 'command', 'mountPath', 'emptyDir', 'limits', 'requests', 'memory', 'cpu', 'httpGet', 'port',
  'preStop', 'sleep', 'seconds', 'nodeAffinity', 'constructor', '__proto__', 'toString', 'length', 'toMilliseconds', 'toKibibytes'];
const anything = fc.anything({
  key: fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 8 })), maxDepth: 4, maxKeys: 4,
  withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withSet: true,
  withNullPrototype: true, withObjectString: true, withTypedArray: true, withSparseArray: true,
});

const given = fc.constantFrom(...Object.keys(MAKERS)).chain((maker) => fc.tuple(
  fc.constant(maker), fc.dictionary(fc.constantFrom(...MAKERS[maker].props), anything, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
));

test('any value of any prop gives manifests, or a message with the prop and what to do', () => {
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    fc.assert(fc.property(given, ([maker, props]) => {
      const make = (chart: Chart): void => MAKERS[maker].make(chart, props);
      try {
        render(make);
        return;
      } catch (error) {
        if (!(error as Error).message.startsWith('Validation failed')) throw error;
      }
      for (const line of refusals(make)) expect(line).toMatch(/^\[[^\]]*\] (\S.*?: [^]* |(Deployment|Service|ConfigMap|NetworkPolicy|PersistentVolumeClaim) )/);
    }), { numRuns: runs(50) });
  } finally {
    write.mockRestore();
  }
});
