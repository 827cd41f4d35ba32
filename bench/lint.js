// `cdk8s-celery lint` on large input: time and memory of the command, and that time is linear.
const { execFileSync, spawnSync } = require('child_process');
const { readFileSync, writeFileSync } = require('fs');
const { cpus, loadavg } = require('os');
const { join } = require('path');
const manifests = require('./manifests');
const { inTurn, measure, median, medians, root, table } = require('./measure');

const RUNS = 5;
const OBJECTS = 10_000;
const SIZES = [1_000, 10_000, 100_000];
const FORMATS = ['text', 'json', 'sarif'];

/** Breaks three rules, so that what is written is long. */
const BROKEN = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: worker
spec:
  template:
    spec:
      containers:
        - name: worker
          image: registry.example/shop:1
          command: [celery, -A, shop, worker, --concurrency=2, --prefetch-multiplier=0, -B]
`;

/** Breaks none. */
const CLEAN = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: worker
spec:
  selector:
    matchLabels: {app: worker}
  template:
    metadata:
      labels: {app: worker}
    spec:
      terminationGracePeriodSeconds: 600
      containers:
        - name: worker
          image: registry.example/shop:1.4.2
          command: [celery, -A, shop, worker, --concurrency=2]
`;

/** Files of so many documents at most, each below what lint takes. */
function write(folder, name, documents) {
  const files = [];
  for (let at = 0; at < documents.length; at += OBJECTS) {
    files.push(join(folder, `${name}-${files.length}.yaml`));
    writeFileSync(files.at(-1), documents.slice(at, at + OBJECTS).join('---\n'));
  }
  return files;
}

function lint(files, format) {
  return { command: ['node', join(root, 'lib/cli/main.js'), 'lint', '--format', format, ...files], codes: [0, 1] };
}

function exponent(small, large) {
  return Math.log(large.cpu / small.cpu) / Math.log(large.count / small.count);
}

function ofTheCommand(folder) {
  const inputs = {
    'workers': write(folder, 'clean', manifests.copies(CLEAN, OBJECTS)),
    'our cases and dist': write(folder, 'mixed', manifests.texts(OBJECTS)),
    'broken workers': write(folder, 'broken', manifests.copies(BROKEN, OBJECTS)),
  };
  const variants = Object.entries(inputs).flatMap(([input, files]) => FORMATS.map((format) => ({ input, format, ...lint(files, format) })));
  const results = inTurn(variants, RUNS);
  console.log(`cdk8s-celery lint on ${OBJECTS} objects, medians of ${RUNS} runs in turn, whole processes (load ${loadavg()[0].toFixed(1)} on ${cpus().length} CPUs).\n`);
  table(['objects', 'format', 'wall s (goal: 2, broken 3)', 'CPU s, user and system', 'peak MiB (goal: below 300)'], results.map(({ wall, cpu, peak }, i) =>
    [variants[i].input, variants[i].format, wall.toFixed(2), cpu.toFixed(2), peak.toFixed(0)]));
}

const WORKERS = 2000;

/** The linter of Kubernetes manifests that is nearest to this one; it looks at every object, too. */
function againstKubeScore(folder) {
  if (spawnSync('kube-score', ['version']).error) {
    console.log('\nkube-score is not in the PATH: go install github.com/zegl/kube-score/cmd/kube-score@v1.20.0\n');
    return;
  }
  const worker = readFileSync(join(root, 'dist/celery.k8s.yaml'), 'utf8').split(/^---$/m)
    .find((document) => /^kind: Deployment$/m.test(document) && /^ {2}name: celery-worker$/m.test(document));
  const files = write(folder, 'ours', manifests.copies(worker, WORKERS));
  const [ours, theirs] = inTurn([lint(files, 'text'), { command: ['kube-score', 'score', ...files], codes: [0, 1] }], RUNS);
  console.log(`\n${WORKERS} copies of the worker in dist/, medians of ${RUNS} runs in turn, whole processes.\n`);
  table(['command', 'wall s', 'CPU s', 'peak MiB'], [['cdk8s-celery lint', ours], ['kube-score score', theirs]].map(([name, { wall, cpu, peak }]) =>
    [name, wall.toFixed(2), cpu.toFixed(2), peak.toFixed(0)]));
  console.log(`\nwall time of kube-score: ${(ours.wall / theirs.wall).toFixed(2)} of it (goal: at most 0.7); CPU time: ${(ours.cpu / theirs.cpu).toFixed(2)}\n`);
}

function linear(name, sizes) {
  const large = sizes.at(-1);
  table([name, 'CPU s', 'us an object', 'exponent from the size before'], sizes.map((size, i) =>
    [size.count, size.cpu.toFixed(3), (size.cpu / size.count * 1e6).toFixed(0), i === 0 ? '' : exponent(sizes[i - 1], size).toFixed(2)]));
  console.log(`\nexponent of the CPU time from ${sizes[0].count} to ${large.count}: ${exponent(sizes[0], large).toFixed(2)} (goal: at most 1.1)\n`);
}

module.exports = (folder) => {
  ofTheCommand(folder);
  againstKubeScore(folder);
  console.log('\nRules.lint, objects in memory, after a warm-up in the same process.\n');
  linear('objects', SIZES.map((count) => {
    const runs = Array.from({ length: 3 }, () =>
      Number(execFileSync('node', ['--max-old-space-size=8192', join(__dirname, 'programs/lint.js'), `${count}`], { encoding: 'utf8' })));
    return { count, cpu: median(runs) };
  }));
  console.log('The command, less what it costs to start it.\n');
  const start = medians(Array.from({ length: 3 }, () => measure({ command: lint(['--list'], 'text').command })));
  linear('objects in files', SIZES.map((count) => {
    const files = write(folder, `size-${count}`, manifests.texts(count));
    const { cpu } = medians(Array.from({ length: 3 }, () => measure(lint(files, 'text'))));
    return { count, cpu: cpu - start.cpu };
  }));
};
