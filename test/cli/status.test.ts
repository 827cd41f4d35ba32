import { Answers, withKubectl } from './fake-kubectl';
import { status } from '../../src/cli/status';
import { Manifest } from '../manifests';

/** Runs `cdk8s-celery status` with a kubectl that notes how it is called. */
async function run(args: string[], answers: Answers | 'no kubectl' = {}) {
  let stdout = '';
  let stderr = '';
  const { result: code, calls } = await withKubectl(answers === 'no kubectl' ? undefined : answers, () => status(args, (text) => stdout += text, (text) => stderr += text));
  return { code, stdout, stderr, calls };
}

interface PodOptions {
  readonly role?: string;
  readonly namespace?: string;
  readonly phase?: string;
  readonly ready?: boolean;
  readonly port?: number | null;
  readonly deletionTimestamp?: string;
  readonly waiting?: string;
  readonly lastState?: object;
  readonly message?: string;
}

/** A pod as the API server tells of it. */
function pod(name: string, { role = 'worker', namespace = 'shop', phase = 'Running', ready = true, port = 8790, deletionTimestamp, waiting, lastState, message }: PodOptions = {}): object {
  return {
    metadata: { name, namespace, labels: { component: role }, deletionTimestamp },
    spec: { containers: [{ name: 'sidecar' }, { name: role, ports: port === null ? [] : [{ name: 'health', containerPort: port }] }] },
    status: {
      phase,
      conditions: [{ type: 'Initialized', status: 'True' }, { type: 'Ready', status: ready ? 'True' : 'False', message }],
      containerStatuses: [{ state: waiting ? { waiting: { reason: waiting } } : { running: {} }, lastState, restartCount: lastState && 4 }],
    },
  };
}

const list = (...pods: object[]): Answers => ({ 'get pods': [JSON.stringify({ items: pods })] });

/** The answer of an agent, of a pod. */
function agent(name: string, given: object = {}, namespace = 'shop', port = 8790): Answers {
  return { [proxy(name, namespace, port)]: [JSON.stringify({ ...WORKER, ...given })] };
}

const proxy = (name: string, namespace = 'shop', port = 8790): string => `get --raw /api/v1/namespaces/${namespace}/pods/http:${name}:${port}/proxy/status`;

const VERSIONS = { celery: '5.3.4', kombu: '5.6.2', python: '3.11.7' };
const WORKER = {
  role: 'worker', live: true, ready: true, reason: '', now: '2026-01-01T12:00:00+00:00', queues: { celery: 3, mail: null }, active: 1, concurrency: 2,
  last_receipt: '2026-01-01T11:59:18+00:00', last_tick: '2026-01-01T11:59:59+00:00', versions: VERSIONS,
};
const BEAT = {
  role: 'beat', queues: undefined, active: undefined, concurrency: undefined, last_receipt: undefined, last_tick: '2026-01-01T11:55:00+00:00',
};

