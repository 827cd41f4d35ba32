import { World } from '../../src/manifests/world';

function world(container: object, kind = 'Deployment'): World {
  const template = { metadata: { labels: { app: 'one' } }, spec: { containers: [{ name: 'main', image: 'shop:1', ...container }] } };
  const spec = kind === 'CronJob' ? { schedule: '0 3 * * *', jobTemplate: { spec: { template } } } : { template };
  return new World([{ apiVersion: 'apps/v1', kind, metadata: { name: 'one' }, spec }]);
}

function processes(container: object): string[] {
  return world(container).processes.map(({ role, command }) => `${command.vendor} ${role}`);
}

test.each<[string, string[], string]>([
  ['an entrypoint, then a shell', ['/entrypoint', 'bash', '-c', 'exec airflow celery worker'], 'airflow worker'],
  ['an init, an entrypoint, then a shell', ['dumb-init', '--', '/entrypoint', 'bash', '-c', 'exec airflow celery flower'], 'airflow flower'],
  ['an entrypoint, then a vendor', ['/docker-entrypoint.py.sh', 'nautobot-server', 'celery', 'beat'], 'nautobot-server beat'],
  ['an entrypoint with dashes', ['./entrypoint.sh', '--', 'python', '-m', 'celery', '-A', 'shop', 'worker'], 'celery worker'],
  ['an entrypoint, then a wrapper', ['/entrypoint.sh', 'poetry', 'run', 'celery', '-A', 'shop', 'beat'], 'celery beat'],
  ['a script called after the worker', ['/start-celeryworker'], 'unknown worker'],
  ['a script called after Beat', ['/app/celery_beat.sh'], 'unknown beat'],
  ['a script called after Flower', ['/start-flower'], 'unknown flower'],
  ['an entrypoint called after Beat', ['/entrypoint-celery-beat.sh'], 'unknown beat'],
  ['a shell with such a script', ['bash', '-e', './celery-worker.sh'], 'unknown worker'],
  ['a shell line with such a script', ['bash', '-c', 'python manage.py migrate && exec /start-celerybeat'], 'unknown beat'],
])('%s is understood', (_, command, found) => {
  expect(processes({ command })).toEqual([found]);
});

/** What starts under a condition that is known: the words of `sh -c`. */
test.each<[string, string, string[]]>([
  ['the arm that is taken', 'if [ a = a ]; then exec celery -A shop worker; else exec celery -A shop beat; fi', ['celery worker']],
  ['the other arm', 'if [ a = b ]; then exec celery -A shop worker; else exec celery -A shop beat; fi', ['celery beat']],
  ['no further arm', 'if [ a = a ]; then celery -A shop worker; elif [ a = a ]; then celery -A shop beat; fi', ['celery worker']],
  ['no further test', 'if [ a = a ]; then celery -A shop worker; elif celery -A shop beat; then true; fi', ['celery worker']],
  ['a further arm', 'if [ a = b ]; then celery -A shop worker; elif [ a = a ]; then celery -A shop beat; else celery -A shop flower; fi', ['celery beat']],
  ['a further test', 'if [ a = b ]; then celery -A shop worker; elif celery -A shop beat; then true; fi', ['celery beat']],
  ['no last arm', 'if [ a = b ]; then celery -A shop worker; elif [ a = a ]; then celery -A shop beat; else celery -A shop flower; fi', ['celery beat']],
  ['a last arm', 'if [ a = b ]; then celery -A shop worker; elif [ a = b ]; then celery -A shop beat; else celery -A shop flower; fi', ['celery flower']],
])('of a shell script runs %s', (_, script, found) => {
  const container = { command: ['sh', '-c', script] };
  expect(processes(container)).toEqual(found);
  // What cannot run is no command at all.
  const [{ invocations }] = world(container).workloads[0].containers;
  expect(invocations.filter(({ words }) => words[0].text === 'celery').map(({ words }) => `celery ${words[3].text}`)).toEqual(found);
});

test('branches that start the same have a role, and the options that they share', () => {
  const [worker, ...others] = world({ command: ['sh', '-c', 'if [ "$DEBUG" ]; then celery -A shop worker -c 2 -l debug; else celery -A shop worker -c 2; fi'] }).processes;
  expect(others).toEqual([]);
  expect([worker.role, worker.app, worker.value('--concurrency'), worker.option('--loglevel').state]).toEqual(['worker', 'shop', '2', 'maybe']);
  expect(worker.hint).toMatchObject({ reason: 'a branch of its script', sure: false });
});

test('branches that start different things have no role, and are listed', () => {
  const either = world({ command: ['sh', '-c', 'case $ROLE in worker) celery -A shop worker;; beat) celery -A shop beat;; esac'] });
  expect(either.processes).toEqual([]);
  expect(either.unknown.map(({ name }) => name)).toEqual(['main']);
});

test.each<[string, string[]]>([
  ['a script for some worker', ['/start-worker.sh']],
  ['a test of the worker', ['./test-celery-worker.sh']],
  ['an exporter', ['./celery-worker-exporter.sh']],
  ['a script that only waits', ['/entrypoint.sh', 'sh', '/wait.sh']],
  ['a module of the application', ['python', 'celery_worker.py']],
])('%s is not taken for Celery', (_, command) => {
  expect(processes({ command })).toEqual([]);
});

