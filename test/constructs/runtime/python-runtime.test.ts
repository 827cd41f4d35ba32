import { Chart } from 'cdk8s';
import { Broker, BrokerBinding, CeleryWorker, IBroker, PythonInstallOptions, PythonRuntime, ResultBackend, rules } from '../../../src';
import { everyProp } from '../../every-prop';
import { celeryApp } from '../../fixtures';
import { lockedVersions, NEWEST, readIndex } from '../../locks/lock';
import { Manifests, refusals, render, synth } from '../../manifests';

const { lint } = rules;

const NAME = 'celery-worker';

function worker(runtime: PythonRuntime): (chart: Chart) => void {
  return (chart) => new CeleryWorker(chart, 'worker', { celery: celeryApp(chart, { runtime }) });
}

const install = (options: Partial<PythonInstallOptions> = {}) => worker(PythonRuntime.install({ celery: '5.3.4', ...options }));
const installer = (manifests: Manifests) => manifests.pod(NAME).initContainers[0];
const refused = (options: Partial<PythonInstallOptions>) => refusals(install(options)).map((line) => line.replace('[chart/celery] ', ''));

describe('install, with the least that it needs', () => {
  const manifests = synth(install());

  test('an init container installs, so that no probe sees it', () => {
    expect(manifests.pod(NAME).initContainers.map(({ name }) => name)).toEqual(['install']);
    expect(installer(manifests)).toMatchObject({
      image: 'python:3.11-slim', command: ['sh', '/etc/celery-install/install.sh'], args: ['celery[redis]==5.3.4'],
    });
  });

  // pip install 'celery[redis]==5.3.4' alone gives a kombu that does not start: No module named 'packaging'.
  test('it installs under the lock of the whole tree', () => {
    const { data } = manifests.get('ConfigMap', 'celery-install');
    expect(data['constraints.txt'].split('\n')).toEqual(expect.arrayContaining(['celery==5.3.4', expect.stringMatching(/^kombu==5\.6\./), 'redis==4.6.0']));
    expect(data['install.sh']).toMatch(/--require-hashes --no-deps --only-binary :all: \$lists/);
    expect(data['install.sh']).toMatch(/--constraint constraints.txt "\$@"/);
    expect(data['install.sh']).toMatch(/--retries 5 --timeout 30/);
    expect(installer(manifests).volumeMounts).toContainEqual({ name: 'install', mountPath: '/etc/celery-install', readOnly: true });
  });

  test('it installs Celery by hashes, and only what this pod needs', () => {
    const { data } = manifests.get('ConfigMap', 'celery-install');
    expect(data['base.txt']).toMatch(/^celery==5\.3\.4 \\\n {4}--hash=sha256:[0-9a-f]{64}$/m);
    expect(Object.keys(data)).toEqual(['base.txt', 'constraints.txt', 'flower.txt', 'gevent.txt', 'install.sh', 'redis.txt']);
    expect(installer(manifests).env).toContainEqual({ name: 'LOCKED', value: 'base+redis' });
  });

  test('it never pins redis next to Celery, which knows best', () => {
    expect(installer(manifests).args.filter((arg) => arg.startsWith('redis'))).toEqual([]);
  });

  test('the virtual environment is at one path, and read-only for Celery', () => {
    const mount = { name: 'virtual-env', mountPath: '/opt/celery' };
    expect(installer(manifests).volumeMounts).toContainEqual(mount);
    expect(manifests.main(NAME).volumeMounts).toContainEqual({ ...mount, readOnly: true });
    expect(manifests.env(NAME)).toMatchObject({ VIRTUAL_ENV: '/opt/celery', PATH: '/opt/celery/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' });
  });

  test('it runs like the main container: non-root, on a root file system that is read-only', () => {
    expect(installer(manifests).securityContext).toEqual(manifests.main(NAME).securityContext);
    expect(installer(manifests).volumeMounts).toContainEqual({ name: 'tmp', mountPath: '/tmp' });
    expect(installer(manifests).env).toContainEqual({ name: 'HOME', value: '/tmp' });
  });

  test('says in its log that the index is down, which pip does not', () => {
    expect(manifests.get('ConfigMap', 'celery-install').data['install.sh']).toContain('can\'t be reached from this pod');
  });

  test('the pods are replaced when the lock or the script changes', () => {
    const volume = (celery: string) => synth(install({ celery })).pod(NAME).volumes.find(({ name }) => name === 'install')!.configMap.name;
    expect(volume('5.3.4')).toMatch(/^celery-install-[0-9a-f]{8}$/);
    expect(volume('5.3.4')).not.toBe(volume('5.4.0'));
  });
});

