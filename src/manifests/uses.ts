import { LAUNCH_PREFIX } from '../celery/agent-names';
import { BrokerUrl } from '../celery/url';
import { Path } from './json';
import { Place } from './place';
import type { World } from './world';

/** A URL that a process is given, with its place. */
export interface UrlUse {
  readonly text: string;
  readonly url: BrokerUrl;
  readonly at: Place;
  readonly source: string;
  /** Assembled from something that only the cluster knows. */
  readonly partial: boolean;
  /** Of a URL from a Secret: compared, and never shown. */
  readonly user?: string;
  readonly password?: string;
}

/** Whether a variable, or what the launcher makes of it, is among those that URLs are from: all that `envFrom` brings have one place. */
export function isOneOf(uses: readonly UrlUse[], path: Path, variable: string): boolean {
  const name = variable.startsWith(LAUNCH_PREFIX) ? variable.slice(LAUNCH_PREFIX.length) : variable;
  return uses.some(({ at, source }) => at.path === path && source === name);
}

/** What of a URL from a Secret tells which server it leads to; the text is empty. */
export function withoutSecrets({ scheme, host, port, database, user, password }: BrokerUrl): Pick<UrlUse, 'text' | 'url' | 'user' | 'password'> {
  return { text: '', user, password, url: { scheme, host, port, database, text: '', query: new Map<string, string>() } };
}

/** It names a Service of the namespace, which has none of that name: what is meant is near. */
export function leadsNowhere({ url, at }: UrlUse, world: World): boolean {
  return /^[a-z][a-z0-9-]*$/.test(url.host) && url.host !== 'localhost' && !world.service(url.host, at.resource.namespace);
}

/** `redis://a:6379/0,redis://b:6379/0`: kombu has a semicolon between them. */
export function isListOfUrls(text: string): boolean {
  return /^[a-z]+:\/\/[^;]*,[a-z]+:\/\//.test(text);
}

/** A URL as a message shows it: of one from a Secret the name of the variable. */
export function shownUrl({ text, source }: UrlUse): string {
  return text === '' ? source : text;
}

/** A setting of Celery, with its place. */
export interface Setting {
  readonly value: string;
  readonly at: Place;
  /** The name of the variable that has it: most applications read a variable that is called like a setting, though Celery itself does not. */
  readonly variable?: string;
}
