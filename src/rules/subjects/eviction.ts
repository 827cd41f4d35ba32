import { isFilledIn } from '../../celery/filled-in';
import { isLoopback } from '../../celery/hosts';
import { isRedis } from '../../celery/url';
import { acknowledgedBy } from '../../manifests/acknowledgement';
import { brokerUse } from '../../manifests/brokers';
import { brokerContainers } from '../../manifests/broker-servers';
import { Invocation } from '../../manifests/command/command';
import { mayBeApart, ONE_IS_APPLIED } from '../../manifests/environments';
import { grouped } from '../../manifests/grouped';
import { hasCelery, workloadsIn } from '../../manifests/in-namespace';
import { asList, asMap, asNumber, asScalar, asText, get, isMap, JsonObject } from '../../manifests/json';
import { AUTOSCALER_GRACE, KEPT } from '../../manifests/node-autoscalers';
import { withoutNode } from '../../manifests/node-labels';
import { Container } from '../../manifests/pod/container';
import { Workload } from '../../manifests/pod/workload';
import { isPatch } from '../../manifests/patches';
import { selects } from '../../manifests/policies';
import { mayGiveLabel } from '../../manifests/kustomizations';
import { probePlace, probesOf } from '../../manifests/probes';
import { Process } from '../../manifests/process';
import { rabbitBrokers } from '../../manifests/rabbit-server';
import { Resource } from '../../manifests/resource';
import { leastReplicas, mostReplicas } from '../../manifests/scalers';
import { spotNodes } from '../../manifests/spot';
import { taskLimit } from '../../manifests/task-limit';
import type { World } from '../../manifests/world';
import { lazy, remembered } from '../../memo';
import { listed } from '../printable';
import { ELSEWHERE, Rule, unless } from '../rule';
import { Severity } from '../severity';

