import { CLIENT, LOGIN, NAMESPACE, OAUTH, PREFIX, ROUTED } from './apps/flower';
import { eventually, kubectl, python, readyPods, testIn } from './harness';
import { Answer, ask as askFrom, controller, Question } from './web';

/** Flower behind a real controller, with TLS. What the reference deployment's Ingress does is in reference.test.ts. */
const test = testIn(NAMESPACE);

const FLOWER = `https://${ROUTED}${PREFIX}`;
/** Flower's page below a prefix ends with a slash: without it, Flower answers 404. */
const PAGE = `${FLOWER}/`;
const OURS = { login: LOGIN };

async function ask(...questions: Question[]): Promise<Answer[]> {
  return askFrom(NAMESPACE, 'deploy/celery-worker', await controller(), questions);
}

const certificateOf = async (secret: string): Promise<string> =>
  Buffer.from(await kubectl(['get', 'secret', secret, '-n', NAMESPACE, '-o', 'jsonpath={.data.tls\\.crt}']), 'base64').toString();

const flower = (name: string) => readyPods(NAMESPACE, `app.kubernetes.io/instance=celery-${name}`, 1);

test('below a prefix, behind a Gateway: asks for its login, and all pages and scripts are there', async () => {
  await eventually('worker and Flower are ready', 240, async () => Promise.all([flower('routed'), readyPods(NAMESPACE, 'component=worker', 1)]));
  const [page] = await eventually('the Gateway leads to Flower', 60, async () => {
    const answers = await ask({ url: PAGE, ...OURS }, { url: PAGE });
    expect(answers.map(({ status }) => status)).toEqual([200, 401]);
    return answers;
  });
  expect(page.certificate).toBe(await certificateOf('routed-tls'));

  const used = [...new Set([...page.body.matchAll(/(?:src|href)="(\/[^"#?]*)/g)].map(([, path]) => path))];
  expect(used.length).toBeGreaterThan(5);
  expect(used.filter((path) => !path.startsWith(`${PREFIX}/`))).toEqual([]);
  const assets = await ask(...used.map((path) => ({ url: `https://${ROUTED}${path}`, ...OURS })));
  expect(assets.map(({ status }, i) => `${status} ${used[i]}`)).toEqual(used.map((path) => `200 ${path}`));

  const elsewhere = await ask({ url: `https://${ROUTED}/`, ...OURS }, { url: `https://${ROUTED}/tools`, ...OURS }, { url: `${FLOWER}er`, ...OURS });
  expect(elsewhere.map(({ status }) => status)).toEqual([404, 404, 404]);
});

test('shows tasks, and shuts nothing down when it is read-only', async () => {
  expect(await python(NAMESPACE, 'deploy/celery-worker', 'from tasks import add; print(add.delay(2, 3).get(timeout=30))')).toBe('5');
  await eventually('Flower lists the task', 60, async () => {
    const [{ body }] = await ask({ url: `${FLOWER}/api/tasks`, ...OURS });
    expect(Object.values(JSON.parse(body) as Record<string, { name: string; state: string }>)).toContainEqual(expect.objectContaining({ name: 'tasks.add', state: 'SUCCESS' }));
  });
  const [workers] = await ask({ url: `${FLOWER}/workers?json=1`, ...OURS });
  const [{ hostname }] = (JSON.parse(workers.body) as { data: { hostname: string }[] }).data;
  const [refused] = await ask({ url: `${FLOWER}/api/worker/shutdown/${hostname}`, ...OURS, method: 'POST' });
  expect(refused.status).toBe(403);
});

test('a login by Google: Flower sends the browser there, with client, callback and scope', async () => {
  await eventually('Flower is ready', 120, () => flower('oauth'));
  const [page] = await eventually('the Ingress leads to Flower', 60, async () => {
    const answers = await ask({ url: `https://${OAUTH}/` });
    expect(answers[0]).toMatchObject({ status: 302, headers: { location: expect.stringMatching(/^\/login/) } });
    return answers;
  });
  expect(page.certificate).toBe(await certificateOf('oauth-tls'));
  const [login] = await ask({ url: `https://${OAUTH}${page.headers.location}` });
  expect(login.status).toBe(302);
  const { origin, searchParams } = new URL(login.headers.location);
  expect([origin, searchParams.get('client_id'), searchParams.get('redirect_uri'), searchParams.get('scope'), searchParams.get('response_type')])
    .toEqual(['https://accounts.google.com', CLIENT, `https://${OAUTH}/login`, 'profile email', 'code']);
  expect(login.headers.location).not.toContain('hunter2');
});

test('on a claim, the tasks are there after the pod has gone', async () => {
  await kubectl(['delete', 'pod', '-n', NAMESPACE, '-l', 'app.kubernetes.io/instance=celery-routed']);
  await eventually('another pod of Flower is ready', 180, () => flower('routed'));
  const [{ body }] = await eventually('the Gateway leads to it', 60, async () => {
    const answers = await ask({ url: `${FLOWER}/api/tasks`, ...OURS });
    expect(answers[0].status).toBe(200);
    return answers;
  });
  expect(Object.values(JSON.parse(body) as Record<string, { name: string }>)).toContainEqual(expect.objectContaining({ name: 'tasks.add' }));
});
