import { setTimeout as pause } from 'node:timers/promises';
import { redact } from '../celery/credentials';
import { isRedis } from '../celery/url';
import { grouped } from '../manifests/grouped';
import { asList, asMap, asNumber, asText, get } from '../manifests/json';
import { listed, printableLine } from '../rules/printable';
import { agentPlace, askAgent } from './agent';
import { Cluster, CLUSTER_OPTIONS, CLUSTER_USAGE, readCluster } from './cluster';
import { Failure, guarded, parseOptions } from './command';
import { appKey, processOf, readFleet, staying } from './fleet';
import { AppPlace, appPlace, ProgramError, runInPod } from './in-pod';
import { kubectl, KubectlError } from './kubectl';
import { identity, objects, phase } from './objects';
import { shownAge, table } from './table';

const APART = 30;

const USAGE = `Usage: cdk8s-celery requeue [-n NAMESPACE] [--app APP] [--except POD]... [--yes] [--context CONTEXT]

Finds messages that were delivered to a worker which has died before it acknowledged them, and with --yes puts them back into their queues.
Otherwise Redis delivers them again only after the visibility timeout, an hour by default. Only tasks with late acknowledgement are
among them while they run, and reserved ones in any case. Such a task runs again from its beginning. After a crash of Redis, which may
have lost the acknowledgements of its last second, tasks with early acknowledgement that have begun may be among them, too.

Nothing is put back that somebody may still have. Every running pod that consumes from this database must answer twice, ${APART} seconds
apart, and none may have reserved, run or keep the message for its time. One pod that does not answer, or has no agent that could: it
refuses, and names it. The pods of all namespaces are read, and Redis is asked who waits for messages; consumers that are neither a pod
nor connected are not known.

      --except POD            a pod of which you know that it has no message of this database: an exporter, a worker of another one that
                              cannot be asked; may be repeated
      --this-namespace        read the pods of this namespace only. Consumers of other namespaces that are connected to Redis are found all
                              the same, and make it refuse; those that have lost their connection are not
      --yes                   put them back; without it nothing is changed
${CLUSTER_USAGE}

Exits with 0 when they are listed or put back, also when there are none, 1 when it refuses, 2 if that is unknown. RabbitMQ delivers
again by itself when a connection ends.
`;

/** Somebody may have messages of which nothing is known. */
class Refusal extends Error {}

interface Options extends Cluster {
  readonly yes: boolean;
  readonly except: readonly string[];
  readonly thisNamespace: boolean;
}

/** `cdk8s-celery requeue`: returns the exit code. */
export function requeue(
  args: string[], print: (text: string) => void, complain: (text: string) => void, wait: (milliseconds: number) => Promise<unknown> = pause,
): Promise<number> {
  return guarded('requeue', { out: print, err: complain, colour: false }, async () => {
    const { values } = parseOptions({
      args,
      options: {
        ...CLUSTER_OPTIONS, 'yes': { type: 'boolean', default: false }, 'except': { type: 'string', multiple: true, default: [] },
        'this-namespace': { type: 'boolean', default: false },
      },
    }, USAGE);
    if (values.help) {
      print(USAGE);
      return 0;
    }
    const options = { ...readCluster(values, USAGE), yes: values.yes, except: values.except, thisNamespace: values['this-namespace'] };
    try {
      await run(options, print, wait);
      return 0;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      complain(`${printableLine(`cdk8s-celery requeue: nothing is put back: ${redact(error.message)}`)}\n`);
      return 1;
    }
  });
}

async function run(options: Options, print: (text: string) => void, wait: (milliseconds: number) => Promise<unknown>): Promise<void> {
  const fleet = await readFleet(options);
  const pods = staying(fleet);
  const done = new Set<string>();
  const places = [...grouped(pods.map((pod) => [appKey(pod), pod])).entries()].flatMap(([app, own]) => {
    const place = appPlace(own, fleet.deployments.find((deployment) => appKey(deployment) === app));
    return place ? [place] : [];
  });
  if (places.length === 0) throw new Failure(`no pod of ${options.app ? `the app '${options.app}'` : 'a Celery app'} runs ${options.where} that could ask Redis`);
  if (options.except.length > 0) {
    const names = (await allPods(places[0], options)).map((pod) => identity(pod).name);
    const unknown = options.except.filter((name) => !names.includes(name));
    if (unknown.length > 0) throw new Failure(`--except ${listed(unknown)}: there is no pod of this name ${options.thisNamespace ? `in namespace ${places[0].namespace}` : 'in the cluster'}`);
  }
  const failed: string[] = [];
  for (const place of places) {
    let found: Listed | undefined;
    try {
      found = readList(await runInPod(place, 'requeue', { action: 'list' }, options.context));
    } catch (error) {
      // The other apps are no worse for it.
      if (!(error instanceof ProgramError || error instanceof KubectlError)) throw error;
      failed.push(`from pod ${place.pod} the message broker could not be asked: ${error.message.split('\n')[0]}`);
      continue;
    }
    if (found === undefined) {
      print(`${printableLine(`the message broker of ${place.pod} is not Redis: it delivers again by itself`)}\n`);
      continue;
    }
    // Apps may share a database.
    if (!done.has(found.database)) await database(place, found.database, options, print, wait);
    done.add(found.database);
  }
  if (failed.length > 0) throw new Failure(failed.join('\n'));
}

