import { redact } from '../celery/credentials';
import { grouped } from '../manifests/grouped';
import { listed, printableJson, printableLine } from '../rules/printable';
import { agentPlace, AgentStatus, agentStatus } from './agent';
import { askBroker } from './broker';
import { whyNotReady, whyStopped } from './causes';
import { Cluster, CLUSTER_OPTIONS, CLUSTER_USAGE, readCluster } from './cluster';
import { FAILED, guarded, Misuse, parseOptions } from './command';
import { appKey, autoscaled, DRAINED, Fleet, podsOf, processOf, queuesOf, readFleet, staying, wantedPods } from './fleet';
import { conditions, identity, isReady, phase } from './objects';
import { sayUnacked, shownAge, table } from './table';

export type { AgentStatus } from './agent';

const USAGE = `Usage: cdk8s-celery status [-n NAMESPACE | -A] [--app APP] [--context CONTEXT] [-o table|json]

Shows the health of each pod of an app, as its agent reports it. For a pod that does not run it shows the cause: the message of the
container, its exit code, and the last line of its log. For queues whose workers do not run it shows how many messages wait, which it
asks the message broker from another pod of the app, or with redis-cli in a Redis of the cluster.

  -A, --all-namespaces        in all namespaces
  -o, --output FORMAT         table (default) or json
${CLUSTER_USAGE}

Exits with 0 if everything is healthy, 1 if something is not, 2 if the status is unknown. A Deployment that is scaled to 0 is healthy if an
autoscaler scales it, or if the app has other pods of its kind, and no messages wait that only its workers would receive.
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
  /** Messages that wait in its queues, where it has no agent that could say it. */
  readonly queues?: Readonly<Record<string, number | null>>;
  /** The agent's own answer, where the pod has an agent and it answers. */
  readonly agent?: AgentStatus;
}

/** `cdk8s-celery status`: returns the exit code. */
export function status(args: string[], print: (text: string) => void, complain: (text: string) => void): Promise<number> {
  return guarded('status', { out: print, err: complain, colour: false }, async () => {
    const options = parse(args);
    if (options.help) {
      print(USAGE);
      return 0;
    }
    const fleet = await readFleet(options);
    const pods = (await read(fleet, options)).map((pod) => ({ ...pod, reason: redact(pod.reason) }));
    if (pods.length === 0) {
      complain(`${printableLine(`cdk8s-celery status: no pods of ${options.app ? `the app '${options.app}'` : 'a Celery app'} ${options.where}; `
        + 'is it deployed there? (kubectl get pods -A -l app.kubernetes.io/name=celery)')}\n`);
      return FAILED;
    }
    print(options.json ? `${printableJson(pods, 2)}\n` : shown(pods, appNames(fleet)));
    return pods.every(isWell) ? 0 : 1;
  });
}

interface Options extends Cluster {
  readonly help: boolean;
  readonly json: boolean;
}

function parse(args: string[]): Options {
  const given = parseOptions({
    args,
    options: {
      ...CLUSTER_OPTIONS,
      'all-namespaces': { type: 'boolean', short: 'A', default: false },
      'output': { type: 'string', short: 'o', default: 'table' },
    },
  }, USAGE).values;
  if (!['table', 'json'].includes(given.output)) throw new Misuse(`--output ${given.output} is not a format; give table or json`, USAGE);
  return { ...readCluster(given, USAGE), help: given.help, json: given.output === 'json' };
}

/** How many agents are asked at a time. */
const PARALLEL = 8;

async function read(fleet: Fleet, options: Options): Promise<PodStatus[]> {
  const pods = staying(fleet);
  const scalers = fleet.deployments.some((deployment) => wantedPods(deployment) === 0) ? await autoscaled(options) : new Set<string>();
  const result: PodStatus[] = fleet.deployments.flatMap((deployment) => missing(deployment, pods, scalers));
  for (let i = 0; i < pods.length; i += PARALLEL) {
    result.push(...await Promise.all(pods.slice(i, i + PARALLEL).map((pod) => ask(pod, options.context))));
  }
  return withDepths(result, fleet, options.context);
}

const ROLES: Readonly<Record<string, string>> = { worker: 'worker', beat: 'Beat', flower: 'Flower' };

/** Pods that a Deployment wants and that are not there. */
function missing(deployment: unknown, pods: readonly unknown[], scalers: ReadonlySet<string>): PodStatus[] {
  const { name, namespace, role, app } = identity(deployment);
  const row = { namespace, pod: `deployment/${name}`, role };
  const wanted = wantedPods(deployment);
  if (wanted === 0) {
    if (scalers.has(`${namespace}/${name}`)) return [{ ...row, reason: 'is scaled to 0 by an autoscaler', scaledToZero: true }];
    const others = pods.some((pod) => identity(pod).namespace === namespace && identity(pod).app === app && identity(pod).role === role);
    return [others ? { ...row, reason: 'is scaled to 0', scaledToZero: true }
      : { ...row, ready: false, reason: `is scaled to 0, and no ${ROLES[role] ?? 'pod'} of the app runs`, scaledToZero: true }];
  }
  const own = podsOf(deployment, pods);
  if (own.length >= wanted) return [];
  const failure = conditions(deployment).find(({ type, status: value }) => type === 'ReplicaFailure' && value === 'True')?.message;
  return [{ ...row, ready: false, reason: `has ${own.length} of ${wanted} pods${failure === undefined ? '' : `: ${failure}`}` }];
}

async function ask(pod: unknown, context: readonly string[]): Promise<PodStatus> {
  const { name, namespace, role } = identity(pod);
  const row = { namespace, pod: name, role };
  const ready = isReady(pod);
  const health = agentPlace(pod);
  const running = phase(pod) === 'Running';
  if (!health || !running) {
    return { ...row, live: health || !running ? undefined : ready, ready, reason: ready ? '' : await whyNotReady(pod, context) };
  }
  const stopped = await whyStopped(pod, ['containerStatuses'], context);
  if (stopped !== undefined) return { ...row, ready, reason: stopped };
  try {
    const agent = await agentStatus(health, context);
    return { ...row, live: agent.live, ready: agent.ready, reason: reasonOf(agent), agent };
  } catch (error) {
    return { ...row, ready, reason: `the agent does not answer: ${(error as Error).message.split('\n')[0]}` };
  }
}

/** What is not well; an error of the broker, such as a wrong password, is the cause of what follows from it. */
function reasonOf({ reason, broker, rival, agent_errors, queues }: AgentStatus): string {
  if (queues && DRAINED in queues) return 'is drained (cdk8s-celery drain POOL --undo)';
  if (reason !== '') return broker?.error && !reason.includes(broker.error) ? `${reason}: ${broker.error}` : reason;
  if (rival) return `another Beat works on the same schedule: ${rival}`;
  const error = agent_errors?.[0];
  return error === undefined ? '' : `an error of the agent itself: ${error.error}`;
}

/** Adds how many messages wait for workers of which none runs. */
async function withDepths(rows: readonly PodStatus[], fleet: Fleet, context: readonly string[]): Promise<PodStatus[]> {
  const pods = staying(fleet);
  const answers = new Set(rows.filter(({ agent }) => agent?.queues).map(({ namespace, pod }) => `${namespace}/${pod}`));
  const silent = fleet.deployments.filter((deployment) => processOf(deployment)?.role === 'worker'
    && !podsOf(deployment, pods).some((pod) => answers.has(`${identity(pod).namespace}/${identity(pod).name}`)));
  const depths = new Map<string, Pick<PodStatus, 'queues' | 'reason'>>();
  for (const deployments of grouped(silent.map((deployment) => [appKey(deployment), deployment])).values()) {
    const own = pods.filter((pod) => appKey(pod) === appKey(deployments[0]));
    const consumed = new Set(rows.filter(({ namespace }) => namespace === identity(deployments[0]).namespace)
      .flatMap(({ agent }) => Object.keys(agent?.queues ?? {}).filter((queue) => !agent?.not_consumed?.includes(queue))));
    for (const [deployment, found] of await depthsOf(deployments, own, fleet.deployments, consumed, context)) depths.set(deployment, found);
  }
  return rows.map((row) => {
    const deployment = row.pod.startsWith('deployment/') ? `${row.namespace}/${row.pod.slice('deployment/'.length)}`
      : silent.filter((one) => podsOf(one, pods).some((pod) => identity(pod).namespace === row.namespace && identity(pod).name === row.pod))
        .map((one) => `${identity(one).namespace}/${identity(one).name}`)[0];
    const found = depths.get(deployment ?? '');
    if (found === undefined) return row;
    const waiting = found.reason !== '' && row.scaledToZero;
    return { ...row, queues: found.queues, reason: [row.reason, found.reason].filter(Boolean).join('; '), ...(waiting && found.queues ? { ready: false } : {}) };
  });
}

async function depthsOf(
  silent: readonly unknown[], pods: readonly unknown[], deployments: readonly unknown[], consumed: ReadonlySet<string>, context: readonly string[],
): Promise<Array<[string, Pick<PodStatus, 'queues' | 'reason'>]>> {
  const key = (deployment: unknown): string => `${identity(deployment).namespace}/${identity(deployment).name}`;
  const own = deployments.filter((deployment) => appKey(deployment) === appKey(silent[0]));
  try {
    const answer = await askBroker([...new Set(silent.flatMap((deployment) => queuesOf(deployment) ?? []))], pods, own, context);
    return silent.map((deployment) => {
      const names = queuesOf(deployment) ?? (answer.declared.length > 0 ? answer.declared : Object.keys(answer.queues));
      const queues = Object.fromEntries(names.map((name) => [name, answer.queues[name] ?? null]));
      const waiting = names.filter((name) => !consumed.has(name) && (queues[name] ?? 0) > 0).map((name) => `${queues[name]} in ${name}`);
      return [key(deployment), { queues, reason: waiting.length > 0 ? `messages wait (${listed(waiting)}), and no worker runs` : '' }];
    });
  } catch (error) {
    const reason = `how many messages wait is not known: ${(error as Error).message.split('\n')[0]}`;
    return silent.map((deployment) => [key(deployment), { reason }]);
  }
}

/** The app of a row, for people: with its namespace where there are several. */
function appNames({ pods }: Fleet): (row: PodStatus) => string {
  const several = new Set(pods.map((pod) => identity(pod).namespace)).size > 1;
  const apps = new Map(pods.map((pod) => [`${identity(pod).namespace}/${identity(pod).name}`, `${several ? `${identity(pod).namespace}/` : ''}${identity(pod).app || '-'}`]));
  return ({ namespace, pod }) => apps.get(`${namespace}/${pod}`) ?? '-';
}

function isWell({ live, ready, reason, scaledToZero }: PodStatus): boolean {
  return scaledToZero === true ? ready !== false : live === true && ready === true && reason === '';
}

const HEADER = ['POD', 'ROLE', 'LIVE', 'READY', 'QUEUES', 'ACTIVE', 'LAST TASK', 'VERSIONS', 'REASON'];

function shown(pods: readonly PodStatus[], appOf: (pod: PodStatus) => string): string {
  const severalNamespaces = new Set(pods.map(({ namespace }) => namespace)).size > 1;
  return table(HEADER, pods.map(({ namespace, pod, role, live, ready, reason, queues, agent }) => [
    severalNamespaces ? `${namespace}/${pod}` : pod,
    role,
    yesNo(live),
    yesNo(ready),
    listed(Object.entries(queues ?? agent?.queues ?? {}).filter(([queue]) => queue !== DRAINED).map(([queue, depth]) => `${queue}=${depth ?? '?'}`), ',') || '-',
    typeof agent?.active === 'number' ? `${agent.active}/${agent.concurrency ?? '?'}` : '-',
    // Beat receives no tasks: what it did last is its tick.
    agent ? ago(agent.now, agent.last_receipt ?? (role === 'beat' ? agent.last_tick : undefined)) : '-',
    agent ? `celery ${agent.versions.celery}, kombu ${agent.versions.kombu}, python ${agent.versions.python}` : '-',
    reason,
  ])) + unackedOf(pods, appOf);
}

/** What is delivered and not acknowledged, by app: the agents of its workers all give the number of the whole database, the newest counts. */
function unackedOf(pods: readonly PodStatus[], appOf: (pod: PodStatus) => string): string {
  const newest = new Map<string, AgentStatus>();
  for (const pod of pods) {
    const { agent } = pod;
    const other = newest.get(appOf(pod));
    if (agent && typeof agent.unacked === 'number' && !(other && other.now > agent.now)) newest.set(appOf(pod), agent);
  }
  return [...newest].filter(([, { unacked }]) => unacked !== 0).map(([app, { unacked, oldest_unacked, now }]) => `${printableLine(`${app}: ${sayUnacked({
    count: unacked!, ...(oldest_unacked ? { age: secondsBetween(now, oldest_unacked) } : {}),
  })} (counted every 30 seconds), by workers, or by one that has died (cdk8s-celery requeue)`)}\n`).join('');
}

function secondsBetween(now: string, then: string): number {
  return Math.max(0, Math.round((Date.parse(now) - Date.parse(then)) / 1000));
}

function yesNo(value: boolean | undefined): string {
  return value === undefined ? '?' : value ? 'yes' : 'NO';
}

function ago(now: string, then: string | null | undefined): string {
  if (!then) return '-';
  const seconds = secondsBetween(now, then);
  return Number.isNaN(seconds) ? '?' : `${shownAge(seconds)} ago`;
}
