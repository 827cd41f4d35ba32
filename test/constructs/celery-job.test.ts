import { Chart, JsonPatch } from 'cdk8s';
import { AppCode, Broker, CeleryApp, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryJob, CeleryJobProps, CeleryWorker, JobHook, PythonRuntime } from '../../src';
import { everyProp } from '../every-prop';
import { celeryApp, everyOption, EXTERNAL, TASKS } from '../fixtures';
import { Manifests, refusals, synth } from '../manifests';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
type Any = any;

const MIGRATE = ['python', 'manage.py', 'migrate'];

function migrate(props: Partial<CeleryJobProps> = {}, app: Partial<CeleryAppProps> = {}): (chart: Chart) => CeleryJob {
  return (chart) => new CeleryJob(chart, 'migrate', { celery: celeryApp(chart, app), command: MIGRATE, ...props });
}

const install = (requirements: string[] = []) => PythonRuntime.install({ celery: '5.6.3', requirements });
const jobs = (manifests: Manifests): Any[] => manifests.all.filter(({ kind }) => kind === 'Job');
const only = (make: (chart: Chart) => void): Any => jobs(synth(make))[0];

describe('with the least that it needs', () => {
  const job = only(migrate());

  test('has a name of its app, its id and its content', () => {
    expect(job.metadata.name).toMatch(/^celery-migrate-[0-9a-f]{8}$/);
  });

  test('runs the command once, where the code is, and goes a day later', () => {
    const { template, ...spec } = job.spec;
    expect(spec).toEqual({ ttlSecondsAfterFinished: 86400 });
    expect(template.spec.restartPolicy).toBe('Never');
    expect(template.spec.containers[0]).toMatchObject({ name: 'job', command: MIGRATE, workingDir: '/app' });
  });

  test('has code, environment and security context of the app, and no agent', () => {
    const [container] = job.spec.template.spec.containers;
    const variables = Object.fromEntries(container.env.map(({ name, value }: Any) => [name, value]));
    expect(variables).toMatchObject({
      CELERY_BROKER_URL: 'redis://redis.test.svc.cluster.local:6379/0', CELERY_RESULT_BACKEND: 'redis://redis.test.svc.cluster.local:6379/0', PYTHONPATH: '/app', HOME: '/tmp',
    });
    expect(container.volumeMounts).toEqual([{ mountPath: '/app', name: 'celery-app', readOnly: true }, { mountPath: '/tmp', name: 'tmp' }]);
    expect(container).not.toHaveProperty('livenessProbe');
    expect(container).not.toHaveProperty('ports');
    expect(container.securityContext).toMatchObject({ runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
    expect(job.spec.template.spec.securityContext).toMatchObject({ runAsUser: 1000, fsGroup: 1000 });
  });

  test('is no hook', () => {
    expect(job.metadata.annotations).toBeUndefined();
  });
});

test('containers of the app, which run on, are not in a Job, which would never be done; its own are, and so are sidecars', () => {
  const container = (name: string) => ({ name, image: `example.com/${name}:1`, command: [name] });
  const { template } = only(migrate({ containers: [container('own')] }, { containers: [container('app')], sidecars: [container('sidecar')] })).spec;
  const names = (list: Any[]): string[] => list.map(({ name }) => name as string);
  expect([names(template.spec.containers), names(template.spec.initContainers)]).toEqual([['job', 'own'], ['sidecar']]);
});

test('with all props, each does something', () => {
  const manifests = everyProp<CeleryJobProps, 'celery' | 'command'>({
    required: ['celery', 'command'],
    external: EXTERNAL,
    props: (chart) => ({
      ...everyOption,
      celery: celeryApp(chart),
      command: MIGRATE,
      name: 'schema',
      backoffLimit: 0,
      activeDeadlineSeconds: 600,
      ttlSecondsAfterFinished: 60,
      hook: JobHook.BEFORE,
    }),
    make: (chart, props) => new CeleryJob(chart, 'migrate', props),
  });
  const [job] = jobs(manifests);
  expect(job.metadata.name).toMatch(/^schema-[0-9a-f]{8}$/);
  expect(job.spec).toMatchObject({ backoffLimit: 0, activeDeadlineSeconds: 600, ttlSecondsAfterFinished: 60 });
});

describe('its name', () => {
  const name = (make: (chart: Chart) => void): string => only(make).metadata.name as string;

  test('is the same for the same content', () => {
    expect(name(migrate())).toBe(name(migrate()));
  });

  test.each<[string, (chart: Chart) => void]>([
    ['command', migrate({ command: [...MIGRATE, '--noinput'] })],
    ['code', migrate({}, { code: AppCode.fromInline({ 'tasks.py': `${TASKS}# another` }) })],
    ['image', migrate({}, { runtime: PythonRuntime.fromImage('registry.example.com/team/app:1.4.3') })],
    ['environment of the app', migrate({}, { env: [{ name: 'REGION', value: 'eu' }] })],
    ['own environment', migrate({ env: [{ name: 'REGION', value: 'eu' }] })],
    ['number of retries', migrate({ backoffLimit: 1 })],
  ])('is another with another %s', (_what, make) => {
    expect(name(make)).not.toBe(name(migrate()));
  });

  test('is another with another requirement, where Celery is installed', () => {
    expect(name(migrate({}, { runtime: install(['requests==2.32.3']) }))).not.toBe(name(migrate({}, { runtime: install() })));
  });
});

test('installs Celery first, where its app does', () => {
  const [container] = only(migrate({}, { runtime: install() })).spec.template.spec.initContainers;
  expect([container.name, container.args[0]]).toEqual(['install', 'celery[redis]==5.6.3']);
});

describe('as a hook', () => {
  test.each([
    [JobHook.BEFORE, 'PreSync', 'pre-install,pre-upgrade'], [JobHook.AFTER, 'PostSync', 'post-install,post-upgrade'],
  ])('%s is known to Argo CD and to Helm', (hook, argo, helm) => {
    expect(only(migrate({ hook, annotations: { owner: 'orders' } })).metadata.annotations).toEqual({
      'owner': 'orders',
      'argocd.argoproj.io/hook': argo,
      'argocd.argoproj.io/hook-delete-policy': 'BeforeHookCreation',
      'helm.sh/hook': helm,
      'helm.sh/hook-delete-policy': 'before-hook-creation',
    });
  });

  test('has ConfigMaps of its own, which are there before it: those of the app come later', () => {
    const manifests = synth(migrate({ hook: JobHook.BEFORE }, { runtime: install() }));
    const volumes = only(migrate({ hook: JobHook.BEFORE }, { runtime: install() })).spec.template.spec.volumes as Any[];
    const mounted = volumes.flatMap(({ configMap }) => configMap ? [configMap.name as string] : []);
    expect(mounted).toEqual([expect.stringMatching(/^celery-migrate-app-[0-9a-f]{8}$/), expect.stringMatching(/^celery-migrate-install-[0-9a-f]{8}$/)]);
    for (const { metadata } of manifests.all.filter(({ kind }) => kind === 'ConfigMap')) {
      const first = { 'argocd.argoproj.io/hook': 'PreSync', 'argocd.argoproj.io/sync-wave': '-1', 'helm.sh/hook': 'pre-install,pre-upgrade', 'helm.sh/hook-weight': '-1' };
      if (mounted.includes(metadata.name)) expect(metadata.annotations).toMatchObject(first);
      else expect(Object.keys(metadata.annotations ?? {}).filter((key) => key in first)).toEqual([]);
    }
  });

  test.each<[string, Partial<CeleryAppProps>]>([
    ['settings that its loader reads', { settings: { task_routes: { 'tasks.add': 'celery' } } }],
    ['a password in a URL', { broker: Broker.fromRedis({ host: 'redis.example.com', password: { name: 'redis', key: 'password' } }) }],
  ])('has a ConfigMap of its own for %s', (_what, app) => {
    for (const hook of [JobHook.BEFORE, JobHook.AFTER]) {
      const manifests = synth((chart) => {
        const celery = celeryApp(chart, { code: AppCode.inImage(), runtime: PythonRuntime.fromImage('registry.example.com/team/app:1.4.2'), ...app });
        new CeleryJob(chart, 'migrate', { celery, command: MIGRATE, hook, initContainers: [celery.waitFor({ name: 'database', command: ['true'] })] });
        new CeleryBeat(chart, 'beat', { celery });
      }, ['Secret/redis']);
      const [job] = jobs(manifests);
      const mounted = (job.spec.template.spec.volumes as Any[]).flatMap(({ configMap }) => configMap ? [configMap.name as string] : []);
      expect(mounted).toEqual([expect.stringMatching(/^celery-migrate-launch-[0-9a-f]{8}$/)]);
      const { metadata: { annotations } } = manifests.all.find(({ kind, metadata: { name } }) => kind === 'ConfigMap' && name === mounted[0])!;
      expect(annotations).toMatchObject({ 'argocd.argoproj.io/hook': job.metadata.annotations['argocd.argoproj.io/hook'], 'helm.sh/hook-weight': '-1' });
    }
  });

  test('has a NetworkPolicy that is there before it', () => {
    const annotations = (hook?: JobHook): Any => synth(migrate({ hook })).all.find(({ kind, metadata }) => kind === 'NetworkPolicy' && /migrate/.test(metadata.name))?.metadata.annotations;
    expect(annotations(JobHook.BEFORE)).toMatchObject({ 'argocd.argoproj.io/hook': 'PreSync', 'argocd.argoproj.io/sync-wave': '-1', 'helm.sh/hook-weight': '-1' });
    expect(annotations()).toBeUndefined();
  });

  test('without ConfigMaps has none', () => {
    const manifests = synth(migrate({ hook: JobHook.BEFORE }, { code: AppCode.inImage() }));
    expect(manifests.all.filter(({ kind }) => kind === 'ConfigMap')).toEqual([]);
  });
});

describe('an init container', () => {
  const check = { name: 'migrated', command: [...MIGRATE, '--check'] };

  test.each([['installed', install()], ['in an image', PythonRuntime.fromImage('registry.example.com/team/app:1.4.2')]])('of a worker and of Beat, %s', (_what, runtime) => {
    const manifests = synth((chart) => {
      const celery = celeryApp(chart, { runtime, env: [{ name: 'REGION', value: 'eu' }] });
      new CeleryWorker(chart, 'worker', { celery, initContainers: [celery.initContainer(check)] });
      new CeleryBeat(chart, 'beat', { celery, initContainers: [celery.initContainer(check)] });
    });
    for (const name of ['celery-worker', 'celery-beat']) {
      const { initContainers, containers: [main] } = manifests.pod(name) as Any;
      const own = initContainers.at(-1);
      expect(own).toMatchObject({ name: 'migrated', command: check.command, workingDir: '/app', image: main.image, securityContext: main.securityContext });
      expect(Object.fromEntries(own.env.map(({ name: variable, value }: Any) => [variable, value]))).toMatchObject({ REGION: 'eu', PYTHONPATH: '/app' });
      expect(own.volumeMounts.map(({ name: volume }: Any) => volume)).toEqual(expect.arrayContaining(['celery-app', 'tmp']));
      // After what installs Celery.
      expect(initContainers.map((container: Any) => container.name)).toEqual(initContainers.length > 1 ? ['install', 'migrated'] : ['migrated']);
    }
  });

  test('in Flower, which has no code, is refused', () => {
    expect(refusals((chart) => {
      const celery = celeryApp(chart);
      new CeleryFlower(chart, 'flower', { celery, initContainers: [celery.initContainer(check)] });
    })).toEqual([expect.stringContaining('[chart/flower] initContainers \'migrated\' volumeMounts: \'celery-app\' is not a volume of this pod')]);
  });

  test.each<[string, Any, string]>([
    ['without a name', { command: ['true'] }, 'name: undefined is missing'],
    ['with a bad name', { name: 'My Check', command: ['true'] }, 'name: \'My Check\' is not a name that Kubernetes accepts'],
    ['without a command', { name: 'check' }, 'command: undefined is missing'],
    ['with an empty command', { name: 'check', command: [] }, 'command: [] is empty'],
    ['with bad resources', { name: 'check', command: ['true'], resources: { limits: { memory: 'much' } } }, 'resources.limits[\'memory\']: \'much\''],
  ])('%s is refused', (_what, options, message) => {
    expect(refusals((chart) => celeryApp(chart).initContainer(options))).toEqual([expect.stringContaining(`[chart/celery] ${message}`)]);
  });
});

describe('an init container of another app', () => {
  const other = (chart: Chart) => new CeleryApp(chart, 'crm', {
    app: 'tasks', broker: Broker.fromUrl('redis://crm-redis:6379/0'), code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('registry.example.com/team/crm:1.4.2'),
  });
  const check = { name: 'migrated', command: [...MIGRATE, '--check'] };
  const message = 'initContainers: \'migrated\' is an init container of chart/crm, another CeleryApp; make it with initContainer() of the app of the pod, chart/celery';

  test('is refused', () => {
    expect(refusals((chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), initContainers: [other(chart).initContainer(check)] })).join('\n')).toContain(message);
  });

  test('also as a copy, as other languages give it', () => {
    expect(refusals((chart) => {
      const copy: Any = JSON.parse(JSON.stringify(other(chart).initContainer(check)));
      return new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), initContainers: [copy] });
    }).join('\n')).toContain(message);
  });

  test('is no other, where both make the same', () => {
    expect(() => synth((chart) => {
      const celery = celeryApp(chart);
      const [one] = [celery.initContainer(check), celeryApp(new Chart(chart, 'second', { namespace: 'second' })).initContainer(check)];
      return new CeleryWorker(chart, 'worker', { celery, initContainers: [one] });
    })).not.toThrow();
  });
});