describe('when all is well', () => {
  const answers: Answers = {
    ...list(pod('worker-1'), pod('beat-1', { role: 'beat' }), pod('flower-1', { role: 'flower', port: null })),
    ...agent('worker-1'), ...agent('beat-1', BEAT),
  };

  test('prints one line a pod, and returns 0', async () => {
    const { code, stdout, stderr } = await run(['-n', 'shop'], answers);
    expect(stdout).toBe([
      'POD       ROLE    LIVE  READY  QUEUES           ACTIVE  LAST TASK  VERSIONS                                  REASON',
      'worker-1  worker  yes   yes    celery=3,mail=?  1/2     42s ago    celery 5.3.4, kombu 5.6.2, python 3.11.7',
      'beat-1    beat    yes   yes    -                -       5m ago     celery 5.3.4, kombu 5.6.2, python 3.11.7',
      'flower-1  flower  yes   yes    -                -       -          -',
      '',
    ].join('\n'));
    expect([code, stderr]).toEqual([0, '']);
  });

  test('prints the same as JSON', async () => {
    const { code, stdout } = await run(['-n', 'shop', '-o', 'json'], answers);
    const { queues, active, concurrency, last_receipt, ...beat } = { ...WORKER, ...BEAT };
    expect(JSON.parse(stdout)).toEqual([
      { namespace: 'shop', pod: 'worker-1', role: 'worker', live: true, ready: true, reason: '', agent: WORKER },
      { namespace: 'shop', pod: 'beat-1', role: 'beat', live: true, ready: true, reason: '', agent: beat },
      { namespace: 'shop', pod: 'flower-1', role: 'flower', live: true, ready: true, reason: '' },
    ]);
    expect(code).toBe(0);
  });

  test('asks each agent once from inside its pod, then by the API server', async () => {
    const { calls } = await run(['-n', 'shop'], answers);
    expect(calls[0]).toBe('get pods -n shop -l app.kubernetes.io/name=celery -o json');
    expect(calls[1]).toBe('get deployments -n shop -l app.kubernetes.io/name=celery -o json');
    expect(calls.slice(2).sort()).toEqual([expect.stringMatching(/^exec -n shop beat-1 /), expect.stringMatching(/^exec -n shop worker-1 /), proxy('beat-1'), proxy('worker-1')]);
  });
});

