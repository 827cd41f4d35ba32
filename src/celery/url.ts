import { remembered } from '../memo';
import { isAmqpTransport } from './transports';

/** A broker or result URL, taken apart without judging it: the parts may hold `$(NAME)` or be wrong. */
export interface BrokerUrl {
  readonly text: string;
  readonly scheme: string;
  readonly user?: string;
  readonly password?: string;
  readonly host: string;
  readonly port?: string;
  /** What follows the first slash: the database of Redis, the virtual host of RabbitMQ. */
  readonly database?: string;
  readonly query: ReadonlyMap<string, string>;
}

export function parseUrl(text: string): BrokerUrl | undefined {
  return text.includes('://') ? takeApart(text) : undefined;
}

/** Each URL of a failover list, in which `;` is between them. */
export function parseUrls(text: string): BrokerUrl[] {
  return text.split(';').flatMap((one) => parseUrl(one) ?? []);
}

const takeApart = remembered((text: string): BrokerUrl | undefined => {
  // Failover lists are separated by `;`: the first one stands for all.
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^;]*)/i.exec(text.trim());
  if (!match) return undefined;
  const [beforeQuery, queryText = ''] = split(match[2], '?');
  const at = beforeQuery.lastIndexOf('@');
  const userInfo = at < 0 ? undefined : beforeQuery.slice(0, at);
  const [authority, path] = split(beforeQuery.slice(at + 1), '/');
  const hostPort = /^(\[[^\]]*\]|.*?)(?::([^:]*))?$/s.exec(authority);
  const [user, password] = userInfo === undefined ? [undefined, undefined] : split(userInfo, ':');
  return {
    text, scheme: match[1].toLowerCase(), user, password,
    // With a dot at its end a name is looked up as it is, in no search domain.
    host: (hostPort?.[1] ?? '').toLowerCase().replace(/\.$/, ''),
    port: hostPort?.[2],
    database: path === undefined ? undefined : path.replace(/\/$/, ''),
    query: new Map(queryText.split('&').filter(Boolean).map((pair) => {
      const [key, value = ''] = split(pair, '=');
      return [key, value];
    })),
  };
});

function split(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** A part of a URL without its percent signs; undefined where they are no escapes. */
export function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** The virtual host of a URL of AMQP, `/` where it names none; undefined where a run tells it. */
export function virtualHost({ database = '', text, host }: BrokerUrl): string | undefined {
  // A placeholder for the login says nothing about the rest.
  if (host === '' || /[${<>]/.test(`${database}${text.replace(/\/\/[^@/]*@/, '//')}`)) return undefined;
  return database === '' ? '/' : decoded(database);
}

export function isRedis(url: BrokerUrl): boolean {
  return /^(redis|rediss|valkey|valkeys|redis\+socket)$/.test(url.scheme);
}

export function isSentinel(url: BrokerUrl): boolean {
  return url.scheme === 'sentinel';
}

export function isAmqp(url: BrokerUrl): boolean {
  return isAmqpTransport(url.scheme);
}

/** 0 when the URL leaves it out; undefined when it is not a number that the manifest gives. */
export function redisDatabase(url: BrokerUrl): number | undefined {
  if (url.scheme === 'redis+socket') return undefined;
  const database = url.database ?? '';
  return database === '' ? 0 : /^\d+$/.test(database) ? Number(database) : undefined;
}
