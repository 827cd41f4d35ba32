import { lazy, remembered } from '../memo';
import { isAmqp, virtualHost } from '../celery/url';
import { codeFiles, seesSettings } from './code';
import { balanced, seconds } from './code-settings';
import { grouped } from './grouped';
import { asList, asMap, asScalar, asText, get } from './json';
import { Place } from './place';
import { Process } from './process';
import { withoutComments } from './python-text';
import { definitionsOf } from './rabbit-accounts';
import { rabbitFor, RabbitServer, rabbitServers } from './rabbit-server';
import type { World } from './world';

/** What RabbitMQ compares where a queue is declared once more, by its names; what is the default is left out. */
type Properties = ReadonlyMap<string, string>;

/** A queue as a worker, a file of definitions or an object of the topology operator declares it. */
export interface DeclaredQueue {
  readonly name: string;
  readonly properties: Properties;
  readonly at: Place;
  /** Server and virtual host. */
  readonly broker: string;
}

/** Options of kombu's Queue, and what they are called on the wire. */
const OPTIONS: ReadonlyMap<string, string> = new Map([
  ['max_priority', 'x-max-priority'], ['max_length', 'x-max-length'], ['max_length_bytes', 'x-max-length-bytes'], ['message_ttl', 'x-message-ttl'], ['expires', 'x-expires'],
  ['durable', 'durable'], ['auto_delete', 'auto_delete'], ['exclusive', 'exclusive'],
]);

/** Those of kombu are in seconds. */
const IN_MILLISECONDS = /^(message_ttl|expires)$/;

const COMPARED = /^(x-(max-priority|queue-type|message-ttl|expires|max-length|max-length-bytes|dead-letter-exchange|dead-letter-routing-key|overflow|single-active-consumer)|durable|auto_delete)$/;
const DEFAULTS: Readonly<Record<string, string>> = { 'durable': 'true', 'auto_delete': 'false', 'x-queue-type': 'classic' };

const compared = (properties: Iterable<readonly [string, string]>): Properties =>
  new Map([...properties].filter(([name, value]) => COMPARED.test(name) && DEFAULTS[name] !== value));

export interface Difference {
  readonly property: string;
  readonly own: string;
  readonly other: string;
}

/** What differs between two declarations of a queue, as each of them has it: `x-max-priority 10`. */
export function difference(one: Properties, other: Properties): Difference | undefined {
  const differing = [...new Set([...one.keys(), ...other.keys()])].filter((key) => one.get(key) !== other.get(key));
  // The type that a queue gets without one is up to the virtual host.
  const property = differing.find((key) => key !== 'x-queue-type') ?? differing.at(0);
  if (property === undefined) return undefined;
  const shown = (properties: Properties): string => {
    const value = properties.get(property) ?? DEFAULTS[property];
    return value === undefined ? `no ${property}` : `${property} ${value}`;
  };
  return { property, own: shown(one), other: shown(other) };
}

/** The parts of a text between commas that are in no bracket and no string. */
function parts(text: string): string[] {
  const found: string[] = [];
  let [depth, from, quote] = [0, 0, ''];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quote !== '') {
      if (character === '\\') at += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === '\'') quote = character;
    else if (/[([{]/.test(character)) depth += 1;
    else if (/[)\]}]/.test(character)) depth -= 1;
    else if (character === ',' && depth === 0) {
      found.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...found, text.slice(from)].map((part) => part.trim()).filter((part) => part !== '');
}

