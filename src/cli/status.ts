import { parseArgs } from 'util';
import { kubectl } from './kubectl';

const USAGE = `Usage: cdk8s-celery status [-n NAMESPACE | -A] [--app APP] [--context CONTEXT] [-o table|json]

Asks the agent in each pod of an app how it is, and prints a table.

  -n, --namespace NAMESPACE   where the pods are (default: that of the kubectl context)
  -A, --all-namespaces        in all namespaces
      --app APP               of this CeleryApp alone (its name)
      --context CONTEXT       the kubectl context
  -o, --output FORMAT         table (default) or json
  -h, --help                  this text

Exits with 0 when all is well, 1 when something is not, 2 when that can't be told.
`;

/** What is known of a pod. */
interface PodStatus {
  readonly namespace: string;
  readonly pod: string;
  readonly role: string;
  /** undefined: not known. */
  readonly live?: boolean;
  readonly ready?: boolean;
  readonly reason: string;
  /** There are no pods, by intent: of a person, or of an autoscaler. */
  readonly scaledToZero?: boolean;
  /** The agent's own answer, where the pod has an agent and it answers. */
  readonly agent?: AgentStatus;
}

/** The part of the agent's `/status` that the table shows. */
export interface AgentStatus {
  readonly live: boolean;
  readonly ready: boolean;
  readonly reason: string;
  readonly now: string;
  readonly queues?: Record<string, number | null>;
  readonly active?: number;
  readonly concurrency?: number;
  readonly last_receipt?: string | null;
  readonly last_tick?: string | null;
  /** Another Beat on the same schedule. */
  readonly rival?: string;
  readonly agent_errors?: ReadonlyArray<{ readonly error: string }>;
  readonly versions: { readonly celery: string; readonly kombu: string; readonly python: string };
}

