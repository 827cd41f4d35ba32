import { celery, env, found, withCode, workload } from '../pods';

describe('the module that -A names', () => {
  const missing = (app: string, more: object = {}, pod: object = {}) => found('code/app-module-missing', workload(
    { command: ['celery', '-A', app, 'worker'], image: 'python:3.11-slim', workingDir: '/app', volumeMounts: [{ name: 'code', mountPath: '/app' }], ...more },
    { pod: { volumes: [{ name: 'code', configMap: { name: 'code' } }, { name: 'other', emptyDir: {} }], ...pod } }),
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data: { 'shop.py': 'app = celery = Celery()\n', 'conf.ini': '' } });

  test.each<[string, string, object, object, string[]]>([
    ['is there', 'shop', {}, {}, []],
    ['is there, with the application in it', 'shop:app', {}, {}, []],
    ['is there, with a package in it', 'shop.celery', {}, {}, []],
    ['is there, without that application in it', 'shop:worker', {}, {}, ['error: shop:worker']],
    ['may be another one after a change of the directory', 'shop:worker', { command: ['sh', '-c', 'cd /srv && celery -A shop:worker worker'] }, {}, []],
    ['may be another one in another working directory', 'shop:worker', { command: ['celery', '-A', 'shop:worker', '--workdir', '/srv', 'worker'] }, {}, []],
    ['is not', 'shopping', {}, {}, ['error: shopping']],
    ['may come from PYTHONPATH', 'shopping', env({ PYTHONPATH: '/lib' }), {}, []],
    ['may come from another working directory', 'shopping', { command: ['celery', '-A', 'shopping', '--workdir', '/srv', 'worker'] }, {}, []],
    ['may be in another image', 'shopping', { image: 'registry.example/shop:1' }, {}, ['warning: shopping (unless the image has a package shopping)']],
    ['may be in another folder', 'shopping', { workingDir: '/srv' }, {}, []],
    ['may be in a folder below', 'shopping', { workingDir: '/app/sub' }, {}, []],
    ['may be on a volume below', 'shopping', { volumeMounts: [{ name: 'code', mountPath: '/app' }, { name: 'other', mountPath: '/app/more' }] }, {}, []],
    ['is not on a volume elsewhere', 'shopping', { volumeMounts: [{ name: 'code', mountPath: '/app' }, { name: 'other', mountPath: '/data' }] }, {}, ['error: shopping']],
    ['may be what an init container writes', 'shopping', {}, { initContainers: [{ name: 'i', image: 'busybox:1.36', command: ['true'] }] }, []],
    ['may be what a command before writes', 'shopping', { command: ['sh', '-c', 'python make.py; celery -A shopping worker'] }, {}, []],
  ])('%s', (_, app, more, pod, expected) => {
    expect(missing(app, more, pod)).toEqual(expected);
  });
});

describe('files of a ConfigMap that look like credentials', () => {
  const secrets = (name: string, content: string) => {
    const [worker, code] = withCode('', 'worker');
    return found('code/credentials-in-configmap', worker, { ...code, data: { [name]: content } });
  };

  test.each<[string, string, boolean]>([
    ['id_rsa', 'x', true], ['id_ed25519', 'x', true], ['id_rsa.pub', 'x', false], ['my_id_rsa', 'x', false], ['.env', 'A=1', true], ['prod.env', 'A=1', true],
    ['env', 'A=1', true], ['environment', 'A=1', false], ['server.pem', 'x', true], ['server.pem', '-----BEGIN CERTIFICATE-----', false],
    ['server.pem', '-----BEGIN RSA PUBLIC KEY-----', false], ['server.key', 'x', true], ['keys', 'x', false], ['store.p12', 'x', true], ['a.jks', 'x', true],
    ['aws-credentials', 'x', true], ['credentials.py', 'x', false], ['shop.py', '-----BEGIN PRIVATE KEY-----', true], ['shop.py', '-----BEGIN EC PRIVATE KEY-----', true],
    ['shop.py', 'password = "hunter2hunter2"', false], ['shop.ini', 'password = hunter2hunter2', true], ['shop.ini', '# password = hunter2hunter2', false],
    ['shop.ini', '; password = hunter2hunter2', false], ['shop.js', 'password = hunter2hunter2', false], ['shop.yaml', 'password: hunter2hunter2', true],
    ['shop.yml', '  "password": "hunter2hunter2",', true], ['shop.json', '"password": ""', false], ['shop.json', '"password": "",', false],
    ['shop.json', '"password": "hunter2hunter2"', true], ['shop.cfg', 'color = hunter2hunter2', false], ['shop.conf', 'url = redis://:hunter2@r/0', true],
    ['shop.toml', '// password = hunter2hunter2', false], ['shop.properties', 'db.password=hunter2hunter2', true],
  ])('%s with %s: %s', (name, content, reported) => {
    expect(secrets(name, content)).toEqual(reported ? [`warning: ${name}`] : []);
  });
});

