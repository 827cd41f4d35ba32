import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { Manifest, Manifests } from '../manifests';
import { WORKLOADS } from '../../src/cli/prune';
import { filesIn, shellWord } from '../programs';

const ROOT = join(__dirname, '../..');
const DEPLOY = join(ROOT, 'deploy');

describe('deploy-celery.sh', () => {
  let project: string;
  beforeEach(() => { project = mkdtempSync(join(tmpdir(), 'deploy-')); });
  afterEach(() => rmSync(project, { recursive: true }));

  /** What kubectl prints and its exit code, for calls that have this text; others print nothing and succeed. `$(...)` is run. */
  type Answers = Record<string, readonly [string, number?]>;

  // Two Deployments in two namespaces, and what is in none.
  const OBJECTS: Answers = { 'create -f': ['Namespace - shop\nDeployment shop web\nService shop web\nDeployment data db'] };
  const THERE: Answers = { 'get namespace shop': ['namespace/shop'], 'get namespace data': ['namespace/data'] };

  /** Runs the script of a project of its own, with a kubectl that notes how it is called. */
  function run(args: string[], answers: Answers = {}, { dist = true, kubectl = true, cwd = tmpdir(), prune = undefined as string | undefined } = {}) {
    const [bin, calls] = [join(project, 'bin'), join(project, 'calls')];
    cpSync(DEPLOY, join(project, 'deploy'), { recursive: true });
    mkdirSync(bin);
    if (dist) {
      mkdirSync(join(project, 'dist'));
      writeFileSync(join(project, 'dist/shop.k8s.yaml'), '');
    }
    const print = (text: string) => text.includes('$(') ? `cat <<END\n${text}\nEND\n` : `printf '%s\\n' ${shellWord(text)};`;
    const cases = Object.entries(answers).map(([text, [prints, code = 0]]) => `  *${shellWord(text)}*) ${print(prints)} exit ${code};;\n`);
    writeFileSync(join(bin, 'kubectl'), `#!/bin/sh\nset -f\nIFS='\n'\nset -- $*\nIFS=' '\nprintf '%s\\n' "$*" >>'${calls}'\ncase "$*" in\n${cases.join('')}esac\n`, { mode: 0o755 });
    if (prune !== undefined) {
      mkdirSync(join(project, 'node_modules'));
      writeFileSync(join(bin, 'cdk8s-celery'), `#!/bin/sh\n[ "$1" != redact ] || exec sed 's/hunter2/***/'\necho "cdk8s-celery $*" >>'${calls}'\n${prune}\n`, { mode: 0o755 });
    }
    if (!kubectl) {
      rmSync(join(bin, 'kubectl'));
      // Where the machine has these it may have kubectl too.
      for (const tool of ['bash', 'dirname', 'basename']) symlinkSync(whereIs(tool), join(bin, tool));
    }
    const { status, stdout, stderr } = spawnSync(join(project, 'deploy/deploy-celery.sh'), args, {
      cwd, encoding: 'utf8', env: { PATH: kubectl ? `${bin}:${process.env.PATH}` : bin },
    });
    return { status, stdout, stderr, calls: existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [] };
  }

  function whereIs(tool: string): string {
    return process.env.PATH!.split(':').map((folder) => join(folder, tool)).find((path) => existsSync(path))!;
  }

  test('applies dist/ before it waits for every Deployment in it', () => {
    const { status, calls } = run([], OBJECTS);
    expect(status).toBe(0);
    const actions = calls.map((call) => /^(apply|rollout) .*/.exec(call)?.[0].replace(/\d+s$/, 'Ns')).filter((call) => call !== undefined);
    expect(actions).toEqual([
      `apply -f ${project}/dist`,
      'rollout status deployment web -n shop --timeout=Ns',
      'rollout status deployment db -n data --timeout=Ns',
    ]);
  });

  test.each([['its own directory', 'deploy'], ['dist/', 'dist'], ['another one', '..']])('finds dist/ from %s', (_where, cwd) => {
    mkdirSync(join(project, 'deploy'));
    mkdirSync(join(project, 'dist'));
    writeFileSync(join(project, 'dist/shop.k8s.yaml'), '');
    expect(run([], OBJECTS, { dist: false, cwd: join(project, cwd) }).calls).toContain(`apply -f ${project}/dist`);
  });

  test('prints the pods of every namespace', () => {
    const { stdout } = run([], { ...OBJECTS, 'get pods -n shop': ['web-1 Running'], 'get pods -n data': ['db-1 Running'] });
    expect(stdout).toMatch(/pods in data\ndb-1 Running[^]*pods in shop\nweb-1 Running/);
  });

  test('fails when a rollout fails, waits for the others nevertheless, and prints why', () => {
    const { status, stdout, stderr, calls } = run([], {
      ...OBJECTS,
      'rollout status deployment web': ['', 1],
      'get pods -n shop -o go-template': ['web-1 - main CrashLoopBackOff back-off 10s'],
      'get events -n shop --field-selector type=Warning,involvedObject.name=web-1': ['Unhealthy probe failed'],
      'logs web-1 -c main -n shop': ['the last words, and hunter2'],
      'get deployments -n data -o go-template': ['not created: pods of db: exceeded quota'],
    }, { prune: '' });
    expect(status).toBe(1);
    expect(stderr).toContain('not everything runs');
    expect(stdout).toContain('not ready: web-1 main CrashLoopBackOff back-off 10s\nUnhealthy probe failed\nthe last words, and ***');
    expect(stdout).toContain('not created: pods of db: exceeded quota');
    expect(calls).toContainEqual(expect.stringMatching('rollout status deployment db'));
  });

  test('shows no log where nothing is installed that hides the credentials in it', () => {
    const { stdout, calls } = run([], { ...OBJECTS, 'rollout status deployment web': ['', 1], 'get pods -n shop -o go-template': ['web-1 - main CrashLoopBackOff'] });
    expect(stdout).toContain('not ready: web-1 main CrashLoopBackOff');
    expect(stdout).toContain('its log is not shown, as only Node and \'npm ci\' can hide its credentials: kubectl logs web-1 -c main -n shop\n');
    expect(calls.filter((call) => call.startsWith('logs'))).toEqual([]);
  });

  test('says nothing of pods of Jobs that dist/ does not have', () => {
    const { stdout } = run([], {
      'create -f': ['Job shop migrate-2\nDeployment shop web'],
      'get pods -n shop -o go-template': ['migrate-1-x migrate-1 main ended with 1 (Error)\nmigrate-2-y migrate-2 main ended with 1 (Error)\nweb-1 - main is running'],
    });
    expect(stdout.match(/^== not ready: .*$/gm)).toEqual(['== not ready: migrate-2-y main ended with 1 (Error)', '== not ready: web-1 main is running']);
  });

  test('fails, and waits for nothing, when the cluster refuses a manifest', () => {
    const { status, calls } = run([], { ...OBJECTS, 'apply -f': ['', 1] });
    expect(status).not.toBe(0);
    expect(calls.filter((call) => call.startsWith('rollout'))).toEqual([]);
  });

  describe('with --smoke', () => {
    const APP: Answers = { ...OBJECTS, 'get deployments -n shop -l app.kubernetes.io/name=celery': ['deployment/web'] };
    // The revision is another once dist/ is applied; `db` is as it was.
    const REVISIONS: Answers = { 'get deployment web -n shop': ['$(grep -q "^apply" "$(dirname "$0")/../calls" && echo 5 || echo 4)'], 'get deployment db -n data': ['7'] };
    const smoke = (args: string[], answers: Answers, cli: string) => run(['--smoke', ...args], answers, { prune: cli });
    const changes = (calls: string[]) => calls.filter((call) => /^(apply|rollout undo|cdk8s-celery)/.test(call));

    test('sends a task to each queue after the rollout, and prunes when there are results', () => {
      const { status, calls } = smoke(['--context', 'staging'], APP, 'true');
      expect([status, calls.filter((call) => call.startsWith('cdk8s-celery'))]).toEqual([0, ['cdk8s-celery smoke --context staging -n shop']]);
      expect(calls.findIndex((call) => call.startsWith('cdk8s-celery smoke'))).toBeGreaterThan(calls.lastIndexOf(calls.filter((call) => call.startsWith('rollout')).at(-1)!));
    });

    test('goes back when there is no result, with what the release has changed and with nothing else', () => {
      const { status, stdout, stderr, calls } = smoke(['--smoke-task', 'tasks.ping'], { ...APP, ...REVISIONS }, 'exit 1');
      expect(status).toBe(1);
      expect(changes(calls)).toEqual([
        `apply -f ${project}/dist`, 'cdk8s-celery smoke -n shop --task tasks.ping', 'rollout undo deployment web -n shop --to-revision=4',
      ]);
      expect(stdout).toContain('== going back');
      expect(stderr).toContain('the release does not do its work');
      expect(calls.at(-1)).toMatch(/^rollout status deployment web -n shop/);
    });

    test.each<[string, Answers]>([['a rollout fails', { 'rollout status deployment web': ['', 1] }], ['the cluster refuses a manifest', { 'apply -f': ['', 1] }]])(
      'goes back when %s, and sends nothing', (_, answers) => {
        const { status, calls } = smoke([], { ...APP, ...REVISIONS, ...answers }, 'true');
        expect([status, changes(calls).slice(1)]).toEqual([1, ['rollout undo deployment web -n shop --to-revision=4']]);
      });

    test.each([[['--smoke-timeout', '900'], ' --timeout 900s'], [['--smoke-task', 'tasks.ping', '--smoke-timeout', '5'], ' --task tasks.ping --timeout 5s'], [[], '']])(
      'waits for results as %j says', (args, words) => {
        expect(smoke(args, APP, 'true').calls.filter((call) => call.startsWith('cdk8s-celery'))).toEqual([`cdk8s-celery smoke -n shop${words}`]);
      });

    test('leaves a release whose workers have not got to the task yet, and exits with 3', () => {
      const { status, stderr, calls } = smoke([], { ...APP, ...REVISIONS }, 'exit 3');
      expect([status, changes(calls)]).toEqual([3, [`apply -f ${project}/dist`, 'cdk8s-celery smoke -n shop']]);
      expect(stderr).toMatch(/the release stays, and has not shown yet that it does its work: .*Give a longer --smoke-timeout/);
    });

    test.each([['shop', 'data'], ['data', 'shop']])('goes back when one of two apps gives no result, and the other is not done: %s', (bad) => {
      const { status, calls } = smoke([], { ...APP, ...REVISIONS, 'get deployments -n data -l app.kubernetes.io/name=celery': ['deployment/db'] },
        `case "$*" in *'-n ${bad}') exit 1;; esac; exit 3`);
      expect([status, changes(calls).at(-1)]).toEqual([1, 'rollout undo deployment web -n shop --to-revision=4']);
    });

    test('says so when what it goes back to does not run either, after --timeout', () => {
      const { status, stdout, stderr, calls } = smoke(['--timeout', '45'], { ...APP, ...REVISIONS, 'rollout status deployment web': ['', 1] }, 'exit 1');
      expect(status).toBe(1);
      expect(calls.filter((call) => call.startsWith('rollout status')).at(-1)).toMatch(/ deployment web -n shop --timeout=4[3-5]s$/);
      expect(stdout).toContain('deployment web in shop does not run as it was before either\n');
      expect(stdout.lastIndexOf('== pods in shop')).toBeGreaterThan(stdout.indexOf('== going back'));
      expect(stderr).toContain('what was there before does not run either');
    });

    test('leaves a Deployment that is new, and says so', () => {
      const { status, stdout, calls } = smoke([], {
        ...APP, 'get deployment db -n data': ['7'], 'get deployment web -n shop': ['$(grep -q "^apply" "$(dirname "$0")/../calls" && echo 1)'],
      }, 'exit 1');
      expect([status, calls.filter((call) => call.startsWith('rollout undo'))]).toEqual([1, []]);
      expect(stdout).toContain('deployment web in shop is new, and stays: there is nothing to go back to');
    });

    test('applies nothing without what it needs', () => {
      const { status, stderr, calls } = run(['--smoke'], APP);
      expect([status, changes(calls)]).toEqual([1, []]);
      expect(stderr).toContain('--smoke needs Node and \'npm ci\'');
    });

    test.each([[['--smoke-task', 'x'], /--smoke-task is for --smoke/], [['--smoke-timeout', '5'], /--smoke-timeout is for --smoke/], [['--smoke', '--smoke-timeout', '1m'], /--smoke-timeout is '1m', and must be a whole number of seconds/],
      [['--smoke', '--delete'], /--smoke and --delete exclude each other/]])('%j is refused', (args, message) => {
      const { status, stderr, calls } = run(args, APP);
      expect([status, calls]).toEqual([2, []]);
      expect(stderr).toMatch(message);
    });
  });

  describe('the ConfigMaps of former releases', () => {
    const WITH_CONFIG_MAPS: Answers = { 'create -f': ['ConfigMap shop a-1\nConfigMap shop b-1\nConfigMap data c-1\nDeployment shop web\nDeployment data db'] };
    const pruned = (calls: string[]) => calls.filter((call) => call.startsWith('cdk8s-celery'));

    test('are pruned when all runs, in every namespace that has some', () => {
      const { status, stdout, calls } = run([], WITH_CONFIG_MAPS, { prune: 'echo 1 of 2 ConfigMaps deleted' });
      expect([status, pruned(calls)]).toEqual([0, ['cdk8s-celery prune --yes -n data', 'cdk8s-celery prune --yes -n shop']]);
      expect(calls.indexOf(pruned(calls)[0])).toBeGreaterThan(calls.lastIndexOf(calls.filter((call) => call.startsWith('rollout')).at(-1)!));
      expect(stdout).toContain('ConfigMaps of former releases in shop\n1 of 2 ConfigMaps deleted');
    });

    test('are pruned on the cluster that was deployed to', () => {
      expect(pruned(run(['--context', 'staging'], WITH_CONFIG_MAPS, { prune: '' }).calls)[0]).toBe('cdk8s-celery prune --yes --context staging -n data');
    });

    test('stay when something does not run', () => {
      expect(pruned(run([], { ...WITH_CONFIG_MAPS, 'rollout status deployment web': ['', 1] }, { prune: '' }).calls)).toEqual([]);
    });

    test.each([['--dry-run'], ['--delete']])('stay with %s', (option) => {
      expect(pruned(run([option], WITH_CONFIG_MAPS, { prune: '' }).calls)).toEqual([]);
    });

    test('stay when they can\'t be pruned, and what was deployed is deployed', () => {
      const { status, stdout, calls } = run([], WITH_CONFIG_MAPS, { prune: 'exit 2' });
      expect([status, pruned(calls)]).toEqual([0, [expect.stringContaining('-n data'), expect.stringContaining('-n shop')]]);
      expect(stdout).toContain('they stay; see above');
    });

    test('stay where nothing is installed that could prune them', () => {
      expect(run([], WITH_CONFIG_MAPS)).toMatchObject({ status: 0, stdout: expect.stringContaining(`not looked for: that needs Node and 'npm ci' in ${project}`) });
    });
  });

  describe('--dry-run', () => {
    const CHANGES_NOTHING = /^(version|diff|get|create .*--dry-run=client|apply .*--dry-run=client)\b/;

    test.each<[string, Answers, number, RegExp]>([
      ['shows the differences', { ...THERE, 'diff -f': ['+  replicas: 3', 1] }, 0, /\+ {2}replicas: 3/],
      ['says when there are none', THERE, 0, /nothing would change/],
      ['asks kubectl alone where a namespace is missing', { 'get namespace shop': ['namespace/shop'] }, 0, /not there yet \(data\)/],
      ['fails when kubectl can\'t compare', { ...THERE, 'diff -f': ['', 2] }, 1, /^/],
    ])('%s, and calls only what changes nothing', (_what, answers, code, says) => {
      const { status, stdout, calls } = run(['--dry-run'], { ...OBJECTS, ...answers });
      expect(status).toBe(code);
      expect(stdout).toMatch(says);
      expect(calls).toContainEqual(expect.stringMatching(/^diff|^apply/));
      expect(calls.filter((call) => !CHANGES_NOTHING.test(call))).toEqual([]);
    });
  });

  test('--delete deletes what dist/ has, waits no longer than --timeout, and applies nothing', () => {
    const { status, calls } = run(['--delete', '--timeout', '77'], OBJECTS);
    expect(status).toBe(0);
    expect(calls.slice(1)).toEqual([expect.stringMatching(`^delete -f ${project}/dist --ignore-not-found --timeout=7[5-7]s$`)]);
  });

  test('--delete fails when something stays', () => {
    expect(run(['--delete'], { 'delete -f': ['', 1] })).toMatchObject({ status: 1, stdout: expect.not.stringContaining('nothing of dist/ is left') });
  });

  test('--context reaches every call', () => {
    const { calls } = run(['--context', 'staging'], OBJECTS);
    expect(calls.length).toBeGreaterThan(5);
    expect(calls.filter((call) => !call.startsWith('--context staging '))).toEqual([]);
  });

  test('--help tells all options, and asks no cluster', () => {
    const { status, stdout, calls } = run(['--help']);
    expect({ status, calls }).toEqual({ status: 0, calls: [] });
    for (const option of ['--dry-run', '--delete', '--context', '--timeout', '--help']) expect(stdout).toContain(option);
  });

  test.each([
    [['--dryrun'], 'unknown option \'--dryrun\''],
    [['somewhere'], 'unknown option \'somewhere\''],
    [['--timeout'], '--timeout needs a value'],
    [['--context'], '--context needs a value'],
    [['--timeout', '5m'], '--timeout is \'5m\', and must be a whole number of seconds'],
    [['--timeout', '0'], '--timeout is \'0\''],
    [['--dry-run', '--delete'], '--dry-run and --delete exclude each other'],
  ])('%j is refused with the usage, and asks no cluster', (args, message) => {
    const { status, stderr, calls } = run(args);
    expect({ status, calls }).toEqual({ status: 2, calls: [] });
    expect(stderr).toMatch(/Usage: deploy-celery\.sh/);
    expect(stderr).toContain(message);
  });

  test('says how to make dist/ when there is none', () => {
    expect(run([], {}, { dist: false })).toMatchObject({
      status: 1, calls: [], stderr: `deploy-celery.sh: there are no manifests in ${project}/dist: make them with 'npx cdk8s synth' in ${project}\n`,
    });
  });

  test('says when there is no kubectl', () => {
    expect(run([], {}, { kubectl: false })).toMatchObject({ status: 1, stderr: expect.stringContaining('kubectl is not on the PATH') });
  });

  test('says when no cluster answers, in the words of kubectl, and does nothing', () => {
    const { status, stderr, calls } = run([], { version: ['connection refused', 1] });
    expect(status).toBe(1);
    expect(stderr).toMatch(/no cluster answers kubectl; it says:\nconnection refused/);
    expect(calls).toEqual([expect.stringMatching(/^version/)]);
  });
});