test('install, with all options: each does something', () => {
  const manifests = everyProp<PythonInstallOptions, 'celery'>({
    required: ['celery'],
    external: ['Secret/pip'],
    props: () => ({
      celery: '5.6.3',
      python: '3.12',
      image: 'registry.example.com/base:1',
      requirements: ['requests==2.32.3'],
      indexUrl: 'https://index.example.com/simple',
      pipConf: { name: 'pip', key: 'pip.conf' },
      installResources: { limits: { memory: '700Mi' } },
    }),
    make: (chart, options) => worker(PythonRuntime.install(options))(chart),
  });
  expect(installer(manifests)).toMatchObject({
    image: 'registry.example.com/base:1', args: ['celery[redis]==5.6.3', 'requests==2.32.3'], resources: { limits: { memory: '700Mi' } },
  });
  expect(installer(manifests).env).toEqual(expect.arrayContaining([
    { name: 'PIP_INDEX_URL', value: 'https://index.example.com/simple' }, { name: 'PIP_CONFIG_FILE', value: '/etc/celery-pip/pip.conf' },
  ]));
  expect(manifests.pod(NAME).volumes).toContainEqual({ name: 'pip-conf', secret: { secretName: 'pip', items: [{ key: 'pip.conf', path: 'pip.conf' }] } });
  expect(manifests.get('ConfigMap', 'celery-install').data['constraints.txt']).toContain('Python 3.12');
  // Credentials are for pip alone.
  expect(manifests.main(NAME).volumeMounts.map(({ name }) => name)).not.toContain('pip-conf');
});

test.each(lockedVersions())('Celery %s on Python %s is installed under its own lock', (celery, python) => {
  const manifests = synth(install({ celery, python }));
  expect(installer(manifests)).toMatchObject({ image: `python:${python}-slim`, args: [`celery[redis]==${celery}`] });
  expect(manifests.get('ConfigMap', 'celery-install').data['constraints.txt']).toContain(`\ncelery==${celery}\n`);
});

test('the Python is that of the image', () => {
  const manifests = synth(install({ image: 'registry.example.com/library/python:3.12.1-bookworm' }));
  expect(manifests.get('ConfigMap', 'celery-install').data['constraints.txt']).toContain('Python 3.12');
});

test('image: no init container and no lock', () => {
  const manifests = synth(worker(PythonRuntime.fromImage('registry.example.com/team/app:1.4.2')));
  expect(manifests.pod(NAME).initContainers).toBeUndefined();
  expect(manifests.find('ConfigMap', 'celery-install')).toBeUndefined();
  expect(manifests.main(NAME).image).toBe('registry.example.com/team/app:1.4.2');
  expect(manifests.env(NAME)).not.toHaveProperty('PATH');
});

test.each([
  ['registry.example.com/app:1.4.2', 'IfNotPresent'],
  [`registry.example.com/app@sha256:${'0'.repeat(64)}`, 'IfNotPresent'],
  [`python:3.11-slim@sha256:${'0'.repeat(64)}`, 'IfNotPresent'],
  ['python:3.11-slim', 'Always'],
  ['registry.example.com/app:latest', 'Always'],
  ['registry.example.com:5000/app', 'Always'],
])('%s is pulled %s: only what cannot change may be what the node has', (image, policy) => {
  expect(synth(worker(PythonRuntime.fromImage(image))).main(NAME).imagePullPolicy).toBe(policy);
});

