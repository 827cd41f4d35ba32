import { celery, env, found, workload } from '../pods';

const WORKER = ['celery', '-A', 'shop', 'worker'];

describe('SIGTERM for every process of the pool', () => {
  const signals = (command: string[], more: object = {}) => found('shutdown/signal-to-all-processes', workload({ command, ...more }));

  test.each<[string[], object, string[]]>([
    [['dumb-init', ...WORKER], {}, ['error: dumb-init']],
    [['dumb-init', '--single-child', ...WORKER], {}, []],
    [['dumb-init', '-c', ...WORKER], {}, []],
    [['dumb-init', '-v', ...WORKER], {}, ['error: dumb-init']],
    [['dumb-init', ...WORKER], env({ DUMB_INIT_SETSID: '0' }), []],
    [['dumb-init', ...WORKER], env({ DUMB_INIT_SETSID: '1' }), ['error: dumb-init']],
    [['dumb-init', ...WORKER], { env: [{ name: 'DUMB_INIT_SETSID', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }] }, []],
    [['tini', '--', ...WORKER], {}, []],
    [['tini', '-g', '--', ...WORKER], {}, ['error: tini -g']],
    [['tini', '-vg', '--', ...WORKER], {}, ['error: tini -g']],
    [['tini', '-v', '--', ...WORKER], {}, []],
    [['tini-static', '-g', '--', ...WORKER], {}, ['error: tini-static -g']],
    [['docker-init', '-g', '--', ...WORKER], {}, ['error: docker-init -g']],
    [['tini', '--', ...WORKER], env({ TINI_KILL_PROCESS_GROUP: '1' }), ['error: TINI_KILL_PROCESS_GROUP']],
    [WORKER, env({ TINI_KILL_PROCESS_GROUP: '1' }), []],
    [['gosu', 'app', ...WORKER], env({ TINI_KILL_PROCESS_GROUP: '1' }), []],
    [['sh', '-c', 'exec tini -- celery -A shop worker'], env({ TINI_KILL_PROCESS_GROUP: '1' }), ['error: TINI_KILL_PROCESS_GROUP']],
    [['sh', '-c', 'exec dumb-init celery -A shop worker'], {}, ['error: dumb-init']],
    ...['solo', 'threads', 'gevent', 'eventlet'].map((pool): [string[], object, string[]] => [['dumb-init', ...WORKER, '-P', pool], {}, []]),
    [['dumb-init', ...WORKER, '-P', 'prefork'], {}, ['error: dumb-init']],
  ])('%j %j', (command, more, expected) => {
    expect(signals(command, more)).toEqual(expected);
  });

  test.each<[object, string[]]>([
    [{}, ['warning: apache/airflow:2.9.3 (its entrypoint is dumb-init)']], [env({ DUMB_INIT_SETSID: '0' }), []], [{ command: ['airflow'], args: ['celery', 'worker'] }, []],
  ])('the image of Airflow with %j', (more, expected) => {
    expect(found('shutdown/signal-to-all-processes', workload({ image: 'apache/airflow:2.9.3', args: ['celery', 'worker'], ...more }))).toEqual(expected);
  });
});

describe('a soft shutdown that nothing starts', () => {
  const soft = (words: string, more: object = {}) => found('shutdown/soft-shutdown-never-runs', workload(celery(words, more)));
  const TEN = 'worker -- worker_soft_shutdown_timeout=10';

  test.each<[string, object, string[]]>([
    [TEN, {}, ['warning: worker_soft_shutdown_timeout=10 (unless its image has STOPSIGNAL SIGQUIT)']], [TEN, env({ REMAP_SIGTERM: 'SIGQUIT' }), []], ['worker -- worker_soft_shutdown_timeout=0', {}, []], ['worker', {}, []],
    ['worker -- worker_soft_shutdown_timeout=0.5', {}, ['warning: worker_soft_shutdown_timeout=0.5 (unless its image has STOPSIGNAL SIGQUIT)']],
    [TEN, { image: 'python:3.12.4-slim' }, ['error: worker_soft_shutdown_timeout=10']], [TEN, { lifecycle: { stopSignal: 'SIGQUIT' } }, []],
    [TEN, { lifecycle: { preStop: { exec: { command: ['kill', '-QUIT', '1'] } } } }, []],
    [TEN, { lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } } }, ['warning: worker_soft_shutdown_timeout=10 (unless its image has STOPSIGNAL SIGQUIT)']],
  ])('%s %j', (words, more, expected) => {
    expect(soft(words, more)).toEqual(expected);
  });

  test.each<[string, string[]]>([
    ['5.4.0', ['error: celery==5.4.0 (this Celery does not know the setting)']], ['5.5.0', []],
  ])('Celery %s', (version, expected) => {
    const command = ['sh', '-c', `pip install celery==${version}; exec celery -A shop ${TEN}`];
    expect(found('shutdown/soft-shutdown-never-runs', workload({ command, ...env({ REMAP_SIGTERM: 'SIGQUIT' }) }))).toEqual(expected);
  });
});

describe('a hook that stops all workers', () => {
  const stops = (...command: string[]) => found('shutdown/prestop-stops-all-workers', workload(celery('worker', { lifecycle: { preStop: { exec: { command } } } })));

  test.each<[string[], string[]]>([
    [['celery', '-A', 'shop', 'control', 'shutdown'], ['error: celery -A shop control shutdown']],
    [['sh', '-c', 'sleep 5; celery -A shop control shutdown'], ['error: celery -A shop control shutdown']],
    [['celery', '-A', 'shop', 'control', 'shutdown', '--destination', 'celery@a'], []],
    [['celery', '-A', 'shop', 'control', '-d', 'celery@a', 'shutdown'], []],
    [['celery', '-A', 'shop', 'control', 'pool_restart'], []],
    [['celery', '-A', 'shop', 'inspect', 'shutdown'], []],
    [['sleep', '5'], []],
  ])('%j', (command, expected) => {
    expect(stops(...command)).toEqual(expected);
  });
});

test.each<[string[], string[]]>([
  [[...WORKER, '--detach'], ['error: --detach']], [[...WORKER, '-D'], ['error: -D']], [WORKER, []], [['celery', 'multi', 'start', 'w1', '-A', 'shop'], ['error: celery multi']],
  [['celery', 'multi', 'restart', 'w1', '-A', 'shop'], ['error: celery multi']], [['celery', 'multi', 'show', 'w1', '-A', 'shop'], []],
])('%j detaches: %j', (command, expected) => {
  expect(found('shutdown/detached', workload({ command }))).toEqual(expected);
});

test.each<[string, string, number]>([['5.6.0', 'amqp://mq//', 1], ['5.6.1', 'amqp://mq//', 0], ['5.6.0', 'redis://mq/0', 0]])('Celery %s with %s stops its heartbeat', (version, url, count) => {
  const command = ['sh', '-c', `pip install celery==${version}; exec celery -A shop worker`];
  expect(found('shutdown/amqp-heartbeat-stops', workload({ command, ...env({ CELERY_BROKER_URL: url }) }))).toHaveLength(count);
});
