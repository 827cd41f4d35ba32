import { Chart } from 'cdk8s';
import { AppCode, CeleryApp, CeleryAppProps, PodOptions, PythonRuntime, RedisBroker } from '../src';

export const TASKS = 'from celery import Celery\n\napp = Celery("tasks")\n';

/** An app `celery` with the least that an app needs, and a Redis next to it. */
export function celeryApp(chart: Chart, props: Partial<CeleryAppProps> = {}): CeleryApp {
  return new CeleryApp(chart, 'celery', {
    app: 'tasks',
    broker: props.broker ?? new RedisBroker(chart, 'redis'),
    code: AppCode.fromInline({ 'tasks.py': TASKS }),
    runtime: PythonRuntime.fromImage('registry.example.com/team/app:1.4.2'),
    ...props,
  });
}

/** What `everyOption` refers to. */
export const EXTERNAL = ['Secret/registry-login', 'Secret/passwords', 'ConfigMap/flags', 'ServiceAccount/celery'];

/** All options at once. `Required`: an option that is new does not compile without a value here. */
export const everyOption: Required<PodOptions> = {
  env: [{ name: 'PLAIN', value: '1' }, { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'passwords', key: 'redis' } } }],
  envFrom: [{ prefix: 'FLAG_', configMapRef: { name: 'flags' } }],
  volumes: [{ name: 'cache', emptyDir: { sizeLimit: '1Gi' } }],
  volumeMounts: [{ name: 'cache', mountPath: '/cache' }],
  initContainers: [{ name: 'wait', image: 'registry.example.com/wait:1.0.0', args: ['database'], volumeMounts: [{ name: 'cache', mountPath: '/wait' }] }],
  sidecars: [{ name: 'proxy', image: 'registry.example.com/proxy:1.0.0', ports: [{ containerPort: 5432 }], startupProbe: { tcpSocket: { port: 5432 } } }],
  containers: [{ name: 'exporter', image: 'registry.example.com/exporter:1.0.0', command: ['exporter'], ports: [{ name: 'metrics', containerPort: 9090 }] }],
  resources: {
    requests: { 'cpu': '300m', 'memory': '300Mi', 'ephemeral-storage': '1Gi', 'nvidia.com/gpu': 1 },
    limits: { 'cpu': '2', 'memory': '1Gi', 'ephemeral-storage': '2Gi', 'nvidia.com/gpu': 1 },
  },
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] }] } } },
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { component: 'worker' } } }],
  tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'celery', effect: 'NoSchedule' }],
  nodeSelector: { disk: 'ssd' },
  priorityClassName: 'important',
  runtimeClassName: 'gvisor',
  serviceAccountName: 'celery',
  imagePullSecrets: [{ name: 'registry-login' }],
  securityContext: { readOnlyRootFilesystem: false },
  podSecurityContext: { fsGroup: 4000 },
  dnsPolicy: 'None',
  dnsConfig: { nameservers: ['10.0.0.10'], options: [{ name: 'ndots', value: '2' }] },
  hostAliases: [{ ip: '10.0.0.11', hostnames: ['database.example.com'] }],
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
  labels: { team: 'orders' },
  annotations: { 'example.com/owner': 'orders@example.com' },
  podLabels: { tier: 'back' },
  podAnnotations: { 'example.com/scrape': 'true' },
};