test('an image to install into may be given by digest, and the tag still says which Python it has', () => {
  const image = `python:3.12-slim@sha256:${'a1'.repeat(32)}`;
  const manifests = synth(install({ image }));
  expect([installer(manifests), manifests.main(NAME)]).toMatchObject([{ image, imagePullPolicy: 'IfNotPresent' }, { image, imagePullPolicy: 'IfNotPresent' }]);
  expect(manifests.get('ConfigMap', 'celery-install').data['constraints.txt']).toContain('Python 3.12');
  expect(refused({ image: 'python:3.11-slim@sha256:abc' })).toEqual([
    'image: \'python:3.11-slim@sha256:abc\' has a digest that is not sha256: and 64 hexadecimal digits; '
    + 'copy it from the registry, e.g. with docker buildx imagetools inspect',
  ]);
});

describe('refuses', () => {
  const { celery: locks } = readIndex();
  const LOCKED = `use one of ${Object.keys(locks).join(', ')}, or bring your own image: PythonRuntime.fromImage(...)`;

  test.each<[Partial<PythonInstallOptions>, string]>([
    [{ celery: '5.9.9' }, `celery: '5.9.9' is not a version of Celery; ${LOCKED}`],
    [{ celery: '' }, `celery: '' is not a version of Celery; ${LOCKED}`],
    [{ celery: 'constructor' }, `celery: 'constructor' is not a version of Celery; ${LOCKED}`],
    [{ celery: '5.3.6' }, `celery: '5.3.6' has no lock here, and an install without a lock breaks when the index changes; ${LOCKED}`],
    [{ celery: '5.3.2' },
      `celery: '5.3.2' was yanked from the package index: withdrawn for breaking API changes (celery/celery#8338, celery/celery#8383); ${LOCKED}`],
    [{ celery: NEWEST, python: '3.7' },
      `python: '3.7' is not supported by Celery ${NEWEST}, which needs Python ${locks[NEWEST].requiresPython}; use one of 3.11, 3.12`],
    [{ python: '3.7' }, 'python: \'3.7\' is not supported by Celery 5.3.4, which needs Python >=3.8; use one of 3.11, 3.12'],
    [{ python: '3.10' }, 'python: \'3.10\' has no lock for Celery 5.3.4; use one of 3.11, 3.12, or bring your own image: PythonRuntime.fromImage(...)'],
    [{ python: 'three' }, 'python: \'three\' is not a Python version; give one of 3.11, 3.12'],
    [{ python: '3.11', image: 'python:3.12-slim' }, 'image: \'python:3.12-slim\' has Python 3.12, and python is \'3.11\'; leave python out, or name another image'],
    [{ image: 'my image' }, 'image: \'my image\' is not an image reference; give e.g. registry.example.com/team/app:1.4.2'],
    // The range, and the reason that once took the deployment down.
    [{ requirements: ['redis==5.0.1'] },
      'requirements: \'redis==5.0.1\' conflicts with the lock of Celery 5.3.4, which has redis 4.6.0 (celery[redis]==5.3.4 accepts redis '
      + '>=4.5.2,!=4.5.5,<5.0.0, and pip refuses anything else (ResolutionImpossible)); remove it, or give redis==4.6.0'],
    [{ requirements: ['kombu<5.4'] },
      'requirements: \'kombu<5.4\' conflicts with the lock of Celery 5.3.4, which has kombu 5.6.2 (celery 5.3.4 accepts kombu >=5.3.2,<6.0, and '
      + 'before 5.4.0 a worker stays alive and takes no more tasks after one restart of Redis (kombu#2007)); remove it, or give kombu==5.6.2'],
    [{ requirements: ['celery==5.4.0'] },
      'requirements: \'celery==5.4.0\' conflicts with the lock of Celery 5.3.4, which has celery 5.3.4 (celery is \'5.3.4\' here); remove it, or give celery==5.3.4'],
    [{ requirements: ['Click_Plugins == 0.1'] },
      'requirements: \'Click_Plugins == 0.1\' conflicts with the lock of Celery 5.3.4, which has click-plugins 1.1.1.2 '
      + '(the versions of a lock are tested together); remove it, or give click-plugins==1.1.1.2'],
    [{ celery: '5.3.6', requirements: ['kombu==5.3.2'] }, 'requirements: \'kombu==5.3.2\' is installed with celery 5.3.6, and before 5.4.0 a worker stays alive '
      + 'and takes no more tasks after one restart of Redis (kombu#2007); use kombu >=5.4.0'],
    [{ requirements: ['--index-url=x'] }, 'requirements: \'--index-url=x\' is not a requirement that pip takes on its command line; '
      + 'give e.g. \'requests==2.32.3\'; an index or a proxy belongs in indexUrl or pipConf'],
    [{ requirements: ['requests=2'] }, 'requirements: \'requests=2\' is not a requirement that pip takes on its command line; '
      + 'give e.g. \'requests==2.32.3\'; an index or a proxy belongs in indexUrl or pipConf'],
    [{ indexUrl: 'index.example.com' },
      'indexUrl: \'index.example.com\' is not the URL of a package index; give an http or https URL; credentials belong into a Secret: pipConf'],
    [{ indexUrl: 'file:///srv/index' },
      'indexUrl: \'file:///srv/index\' is not the URL of a package index; give an http or https URL; credentials belong into a Secret: pipConf'],
    [{ requirements: ['kombu @ https://example.com/kombu-4.whl'] }, 'requirements: \'kombu @ https://example.com/kombu-4.whl\' conflicts with the lock of Celery '
      + '5.3.4, which has kombu 5.6.2 (celery 5.3.4 accepts kombu >=5.3.2,<6.0, and before 5.4.0 a worker stays alive and takes no more tasks after one restart '
      + 'of Redis (kombu#2007)); remove it, or give kombu==5.6.2'],
    [{ installResources: { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } } },
      'installResources.requests[\'memory\']: \'2Gi\' is more than the limit 1Gi; lower the request or raise the limit'],
  ])('%p', (options, message) => {
    expect(refused(options)).toContain(message);
  });

  test.each(['https://h/sim ple', 'https://h/simple\nx', 'https://h/\u00e9', ' https://h/simple', 'https://h/\u007f'])('the URL %p, which has what is no character of a URL', (indexUrl) => {
    expect(refused({ indexUrl })).toEqual([expect.stringMatching(/^indexUrl: .* is not the URL of a package index; give an http or https URL;/s)]);
  });

  test.each(['https://hunter2@index.example.com/simple', 'https://:hunter2@index.example.com/simple'])('a token in the URL %s, and does not repeat it', (indexUrl) => {
    const messages = refused({ indexUrl });
    expect(messages).toEqual(['indexUrl: \'the URL of index.example.com\' has credentials in it, and everybody who can read a manifest could read them; '
      + 'give an http or https URL; credentials belong into a Secret: pipConf']);
    expect(messages.join()).not.toContain('hunter2');
  });

  test('a password in the URL, and does not repeat it', () => {
    const messages = refused({ indexUrl: 'https://user:hunter2@index.example.com/simple' });
    expect(messages).toEqual([
      'indexUrl: \'the URL of index.example.com\' has credentials in it, and everybody who can read a manifest could read them; '
      + 'give an http or https URL; credentials belong into a Secret: pipConf',
    ]);
  });

  test.each([
    'shop @ https://user:hunter2@example.com/shop.whl', 'shop @ https://hunter2@example.com/shop.whl', 'shop @ git+https://u:p@ss/hunter2@example.com/shop',
  ])('a password in the requirement %p, and does not repeat it', (requirement) => {
    expect(refused({ requirements: [requirement] })).toEqual([
      `requirements: '${requirement.slice(0, requirement.indexOf('//'))}//...' has credentials in its URL, and everybody who can read a manifest `
      + 'could read them; put the package on an index, and the credentials into a Secret: pipConf',
    ]);
  });

  test('what is no requirement, without a password that is in it', () => {
    expect(refused({ requirements: ['https://user:hunter2@example.com/shop.whl'] })).toEqual([
      expect.stringMatching(/^requirements: 'https:\/\/\.\.\.' is not a requirement/),
    ]);
  });

  test('all that is wrong at once', () => {
    expect(refused({ celery: '5.6.3', python: '3.8', requirements: ['redis==5.0.1', 'kombu<5.4'], indexUrl: 'x' }).map((line) => line.split(' ', 2).join(' ')))
      .toEqual(['python: \'3.8\'', 'requirements: \'kombu<5.4\'', 'indexUrl: \'x\'', 'requirements: \'redis==5.0.1\'']);
  });
});

