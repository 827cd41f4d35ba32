import { isDevice, isGpu, isGpuClass } from '../../celery/devices';
import { MAIN_PROCESS_BYTES, memoryOfWorker } from '../../celery/memory';
import { mebibytes } from '../../celery/quantity';
import { hasPlaceholder } from '../../celery/filled-in';
import { codeFiles } from '../../manifests/code';
import { asList, asMap, asScalar, asText, get } from '../../manifests/json';
import { OF_CONTROLLERS } from '../../manifests/labels';
import { commonLabels } from '../../manifests/kustomizations';
import { Place } from '../../manifests/place';
import { Container } from '../../manifests/pod/container';
import { Workload } from '../../manifests/pod/workload';
import { Process } from '../../manifests/process';
import { withoutComments } from '../../manifests/python-text';
import { isScaled } from '../../manifests/scalers';
import { DEFAULT_SHARE, podsOf } from '../../manifests/shares';
import type { World } from '../../manifests/world';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** A child that has only imported Celery needs more than this. */
const SMALLEST_CHILD_KIB = 20_000;

/** A child may take 4 s to start. With this share of a CPU that is 0.4 s of it, three times what a small application takes. */
const CPUS_A_CHILD = 0.1;

/** Nodes of clouds have up to 192 CPUs, and few have more: who writes as many means thousandths. */
const MANY_CPUS = 200;

/** Less than that for each child is tight: a web framework and its libraries are in it before the first task. */
const USUAL_CHILD_BYTES = 128 * 2 ** 20;
/** No container starts with less. */
const SMALLEST_CONTAINER_BYTES = 6 * 2 ** 20;

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The size at which a child is replaced, in KiB: by the option, or else by the setting. */
function childMemory(worker: Process): { readonly kib: number; readonly at: Place; readonly variable: boolean } | undefined {
  const option = worker.option('--max-memory-per-child');
  if (option.state === 'known') {
    const kib = worker.number('--max-memory-per-child') ?? 0;
    return kib > 0 ? { kib, at: worker.place(option.path), variable: false } : undefined;
  }
  const setting = option.state === 'unset' ? worker.setting('worker_max_memory_per_child') : undefined;
  const kib = setting && /^\d+$/.test(setting.value) ? Number(setting.value) : 0;
  return kib > 0 ? { kib, at: setting!.at, variable: setting!.variable !== undefined } : undefined;
}

/** The first resource of a kind that a container asks for. */
function asksFor({ json }: Container, kind: (resource: string) => boolean): string | undefined {
  return ['limits', 'requests'].flatMap((amounts) => Object.entries(asMap(get(json, 'resources', amounts)))
    .flatMap(([name, amount]) => asScalar(amount) === '0' ? [] : name)).find(kind);
}

/** The device class of a GPU that a container has by a claim. */
function claimedGpu({ json, workload: { spec, resource: { namespace } } }: Container, world: World): string | undefined {
  const used = new Set(asList(get(json, 'resources', 'claims')).map((claim) => get(claim, 'name')));
  const objects = asList(spec.resourceClaims).filter((claim) => used.has(get(claim, 'name'))).flatMap((claim) => [
    get(world.find('ResourceClaimTemplate', namespace, asText(get(claim, 'resourceClaimTemplateName')) ?? '')?.json, 'spec', 'spec'),
    get(world.find('ResourceClaim', namespace, asText(get(claim, 'resourceClaimName')) ?? '')?.json, 'spec'),
  ]);
  return objects.flatMap((object) => asList(get(object, 'devices', 'requests')))
    .flatMap((request) => [request, get(request, 'exactly'), ...asList(get(request, 'firstAvailable'))].flatMap((one) => asText(get(one, 'deviceClassName')) ?? []))
    .find(isGpuClass);
}

/** A device that each pod has for itself: a resource of one of its containers, or one that a template of claims makes. */
function deviceOf({ allContainers: all, spec }: Workload): string | undefined {
  const named = all.map((container) => asksFor(container, isDevice)).find((name) => name !== undefined);
  const used = new Set(all.flatMap(({ json }) => asList(get(json, 'resources', 'claims')).map((claim) => get(claim, 'name'))));
  const claim = asList(spec.resourceClaims).find((one) => used.has(get(one, 'name')) && get(one, 'resourceClaimTemplateName') !== undefined);
  return named ?? (claim === undefined ? undefined : `a device of ResourceClaimTemplate ${asScalar(get(claim, 'resourceClaimTemplateName'))}`);
}