describe('returns 1', () => {
  const reasons = async (answers: Answers): Promise<[number, string[][]]> => {
    const { code, stdout } = await run([], answers);
    return [code, stdout.trim().split('\n').slice(1).map((line) => line.split(/ {2,}/)).map((cells) => [cells[0], cells[2], cells[3], cells.at(-1)!])];
  };

  test('for a worker that is live and does not consume, with the reason', async () => {
    const reason = 'not consuming: not connected to the broker';
    expect(await reasons({ ...list(pod('a'), pod('b')), ...agent('a', { ready: false, reason }), ...agent('b') })).toEqual([1, [
      ['a', 'yes', 'NO', reason], ['b', 'yes', 'yes', 'celery 5.3.4, kombu 5.6.2, python 3.11.7'],
    ]]);
  });

  test('for a worker that is not live', async () => {
    expect(await reasons({ ...list(pod('a')), ...agent('a', { live: false, ready: false, reason: 'deaf: messages wait' }) }))
      .toEqual([1, [['a', 'NO', 'NO', 'deaf: messages wait']]]);
  });

  test.each([[{ live: false }], [{ ready: false }]])('for an agent that says %p and no reason', async (given) => {
    expect((await run([], { ...list(pod('a')), ...agent('a', given) })).code).toBe(1);
  });

  test('for a pod that is not there yet, with what it waits for', async () => {
    expect(await reasons(list(
      pod('installs', { phase: 'Pending', ready: false, waiting: 'PodInitializing' }),
      pod('pending', { phase: 'Pending', ready: false, message: '0/3 nodes are available' }),
    ))).toEqual([1, [['installs', '?', 'NO', 'PodInitializing'], ['pending', '?', 'NO', '0/3 nodes are available']]]);
  });

  test('for a pod without agent that is not ready', async () => {
    expect(await reasons(list(pod('flower-1', { role: 'flower', port: null, ready: false, message: 'containers with unready status: [flower]' }))))
      .toEqual([1, [['flower-1', 'NO', 'NO', 'containers with unready status: [flower]']]]);
  });

  test('for an agent that does not answer, with the words of kubectl', async () => {
    expect(await reasons({
      ...list(pod('a', { ready: false })), 'get --raw': ['error dialing backend: refused\nmore', 1], 'exec': ['command terminated', 1],
    })).toEqual([1, [['a', '?', 'NO', 'the agent does not answer: error dialing backend: refused']]]);
  });

  test('for a container that ends again and again, without asking it', async () => {
    const lastState = { terminated: { exitCode: 1 } };
    expect(await reasons(list(pod('a', { ready: false, waiting: 'CrashLoopBackOff', lastState }))))
      .toEqual([1, [['a', '?', 'NO', 'CrashLoopBackOff (ended with 1; 4 restarts)']]]);
  });

  test('for two Beats on one schedule', async () => {
    expect(await reasons({ ...list(pod('b', { role: 'beat' })), ...agent('b', { ...BEAT, rival: 'beat-2:1' }) }))
      .toEqual([1, [['b', 'yes', 'yes', 'another Beat works on the same schedule: beat-2:1']]]);
  });

  test('for an error of the agent itself', async () => {
    expect(await reasons({ ...list(pod('a')), ...agent('a', { live: true, ready: false, reason: 'cannot connect to redis://:hunter2@h' }) }))
      .toEqual([1, [['a', 'yes', 'NO', 'cannot connect to redis://:***@h']]]);
    expect(await reasons({ ...list(pod('a')), ...agent('a', { agent_errors: [{ error: 'look: KeyError: 1' }] }) }))
      .toEqual([1, [['a', 'yes', 'yes', 'an error of the agent itself: look: KeyError: 1']]]);
  });

  test('for pods that a Deployment lacks, even when there is none', async () => {
    const deployment = (replicas: number, conditions: object[] = []) => ({ 'get deployments': [JSON.stringify({ items: [{
      metadata: { name: 'w', namespace: 'shop', labels: { component: 'worker' } },
      spec: { replicas, selector: { matchLabels: { component: 'worker' } } }, status: { conditions },
    }] })] }) as Answers;
    const failure = [{ type: 'ReplicaFailure', status: 'True', message: 'exceeded quota' }];
    expect(await reasons({ ...list(), ...deployment(2, failure) })).toEqual([1, [['deployment/w', '?', 'NO', 'has 0 of 2 pods: exceeded quota']]]);
    expect(await reasons({ ...list(pod('a')), ...agent('a'), ...deployment(2) })).toEqual([1, [['deployment/w', '?', 'NO', 'has 1 of 2 pods'],
      ['a', 'yes', 'yes', 'celery 5.3.4, kombu 5.6.2, python 3.11.7']]]);
    expect(await reasons({ ...list(pod('a')), ...agent('a'), ...deployment(1) })).toEqual([0, [['a', 'yes', 'yes', 'celery 5.3.4, kombu 5.6.2, python 3.11.7']]]);
    expect(await reasons({ ...list(), ...deployment(0) })).toEqual([1, [['deployment/w', '?', 'NO', 'is scaled to 0, and no worker of the app runs']]]);
    expect(await reasons({ ...list(pod('a')), ...agent('a'), ...deployment(0) })).toEqual([0, [['deployment/w', '?', '?', 'is scaled to 0'],
      ['a', 'yes', 'yes', 'celery 5.3.4, kombu 5.6.2, python 3.11.7']]]);
    const scaler = (name: string): Answers => ({ 'get horizontalpodautoscalers': [JSON.stringify({ items: [{ metadata: { name: 'keda-hpa-w', namespace: 'shop' },
      spec: { scaleTargetRef: { kind: 'Deployment', name } } }] })] });
    expect(await reasons({ ...list(), ...deployment(0), ...scaler('w') })).toEqual([0, [['deployment/w', '?', '?', 'is scaled to 0 by an autoscaler']]]);
    expect((await reasons({ ...list(), ...deployment(0), ...scaler('other') }))[0]).toBe(1);
  });

  test.each([['<html>', /: .*JSON/], ['{"status": "ok"}', /: '{"status": "ok"}' is not its answer$/], ['null', /: 'null' is not its answer$/]])(
    'for %p, which is no answer of an agent', async (answer, message) => {
      expect(await reasons({ ...list(pod('a')), 'get --raw': [answer] }))
        .toEqual([1, [['a', '?', 'yes', expect.stringMatching(`^the agent does not answer${message.source}`)]]]);
    },
  );
});