test.each([
  'requests==2.32.3', 'requests', 'requests[security]>=2,<3', 'redis==4.6.0', 'redis>=4.5,<5', 'shop @ https://example.com/shop-1.0-py3-none-any.whl',
  'tomli==2.0.1; python_version < "3.12"', 'Kombu ~= 5.6', 'shop @ git+https://example.com/shop@v1.0',
])('takes the requirement %p', (requirement) => {
  expect(installer(synth(install({ requirements: [requirement] }))).args).toEqual(['celery[redis]==5.3.4', requirement]);
});

describe('requirements that the lock has', () => {
  const django = { celery: '5.6.3', requirements: ['django==5.2.8', 'django-celery-beat', 'celery[sqs]', 'requests==2.32.3'] };

  test('are installed from it, in all pods, with hashes', () => {
    const manifests = synth(install(django));
    const { data } = manifests.get('ConfigMap', 'celery-install');
    expect(Object.keys(data).sort()).toEqual(['base.txt', 'constraints.txt', 'django-celery-beat.txt', 'flower.txt', 'gevent.txt', 'install.sh', 'redis.txt', 'sqs.txt']);
    expect(data['sqs.txt']).toMatch(/^boto3==\S+ \\\n {4}--hash=sha256:[0-9a-f]{64}$/m);
    expect(installer(manifests).env).toContainEqual({ name: 'LOCKED', value: 'base+redis+sqs django-celery-beat' });
    expect(installer(manifests).args).toEqual([
      'celery[redis,sqs]==5.6.3', expect.stringMatching(/^django-celery-beat==\d/), 'django==5.2.8', 'requests==2.32.3',
    ]);
  });

  test('leave the version of Django to the app', () => {
    const { data } = synth(install(django)).get('ConfigMap', 'celery-install');
    expect(`${data['django-celery-beat.txt']}${data['constraints.txt']}`).not.toMatch(/^django==/m);
    expect(synth(install({ requirements: ['django-celery-beat'] })).get('ConfigMap', 'celery-install').data['django-celery-beat.txt']).toMatch(/^django==/m);
  });

  test('bind no other version of what nobody asked for', () => {
    expect(installer(synth(install({ requirements: ['boto3==1.26.0', 'django==4.2', 'sqlalchemy==1.4.54'] }))).args).toHaveLength(4);
    expect(refused({ requirements: ['celery[sqs]', 'boto3==1.26.0'] })).toEqual([expect.stringMatching(/^requirements: 'boto3==1\.26\.0' conflicts with the lock of Celery 5\.3\.4, which has boto3 /)]);
  });

  test('a result backend in a database brings SQLAlchemy', () => {
    const runtime = (requirements: string[]) => PythonRuntime.install({ celery: '5.6.3', requirements });
    const made = (requirements: string[] = []) => (chart: Chart) => new CeleryWorker(chart, 'worker', {
      celery: celeryApp(chart, { runtime: runtime(requirements), resultBackend: ResultBackend.fromUrl('db+postgresql+psycopg://results/celery') }),
    });
    expect(installer(synth(made())).args).toEqual(['celery[redis,sqlalchemy]==5.6.3']);
    expect(installer(synth(made(['celery[sqlalchemy]']))).args).toEqual(['celery[redis,sqlalchemy]==5.6.3']);
    expect(refusals(made(['sqlalchemy==1.4.54']))).toEqual([expect.stringContaining('requirements: \'sqlalchemy==1.4.54\' conflicts with the lock of Celery 5.6.3')]);
  });

  test.each([['django==2.1', false], ['django==2.2', true], ['django==6.0.1', true], ['django==6.1', false], ['django>=4', true]])('%s: accepted by django-celery-beat: %p', (requirement, accepted) => {
    expect(installer(synth(install({ requirements: [requirement] }))).args).toContain(requirement);
    const both = { requirements: [requirement, 'django-celery-beat'] };
    expect(accepted ? installer(synth(install(both))).args.at(-1) : refused(both)[0]).toBe(accepted ? requirement
      : `requirements: '${requirement}' is not a Django of django-celery-beat, which accepts >=2.2,<6.1; give a version in that range`);
  });
});

