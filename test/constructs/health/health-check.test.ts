import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Chart, Duration } from 'cdk8s';
import { AgentHealthCheckOptions, AppCode, CeleryBeat, CeleryBeatProps, CeleryFlower, CeleryWorker, CeleryWorkerProps, HealthCheck, PythonRuntime, WorkerPool } from '../../../src';
import { celeryApp, TASKS } from '../../fixtures';
import { Manifest, Manifests, refusals, synth } from '../../manifests';

const PACKAGE = join(__dirname, '../../../agent/cdk8s_celery_agent');
const SOURCES = Object.fromEntries(readdirSync(PACKAGE).filter((name) => name.endsWith('.py')).map((name) => [name, readFileSync(join(PACKAGE, name), 'utf8')]));
const MOUNT = { mountPath: '/opt/celery-agent/cdk8s_celery_agent', name: 'agent', readOnly: true };

type Props = Pick<CeleryWorkerProps, 'healthCheck' | 'env' | 'longestTask'> & Pick<CeleryBeatProps, 'scheduler'>;

/** A worker, Beat and Flower of one app. */
function components({ scheduler, longestTask, ...common }: Props = {}): (chart: Chart) => void {
  return (chart) => {
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'worker', { celery, longestTask, ...common });
    new CeleryBeat(chart, 'beat', { celery, scheduler, ...common });
    new CeleryFlower(chart, 'flower', { celery });
  };
}

function agentEnv(manifests: Manifests, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(manifests.env(name)).filter(([key]) => key.startsWith('CDK8S_CELERY_AGENT_')));
}

/** The options of a command, in front of the settings. */
function options(manifests: Manifests, name: string): string[] {
  const { command } = manifests.main(name);
  return command.slice(0, command.indexOf('--'));
}

function probes(manifests: Manifests, name: string): Manifest {
  const { startupProbe, readinessProbe, livenessProbe } = manifests.main(name);
  return { startupProbe, readinessProbe, livenessProbe };
}

const NO_PROBES = { startupProbe: undefined, readinessProbe: undefined, livenessProbe: undefined };

