// A worker of this library against a bare `celery worker` with the same flags, on the cluster of the current context of kubectl:
// npm run bench -- worker --image=NAME [--rounds=7] [--tasks=3000]. The image has Celery and redis, and is on the node.
// Throughput is by the CPU that the container has used, agent and probes included, so that what else the machine does counts for little.
// From apply to the first result: a task waits in the queue, the Deployment is applied, and its result arrives.
const { execFileSync, spawn, spawnSync } = require('child_process');
const { loadavg } = require('os');
const { join } = require('path');
const { createInterface } = require('readline');
const { median, root, table } = require('./measure');

const NAMESPACE = 'cdk8s-celery-bench-worker';
const OURS = 'ours';
const BARE = 'bare';

const kubectl = (args, input = '') => execFileSync('kubectl', args, { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
const option = (options, name, fallback) => options.find((one) => one.startsWith(`--${name}=`))?.split('=')[1] ?? fallback;

/** The Deployment without anything that a bare worker has not: its command, its code and its URLs stay. */
function bare({ metadata: { name, namespace }, spec: { selector, template } }) {
  const [{ name: container, image, command, env, workingDir, volumeMounts, resources }] = template.spec.containers;
  const agent = command.findIndex((word) => word === 'cdk8s_celery_agent.worker');
  const mounts = volumeMounts.filter(({ mountPath }) => !mountPath.includes('cdk8s_celery_agent'));
  return {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, namespace },
    spec: {
      replicas: 1, selector,
      template: {
        metadata: { labels: template.metadata.labels },
        spec: {
          containers: [{
            name: container, image, workingDir, volumeMounts: mounts, resources, command: command.filter((_, i) => i !== agent && i !== agent - 1),
            env: env.filter((one) => !/CDK8S|PYTHONPATH/.test(one.name)),
          }],
          volumes: template.spec.volumes.filter((volume) => mounts.some((mount) => mount.name === volume.name)),
          terminationGracePeriodSeconds: 10,
        },
      },
    },
  };
}

/** A Python program in the pod of the client, for one of the apps; `said(n)` is the nth line that it prints. */
function client(app, code) {
  const url = `redis://redis:6379/${[OURS, BARE].indexOf(app)}`;
  const child = spawn('kubectl', ['exec', '-i', '-n', NAMESPACE, 'client', '--', 'env', `CELERY_BROKER_URL=${url}`, `CELERY_RESULT_BACKEND=${url}`, 'python', '-u', '-']);
  const lines = [];
  const waiting = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    waiting.filter(([n]) => n < lines.length).forEach(([n, resolve]) => resolve(lines[n]));
  });
  child.stdin.end(`import time\nfrom celery import Celery\napp = Celery('tasks')\n${code}`);
  return (n) => new Promise((resolve, reject) => {
    if (n < lines.length) resolve(lines[n]);
    waiting.push([n, resolve]);
    child.on('exit', (status) => status === 0 || reject(new Error(`the client has ended with ${status}`)));
  });
}

/** Seconds of CPU that the container of a worker has used. */
function cpu(app) {
  const used = kubectl(['exec', '-n', NAMESPACE, `deploy/${app}-worker`, '--', 'sh', '-c', 'cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || grep usage_usec /sys/fs/cgroup/cpu.stat']);
  return used.startsWith('usage_usec') ? Number(used.split(' ')[1]) / 1e6 : Number(used) / 1e9;
}

/** Tasks per second of CPU. */
async function throughput(app, tasks) {
  const before = cpu(app);
  const said = client(app, `
with app.pool.acquire():
    for _ in range(${tasks} - 1): app.send_task('tasks.nothing', ignore_result=True)
    app.send_task('tasks.nothing').get(timeout=300)
with app.connection() as connection:
    channel = connection.default_channel
    while channel.client.llen('celery') + channel.client.hlen('unacked'): time.sleep(0.05)
print('done')`);
  await said(0);
  return tasks / (cpu(app) - before);
}

