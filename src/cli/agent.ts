import { redact } from '../celery/credentials';
import { asList, asNumber, asText, get, isMap } from '../manifests/json';
import { shortened } from '../rules/printable';
import { kubectl } from './kubectl';
import { identity } from './objects';

/** The part of the agent's `/status` that commands read. */
export interface AgentStatus {
  readonly live: boolean;
  readonly ready: boolean;
  readonly reason: string;
  readonly now: string;
  readonly hostname?: string;
  readonly queues?: Record<string, number | null>;
  readonly not_consumed?: readonly string[];
  readonly active?: number;
  readonly reserved?: number;
  /** Messages of the whole database that are delivered and not acknowledged, and when the oldest was. */
  readonly unacked?: number | null;
  readonly oldest_unacked?: string | null;
  readonly concurrency?: number;
  readonly last_receipt?: string | null;
  readonly last_tick?: string | null;
  readonly looked_at?: string | null;
  readonly broker?: { readonly error: string };
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
  names: ['a list of names', (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === 'string')],
  broker: ['what is known of the broker', (value: unknown) => typeof get(value, 'error') === 'string'],
  errors: ['a list of errors', (value: unknown) => Array.isArray(value) && value.every((one) => typeof get(one, 'error') === 'string')],
  versions: ['a map of versions', (value: unknown) => ['celery', 'kombu', 'python'].every((name) => typeof get(value, name) === 'string')],
} as const;

const FIELDS: Record<keyof AgentStatus, keyof typeof IS> = {
  live: 'yesOrNo', ready: 'yesOrNo', reason: 'words', now: 'words', versions: 'versions', hostname: 'words', queues: 'depths', not_consumed: 'names',
  active: 'number', reserved: 'number', unacked: 'number', oldest_unacked: 'words', concurrency: 'number', last_receipt: 'words', last_tick: 'words', looked_at: 'words', broker: 'broker',
  rival: 'words', agent_errors: 'errors',
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

/** Where the agent of a pod answers. */
export interface AgentPlace {
  readonly name: string;
  readonly namespace: string;
  readonly container: string;
  readonly port: number;
}

/** Undefined for a pod without an agent. */
export function agentPlace(pod: unknown): AgentPlace | undefined {
  const { name, namespace } = identity(pod);
  return asList(get(pod, 'spec', 'containers')).flatMap((container) => asList(get(container, 'ports'))
    .filter((port) => asText(get(port, 'name')) === 'health')
    .map((port) => ({ name, namespace, container: asText(get(container, 'name')) ?? '', port: asNumber(get(port, 'containerPort')) ?? 0 })))[0];
}

const pythonGet = (path: string): string => `import os, urllib.request
host = os.environ['CDK8S_CELERY_AGENT_HOST']
url = 'http://%s:%s${path}' % ('[%s]' % host if ':' in host else host, os.environ['CDK8S_CELERY_AGENT_PORT'])
print(urllib.request.urlopen(url, timeout=5).read().decode())`;

/** From inside the pod, where no NetworkPolicy is in the way; where that is not allowed, through the API server. */
export async function askAgent({ name, namespace, container, port }: AgentPlace, path: string, context: readonly string[]): Promise<string> {
  try {
    return await kubectl([...context, 'exec', '-n', namespace, name, '-c', container, '--', 'python', '-c', pythonGet(path)], 15_000);
  } catch {
    return kubectl([...context, 'get', '--raw', `/api/v1/namespaces/${namespace}/pods/http:${name}:${port}/proxy${path}`], 10_000);
  }
}

/** The agent's `/status`. */
export async function agentStatus(place: AgentPlace, context: readonly string[]): Promise<AgentStatus> {
  return readAgent(await askAgent(place, '/status', context));
}