describe('options of celery itself after the subcommand', () => {
  test.each<[string, string[], string[]]>([
    ['-A', ['celery', 'worker', '-A', 'shop'], ['warning: worker --app shop (unless the image still has Celery 4)']],
    ['--app', ['celery', 'worker', '--app', 'shop'], ['warning: worker --app shop (unless the image still has Celery 4)']],
    ['-b', ['celery', 'worker', '-b', 'redis://r'], ['warning: worker --broker redis://r (unless the image still has Celery 4)']],
    ['--workdir after -A before', ['celery', '-A', 'shop', 'worker', '--workdir', '/app'], ['error: worker --workdir /app']],
    ['before it', ['celery', '--workdir', '/app', '-A', 'shop', 'worker'], []],
    ['of Flower', ['celery', 'flower', '-A', 'shop'], []],
  ])('%s', (_, command, expected) => {
    expect(found('code/app-option-after-subcommand', workload({ command }))).toEqual(expected);
  });
});

describe('a file that is mounted by subPath', () => {
  const mounted = (volume: object, around: object = {}, mount: object = { subPath: 'a.py' }, ...others: object[]) => found('code/subpath-never-updates', workload(
    celery('worker', { volumeMounts: [{ name: 'v', mountPath: '/app/a.py', ...mount }] }), { pod: { volumes: [{ name: 'v', ...volume }] }, ...around }), ...others);
  const CODE = { configMap: { name: 'code' } };

  test.each<[string, object, object, object, object[], string[]]>([
    ['of a ConfigMap', CODE, {}, { subPath: 'a.py' }, [], ['info: subPath: a.py']],
    ['of a Secret', { secret: { secretName: 'code' } }, {}, { subPath: 'a.py' }, [], ['info: subPath: a.py']],
    ['of an emptyDir', { emptyDir: {} }, {}, { subPath: 'a.py' }, [], []],
    ['as a whole', CODE, {}, {}, [], []],
    ['of a ConfigMap whose name has a hash', { configMap: { name: 'code-1115a053' } }, {}, { subPath: 'a.py' }, [], []],
    ['of a ConfigMap whose name ends in a word', { configMap: { name: 'code-settings' } }, {}, { subPath: 'a.py' }, [], ['info: subPath: a.py']],
    ['of a ConfigMap whose name ends in a short number', { configMap: { name: 'code-12345' } }, {}, { subPath: 'a.py' }, [], ['info: subPath: a.py']],
    ['of an immutable ConfigMap', CODE, {}, { subPath: 'a.py' }, [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, immutable: true }], []],
    ['with a hash in an annotation', CODE, { annotations: { 'checksum/code': '1' } }, { subPath: 'a.py' }, [], []],
    ['with another annotation', CODE, { annotations: { 'example.com/owner': 'me' } }, { subPath: 'a.py' }, [], ['info: subPath: a.py']],
  ])('%s', (_, volume, around, mount, others, expected) => {
    expect(mounted(volume, around, mount, ...others)).toEqual(expected);
  });
});

describe('a volume inside another one', () => {
  const nested = (outer: object, mount: object = {}, pod: object = {}) => found('code/nested-mount', workload(
    celery('worker', { volumeMounts: [{ name: 'outer', mountPath: '/app', ...mount }, { name: 'inner', mountPath: '/app/data' }] }),
    { pod: { volumes: [{ name: 'outer', ...outer }, { name: 'inner', emptyDir: {} }], ...pod } }));
  const makes = (readOnly: boolean) => ({ initContainers: [{ name: 'i', image: 'busybox:1.36', command: ['mkdir'], volumeMounts: [{ name: 'outer', mountPath: '/x', readOnly }] }] });

  test.each<[string, object, object, object, string[]]>([
    ['that can be written', { emptyDir: {} }, {}, {}, []],
    ['that is empty and read-only', { emptyDir: {} }, { readOnly: true }, {}, ['error: /app/data (the outer one is /app)']],
    ['that an init container can write', { emptyDir: {} }, { readOnly: true }, makes(false), []],
    ['that an init container can only read', { emptyDir: {} }, { readOnly: true }, makes(true), ['error: /app/data (the outer one is /app)']],
    ['of a ConfigMap', { configMap: { name: 'c' } }, {}, {}, []],
    ['of a ConfigMap, with Kata', { configMap: { name: 'c' } }, {}, { runtimeClassName: 'kata-qemu' },
      ['warning: /app/data (the outer one is /app, and kubelet cannot prepare it for kata-qemu)']],
    ['of a ConfigMap, with another runtime', { configMap: { name: 'c' } }, {}, { runtimeClassName: 'gvisor' }, []],
    ['of a claim, with Kata', { persistentVolumeClaim: { claimName: 'c' } }, { readOnly: true }, { runtimeClassName: 'kata' }, []],
  ])('%s', (_, outer, mount, pod, expected) => {
    expect(nested(outer, mount, pod)).toEqual(expected);
  });
});

