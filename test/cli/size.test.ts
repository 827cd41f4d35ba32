import { builtProgram } from './program';
import { scratch } from './run';

const files = scratch();
const program = builtProgram();
const hook = files.write('usage.js', 'process.on("exit", () => process.stderr.write(JSON.stringify(process.resourceUsage())));');

/** The processor time in seconds and the most memory in MiB that a run of lint takes. */
function usage(...args: string[]): { code: number | null; stdout: string; seconds: number; mebibytes: number } {
  const { code, stdout, stderr } = program(['lint', ...args], { node: ['-r', hook] });
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(stderr) as NodeJS.ResourceUsage;
  return { code, stdout, seconds: (userCPUTime + systemCPUTime) / 1e6, mebibytes: maxRSS / 1024 };
}

test('10 000 identical Beats', () => {
  const beat = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: beat-NUMBER
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: beat
          image: registry.example/shop:1
          command: [celery, -A, shop, beat, -s, /tmp/schedule]
`;
  const file = files.write('beats.yaml', Array.from({ length: 10_000 }, (_, i) => beat.replace('NUMBER', String(i))).join('---\n'));
  const { code, stdout, seconds, mebibytes } = usage(file);
  expect(code).toBe(1);
  expect(stdout.match(/\[beat\/two-deployments\]/g)).toHaveLength(10_000);
  expect(seconds).toBeLessThan(3);
  expect(mebibytes).toBeLessThan(400);
});