describe('agent(), the default', () => {
  const manifests = synth(components());

  test('is loaded by a flag', () => {
    expect(options(manifests, 'celery-worker').slice(-2)).toEqual(['-I', 'cdk8s_celery_agent.worker']);
    expect(options(manifests, 'celery-beat').slice(-2)).toEqual(['-S', 'cdk8s_celery_agent.beat:Scheduler']);
  });

  test('is the same as HealthCheck.agent()', () => {
    expect(synth(components({ healthCheck: HealthCheck.agent() })).all).toEqual(manifests.all);
  });

  test.each([
    ['celery-worker', { INTERVAL: '5', STALL_AFTER: '60', DEAF_AFTER: '45', POOL_AFTER: '60' }],
    ['celery-beat', { INTERVAL: '5', BEAT_SLACK: '60' }],
  ])('tells that of %s what it needs, and the address of the pod to listen on', (name, settings) => {
    expect(agentEnv(manifests, name)).toEqual({
      CDK8S_CELERY_AGENT_HOST: { fieldRef: { fieldPath: 'status.podIP' } },
      CDK8S_CELERY_AGENT_PORT: '8790',
      ...Object.fromEntries(Object.entries(settings).map(([key, value]) => [`CDK8S_CELERY_AGENT_${key}`, value])),
    });
  });

  test('reads each variable in Python by the name that it is given', () => {
    const names = ['celery-worker', 'celery-beat'].flatMap((name) => Object.keys(agentEnv(synth(components({ scheduler: 'a.B' })), name)));
    for (const name of names) expect(SOURCES['settings.py']).toContain(`${name.replace('CDK8S_CELERY_AGENT_', '').toLowerCase()}:`);
  });

  test('is in one immutable ConfigMap named by its content, with all of its modules and nothing else', () => {
    expect(manifests.get('ConfigMap', 'celery-agent')).toMatchObject({ immutable: true, metadata: { name: expect.stringMatching(/^celery-agent-[0-9a-f]{8}$/) } });
    expect(Object.keys(SOURCES)).toEqual(expect.arrayContaining(['__init__.py', 'worker.py', 'beat.py']));
    expect(manifests.get('ConfigMap', 'celery-agent').data).toEqual(SOURCES);
    expect(manifests.identities().filter((identity) => identity.endsWith('-agent'))).toEqual(['ConfigMap/celery-agent']);
  });

  test.each(['celery-worker', 'celery-beat'])('is mounted read-only in %s, where Python finds it after the code', (name) => {
    expect(manifests.main(name).volumeMounts.filter((mount) => mount.name === 'agent')).toEqual([MOUNT]);
    expect(manifests.pod(name).volumes).toContainEqual({ name: 'agent', configMap: { name: manifests.get('ConfigMap', 'celery-agent').metadata.name } });
    expect(manifests.env(name).PYTHONPATH).toBe('/app:/opt/celery-agent');
  });

  test.each([['celery-worker', 60], ['celery-beat', 30]])('is asked by three probes in %s', (name, grace) => {
    expect(manifests.main(name).ports).toEqual([{ containerPort: 8790, name: 'health' }]);
    const get = (path: string) => ({ path, port: 8790, scheme: 'HTTP' });
    expect(probes(manifests, name)).toEqual({
      startupProbe: { httpGet: get('/livez'), initialDelaySeconds: 15, periodSeconds: 2, failureThreshold: 150, timeoutSeconds: 5 },
      readinessProbe: { httpGet: get('/readyz'), initialDelaySeconds: 20, periodSeconds: 5, failureThreshold: 2, timeoutSeconds: 5 },
      livenessProbe: { httpGet: get('/livez'), periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 5, terminationGracePeriodSeconds: grace },
    });
  });

  test('is not in Flower', () => {
    expect(options(manifests, 'celery-flower').join(' ')).not.toContain('agent');
    expect(agentEnv(manifests, 'celery-flower')).toEqual({});
    expect(manifests.env('celery-flower').PYTHONPATH).toBeUndefined();
    expect(manifests.main('celery-flower').volumeMounts.map(({ name }) => name)).not.toContain('agent');
    expect(manifests.main('celery-flower').ports.map(({ name }) => name)).not.toContain('health');
  });

  test('lets an old worker go only when a new one consumes', () => {
    expect(manifests.get('Deployment', 'celery-worker').spec.strategy).toEqual({
      type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 0 },
    });
  });
});

test('a second worker of an app shares the ConfigMap', () => {
  const manifests = synth((chart) => {
    const celery = celeryApp(chart);
    for (const id of ['fast', 'slow']) new CeleryWorker(chart, id, { celery });
  });
  expect(manifests.identities().filter((identity) => identity.includes('agent'))).toEqual(['ConfigMap/celery-agent']);
  for (const name of ['celery-fast', 'celery-slow']) expect(manifests.main(name).volumeMounts).toContainEqual(MOUNT);
});

// The liveness of Kubernetes: so many failures in a row restart; a probe fails that has no answer within its timeout.
test.each([
  ['prefork', 3], ['solo', 10], ['threads', 10], ['gevent', 10],
] as const)('a %s worker is restarted after %d liveness probes without an answer', (pool, failureThreshold) => {
  const manifests = synth((chart) => void new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), pool: WorkerPool[pool]() }));
  const liveness = manifests.main('celery-worker').livenessProbe;
  expect(liveness).toMatchObject({ periodSeconds: 10, timeoutSeconds: 5, failureThreshold });
  // Whenever the first of them begins, code that holds the GIL for so long is survived.
  const survived = (seconds: number) => Math.floor(seconds / liveness.periodSeconds) + 1 < liveness.failureThreshold;
  expect([survived(60), survived(80)]).toEqual(pool === 'prefork' ? [false, false] : [true, true]);
});