/** How many pods a share or a number is: of the new ones rounded up, of those that may be missing rounded down. */
function pods(value: unknown, replicas: number, whole: (value: number) => number): number | undefined {
  return podsOf(asScalar(value) ?? DEFAULT_SHARE, replicas, whole);
}

/** In a rollout the first new pod has to run before an old one goes; the number of pods that one begins with. */
function startsFirst({ rolls, resource, replicas }: Workload): boolean {
  const strategy = get(resource.json, 'spec', 'strategy');
  if (!rolls || replicas === undefined || replicas === 0) return false;
  if (get(strategy, 'blueGreen') !== undefined) return true;
  const options = get(strategy, 'rollingUpdate') ?? get(strategy, 'rollingParams') ?? get(strategy, 'canary');
  const unavailable = pods(get(options, 'maxUnavailable'), replicas, Math.floor);
  return unavailable === 0 && (pods(get(options, 'maxSurge'), replicas, Math.ceil) ?? 0) > 0;
}

/** Started by something that may give a concurrency of its own: a script, or a program known to do it. */
function setsItsOwn({ command: { vendor } }: Process): boolean {
  return ['unknown', 'airflow', 'sentry', 'dagster-celery'].includes(vendor);
}

/** The pool of a program that starts workers of its own, as far as its options and variables are known: prefork, unless they say another. */
function poolOfVendor({ command: { vendor }, container }: Process): string | undefined {
  return vendor === 'airflow' ? container.env.value('AIRFLOW__CELERY__POOL') ?? 'prefork' : vendor === 'sentry' ? 'prefork' : undefined;
}