interface Delivery {
  readonly tag: string;
  /** When it was delivered, exactly as Redis has it: it is another after another delivery. */
  readonly score: string;
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly age: number;
}

interface Listed {
  readonly database: string;
  readonly consumers: readonly string[];
  readonly deliveries: readonly Delivery[];
}

/** Undefined where the broker is not Redis. */
function readList(answer: unknown): Listed | undefined {
  const name = asText(get(answer, 'database'));
  if (name === undefined) return undefined;
  return {
    database: name,
    consumers: asList(get(answer, 'consumers')).flatMap((address) => asText(address) ?? []),
    deliveries: asList(get(answer, 'deliveries')).map((one) => ({
      tag: asText(get(one, 'tag')) ?? '', score: asText(get(one, 'score')) ?? '', id: asText(get(one, 'id')) ?? '', task: asText(get(one, 'task')) ?? '?',
      queue: asText(get(one, 'queue')) ?? '?', age: asNumber(get(one, 'age')) ?? 0,
    })),
  };
}

/** What all who consume from a database have, and what is not acknowledged in it, at one time. */
interface Round {
  readonly listed: Listed;
  readonly held: ReadonlySet<string>;
  /** By uid. */
  readonly workers: ReadonlySet<string>;
}

async function database(
  place: AppPlace, name: string, options: Options, print: (text: string) => void, wait: (milliseconds: number) => Promise<unknown>,
): Promise<void> {
  const known = new Map<string, boolean>();
  const first = await round(place, name, options, known);
  await wait(APART * 1000);
  const second = await round(place, name, options, known);
  if ([...second.workers].some((uid) => !first.workers.has(uid))) throw new Refusal('a worker has started meanwhile, and has answered only once; run it again');
  const before = new Map(first.listed.deliveries.map(({ tag, score }) => [tag, score]));
  const isHeld = ({ tag, id }: Delivery): boolean => [first, second].some(({ held }) => held.has(tag) || held.has(id));
  const left = second.listed.deliveries.filter((delivery) => before.get(delivery.tag) === delivery.score && !isHeld(delivery));
  const others = second.listed.deliveries.length - left.length;
  let states: unknown;
  if (options.yes && left.length > 0) {
    const deliveries = Object.fromEntries(left.map(({ tag, score }) => [tag, score]));
    states = get(await runInPod(place, 'requeue', { action: 'restore', deliveries }, options.context, 120_000), 'restored');
  }
  const state = ({ tag }: Delivery): string => options.yes ? asText(asMap(states)[tag]) ?? '?' : 'would be restored';
  if (left.length > 0) {
    print(table(['TASK', 'ID', 'QUEUE', 'DELIVERED', 'STATE'], left.map((one) => [one.task, one.id, one.queue, `${shownAge(one.age)} ago`, state(one)])));
  }
  const restored = left.filter((one) => state(one) === 'restored').length;
  const summary = left.length === 0 ? 'no message was left by a worker that has died'
    : options.yes ? `${restored} of ${left.length} restored` : `${left.length} would be restored; restore with --yes`;
  print(`${summary}; ${others} more ${others === 1 ? 'is' : 'are'} with the ${second.workers.size} workers of this database\n`);
}

function allPods(place: AppPlace, { context, thisNamespace }: Options): Promise<readonly unknown[]> {
  return objects([...context, 'get', 'pods', ...thisNamespace ? ['-n', place.namespace] : ['-A'], '-o', 'json'], 120_000);
}

