// 100 stacks in one program against 1000: time must be linear, and memory flat; and, where helm 3 is in the PATH, against one run of
// `helm template` for each stack, on a chart of the same manifests.
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require('fs');
const { spawnSync } = require('child_process');
const { join } = require('path');
const { measure, medians, table } = require('./measure');

const RUNS = 3;
const FEW = 100;
const MANY = 1000;

/** The manifests of the first stack, with the number of the stack as a value. */
function helmChart(folder, stack) {
  mkdirSync(join(folder, 'templates'), { recursive: true });
  writeFileSync(join(folder, 'Chart.yaml'), 'apiVersion: v2\nname: stack\nversion: 1.0.0\n');
  for (const name of readdirSync(stack)) {
    const text = readFileSync(join(stack, name), 'utf8').replaceAll('{{', '{{ "{{" }}').replace(/\b(redis|celery)-0\b/g, '$1-{{ .Values.number }}');
    writeFileSync(join(folder, 'templates', name), text);
  }
}

module.exports = (folder) => {
  const stacks = (count) => ({ command: ['node', join(__dirname, 'programs/stacks.js'), `${count}`, join(folder, 'stacks')] });
  const helm = spawnSync('helm', ['version']).error === undefined;
  measure(stacks(1));
  helmChart(join(folder, 'chart'), join(folder, 'stacks/0'));
  const each = { command: ['sh', '-c', `for i in $(seq ${FEW}); do helm template stack ${join(folder, 'chart')} --set number=$i || exit; done`] };
  const samples = Array.from({ length: RUNS }, () => [measure(stacks(FEW)), measure(stacks(MANY)), ...helm ? [measure(each)] : []]);
  const [few, many, theirs] = samples[0].map((_, i) => medians(samples.map((sample) => sample[i])));
  const row = (name, count, { wall, cpu, peak }) => [name, count, wall.toFixed(2), cpu.toFixed(2), (wall / count * 1000).toFixed(1), peak.toFixed(0)];
  console.log(`Stacks in one program, one App each; medians of ${RUNS} runs in turn.\n`);
  table(['command', 'stacks', 'wall s', 'CPU s', 'ms a stack', 'peak MiB'], [
    row('one program', FEW, few), row('one program', MANY, many), ...helm ? [row('helm template, once for each', FEW, theirs)] : [],
  ]);
  const exponent = Math.log10(many.wall / few.wall) / Math.log10(MANY / FEW);
  console.log(`\nexponent of the wall time from ${FEW} to ${MANY}: ${exponent.toFixed(2)} (goal: at most 1.05); peak memory: ${many.peak.toFixed(0)} MiB (goal: below 160)`);
  console.log(helm ? `wall time of a stack, of ${MANY} / of helm template: ${(many.wall / MANY / (theirs.wall / FEW)).toFixed(2)} (goal: at most 0.22)`
    : 'helm is not in the PATH: go install helm.sh/helm/v3/cmd/helm@v3.17.3');
};
