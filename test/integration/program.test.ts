import { writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { status } from '../../src/cli/status';
import { builtProgram } from '../cli/program';
import { scratch } from '../cli/run';
import { shellWord } from '../programs';

const program = builtProgram();
const files = scratch();
const { PATH } = process.env;
afterAll(() => { process.env.PATH = PATH; });

const pod = (name: string): object => ({
  metadata: { name, namespace: 'shop', labels: { component: 'worker' } },
  spec: { containers: [{ name: 'worker', ports: [{ name: 'health', containerPort: 8790 }] }] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ state: { running: {} } }] },
});
const agent = (given: object): object => ({
  role: 'worker', live: true, ready: true, reason: '', now: '2026-01-01T12:00:00+00:00', versions: { celery: '5', kombu: '5', python: '3' }, ...given,
});

test('status prints and ends as the function does', async () => {
  const answers = { 'get pods': { items: [pod('a'), pod('b')] }, 'http:a:': agent({}), 'http:b:': agent({ live: false, reason: 'deaf' }) };
  const cases = Object.entries(answers).map(([text, printed]) => `  *${shellWord(text)}*) printf %s ${shellWord(JSON.stringify(printed))};;\n`);
  writeFileSync(files.path('kubectl'), `#!/bin/sh\ncase "$*" in\n${cases.join('')}  *) echo "unexpected: $*" >&2; exit 1;;\nesac\n`, { mode: 0o755 });
  process.env.PATH = `${files.path('.')}${delimiter}${PATH}`;
  let [stdout, stderr] = ['', ''];
  const code = await status(['-n', 'shop'], (text) => stdout += text, (text) => stderr += text);
  expect(program(['status', '-n', 'shop'])).toEqual({ code, stdout, stderr });
  expect([code, stdout]).toEqual([1, expect.stringContaining('deaf')]);
});

test.each(['--help', '-h'])('%s tells the commands', (option) => {
  expect(program([option])).toEqual({ code: 0, stdout: expect.stringMatching(/^Usage: cdk8s-celery COMMAND[^]*^ {2}status /m), stderr: '' });
});

test('alone tells the commands too, and returns 2', () => {
  expect(program([])).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining('Usage: cdk8s-celery COMMAND') });
});

test.each(['stats', 'toString'])('%s is not a command', (command) => {
  expect(program([command]))
    .toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(`^cdk8s-celery: '${command}' is not a command; there are: .*status`) });
});