describe('an app that uses', () => {
  const none = ResultBackend.none();
  const rabbitMq = Broker.fromUrl('amqp://rabbitmq.example.com//');
  const url = { name: 'celery', key: 'url' };
  const made = (broker: IBroker, resultBackend?: ResultBackend, requirements: string[] = []) => (chart: Chart) => new CeleryWorker(chart, 'worker', {
    celery: celeryApp(chart, { runtime: PythonRuntime.install({ celery: '5.6.3', requirements }), broker, resultBackend }),
  });
  const own = (binding: BrokerBinding): IBroker => ({ bind: () => ({ network: [], ...binding }) });

  test.each<[string, IBroker, ResultBackend | undefined, string]>([
    ['RabbitMQ and no results', rabbitMq, none, 'celery'],
    ['RabbitMQ and results through it', rabbitMq, ResultBackend.rpc(), 'celery'],
    ['RabbitMQ and results in Redis', rabbitMq, ResultBackend.fromUrl('redis://redis.example.com:6379/1'), 'celery[redis]'],
    ['RabbitMQ and results behind Sentinel', rabbitMq, ResultBackend.fromSentinel({ sentinels: ['one.example.com'], masterName: 'mymaster' }), 'celery[redis]'],
    ['RabbitMQ and results in what a Secret says', rabbitMq, ResultBackend.fromSecret(url), 'celery[redis]'],
    ['RabbitMQ and results in a database', rabbitMq, ResultBackend.fromUrl('db+postgresql+psycopg://results.example.com/celery'), 'celery[sqlalchemy]'],
    ['SQS and no results', Broker.fromSqs({ region: 'eu-central-1' }), none, 'celery[sqs]'],
    ['Redis and no results', Broker.fromUrl('redis://redis.example.com:6379/0'), none, 'celery[redis]'],
    ['Redis of which only the transport is known', Broker.fromSecret(url), undefined, 'celery[redis]'],
    ['RabbitMQ of which only the transport is known', Broker.fromSecret(url, { transport: 'amqp' }), none, 'celery'],
    ['a broker of which nothing is known', own({ url: { valueFrom: { secretKeyRef: url } }, resultBackend: { value: 'disabled://' } }), undefined, 'celery[redis]'],
    ['a transport of the code', own({ url: { value: 'redis://redis.example.com' }, transport: 'tasks:Transport', resultBackend: { value: 'disabled://' } }), undefined, 'celery[redis]'],
  ])('%s', (_what, broker, resultBackend, requirement) => {
    const manifests = synth(made(broker, resultBackend), ['Secret/celery']);
    expect(installer(manifests).args).toEqual([`${requirement}==5.6.3`]);
    const lists = requirement.replace(/^celery\[?|\]/g, '');
    expect(installer(manifests).env).toContainEqual({ name: 'LOCKED', value: lists === '' ? 'base' : `base+${lists}` });
    const { data } = manifests.get('ConfigMap', 'celery-install');
    expect(Object.keys(data).filter((file) => /^(redis|sqs|sqlalchemy)\.txt$/.test(file))).toEqual(lists === '' ? [] : [`${lists}.txt`]);
    expect(/^redis==/m.test(data['constraints.txt'])).toBe(lists === 'redis');
  });

  test('no Redis is free in its redis-py, and gets that of the lock by celery[redis]', () => {
    expect(installer(synth(made(rabbitMq, none, ['redis==3.5.3']))).args).toEqual(['celery==5.6.3', 'redis==3.5.3']);
    expect(installer(synth(made(rabbitMq, none, ['celery[redis]']))).args).toEqual(['celery[redis]==5.6.3']);
    expect(refusals(made(Broker.fromUrl('redis://redis.example.com:6379/0'), none, ['redis==3.5.3']))).toEqual([expect.stringContaining('requirements: \'redis==3.5.3\' conflicts with the lock of Celery 5.6.3')]);
  });
});

test('a requirement without a version is told of, one with a version or in the lock is not', () => {
  const findings = lint(JSON.parse(render(install({ requirements: ['pendulum', 'requests==2.32.3', 'redis>=4'] }))) as unknown[]);
  expect(findings.filter(({ ruleId }) => ruleId === 'install/unpinned-requirement').map(({ value }) => value)).toEqual(['pendulum']);
});
