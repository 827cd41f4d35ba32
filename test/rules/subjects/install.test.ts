import { celery, env, found, workload } from '../pods';

const installs = (words: string, more: object = {}, before = '') => workload({ image: 'python:3.11-slim', command: ['sh', '-c', `${before}pip install ${words}; exec celery -A shop worker`], ...more });
const of = (id: string, words: string, more: object = {}) => found(id, installs(words, more));

test.each<[string, string[]]>([
  ['celery[redis]==5.3.4 redis==4.5.2', []], ['celery[redis]==5.3.4 redis==5.0.1', ['error: redis==5.0.1']], ['celery==5.3.4 redis==5.0.1', []], ['celery[redis] redis==5.0.1', ['error: redis==5.0.1']],
  ['celery==5.3.4 kombu==5.2.0', ['error: kombu==5.2.0']], ['celery==5.3.4 kombu==5.3.2', []],
])('pip install %s has a conflict: %j', (words, expected) => {
  expect(of('install/redis-pin-conflict', words)).toEqual(expected);
});

test.each<[string, number]>([
  ['celery[redis]==5.3.4 kombu==5.3.2', 1], ['celery[redis]==5.3.4 kombu==5.3.7', 1], ['celery[redis]==5.4.0 kombu==5.4.0', 0], ['celery==5.3.4 kombu==5.3.2', 0], ['celery==5.3.4 redis kombu==5.3.2', 1],
  ['celery[redis]==5.3.4 kombu', 0],
])('pip install %s is deaf: %s', (words, count) => {
  expect(of('install/kombu-deaf-after-restart', words)).toHaveLength(count);
});

test.each<[string, object, number]>([
  ['celery[redis]==5.3.4', {}, 1], ['celery[redis]==5.4.0', {}, 1], ['celery[redis]==5.5.0', {}, 0], ['celery==5.3.4', {}, 0], ['celery==5.3.4 redis==4.5.2', {}, 1], ['celery[redis]==5.3.4 kombu==5.6.2', {}, 0],
  ['celery[redis]==5.3.4 "kombu<5.7"', {}, 0], ['celery[redis]==5.3.4 "kombu>=5.3"', {}, 1], ['celery[redis]==5.3.4 kombu', {}, 1], ['celery[redis]==5.3.4 -r other.txt', {}, 0], ['-c other.txt celery[redis]==5.3.4', {}, 0],
  ['celery[redis]==5.3.4', { image: 'python:3.9' }, 0], ['celery[redis]==5.3.4', { image: 'python:3.10' }, 1], ['celery[redis]==5.3.4 kombu==$V', {}, 0],
])('pip install %s %j takes kombu 5.7: %s', (words, more, count) => {
  expect(of('install/kombu-needs-packaging', words, more)).toHaveLength(count);
});

test.each<[string, string[]]>([
  ['celery==5.2.1', ['warning: celery==5.2.1']], ['celery==5.2.2', []], ['celery==5.6.3 flower==1.1.0', ['warning: flower==1.1.0']], ['celery==5.6.3 flower==1.2.0', []], ['celery', []],
])('pip install %s is vulnerable: %j', (words, expected) => {
  expect(of('install/vulnerable-version', words)).toEqual(expected);
});

test.each<[string, string[]]>([
  ['mher/flower:1.1.0', ['warning: mher/flower:1.1.0']], ['mher/flower:1.2.0', []], ['mher/flower', []], ['acme/flower:1.1.0', []],
])('the image %s is vulnerable: %j', (image, expected) => {
  expect(found('install/vulnerable-version', workload({ image, command: ['celery', 'flower'] }))).toEqual(expected);
});

test.each<[string, number]>([
  ['celery==5.6.3', 1], ['celery', 1], ['celery==5.6.3 kombu==5.6.2', 0], ['celery==5.6.3 "kombu>=5"', 1], ['-c c.txt celery==5.6.3', 0], ['--no-deps celery==5.6.3', 0], ['-r r.txt celery==5.6.3', 0], ['celery[redis]==5.3.4', 0],
  ['flower', 0],
])('pip install %s without a lock: %s', (words, count) => {
  expect(of('install/unlocked', words)).toHaveLength(count);
});

test.each<[string, string, string[]]>([
  ['celery==5.6.3', 'python:3.8', ['error: celery==5.6.3 (which is python:3.8)']], ['celery==5.6.3', 'python:3.11', []], ['celery==5.6.3', 'acme/shop:1', []], ['celery', 'python:3.8', []], ['requests==2.0.0', 'python:3.8', []],
])('pip install %s on %s: %j', (words, image, expected) => {
  expect(of('install/python-version', words, { image })).toEqual(expected);
});

test.each<[string, string[]]>([
  ['celery requests', ['info: requests']], ['celery requests==2.32.3', []], ['celery "requests>=2"', ['info: requests>=2']], ['kombu billiard vine redis flower', []], ['-c c.txt celery requests', []], ['celery requests==$V', []],
])('pip install %s is not pinned: %j', (words, expected) => {
  expect(of('install/unpinned-requirement', words)).toEqual(expected);
});

describe('a read-only file system', () => {
  const READ_ONLY = { securityContext: { readOnlyRootFilesystem: true } };
  const target = (words: string, more: object = {}, mounts: object[] = []) => found('install/no-writable-target', workload({
    image: 'python:3.11-slim', command: ['sh', '-c', `pip install ${words}; exec celery -A shop worker`], ...READ_ONLY, volumeMounts: mounts, ...more,
  }, { pod: { volumes: [{ name: 'v', emptyDir: {} }] } }));

  test.each<[string, object, object[], string[]]>([
    ['celery', {}, [], ['error: site-packages']], ['celery', { securityContext: {} }, [], []], ['celery', {}, [{ name: 'v', mountPath: '/opt' }], []], ['celery', {}, [{ name: 'v', mountPath: '/opt', readOnly: true }], ['error: site-packages']],
    ['--target /opt/x celery', {}, [{ name: 'v', mountPath: '/opt' }], []], ['--target /srv celery', {}, [{ name: 'v', mountPath: '/opt' }], ['error: /srv']], ['celery', env({ PIP_TARGET: '/opt' }), [], []],
    ['celery', env({ PYTHONUSERBASE: '/opt' }), [], []], ['celery', env({ VIRTUAL_ENV: '/opt' }), [], []], ['celery', env({ OTHER: '/opt' }), [], ['error: site-packages']],
  ])('pip install %s %j %j', (words, more, mounts, expected) => {
    expect(target(words, more, mounts)).toEqual(expected);
  });
});

test('in the main container, in an init container, and in a sidecar', () => {
  const init = (more: object) => workload(celery('worker'), { pod: { initContainers: [{ name: 'i', image: 'python:3.11', command: ['pip', 'install', 'celery'], ...more }] } });
  expect(of('install/in-main-container', 'celery')).toHaveLength(1);
  expect(found('install/in-main-container', init({}))).toEqual([]);
  expect(found('install/in-main-container', init({ restartPolicy: 'Always' }))).toHaveLength(1);
});