export const resourceRules: Rule[] = [
  {
    id: 'resources/concurrency-of-the-node',
    severity: Severity.WARNING,
    title: 'The number of pool processes depends on the CPUs of the node',
    why: 'Celery counts the CPUs of the machine, not those of the container: 20 children on a 20-core node in a '
      + 'container with 4 Gi, OOMKilled at start.',
    fix: 'Set --concurrency.',
    source: 'https://github.com/makeplane/helm-charts/issues/188',
    rows: ['M1', 'Z5'],
    on: 'workers',
    check: (worker, report) => {
      const pool = worker.option('--pool');
      if ((pool.state === 'maybe' ? setsItsOwn(worker) : !worker.forks) || worker.sets('worker_concurrency')
        || ['known', 'set'].includes(worker.option('--autoscale').state)) return;
      const option = worker.option('--concurrency');
      if (option.state === 'known' && option.value === '0') report({ at: worker.place(option.path), value: '--concurrency 0', allowed: '1 or more' });
      // Something out of sight may set it; the warning says so, and hardly anything does.
      if (option.state === 'unset' || (option.state === 'maybe' && !setsItsOwn(worker))) {
        report({ at: worker.commandPlace, unless: 'the application sets worker_concurrency' });
      }
    },
  },
  {
    id: 'resources/cpus-without-m',
    severity: Severity.WARNING,
    title: 'A container requests as many CPUs as hardly any node has',
    why: 'cpu: 500 is 500 CPUs, and 500m is half of one: the pod stays Pending, `0/3 nodes are available: 3 Insufficient cpu`.',
    fix: 'Write thousandths of a CPU with an m: 500m.',
    source: 'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#meaning-of-cpu',
    rows: ['N73'],
    on: 'containers',
    check: (container, report) => {
      const resources = asMap(container.json.resources);
      const kind = get(resources, 'requests', 'cpu') === undefined ? 'limits' : 'requests';
      const written = asScalar(get(resources, kind, 'cpu')) ?? '';
      // From 4096 on it is certain, and said elsewhere.
      if (!/^\d+$/.test(written) || Number(written) < MANY_CPUS || Number(written) >= 4096) return;
      report({ at: container.place([...container.path, 'resources', kind, 'cpu']), value: written, allowed: `${written}m`, unless: 'a node has that many CPUs' });
    },
  },
  {
    id: 'resources/greenlets-of-the-node',
    severity: Severity.WARNING,
    title: 'The worker has as few greenlets as its node has CPUs',
    why: 'Celery counts the CPUs for every pool: with -P gevent and 4 CPUs it runs 4 tasks that wait for something at a time, and the fifth waits for them.',
    fix: 'Set --concurrency to the number of tasks that may wait at a time: 100, or more.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/concurrency/gevent.html',
    rows: ['M1'],
    on: 'workers',
    check: (worker, report) => {
      const pool = worker.option('--pool');
      if (pool.state !== 'known' || !/^(gevent|eventlet)$/.test(pool.value) || worker.sets('worker_concurrency')
        || ['known', 'set'].includes(worker.option('--autoscale').state)) return;
      if (worker.option('--concurrency').state === 'unset') {
        report({ at: worker.place(pool.path), value: `--pool ${pool.value}`, allowed: '--concurrency', unless: 'the application sets worker_concurrency' });
      }
    },
  },
  {
    id: 'resources/children-exceed-memory',
    severity: Severity.WARNING,
    title: 'The pool processes together may use more memory than the container has',
    why: 'Before --max-memory-per-child recycles them the container is OOMKilled, and all tasks in it die: `WorkerLostError(\'Worker exited '
      + 'prematurely: signal 9 (SIGKILL) Job: 348.\')`.',
    fix: 'Keep concurrency times --max-memory-per-child, and 150 MiB for the main process, below the memory limit.',
    source: 'https://github.com/mitodl/ol-infrastructure/issues/5475',
    rows: ['M2', 'N18'],
    on: 'workers',
    check: (worker, report) => {
      const { concurrency, container } = worker;
      const child = childMemory(worker);
      const option = worker.option('--max-memory-per-child');
      const limit = container.memoryLimit;
      // What is not in sight may choose another pool, and hardly ever does.
      const pool = worker.option('--pool').state === 'maybe' ? poolOfVendor(worker) : undefined;
      const mayFork = worker.forks || pool === 'prefork' || (worker.plain && worker.option('--pool').state === 'maybe');
      // A limit in which no container starts is an error of its own.
      if (limit === undefined || limit < SMALLEST_CONTAINER_BYTES || !mayFork) return;
      if (['unset', 'maybe'].includes(option.state) && concurrency !== undefined && concurrency > 1 && !worker.sets('worker_max_memory_per_child')) {
        const share = (limit - MAIN_PROCESS_BYTES) / concurrency;
        if (share >= USUAL_CHILD_BYTES) return;
        const path = ['known', 'set'].includes(worker.option('--autoscale').state) ? worker.option('--autoscale') : worker.option('--concurrency');
        report({
          at: path.state === 'known' ? worker.place(path.path) : worker.commandPlace, value: `${concurrency} children in ${mebibytes(limit)}`,
          allowed: `${worker.plain ? `--max-memory-per-child=${Math.max(SMALLEST_CHILD_KIB, Math.floor(share / 1024))}, ` : ''}fewer children or more memory`,
          note: 'since Kubernetes 1.28 one that is too large takes all with it', unless: `none ever needs more than ${mebibytes(Math.max(share, 0))}`,
        });
        return;
      }
      if (child === undefined) return;
      if (memoryOfWorker(concurrency ?? 1, child.kib) > limit) {
        report({
          at: child.at, value: `${concurrency ?? 1} × ${mebibytes(child.kib * 1024)} + ${mebibytes(MAIN_PROCESS_BYTES)}`, allowed: mebibytes(limit),
          ...unless(worker.forks && !child.variable, worker.forks ? 'the application does not read this variable' : 'the pool is not prefork'),
        });
      }
    },
  },
  {
    id: 'resources/max-memory-is-kib',
    severity: Severity.WARNING,
    title: '--max-memory-per-child is so small that each pool process is replaced after each task',
    why: 'The unit is KiB: 512 is half a MiB, and every child has more than that when it starts. Each task pays for a new process.',
    fix: 'Give KiB: 200000 is about 195 MiB.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/workers.html#max-memory-per-child-setting',
    rows: ['M3'],
    on: 'workers',
    check: (worker, report) => {
      const child = childMemory(worker);
      if (child === undefined || child.kib >= SMALLEST_CHILD_KIB || !worker.forks) return;
      report({
        at: child.at, value: `${child.kib} KiB`, allowed: `${SMALLEST_CHILD_KIB} or more`, ...unless(!child.variable, 'the application does not read this variable'),
      });
    },
  },
  {
    id: 'resources/cpu-limit-too-low',
    severity: Severity.WARNING,
    title: 'The CPU limit is too low for the number of pool processes',
    why: 'The children start at the same time, and one that takes more than 4 s is killed: `Timed out waiting for UP message from '
      + '<ForkProcess(...)>`, `signal 9 (SIGKILL)`, in a loop.',
    fix: 'Remove the CPU limit, lower --concurrency, or raise worker_proc_alive_timeout.',
    source: 'https://github.com/celery/celery/issues/4323',
    rows: ['P18'],
    on: 'workers',
    check: (worker, report) => {
      const limit = worker.container.resource('limits', 'cpu');
      const { concurrency } = worker;
      if (limit === undefined || concurrency === undefined || !worker.forks || limit >= CPUS_A_CHILD * concurrency) return;
      if (worker.sets('worker_proc_alive_timeout')) return;
      report({
        at: worker.place([...worker.container.path, 'resources', 'limits', 'cpu']), value: `${limit} CPUs for ${concurrency} children`,
        allowed: `${round(CPUS_A_CHILD * concurrency)} or more`, note: `when each takes more than ${round(4 * limit / concurrency)} s of CPU to start`,
      });
    },
  },
  {
    id: 'resources/same-node-name',
    severity: Severity.ERROR,
    title: 'All pods of the worker have the same Celery node name',
    why: '`DuplicateNodenameWarning: Received multiple replies from node name: celery@worker`: remote control and probes reach any of them, and '
      + 'monitoring sees one.',
    fix: 'Leave -n out, or end it in @%h: -n worker@%h.',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['W2'],
    on: 'workers',
    check: (worker, report, world) => {
      if (!isScaled(worker.workload, world) || !worker.plain) return;
      const option = worker.option('--hostname');
      // Without a shell or a script before Celery, nothing expands $HOSTNAME.
      const literal = worker.container.ownsEntrypoint && worker.links.length === 0 && /^[^$`]*\$\{?HOSTNAME\}?$/.test(option.state === 'known' ? option.value : '');
      if (option.state === 'known' && (literal || !/[$`]/.test(option.value)) && !/%[hnHN]/.test(option.value)) {
        report({ at: worker.place(option.path), value: option.value, allowed: 'a name with %h', ...literal ? { note: 'no shell expands $HOSTNAME' } : {} });
        return;
      }
      if (option.state !== 'unset' && !(option.state === 'known' && /%[hn]/.test(option.value))) return;
      const { spec, specPath, resource } = worker.workload;
      const hostname = asText(spec.hostname);
      if (hostname !== undefined && resource.kind !== 'StatefulSet') {
        report({ at: { resource, path: [...specPath, 'hostname'] }, value: `hostname: ${hostname}` });
      } else if (get(spec, 'hostNetwork') === true && resource.kind !== 'DaemonSet') {
        report({
          at: { resource, path: [...specPath, 'hostNetwork'] }, value: 'hostNetwork: true', severity: Severity.WARNING,
          note: 'when two of them run on one node',
        });
      }
    },
  },
  {
    id: 'resources/gpu-and-fork',
    severity: Severity.WARNING,
    title: 'The worker has a GPU, and its pool forks',
    why: 'A child that was forked after CUDA was touched cannot use it: `RuntimeError: Cannot re-initialize CUDA in forked subprocess`, in each task.',
    fix: 'Use --pool=solo or --pool=threads; one GPU serves one process anyway.',
    source: 'https://github.com/apecloud/ApeRAG/issues/331',
    rows: ['N17'],
    on: 'workers',
    check: (worker, report, world) => {
      const name = asksFor(worker.container, isGpu) ?? claimedGpu(worker.container, world);
      if (name === undefined || !worker.forks || ['known', 'set'].includes(worker.option('--pool-start-method').state)) return;
      report({ at: worker.commandPlace, value: `${worker.pool} and ${name}`, allowed: '--pool=solo, --pool=threads', unless: 'only the children import what uses CUDA' });
    },
  },
  {
    id: 'resources/shared-memory-too-small',
    severity: Severity.WARNING,
    title: 'Code loads data with several processes, and /dev/shm has 64 MiB',
    why: 'The processes of a DataLoader hand their batches over in shared memory: `RuntimeError: DataLoader worker (pid 125) is killed by signal: Bus error`.',
    fix: 'Mount an emptyDir with medium: Memory at /dev/shm, and count it in the memory limit; or use num_workers=0.',
    source: 'https://github.com/pytorch/pytorch/issues/16979',
    rows: ['N17'],
    on: 'workers',
    check: ({ container, workload: { spec } }, report) => {
      if (container.mountOf('/dev/shm') || spec.hostIPC === true) return;
      for (const { text, place } of codeFiles(container)) {
        const [, processes] = /\bDataLoader\([^#]{0,400}?\bnum_workers\s*=\s*(\d+)/.exec(withoutComments(text)) ?? [];
        if (Number(processes ?? 0) > 0) report({ at: place, value: `num_workers=${processes}`, allowed: 'an emptyDir at /dev/shm', unless: 'the batches are small' });
      }
    },
  },
  {
    id: 'resources/gpu-surge',
    severity: Severity.WARNING,
    title: 'A rollout needs one more GPU, or other device, than the pods have',
    why: 'The new pod has to run before an old one goes, and the old ones have the GPUs: it stays Pending (`Insufficient nvidia.com/gpu`), and the rollout never ends.',
    fix: 'Set strategy.rollingUpdate to maxSurge: 0 and maxUnavailable: 1, or strategy.type to Recreate.',
    source: 'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment',
    rows: ['N16'],
    on: 'workers',
    check: ({ workload }, report) => {
      const name = deviceOf(workload);
      if (name === undefined || !startsFirst(workload)) return;
      const { resource, replicas } = workload;
      report({
        at: { resource, path: ['spec', get(resource.json, 'spec', 'strategy') === undefined ? 'template' : 'strategy'] }, allowed: 'maxSurge: 0 and maxUnavailable: 1',
        value: `${replicas === 1 ? '1 pod' : `${replicas} pods`} with ${name}`, unless: 'a node has one to spare, or an autoscaler adds a node',
      });
    },
  },
  {
    id: 'resources/spread-of-other-pods',
    severity: Severity.WARNING,
    title: 'A topology spread constraint counts other pods than its own',
    why: 'The scheduler spreads by the pods that the labelSelector selects: those of the workload itself are not among them, and all of them may land on one node or zone.',
    fix: 'Write labels of the pod template into the labelSelector.',
    source: 'https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#topologyspreadconstraint-labelselector-field',
    rows: ['N79'],
    on: 'celeryWorkloads',
    check: ({ spec, specPath, labels, resource }, report, world) => {
      const added = new Set(commonLabels(world).flatMap((common) => ['', resource.namespace].includes(common.resource.namespace) ? [...common.pairs.keys()] : []));
      for (const [i, constraint] of asList(spec.topologySpreadConstraints).entries()) {
        const other = Object.entries(asMap(get(constraint, 'labelSelector', 'matchLabels'))).find(([name, value]) => asScalar(labels[name]) !== asScalar(value));
        if (!other || other.some((text) => hasPlaceholder(String(text))) || OF_CONTROLLERS.test(other[0]) || added.has(other[0])) continue;
        report({
          at: { resource, path: [...specPath, 'topologySpreadConstraints', i, 'labelSelector'] }, value: `${other[0]}: ${asScalar(other[1])}`,
          ...labels[other[0]] === undefined ? {} : { allowed: asScalar(labels[other[0]]) }, unless: 'it is meant to follow those pods',
        });
      }
    },
  },
];
