import { App, Chart } from 'cdk8s';
import { ScaledObject, ScaledObjectSpec, TriggerAuthentication } from '../../../imports/keda.sh';
import { Broker, CeleryWorker, WorkerScaling } from '../../../src';
import { celeryApp } from '../../fixtures';
import { Manifest, synth } from '../../manifests';

test('the constructs of imports/ know every field that we write: they drop all others', () => {
  const authentication = { secretTargetRef: [{ parameter: 'password', name: 'redis', key: 'password' }] };
  const broker = Broker.fromSecret({ name: 'broker', key: 'url' }, { queueTrigger: { type: 'redis', metadata: { address: 'redis.example.com:6379' }, authentication } });
  const scaling = WorkerScaling.queueLength({ minReplicas: 0, maxReplicas: 3, fallback: { replicas: 2 }, behavior: { scaleUp: { selectPolicy: 'Max' } } });
  const { all } = synth((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { broker }), scaling }), ['Secret/broker', 'Secret/redis']);
  const spec = (kind: string) => all.find((one) => one.kind === kind)!.spec as Manifest;
  const chart = new Chart(new App(), 'chart');
  const again = [
    new ScaledObject(chart, 'object', { spec: spec('ScaledObject') as ScaledObjectSpec }),
    new TriggerAuthentication(chart, 'authentication', { spec: spec('TriggerAuthentication') }),
  ].map((object) => (object.toJson() as Manifest).spec as Manifest);
  expect(again).toEqual([spec('ScaledObject'), spec('TriggerAuthentication')]);
});
