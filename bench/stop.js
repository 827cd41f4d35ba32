// How long a worker takes to exit whose container gets SIGTERM 0 to 10 seconds after its start, on the cluster of the current context of kubectl:
// npm run bench -- stop [--of=worker|beat] [--tries=100] [--at-once=5] [--image=NAME]. The image has Celery and redis; without one, each pod
// installs them. The time is that between the kubelet's event `Killing` and the end of the container, in whole seconds by the clock of the node.
// The counter-run has the same pods without shareProcessNamespace, or with it where they have none: the kernel shields process 1 of a
// container until Python has a handler.
const { execFileSync, spawn, spawnSync } = require('child_process');
const { loadavg } = require('os');
const { join } = require('path');
const { createInterface } = require('readline');
const { median, root, table } = require('./measure');

const NAMESPACE = 'cdk8s-celery-bench-stop';
const LONGEST_DELAY = 10;
/** Of the counter-run: once Python has a handler, nothing is different. */
const UNSHIELDED_AFTER = 1;

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

/** Tells of pods whose container has started, by name: the kubelet's event is there earlier than the status of the pod. */
function starts() {
  const waiting = new Map();
  const watch = spawn('kubectl', ['get', 'events', '-n', NAMESPACE, '--field-selector', 'reason=Started', '--watch', '--output-watch-events', '-o', 'json']);
  events(watch, ({ object }) => {
    const { name } = object.involvedObject;
    // The init container that installs Celery starts, too; that of the worker is the first of spec.containers.
    if (object.involvedObject.fieldPath?.startsWith('spec.containers{')) waiting.get(name)?.();
  });
  return { of: (name, then) => waiting.set(name, then), stop: () => watch.kill() };
}

/** Makes a pod, has it deleted so many seconds after its container has started, and says how long the container went on. */
function attempt(template, name, delay, started) {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name, namespace: NAMESPACE }, spec: template.spec };
  kubectl(['create', '-f', '-'], JSON.stringify(pod));
  return new Promise((resolve) => {
    const watch = spawn('kubectl', ['get', 'pod', name, '-n', NAMESPACE, '--watch', '--output-watch-events', '-o', 'json']);
    let deleted;
    started.of(name, () => setTimeout(() => {
      deleted ??= Date.now();
      spawn('kubectl', ['delete', 'pod', name, '-n', NAMESPACE, '--wait=false']);
    }, delay * 1000));
    let finished;
    const done = () => {
      watch.kill();
      const killing = JSON.parse(kubectl(['get', 'events', '-n', NAMESPACE, '--field-selector', `involvedObject.name=${name},reason=Killing`, '-o', 'json']));
      const told = Date.parse(killing.items[0]?.lastTimestamp ?? killing.items[0]?.eventTime);
      resolve({ delay, seconds: ((finished ?? Date.now()) - (told || deleted)) / 1000 });
    };
    events(watch, ({ type, object }) => {
      const state = object.status.containerStatuses?.[0].state ?? {};
      if (state.terminated) finished ??= Date.parse(state.terminated.finishedAt);
      if (deleted && type === 'DELETED') done();
    });
  });
}

async function attempts(template, label, tries, atOnce, longestDelay) {
  const left = Array.from({ length: tries }, (_, i) => i);
  const results = [];
  const started = starts();
  await Promise.all(Array.from({ length: Math.min(atOnce, tries) }, async () => {
    for (let i = left.shift(); i !== undefined; i = left.shift()) {
      const delay = tries === 1 ? 0 : longestDelay * i / (tries - 1);
      const result = await attempt(template, `${label}-${i}`, delay, started);
      results.push(result);
      console.error(`${label} ${i}: told to stop after ${delay.toFixed(1)} s, gone after ${result.seconds.toFixed(1)} s`);
    }
  }));
  started.stop();
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
  const of = option(options, 'of', 'worker');
  const { template } = objects.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === `celery-${of}`).spec;
  const made = template.spec.shareProcessNamespace === true;
  const other = { ...template, spec: { ...template.spec, shareProcessNamespace: made ? undefined : true } };
  try {
    kubectl(['create', 'namespace', NAMESPACE]);
    kubectl(['apply', '-f', '-'], objects.filter(({ kind, metadata }) => kind !== 'Deployment' || metadata.name === 'redis').map((object) => JSON.stringify(object)).join('\n---\n'));
    kubectl(['rollout', 'status', 'deployment/redis', '-n', NAMESPACE, '--timeout=120s']);
    const row = (what, results) => {
      const seconds = results.map((result) => result.seconds);
      return [what, results.length, `0 to ${Math.max(...results.map(({ delay }) => delay))}`, median(seconds).toFixed(1), Math.max(...seconds).toFixed(1), seconds.filter((value) => value > 5).length];
    };
    const loads = [loadavg()[0]];
    const ours = await attempts(template, 'ours', tries, atOnce, LONGEST_DELAY);
    loads.push(loadavg()[0]);
    const counter = await attempts(other, 'counter', Math.max(2, Math.round(tries / 5)), atOnce, UNSHIELDED_AFTER);
    console.log(`Pods of celery-${of}; load ${loads.map((load) => load.toFixed(0)).join(' to ')} during the first row.\n`);
    table(['pods', 'tries', 'told after s', 'median s', 'longest s', 'above 5 s (goal: 0)'], [row('as made', ours), row(`${made ? 'without' : 'with'} shareProcessNamespace`, counter)]);
  } finally {
    kubectl(['delete', 'namespace', NAMESPACE, '--wait=false', '--ignore-not-found']);
  }
};
