// How long a worker takes to exit whose container gets SIGTERM 0 to 10 seconds after its start, on the cluster of the current context of kubectl:
// npm run bench -- stop [--tries=100] [--at-once=5] [--image=NAME]. The image has Celery and redis; without one, each pod installs them.
// The time is that between the kubelet's event `Killing` and the end of the container, in whole seconds by the clock of the node.
// The counter-run has the same pods without shareProcessNamespace: the kernel shields process 1 until Python has a handler.
const { execFileSync, spawn, spawnSync } = require('child_process');
const { join } = require('path');
const { createInterface } = require('readline');
const { median, root, table } = require('./measure');

const NAMESPACE = 'cdk8s-celery-bench-stop';
const LONGEST_DELAY = 10;

const kubectl = (args, input = '') => execFileSync('kubectl', args, { input, encoding: 'utf8', maxBuffer: 2 ** 26 });

/** Objects of a stream of watch events, one after another: however they are written, a line ends each. */
function events(child, see) {
  let text = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    text += line;
    let event;
    try {
      event = JSON.parse(text);
    } catch {
      return;
    }
    text = '';
    see(event);
  });
}

/** Makes a pod, has it deleted so many seconds after its container has started, and says how long the container went on. */
function attempt(template, name, delay) {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name, namespace: NAMESPACE }, spec: template.spec };
  kubectl(['create', '-f', '-'], JSON.stringify(pod));
  return new Promise((resolve) => {
    const watch = spawn('kubectl', ['get', 'pod', name, '-n', NAMESPACE, '--watch', '--output-watch-events', '-o', 'json']);
    let started = false;
    let deleted;
    let finished;
    const done = () => {
      watch.kill();
      const killing = JSON.parse(kubectl(['get', 'events', '-n', NAMESPACE, '--field-selector', `involvedObject.name=${name},reason=Killing`, '-o', 'json']));
      const told = Date.parse(killing.items[0]?.lastTimestamp ?? killing.items[0]?.eventTime);
      resolve({ delay, seconds: ((finished ?? Date.now()) - (told || deleted)) / 1000 });
    };
    events(watch, ({ type, object }) => {
      const state = object.status.containerStatuses?.[0].state ?? {};
      if (state.running && !started) {
        started = true;
        setTimeout(() => {
          deleted = Date.now();
          spawn('kubectl', ['delete', 'pod', name, '-n', NAMESPACE, '--wait=false']);
        }, delay * 1000);
      }
      if (state.terminated) finished ??= Date.parse(state.terminated.finishedAt);
      if (deleted && type === 'DELETED') done();
    });
  });
}

async function attempts(template, label, tries, atOnce) {
  const left = Array.from({ length: tries }, (_, i) => i);
  const results = [];
  await Promise.all(Array.from({ length: Math.min(atOnce, tries) }, async () => {
    for (let i = left.shift(); i !== undefined; i = left.shift()) {
      const delay = tries === 1 ? 0 : LONGEST_DELAY * i / (tries - 1);
      const result = await attempt(template, `${label}-${i}`, delay);
      results.push(result);
      console.error(`${label} ${i}: told to stop after ${delay.toFixed(1)} s, gone after ${result.seconds.toFixed(1)} s`);
    }
  }));
  return results;
}

const option = (options, name, fallback) => options.find((one) => one.startsWith(`--${name}=`))?.split('=')[1] ?? fallback;

module.exports = async (_folder, options) => {
  if (spawnSync('kubectl', ['get', '--raw', '/readyz', '--request-timeout=10s']).status !== 0) {
    console.log('skipped: no cluster answers in the current context of kubectl');
    return;
  }
  const [tries, atOnce] = [Number(option(options, 'tries', 100)), Number(option(options, 'at-once', 5))];
  const objects = JSON.parse(execFileSync(process.execPath, [join(root, 'bench/programs/stop.js'), NAMESPACE, option(options, 'image', '')], { cwd: root, encoding: 'utf8' }));
  const { template } = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'celery-worker').spec;
  const unshielded = { ...template, spec: { ...template.spec, shareProcessNamespace: undefined } };
  try {
    kubectl(['create', 'namespace', NAMESPACE]);
    kubectl(['apply', '-f', '-'], objects.map((object) => JSON.stringify(object)).join('\n---\n'));
    kubectl(['rollout', 'status', 'deployment/redis', '-n', NAMESPACE, '--timeout=120s']);
    const row = (what, results) => {
      const seconds = results.map((result) => result.seconds);
      return [what, results.length, median(seconds).toFixed(1), Math.max(...seconds).toFixed(1), seconds.filter((value) => value > 5).length];
    };
    const ours = await attempts(template, 'ours', tries, atOnce);
    const counter = await attempts(unshielded, 'counter', Math.max(2, Math.round(tries / 10)), atOnce);
    table(['pods', 'tries', 'median s', 'longest s', 'above 5 s (goal: 0)'], [row('as made', ours), row('without shareProcessNamespace', counter)]);
  } finally {
    kubectl(['delete', 'namespace', NAMESPACE, '--wait=false', '--ignore-not-found']);
  }
};