describe('code that changes without a restart', () => {
  const rolls = (kind: string, file: string, around: object = {}) => found('code/no-rollout-on-change', workload(
    celery('worker', { volumeMounts: [{ name: 'v', mountPath: '/app' }] }), { kind, pod: { volumes: [{ name: 'v', configMap: { name: 'code' } }] }, ...around }),
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data: { [file]: '' } });

  test.each<[string, string, string, object, string[]]>([
    ['of a Deployment', 'Deployment', 'shop.py', {}, ['warning: code']],
    ['of a StatefulSet', 'StatefulSet', 'shop.py', {}, ['warning: code']],
    ['of a Job', 'Job', 'shop.py', {}, []],
    ['that is no code', 'Deployment', 'shop.ini', {}, []],
    ['with an annotation of the workload', 'Deployment', 'shop.py', { annotations: { 'reloader.stakater.com/auto': 'true' } }, []],
  ])('%s', (_, kind, file, around, expected) => {
    expect(rolls(kind, file, around)).toEqual(expected);
  });
});

describe('a default queue that no worker takes', () => {
  const sends = (options: string, ...workers: string[]) => found('code/queue-without-worker',
    workload(celery(`beat -- ${options}`), { name: 'beat' }), ...workers.map((words, i) => workload(celery(words), { name: `worker-${i}` })));

  test.each<[string, string, string[], string[]]>([
    ['no worker in sight', 'task.default_queue=mail', [], []],
    ['a worker of another one', 'task.default_queue=mail', ['worker -Q other'], ['warning: mail']],
    ['a worker of it', 'task.default_queue=mail', ['worker -Q other,mail'], []],
    ['a second worker of it', 'task.default_queue=mail', ['worker -Q other', 'worker -Q mail'], []],
    ['a worker of the default queue', 'task.default_queue=mail', ['worker'], []],
    ['a periodic task without a queue', 'beat_schedule=(json){"a":{"task":"x"}}', ['worker -Q other'], ['warning: celery (the periodic task a has no route)']],
    ['two of them', 'beat_schedule=(json){"a":{"task":"x"},"b":{"task":"x"}}', ['worker -Q other'], ['warning: celery (the periodic task a has no route)']],
    ['a periodic task with a queue', 'beat_schedule=(json){"a":{"task":"x","options":{"queue":"other"}}}', ['worker -Q other'], []],
    ['a periodic task with a routing key', 'beat_schedule=(json){"a":{"task":"x","options":{"routing_key":"other"}}}', ['worker -Q other'], []],
    ['a periodic task and routes', 'beat_schedule=(json){"a":{"task":"x"}} task_routes=(json){"x":"other"}', ['worker -Q other'], []],
    ['a periodic task that a worker takes', 'beat_schedule=(json){"a":{"task":"x"}}', ['worker -Q other,celery'], []],
    ['a schedule that is none', 'beat_schedule=1', ['worker -Q other'], []],
    ['no schedule', 'timezone=UTC', ['worker -Q other'], []],
    ['a worker with a default queue of its own', 'task.default_queue=mail', ['worker -- task.default_queue=other'], ['warning: mail']],
  ])('%s', (_, options, workers, expected) => {
    expect(sends(options, ...workers)).toEqual(expected);
  });
});

test('what is too large of a ConfigMap', () => {
  const sized = (bytes: number, more: object = {}) => {
    const [worker, code] = withCode('', 'worker');
    return found('code/configmap-too-large', worker, { ...code, data: { a: 'x'.repeat(bytes) }, ...more });
  };
  const FOR_APPLY = '(for kubectl apply without --server-side)';
  // The copy in the annotation has the names, too.
  expect(sized(249_999)).toEqual([]);
  expect(sized(250_000)).toEqual([`warning: 250001 bytes ${FOR_APPLY}`]);
  expect(sized(1_048_576)).toEqual([`warning: 1048577 bytes ${FOR_APPLY}`]);
  expect(sized(1_048_577)).toEqual(['error: 1048577 bytes']);
  expect(sized(249_999, { binaryData: { b: 'AA==' } })).toEqual([`warning: 250005 bytes ${FOR_APPLY}`]);
  // Of binaryData the API server counts the decoded bytes.
  expect(sized(0, { binaryData: { b: 'A'.repeat(1_398_100) } })).toEqual([`warning: 1398102 bytes ${FOR_APPLY}`]);
  expect(sized(0, { binaryData: { b: 'A'.repeat(1_398_104) } })).toEqual(['error: 1048578 bytes']);
  expect(sized(300_000, { metadata: { name: 'code', uid: 'a', resourceVersion: '1' } })).toEqual([]);
});