describe('celery-install.yml', () => {
  const [play] = load(readFileSync(join(DEPLOY, 'celery-install.yml'), 'utf8')) as Manifest[];
  const task = (module: string) => play.tasks.find((task: object) => module in task);

  test('applies and deletes what dist/ has, and defines no object', () => {
    expect(play.vars).toMatchObject({ state: 'present', dist: '{{ playbook_dir | dirname }}/dist' });
    expect(task('kubernetes.core.k8s')['kubernetes.core.k8s']).toMatchObject({ state: '{{ state }}', definition: '{{ objects }}' });
  });

  test('waits for every Deployment in dist/', () => {
    expect(play.vars.deployments).toMatch(/^\{\{ objects \|/);
    expect(task('kubernetes.core.k8s_info')).toMatchObject({ loop: '{{ deployments }}', until: expect.stringContaining('availableReplicas') });
  });

  describe('the ConfigMaps of former releases', () => {
    const { when, block, rescue } = play.tasks.find((one: { block?: object }) => one.block);
    const [found, users, removed] = block;

    test('are read before what may use them, and that is what the command reads', () => {
      expect(found['kubernetes.core.k8s_info']).toMatchObject({ kind: 'ConfigMap', label_selectors: ['cdk8s-celery/content-hash'] });
      expect(users['kubernetes.core.k8s_info']).toMatchObject({ namespace: '{{ item.0 }}' });
      expect(users.vars.kinds.map(({ kind }: { kind: string }) => `${kind.toLowerCase()}s`)).toEqual(WORKLOADS.map((resource) => resource.split('.')[0]));
    });

    test('are deleted only as they were read, after the rollout, if nothing names them and they are an hour old', () => {
      expect(removed['kubernetes.core.k8s']).toMatchObject({
        state: 'absent', kind: 'ConfigMap',
        delete_options: { preconditions: { uid: '{{ item.metadata.uid }}', resourceVersion: '{{ item.metadata.resourceVersion }}' } },
      });
      expect([removed.when, removed.loop]).toEqual(['(\'"\' ~ item.metadata.name ~ \'"\') not in used', expect.stringContaining('\'lt\', youngest')]);
      expect([when, play.vars.prune_seconds]).toEqual(['state == \'present\'', 3600]);
      expect(play.tasks.at(-1).block).toBe(block);
    });

    test('stay, with a message, when that fails', () => {
      expect(rescue).toEqual([expect.objectContaining({ 'ansible.builtin.debug': { msg: expect.stringContaining('stay') } })]);
    });
  });

  test('gets its collection by either list of requirements', () => {
    const { collections } = load(readFileSync(join(DEPLOY, 'requirements.yml'), 'utf8')) as Manifest;
    expect(collections).toEqual([expect.objectContaining({ name: 'kubernetes.core' })]);
    expect(readFileSync(join(DEPLOY, 'requirements.txt'), 'utf8')).toMatch(/^ansible==[\d.]+\nkubernetes==[\d.]+$/m);
  });
});

describe('what main.ts says is not said again', () => {
  const manifests = Manifests.parse(Object.values(filesIn(join(ROOT, 'dist'))));
  const pods = manifests.all.filter(({ kind }) => kind === 'Deployment').map(({ spec }) => spec.template.spec);

  /** Names, namespaces, images and arguments: as words of their own, so `deploy-celery.sh` is none of them. */
  const settings = [...new Set<string>([
    ...manifests.all.flatMap(({ metadata: { name, namespace = name } }) => [name, namespace]),
    ...pods.flatMap(({ initContainers = [], containers }) => [...initContainers, ...containers])
      .flatMap(({ name, image, args = [] }) => [name, image, ...args]),
  ])].filter((setting) => setting !== 'install');
  /** The packages of the lock. */
  const packages = manifests.get('ConfigMap', 'celery-install').data['constraints.txt'].match(/^[\w-]+(?===)/gm)!;
  const FORMS = new RegExp(`(?<![\\w-])(${packages.join('|')})(\\[.*\\])?==\\d[\\w.]*|\\breplicas: *\\d+|--(concurrency|loglevel)\\b`, 'g');

  function repeated(text: string): string[] {
    const said = settings.filter((setting) => new RegExp(`(?<![\\w.-])${setting.replace(/[.*+?^$()|[\]\\]/g, '\\$&')}(?![\\w-]|\\.\\w)`).test(text));
    return [...said, ...text.match(FORMS) ?? []];
  }

  test.each([
    ['an image', 'image: python:3.11-slim', ['python:3.11-slim']],
    ['a package', 'pip install kombu==5.6.2', ['kombu==5.6.2']],
    ['a name', 'kubectl rollout status deployment celery-worker', ['celery-worker']],
    ['a namespace', 'kubectl get pods -n redis', ['redis']],
    ['a count', 'replicas: 3', ['replicas: 3']],
  ])('%s would be found', (_what, text, found) => {
    expect(repeated(text)).toEqual(found);
  });

  test.each(readdirSync(DEPLOY))('in deploy/%s', (name) => {
    expect(repeated(readFileSync(join(DEPLOY, name), 'utf8'))).toEqual([]);
  });
});

test('examples/custom-image/Dockerfile installs from a lock, and that of main.ts unless told otherwise', () => {
  const dockerfile = readFileSync(join(ROOT, 'examples/custom-image/Dockerfile'), 'utf8');
  const [python, celery] = ['PYTHON', 'CELERY'].map((arg) => new RegExp(`^ARG ${arg}=(.*)$`, 'm').exec(dockerfile)![1]);
  for (const list of ['.txt', '/base.txt', '/redis.txt', '/flower.txt']) expect(existsSync(join(ROOT, `locks/celery-${celery}-python${python}${list}`))).toBe(true);
  expect(readFileSync(join(ROOT, 'main.ts'), 'utf8')).toContain(`PythonRuntime.install({ celery: '${celery}' })`);
  expect(dockerfile).toContain('COPY locks/celery-${CELERY}-python${PYTHON} /etc/celery-lock\n');
  expect(dockerfile).toMatch(/RUN pip install --require-hashes --no-deps --only-binary :all: \\\n +--requirement \S+\/base.txt --requirement \S+\/redis.txt --requirement \S+\/flower.txt\n/);
});