/** Seconds from `kubectl apply` to the first result. */
async function start(app, deployment) {
  const { metadata: { name }, spec: { selector: { matchLabels } } } = deployment;
  kubectl(['delete', 'deployment', name, '-n', NAMESPACE, '--ignore-not-found']);
  const labels = Object.entries(matchLabels).map(([label, value]) => `${label}=${value}`).join(',');
  kubectl(['wait', '--for=delete', 'pod', '-n', NAMESPACE, '-l', labels, '--timeout=120s']);
  const said = client(app, 'result = app.send_task(\'tasks.nothing\')\nprint(\'sent\')\nresult.get(timeout=300)\nprint(\'got\')');
  await said(0);
  const began = Date.now();
  kubectl(['apply', '-f', '-'], JSON.stringify(deployment));
  await said(1);
  return (Date.now() - began) / 1000;
}

module.exports = async (_folder, options) => {
  const image = option(options, 'image');
  if (image === undefined || spawnSync('kubectl', ['get', '--raw', '/readyz', '--request-timeout=10s']).status !== 0) {
    console.log(`skipped: ${image === undefined ? '--image is not given' : 'no cluster answers in the current context of kubectl'}`);
    return;
  }
  const [rounds, tasks] = [Number(option(options, 'rounds', 7)), Number(option(options, 'tasks', 3000))];
  const objects = JSON.parse(execFileSync(process.execPath, [join(root, 'bench/programs/worker.js'), NAMESPACE, image, OURS, BARE], { cwd: root, encoding: 'utf8' }));
  const isWorker = ({ kind, metadata }, app) => kind === 'Deployment' && metadata.name === `${app}-worker`;
  const deployments = { [OURS]: objects.find((object) => isWorker(object, OURS)), [BARE]: bare(objects.find((object) => isWorker(object, BARE))) };
  const starts = { [OURS]: [], [BARE]: [] };
  const rates = { [OURS]: [], [BARE]: [] };
  const loads = [loadavg()[0]];
  try {
    kubectl(['create', 'namespace', NAMESPACE]);
    kubectl(['apply', '-f', '-'], objects.filter((object) => ![OURS, BARE].some((app) => isWorker(object, app))).map((object) => JSON.stringify(object)).join('\n---\n'));
    kubectl(['run', 'client', '-n', NAMESPACE, `--image=${image}`, `--labels=app.kubernetes.io/name=celery,app.kubernetes.io/part-of=${OURS}`, '--command', '--', 'sleep', 'infinity']);
    kubectl(['wait', '--for=condition=Ready', 'pod/client', '-n', NAMESPACE, '--timeout=120s']);
    kubectl(['rollout', 'status', 'deployment/redis', '-n', NAMESPACE, '--timeout=120s']);
    // The first of each is to warm up.
    for (let round = 0; round <= rounds; round += 1) {
      for (const app of round % 2 === 0 ? [OURS, BARE] : [BARE, OURS]) {
        const seconds = await start(app, deployments[app]);
        console.error(`${app}: first result after ${seconds.toFixed(2)} s`);
        if (round > 0) starts[app].push(seconds);
      }
    }
    loads.push(loadavg()[0]);
    // Both at the same time, so that each sees the same machine.
    for (let round = 0; round <= rounds; round += 1) {
      const [ours, theirs] = await Promise.all([OURS, BARE].map((app) => throughput(app, tasks)));
      console.error(`${OURS}: ${ours.toFixed(0)}, ${BARE}: ${theirs.toFixed(0)} tasks per second of CPU`);
      if (round > 0) [[OURS, ours], [BARE, theirs]].forEach(([app, rate]) => rates[app].push(rate));
    }
    loads.push(loadavg()[0]);
  } finally {
    kubectl(['delete', 'namespace', NAMESPACE, '--wait=false', '--ignore-not-found']);
    // A worker whose broker is gone ends by its grace period.
    kubectl(['delete', 'pods', '--all', '--now', '--wait=false', '-n', NAMESPACE, '--ignore-not-found']);
  }
  const pairs = (values) => median(values[OURS].map((value, i) => value / values[BARE][i])).toFixed(3);
  console.log(`${rounds} starts in turn, and as often ${tasks} tasks that do nothing, both at the same time; load ${loads.map((load) => load.toFixed(0)).join(' to ')}.\n`);
  table(['what', 'this library', 'bare worker', 'ratio, the median of pairs', 'goal'], [
    ['apply to first result, s', median(starts[OURS]).toFixed(2), median(starts[BARE]).toFixed(2), pairs(starts), 'at most 1.2'],
    ['tasks per second of CPU', median(rates[OURS]).toFixed(0), median(rates[BARE]).toFixed(0), pairs(rates), 'at least 0.98'],
  ]);
};