test('a process that hangs is killed no later than one that stops', () => {
  const grace = (props: Props) => synth(components(props)).main('celery-worker').livenessProbe.terminationGracePeriodSeconds;
  expect(grace({ longestTask: Duration.seconds(5) })).toBe(5 + 15);
  expect(grace({ longestTask: Duration.hours(1) })).toBe(60);
  expect(grace({ healthCheck: HealthCheck.agent({ terminationGracePeriod: Duration.minutes(2) }) })).toBe(120);
});

test('each option of the agent is where it is read', () => {
  const all: Required<AgentHealthCheckOptions> = {
    interval: Duration.millis(2500), stallAfter: Duration.minutes(2), deafAfter: Duration.seconds(31), poolAfter: Duration.seconds(32),
    hangAfter: Duration.minutes(3), startAfter: Duration.minutes(20), beatSlack: Duration.hours(1), terminationGracePeriod: Duration.seconds(7),
    port: 9000,
  };
  const manifests = synth(components({ healthCheck: HealthCheck.agent(all) }));
  expect(agentEnv(manifests, 'celery-worker')).toMatchObject({
    CDK8S_CELERY_AGENT_PORT: '9000', CDK8S_CELERY_AGENT_INTERVAL: '2.5', CDK8S_CELERY_AGENT_STALL_AFTER: '120', CDK8S_CELERY_AGENT_DEAF_AFTER: '31',
    CDK8S_CELERY_AGENT_POOL_AFTER: '32', CDK8S_CELERY_AGENT_HANG_AFTER: '180', CDK8S_CELERY_AGENT_START_AFTER: '1200',
  });
  expect(agentEnv(manifests, 'celery-beat')).toMatchObject({
    CDK8S_CELERY_AGENT_PORT: '9000', CDK8S_CELERY_AGENT_INTERVAL: '2.5', CDK8S_CELERY_AGENT_BEAT_SLACK: '3600',
  });
  for (const name of ['celery-worker', 'celery-beat']) {
    const { ports, livenessProbe, readinessProbe, startupProbe } = manifests.main(name);
    expect(ports).toEqual([{ containerPort: 9000, name: 'health' }]);
    expect([livenessProbe, readinessProbe, startupProbe].map(({ httpGet }) => httpGet.port)).toEqual([9000, 9000, 9000]);
    expect(livenessProbe.terminationGracePeriodSeconds).toBe(7);
  }
});

describe('a scheduler of the user\'s own', () => {
  const scheduler = 'django_celery_beat.schedulers:DatabaseScheduler';

  test('is wrapped by the agent', () => {
    const manifests = synth(components({ scheduler }));
    expect(options(manifests, 'celery-beat').slice(-2)).toEqual(['-S', 'cdk8s_celery_agent.beat:Scheduler']);
    expect(manifests.env('celery-beat').CDK8S_CELERY_AGENT_SCHEDULER).toBe(scheduler);
    expect(manifests.env('celery-worker')).not.toHaveProperty('CDK8S_CELERY_AGENT_SCHEDULER');
  });

  test('is what -S gets without the agent', () => {
    const manifests = synth(components({ scheduler, healthCheck: HealthCheck.none() }));
    expect(options(manifests, 'celery-beat').slice(-2)).toEqual(['-S', scheduler]);
    expect(agentEnv(manifests, 'celery-beat')).toEqual({});
  });
});

