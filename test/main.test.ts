import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Manifests, withoutHash } from './manifests';
import { filesIn, outputOf } from './programs';

const ROOT = join(__dirname, '..');
const output = outputOf(join(ROOT, 'main.ts'));
const all = Manifests.parse(Object.values(output));

test('dist/ is what main.ts renders now (if not: bin/synth)', () => {
  expect(filesIn(join(ROOT, 'dist'))).toEqual(output);
});

test('a second synth gives the same bytes', () => {
  expect(outputOf(join(ROOT, 'main.ts'))).toEqual(output);
});

test('the program in README.md is main.ts', () => {
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(`\`\`\`ts\n${readFileSync(join(ROOT, 'main.ts'), 'utf8')}\`\`\``);
});

/** The tables of these tests are the contract: whoever changes a value changes it for every deployment that is upgraded. */
describe('names, labels and selectors', () => {
  const labels = (name: string, instance: string, component: string) => ({
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/instance': instance,
    'app.kubernetes.io/component': component,
    'app.kubernetes.io/part-of': name,
    'app.kubernetes.io/managed-by': 'cdk8s',
    'component': component,
  });
  const selector = (name: string, instance: string, component: string) => ({
    'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': instance, 'component': component,
  });
  const DEPLOYMENTS = [
    ['celery', 'celery-worker', 'worker'],
    ['celery', 'celery-beat', 'beat'],
    ['celery', 'celery-flower', 'flower'],
    ['redis', 'redis', 'redis'],
  ] as const;

  test('the objects', () => {
    expect(all.all.map((object) => [object.kind, object.metadata.namespace, withoutHash(object)])).toEqual([
      ['Namespace', undefined, 'celery'],
      ['Namespace', undefined, 'redis'],
      ['ConfigMap', 'celery', 'celery-app'],
      ['ConfigMap', 'celery', 'celery-install'],
      ['ConfigMap', 'celery', 'celery-agent'],
      ['NetworkPolicy', 'celery', 'celery-worker'],
      ['Deployment', 'celery', 'celery-worker'],
      ['PodDisruptionBudget', 'celery', 'celery-worker'],
      ['NetworkPolicy', 'celery', 'celery-beat'],
      ['Deployment', 'celery', 'celery-beat'],
      ['NetworkPolicy', 'celery', 'celery-flower'],
      ['Deployment', 'celery', 'celery-flower'],
      ['Service', 'celery', 'celery-flower'],
      ['Ingress', 'celery', 'celery-flower'],
      ['NetworkPolicy', 'redis', 'redis'],
      ['Deployment', 'redis', 'redis'],
      ['Service', 'redis', 'redis'],
    ]);
  });

  test.each(DEPLOYMENTS)('of the Deployment %s/%s', (name, instance, component) => {
    const { metadata, spec } = all.get('Deployment', instance);
    expect(metadata.labels).toEqual(labels(name, instance, component));
    expect(spec.template.metadata.labels).toMatchObject(labels(name, instance, component));
    // A selector can't be changed in place, and a second one would not find the pods of the first.
    expect(spec.selector).toEqual({ matchLabels: selector(name, instance, component) });
    expect(spec.template.spec.containers.map((container) => container.name)).toEqual([component]);
  });

  test('of the Services and the policy', () => {
    expect(all.get('Service', 'celery-flower').spec.selector).toEqual(selector('celery', 'celery-flower', 'flower'));
    expect(all.get('Service', 'redis').spec.selector).toEqual(selector('redis', 'redis', 'redis'));
    expect(all.get('NetworkPolicy', 'redis').spec.podSelector).toEqual({ matchLabels: selector('redis', 'redis', 'redis') });
  });

  test('of the ConfigMaps', () => {
    for (const name of ['celery-app', 'celery-install', 'celery-agent']) {
      const { metadata, immutable } = all.get('ConfigMap', name);
      const [, hash] = new RegExp(`^${name}-([0-9a-f]{8})$`).exec(metadata.name)!;
      expect(immutable).toBe(true);
      expect(metadata.labels).toEqual({
        'app.kubernetes.io/component': 'app', 'app.kubernetes.io/part-of': 'celery', 'app.kubernetes.io/managed-by': 'cdk8s',
        'cdk8s-celery/content-hash': hash,
      });
    }
  });

  test.each(['worker', 'beat', 'flower'])('component=%s finds the pods of one Deployment, with kubectl logs -l', (component) => {
    const found = all.all.filter(({ spec }) => spec?.template?.metadata.labels.component === component);
    expect(found.map(({ metadata }) => metadata.name)).toEqual([`celery-${component}`]);
  });
});

