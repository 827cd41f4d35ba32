import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from 'kubernetes-types/core/v1';
import { always, eventually, events, exec, forwarded, kubectl, logs, python, reaches, readyPods, restarts, testIn, told } from './harness';
import { Answer, ask, certificate, controller, htpasswd, Question } from './web';

/** The deployment this project was made for: dist/, exactly as it is. */
const test = testIn('celery', 'redis');

/** All that is to run: namespace, component, number of pods. */
const COMPONENTS = [['celery', 'worker', 2], ['celery', 'beat', 1], ['celery', 'flower', 1], ['redis', 'redis', 1]] as const;
const BROKER = 'redis://redis.redis.svc.cluster.local:6379/0';
const LOCK = readFileSync(join(__dirname, '../../locks/celery-5.3.4-python3.11.txt'), 'utf8');

async function allReady(): Promise<Pod[]> {
  return (await Promise.all(COMPONENTS.map(([namespace, component, count]) => readyPods(namespace, `component=${component}`, count)))).flat();
}

const names = (pods: Pod[]): string[] => pods.map(({ metadata }) => metadata!.name!).sort();

let atFirst: Pod[] = [];
let readySince = 0;

test('one apply brings up two workers, Beat, Flower and Redis', async () => {
  atFirst = await eventually('two workers, Beat, Flower and Redis are Running and ready', 240, allReady);
  readySince = Date.now();
});

test('a second apply changes nothing', async () => {
  const generation = (): Promise<string> => kubectl(['get', 'poddisruptionbudget', 'celery-worker', '-n', 'celery', '-o', 'jsonpath={.metadata.generation}']);
  const before = await generation();
  const lines = (await kubectl(['apply', '-f', join(__dirname, '../../dist')])).trim().split('\n');
  // kubectl always sends the selector of a budget, which the API replaces as a whole, and says `configured`.
  expect(lines.filter((line) => !line.endsWith(' unchanged'))).toEqual(['poddisruptionbudget.policy/celery-worker configured']);
  expect(await generation()).toBe(before);
});

test('nothing has drifted: what the API server would make of dist/ is what it has', async () => {
  // Exits with 1 where there is a difference; a dry run on the server, with its defaults.
  expect(await kubectl(['diff', '-f', join(__dirname, '../../dist')])).toBe('');
});

test('Beat starts, keeps its schedule in /app/data, and its task runs on a worker', async () => {
  await eventually('Beat says that it starts', 60, async () => expect(await logs('celery', 'component=beat')).toMatch(/beat: Starting\.\.\./));
  await eventually('the schedule file is in /app/data', 60, async () => {
    expect(await exec('celery', 'deploy/celery-beat', ['ls', '/app/data'])).toMatch(/^celerybeat-schedule/m);
  });
  const due = await eventually('Beat sends its periodic task', 120, async () => {
    const sent = (await logs('celery', 'component=beat')).match(/Scheduler: Sending due task \S+ \((\S+)\)/);
    expect(sent).not.toBeNull();
    return sent![1];
  });
  await eventually(`a worker has run ${due}`, 60, async () => {
    expect(await logs('celery', 'component=worker')).toMatch(new RegExp(`Task ${due}\\[\\S+\\] succeeded`));
  });
});

test('a bare pod sends tasks.add with 4 and 4, and 8 comes back', async () => {
  await kubectl(['run', 'celery-test', '--image=python:3.11-slim', '-n', 'celery', '--', 'sleep', 'infinity']);
  // While everything else of these tests starts, the node takes a minute and more to create a container.
  await kubectl(['wait', 'pod/celery-test', '-n', 'celery', '--for=condition=Ready', '--timeout=240s']);
  await exec('celery', 'celery-test', ['sh', '-c', 'cat > /tmp/lock.txt && pip install celery[redis]==5.3.4 -c /tmp/lock.txt'], LOCK);
  const send = `from celery import Celery; app = Celery(broker='${BROKER}', backend='${BROKER}'); ` +
    'print(app.send_task("tasks.add", (4, 4)).get(timeout=30))';
  expect(await python('celery', 'celery-test', send)).toBe('8');
});

test('Flower answers 200 to a port-forward of its Service, and lists both workers', async () => {
  await forwarded('celery', 'service/celery-flower', 5555, async (address) => {
    const get = (path: string): Promise<Response> => fetch(`http://${address}${path}`);
    await eventually('Flower answers 200 on /', 60, async () => expect((await get('/')).status).toBe(200));
    await eventually('Flower lists both workers', 60, async () => {
      const { data } = await (await get('/workers?json=1')).json() as { data: { hostname: string }[] };
      expect(data.map(({ hostname }) => hostname).sort()).toEqual(names(await readyPods('celery', 'component=worker', 2)).map((pod) => `celery@${pod}`));
    });
  });
});