describe('what is delivered and not acknowledged', () => {
  const held = (name: string, unacked: number | null, now = WORKER.now): Answers => agent(name, { unacked, oldest_unacked: unacked ? '2026-01-01T11:30:00+00:00' : null, now });
  const lines = async (answers: Answers) => (await run([], { ...list(pod('a'), pod('b')), ...answers })).stdout.trim().split('\n').slice(3);

  test('is one line for an app, with the newest number and its age', async () => {
    expect(await lines({ ...held('a', 3, '2026-01-01T12:00:05+00:00'), ...held('b', 2) }))
      .toEqual(['-: 3 messages are delivered and not acknowledged, the oldest for 30m (counted every 30 seconds), by workers, or by one that has died (cdk8s-celery requeue)']);
  });

  test.each([0, null])('is no line where the number is %p', async (unacked) => {
    expect(await lines({ ...held('a', unacked), ...held('b', unacked) })).toEqual([]);
  });
});

describe('the cause of what does not run is', () => {
  const stopped = (waiting: object | undefined, lastState?: object, terminated?: object): object => ({
    ...pod('a', { ready: false }), status: { phase: waiting || terminated ? 'Pending' : 'Running', conditions: [], containerStatuses: [
      { name: 'worker', state: waiting ? { waiting } : { terminated }, lastState, restartCount: 2 }] },
  });
  const crashed = stopped({ reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container=worker' }, { terminated: { exitCode: 1 } });

  const initial = (given: object): object => {
    const { status: state, ...rest } = stopped({ reason: 'PodInitializing' }) as Manifest;
    return {
      ...rest, spec: { ...rest.spec, initContainers: [{ name: 'migrated', ...given }] },
      status: { ...state, initContainerStatuses: [{ name: 'install', state: { terminated: { exitCode: 0 } } }, { name: 'migrated', state: { running: {} } }] },
    };
  };

  test.each<[string, object, Answers, string]>([
    ['the message of the container', stopped({ reason: 'CreateContainerConfigError', message: 'secret "redis-url" not found' }), {},
      'CreateContainerConfigError: secret "redis-url" not found'],
    ['the last line of the log', crashed, { 'logs a -n shop -c worker --tail=20 --previous': ['Traceback\n  File "x"\nImportError: no shop\n\n'] },
      'CrashLoopBackOff (ended with 1; 2 restarts): ImportError: no shop'],
    ['what the runtime says of the end', stopped({ reason: 'RunContainerError' }, { terminated: { exitCode: 128, message: 'exec: "celry": not found' } }), {},
      'RunContainerError (ended with 128; 2 restarts): exec: "celry": not found'],
    ['the end, where there is no log', crashed, {}, 'CrashLoopBackOff (ended with 1; 2 restarts)'],
    ['the end, where the cluster has the log no longer, which kubectl says on standard output', crashed, { 'logs a': ['unable to retrieve container logs for containerd://0a1b'] },
      'CrashLoopBackOff (ended with 1; 2 restarts)'],
    ['the log that the cluster has, of one that waits', crashed, { '--previous': ['unable to retrieve container logs for containerd://0a1b'], 'logs a': ['ImportError: no shop'] },
      'CrashLoopBackOff (ended with 1; 2 restarts): ImportError: no shop'],
    ['what the init container says that the others wait for', initial({}), { 'logs a -n shop -c migrated --tail=20': ['[1] waits: 2 migrations are not applied'] },
      'init container migrated has not ended yet: [1] waits: 2 migrations are not applied'],
    ['that init container, where it says nothing', initial({}), {}, 'init container migrated has not ended yet'],
    ['that of the pod, where only a sidecar runs', initial({ restartPolicy: 'Always' }), {}, 'PodInitializing'],
    ['of a container that has just ended, its log so far', stopped(undefined, undefined, { exitCode: 2, reason: 'Error' }),
      { 'logs a -n shop -c worker --tail=20': ['Error: no such option'] }, 'Error (ended with 2; 2 restarts): Error: no such option'],
  ])('%s', async (_, broken, answers, reason) => {
    const { code, stdout } = await run(['-n', 'shop'], { ...list(broken), ...answers });
    expect(code).toBe(1);
    expect(stdout.trimEnd().split(/ {2,}/).at(-1)).toBe(reason);
  });

  test('no password of a log', async () => {
    const { stdout } = await run(['-n', 'shop'], { ...list(crashed), 'logs a': ['cannot connect to redis://:hunter2@h'] });
    expect(stdout).toContain('redis://:***@h');
    expect(stdout).not.toContain('hunter2');
  });

  test('what the broker says, unless the reason says it already', async () => {
    const refused = 'AuthenticationError: invalid username-password pair';
    const row = async (reason: string) => (await run([], { ...list(pod('a')), ...agent('a', { ready: false, reason, broker: { error: refused } }) })).stdout.trim().split(/ {2,}/).at(-1);
    expect(await row('not consuming: not connected to the broker')).toBe(`not consuming: not connected to the broker: ${refused}`);
    expect(await row(`not consuming: ${refused}`)).toBe(`not consuming: ${refused}`);
  });
});

describe('messages that wait while no worker runs', () => {
  const deployment = (name: string, replicas: number, queue?: string): object => ({
    kind: 'Deployment', metadata: { name, namespace: 'shop', labels: { 'component': 'worker', 'app.kubernetes.io/part-of': 'celery' } },
    spec: { replicas, selector: { matchLabels: { pool: name } }, template: { spec: { containers: [{ name: 'worker',
      command: ['celery', '-A', 'tasks', 'worker', ...queue === undefined ? [] : ['--queues', queue], '--', 'task.acks_late=1'],
      env: [{ name: 'CELERY_BROKER_URL', value: 'redis://redis.data.svc.cluster.local:6379/2' }] }] } } },
  });
  const beat = {
    metadata: { name: 'beat-1', namespace: 'shop', labels: { 'component': 'beat', 'app.kubernetes.io/part-of': 'celery' } },
    spec: { containers: [{ name: 'beat', ports: [{ name: 'health', containerPort: 8790 }], command: ['python', '-m', 'cdk8s_celery_launch', 'celery', '-A', 'tasks', 'beat'] }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  };
  const deployments = (...items: object[]): Answers => ({ 'get deployments': [JSON.stringify({ items })] });
  const depths = (queues: object, more: object = {}): Answers => ({ 'exec -i -n shop beat-1 -c beat -- python -m cdk8s_celery_launch python - ': [
    `the app prints\n${JSON.stringify({ queues, declared: ['celery'], unacked: null, ...more })}\n`] });
  const rows = async (answers: Answers) => {
    const { code, stdout, calls } = await run(['-n', 'shop'], answers);
    return { code, calls, rows: stdout.trim().split('\n').slice(1).map((line) => line.split(/ {2,}/)).map((cells) => [cells[0], cells[4], cells.at(-1)]) };
  };

  test('are counted from another pod of the app', async () => {
    const { code, rows: found, calls } = await rows({
      ...list(beat), ...agent('beat-1', BEAT), ...deployments(deployment('mail', 0, 'mail,post'), deployment('w', 0)), ...depths({ mail: 7, post: 0, celery: 0 }),
    });
    expect(code).toBe(1);
    expect(found.slice(0, 2)).toEqual([
      ['deployment/mail', 'mail=7,post=0', 'is scaled to 0, and no worker of the app runs; messages wait (7 in mail), and no worker runs'],
      ['deployment/w', 'celery=0', 'is scaled to 0, and no worker of the app runs'],
    ]);
    expect(calls.find((call) => call.startsWith('exec -i'))).toContain('{"options":{"--app":"tasks"},"settings":[],"queues":["mail","post"]}');
  });

  test('are counted by redis-cli where no pod of the app runs', async () => {
    const { code, rows: found } = await rows({
      ...list(), ...deployments(deployment('mail', 0, 'mail')), 'exec -n data service/redis -- redis-cli -n 2 llen mail\x06': ['1\n'],
      'exec -n data service/redis -- redis-cli -n 2 llen mail': ['4\n'], 'exec -n data service/redis -- redis-cli -n 2 hlen unacked': ['0\n'],
    });
    expect([code, found]).toEqual([1, [['deployment/mail', 'mail=7', 'is scaled to 0, and no worker of the app runs; messages wait (7 in mail), and no worker runs']]]);
  });

  test('are counted over TLS in a Redis that takes nothing else, and not of another broker', async () => {
    const asked = async (scheme: string) => {
      const item = JSON.parse(JSON.stringify(deployment('mail', 0, 'mail')).replaceAll('redis://', `${scheme}://`)) as object;
      return (await rows({
        ...list(), ...deployments(item), 'exec -n data service/redis -- redis-cli --tls --insecure -n 2 llen mail\x06': ['0\n'],
        'exec -n data service/redis -- redis-cli --tls --insecure -n 2 llen mail': ['4\n'], 'exec -n data service/redis -- redis-cli --tls --insecure -n 2 hlen unacked': ['0\n'],
      })).rows[0];
    };
    expect((await asked('rediss'))[1]).toBe('mail=4');
    expect((await asked('amqp')).join()).toContain('it is no Redis with a Service that redis-cli could be run in');
  });

  test('are not well though an autoscaler has scaled it to 0; and none are', async () => {
    const scaler: Answers = { 'get horizontalpodautoscalers': [JSON.stringify({ items: [{ metadata: { name: 's', namespace: 'shop' },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'mail' } } }] })] };
    const answers = { ...list(beat), ...agent('beat-1', BEAT), ...deployments(deployment('mail', 0, 'mail')), ...scaler };
    expect((await rows({ ...answers, ...depths({ mail: 1 }) })).code).toBe(1);
    expect((await rows({ ...answers, ...depths({ mail: 0 }) })).code).toBe(0);
  });

  test('are said to be unknown where the broker does not answer', async () => {
    const { rows: found } = await rows({ ...list(beat), ...agent('beat-1', BEAT), ...deployments(deployment('mail', 0, 'mail')),
      'exec -i -n shop beat-1': ['{"error": "OperationalError: redis://:hunter2@h refuses"}'] });
    expect(found[0][2]).toBe('is scaled to 0, and no worker of the app runs; how many messages wait is not known: OperationalError: redis://:***@h refuses');
  });
});

describe('an answer that is not as an agent gives it', () => {
  const ESC = '\u001b[2J';
  const ODD: Array<[object, string]> = [
    [{ versions: null }, 'its versions is null, and not a map of versions'], [{ versions: { celery: 5 } }, 'its versions is {"celery":5}, and not a map of versions'],
    [{ reason: { a: 1 } }, 'its reason is {"a":1}, and not a text'], [{ reason: undefined }, 'its reason is missing, and not a text'],
    [{ ready: 'yes' }, 'its ready is "yes", and not true or false'], [{ now: 5 }, 'its now is 5, and not a text'],
    [{ queues: [] }, 'its queues is [], and not a map of numbers'], [{ queues: { a: {} } }, 'its queues is {"a":{}}, and not a map of numbers'],
    [{ active: '1' }, 'its active is "1", and not a number'], [{ agent_errors: {} }, 'its agent_errors is {}, and not a list of errors'],
    [{ agent_errors: [null] }, 'its agent_errors is [null], and not a list of errors'], [{ last_tick: [] }, 'its last_tick is [], and not a text'],
    [{ rival: 1 }, 'its rival is 1, and not a text'],
  ];

  test.each(ODD)('%j is told, and does not hide the others', async (given, message) => {
    const { code, stdout, stderr } = await run([], { ...list(pod('a'), pod('b')), ...agent('a', given), ...agent('b') });
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(new RegExp(`^a .* the agent does not answer: ${message.replace(/[{}[\]()?]/g, '\\$&')}$`, 'm'));
    expect(stdout).toMatch(/^b +worker +yes +yes/m);
  });

  test('null where there is nothing yet is fine', async () => {
    const nothing = { queues: null, active: null, concurrency: null, last_receipt: null, last_tick: null, rival: null, agent_errors: null };
    expect((await run([], { ...list(pod('a')), ...agent('a', nothing) })).code).toBe(0);
  });

  test.each<[string, object]>([
    ['reason', { reason: `bad${ESC}\n::error::x` }], ['a queue', { queues: { [`${ESC}q`]: 1 } }],
    ['a version', { versions: { ...VERSIONS, celery: `5${ESC}\u009b` } }], ['an error of the agent', { agent_errors: [{ error: ESC }] }], ['a rival', { rival: ESC }],
  ])('control characters in %s are shown and not obeyed', async (_, given) => {
    for (const output of ['table', 'json']) {
      const { stdout } = await run(['-o', output], { ...list(pod('a')), ...agent('a', given) });
      expect(stdout).not.toMatch(/[^\n\P{Cc}]/u);
      expect(stdout).not.toMatch(/^\s*::/m);
      if (output === 'table') expect(stdout).toContain('\\x1b[2J');
      if (output === 'table') expect(stdout.trim().split('\n')).toHaveLength(2);
    }
  });

  test('a reason of 100 kB is shortened', async () => {
    for (const output of ['table', 'json']) {
      const { code, stdout } = await run(['-o', output], { ...list(pod('a')), ...agent('a', { reason: `begin ${'x'.repeat(1e5)}` }) });
      expect(code).toBe(1);
      expect(stdout).toContain('begin xxx');
      expect(stdout.length).toBeLessThan(5000);
    }
  });

  test('pods and Deployments of other types than the API gives are no crash', async () => {
    const odd = [{}, null, 5, { metadata: null, spec: { containers: 5 } }, { status: { phase: 'Running', conditions: {} }, spec: { containers: [{ ports: [null] }] } }];
    const answers = { 'get pods': [JSON.stringify({ items: odd })], 'get deployments': [JSON.stringify({ items: [null, { spec: { replicas: 'x' } }] })] } as Answers;
    const { code, stdout, stderr } = await run([], answers);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout.trim().split('\n').length).toBeGreaterThan(5);
  });

  test.each(['', 'null', '{}', '{"items": {}}', '<html>\u001b[2J'])('a list of pods that is %j is told', async (answer) => {
    const { code, stderr } = await run([], { 'get pods': [answer] });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^cdk8s-celery status: the answer of kubectl is no list of objects: '[ -~]*'\n$/);
  });
});

