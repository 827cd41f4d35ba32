import { Chart, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { AppCode, CeleryApp, CeleryAppProps, PodOptions, PythonRuntime, RedisBroker } from '../src';

export const TASKS = 'from celery import Celery\n\napp = Celery("tasks")\n';

/** An app `celery` with the least that an app needs, and a Redis beside it. */
export function celeryApp(chart: Chart, props: Partial<CeleryAppProps> = {}): CeleryApp {
  return new CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: props.broker ?? new RedisBroker(chart, 'redis'),
    code: AppCode.fromInline({ 'tasks.py': TASKS }),
    runtime: PythonRuntime.image('registry.example.com/team/app:1.4.2'),
    ...props,
  });
}

/** What `everyOption` refers to. */
export const EXTERNAL = ['Secret/registry-login', 'Secret/passwords', 'ServiceAccount/celery'];

/** All options at once. `Required`: an option that is new does not compile without a value here. */
export function everyOption(chart: Chart): Required<PodOptions> {
  const passwords = kplus.Secret.fromSecretName(chart, 'passwords', 'passwords');
  return {
    resources: {
      cpu: { request: kplus.Cpu.millis(300), limit: kplus.Cpu.units(2) },
      memory: { request: Size.mebibytes(300), limit: Size.gibibytes(1) },
      ephemeralStorage: { request: Size.gibibytes(1), limit: Size.gibibytes(2) },
    },
    env: { PLAIN: kplus.EnvValue.fromValue('1'), PASSWORD: kplus.EnvValue.fromSecretValue({ secret: passwords, key: 'redis' }) },
    volumeMounts: [{ path: '/cache', volume: kplus.Volume.fromEmptyDir(chart, 'cache', 'cache') }],
    volumes: [kplus.Volume.fromEmptyDir(chart, 'sidecars', 'sidecars')],
    labels: { team: 'orders' },
    annotations: { 'example.com/owner': 'orders@example.com' },
    nodeSelector: { disk: 'ssd' },
    tolerations: [kplus.NodeTaintQuery.is('dedicated', 'celery', { effect: kplus.TaintEffect.NO_SCHEDULE })],
    priorityClassName: 'important',
    imagePullSecrets: [kplus.Secret.fromSecretName(chart, 'login', 'registry-login')],
    serviceAccount: kplus.ServiceAccount.fromServiceAccountName(chart, 'account', 'celery'),
    podSecurityContext: { fsGroup: 4000 },
    containerSecurityContext: { readOnlyRootFilesystem: false },
  };
}
