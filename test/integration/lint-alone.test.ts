import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, scratch } from '../cli/run';
import { CASES, parse } from '../rules/manifests';

const ROOT = join(__dirname, '../..');
const FAIL = join(CASES, 'beat/schedule-not-writable/fail.yaml');
const files = scratch();
const { make } = jest.requireActual<{ make: (folder: string) => Promise<string> }>('../../scripts/make-lint.js');
const { version, homepage } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string; homepage: string };

let built: string;
beforeAll(async () => { built = await make(files.path('built')); });

describe('the package celery-k8s-lint', () => {
  const installed = files.path('empty/node_modules/celery-k8s-lint');

  beforeAll(() => {
    const [tarball] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', files.path('.')], { cwd: built, encoding: 'utf8' })) as [{ filename: string }];
    mkdirSync(installed, { recursive: true });
    // As npm does, without asking a registry for anything.
    execFileSync('tar', ['-xzf', files.path(tarball.filename), '--strip-components=1', '-C', installed]);
  });

  const lint = (...args: string[]) => spawnSync(process.execPath, [join(installed, 'celery-k8s-lint.js'), ...args], { cwd: files.path('empty'), encoding: 'utf8' });

  test('is one file and needs no other package', () => {
    expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'celery-k8s-lint.js', 'package.json']);
    const own = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(own).toMatchObject({ name: 'celery-k8s-lint', version, homepage, bin: { 'celery-k8s-lint': 'celery-k8s-lint.js' } });
    expect(Object.keys(own).filter((key) => /dependencies/i.test(key))).toEqual([]);
    expect(readFileSync(join(installed, 'celery-k8s-lint.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  test.each(['text', 'json', 'sarif', 'github', 'junit'])('says as %s what the command of this package says', async (format) => {
    const { stdout, stderr, status } = lint('--format', format, FAIL);
    const { out, code } = await run('--format', format, FAIL);
    expect({ stdout, stderr, status }).toEqual({ stdout: out, stderr: '', status: code });
  });

  test('calls itself by its name', () => {
    expect(lint('--help').stdout).toMatch(/^Usage: celery-k8s-lint \[options\]/);
    expect(lint('--no-such-option').stderr).toMatch(/^celery-k8s-lint: /);
    const template = lint(files.write('template.yaml', 'a: {{ .Values.a }}\n')).stderr;
    const suppression = lint(join(CASES, 'suppressions/unknown-rule/fail.yaml')).stdout;
    expect(template).toContain('helm template . | celery-k8s-lint -');
    expect(suppression).toContain('`celery-k8s-lint --list`');
    expect(lint('--help').stdout + lint('--no-such-option').stderr + template + suppression).not.toContain('cdk8s-celery lint');
  });

  test('reads requirements, which need the table of locks', () => {
    expect(lint(join(CASES, 'install/kombu-needs-packaging/fail.yaml')).stdout).toContain('[install/kombu-needs-packaging]');
  });
});

test('SARIF leads to the page of each rule, below the homepage', async () => {
  const { runs } = JSON.parse((await run('--format', 'sarif', FAIL)).out) as { runs: [{ tool: { driver: { informationUri: string; rules: [{ helpUri: string }] } } }] };
  const { informationUri, rules: [{ helpUri }] } = runs[0].tool.driver;
  expect([informationUri, helpUri]).toEqual([homepage, `${homepage}/blob/main/docs/rules/beat.md#beatschedule-not-writable`]);
});

describe('where people lint', () => {
  const yaml = (name: string) => parse(readFileSync(join(ROOT, name), 'utf8'))[0];

  test('the hook of pre-commit names a command of this package, and reads folders', () => {
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: Record<string, string> };
    expect(yaml('.pre-commit-hooks.yaml')).toEqual([expect.objectContaining({ id: 'celery-k8s-lint', language: 'node', entry: 'cdk8s-celery lint', pass_filenames: false })]);
    expect(Object.keys(bin)).toContain('cdk8s-celery');
  });

  test('the action uploads SARIF, and no input of it is in a script', () => {
    interface Action {
      readonly inputs: Record<string, unknown>;
      readonly runs: { readonly using: string; readonly steps: Array<{ readonly run?: string; readonly uses?: string }> };
    }
    const { inputs, runs: { using, steps } } = yaml('action.yml') as Action;
    expect(using).toBe('composite');
    expect(Object.keys(inputs)).toEqual(expect.arrayContaining(['path', 'severity', 'baseline']));
    expect(steps.map(({ uses }) => uses?.replace(/@.*/, ''))).toContain('github/codeql-action/upload-sarif');
    expect(steps.filter((step) => step.run?.includes('${{'))).toEqual([]);
  });

  test('its script ends as the linter does, with what it found in a file', () => {
    const bin = files.path('bin');
    mkdirSync(bin, { recursive: true });
    // In the place of npx, which would ask the registry.
    execFileSync('sh', ['-c', `printf '#!/bin/sh\\nshift 2\\nexec "${process.execPath}" "${built}/celery-k8s-lint.js" "$@"\\n' > "${bin}/npx" && chmod +x "${bin}/npx"`]);
    const steps = (yaml('action.yml') as { runs: { steps: Array<{ run?: string }> } }).runs.steps.flatMap(({ run: script }) => script ?? []);
    const output = files.write('output', '');
    const env = {
      PATH: `${bin}:${process.env.PATH}`, RUNNER_TEMP: files.path('.'), GITHUB_OUTPUT: output, PATHS: `${join(CASES, 'beat/schedule-not-writable/pass.yaml')}\n${FAIL}\n`, SEVERITY: 'error', BASELINE: '', CONFIG: '', VERSION: '1',
    };
    expect(spawnSync('bash', ['-e', '-c', steps[0]], { env, encoding: 'utf8' })).toMatchObject({ status: 0 });
    const said = Object.fromEntries(readFileSync(output, 'utf8').trim().split('\n').map((line) => line.split('=') as [string, string]));
    expect(said.status).toBe('1');
    expect((JSON.parse(readFileSync(said.sarif, 'utf8')) as { runs: [{ results: unknown[] }] }).runs[0].results.length).toBeGreaterThan(0);
    expect(spawnSync('bash', ['-e', '-c', steps[1]], { env: { ...env, STATUS: said.status } }).status).toBe(1);
  });
});