test('the network is closed: each pod connects to what its policy lists, and to nothing else', async () => {
  const address = (component: string, port: number): string =>
    `${atFirst.find(({ metadata }) => metadata!.labels!.component === component)!.status!.podIP}:${port}`;
  const redis = 'redis.redis.svc.cluster.local:6379';
  // The API server has a name, so DNS is tried, too.
  const closed = [address('worker', 8790), address('beat', 8790), address('flower', 5555), 'kubernetes.default.svc.cluster.local:443'];
  for (const component of ['worker', 'beat', 'flower']) {
    // The other worker; a pod always reaches itself.
    const pod = atFirst.filter(({ metadata }) => metadata!.labels!.component === component).at(-1)!;
    const others = closed.filter((one) => !one.startsWith(`${pod.status!.podIP}:`));
    expect([component, await reaches('celery', pod.metadata!.name!, [redis, ...others])]).toEqual([component, [redis]]);
  }
  // A pod that no policy selects, and that no policy names but that of Redis.
  expect(await reaches('celery', 'celery-test', [redis, ...closed])).toEqual([redis, 'kubernetes.default.svc.cluster.local:443']);
  // Redis connects to nothing, its own image has no Python.
  const tried = await exec('redis', 'deploy/redis', ['sh', '-c', [address('worker', 8790), address('flower', 5555)]
    .map((one) => one.split(':')).map(([host, port]) => `timeout 4 redis-cli -h ${host} -p ${port} ping 2>&1 || echo stopped`).join('; ')]);
  expect(tried.trim().split('\n')).toEqual(['stopped', 'stopped']);
  expect(await told('celery')).toMatchObject({ code: 0 });
});

describe('https://flower.stratdata.org', () => {
  const site = 'https://flower.stratdata.org/';
  const asked = async (...questions: Question[]): Promise<Answer[]> => ask('celery', 'celery-test', await controller(), questions);
  const statuses = async (): Promise<number[]> => (await asked({ url: site }, { url: site, login: 'ada:wrong' }, { url: site, login: 'ada:lovelace' })).map(({ status }) => status);
  // ingress-nginx answers 503, Traefik 404.
  const notServed = async (): Promise<void> => expect((await statuses()).filter((status) => status !== 404 && status !== 503)).toEqual([]);

  test('is not served without the Secret of the login, whatever else is there', async () => {
    const { key, crt } = certificate('flower.stratdata.org');
    const tls = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name: 'flower-tls' }, stringData: { 'tls.key': key, 'tls.crt': crt } };
    await kubectl(['apply', '-n', 'celery', '-f', '-'], JSON.stringify(tls));
    await eventually('the controller has the certificate', 60, async () => expect((await asked({ url: site }))[0].certificate).toBe(crt));
    await notServed();
  });

  test('is served with it: 401 without the login, 200 with it, and HTTP is redirected', async () => {
    const login = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'flower-login' }, stringData: { auth: `${htpasswd('ada', 'lovelace')}\n` } };
    await kubectl(['apply', '-n', 'celery', '-f', '-'], JSON.stringify(login));
    await eventually('the controller has the login', 60, async () => expect(await statuses()).toEqual([401, 401, 200]));
    const [page, plain, inspect] = await asked(
      { url: site, login: 'ada:lovelace' }, { url: 'http://flower.stratdata.org/', login: 'ada:lovelace' }, { url: `${site}metrics` },
    );
    expect(page.body).toMatch(/<title>.*Flower<\/title>/);
    expect([plain.status, plain.headers.location]).toEqual([308, site]);
    expect(inspect.status).toBe(401);
  });

  test('is not served once the Secret is gone', async () => {
    await kubectl(['delete', 'secret', 'flower-login', '-n', 'celery']);
    await eventually('nothing is served', 60, notServed);
  });
});

test('three minutes later nothing has restarted, and no probe has complained', async () => {
  await always('the same pods, 0 restarts, no warning of a probe', 180 - (Date.now() - readySince) / 1000, async () => {
    const now = await allReady();
    expect(names(now)).toEqual(names(atFirst));
    expect(restarts(now)).toBe(0);
    for (const namespace of ['celery', 'redis']) {
      for (const reason of ['Unhealthy', 'ProbeWarning']) {
        // Before a worker consumes, its readiness probe says so, on a busy node more than once.
        const late = (await events(namespace, reason)).filter(({ message, lastTimestamp }) =>
          !/^Readiness/.test(message!) || Date.parse(lastTimestamp!) >= readySince);
        expect(late.map(({ message }) => message)).toEqual([]);
      }
    }
  });
});

test('everything still runs where Pod Security restricted is enforced', async () => {
  // A bare pod is not restricted, and ours must not lean on it.
  await kubectl(['delete', 'pod', 'celery-test', '-n', 'celery', '--ignore-not-found', '--now']);
  await kubectl(['label', 'namespace', 'celery', 'redis', 'pod-security.kubernetes.io/enforce=restricted', '--overwrite']);
  for (const namespace of ['celery', 'redis']) await kubectl(['rollout', 'restart', 'deployment', '-n', namespace]);
  await eventually('every pod is a new one, and ready', 240, async () => {
    const now = names(await allReady());
    expect(now.filter((pod) => names(atFirst).includes(pod))).toEqual([]);
  });
  await eventually('a task runs', 60, async () => {
    expect(await python('celery', 'deploy/celery-worker', 'from tasks import add; print(add.delay(4, 4).get(timeout=10))')).toBe('8');
  });
  expect(restarts(await allReady())).toBe(0);
});