describe('the broker', () => {
  test('is redis://redis.redis.svc.cluster.local:6379/0, for tasks and results', () => {
    const url = 'redis://redis.redis.svc.cluster.local:6379/0';
    for (const name of ['celery-worker', 'celery-beat', 'celery-flower']) {
      expect(all.env(name)).toMatchObject({ CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: url });
    }
    const { metadata, spec } = all.get('Service', 'redis');
    expect([metadata.name, metadata.namespace, spec.ports[0].port]).toEqual(['redis', 'redis', 6379]);
  });

  // A bare pod: kubectl run celery-test --image=python:3.11-slim, without a security context and with labels of its own.
  test('admits every pod of the namespace celery, and the namespace admits a bare pod', () => {
    expect(all.get('NetworkPolicy', 'redis').spec.ingress).toEqual([{
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'celery' } }, podSelector: {} }],
      ports: [{ port: 6379, protocol: 'TCP' }],
    }]);
  });

  test.each([['celery', 'baseline'], ['redis', 'restricted']])('the namespace %s enforces %s', (name, enforce) => {
    expect(all.get('Namespace', name).metadata.labels).toEqual({
      'pod-security.kubernetes.io/enforce': enforce, 'pod-security.kubernetes.io/warn': 'restricted', 'pod-security.kubernetes.io/audit': 'restricted',
    });
  });
});

describe('Flower', () => {
  test('is at https://flower.stratdata.org, behind a login that ingress-nginx asks for', () => {
    const { metadata, spec } = all.all.find(({ kind }) => kind === 'Ingress')!;
    expect(metadata.annotations).toEqual({
      'nginx.ingress.kubernetes.io/auth-type': 'basic',
      'nginx.ingress.kubernetes.io/auth-secret': 'flower-login',
      'nginx.ingress.kubernetes.io/auth-realm': 'Flower',
    });
    expect(spec).toEqual({
      ingressClassName: 'nginx',
      tls: [{ hosts: ['flower.stratdata.org'], secretName: 'flower-tls' }],
      rules: [{
        host: 'flower.stratdata.org',
        http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'celery-flower', port: { number: 5555 } } } }] },
      }],
    });
  });

  test('needs two Secrets, which README.md makes, and dist/ does not have', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    expect(readme).toMatch(/^htpasswd .* \| kubectl create secret generic flower-login -n celery --from-file=auth=/m);
    expect(readme).toMatch(/^kubectl create secret tls flower-tls -n celery /m);
    expect(all.all.filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  // A cluster without their definitions refuses them.
  test('comes without custom resources', () => {
    expect(all.all.map(({ apiVersion }) => apiVersion.split('/').at(-2) ?? '').filter((group) => group.includes('.') && !group.endsWith('.k8s.io'))).toEqual([]);
    expect(all.identities().filter((name) => name.startsWith('HTTPRoute'))).toEqual([]);
  });
});