describe.each([
  ['none()', HealthCheck.none(), NO_PROBES],
  ['probes() without one', HealthCheck.probes({}), NO_PROBES],
  ['probes()', HealthCheck.probes({
    startup: { exec: { command: ['true', 'startup'] }, failureThreshold: 9 },
    readiness: { exec: { command: ['true', 'readiness'] } },
    liveness: { exec: { command: ['true', 'liveness'] }, periodSeconds: 60 },
  }), {
    startupProbe: { exec: { command: ['true', 'startup'] }, failureThreshold: 9 },
    readinessProbe: { exec: { command: ['true', 'readiness'] } },
    livenessProbe: { exec: { command: ['true', 'liveness'] }, periodSeconds: 60 },
  }],
])('%s', (_what, healthCheck, expected) => {
  const manifests = synth(components({ healthCheck }));

  test.each(['celery-worker', 'celery-beat'])('has these probes in %s, and nothing of the agent', (name) => {
    expect(probes(manifests, name)).toEqual(expected);
    expect(options(manifests, name)).not.toEqual(expect.arrayContaining([expect.stringContaining('agent')]));
    expect(agentEnv(manifests, name)).toEqual({});
    expect(manifests.env(name).PYTHONPATH).toBe('/app');
    expect(manifests.main(name).volumeMounts.map((mount) => mount.name)).not.toContain('agent');
    expect(manifests.main(name).ports).toBeUndefined();
  });

  test('has no ConfigMap of the agent', () => {
    expect(manifests.find('ConfigMap', 'celery-agent')).toBeUndefined();
  });
});

describe('PYTHONPATH of the user\'s own', () => {
  const given = (value: string, healthCheck?: HealthCheck) =>
    synth(components({ env: [{ name: 'PYTHONPATH', value }], healthCheck }));

  test.each([
    ['/srv/lib', '/srv/lib:/app:/opt/celery-agent'], ['/srv/lib:/app', '/srv/lib:/app:/opt/celery-agent'], ['/app:/srv/lib', '/app:/srv/lib:/opt/celery-agent'],
    ['', '/app:/opt/celery-agent'], [':/srv/lib:', '/srv/lib:/app:/opt/celery-agent'],
  ])('%j comes first, and has the code and the agent behind it', (value, expected) => {
    for (const name of ['celery-worker', 'celery-beat']) expect(given(value).env(name).PYTHONPATH).toBe(expected);
  });

  test('has the code behind it without the agent', () => {
    expect(given('/srv/lib', HealthCheck.none()).env('celery-worker').PYTHONPATH).toBe('/srv/lib:/app');
  });

  test('is as it was given in Flower, which has neither', () => {
    const env = [{ name: 'PYTHONPATH', value: '/srv/lib' }];
    expect(synth((chart) => void new CeleryFlower(chart, 'flower', { celery: celeryApp(chart), env })).env('celery-flower').PYTHONPATH).toBe('/srv/lib');
  });

  test('is refused where its value is not known at synth', () => {
    expect(refusals((chart) => {
      new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), env: [{ name: 'PYTHONPATH', valueFrom: { secretKeyRef: { name: 'secret', key: 'path' } } }] });
    })).toEqual(['[chart/worker] env: \'PYTHONPATH\' comes from elsewhere, so /app and /opt/celery-agent cannot be added to it; give its value']);
  });
});

/** A Beat of an app whose packages are all known. */
function beatOf(scheduler: string, requirements: string[]): (chart: Chart) => void {
  const code = AppCode.fromInline({ 'tasks.py': TASKS, 'proj/beat.py': '' });
  const runtime = PythonRuntime.install({ celery: '5.6.3', requirements });
  return (chart) => void new CeleryBeat(chart, 'beat', { celery: celeryApp(chart, { code, runtime }), scheduler });
}

