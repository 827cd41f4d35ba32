import { Chart } from 'cdk8s';
import {
  Broker, CeleryFlower, CeleryNetwork, CeleryWorker, FlowerAuth, FlowerExposure, RabbitMqBroker, RedisBroker, ResultBackend, WorkerScaling,
} from '../../../src';
import { celeryApp } from '../../fixtures';
import { refusals } from '../../manifests';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
type Any = any;

const PASSWORD = { name: 'broker', key: 'password' };
const app = (props: Any) => (chart: Chart) => void celeryApp(chart, props);

// Of options in options, too.
test.each<[string, (chart: Chart) => void, string[]]>([
  ['TLS of a connection', app({ broker: Broker.fromRedis({ host: 'redis.example.com', port: 6380, tls: { clientSecretName: 'Client', tsl: 1 } as Any }) }),
    ['broker.tls.tsl: is not one of the options here', 'broker.tls.clientSecretName: \'Client\' is not a name']],
  ['TLS of a result backend', app({ resultBackend: ResultBackend.fromPostgres({ host: 'p', database: 'd', username: 'u', tls: { clientSecretName: 'Client', tsl: 1 } as Any }) }),
    ['resultBackend.tls.tsl: is not one of the options here', 'resultBackend.tls.clientSecretName: \'Client\' is not a name']],
  ['TLS of a Redis', (chart) => new RedisBroker(chart, 'redis', { tls: { secretName: 'Redis', tsl: 1 } as Any, database: 16 }),
    ['tls.tsl: is not one of the options here', 'tls.secretName: \'Redis\' is not a name', 'database: 16 is not the number']],
  ['TLS of a RabbitMQ', (chart) => new RabbitMqBroker(chart, 'rabbitmq', { password: PASSWORD, tls: { secretName: 'Rabbit', tsl: 1 } as Any }),
    ['tls.tsl: is not one of the options here', 'tls.secretName: \'Rabbit\' is not a name']],
  ['queues', (chart) => new CeleryWorker(chart, 'worker', {
    celery: celeryApp(chart, { queues: [{ name: 'mail', maxPriorty: 3 }, { name: 'a b', external: true }, { name: 'jobs', maxPriority: 99 }, { maxPriority: 3 }] as Any }), queues: ['mial', 'jobs', 'mail'],
  }), [
    'queues[0].maxPriorty: is not one of the options here; did you mean maxPriority?', 'queues[3].name: undefined is missing', 'queues: \'a b\' is not a name of a queue',
    'queues \'jobs\' maxPriority: 99 is not a highest priority', 'queues: \'mial\' is not a queue of the app',
  ]],
  ['those who may connect', app({ network: CeleryNetwork.closed({ prometheus: [{ namespace: 'Monitoring', x: 1 }, { nmespace: 'y' }, { namespace: 'a.b' }] as Any }) }), [
    'network.prometheus[0].x: is not one of the options here', 'network.prometheus[0].namespace: \'Monitoring\' is not a name',
    'network.prometheus[1].nmespace: is not one of the options here; did you mean namespace?', 'network.prometheus[2].namespace: \'a.b\' is not a name',
  ]],
  ['a Gateway', (chart) => new CeleryFlower(chart, 'flower', {
    celery: celeryApp(chart), auth: FlowerAuth.basic(PASSWORD), exposure: FlowerExposure.httpRoute({ host: 'flower.example.com', gateway: { name: 'Public', nmespace: 'x' } as Any }),
  }), ['exposure.gateway.nmespace: is not one of the options here; did you mean namespace?', 'exposure.gateway.name: \'Public\' is not a name']],
  ['a fallback', (chart) => new CeleryWorker(chart, 'worker', {
    celery: celeryApp(chart), scaling: WorkerScaling.queueLength({ maxReplicas: 3, fallback: { replicas: -1, behaviour: 'static' } as Any }),
  }), ['scaling.fallback.behaviour: is not one of the options here; did you mean behavior?', 'scaling.fallback.replicas: -1 is not a whole number of at least 0']],
  ['a trigger', app({ broker: Broker.fromSecret(PASSWORD, { queueTrigger: { type: 'redis', metadata: { address: 'redis://r' }, x: 1 } as Any }) }),
    ['broker.queueTrigger.x: is not one of the options here', 'broker.queueTrigger.metadata.address: \'redis://r\' is not a host with a port']],
])('%s: an option that there is not hides no other mistake', (_what, make, messages) => {
  const lines = refusals(make);
  expect(lines).toEqual(expect.arrayContaining(messages.map((message) => expect.stringContaining(message))));
  expect(lines).toHaveLength(messages.length);
});
