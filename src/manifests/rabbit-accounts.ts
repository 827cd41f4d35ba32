import { createHash } from 'crypto';
import { asList, asText, get } from './json';
import { knownPassword } from './passwords';
import { Place } from './place';
import { isAdministered, RabbitServer, rabbitMention, rabbitSetting } from './rabbit-server';
import type { World } from './world';
import { meets } from '../celery/versions';

/** Who may log in to a RabbitMQ, and to what, as far as its variables and files tell. */
export interface RabbitAccounts {
  /** Whether a password is that of a user; undefined where that is out of sight. */
  readonly users: ReadonlyMap<string, (password: string) => boolean | undefined>;
  /** Undefined where it is out of sight. */
  readonly vhosts?: ReadonlySet<string>;
  /** What to name in a message: the variable, or the names. */
  readonly shown: { readonly user: string; readonly password: string; readonly vhost: string };
  /** No user at all: the definitions, which take the place of the defaults, name none. */
  readonly none?: true;
  /** Names of the defaults, which an older release makes next to the definitions, where the release is not in sight. */
  readonly older?: readonly string[];
}

/**
 * From here on definitions take the place of the defaults, however they are loaded.
 *
 * @see https://github.com/rabbitmq/rabbitmq-server/pull/4904
 */
export const WITHOUT_DEFAULTS = '3.11';

type Default = 'user' | 'pass' | 'vhost';
const BUILT_IN: Readonly<Record<Default, string>> = { user: 'guest', pass: 'guest', vhost: '/' };

const variableOf = (what: Default): string => `RABBITMQ_DEFAULT_${what.toUpperCase()}`;

/** What a default is, and how a message shows it; undefined where it is out of sight. */
function defaultOf(server: RabbitServer, what: Default): { readonly value?: string; readonly shown: string } {
  const variable = server.container?.env.get(variableOf(what));
  const written = rabbitSetting(server, `default_${what}`)?.value;
  // Of quotes and comments it depends on the release what is left.
  const unclear = written === undefined ? rabbitMention(server, new RegExp(`default_${what}\\b`)) !== undefined : /['"#]/.test(written);
  if (unclear) return { shown: `default_${what}` };
  if (!variable) return { value: written ?? BUILT_IN[what], shown: written ?? (what === 'vhost' ? '/' : `${BUILT_IN[what]}, or ${variableOf(what)}`) };
  // Which of two wins depends on the release.
  const value = variable.partial ? undefined : variable.hidden ?? variable.value;
  return { value: written === undefined || written === value ? value : undefined, shown: variable.value ?? variableOf(what) };
}

/** The accounts of a server of the official image; undefined where they are out of sight. */
export function rabbitAccounts(server: RabbitServer, world: World): RabbitAccounts | undefined {
  if (!server.container?.image.official || server.opaque || isAdministered(server, world) || rabbitMention(server, /auth_backends|default_users\./)) return undefined;
  if (server.container.env.lookup('RABBITMQ_DEFINITIONS_FILE').state !== 'unset') return undefined;
  if (rabbitMention(server, /load_definitions|definitions\.import/)) return fromDefinitions(server);
  const [user, vhost] = [defaultOf(server, 'user'), defaultOf(server, 'vhost')];
  const password = server.container.env.get(variableOf('pass')) ? knownPassword(`$${variableOf('pass')}`, server.container.env) : defaultOf(server, 'pass').value;
  return {
    users: new Map(user.value === undefined ? [] : [[user.value, (given) => password === undefined ? undefined : given === password]]),
    vhosts: vhost.value === undefined ? undefined : new Set([vhost.value]),
    shown: { user: user.shown, password: server.container.env.get(variableOf('pass')) || !rabbitSetting(server, 'default_pass') ? variableOf('pass') : 'default_pass', vhost: vhost.shown },
  };
}

/** The files of definitions that a server loads when it starts. */
export function definitionsOf(server: RabbitServer): Array<{ readonly json: unknown; readonly at: Place }> {
  if (!rabbitMention(server, /load_definitions|definitions\.import/)) return [];
  return server.files.flatMap(({ text, at }) => {
    const json = parsed(text);
    return json === undefined ? [] : [{ json, at }];
  });
}

/** Those of a file that RabbitMQ loads when it starts, which takes the place of the defaults. */
function fromDefinitions(server: RabbitServer): RabbitAccounts | undefined {
  const definitions = definitionsOf(server).map(({ json }) => json);
  if (definitions.length !== 1) return undefined;
  const names = (list: string) => asList(get(definitions[0], list)).flatMap((entry) => asText(get(entry, 'name')) ?? []);
  const users = asList(get(definitions[0], 'users')).flatMap((entry) => {
    const name = asText(get(entry, 'name'));
    return name === undefined ? [] : [[name, (password: string) => hasPassword(entry, password)] as const];
  });
  const vhosts = names('vhosts');
  const seeds = server.version === undefined || meets(server.version, `<${WITHOUT_DEFAULTS}`);
  if (users.length === 0) return seeds ? undefined : { users: new Map(), none: true, shown: { user: 'users in the definitions', password: '', vhost: '' } };
  const defaults = [defaultOf(server, 'user').value, defaultOf(server, 'vhost').value].map((name) => name ?? '');
  const shown = { user: users.map(([name]) => name).join(', '), password: 'that of the definitions', vhost: vhosts.join(', ') };
  const older = server.version !== undefined && meets(server.version, `<${WITHOUT_DEFAULTS}`);
  return {
    users: new Map(older ? [[defaults[0], () => undefined], ...users] : users),
    vhosts: vhosts.length === 0 ? undefined : new Set(older ? [...vhosts, defaults[1]] : vhosts),
    shown, older: server.version === undefined ? defaults : undefined,
  };
}

/** What a file of definitions has. */
const DEFINED = ['users', 'vhosts', 'permissions', 'policies', 'queues', 'exchanges', 'bindings'];

function parsed(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    return DEFINED.some((name) => get(json, name) !== undefined) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** By the text, or by the hash: four bytes of salt, and the SHA-256 of those with the password behind them. */
function hasPassword(user: unknown, password: string): boolean | undefined {
  const [text, hash] = [asText(get(user, 'password')), asText(get(user, 'password_hash'))];
  if (text !== undefined) return knownPassword(text, NO_VARIABLES) === undefined ? undefined : text === password;
  const algorithm = asText(get(user, 'hashing_algorithm')) ?? 'rabbit_password_hashing_sha256';
  const bytes = Buffer.from(hash ?? '', 'base64');
  if (algorithm !== 'rabbit_password_hashing_sha256' || bytes.length !== 36) return undefined;
  return createHash('sha256').update(bytes.subarray(0, 4)).update(password).digest().equals(bytes.subarray(4));
}

const NO_VARIABLES = { get: () => undefined };