describe('refuses', () => {
  const refused = (given: AgentHealthCheckOptions): string[] => refusals((chart) =>
    new CeleryWorker(chart, 'worker', { celery: celeryApp(chart), healthCheck: HealthCheck.agent(given) }));

  test.each(['stallAfter', 'deafAfter', 'poolAfter', 'hangAfter', 'startAfter', 'beatSlack'])('%s below twice the interval, and takes it from there', (threshold) => {
    expect(refused({ interval: Duration.seconds(10), [threshold]: Duration.seconds(19) })).toEqual([
      `[chart/worker] healthCheck.${threshold}: '19 seconds' is less than twice the interval, 10 seconds: one slow look would count as a failure; `
      + 'raise it, or lower the interval',
    ]);
    expect(() => refused({ interval: Duration.seconds(10), [threshold]: Duration.seconds(20) })).toThrow('Nothing was refused');
  });

  test.each([80, 1023, 65536, 8790.5, NaN])('port %p', (port) => {
    expect(refused({ port })).toEqual([
      `[chart/worker] healthCheck.port: ${port} is not a port that a process without root may open; give a port from 1024 to 65535`,
    ]);
  });

  test.each([1024, 65535])('not port %p', (port) => {
    expect(() => refused({ port })).toThrow('Nothing was refused');
  });

  test.each([
    [{ interval: Duration.millis(49) }, 'healthCheck.interval: \'49 millis\' is too short; give e.g. Duration.seconds(5)'],
    [{ terminationGracePeriod: Duration.seconds(0) },
      'healthCheck.terminationGracePeriod: \'0 seconds\' is not a whole number of at least 1 seconds; give e.g. Duration.seconds(30)'],
  ])('%p', (given, message) => {
    expect(refused(given)).toEqual([`[chart/worker] ${message}`]);
  });

  test.each([
    ['redbeat.RedBeatScheduler', [], 'add \'celery-redbeat\' to the requirements of PythonRuntime.install'],
    ['nosuch:Scheduler', [], 'add its package to the requirements of PythonRuntime.install'],
  ])('the scheduler %s that nothing brings', (scheduler, requirements, fix) => {
    expect(refusals(beatOf(scheduler, requirements)))
      .toEqual([`[chart/beat] scheduler: '${scheduler}' is neither in Celery nor in the code, and nothing else is installed; ${fix}`]);
  });

  test.each([
    ['redbeat.RedBeatScheduler', ['celery-redbeat']], ['proj.beat:Scheduler', []], ['celery.beat:PersistentScheduler', []],
  ])('but not the scheduler %s with the requirements %j', (scheduler, requirements) => {
    expect(synth(beatOf(scheduler, requirements)).get('Deployment', 'celery-beat').kind).toBe('Deployment');
  });

  test('variables that the agent is told by', () => {
    const env = [{ name: 'CDK8S_CELERY_AGENT_PORT', value: '1' }, { name: 'CDK8S_CELERY_AGENT_BROKER_TIMEOUT', value: '3' }];
    const message = 'env.CDK8S_CELERY_AGENT_PORT: \'1\' would take the place of what the agent and its probes read; '
      + 'remove it; give thresholds and the port in HealthCheck.agent({ ... })';
    expect(refusals((chart) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), env }))).toEqual([`[chart/beat] ${message}`]);
    synth((chart) => void new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), env, healthCheck: HealthCheck.none() }));
  });

  test.each(['', 'my scheduler', 'redbeat:', 'a/b.py:C', 'x;y'])('the scheduler %p', (scheduler) => {
    expect(refusals((chart) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), scheduler }))).toEqual([
      `[chart/beat] scheduler: '${scheduler}' is not what \`celery beat -S\` takes; `
      + 'give module:Class, e.g. \'django_celery_beat.schedulers:DatabaseScheduler\'',
    ]);
  });

  test('all that is wrong at once', () => {
    const healthCheck = HealthCheck.agent({ interval: Duration.minutes(1), deafAfter: Duration.seconds(5), port: 80 });
    expect(refusals((chart) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), scheduler: '-', healthCheck })).map((line) => line.split(': ')[0])).toEqual([
      'scheduler', 'healthCheck.port', 'healthCheck.stallAfter', 'healthCheck.deafAfter', 'healthCheck.poolAfter', 'healthCheck.beatSlack',
    ].map((prop) => `[chart/beat] ${prop}`));
  });
});
