import { AppCode, CeleryApp, CeleryNetwork, CeleryWorker, PythonRuntime, RedisBroker, WorkerPool } from 'cdk8s-celery';
import { App, Chart, Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';

const app = new App();

const base = new Chart(app, 'base');
new kplus.Namespace(base, 'namespace', { metadata: { name: 'vision', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } } });

const chart = new Chart(app, 'vision', { namespace: 'vision' });

// Objects around Celery are those of cdk8s-plus, or of anything else; ours are joined with them by their names.
const flags = new kplus.ConfigMap(chart, 'flags', { metadata: { name: 'flags' }, data: { VISION_MODEL: 'small' } });
const account = new kplus.ServiceAccount(chart, 'account', { metadata: { name: 'vision' } });
const models = new kplus.k8s.KubePersistentVolumeClaim(chart, 'models', {
  metadata: { name: 'models' },
  spec: { accessModes: ['ReadOnlyMany'], resources: { requests: { storage: kplus.k8s.Quantity.fromString('20Gi') } } },
});

const celery = new CeleryApp(chart, 'vision', {
  app: 'tasks',
  broker: new RedisBroker(chart, 'redis'),
  code: AppCode.fromInline({ 'tasks.py': 'from celery import Celery\n\napp = Celery("vision")\n' }),
  runtime: PythonRuntime.install({ celery: '5.6.3', requirements: ['opentelemetry-distro==0.59b0'] }),
  settings: { result_expires: 3600 },
  launcher: ['opentelemetry-instrument'],
  network: CeleryNetwork.closed({
    // The cameras, and where the collector sends its spans.
    to: [
      { to: [{ ipBlock: { cidr: '10.20.0.0/24' } }], ports: [{ port: 443 }] },
      { to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'tracing' } } }], ports: [{ port: 4317 }] },
    ],
    // The GPU exporter is read by Prometheus.
    from: [{ from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }], ports: [{ port: 9400 }] }],
  }),

  // For all components.
  labels: { team: 'vision' },
  annotations: { 'example.com/owner': 'vision@example.com' },
  podLabels: { 'sidecar.example.com/inject': 'false' },
  podAnnotations: { 'example.com/cost-center': '4711' },
  serviceAccountName: account.name,
  imagePullSecrets: [{ name: 'registry-login' }],
  priorityClassName: 'batch',
  envFrom: [{ configMapRef: { name: flags.name } }],
  env: [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: 'http://localhost:4318' }],
  dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
});

new CeleryWorker(chart, 'gpu', {
  celery,
  // One GPU serves one process, and CUDA does not survive a fork.
  pool: WorkerPool.solo(),
  longestTask: Duration.minutes(10),

  // Where they run.
  resources: {
    requests: { 'cpu': '1', 'memory': '4Gi', 'ephemeral-storage': '2Gi', 'nvidia.com/gpu': 1 },
    limits: { 'memory': '8Gi', 'ephemeral-storage': '4Gi', 'nvidia.com/gpu': 1 },
  },
  runtimeClassName: 'nvidia',
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
  tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'node.kubernetes.io/instance-type', operator: 'In', values: ['g5.xlarge', 'g5.2xlarge'] }] }],
      },
    },
  },
  topologySpreadConstraints: [{
    maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: { matchLabels: { component: 'worker' } },
  }],

  // What they have.
  volumes: [
    { name: 'models', persistentVolumeClaim: { claimName: models.name, readOnly: true } },
    { name: 'shared-memory', emptyDir: { medium: 'Memory', sizeLimit: '1Gi' } },
  ],
  volumeMounts: [{ name: 'models', mountPath: '/models', readOnly: true }, { name: 'shared-memory', mountPath: '/dev/shm' }],
  securityContext: { capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } },
  podSecurityContext: { supplementalGroups: [44] },
  dnsPolicy: 'ClusterFirst',
  hostAliases: [{ ip: '10.20.0.5', hostnames: ['cameras.example.com'] }],

  // What runs next to them.
  initContainers: [{ name: 'models', image: 'busybox:1.36.1', command: ['test', '-d', '/models'], volumeMounts: [{ name: 'models', mountPath: '/models', readOnly: true }] }],
  sidecars: [{
    name: 'collector',
    image: 'otel/opentelemetry-collector:0.120.0',
    ports: [{ name: 'otlp', containerPort: 4318 }],
    startupProbe: { tcpSocket: { port: 'otlp' }, periodSeconds: 1, failureThreshold: 30 },
    resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
  }],
  containers: [{ name: 'gpu-exporter', image: 'nvidia/dcgm-exporter:4.2.3', command: ['dcgm-exporter'], ports: [{ name: 'metrics', containerPort: 9400 }] }],
  // The collector gets a moment to see the last spans.
  lifecycle: { preStop: { sleep: { seconds: 5 } } },
});

app.synth();
