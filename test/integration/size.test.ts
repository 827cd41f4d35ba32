import { builtProgram } from '../cli/program';
import { scratch } from '../cli/run';

const files = scratch();
const program = builtProgram();
const hook = files.write('usage.js', 'process.on("exit", () => process.stderr.write(JSON.stringify(process.resourceUsage())));');

/**
 * The processor time in seconds and the most memory in MiB that a run of lint takes. Seconds are compared with those of a smaller input: how long
 * a machine takes for the same, `npm run bench -- lint` says.
 */
function usage(...args: string[]): { code: number | null; stdout: string; stderr: string; seconds: number; mebibytes: number } {
  const { code, stdout, stderr } = program(['lint', ...args], { node: ['-r', hook] });
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(stderr.slice(stderr.lastIndexOf('{"'))) as NodeJS.ResourceUsage;
  return { code, stdout, stderr, seconds: (userCPUTime + systemCPUTime) / 1e6, mebibytes: maxRSS / 1024 };
}

test('10 000 identical Beats', () => {
  const beat = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: beat-NUMBER
spec:
  replicas: 1
  template:
    metadata: {labels: {app: beat}}
    spec:
      containers:
        - name: beat
          image: registry.example/shop:1
          command: [celery, -A, shop, beat, -s, /tmp/schedule]
`;
  const beats = (count: number) => usage(files.write('beats.yaml', Array.from({ length: count }, (_, i) => beat.replace('NUMBER', String(i))).join('---\n')));
  const few = beats(2_500);
  const { code, stdout, seconds, mebibytes } = beats(10_000);
  expect(code).toBe(1);
  expect(stdout.match(/\[beat\/two-deployments\] in 10000 places/g)).toHaveLength(1);
  expect(stdout.match(/^ {2}\S+beats.yaml:\d+ error Deployment beat-/gm)).toHaveLength(30_000);
  expect(seconds).toBeLessThan(6 * few.seconds);
  expect(mebibytes).toBeLessThan(400);
});

test('a text in quotes of 48 MiB', () => {
  const manifest = (text: string) => files.write('quoted.yaml', `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: "${text}"\n`);
  const few = usage(manifest('0123456789abcdef'.repeat(3 * 2 ** 18)));
  const { code, stdout, seconds, mebibytes } = usage(manifest('0123456789abcdef'.repeat(3 * 2 ** 20)));
  expect({ code, stdout }).toEqual({ code: 0, stdout: '1 object: nothing found\n' });
  expect(seconds).toBeLessThan(6 * few.seconds);
  expect(mebibytes).toBeLessThan(300);
  // With escapes, and as one that is not closed.
  const escaped = usage(manifest('some line of text\\n'.repeat(2 ** 20)));
  expect(escaped.code).toBe(0);
  expect(escaped.mebibytes).toBeLessThan(400);
});

test('a document of 4 000 000 lines and more', () => {
  const file = files.write('lines.yaml', `a:\n${'- a\n'.repeat(4_000_001)}`);
  const { code, stderr, mebibytes } = usage(file);
  expect(code).toBe(2);
  expect(stderr).toContain('lines.yaml:1: has more than 4000000 lines, which no manifest has');
  expect(mebibytes).toBeLessThan(300);
});