describe('returns 2', () => {
  test.each([
    [['-n', 'shop'], 'no pods of a Celery app in namespace \'shop\''],
    [['-A'], 'no pods of a Celery app in any namespace'],
    [['--app', 'mail'], 'no pods of the app \'mail\' in the namespace of the context'],
  ])('for no pods (%j)', async (args, message) => {
    expect(await run(args, list())).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(`^cdk8s-celery status: ${message}; is it deployed there\\?`) });
  });

  test('for no pods but those on their way out', async () => {
    expect(await run([], list(pod('a', { deletionTimestamp: '2026-01-01T12:00:00Z' })))).toMatchObject({ code: 2, stdout: '' });
  });

  test('for a cluster that refuses, with its words', async () => {
    expect(await run([], { 'get pods': ['Error from server (Forbidden): pods is forbidden', 1] }))
      .toMatchObject({ code: 2, stdout: '', stderr: 'cdk8s-celery status: Error from server (Forbidden): pods is forbidden\n' });
  });

  test('for no kubectl', async () => {
    const { code, stdout, stderr } = await run([], 'no kubectl');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe('cdk8s-celery status: kubectl is not on the PATH: install it, see https://kubernetes.io/docs/tasks/tools/\n');
  });

  test.each([
    [['--nonsense'], /--nonsense/],
    [['somewhere'], /somewhere/],
    [['-n'], /-n/],
    [['-o', 'yaml'], /--output yaml is not a format; give table or json/],
    [['-A', '-n', 'shop'], /--namespace and --all-namespaces exclude each other; give one of them/],
  ])('for %j, with the usage, and asks no cluster', async (args, message) => {
    const { code, stdout, stderr, calls } = await run(args);
    expect({ code, stdout, calls }).toEqual({ code: 2, stdout: '', calls: [] });
    expect(stderr).toMatch(message);
    expect(stderr).toContain('Usage: cdk8s-celery status');
  });
});