describe('the network', () => {
  const tcp = (port: number) => [{ port, protocol: 'TCP' }];
  const of = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
  const policy = (name: string) => all.get('NetworkPolicy', name).spec;

  test.each([
    ['celery-worker', undefined], ['celery-beat', undefined],
    ['celery-flower', [{ from: [{ ...of('ingress-nginx'), podSelector: {} }, { ...of('traefik'), podSelector: {} }], ports: tcp(5555) }]],
  ])('of %s is closed: to DNS, Redis and PyPI', (name, ingress) => {
    expect(policy(name)).toEqual({
      podSelector: { matchLabels: selectorOf(name) },
      policyTypes: ['Ingress', 'Egress'],
      ...(ingress ? { ingress } : {}),
      egress: [
        { ports: [{ port: 53, protocol: 'UDP' }, { port: 53, protocol: 'TCP' }] },
        { to: [{ ...of('redis'), podSelector: { matchLabels: selectorOf('redis') } }], ports: tcp(6379) },
        { to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'] } }], ports: tcp(443) },
      ],
    });
  });

  test('of Redis is closed: it connects to nothing', () => {
    expect(policy('redis').policyTypes).toEqual(['Ingress', 'Egress']);
    expect(policy('redis').egress).toBeUndefined();
  });

  function selectorOf(name: string): Record<string, string> {
    return all.get('Deployment', name).spec.selector.matchLabels;
  }
});

test('every emptyDir has a size limit', () => {
  const volumes = all.all.flatMap(({ spec }) => spec?.template?.spec.volumes ?? []) as { name: string; emptyDir?: { sizeLimit?: string } }[];
  expect(volumes.filter(({ emptyDir }) => emptyDir && emptyDir.sizeLimit === undefined)).toEqual([]);
});

describe('dependencies', () => {
  const installers = ['celery-worker', 'celery-beat', 'celery-flower'].map((name) => all.pod(name).initContainers[0]);

  test('celery[redis]==5.3.4 is installed, and never a redis next to it', () => {
    for (const { args, image } of installers) {
      expect(args[0]).toBe('celery[redis]==5.3.4');
      expect(args.filter((arg) => /^redis/.test(arg))).toEqual([]);
      expect(image).toBe('python:3.11-slim');
    }
  });

  test('the installation is under a lock in which kombu goes with redis-py', () => {
    const pins = all.get('ConfigMap', 'celery-install').data['constraints.txt'].split('\n');
    expect(pins).toEqual(expect.arrayContaining(['celery==5.3.4', 'kombu==5.6.2', 'redis==4.6.0']));
    expect(pins.filter((line) => !/^(#.*|[a-z0-9-]+==[\w.]+|)$/.test(line))).toEqual([]);
  });

  test('are installed like this', () => {
    expect(installers.map(({ name, image, command, args }) => ({ name, image, command, args }))).toMatchSnapshot();
  });
});

describe('code', () => {
  test('is app/tasks.py, in the ConfigMap celery-app-<hash>, at /app with mode 0755', () => {
    const { data, metadata: { name: configMap } } = all.get('ConfigMap', 'celery-app');
    expect(data).toEqual({ 'tasks.py': readFileSync(join(ROOT, 'app/tasks.py'), 'utf8') });
    for (const name of ['celery-worker', 'celery-beat']) {
      expect(all.pod(name).volumes).toContainEqual({ name: 'celery-app', configMap: { name: configMap, defaultMode: 0o755 } });
      expect(all.main(name).volumeMounts).toContainEqual({ name: 'celery-app', mountPath: '/app', readOnly: true });
    }
  });
});

describe('commands', () => {
  test('two workers of two processes', () => {
    expect(all.get('Deployment', 'celery-worker').spec.replicas).toBe(2);
    expect(all.main('celery-worker').command.slice(0, 6)).toEqual(['celery', '-A', 'tasks', 'worker', '--loglevel=info', '--concurrency=2']);
  });

  test('one Beat, with its schedule where it can write', () => {
    expect(all.get('Deployment', 'celery-beat').spec.replicas).toBe(1);
    expect(all.main('celery-beat').command.slice(0, 7)).toEqual(['celery', '-A', 'tasks', 'beat', '--loglevel=info', '-s', '/app/data/celerybeat-schedule']);
  });

  test('are these: an argv each, no shell', () => {
    expect(Object.fromEntries(['celery-worker', 'celery-beat', 'celery-flower', 'redis'].map((name) => [name, all.main(name).command.join(' ')])))
      .toMatchSnapshot();
  });
});

describe('volumes', () => {
  // OSError: [Errno 30] Read-only file system: 'celerybeat-schedule'
  test('Beat has beat-data, an emptyDir, at /app/data', () => {
    expect(all.pod('celery-beat').volumes).toContainEqual({ name: 'beat-data', emptyDir: { sizeLimit: '64Mi' } });
    expect(all.main('celery-beat').volumeMounts).toContainEqual({ name: 'beat-data', mountPath: '/app/data' });
  });

  test('of Beat are these', () => {
    const volumes = JSON.parse(JSON.stringify(all.pod('celery-beat').volumes).replace(/-[0-9a-f]{8}"/g, '-<hash>"'));
    expect({ volumes, mounts: all.main('celery-beat').volumeMounts }).toMatchSnapshot();
  });
});

describe('probes', () => {
  // Earlier, a probe restarted Flower while pip was still at work.
  test('Flower has a liveness probe: GET / on 5555, after 60 s, every 10 s, within 5 s; and no other', () => {
    const { livenessProbe, readinessProbe, startupProbe } = all.main('celery-flower');
    expect(livenessProbe).toMatchObject({ httpGet: { path: '/', port: 5555 }, initialDelaySeconds: 60, periodSeconds: 10, timeoutSeconds: 5 });
    expect([readinessProbe, startupProbe]).toEqual([undefined, undefined]);
  });

  test('are these', () => {
    expect(Object.fromEntries(['celery-worker', 'celery-beat', 'celery-flower', 'redis'].map((name) => {
      const { livenessProbe, readinessProbe, startupProbe } = all.main(name);
      return [name, { livenessProbe, readinessProbe, startupProbe }];
    }))).toMatchSnapshot();
  });
});
