import { decoded } from '../celery/url';
import { Env } from './pod/env';
import { UrlUse } from './uses';

/** What whoever applies the manifests writes over: no two of them need to be the same. */
const PLACEHOLDER = /change|replace|your|placeholder|example|todo|secret-?here|xxx|^\*+$|[<>{}]/i;

/** A password that manifests tell: of `$(NAME)` and `$NAME` that of the variable. It is compared, and never shown. */
export function knownPassword(text: string | undefined, env: Pick<Env, 'get'>): string | undefined {
  const [, name] = /^\$[({]?(\w+)[)}]?$/.exec(text ?? '') ?? [];
  const variable = name === undefined ? undefined : env.get(name);
  const password = name === undefined ? text : variable?.partial ? undefined : variable?.hidden ?? variable?.value;
  return password === undefined || password === '' || password.includes('$') || PLACEHOLDER.test(password) ? undefined : password;
}

/** It is something: of `$(NAME)` the variable is there, and not known to be empty. */
export function isGiven(text: string, env: Env): boolean {
  const [, name] = /^\$[({]?(\w+)[)}]?$/.exec(text) ?? [];
  const variable = name === undefined ? undefined : env.get(name);
  return name === undefined ? !PLACEHOLDER.test(text) : variable !== undefined && (variable.hidden ?? variable.value) !== '';
}

/** That of a URL. */
export function passwordOf({ url, password: hidden }: UrlUse, env: Env): string | undefined {
  const password = knownPassword(hidden ?? url.password, env);
  return password === undefined ? undefined : decoded(password);
}
