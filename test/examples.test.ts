import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Manifest, Manifests } from './manifests';
import { outputOf } from './programs';

const EXAMPLES = join(__dirname, '../examples');

/** What an example wants the cluster to have already; its README says so. */
const EXTERNAL: Record<string, string[]> = {
  'pods': ['Secret/registry-login'],
  'existing-broker': ['Secret/broker'],
  'queues': ['Secret/flower-login'],
  'flower-gateway': ['Secret/flower-oauth'],
  'rabbitmq': ['Secret/orders'],
  'managed-redis': ['Secret/redis'],
  'sentinel': ['Secret/redis'],
  'django': ['Secret/database'],
};

test('examples/durable has the claim of Beat that the first deployment had', () => {
  const manifests = Manifests.parse(Object.values(outputOf(join(EXAMPLES, 'durable/main.ts'))));
  expect(manifests.get('PersistentVolumeClaim', 'beat-pvc')).toMatchSnapshot();
  expect(manifests.pod('celery-beat').volumes.find(({ name }) => name === 'beat-data')).toMatchSnapshot();
});

test('examples/flower-ingress has a login, and the prefix in flags, probes and route', () => {
  const manifests = Manifests.parse(Object.values(outputOf(join(EXAMPLES, 'flower-ingress/main.ts'))));
  const { metadata, spec } = manifests.all.find(({ kind }) => kind === 'Ingress')!;
  expect(metadata.annotations).toMatchObject({ 'nginx.ingress.kubernetes.io/auth-secret': 'flower-login', 'cert-manager.io/cluster-issuer': 'letsencrypt' });
  expect(spec.rules[0].http.paths[0].path).toBe('/flower');
  const { command, livenessProbe, readinessProbe } = manifests.main('celery-flower');
  expect(command).toEqual(expect.arrayContaining(['--url_prefix=flower', '--persistent=True', '--read_only=True']));
  expect([livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)).toEqual(['/flower/healthcheck', '/flower/healthcheck']);
});

test('examples/flower-gateway asks Google, and lets nobody in but the Gateway', () => {
  const manifests = Manifests.parse(Object.values(outputOf(join(EXAMPLES, 'flower-gateway/main.ts'))), EXTERNAL['flower-gateway']);
  const { spec } = manifests.all.find(({ kind }) => kind === 'HTTPRoute')!;
  expect([spec.parentRefs, spec.hostnames]).toEqual([[{ name: 'public', namespace: 'gateways', sectionName: 'https' }], ['flower.example.com']]);
  expect(manifests.env('celery-flower')).toMatchObject({
    FLOWER_AUTH: 'ada@example.com|grace@example.com', FLOWER_OAUTH2_REDIRECT_URI: 'https://flower.example.com/login',
    FLOWER_OAUTH2_SECRET: { secretKeyRef: { name: 'flower-oauth', key: 'client-secret' } },
  });
  expect(manifests.get('NetworkPolicy', 'celery-flower').spec.ingress.map(({ from }) => from[0].namespaceSelector.matchLabels))
    .toEqual([{ 'kubernetes.io/metadata.name': 'gateways' }]);
});

test.each(readdirSync(EXAMPLES))('examples/%s synthesizes to valid manifests, and has a README', (name) => {
  const manifests = Manifests.parse(Object.values(outputOf(join(EXAMPLES, name, 'main.ts'))), EXTERNAL[name]);
  expect(manifests.identities()).toContainEqual(expect.stringMatching(/^Deployment\//));
  expect(existsSync(join(EXAMPLES, name, 'README.md'))).toBe(true);
});

test('examples/managed-redis has no password in any manifest, and verifies the certificate', () => {
  const manifests = Manifests.parse(Object.values(outputOf(join(EXAMPLES, 'managed-redis/main.ts'))), EXTERNAL['managed-redis']);
  for (const name of ['celery-worker', 'celery-beat', 'celery-flower']) {
    expect(manifests.main(name).command.slice(0, 4)).toEqual(['python', '-m', 'cdk8s_celery_launch', 'celery']);
    expect(manifests.env(name).CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL).toBe('rediss://:{CDK8S_CELERY_BROKER_PASSWORD}'
      + '@master.orders.abc123.euw1.cache.amazonaws.com:6379/1?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true');
  }
});

test('examples/sentinel names three sentinels and the master', () => {
  const env = Manifests.parse(Object.values(outputOf(join(EXAMPLES, 'sentinel/main.ts'))), EXTERNAL.sentinel).env('celery-worker');
  expect(String(env.CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL).split(';')).toHaveLength(3);
  expect(JSON.parse(env.CDK8S_CELERY_CONNECTION_SETTINGS as string).broker_transport_options).toMatchObject({ master_name: 'mymaster' });
});

test('examples/scaling counts the lists of each pool, and only the pool with a database of its own goes to zero', () => {
  const manifests = Manifests.parse(Object.values(outputOf(join(EXAMPLES, 'scaling/main.ts'))));
  const scaled = (name: string): Manifest => manifests.all.find(({ kind, metadata }) => kind === 'ScaledObject' && metadata.name === name)!.spec as Manifest;
  expect(Object.fromEntries(['shop-default', 'shop-mail', 'video-encoder'].map((name) => {
    const { minReplicaCount, maxReplicaCount, advanced, triggers, cooldownPeriod } = scaled(name);
    const { scalingModifiers, horizontalPodAutoscalerConfig: { behavior: { scaleDown: { policies } } } } = advanced;
    return [name, [
      minReplicaCount, maxReplicaCount, scalingModifiers.target, cooldownPeriod, policies[0].periodSeconds,
      triggers[0].metadata.listName, triggers[0].metadata.databaseIndex, triggers.length,
    ]];
  }))).toEqual({
    'shop-default': [1, 8, '20', undefined, 180, 'celery', '0', 5],
    'shop-mail': [1, 4, '200', undefined, 180, 'mail', '0', 5],
    'video-encoder': [0, 10, '1', 1200, 1200, 'video', '1', 5],
  });
  expect(manifests.pod('video-encoder').terminationGracePeriodSeconds).toBe(1215);
  expect(manifests.env('video-encoder').CELERY_BROKER_URL).toMatch(/\/1$/);
});
