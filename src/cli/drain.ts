import { setTimeout as pause } from 'node:timers/promises';
import { asList, get } from '../manifests/json';
import { listed, printableLine } from '../rules/printable';
import { agentPlace, AgentStatus, agentStatus, askAgent } from './agent';
import { Cluster, CLUSTER_OPTIONS, CLUSTER_USAGE, readCluster } from './cluster';
import { Failure, guarded, Misuse, parseOptions } from './command';
import { readDuration, shownDuration } from './duration';
import { DRAINED, podsOf, processOf, readFleet } from './fleet';
import { appPlace, ProgramError, runInPod } from './in-pod';
import { identity, isBeingDeleted, phase } from './objects';

const USAGE = `Usage: cdk8s-celery drain POOL [-n NAMESPACE] [--timeout DURATION] [--undo] [--context CONTEXT]

Has the workers of a Deployment consume nothing more, and waits until they have no task: none runs and none is reserved. Other workers
receive what is sent from now on. Tasks with an ETA stay with the worker until it ends, and are then delivered again.

POOL is the name of the Deployment (celery-mail), or its end, if only one ends so (mail). Its pods are not ready while they are drained.
A pod that starts meanwhile is drained too; pause an autoscaler first, or it may start others when this has ended. A restart of the pods
undoes it, and so does --undo.

      --timeout DURATION      how long to wait: 90s, 10m, 2h (default: 10m)
      --undo                  have them consume their queues again
${CLUSTER_USAGE}

Exits with 0 when no worker of it has a task, 1 when some still have after the timeout (they go on, and consume nothing more), or a pod does
not run yet and would consume when it does, 2 when that is unknown.
`;

/** Between two looks, and between two requests to a pod that has not heard the first. */
const PAUSE = 2_000;
const REPEAT = 15_000;

interface Options extends Cluster {
  readonly pool: string;
  readonly timeout: number;
  readonly undo: boolean;
}

/** `cdk8s-celery drain`: returns the exit code. */
export function drain(
  args: string[], print: (text: string) => void, complain: (text: string) => void, wait: (milliseconds: number) => Promise<unknown> = pause,
): Promise<number> {
  return guarded('drain', { out: print, err: complain, colour: false }, async () => {
    const { values, positionals } = parseOptions({
      args, allowPositionals: true,
      options: { ...CLUSTER_OPTIONS, timeout: { type: 'string', default: '10m' }, undo: { type: 'boolean', default: false } },
    }, USAGE);
    if (values.help) {
      print(USAGE);
      return 0;
    }
    const [pool, ...more] = positionals;
    if (pool === undefined) throw new Misuse('which pool? give the name of its Deployment', USAGE);
    if (more.length > 0) throw new Misuse(`one pool at a time; '${more[0]}' is a second one`, USAGE);
    const timeout = readDuration('--timeout', values.timeout, USAGE);
    return run({ ...readCluster(values, USAGE), pool, timeout, undo: values.undo }, (line) => print(`${printableLine(line)}\n`), wait);
  });
}

/** A pod of the pool, at one look. */
interface Drained {
  readonly name: string;
  readonly agent?: AgentStatus;
  readonly error?: string;
  readonly deleted: boolean;
  /** It does not run, and will not again. */
  readonly over?: boolean;
}

async function run(options: Options, say: (line: string) => void, wait: (milliseconds: number) => Promise<unknown>): Promise<number> {
  const { context, undo, timeout } = options;
  const deadline = Date.now() + timeout * 1000;
  const asked = new Map<string, number>();
  const idle = new Map<string, string>();
  let before = '';
  for (;;) {
    const { deployment, pods, place } = await read(options);
    const { name } = identity(deployment);
    if (pods.length === 0) {
      say(`${name} has no pods`);
      return 0;
    }
    const looks = await Promise.all(pods.map((pod) => look(pod, context)));
    // Those that end consume nothing more anyway.
    const open = looks.filter(({ agent, deleted }) => !deleted && agent && (undo ? agent.not_consumed?.length !== 0 : consumed(agent).length > 0));
    const due = open.filter((pod) => Date.now() - (asked.get(pod.name) ?? 0) > REPEAT);
    if (due.length > 0) {
      if (place === undefined) throw new Failure(`no pod of ${name} runs that could ask the workers`);
      const hosts = Object.fromEntries(due.map(({ agent }) => [agent!.hostname ?? '', undo ? agent!.not_consumed ?? [] : consumed(agent!)]));
      await runInPod(place, 'drain', { hosts, undo }, context).catch((error: unknown) => {
        throw error instanceof ProgramError ? new Failure(`from pod ${place.pod} the workers could not be asked: ${error.message}`) : error;
      });
      for (const pod of due) asked.set(pod.name, Date.now());
    }
    const left = undo ? open : looks.filter((pod) => !isIdle(pod, idle));
    const state = left.map((pod) => `${pod.name}: ${describe(pod, undo)}`).join('\n');
    if (state !== before && left.length > 0) state.split('\n').forEach(say);
    before = state;
    if (left.length === 0) {
      say(undo ? `${name} consumes its queues again: ${count(looks.length, 'pod')}`
        : `${name} is drained: ${count(looks.length, 'pod')}, and none has a task${await kept(pods, context)}`);
      return 0;
    }
    if (Date.now() >= deadline) {
      say(`after ${shownDuration(timeout)} not done: ${listed(left.map((pod) => `${pod.name} (${describe(pod, undo)})`))}`);
      return 1;
    }
    await wait(PAUSE);
  }
}