/** Fails with a Refusal unless all who may have messages say what they have. */
async function round(place: AppPlace, name: string, options: Options, known: Map<string, boolean>): Promise<Round> {
  const pods = (await allPods(place, options)).filter((pod) => !['Succeeded', 'Failed'].includes(phase(pod)));
  const running = pods.filter((pod) => processOf(pod)?.role === 'worker' && mayRun(pod) && !isElsewhere(pod)
    && !options.except.includes(identity(pod).name));
  const workers: unknown[] = [];
  await each(running, async (pod) => {
    const uid = uidOf(pod);
    // The environment of a pod stays what it is, and with it the database.
    if (!known.has(uid)) known.set(uid, await mayUse(name, pod, options.context));
    if (known.get(uid)) workers.push(pod);
  });
  const held = new Set<string>();
  const silent: string[] = [];
  await each(workers, async (pod) => {
    const answer = await heldBy(pod, options.context);
    if (typeof answer === 'string' && await isGone(pod, options.context)) return;
    if (typeof answer === 'string') silent.push(`${title(pod)} ${answer}`);
    else answer.forEach((one) => held.add(one));
  });
  // After the workers have answered: what they got since then is newer than the first round of all.
  const found = readList(await runInPod(place, 'requeue', { action: 'list' }, options.context));
  if (found?.database !== name) throw new Refusal('the database is another one meanwhile, after a failover perhaps; run it again');
  silent.push(...unknownConsumers(found.consumers, pods, workers, options));
  if (silent.length > 0) throw new Refusal(`not everybody who consumes from this database says what they have: ${listed(silent.sort(), '; ')}`);
  return { listed: found, held, workers: new Set(workers.map(uidOf)) };
}

/** Whether a worker may consume from this database: it does, or can't be asked. */
async function mayUse(name: string, pod: unknown, context: readonly string[]): Promise<boolean> {
  const place = appPlace([pod]);
  if (place === undefined) return true;
  try {
    return get(await runInPod(place, 'requeue', { action: 'identity' }, context), 'database') === name;
  } catch (error) {
    if (error instanceof ProgramError || error instanceof KubectlError) return true;
    throw error;
  }
}

function uidOf(pod: unknown): string {
  return asText(get(pod, 'metadata', 'uid')) ?? title(pod);
}

function title(pod: unknown): string {
  const { namespace, name } = identity(pod);
  return `pod ${namespace}/${name}`;
}

/** A worker whose manifest shows that its broker is not Redis. */
function isElsewhere(pod: unknown): boolean {
  const url = processOf(pod)?.broker?.url;
  return url !== undefined && !isRedis(url);
}

/** A container that is known to have ended has nothing; of all else it is not known. */
function mayRun(pod: unknown): boolean {
  const process = processOf(pod);
  const status = asList(get(pod, 'status', 'containerStatuses')).find((one) => get(one, 'name') === process?.container.name);
  return status === undefined ? phase(pod) !== 'Pending' : get(status, 'state', 'running') !== undefined;
}

/** Whether a pod has ended since it was listed. */
async function isGone(pod: unknown, context: readonly string[]): Promise<boolean> {
  const { name, namespace } = identity(pod);
  const now = await kubectl([...context, 'get', 'pod', name, '-n', namespace, '--ignore-not-found', '-o', 'jsonpath={.metadata.uid} {.status.phase}']).catch(() => '?');
  const [uid, state] = now.split(' ');
  return now === '' || (uid !== '?' && (uid !== asText(get(pod, 'metadata', 'uid')) || ['Succeeded', 'Failed'].includes(state)));
}

/** Delivery tags and ids of tasks, or why they are not known. */
async function heldBy(pod: unknown, context: readonly string[]): Promise<readonly string[] | string> {
  const agent = agentPlace(pod);
  if (agent === undefined) return 'has no agent that could say it';
  let answer: unknown;
  try {
    answer = JSON.parse(await askAgent(agent, '/held', context));
  } catch (error) {
    return `does not answer (${(error as Error).message.split('\n')[0]})`;
  }
  if (get(answer, 'complete') !== true) return 'does not know all that it has: it is not connected, or has more than it lists';
  return ['deliveries', 'tasks'].flatMap((field) => asList(get(answer, field)).flatMap((one) => asText(one) ?? []));
}

/** Whoever waits for messages and is not one of the workers: something else that consumes, or that acknowledges nothing. */
function unknownConsumers(
  addresses: readonly string[], pods: readonly unknown[], workers: readonly unknown[], { except, thisNamespace }: Options,
): string[] {
  return addresses.flatMap((address) => {
    const there = pods.filter((pod) => get(pod, 'status', 'podIP') === address);
    if (there.some((pod) => workers.includes(pod) || except.includes(identity(pod).name) || ['flower', 'beat'].includes(processOf(pod)?.role ?? ''))) return [];
    if (there.length === 0) return [`${address}, which is no pod ${thisNamespace ? 'of this namespace' : 'of this cluster'}`];
    return [`${title(there[0])}, which is no worker (--except ${identity(there[0]).name}, if it only reads events)`];
  });
}

/** How many are asked at a time. */
const PARALLEL = 4;

async function each<T>(items: readonly T[], body: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += PARALLEL) await Promise.all(items.slice(i, i + PARALLEL).map(body));
}