test.each<[string, object, string[]]>([
  ['airflow', { image: 'apache/airflow:2.10.5', args: ['celery', 'worker'] }, ['airflow worker']],
  ['airflow with a shell', { image: 'apache/airflow:2.10.5', args: ['bash', '-c', 'exec airflow celery worker'] }, ['airflow worker']],
  ['sentry', { image: 'getsentry/sentry:24.1.0', args: ['run', 'cron'] }, ['sentry beat']],
  ['sentry by the path of its entrypoint', { image: 'acme/sentry:1', command: ['/bin/sh'], args: ['-c', 'exec /docker-entrypoint.sh $0 $@', 'run', 'cron'] }, ['sentry beat']],
  ['sentry by another path', { image: 'acme/sentry:1', command: ['/etc/entrypoint', 'run', 'worker'] }, ['sentry worker']],
  ['paperless-ngx', { image: 'ghcr.io/paperless-ngx/paperless-ngx:2.20.1' }, ['unknown worker']],
  ['a command of paperless-ngx', { image: 'ghcr.io/paperless-ngx/paperless-ngx:2.20.1', args: ['document_exporter'] }, []],
  ['authentik', { image: 'ghcr.io/goauthentik/server:2025.6.4', args: ['worker'] }, ['unknown worker']],
  ['authentik of an earlier year', { image: 'ghcr.io/goauthentik/server:2024.12.3', command: ['ak', 'worker'] }, ['unknown worker']],
  ['authentik without Celery', { image: 'ghcr.io/goauthentik/server:2025.8.0', args: ['worker'] }, []],
  ['authentik of today', { image: 'ghcr.io/goauthentik/server', args: ['worker'] }, []],
  ['the web server of authentik', { image: 'ghcr.io/goauthentik/server:2024.12.3', args: ['server'] }, []],
  ['pretix', { image: 'pretix/standalone:2024.1', args: ['taskworker'] }, ['unknown worker']],
  ['the web server of pretix', { image: 'pretix/standalone:2024.1', args: ['webworker'] }, []],
  ['Taiga', { image: 'taigaio/taiga-back:latest', command: ['/taiga-back/docker/async_entrypoint.sh'] }, ['unknown worker']],
  ['the API of Taiga', { image: 'taigaio/taiga-back:latest' }, []],
  ['Weblate', { image: 'weblate/weblate:5.14' }, ['unknown worker']],
  ['Dify', { image: 'langgenius/dify-api:1.9.2', env: [{ name: 'MODE', value: 'beat' }] }, ['unknown beat']],
  ['Tube Archivist', { image: 'docker.io/bbilly1/tubearchivist:v0.5.10' }, ['unknown worker']],
  ['another image', { args: ['run', 'worker'] }, []],
  ['a command of Airflow that ends', { name: 'airflow-worker', image: 'apache/airflow:2.5.1', command: ['airflow', 'db', 'init'] }, []],
  ['a command of its own', { image: 'apache/airflow:2.10.5', command: ['celery', '-A', 'shop', 'worker'] }, ['celery worker']],
])('what the entrypoint of the image adds: %s', (_, container, found) => {
  expect(processes(container)).toEqual(found);
});

test('a job with the image of Redis is no server', () => {
  const container = { image: 'redis:7', command: ['sh', '-c', 'redis-cli -h queue --rdb /backup/dump.rdb'] };
  expect(world(container, 'CronJob').redisServers).toEqual([]);
  expect(world(container, 'Deployment').redisServers).toHaveLength(1);
});

test('a role that follows from names is at the image', () => {
  const [{ command: { invocation: { words: [word] } } }] = world({ name: 'celery-worker', image: 'acme/app:1' }).processes;
  expect(word.path).toEqual(['spec', 'template', 'spec', 'containers', 0, 'image']);
});

test.each<[string, object, string[]]>([
  ['the image of Airflow', { image: 'apache/airflow:2.10.5', args: ['celery', 'worker'] }, ['airflow worker']],
  ['a variable of Airflow', { args: ['celery', 'worker'], env: [{ name: 'AIRFLOW__CORE__EXECUTOR', value: 'CeleryExecutor' }] }, ['airflow worker']],
  ['neither', { args: ['celery', 'worker'] }, ['celery worker']],
  ['an application of its own', { args: ['celery', '-A', 'shop', 'worker'], env: [{ name: 'AIRFLOW__CORE__EXECUTOR', value: 'CeleryExecutor' }] }, ['celery worker']],
])('celery worker without an application, in a container with %s', (_, container, found) => {
  expect(processes(container)).toEqual(found);
});

test('one script runs what the variables of each container make of it', () => {
  const command = ['sh', '-c', 'if [ "$ROLE" = worker ]; then exec celery -A shop worker; else exec celery -A shop beat; fi'];
  const containers = ['worker', 'beat', 'worker'].map((value, i) => ({ name: `main-${i}`, image: 'shop:1', command, env: [{ name: 'ROLE', value }] }));
  const pod = new World([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'all' }, spec: { containers } }]);
  expect(pod.processes.map(({ role }) => role)).toEqual(['worker', 'beat', 'worker']);
});

test.each<[string, object, string[]]>([
  ['no arguments', {}, ['celery flower']], ['its options', { args: ['--port=5555'] }, ['celery flower']], ['flower', { args: ['flower', '--port=5555'] }, ['celery flower']],
  ['celery flower', { args: ['celery', 'flower'] }, ['celery flower']], ['options of Celery, then flower', { args: ['celery', '--broker=redis://redis', 'flower'] }, ['celery flower']],
])('the image of Flower with %s', (_, container, found) => {
  expect(processes({ image: 'mher/flower:2.0', ...container })).toEqual(found);
});
