import { World } from '../../src/manifests/world';
import { lintObjects } from '../../src/rules/lint';

interface Given {
  readonly name?: string;
  readonly labels?: object;
  readonly kind?: string;
  readonly spec?: object;
}

function deployment(container: object, { name = 'shop', labels = {}, kind = 'Deployment', spec = {} }: Given = {}): object {
  return {
    apiVersion: 'apps/v1', kind, metadata: { name },
    spec: { ...spec, template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'acme/app:1', ...container }] } } },
  };
}

function roles(...objects: object[]): string[] {
  return new World(objects).processes.map(({ role, hint }) => hint === undefined ? role : `${role} by ${hint.reason}`);
}

const switches = (on: Record<string, string>) => Object.entries(on).map(([name, value]) => ({ name: `ENABLE_${name}`, value }));

const CELERY_ENV = [{ name: 'CELERY_BROKER_URL', value: 'redis://queue:6379/0' }];

describe('the role of a container whose program is out of sight', () => {
  test.each<[string, object, string]>([
    ['an argument', deployment({ args: ['beat'] }), 'beat by the argument \'beat\''],
    ['an argument of a script', deployment({ command: ['/entrypoint.sh', 'beat'] }), 'beat by the argument \'beat\''],
    ['the pidfile of Beat', deployment({ command: ['./runservice', 'prod_scheduler', '--pidfile=/opt/celerybeat.pid'] }), 'beat by the name of celerybeat.pid'],
    ['the schedule file of Beat', deployment({ command: ['./runservice', 'cron', '-s', '/tmp/celerybeat-schedule'] }), 'beat by the name of celerybeat-schedule'],
    ['the name of a script', deployment({ command: ['./bin/docker-entrypoint-beat.sh'] }), 'beat by the name of docker-entrypoint-beat.sh'],
    ['a script behind a shell', deployment({ command: ['/bin/sh', '-c', 'sh /app/run_celery_core_tasks.sh'] }), 'worker by the name of run_celery_core_tasks.sh'],
    ['a script that ends in an unknown program', deployment({ name: 'celery', command: ['bash', '-c', 'cd /app\ntouch /tmp/x\n/app/entrypoint.sh jobs\n'] }),
      'worker by the name of the container'],
    ['a variable', deployment({ name: 'celery', env: [{ name: 'APP_MODE', value: 'celery-beat' }] }), 'beat by the variable APP_MODE'],
    ['a variable that says celery alone', deployment({ name: 'celery-scheduler', env: [{ name: 'APP_MODE', value: 'celery' }] }),
      'worker by the variable APP_MODE'],
    ['an argument, whatever a variable says', deployment({ args: ['beat'], env: [{ name: 'CONTAINER_ROLE', value: 'celery-worker' }] }),
      'beat by the argument \'beat\''],
    ['the name of the container', deployment({ name: 'celery-beat' }), 'beat by the name of the container'],
    ['a name with capitals', deployment({ name: 'celery', command: ['/app/runBeat.sh'] }), 'beat by the name of runBeat.sh'],
    ['the name of the Deployment', deployment({}, { name: 'shop-celery-worker' }), 'worker by the name of the Deployment'],
    ['a label', deployment({ env: CELERY_ENV }, { labels: { 'app.kubernetes.io/component': 'worker' } }), 'worker by the label app.kubernetes.io/component'],
    ['the name of the image', deployment({ image: 'ghcr.io/acme/celery-worker:2' }), 'worker by the name of the image'],
    ['worker, with variables of Celery', deployment({ name: 'worker', env: CELERY_ENV }), 'worker by the name of the container'],
    ['worker, with a probe of Celery', deployment({ name: 'worker', livenessProbe: { exec: { command: ['celery', '-A', 'x', 'inspect', 'ping'] } } }),
      'worker by the name of the container'],
    ['port 5555 and FLOWER_ variables', deployment({ ports: [{ containerPort: 5555 }], env: [{ name: 'FLOWER_BASIC_AUTH', value: 'a:b' }] }),
      'flower by its port 5555 and its variables'],
    ['flower, with its port', deployment({ name: 'flower', ports: [{ containerPort: 5555 }] }), 'flower by the name of the container'],
    ['camel case', deployment({ name: 'celeryBeat' }), 'beat by the name of the container'],
    ['a scheduler of Celery', deployment({ name: 'celery-scheduler' }), 'beat by the name of the container'],
    ['a switch', deployment({ env: switches({ CELERY_BEAT: 'yes', CELERY_LONG: 'no', NGINX: 'no' }) }, { name: 'mediabeat' }), 'beat by the variable ENABLE_CELERY_BEAT'],
    ['switches of one role', deployment({ env: switches({ CELERY_LONG: 'true', CELERY_SHORT: '1' }) }, { name: 'mediaworker' }), 'worker by the variable ENABLE_CELERY_LONG'],
    ['a switch for Flower', deployment({ env: switches({ CELERY_FLOWER: 'on' }) }, { name: 'mediaflower' }), 'flower by the variable ENABLE_CELERY_FLOWER'],
  ])('%s', (_, object, expected) => {
    expect(roles(object)).toEqual([expected]);
  });

  test.each<[string, object]>([
    ['worker alone', deployment({ name: 'worker' })],
    ['worker, with the port of Flower', deployment({ name: 'worker', ports: [{ containerPort: 5555 }] })],
    ['flower, without its port', deployment({ name: 'flower' })],
    ['a producer', deployment({ name: 'web', env: CELERY_ENV })],
    ['switches of two roles', deployment({ env: switches({ CELERY_BEAT: 'yes', CELERY_LONG: 'yes' }) }, { name: 'mediaworker' })],
    ['a switch next to that of a server', deployment({ env: switches({ CELERY_LONG: 'yes', UWSGI: 'yes' }) }, { name: 'mediaworker' })],
    ['switches that are off', deployment({ env: switches({ CELERY_LONG: 'no' }) }, { name: 'mediaworker' })],
    ['a worker of something else', deployment({ name: 'worker', command: ['node', 'worker.js'], env: CELERY_ENV })],
    ['another queue of Python', deployment({ name: 'celery-worker', command: ['rq', 'worker'] })],
    ['the API of Celery', deployment({ name: 'celery-api' })],
    ['the controller that spares busy pods', deployment({ name: 'celery-busy-pods-worker', command: ['python', '/opt/celery-busy/controller.py', 'component=worker'] })],
    ['a web server', deployment({ name: 'celery-web', command: ['gunicorn', 'shop.wsgi'] })],
    ['an exporter', deployment({ name: 'celery-exporter' })],
    ['a broker', deployment({ name: 'celery-redis', image: 'redis:7' })],
    ['Filebeat', deployment({ name: 'filebeat', image: 'docker.elastic.co/beats/filebeat:8.1.0' })],
    ['a name that says both', deployment({}, { name: 'celery-worker-beat' })],
    ['a job', deployment({ name: 'celery-worker' }, { kind: 'Job' })],
    ['commands of Celery in sight', deployment({ name: 'celery-worker', command: ['celery', '-A', 'x', 'purge', '-f'] })],
    ['migrations', deployment({ name: 'celery-worker', command: ['python', 'manage.py', 'migrate'] })],
  ])('is not told by %s', (_, object) => {
    expect(roles(object)).toEqual([]);
  });

  test('is told by other Celery of the same image', () => {
    const beat = deployment({ name: 'beat', command: ['./docker-entrypoint-beat.sh'] }, { name: 'beat' });
    const worker = (image: string) => deployment({ name: 'worker', command: ['./docker-entrypoint-worker.sh'], image }, { name: 'worker' });
    expect(roles(beat, worker('acme/app:1'))).toHaveLength(2);
    expect(roles(beat, worker('acme/other:1'))).toHaveLength(1);
  });

  test('a variable that says web is no Celery, whatever the container is called', () => {
    expect(roles(deployment({ name: 'celery', env: [{ name: 'APP_MODE', value: 'web' }] }))).toEqual([]);
  });
});

