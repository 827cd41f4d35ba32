import { redact } from '../celery/credentials';
import { FAILED, guarded, Misuse, parseOptions } from './command';
import { kubectl, KubectlError } from './kubectl';
import { asList, asMap, asNumber, asText, get, isMap } from '../manifests/json';
import { listed, printable, printableJson, printableLine, shortened } from '../rules/printable';

const USAGE = `Usage: cdk8s-celery status [-n NAMESPACE | -A] [--app APP] [--context CONTEXT] [-o table|json]

Asks the agent in each pod of an app how it is, and prints a table.

  -n, --namespace NAMESPACE   where the pods are (default: that of the kubectl context)
  -A, --all-namespaces        in all namespaces
      --app APP               of this CeleryApp only (its name)
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

/** What the fields of that are, in words, and whether a value is that. Those that are not needed may be null. */
const IS = {
  yesOrNo: ['true or false', (value: unknown) => typeof value === 'boolean'],
  words: ['a text', (value: unknown) => typeof value === 'string'],
  number: ['a number', (value: unknown) => typeof value === 'number'],
  depths: ['a map of numbers', (value: unknown) => isMap(value) && Object.values(value).every((depth) => depth === null || typeof depth === 'number')],
  errors: ['a list of errors', (value: unknown) => Array.isArray(value) && value.every((one) => typeof get(one, 'error') === 'string')],
  versions: ['a map of versions', (value: unknown) => ['celery', 'kombu', 'python'].every((name) => typeof get(value, name) === 'string')],
} as const;

const FIELDS: Record<keyof AgentStatus, keyof typeof IS> = {
  live: 'yesOrNo', ready: 'yesOrNo', reason: 'words', now: 'words', versions: 'versions', queues: 'depths', active: 'number', concurrency: 'number',
  last_receipt: 'words', last_tick: 'words', rival: 'words', agent_errors: 'errors',
};
const NEEDED: ReadonlyArray<keyof AgentStatus> = ['live', 'ready', 'reason', 'now', 'versions'];

/** Longer than any text of an agent's. */
const LONGEST_TEXT = 1000;

/** The answer of an agent, with no credential in it, and no text longer than need be. Throws an error that says what it is instead. */
function readAgent(answer: string): AgentStatus {
  const agent = JSON.parse(answer, (_, value: unknown) => typeof value === 'string' ? shortened(redact(value), LONGEST_TEXT) : value) as unknown;
  // A container of somebody else may have a port of this name.
  if (typeof get(agent, 'live') !== 'boolean') throw new Error(`'${redact(answer).slice(0, 60)}' is not its answer`);
  for (const [name, kind] of Object.entries(FIELDS)) {
    const value = get(agent, name);
    const [what, holds] = IS[kind];
    if ((value === undefined || value === null) ? !NEEDED.includes(name as keyof AgentStatus) : holds(value)) continue;
    throw new Error(`its ${name} is ${shortened(value === undefined ? 'missing' : JSON.stringify(value), 60)}, and not ${what}`);
  }
  return agent as AgentStatus;
}

/** `cdk8s-celery status`: returns the exit code. */
export function status(args: string[], print: (text: string) => void, complain: (text: string) => void): Promise<number> {
  return guarded('status', { out: print, err: complain, colour: false }, async () => {
    const options = parse(args);
    if (options.help) {
      print(USAGE);
      return 0;
    }
    const pods = (await read(options)).map((pod) => ({ ...pod, reason: redact(pod.reason) }));
    if (pods.length === 0) {
      complain(`${printableLine(`cdk8s-celery status: no pods of ${options.app ? `the app '${options.app}'` : 'a Celery app'} ${options.where}; `
        + 'is it deployed there? (kubectl get pods -A -l app.kubernetes.io/name=celery)')}\n`);
      return FAILED;
    }
    print(options.json ? `${printableJson(pods, 2)}\n` : table(pods));
    return pods.every(isWell) ? 0 : 1;
  });
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

function values(args: string[]) {
  return parseOptions({
    args,
    options: {
      'namespace': { type: 'string', short: 'n' },
      'all-namespaces': { type: 'boolean', short: 'A', default: false },
      'app': { type: 'string' },
      'context': { type: 'string' },
      'output': { type: 'string', short: 'o', default: 'table' },
      'help': { type: 'boolean', short: 'h', default: false },
    },
  }, USAGE).values;
}

function parse(args: string[]): Options {
  const given = values(args);
  if (!['table', 'json'].includes(given.output)) throw new Misuse(`--output ${given.output} is not a format; give table or json`, USAGE);
  if (given.namespace && given['all-namespaces']) {
    throw new Misuse('--namespace and --all-namespaces exclude each other; give one of them', USAGE);
  }
  return {
    help: given.help,
    json: given.output === 'json',
    app: given.app,
    context: given.context ? ['--context', given.context] : [],
    scope: given['all-namespaces'] ? ['-A'] : given.namespace ? ['-n', given.namespace] : [],
    where: given['all-namespaces'] ? 'in any namespace' : given.namespace ? `in namespace '${given.namespace}'` : 'in the namespace of the context',
  };
}

/** How many agents are asked at a time. */
const PARALLEL = 8;

async function read(options: Options): Promise<PodStatus[]> {
  const selector = `app.kubernetes.io/name=celery${options.app ? `,app.kubernetes.io/part-of=${options.app}` : ''}`;
  const kubectlGet = (kind: string) => kubectl([...options.context, 'get', kind, ...options.scope, '-l', selector, '-o', 'json']).then(items);
  // A pod that is being deleted, or was evicted, says nothing of the app: its successor is in the list too.
  const pods = (await kubectlGet('pods'))
    .filter((pod) => get(pod, 'metadata', 'deletionTimestamp') === undefined && !['Succeeded', 'Failed'].includes(phase(pod)));
  // Whoever may not read Deployments still sees the pods.
  const deployments = await kubectlGet('deployments').catch((error: unknown) => {
    if (error instanceof KubectlError) return [];
    throw error;
  });
  const result: PodStatus[] = deployments.flatMap((deployment) => missing(deployment, pods));
  for (let i = 0; i < pods.length; i += PARALLEL) {
    result.push(...await Promise.all(pods.slice(i, i + PARALLEL).map((pod) => ask(pod, options.context))));
  }
  return result;
}

/** The objects of a list that kubectl prints. */
function items(answer: string): readonly unknown[] {
  let found: unknown;
  try {
    found = get(JSON.parse(answer), 'items');
  } catch {
    // Said below.
  }
  if (!Array.isArray(found)) throw new KubectlError(`the answer of kubectl is no list of objects: '${shortened(answer.trim(), 60)}'`);
  return found;
}

/** The fields below come from anywhere that speaks like an API server: what is missing, or of another type, is as if not there. */
function identity(object: unknown): { name: string; namespace: string; role: string } {
  const field = (...path: string[]) => asText(get(object, 'metadata', ...path));
  return { name: field('name') ?? '?', namespace: field('namespace') ?? '?', role: field('labels', 'component') ?? '-' };
}

function phase(pod: unknown): string {
  return asText(get(pod, 'status', 'phase')) ?? 'Unknown';
}

function conditions(object: unknown): ReadonlyArray<{ type?: string; status?: string; message?: string }> {
  return asList(get(object, 'status', 'conditions')).map((one) => ({ type: asText(get(one, 'type')), status: asText(get(one, 'status')), message: asText(get(one, 'message')) }));
}

/** Pods that a Deployment wants and that are not there. */
function missing(deployment: unknown, pods: readonly unknown[]): PodStatus[] {
  const { name, namespace, role } = identity(deployment);
  const wanted = asNumber(get(deployment, 'spec', 'replicas')) ?? 1;
  const selector = Object.entries(asMap(get(deployment, 'spec', 'selector', 'matchLabels')));
  const own = pods.filter((pod) => identity(pod).namespace === namespace
    && selector.every(([label, value]) => get(pod, 'metadata', 'labels', label) === value));
  const row = { namespace, pod: `deployment/${name}`, role };
  if (wanted === 0) return [{ ...row, reason: 'is scaled to 0', scaledToZero: true }];
  if (own.length >= wanted) return [];
  const failure = conditions(deployment).find(({ type, status: value }) => type === 'ReplicaFailure' && value === 'True')?.message;
  return [{ ...row, ready: false, reason: `has ${own.length} of ${wanted} pods${failure === undefined ? '' : `: ${failure}`}` }];
}

async function ask(pod: unknown, context: string[]): Promise<PodStatus> {
  const { name, namespace, role } = identity(pod);
  const row = { namespace, pod: name, role };
  const ready = conditions(pod).some(({ type, status: value }) => type === 'Ready' && value === 'True');
  const ports = asList(get(pod, 'spec', 'containers')).flatMap((container) => asList(get(container, 'ports'))
    .map((port) => ({ container: asText(get(container, 'name')), name: asText(get(port, 'name')), port: asNumber(get(port, 'containerPort')) })));
  const health = ports.find((port) => port.name === 'health');
  const running = phase(pod) === 'Running';
  if (!health || !running) {
    return { ...row, live: health || !running ? undefined : ready, ready, reason: ready ? '' : whyNotReady(pod) };
  }
  const waiting = why(asList(get(pod, 'status', 'containerStatuses')));
  if (waiting !== undefined) return { ...row, ready, reason: waiting };
  try {
    const agent = readAgent(await fetchStatus({ name, namespace, container: health.container ?? '', port: health.port ?? 0, context }));
    return { ...row, live: agent.live, ready: agent.ready, reason: agent.reason || complaint(agent), agent };
  } catch (error) {
    return { ...row, ready, reason: `the agent does not answer: ${(error as Error).message.split('\n')[0]}` };
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
function complaint({ rival, agent_errors }: AgentStatus): string {
  if (rival) return `another Beat works on the same schedule: ${rival}`;
  const error = agent_errors?.[0];
  return error === undefined ? '' : `an error of the agent itself: ${error.error}`;
}

/** Why a container does not run; undefined when all do. */
function why(containers: readonly unknown[]): string | undefined {
  const stopped = containers.find((container) => get(container, 'state', 'waiting') !== undefined);
  if (stopped === undefined) return undefined;
  const waits = asText(get(stopped, 'state', 'waiting', 'reason')) ?? 'waiting';
  const end = get(stopped, 'lastState', 'terminated');
  if (end === undefined) return waits;
  const count = asNumber(get(stopped, 'restartCount')) ?? 0;
  const outOfMemory = get(end, 'reason') === 'OOMKilled' ? ', OOMKilled' : '';
  return `${waits} (ended with ${asNumber(get(end, 'exitCode')) ?? '?'}${outOfMemory}; ${count} restart${count === 1 ? '' : 's'})`;
}

function whyNotReady(pod: unknown): string {
  const statuses = ['initContainerStatuses', 'containerStatuses'].flatMap((field) => asList(get(pod, 'status', field)));
  return why(statuses) ?? conditions(pod).find(({ status: value, message }) => value === 'False' && message)?.message ?? phase(pod);
}

function isWell({ live, ready, reason, scaledToZero }: PodStatus): boolean {
  return scaledToZero === true || (live === true && ready === true && reason === '');
}

const HEADER = ['POD', 'ROLE', 'LIVE', 'READY', 'QUEUES', 'ACTIVE', 'LAST TASK', 'VERSIONS', 'REASON'];

const LONGEST_CELL = 300;

function table(pods: readonly PodStatus[]): string {
  const severalNamespaces = new Set(pods.map(({ namespace }) => namespace)).size > 1;
  const rows = pods.map(({ namespace, pod, role, live, ready, reason, agent }) => [
    severalNamespaces ? `${namespace}/${pod}` : pod,
    role,
    yesNo(live),
    yesNo(ready),
    agent?.queues ? listed(Object.entries(agent.queues).map(([queue, depth]) => `${queue}=${depth ?? '?'}`), ',') || '-' : '-',
    typeof agent?.active === 'number' ? `${agent.active}/${agent.concurrency ?? '?'}` : '-',
    // Beat receives no tasks: what it did last is its tick.
    agent ? ago(agent.now, agent.last_receipt ?? (role === 'beat' ? agent.last_tick : undefined)) : '-',
    agent ? `celery ${agent.versions.celery}, kombu ${agent.versions.kombu}, python ${agent.versions.python}` : '-',
    reason,
  ].map((cell) => shortened(printable(cell), LONGEST_CELL)));
  const widths = HEADER.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  return [HEADER, ...rows].map((row) => `${printableLine(row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd())}\n`).join('');
}

function yesNo(value: boolean | undefined): string {
  return value === undefined ? '?' : value ? 'yes' : 'NO';
}

function ago(now: string, then: string | null | undefined): string {
  if (!then) return '-';
  const seconds = Math.max(0, Math.round((Date.parse(now) - Date.parse(then)) / 1000));
  if (Number.isNaN(seconds)) return '?';
  return seconds < 120 ? `${seconds}s ago` : seconds < 7200 ? `${Math.round(seconds / 60)}m ago` : `${Math.round(seconds / 3600)}h ago`;
}