test('an agent is asked from inside its pod, where no NetworkPolicy is in the way', async () => {
  const { code, stdout, calls } = await run(['-n', 'shop'], {
    ...list(pod('a')), 'get --raw': ['services is forbidden', 1], 'exec -n shop a -c worker -- python -c': [JSON.stringify(WORKER)],
  });
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^a +worker +yes +yes/m)]);
  expect(calls.map((call) => call.split(' ')[0])).toEqual(['get', 'get', 'exec']);
});

test.each([{ deletionTimestamp: '2026-01-01T12:00:00Z' }, { phase: 'Failed', ready: false }])('a pod that others have replaced is left out, and not asked: %j', async (old) => {
  const { code, stdout, calls } = await run([], { ...list(pod('old', old), pod('new')), ...agent('new') });
  expect([code, stdout]).toEqual([0, expect.not.stringContaining('old')]);
  expect(calls.filter((call) => call.startsWith('get --raw'))).toHaveLength(1);
});

test('the port is that of the pod', async () => {
  expect(await run([], { ...list(pod('a', { port: 9000 })), ...agent('a', {}, 'shop', 9000) })).toMatchObject({ code: 0 });
});

test('pods of several namespaces have theirs in front', async () => {
  const { stdout, calls } = await run(['-A'], {
    ...list(pod('a'), pod('a', { namespace: 'mail' })), ...agent('a'), ...agent('a', {}, 'mail'),
  });
  expect(calls[0]).toContain('get pods -A ');
  expect(stdout).toMatch(/^shop\/a .*\n^mail\/a /m);
});

