import { listed, printableJson, printableLine } from '../rules/printable';
import { agentPlace, agentStatus } from './agent';
import { askBroker, BrokerAnswer, Unacked } from './broker';
import { Cluster, CLUSTER_OPTIONS, CLUSTER_USAGE, readCluster } from './cluster';
import { FAILED, guarded, Misuse, parseOptions } from './command';
import { appsOf, DRAINED, podsOf, processOf, queuesOf, readFleet } from './fleet';
import { identity } from './objects';
import { sayUnacked, table } from './table';

const USAGE = `Usage: cdk8s-celery queues [-n NAMESPACE] [--app APP] [--context CONTEXT] [-o table|json]

Lists the queues of an app: how many messages wait in each, and how many pods consume it. The message broker is asked from a pod of the
app, or with redis-cli in a Redis of the cluster where none runs. On Redis it also says how many messages of the database are delivered
and not acknowledged: those that workers have reserved or run (with late acknowledgement), those with an ETA, and those of workers
that have died.

  -o, --output FORMAT         table (default) or json
${CLUSTER_USAGE}

Exits with 0 when every queue with messages has a pod that consumes it, 1 when one has none, 2 if that is unknown.
`;

interface QueueStatus {
  readonly namespace: string;
  readonly app: string;
  readonly queue: string;
  /** Messages that wait; null: not known. */
  readonly messages: number | null;
  /** Pods that consume it now. */
  readonly consumers: number;
  /** Deployments whose workers consume it, by their command line. */
  readonly workers: readonly string[];
}

/** What is delivered and not acknowledged in the database of an app's broker. */
interface UnackedStatus extends Unacked {
  readonly namespace: string;
  readonly app: string;
}

/** `cdk8s-celery queues`: returns the exit code. */
export function queues(args: string[], print: (text: string) => void, complain: (text: string) => void): Promise<number> {
  return guarded('queues', { out: print, err: complain, colour: false }, async () => {
    const { values } = parseOptions({ args, options: { ...CLUSTER_OPTIONS, output: { type: 'string', short: 'o', default: 'table' } } }, USAGE);
    if (values.help) {
      print(USAGE);
      return 0;
    }
    if (!['table', 'json'].includes(values.output)) throw new Misuse(`--output ${values.output} is not a format; give table or json`, USAGE);
    const cluster = readCluster(values, USAGE);
    const { rows, unacked } = await read(cluster, complain);
    print(values.output === 'json' ? `${printableJson({ queues: rows, unacked }, 2)}\n` : shown(rows, unacked));
    if (rows.some(({ messages }) => messages === null)) return FAILED;
    return rows.every(({ messages, consumers }) => messages === 0 || consumers > 0) ? 0 : 1;
  });
}

async function read(cluster: Cluster, complain: (text: string) => void): Promise<{ rows: QueueStatus[]; unacked: UnackedStatus[] }> {
  const apps = appsOf(await readFleet(cluster), cluster);
  const rows: QueueStatus[] = [];
  const unacked: UnackedStatus[] = [];
  for (const { namespace, app: name, pods, deployments } of apps) {
    const consumed = (await Promise.all(pods.map((pod) => consumes(pod, deployments, cluster.context)))).flat();
    const known = [...new Set([...deployments.flatMap((deployment) => queuesOf(deployment) ?? []), ...consumed])];
    const answer: BrokerAnswer = await askBroker(known, pods, deployments, cluster.context).catch((error: unknown) => {
      complain(`${printableLine(`cdk8s-celery queues: the message broker of ${name || 'the app'} could not be asked: ${(error as Error).message.split('\n')[0]}`)}\n`);
      return { queues: {}, declared: [] };
    });
    rows.push(...[...new Set([...known, ...Object.keys(answer.queues)])].sort().map((queue) => ({
      namespace, app: name, queue,
      messages: answer.queues[queue] ?? null,
      consumers: consumed.filter((one) => one === queue).length,
      workers: deployments.filter((deployment) => processOf(deployment)?.role === 'worker'
        && (queuesOf(deployment) ?? answer.declared).includes(queue)).map((deployment) => identity(deployment).name),
    })));
    if (answer.unacked) unacked.push({ namespace, app: name, ...answer.unacked });
  }
  return { rows, unacked };
}

/** The queues that a worker consumes now: by its agent, else by its command line while it is ready. */
async function consumes(pod: unknown, deployments: readonly unknown[], context: readonly string[]): Promise<string[]> {
  if (processOf(pod)?.role !== 'worker') return [];
  const place = agentPlace(pod);
  if (place === undefined) return [...deployments.find((deployment) => podsOf(deployment, [pod]).length > 0) ? queuesOf(pod) ?? [] : []];
  const agent = await agentStatus(place, context).catch(() => undefined);
  return Object.keys(agent?.queues ?? {}).filter((queue) => queue !== DRAINED && !agent?.not_consumed?.includes(queue));
}

const HEADER = ['APP', 'QUEUE', 'MESSAGES', 'CONSUMERS', 'WORKERS'];

function shown(rows: readonly QueueStatus[], unacked: readonly UnackedStatus[]): string {
  const several = new Set(rows.map(({ namespace }) => namespace)).size > 1;
  const name = ({ namespace, app }: { readonly namespace: string; readonly app: string }): string => several ? `${namespace}/${app || '-'}` : app || '-';
  return table(HEADER, rows.map((row) => [name(row), row.queue, `${row.messages ?? '?'}`, `${row.consumers}`, listed(row.workers, ',') || '-']))
    + unacked.map((one) => `${printableLine(`${name(one)}: ${sayUnacked(one)}`)}\n`).join('');
}