describe('a JSON patch', () => {
  const patched = (...patches: JsonPatch[]) => (chart: Chart) => migrate()(chart).job.addJsonPatch(...patches);

  test('of the spec is refused: the name would be that of another content', () => {
    expect(refusals(patched(JsonPatch.add('/spec/parallelism', 2)))).toEqual([expect.stringMatching(
      /^\[chart\] Job test\/celery-migrate-[0-9a-f]{8}, spec: a JSON patch has changed it, and the name is a hash of what it was: .* Give the change as a prop of CeleryJob; or also patch \/metadata\/name$/)]);
  });

  test.each<[string, JsonPatch[]]>([
    ['of the spec and of the name', [JsonPatch.add('/spec/parallelism', 2), JsonPatch.replace('/metadata/name', 'migrate-in-two')]],
    ['of an annotation', [JsonPatch.add('/metadata/annotations', { 'example.com/owner': 'shop' })]],
    ['that changes nothing', [JsonPatch.replace('/spec/ttlSecondsAfterFinished', 86_400)]],
  ])('%s is not', (_what, patches) => {
    expect(() => synth(patched(...patches))).not.toThrow();
  });
});

describe('refuses', () => {
  test.each<[string, Any, string]>([
    ['no command', { command: undefined }, 'command: undefined is missing; give e.g. [\'python\', \'manage.py\', \'migrate\']'],
    ['an empty command', { command: [] }, 'command: [] is empty; give a program and its arguments'],
    ['a command in one string', { command: 'python manage.py migrate' }, 'command: \'python manage.py migrate\' is not a list of strings'],
    ['a command in one item', { command: ['python manage.py migrate'] }, 'command: \'python manage.py migrate\' is not one program; give each argument as an item'],
    ['a character that no argument has', { command: ['python', 'a\0b'] }, 'command: \'python\' has a NUL character'],
    ['an argument that is too long', { command: ['python', 'x'.repeat(131_072)] }, 'command: \'python\' has an argument of more than 131071 bytes'],
    ['more retries than the API has room for', { backoffLimit: 2 ** 31 }, 'backoffLimit: 2147483648 is more than 2147483647; give a whole number from 0 to 2147483647'],
    ['a time to live that the API has no room for', { ttlSecondsAfterFinished: 2 ** 31 }, 'ttlSecondsAfterFinished: 2147483648 is more than 2147483647'],
    ['a negative number of retries', { backoffLimit: -1 }, 'backoffLimit: -1 is not a whole number of at least 0'],
    ['a deadline of nothing', { activeDeadlineSeconds: 0 }, 'activeDeadlineSeconds: 0 is not a whole number of at least 1'],
    ['half a second', { ttlSecondsAfterFinished: 0.5 }, 'ttlSecondsAfterFinished: 0.5 is not a whole number of at least 0'],
    ['a hook of nobody', { hook: 'PreSync' }, 'hook: \'PreSync\' is not a hook; give \'before\' or \'after\''],
    ['a name that the hash makes too long', { name: 'j'.repeat(55) }, `name: '${'j'.repeat(55)}-01234567' has 64 characters`],
    ['a misspelt prop', { backofLimit: 1 }, 'backofLimit: is not one of the options here; did you mean backoffLimit?'],
  ])('%s', (_what, props, message) => {
    expect(refusals(migrate(props as Partial<CeleryJobProps>))).toEqual([expect.stringContaining(`[chart/migrate] ${message}`)]);
  });
});