/** A number, a text or a truth value of Python. */
function literal(text: string): string | undefined {
  const quoted = /^(["'])([^"'\\\n]*)\1$/.exec(text)?.[2];
  return quoted ?? (/^(True|False)$/.test(text) ? text.toLowerCase() : seconds(text)?.toString());
}

/** The arguments of a `Queue(...)` of kombu; undefined where some are no literals. */
function queueOf(call: string): { readonly name: string; readonly properties: Properties } | undefined {
  const [first, ...others] = parts(call);
  const name = literal(/^(?:name\s*=\s*)?(.*)$/s.exec(first ?? '')![1]);
  if (name === undefined || others.some((part) => part.startsWith('*'))) return undefined;
  const given = new Map<string, string>();
  const options = new Map(others.flatMap((part) => {
    const [, option, value] = /^(\w+)\s*=\s*(.*)$/s.exec(part) ?? [];
    return option === undefined ? [] : [[option, value] as const];
  }));
  const inBraces = options.get('queue_arguments');
  if (inBraces !== undefined && inBraces !== 'None') {
    if (!/^\{.*\}$/s.test(inBraces)) return undefined;
    for (const part of parts(inBraces.slice(1, -1))) {
      const [, , key, value] = /^(["'])([\w-]+)\1\s*:\s*(.*)$/s.exec(part) ?? [];
      const text = key === undefined ? undefined : literal(value);
      if (text === undefined) return undefined;
      given.set(key, text);
    }
  }
  for (const [option, value] of options) {
    const wire = OPTIONS.get(option);
    if (wire === undefined || value === 'None') continue;
    const text = literal(value);
    if (text === undefined) return undefined;
    given.set(wire, IN_MILLISECONDS.test(option) ? String(Number(text) * 1000) : text);
  }
  return { name, properties: given };
}

const TASK_QUEUES = /\b(?:task_queues|CELERY_TASK_QUEUES|CELERY_QUEUES)\b["']?\s*[=:](?!=)\s*/g;

/** The queues that code gives the setting task_queues: none where it does not; undefined where they are not literals. */
const taskQueues = remembered((code: string): ReadonlyArray<{ readonly name: string; readonly properties: Properties }> | undefined => {
  const text = withoutComments(code);
  const [given, ...others] = [...text.matchAll(TASK_QUEUES)];
  if (!given) return /task_queues|TASK_QUEUES|CELERY_QUEUES/.test(text) ? undefined : [];
  const inside = text.slice(given.index + given[0].length);
  const end = others.length > 0 || !/^[([]/.test(inside) ? undefined : balanced(inside, inside[0], inside.startsWith('(') ? ')' : ']');
  if (end === undefined || !/^\s*(?=[,;)}#\n]|$)/.test(inside.slice(end))) return undefined;
  const queues = parts(inside.slice(1, end - 1)).map((part) => /^(?:kombu\.)?Queue\((.*)\)$/s.exec(part)?.[1]).map((call) => call === undefined ? undefined : queueOf(call));
  return queues.includes(undefined) ? undefined : queues.filter((queue) => queue !== undefined);
});

/** The queues that a worker declares when it starts, where its settings are in sight. */
function ofWorker(worker: Process, world: World): DeclaredQueue[] {
  const { link, container } = worker;
  if (!link || !isAmqp(link.url) || !seesSettings(container)) return [];
  const host = virtualHost(link.url);
  const files = codeFiles(container);
  // Newer releases have a type for queues that nothing else declares.
  if (host === undefined || files.some(({ text }) => /create_missing|amqp\.queues|select_add|queues_cls/i.test(text))) return [];
  const declared = files.map(({ text, place }) => ({ place, queues: taskQueues(text) }));
  const names = ['task_queue_max_priority', 'task_default_queue', 'task_default_queue_type'] as const;
  if (declared.some(({ queues }) => queues === undefined) || names.some((name) => worker.sets(name) && !worker.setting(name))) return [];
  const [priority, standard = 'celery', type] = names.map((name) => worker.setting(name)?.value);
  const byName = new Map(declared.flatMap(({ place, queues }) => queues!.map((queue) => [queue.name, { ...queue, at: place }] as const)));
  if (byName.size === 0) byName.set(standard, { name: standard, properties: new Map(type === undefined ? [] : [['x-queue-type', type]]), at: worker.commandPlace });
  const option = worker.option('--queues');
  if (option.state !== 'unset' && worker.queues === undefined) return [];
  const consumed = worker.queues ?? [...byName.keys()];
  const [server] = rabbitFor(link, world);
  const broker = server ? brokerOf(server, host) : JSON.stringify([link.url.host, link.url.host.includes('.') ? '' : worker.workload.resource.namespace, host]);
  return consumed.map((name) => {
    const { properties, at } = byName.get(name) ?? { properties: new Map<string, string>(), at: worker.commandPlace };
    const all = priority === undefined || properties.has('x-max-priority') ? properties : new Map([...properties, ['x-max-priority', priority]]);
    return { name, properties: compared(all), at, broker };
  });
}

const brokerOf = ({ resource: { index, prefix } }: RabbitServer, host: string): string => JSON.stringify([index, prefix, host]);

/** A queue of definitions, or of an object: its arguments and the two properties. */
function written(queue: unknown, autoDelete: string): Properties {
  const properties = [['durable', get(queue, 'durable')], ['auto_delete', get(queue, autoDelete)], ['x-queue-type', get(queue, 'type')], ...Object.entries(asMap(get(queue, 'arguments')))] as const;
  return compared(properties.flatMap(([name, value]) => {
    const text = asScalar(value);
    return text === undefined ? [] : [[String(name), text] as const];
  }));
}

/** Those that a server makes from its definitions. */
function ofDefinitions(server: RabbitServer): DeclaredQueue[] {
  return definitionsOf(server).flatMap(({ json, at }) => asList(get(json, 'queues')).flatMap((queue) => {
    const name = asText(get(queue, 'name'));
    return name === undefined ? [] : [{ name, properties: written(queue, 'auto_delete'), at, broker: brokerOf(server, asText(get(queue, 'vhost')) ?? '/') }];
  }));
}

/** The objects of the topology operator. */
function ofOperator(world: World): DeclaredQueue[] {
  const clusters = new Map(rabbitServers(world).flatMap((server) => server.container ? [] : [[`${server.resource.namespace} ${server.resource.name}`, server] as const]));
  return world.kind('Queue').filter(({ apiVersion }) => apiVersion.startsWith('rabbitmq.com/')).flatMap((resource) => {
    const spec = asMap(resource.json.spec);
    const [cluster, namespace = resource.namespace] = [asText(get(spec, 'rabbitmqClusterReference', 'name')), asText(get(spec, 'rabbitmqClusterReference', 'namespace'))];
    const server = clusters.get(`${namespace} ${cluster}`);
    const name = asText(spec.name) ?? resource.name;
    return server ? [{ name, properties: written(spec, 'autoDelete'), at: { resource, path: ['spec'] }, broker: brokerOf(server, asText(spec.vhost) ?? '/') }] : [];
  });
}

/** All declarations of each queue of each broker, what is there before the workers first. */
export const declaredQueues: (world: World) => ReadonlyArray<readonly DeclaredQueue[]> = lazy((world: World) => {
  const all = [...rabbitServers(world).flatMap(ofDefinitions), ...ofOperator(world), ...world.workers.flatMap((worker) => ofWorker(worker, world))];
  return [...grouped(all.map((queue) => [JSON.stringify([queue.broker, queue.name]), queue] as const)).values()];
});