/** `cdk8s-celery status`: returns the exit code. */
export async function status(args: string[], print: (text: string) => void, complain: (text: string) => void): Promise<number> {
  let options: Options;
  try {
    options = parse(args);
  } catch (error) {
    complain(`cdk8s-celery status: ${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    print(USAGE);
    return 0;
  }
  try {
    const pods = await read(options);
    if (pods.length === 0) {
      complain(`cdk8s-celery status: no pods of ${options.app ? `the app '${options.app}'` : 'a Celery app'} ${options.where}; `
        + 'is it deployed there? (kubectl get pods -A -l app.kubernetes.io/name=celery)\n');
      return 2;
    }
    print(options.json ? `${JSON.stringify(pods, null, 2)}\n` : table(pods));
    return pods.every(isWell) ? 0 : 1;
  } catch (error) {
    complain(`cdk8s-celery status: ${(error as Error).message}\n`);
    return 2;
  }
}

interface Options {
  readonly help: boolean;
  readonly json: boolean;
  readonly app?: string;
  /** Arguments of kubectl that every call gets. */
  readonly context: string[];
  /** Arguments of kubectl that say where the pods are. */
  readonly scope: string[];
  readonly where: string;
}

function parse(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      'namespace': { type: 'string', short: 'n' },
      'all-namespaces': { type: 'boolean', short: 'A', default: false },
      'app': { type: 'string' },
      'context': { type: 'string' },
      'output': { type: 'string', short: 'o', default: 'table' },
      'help': { type: 'boolean', short: 'h', default: false },
    },
  });
  if (!['table', 'json'].includes(values.output)) {
    throw new Error(`--output ${values.output} is not a format; give table or json`);
  }
  if (values.namespace && values['all-namespaces']) {
    throw new Error('--namespace and --all-namespaces exclude each other; give one of them');
  }
  return {
    help: values.help,
    json: values.output === 'json',
    app: values.app,
    context: values.context ? ['--context', values.context] : [],
    scope: values['all-namespaces'] ? ['-A'] : values.namespace ? ['-n', values.namespace] : [],
    where: values['all-namespaces'] ? 'in any namespace' : values.namespace ? `in namespace '${values.namespace}'` : 'in the namespace of the context',
  };
}

/** The fields of a pod that we read. */
interface Pod {
  readonly metadata: {
    readonly name: string; readonly namespace: string; readonly labels: Record<string, string>; readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly containers: { readonly name: string; readonly ports?: { readonly name?: string; readonly containerPort: number }[] }[] };
  readonly status: {
    readonly phase: string;
    readonly conditions?: { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly containerStatuses?: ContainerStatus[];
    readonly initContainerStatuses?: ContainerStatus[];
  };
}

interface ContainerStatus {
  readonly name?: string;
  readonly restartCount?: number;
  readonly state: { readonly waiting?: { readonly reason: string } };
  readonly lastState?: { readonly terminated?: { readonly reason?: string; readonly exitCode: number } };
}

/** The fields of a Deployment that we read. */
interface Deployment {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Record<string, string> };
  readonly spec: { readonly replicas?: number; readonly selector: { readonly matchLabels: Record<string, string> } };
  readonly status?: { readonly conditions?: { readonly type: string; readonly status: string; readonly message?: string }[] };
}

/** How many agents are asked at a time. */
const PARALLEL = 8;

async function read(options: Options): Promise<PodStatus[]> {
  const selector = `app.kubernetes.io/name=celery${options.app ? `,app.kubernetes.io/part-of=${options.app}` : ''}`;
  const list = await kubectl([...options.context, 'get', 'pods', ...options.scope, '-l', selector, '-o', 'json']);
  // A pod that is being deleted, or was evicted, says nothing of the app: its successor is in the list too.
  const pods = (JSON.parse(list) as { items: Pod[] }).items
    .filter((pod) => !pod.metadata.deletionTimestamp && !['Succeeded', 'Failed'].includes(pod.status.phase));
  // Whoever may not read Deployments still sees the pods.
  const deployments = await kubectl([...options.context, 'get', 'deployments', ...options.scope, '-l', selector, '-o', 'json'])
    .then((answer) => (JSON.parse(answer) as { items: Deployment[] }).items, () => []);
  const result: PodStatus[] = deployments.flatMap((deployment) => missing(deployment, pods));
  for (let i = 0; i < pods.length; i += PARALLEL) {
    result.push(...await Promise.all(pods.slice(i, i + PARALLEL).map((pod) => ask(pod, options.context))));
  }
  return result;
}

/** Pods that a Deployment wants and that are not there. */
function missing({ metadata: { name, namespace, labels }, spec, status: { conditions = [] } = {} }: Deployment, pods: readonly Pod[]): PodStatus[] {
  const wanted = spec.replicas ?? 1;
  const own = pods.filter(({ metadata }) => metadata.namespace === namespace
    && Object.entries(spec.selector.matchLabels).every(([label, value]) => metadata.labels[label] === value));
  const row = { namespace, pod: `deployment/${name}`, role: labels.component ?? '-' };
  if (wanted === 0) return [{ ...row, reason: 'is scaled to 0', scaledToZero: true }];
  if (own.length >= wanted) return [];
  const failure = conditions.find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True')?.message;
  return [{ ...row, ready: false, reason: `has ${own.length} of ${wanted} pods${failure === undefined ? '' : `: ${failure}`}` }];
}

async function ask(pod: Pod, context: string[]): Promise<PodStatus> {
  const { name, namespace, labels } = pod.metadata;
  const identity = { namespace, pod: name, role: labels.component ?? '-' };
  const ready = pod.status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
  const container = pod.spec.containers.find(({ ports }) => ports?.some((port) => port.name === 'health'));
  const running = pod.status.phase === 'Running';
  if (!container || !running) {
    return { ...identity, live: container || !running ? undefined : ready, ready, reason: ready ? '' : whyNotReady(pod) };
  }
  const waiting = why(pod.status.containerStatuses ?? []);
  if (waiting !== undefined) return { ...identity, ready, reason: waiting };
  const port = container.ports!.find((candidate) => candidate.name === 'health')!.containerPort;
  try {
    const answer = await fetchStatus({ name, namespace, container: container.name, port, context });
    const agent = JSON.parse(answer) as AgentStatus;
    // A container of somebody else may have a port of this name.
    if (typeof agent?.live !== 'boolean' || typeof agent.versions !== 'object') throw new Error(`'${answer.slice(0, 60)}' is not its answer`);
    return { ...identity, live: agent.live, ready: agent.ready, reason: agent.reason || complaint(agent), agent };
  } catch (error) {
    return { ...identity, ready, reason: `the agent does not answer: ${(error as Error).message.split('\n')[0]}` };
  }
}

const PYTHON_GET = `import os, urllib.request
host = os.environ['CDK8S_CELERY_AGENT_HOST']
url = 'http://%s:%s/status' % ('[%s]' % host if ':' in host else host, os.environ['CDK8S_CELERY_AGENT_PORT'])
print(urllib.request.urlopen(url, timeout=5).read().decode())`;

/** Through the API server; where it may not or can't reach the pod, from inside the pod. */
async function fetchStatus(
  { name, namespace, container, port, context }: { name: string; namespace: string; container: string; port: number; context: string[] },
): Promise<string> {
  try {
    return await kubectl([...context, 'get', '--raw', `/api/v1/namespaces/${namespace}/pods/http:${name}:${port}/proxy/status`], 10_000);
  } catch (proxyError) {
    try {
      return await kubectl([...context, 'exec', '-n', namespace, name, '-c', container, '--', 'python', '-c', PYTHON_GET], 15_000);
    } catch {
      throw proxyError;
    }
  }
}

/** What is not well though the process does its work. */
function complaint({ rival, agent_errors: [error] = [] }: AgentStatus): string {
  if (rival) return `another Beat works on the same schedule: ${rival}`;
  return error === undefined ? '' : `an error of the agent itself: ${error.error}`;
}

/** Why a container does not run; undefined when all do. */
function why(containers: readonly ContainerStatus[]): string | undefined {
  const stopped = containers.find(({ state }) => state.waiting);
  if (!stopped) return undefined;
  const { state, lastState, restartCount = 0 } = stopped;
  const end = lastState?.terminated;
  if (end === undefined) return state.waiting!.reason;
  const restarts = `${restartCount} restart${restartCount === 1 ? '' : 's'}`;
  return `${state.waiting!.reason} (ended with ${end.exitCode}${end.reason === 'OOMKilled' ? ', OOMKilled' : ''}; ${restarts})`;
}

function whyNotReady({ status: { phase, conditions, containerStatuses = [], initContainerStatuses = [] } }: Pod): string {
  return why([...initContainerStatuses, ...containerStatuses]) ?? conditions?.find(({ status: value, message }) => value === 'False' && message)?.message ?? phase;
}

function isWell({ live, ready, reason, scaledToZero }: PodStatus): boolean {
  return scaledToZero === true || (live === true && ready === true && reason === '');
}

const HEADER = ['POD', 'ROLE', 'LIVE', 'READY', 'QUEUES', 'ACTIVE', 'LAST TASK', 'VERSIONS', 'REASON'];

function table(pods: readonly PodStatus[]): string {
  const severalNamespaces = new Set(pods.map(({ namespace }) => namespace)).size > 1;
  const rows = pods.map(({ namespace, pod, role, live, ready, reason, agent }) => [
    severalNamespaces ? `${namespace}/${pod}` : pod,
    role,
    yesNo(live),
    yesNo(ready),
    agent?.queues ? Object.entries(agent.queues).map(([queue, depth]) => `${queue}=${depth ?? '?'}`).join(',') || '-' : '-',
    agent?.active === undefined ? '-' : `${agent.active}/${agent.concurrency ?? '?'}`,
    // Beat receives no tasks: what it did last is its tick.
    agent ? ago(agent.now, agent.last_receipt ?? (role === 'beat' ? agent.last_tick : undefined)) : '-',
    agent ? `celery ${agent.versions.celery}, kombu ${agent.versions.kombu}, python ${agent.versions.python}` : '-',
    reason,
  ]);
  const widths = HEADER.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  return [HEADER, ...rows].map((row) => `${row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()}\n`).join('');
}

function yesNo(value: boolean | undefined): string {
  return value === undefined ? '?' : value ? 'yes' : 'NO';
}

function ago(now: string, then: string | null | undefined): string {
  if (!then) return '-';
  const seconds = Math.max(0, Math.round((Date.parse(now) - Date.parse(then)) / 1000));
  return seconds < 120 ? `${seconds}s ago` : seconds < 7200 ? `${Math.round(seconds / 60)}m ago` : `${Math.round(seconds / 3600)}h ago`;
}