test('--app and --context reach every call', async () => {
  const { calls } = await run(['--context', 'staging', '--app', 'mail'], { ...list(pod('a')), 'get --raw': [JSON.stringify(WORKER)], 'exec': ['no', 1] });
  expect(calls).toHaveLength(4);
  expect(calls.filter((call) => !call.startsWith('--context staging '))).toEqual([]);
  expect(calls[0]).toContain('-l app.kubernetes.io/name=celery,app.kubernetes.io/part-of=mail ');
});

test('more pods than are asked at a time are all there, in order', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `worker-${index}`);
  const { stdout } = await run(['-o', 'json'], { ...list(...names.map((name) => pod(name))), 'get --raw': [JSON.stringify(WORKER)] });
  expect((JSON.parse(stdout) as { pod: string }[]).map((row) => row.pod)).toEqual(names);
});

test.each([
  [null, '-'], ['2026-01-01T12:00:05+00:00', '0s ago'], ['2026-01-01T11:58:01+00:00', '119s ago'], ['2026-01-01T11:58:00+00:00', '2m ago'],
  ['2026-01-01T10:00:01+00:00', '120m ago'], ['2026-01-01T10:00:00+00:00', '2h ago'],
])('the last task at %p was %s, by the clock of the pod', async (last_receipt, text) => {
  const { stdout } = await run([], { ...list(pod('a')), ...agent('a', { last_receipt }) });
  expect(stdout.split('\n')[1].split(/ {2,}/)[6]).toBe(text);
});

test('--help tells all options, and asks no cluster', async () => {
  const { code, stdout, calls } = await run(['--help']);
  expect({ code, calls }).toEqual({ code: 0, calls: [] });
  for (const option of ['--namespace', '--all-namespaces', '--app', '--context', '--output', '--help', 'Exits with']) expect(stdout).toContain(option);
});