async function read(options: Options) {
  const fleet = await readFleet(options);
  const named = fleet.deployments.filter((deployment) => identity(deployment).name === options.pool);
  const found = named.length > 0 ? named : fleet.deployments.filter((deployment) => identity(deployment).name.endsWith(`-${options.pool}`));
  const names = listed(fleet.deployments.filter((one) => processOf(one)?.role === 'worker').map((one) => identity(one).name));
  if (found.length !== 1) {
    throw new Failure(`${found.length === 0 ? 'no' : 'more than one'} Deployment ${options.where} is called ${options.pool}; of workers there are: ${names || 'none'}`);
  }
  const [deployment] = found;
  if (processOf(deployment)?.role !== 'worker') throw new Failure(`${identity(deployment).name} runs no worker; of workers there are: ${names || 'none'}`);
  const pods = podsOf(deployment, fleet.pods);
  const { app, namespace } = identity(deployment);
  const others = fleet.pods.filter((pod) => identity(pod).app === app && identity(pod).namespace === namespace);
  return { deployment, pods, place: appPlace(pods, deployment) ?? appPlace(others, deployment) };
}

async function look(pod: unknown, context: readonly string[]): Promise<Drained> {
  const { name } = identity(pod);
  const deleted = isBeingDeleted(pod);
  const place = agentPlace(pod);
  if (place === undefined) return { name, deleted, error: 'has no agent that could say what it does' };
  try {
    return { name, deleted, agent: await agentStatus(place, context) };
  } catch (error) {
    const running = asList(get(pod, 'status', 'containerStatuses')).some((status) => get(status, 'state', 'running') !== undefined);
    if (running) return { name, deleted, error: `its agent does not answer: ${(error as Error).message.split('\n')[0]}` };
    const over = deleted || ['Succeeded', 'Failed'].includes(phase(pod));
    return { name, deleted, over, error: over ? 'does not run' : 'does not run, and would consume when it does' };
  }
}

/** The queues that it consumes, without the one that keeps it live. */
function consumed({ queues, not_consumed }: AgentStatus): string[] {
  return Object.keys(queues ?? {}).filter((queue) => queue !== DRAINED && !not_consumed?.includes(queue));
}

/** Two looks of the agent in a row: in the first it consumed nothing, so in the second no task can have come after its count. */
function isIdle({ name, agent, over }: Drained, idle: Map<string, string>): boolean {
  if (agent === undefined) return over === true;
  if (consumed(agent).length > 0 || agent.active !== 0 || agent.reserved !== 0 || !agent.looked_at) {
    idle.delete(name);
    return false;
  }
  const first = idle.get(name);
  if (first === undefined) idle.set(name, agent.looked_at);
  return first !== undefined && agent.looked_at > first;
}

function describe({ agent, error, deleted }: Drained, undo: boolean): string {
  if (agent === undefined) return error ?? '';
  if (undo) return `does not consume ${listed(agent.not_consumed ?? [])}`;
  const queues = consumed(agent);
  const tasks = `${agent.active ?? '?'} active, ${Math.max(0, (agent.reserved ?? 0) - (agent.active ?? 0))} reserved`;
  const more = deleted ? ', is being deleted' : queues.length > 0 ? `, still consumes ${listed(queues)}` : '';
  return `${tasks}${more}`;
}

/** What stays with workers that have nothing to do now. */
async function kept(pods: readonly unknown[], context: readonly string[]): Promise<string> {
  const held = await Promise.all(pods.map(async (pod) => {
    const place = agentPlace(pod);
    if (place === undefined) return 0;
    // An older agent has no such page.
    return askAgent(place, '/held', context).then((answer) => asList(get(JSON.parse(answer), 'deliveries')).length, () => 0);
  }));
  const sum = held.reduce((all, one) => all + one, 0);
  return sum === 0 ? '' : `; ${count(sum, 'message')} with an ETA or behind a rate limit ${sum === 1 ? 'stays' : 'stay'} until the pods end`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