describe('what is found of it', () => {
  const findings = (object: object, id: string) => lintObjects([object]).violations.filter(({ rule }) => rule.id === id)
    .map(({ severity, unless }) => `${severity}: ${unless}`);
  const shared = { env: CELERY_ENV };

  test('is hedged, where only a name tells what it is', () => {
    expect(findings(deployment({ ...shared, command: ['/run.sh', 'beat'] }), 'beat/rolling-update'))
      .toEqual(['warning: this is no Beat: only the argument \'beat\' says that it is']);
  });

  test('is certain, where the name says Celery as well', () => {
    expect(findings(deployment({ ...shared, command: ['/run.sh', 'celery-beat'] }), 'beat/rolling-update')).toEqual(['error: undefined']);
  });
});

test('it is listed all the same, since nobody saw its options', () => {
  const [one] = lintObjects([deployment({ name: 'celery-beat' })]).unknown;
  expect(one.reason).toBe('is taken for Beat by the name of the container; its options are in its image');
});

test.each<[string, object, string]>([
  ['a script', { command: ['/start-celeryworker'] }, 'is taken for a worker by the name of start-celeryworker; its options are in its image'],
  ['two scripts', { command: ['sh', '-c', '/start-celerybeat & /start-celeryworker'] }, 'is taken for Beat by the name of start-celerybeat; its options are in its image'],
  ['the entrypoint of a product', { image: 'langgenius/dify-api:1.6.0', env: [{ name: 'MODE', value: 'beat' }] }, 'is taken for Beat by its image; its options are in its image'],
])('so is what %s starts', (_, container, reason) => {
  expect(lintObjects([deployment(container)]).unknown.map((one) => one.reason)).toEqual([reason]);
});

test.each<[string, object]>([
  ['Celery itself', { command: ['celery', '-A', 'shop', 'worker'] }], ['a script with options in sight', { command: ['nautobot-server', 'celery', 'worker', '-c', '2'] }],
])('what %s starts is not', (_, container) => {
  expect(lintObjects([deployment(container)]).unknown).toEqual([]);
});