/** Where something in the input is meant for an autoscaler of nodes: the namespaces of pods, or all for what is in none. */
const withNodeAutoscaler = lazy((world: World) => new Set([
  ...['NodePool', 'Provisioner', 'EC2NodeClass'].flatMap((kind) => world.kind(kind)).map(({ namespace }) => namespace || ANY),
  ...world.workloads.filter(({ annotations, spec }) => [...Object.keys(annotations), ...Object.keys(asMap(spec.nodeSelector))]
    .some((name) => /^(karpenter\.sh|cluster-autoscaler\.kubernetes\.io)\//.test(name))).map(({ resource }) => resource.namespace),
]));

const ANY = '*';

/** The longest grace period that the cluster autoscaler keeps, in seconds: its own option, where it is in the input. */
const keptGrace = lazy((world: World): { readonly seconds: number; readonly inSight: boolean } => {
  const autoscaler = world.workloads.flatMap(({ containers }) => containers).find(({ image }) => image.name === 'cluster-autoscaler');
  const given = autoscaler?.words.map(({ text }) => /^--max-graceful-termination-sec=(\d+)$/.exec(text)?.[1]).find((seconds) => seconds !== undefined);
  return { seconds: Number(given ?? AUTOSCALER_GRACE), inSight: autoscaler !== undefined };
});

/** The disruption budgets that select the pods of a workload by plain labels. */
const budgets = lazy((world: World) => world.kind('PodDisruptionBudget').flatMap((budget) => {
  const selector = get(budget.json, 'spec', 'selector', 'matchLabels');
  if (!isMap(selector) || asList(get(budget.json, 'spec', 'selector', 'matchExpressions')).length > 0) return [];
  return [{ budget, ...selectedBy(world)(JSON.stringify([budget.namespace, selector])) }];
}));

/** What a selector takes: the first workload that runs Celery or its broker, and the most and the fewest pods. Budgets with one selector share it. */
const selectedBy = lazy((world: World) => remembered((question: string) => {
  const [namespace, selector] = JSON.parse(question) as [string, JsonObject];
  const workloads = world.select(namespace, selector).filter(({ longRunning }) => longRunning);
  return {
    celery: workloads.find((workload) => world.in(workload).length > 0 || world.redisIn(workload).length > 0),
    most: workloads.reduce((sum, workload) => sum + mostReplicas(workload, world), 0),
    least: workloads.reduce((sum, workload) => sum + leastReplicas(workload, world), 0),
  };
}));

/** The pods that a budget of policy/v1 selects: with an empty selector all of its namespace. */
const budgetsByWorkload = lazy((world: World) => {
  const byNamespace = grouped(world.workloads.filter(({ longRunning }) => longRunning).map((workload) => [workload.resource.namespace, workload]));
  const selected = remembered((question: string): readonly Workload[] => {
    const [namespace, selector] = JSON.parse(question) as [string, unknown];
    const labels = asMap(get(selector, 'matchLabels'));
    const some = Object.keys(labels).length > 0 ? world.select(namespace, labels) : byNamespace.get(namespace) ?? [];
    return some.filter((workload) => workload.longRunning && selects(selector, workload.labels));
  });
  return grouped(world.kind('PodDisruptionBudget').flatMap((budget) => {
    const selector = get(budget.json, 'spec', 'selector');
    return isMap(selector) ? selected(JSON.stringify([budget.namespace, selector])).map((workload) => [workload, budget] as const) : [];
  }));
});

/** What of a budget lets none of that many pods be evicted. */
function blocks(budget: Resource, pods: number): { field: string; value: string } | undefined {
  const unavailable = asScalar(get(budget.json, 'spec', 'maxUnavailable'));
  if (unavailable === '0' || unavailable === '0%') return { field: 'maxUnavailable', value: unavailable };
  const available = asScalar(get(budget.json, 'spec', 'minAvailable'));
  const blocked = available === '100%' || (available !== undefined && /^\d+$/.test(available) && Number(available) >= pods);
  return blocked && pods > 0 ? { field: 'minAvailable', value: available } : undefined;
}

const celeryByNamespace = lazy((world: World) => grouped([...new Set(world.processes.map(({ workload }) => workload))]
  .map((workload) => [workload.resource.namespace, workload])));

/** What is for Beat or Flower is not for a worker. */
const mayBeOf = (role: string, workload: Workload, world: World): boolean => !['beat', 'flower'].includes(role)
  || world.complete || workload.resource.name.toLowerCase().includes(role) || world.in(workload).some((process) => process.role === role);

/** Whether a selector takes a pod of the input; none at all takes no pod, and an empty one takes all. */
const selectsSome = lazy((world: World) => remembered((namespace: string, selector: string) => {
  const wanted = JSON.parse(selector) as unknown;
  return isMap(wanted) && workloadsIn(namespace, world).some(({ labels }) => selects(wanted, labels));
}));

/** Proxies that end at SIGTERM, whoever still uses them, and the words that make them wait. */
const PROXIES = /^(cloud-sql-proxy|cloudsql-proxy|gce-proxy|alloydb-auth-proxy|envoy|stunnel|twemproxy|nutcracker|ghostunnel)$/;
const WAITS = /sigterm-delay|term_timeout|drain-time|exit-zero-when/i;

function isProxy({ image, invocations }: Container): boolean {
  return PROXIES.test(image.name) || invocations.some(startsProxy);
}

const startsProxy = ({ words }: Invocation): boolean => /(^|\/)(cloud[-_]sql[-_]proxy|alloydb-auth-proxy)$/.test(words[0]?.text ?? '');

/** A script has it in the background, and goes on with something else: with that the container ends. */
function isEndedByScript({ invocations }: Container): boolean {
  return invocations.some((invocation) => startsProxy(invocation) && invocation.links.some((link) => link.kind === 'shell' && link.command.background
    && link.script.commands.at(-1) !== link.command && link.script.commands.at(-1)?.words[0].text !== 'wait'));
}

/** Its broker, next to it in the pod. */
function isBrokerOf(container: Container, { link, workload }: Process, world: World): boolean {
  return brokerContainers(world).has(container)
    || (link !== undefined && isLoopback(link.url.host) && isRedis(link.url)
      && world.redisIn(workload).some((server) => server.container === container));
}

/** Docker in Docker, where the worker starts containers. */
function isDockerOf(other: Container, { env }: Container): boolean {
  return other.image.name === 'docker' && /dind/.test(other.image.tag ?? '') && /^tcp:\/\/(localhost|127\.0\.0\.1)\b/.test(env.value('DOCKER_HOST') ?? '');
}

function waits(container: Container): boolean {
  return container.words.some(({ text }) => WAITS.test(text)) || isMap(get(container.json, 'lifecycle', 'preStop'))
    || [...container.env.all()].some(({ name }) => /SIGTERM_DELAY|TERM_TIMEOUT/.test(name));
}

/** It ends only where something tells it to. */
function isStopped({ containers, spec }: Workload): boolean {
  return spec.shareProcessNamespace === true || containers.some(({ words }) => words.some(({ text }) => /quitquitquit|exitquit|pkill|killall/.test(text)));
}

/** What it runs is in its command, and no script of the image. */
function isInSight({ ownsEntrypoint, invocations }: Container): boolean {
  return ownsEntrypoint && invocations.every(({ words }) => !/\.(sh|bash)$|entry-?point/.test(words[0].text));
}

/** What ends a container that is meant to prepare something: a copy of a repository, or migrations, as its last command. */
function endsBy({ image, words, env, invocations }: Container): string | undefined {
  if (image.name === 'git-sync') {
    const once = words.find(({ text }) => /^--?one-time(=true)?$/.test(text))?.text;
    if (words.some(({ text }) => /^--?one-time=false$/.test(text))) return undefined;
    const variable = ['GITSYNC_ONE_TIME', 'GIT_SYNC_ONE_TIME'].find((name) => /^(true|1)$/i.test(env.value(name) ?? ''));
    return once ?? variable;
  }
  const last = invocations.at(-1);
  const text = last?.words.map((word) => word.text).join(' ') ?? '';
  return last && !last.conditional && !/&&|\|\|/.test(text) && last.links.every(({ kind }) => kind === 'shell')
    && /^(?:\S*python[\d.]*\s+)?(?:\S*\/)?(manage\.py|django-admin)\s+(migrate|collectstatic|loaddata)\b|^(?:\S*\/)?alembic\s+upgrade\b|^(?:\S*\/)?flask\s+db\s+upgrade\b|^(?:\S*\/)?airflow\s+(initdb|upgradedb|create_user|users\s+create|db\s+(init|upgrade|migrate|check|reset))\b/.test(text) ? text : undefined;
}

/** The annotation by which an agent is added to the pods of a Job, and the one by which it ends. */
function injectedFor({ annotations }: Workload): readonly [string, string] | undefined {
  const [inject, only] = ['vault.hashicorp.com/agent-inject', 'vault.hashicorp.com/agent-pre-populate-only'];
  const isOn = (name: string): boolean => asScalar(annotations[name]) === 'true';
  return isOn(inject) && !isOn(only) ? [`${only}: "true"`, inject] : undefined;
}

export const evictionRules: Rule[] = [
  {
    id: 'eviction/spot-node',
    severity: Severity.WARNING,
    title: 'Tasks run on nodes that are taken away sooner than a task may take',
    why: 'A spot or preemptible node gives a pod 15 s on GKE (unless its node pool has more), 30 s on Azure and 2 min on EC2, whatever its grace period is: then SIGKILL, and what was '
      + 'acknowledged early is lost.',
    fix: 'Run long tasks on other nodes; or let them run again: task_acks_late with a soft shutdown (REMAP_SIGTERM=SIGQUIT, '
      + 'worker_soft_shutdown_timeout) within that time.',
    source: 'https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms',
    rows: ['N6'],
    on: 'workers',
    check: (worker, report) => {
      const { workload } = worker;
      const spot = spotNodes(workload.spec);
      if (!spot || !workload.longRunning || worker.settingOn('task_acks_late') || acknowledgedBy(worker) === 'late') return;
      const limit = taskLimit(worker);
      const needed = limit?.seconds ?? workload.graceSeconds;
      if (needed <= spot.seconds) return;
      report({
        at: { resource: workload.resource, path: [...workload.specPath, ...spot.path] }, value: spot.label,
        allowed: `tasks of at most ${spot.seconds} s, or nodes that stay`,
        note: `${limit ? `a task may take ${needed} s` : `the grace period is ${needed} s`}, the node gives ${spot.seconds} s`,
        unless: `${spot.only ? '' : 'its pods run on other nodes, or '}tasks are acknowledged late and may run again`,
      });
    },
  },
  {
    id: 'eviction/autoscaler-cuts-grace',
    severity: Severity.WARNING,
    title: 'An autoscaler of nodes ends the pod before its grace period is over',
    why: `The cluster autoscaler waits ${AUTOSCALER_GRACE} s at most, and Karpenter moves pods to save nodes: a task of hours is killed in the middle, without any deploy.`,
    fix: 'Annotate the pods with cluster-autoscaler.kubernetes.io/safe-to-evict: "false" and karpenter.sh/do-not-disrupt: "true"; or raise --max-graceful-termination-sec.',
    source: 'https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md',
    rows: ['N7'],
    across: true,
    on: 'workers',
    check: ({ workload }, report, world) => {
      const { seconds: kept, inSight } = keptGrace(world);
      if (workload.graceSeconds <= kept || !workload.longRunning) return;
      const { resource, podPath } = workload;
      const contrary = Object.entries(KEPT).filter(([name, value]) => asScalar(get(workload.annotations, name)) === (value === 'true' ? 'false' : 'true'));
      for (const [name, value] of contrary) {
        report({
          at: { resource, path: [...podPath, 'metadata', 'annotations', name] }, value: `${value === 'true' ? 'false' : 'true'}, and a grace period of ${workload.graceSeconds} s`,
          allowed: `${name}: "${value}"`, unless: 'no task takes longer than that autoscaler waits',
        });
      }
      if (contrary.length > 0 || Object.entries(KEPT).some(([name, value]) => asScalar(get(workload.annotations, name)) === value)) return;
      const certain = inSight || [ANY, workload.resource.namespace].some((namespace) => withNodeAutoscaler(world).has(namespace));
      report({
        at: { resource: workload.resource, path: [...workload.specPath, 'terminationGracePeriodSeconds'] }, value: `${workload.graceSeconds} s`,
        allowed: 'cluster-autoscaler.kubernetes.io/safe-to-evict: "false", karpenter.sh/do-not-disrupt: "true"',
        ...(certain ? {} : { severity: Severity.INFO, unless: 'the cluster has none' }),
      });
    },
  },
  {
    id: 'eviction/vertical-autoscaler',
    severity: Severity.WARNING,
    title: 'A VerticalPodAutoscaler evicts pods of Celery to give them other resources',
    why: 'With updateMode Auto, Recreate or InPlaceOrRecreate its updater evicts running pods at any time: tasks in the middle, and Beat between two of them.',
    fix: 'Set updatePolicy.updateMode to Initial or Off.',
    source: 'https://github.com/kubernetes/autoscaler/tree/master/vertical-pod-autoscaler',
    rows: ['N35'],
    check: (world, report) => {
      for (const scaler of world.kind('VerticalPodAutoscaler')) {
        const workload = world.target(scaler.namespace, get(scaler.json, 'spec', 'targetRef'));
        const mode = asText(get(scaler.json, 'spec', 'updatePolicy', 'updateMode')) ?? 'Auto';
        if (!workload || !/^(Auto|Recreate|InPlaceOrRecreate)$/.test(mode)) continue;
        const off = asList(get(scaler.json, 'spec', 'resourcePolicy', 'containerPolicies')).filter((policy) => get(policy, 'mode') === 'Off')
          .map((policy) => get(policy, 'containerName'));
        const celery = world.in(workload).filter(({ role }) => role === 'worker' || role === 'beat');
        if (celery.length === 0 || off.includes('*') || workload.containers.every(({ name }) => off.includes(name))) continue;
        report({
          at: { resource: scaler, path: ['spec', 'updatePolicy'] }, value: `updateMode: ${mode}`, allowed: 'Initial or Off',
          note: `it is for ${workload.resource.kind} ${workload.resource.name}`,
        });
      }
    },
  },
  {
    id: 'eviction/budget-blocks-drains',
    severity: Severity.WARNING,
    title: 'A PodDisruptionBudget allows no eviction at all',
    why: '`Cannot evict pod as it would violate the pod\'s disruption budget.`: a drain for a new version of the nodes never ends, until somebody forces it and '
      + 'the pod is killed with its tasks.',
    fix: 'Set maxUnavailable: 1; to keep long tasks, a grace period above the longest of them.',
    source: 'https://kubernetes.io/docs/tasks/run-application/configure-pdb/',
    rows: ['N8'],
    check: (world, report) => {
      for (const { budget, celery, most, least } of budgets(world)) {
        const always = celery && blocks(budget, most);
        const blocked = always ?? (celery && blocks(budget, least));
        if (!celery || !blocked) continue;
        const { resource } = celery;
        report({
          at: { resource: budget, path: ['spec', blocked.field] }, value: `${blocked.field}: ${blocked.value}`, allowed: 'maxUnavailable: 1',
          note: `it selects ${resource.kind} ${resource.name}`, ...unless(always !== undefined, `the autoscaler keeps more than the fewest pods, ${least}`),
        });
      }
    },
  },
  {
    id: 'eviction/several-budgets',
    severity: Severity.ERROR,
    title: 'Pods are selected by more than one PodDisruptionBudget',
    why: 'The API server refuses each eviction of them: `This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.` '
      + 'A drain never ends, until somebody forces it and the pod is killed with its tasks.',
    fix: 'Keep one budget for each pod: remove the others, or give them a selector that takes other pods (a worker of our constructs with replicas of two or more has '
      + 'a budget: `disruptionBudget` changes it).',
    source: 'https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-budgets',
    rows: ['N8'],
    check: (world, report) => {
      for (const [workload, all] of budgetsByWorkload(world)) {
        const those = all.filter((budget) => world.isLast(budget)).sort((one, other) => one.name < other.name ? -1 : 1);
        if (those.length < 2 || (world.in(workload).length === 0 && world.redisIn(workload).length === 0)) continue;
        const { resource } = workload;
        report({
          at: { resource: those[those.length - 1], path: ['spec', 'selector'] }, value: listed(those.map(({ name }) => name)), allowed: 'one',
          note: `they select ${resource.kind} ${resource.name}`, ...unless(!mayBeApart(those, resource, world), ONE_IS_APPLIED),
        });
      }
    },
  },
  {
    id: 'eviction/budget-selects-nothing',
    severity: Severity.WARNING,
    title: 'A PodDisruptionBudget selects no pod of the application that it is for',
    why: 'A label that no pod has, or a budget in another namespace, protects nothing: a drain evicts all workers at once. `kubectl get pdb` shows ALLOWED '
      + 'DISRUPTIONS 0 and no disruption is ever held up.',
    fix: 'Give spec.selector.matchLabels the labels of the pod template.',
    source: 'https://kubernetes.io/docs/tasks/run-application/configure-pdb/',
    rows: ['N21'],
    check: (world, report) => {
      for (const budget of world.kind('PodDisruptionBudget')) {
        const selector = get(budget.json, 'spec', 'selector');
        const labels = Object.entries(asMap(get(selector, 'matchLabels'))).map(([name, value]) => `${name}=${asScalar(value) ?? ''}`);
        const role = /celery|worker|beat|flower/i.exec([budget.name, ...labels].join(' '))?.[0].toLowerCase();
        const near = role === undefined ? [] : (celeryByNamespace(world).get(budget.namespace) ?? [])
          .filter((workload) => mayBeOf(role, workload, world));
        if (near.length === 0 || isPatch(budget, world) || selectsSome(world)(budget.namespace, JSON.stringify(selector ?? null))) continue;
        const { resource, labels: own } = near.find((workload) => workload.resource.name.toLowerCase().includes(role!)) ?? near[0];
        report({
          at: { resource: budget, path: ['spec', 'selector'] }, value: labels.length > 0 ? labels.join(', ') : JSON.stringify(selector ?? null),
          allowed: listed(Object.entries(own).map(([name, value]) => `${name}=${asScalar(value) ?? ''}`)), note: `those are of ${resource.kind} ${resource.name}`,
          unless: ELSEWHERE,
        });
      }
    },
  },
  {
    id: 'eviction/bare-pod',
    severity: Severity.WARNING,
    title: 'Nothing starts the pod again when it is gone',
    why: 'A pod without a controller goes with its node, and with every drain (which stops at it until somebody gives --force); it cannot be '
      + 'rolled out, either. Without its broker Celery runs no task.',
    fix: 'Make it a Deployment or StatefulSet with one replica.',
    source: 'https://kubernetes.io/docs/concepts/workloads/pods/#pods-and-controllers',
    rows: ['N59'],
    check: (world, report) => {
      const brokers = new Map<Workload, boolean>();
      for (const server of world.redisServers) {
        const use = brokerUse(server, world);
        if (use !== 'no') brokers.set(server.container.workload, use === 'yes');
      }
      for (const { server, certain } of rabbitBrokers(world)) if (server.container) brokers.set(server.container.workload, certain);
      for (const workload of world.workloads) {
        const { resource, spec } = workload;
        if (resource.kind !== 'Pod' || spec.restartPolicy === 'Never') continue;
        const at = { resource, path: [] };
        const certain = brokers.get(workload);
        if (certain !== undefined) report({ at, note: 'it is the broker', ...unless(certain, 'Celery does not use it as its broker') });
        // Often made by hand, to look at something.
        else if (world.in(workload).some(({ role }) => role !== 'other')) report({ at, severity: Severity.INFO });
      }
    },
  },
  {
    id: 'eviction/hung-worker-stays',
    severity: Severity.WARNING,
    title: 'A worker that hangs stays for the whole grace period after its liveness probe has failed',
    why: 'The grace period of the pod also applies to probes: the kubelet sends SIGTERM and waits as long as for a running task, which a worker that hangs never finishes.',
    fix: 'Set livenessProbe.terminationGracePeriodSeconds: 60.',
    source: 'https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#probe-level-terminationgraceperiodseconds',
    rows: ['N45'],
    on: 'workers',
    check: ({ container, workload }, report) => {
      if (workload.graceSeconds <= AUTOSCALER_GRACE) return;
      for (const probe of probesOf(container)) {
        if (probe.kind !== 'livenessProbe' || asNumber(probe.json.terminationGracePeriodSeconds) !== undefined) continue;
        report({ at: probePlace(probe), value: `grace period ${workload.graceSeconds} s`, allowed: 'terminationGracePeriodSeconds: 60 in the probe' });
      }
    },
  },
  {
    id: 'eviction/sidecar-ends-first',
    severity: Severity.WARNING,
    title: 'A sidecar that tasks use ends at SIGTERM, while the worker still runs tasks',
    why: 'SIGTERM goes to all containers at once: the warm shutdown goes on, and its tasks lose the database (`connection refused` at 127.0.0.1), or the containers that they have started. '
      + 'Without its broker the worker can neither acknowledge a task nor give back those that it has fetched: they run again after the visibility timeout, or are lost.',
    fix: 'Make it a native sidecar (in initContainers, with restartPolicy: Always), which ends after the others; or give the proxy --max-sigterm-delay.',
    source: 'https://github.com/GoogleCloudPlatform/cloud-sql-proxy/issues/1640',
    rows: ['N32'],
    on: 'workers',
    check: (worker, report, world) => {
      const { workload, container } = worker;
      if (!workload.longRunning) return;
      for (const other of workload.containers) {
        const isUsed = isProxy(other) || isDockerOf(other, container) || isBrokerOf(other, worker, world);
        if (other === container || other.init || !isUsed || waits(other)) continue;
        report({
          at: other.place(), value: other.image.text, allowed: 'restartPolicy: Always in initContainers', unless: 'no task uses it at the end',
          ...isProxy(other) ? {} : { fix: 'Make it a native sidecar (in initContainers, with restartPolicy: Always), which ends after the others.' },
        });
      }
    },
  },
  {
    id: 'eviction/no-node-fits',
    severity: Severity.ERROR,
    title: 'A pod of Celery asks for a node that cannot be: its nodeSelector, its affinity or its volume exclude each other',
    why: 'All of them must be met by one node. The pod stays Pending: `0/3 nodes are available: 3 node(s) didn\'t match Pod\'s node affinity/selector`, `node(s) had volume node affinity conflict`.',
    fix: 'Ask for one set of nodes, in the zone of the volume.',
    source: 'https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#node-affinity',
    rows: ['N22'],
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      // An old trick to stop all pods.
      if (mostReplicas(workload, world) === 0) return;
      for (const { path, value, by, allowed } of withoutNode(workload, world)) {
        report({ at: { resource: workload.resource, path: [...path] }, value, allowed, note: `${by} asks for others` });
      }
    },
  },
  {
    id: 'eviction/affinity-to-no-pod',
    severity: Severity.WARNING,
    title: 'A pod of Celery has to run next to pods that there are not',
    why: 'A required podAffinity is met only where a pod with those labels runs: without one the pod stays Pending, `0/3 nodes are available: 3 node(s) didn\'t match pod affinity rules`.',
    fix: 'Write the labels of the pods that are meant; or preferredDuringSchedulingIgnoredDuringExecution.',
    source: 'https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity',
    rows: ['N79'],
    on: 'celeryWorkloads',
    check: ({ spec, specPath, resource }, report, world) => {
      const path = ['affinity', 'podAffinity', 'requiredDuringSchedulingIgnoredDuringExecution'];
      for (const [i, term] of asList(get(spec, ...path)).entries()) {
        const selector = get(term, 'labelSelector');
        const labels = Object.entries(asMap(get(selector, 'matchLabels')));
        const others = ['namespaces', 'namespaceSelector', 'matchLabelKeys', 'mismatchLabelKeys'].some((name) => get(term, name) !== undefined);
        if (others || labels.length === 0 || labels.some((label) => isFilledIn(label.join('')))) continue;
        const near = workloadsIn(resource.namespace, world);
        // Those of another chart, or of an operator, are called otherwise than all that is here.
        const values = labels.map(([, value]) => asScalar(value) ?? '');
        const speaksOf = ({ name }: Resource): boolean => values.some((value) => value.includes(name) || name.includes(value));
        if (!near.some((workload) => workload.resource !== resource && speaksOf(workload.resource))) continue;
        const rest = { matchLabels: Object.fromEntries(labels.filter(([name]) => !mayGiveLabel(name, resource.namespace, world))), matchExpressions: get(selector, 'matchExpressions') };
        if (near.some((workload) => selects(rest, workload.labels))) continue;
        report({ at: { resource, path: [...specPath, ...path, i, 'labelSelector'] }, value: labels.map(([name, value]) => `${name}: ${asScalar(value)}`).join(', '), unless: ELSEWHERE });
      }
    },
  },
  {
    id: 'eviction/container-ends',
    severity: Severity.ERROR,
    title: 'A container next to Celery ends at once, and is restarted forever',
    why: 'The kubelet starts each container of a Deployment again: with git-sync --one-time or a migration among `containers` the pod is in CrashLoopBackOff and never ready, and the command runs every '
      + 'five minutes.',
    fix: 'Move it to initContainers; or let it stay: git-sync without --one-time.',
    source: 'https://github.com/kubernetes/git-sync#manual',
    rows: ['N32'],
    on: 'celeryWorkloads',
    check: (workload, report) => {
      if (!workload.longRunning || (workload.spec.restartPolicy ?? 'Always') !== 'Always') return;
      for (const container of workload.containers.filter(({ init }) => !init)) {
        const why = endsBy(container);
        if (why !== undefined) report({ at: container.place(), value: why });
      }
    },
  },
  {
    id: 'eviction/deleted-by-cronjob',
    severity: Severity.ERROR,
    title: 'A CronJob deletes the pods of Celery without their grace period',
    why: 'With --force --grace-period=0 or --now, SIGKILL follows at once: running tasks are lost each time, or come back after the visibility timeout.',
    fix: 'Restart the Deployment: kubectl rollout restart deployment/NAME; against leaks use --max-tasks-per-child or --max-memory-per-child.',
    source: 'https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-forced',
    rows: ['S3'],
    check: (world, report) => {
      for (const workload of world.workloads) {
        const { kind, namespace } = workload.resource;
        if (kind !== 'CronJob' || get(workload.resource.json, 'spec', 'suspend') === true) continue;
        for (const container of workload.containers) {
          const text = container.words.map((word) => word.text).join(' ');
          const [, command] = /\bkubectl\s([^;&|]*?\bdelete\s[^;&|]*)/.exec(text) ?? [];
          if (command === undefined || !/\bpods?\b|\bpo\b/.test(command) || !/--now\b|--grace-period[= ](0|1)\b/.test(command)) continue;
          // Those of another phase have ended.
          if (/--field-selector|--dry-run(?!=none)/.test(command)) continue;
          const selector = /(?:-l|--selector)[= ]["']?([^"'\s]+)/.exec(command)?.[1] ?? '';
          const labels = selector.split(',').map((one) => /^([\w./-]+)={1,2}([\w.-]+)$/.exec(one)).map((one) => one && [one[1], one[2]] as const);
          const where = /(?:-n|--namespace)[= ]([\w-]+)/.exec(command)?.[1] ?? namespace;
          if (labels.some((label) => label === null)) continue;
          const meant = world.select(where, Object.fromEntries(labels.flatMap((label) => label ? [label] : []))).filter((one) => world.in(one).some(({ role }) => role === 'worker'));
          if (meant.length > 0) report({ at: container.place(), value: `kubectl ${command.trim()}`, note: `it takes ${listed(meant.map(({ resource }) => `${resource.kind} ${resource.name}`))}` });
        }
      }
    },
  },
  {
    id: 'eviction/sidecar-never-ends',
    severity: Severity.ERROR,
    title: 'A proxy keeps the pod of a Job running after its work is done',
    why: 'A Job is complete when all its containers have ended, and the proxy never does: the Job stays, hooks of Helm time out, a CronJob that forbids '
      + 'concurrency never runs again.',
    fix: 'Make it a native sidecar (in initContainers, with restartPolicy: Always), which does not count; the agent of Vault ends with agent-pre-populate-only: "true".',
    source: 'https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#jobs-with-sidecar-containers',
    rows: ['N32'],
    check: (world, report) => {
      for (const workload of world.workloads) {
        if (workload.longRunning || !hasCelery(workload.resource.namespace, world) || isStopped(workload)) continue;
        const own = workload.containers.filter(({ init }) => !init);
        const injected = injectedFor(workload);
        if (injected !== undefined) {
          const [field, name] = injected;
          report({
            at: { resource: workload.resource, path: [...workload.podPath, 'metadata', 'annotations', name] }, value: `${name}: ${asScalar(workload.annotations[name])}`, allowed: field,
            note: 'the agent that it adds never ends', ...unless(own.every(isInSight), 'what the others run ends it'),
          });
        }
        const proxies = own.filter((one) => isProxy(one) && !isEndedByScript(one));
        if (proxies.length === own.length) continue;
        const inSight = own.every((one) => proxies.includes(one) || isInSight(one));
        for (const proxy of proxies) {
          report({
            at: proxy.place(), value: proxy.image.text, allowed: 'restartPolicy: Always in initContainers', ...unless(inSight, 'what the others run ends it'),
          });
        }
      }
    },
  },
];
