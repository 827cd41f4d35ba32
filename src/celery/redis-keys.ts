/** What Celery's tasks are in, in a database of Redis. */
export interface RedisKeys {
  /** The lists of each queue: one for each priority step. */
  readonly lists: ReadonlyArray<{ readonly queue: string; readonly priority: number; readonly key: string }>;
  /** The hash of what workers have taken and not acknowledged, from all queues of the database. */
  readonly unacknowledged: string;
}

/** kombu's own. A message of priority 4 is in the list of step 3. */
const PRIORITY_STEPS = [0, 3, 6, 9];
const SEPARATOR = '\x06\x16';
const UNACKNOWLEDGED = 'unacked';

/** What names the keys among `broker_transport_options`. */
export const KEY_OPTIONS = ['global_keyprefix', 'sep', 'unacked_key', 'priority_steps'] as const;

/** What names the keys among `broker_transport_options` that are JSON or, from code, a literal of Python. */
export function keyOptions(text: string): Record<string, unknown> {
  if (text === '') return {};
  const literal = (name: string, value: string): string | undefined => new RegExp(`(['"])${name}\\1\\s*:\\s*${value}`).exec(text)?.[2];
  const steps = literal('priority_steps', '\\[([\\d,\\s]*)\\]')?.split(',').filter((step) => step.trim() !== '').map(Number)
    ?? range(literal('priority_steps', 'list\\(range\\((\\d+)\\)\\)'));
  const texts = ['global_keyprefix', 'sep', 'unacked_key'].map((name) => [name, unescaped(literal(name, '[\'"]([^\'"]*)[\'"]'))] as const);
  return Object.fromEntries([...texts, ['priority_steps', steps] as const].filter(([, value]) => value !== undefined)) as Record<string, unknown>;
}

/** `\x06` of Python, `\u0006` of JSON. */
function unescaped(text: string | undefined): string | undefined {
  return text?.replace(/\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/gi, (_, byte?: string, code?: string, character?: string) =>
    character ?? String.fromCharCode(parseInt((byte ?? code)!, 16)));
}

/**
 * Whether kombu can find the step of a priority among them: it looks by bisection, so that steps in another order are never found, and compares
 * them with numbers, so that a string ends every send with an error.
 *
 * @see `Channel.priority` in kombu/transport/redis.py
 */
export function arePrioritySteps(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0
    && value.every((step, i) => Number.isInteger(step) && step >= 0 && step <= 9 && (i === 0 || step > value[i - 1]));
}

/** At most as many as there are priorities. */
function range(end: string | undefined): number[] | undefined {
  return end === undefined ? undefined : Array.from({ length: Math.min(Number(end), 10) }, (_, step) => step);
}

/**
 * The keys of queues, as kombu names them with these `broker_transport_options`.
 *
 * @see `Channel._q_for_pri`, `Channel.priority_steps` and `Channel.unacked_key` in kombu/transport/redis.py
 */
export function redisKeys(queues: readonly string[], options: Readonly<Record<string, unknown>> = {}): RedisKeys {
  const text = (name: string, otherwise: string): string => typeof options[name] === 'string' ? options[name] : otherwise;
  const { priority_steps: given } = options;
  const steps = Array.isArray(given) && given.length > 0 && given.every((step) => typeof step === 'number') ? given : PRIORITY_STEPS;
  const prefix = text('global_keyprefix', '');
  const separator = text('sep', SEPARATOR);
  return {
    lists: queues.flatMap((queue) => steps.map((priority) => ({ queue, priority, key: `${prefix}${queue}${priority === 0 ? '' : `${separator}${priority}`}` }))),
    unacknowledged: `${prefix}${text('unacked_key', UNACKNOWLEDGED)}`,
  };
}
