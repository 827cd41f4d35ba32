import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Container, PodSpec } from 'kubernetes-types/core/v1';
import { Deployment } from '../../e2e/deployment';
import { eventually, kubectl, python, readyPods } from '../../e2e/harness';

/** Where the packages of the image that the manifests name are installed, once, for all drills. */
const PACKAGES = 'celery-drill-rules';
const LOCK = join(__dirname, '../../../locks/celery-5.6.3-python3.11.txt');
const PATH = '/opt/celery/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin';

/** A server that has Celery installed, and hands it out as an archive. */
export const packages: Deployment = {
  namespaces: [PACKAGES],
  deploy: async () => {
    const labels = { app: 'packages' };
    await kubectl(['create', 'namespace', PACKAGES]);
    await apply(PACKAGES, [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'lock' }, data: { 'constraints.txt': readFileSync(LOCK, 'utf8') } },
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'packages' }, spec: { selector: labels, ports: [{ port: 8000 }] } },
      {
        apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'packages' },
        spec: {
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              containers: [{
                name: 'packages', image: 'python:3.11-slim',
                command: ['sh', '-c', [
                  'python -m venv /opt/celery',
                  '/opt/celery/bin/pip install --quiet --constraint /lock/constraints.txt "celery[redis]" flower',
                  'mkdir /srv/packages && tar -C /opt/celery -cf /srv/packages/celery.tar .',
                  'exec python -m http.server --directory /srv/packages',
                ].join(' && ')],
                env: [{ name: 'PATH', value: PATH }],
                resources: { requests: { cpu: '10m' } },
                readinessProbe: { tcpSocket: { port: 8000 }, periodSeconds: 2 },
                volumeMounts: [{ name: 'lock', mountPath: '/lock' }],
              }],
              volumes: [{ name: 'lock', configMap: { name: 'lock' } }],
            },
          },
        },
      },
    ]);
    await eventually('Celery is installed for all drills', 300, () => readyPods(PACKAGES, 'app=packages', 1));
  },
};

/** Runs Python that has Celery and redis-py, outside of all that is drilled. */
export function celeryPython(code: string): Promise<string> {
  return python(PACKAGES, 'deploy/packages', code);
}

export async function apply(namespace: string, objects: readonly unknown[]): Promise<void> {
  await kubectl(['apply', '-n', namespace, '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
}

/** The Redis of those manifests that bring none. */
const REDIS = [
  { apiVersion: 'v1', kind: 'Service', metadata: { name: 'redis' }, spec: { selector: { app: 'redis' }, ports: [{ port: 6379 }] } },
  {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'redis' },
    spec: {
      selector: { matchLabels: { app: 'redis' } },
      template: {
        metadata: { labels: { app: 'redis' } },
        spec: { containers: [{ name: 'redis', image: 'redis:7-alpine', args: ['redis-server', '--save', ''] }] },
      },
    },
  },
];

/** What belongs to the image that manifests name: its code. */
const CODE = {
  apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code-of-the-image' },
  data: Object.fromEntries(['shop.py', 'crm.py'].map((name) => [name, readFileSync(join(__dirname, 'app', name), 'utf8')])),
};

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any object of Kubernetes
type Manifest = any;

/** Manifests as people write them, with the images that any cluster can pull in place of those that exist in the example only. */
export function runnable(objects: readonly Manifest[]): Manifest[] {
  const ownRedis = objects.some(({ kind, metadata }) => kind === 'Service' && metadata.name === 'redis');
  const pods = objects.flatMap(({ spec }): PodSpec[] => spec?.template?.spec ? [spec.template.spec] : []);
  pods.forEach(prepare);
  // The variables of Services are there only for containers that start later.
  const services = objects.filter(({ kind }) => kind === 'Service');
  return [...ownRedis ? [] : REDIS, CODE, ...services, ...objects.filter((object) => !services.includes(object))];
}

function prepare(spec: PodSpec): void {
  const examples = spec.containers.filter(({ image }) => image!.startsWith('registry.example/'));
  for (const container of [...spec.containers, ...spec.initContainers ?? []]) {
    container.resources = { ...container.resources, requests: { cpu: '10m', ...container.resources?.requests } };
  }
  if (examples.length === 0) return;
  examples.forEach(asPython);
  spec.volumes = [
    ...spec.volumes ?? [], { name: 'packages-of-the-image', emptyDir: {} },
    { name: 'code-of-the-image', configMap: { name: CODE.metadata.name } },
  ];
  const fetch = 'import tarfile, urllib.request as http; '
    + `tarfile.open(fileobj=http.urlopen('http://packages.${PACKAGES}:8000/celery.tar'), mode='r|').extractall('/opt/celery')`;
  spec.initContainers = [{
    name: 'packages-of-the-image', image: 'python:3.11-slim', command: ['python', '-c', fetch],
    resources: { requests: { cpu: '10m' } },
    volumeMounts: [{ name: 'packages-of-the-image', mountPath: '/opt/celery' }],
  }, ...spec.initContainers ?? []];
}

function asPython(container: Container): void {
  container.image = 'python:3.11-slim';
  container.workingDir ??= '/app';
  container.env = [{ name: 'PATH', value: PATH }, { name: 'PYTHONUNBUFFERED', value: '1' }, ...container.env ?? []];
  const mounts = container.volumeMounts ?? [];
  container.volumeMounts = [
    ...mounts, { name: 'packages-of-the-image', mountPath: '/opt/celery' },
    ...mounts.some(({ mountPath }) => mountPath === '/app') ? [] : [{ name: 'code-of-the-image', mountPath: '/app' }],
  ];
}
