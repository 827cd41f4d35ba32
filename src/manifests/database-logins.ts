import { parseUrl } from '../celery/url';
import { lazy } from '../memo';
import { grouped } from './grouped';
import { databaseKind, NamedHost, namedHosts, ServerKind } from './named-hosts';
import { knownPassword } from './passwords';
import { Container } from './pod/container';
import { Env } from './pod/env';
import { Process } from './process';
import type { World } from './world';

/** A user and a password, as far as manifests tell them: they are compared, and never shown. */
interface Login {
  readonly user?: string;
  readonly password?: string;
}

/** What a process logs in to a database of the input with, and what the variables of its image create. */
export interface DatabaseLogin {
  readonly named: NamedHost;
  readonly server: Container;
  readonly differs: 'user' | 'password';
  /** A volume or a script may bring other users than the variables. */
  readonly kept: boolean;
}

/** The variables of the official images: the user that is made, the one that is there, and the password of each. */
const IMAGES: Partial<Record<ServerKind, ReadonlyArray<{ readonly user: string; readonly builtIn?: string; readonly password: string }>>> = {
  postgres: [{ user: 'POSTGRES_USER', builtIn: 'postgres', password: 'POSTGRES_PASSWORD' }],
  mysql: [
    { user: 'MYSQL_USER', password: 'MYSQL_PASSWORD' }, { user: 'MARIADB_USER', password: 'MARIADB_PASSWORD' },
  ],
};
const DATA = /^\/var\/lib\/(postgresql|mysql)|^\/docker-entrypoint-initdb\.d/;

function given({ env }: Container, variable: string): Login {
  const found = env.get(variable);
  const url = found?.partial ? undefined : parseUrl(found?.hidden ?? found?.value ?? '');
  if (url) return { user: knownPassword(url.user, env), password: knownPassword(url.password, env) };
  const prefix = variable.replace(/(HOST|HOSTNAME|SERVER|ADDR|ADDRESS|SVC)$/, '');
  const of = (...words: string[]) => words.map((word) => `${prefix}${word}`).find((name) => env.get(name) !== undefined);
  return { user: variableOf(of('USER', 'USERNAME'), env), password: variableOf(of('PASSWORD', 'PASS', 'PASSWD', 'PWD'), env) };
}

function variableOf(name: string | undefined, env: Env): string | undefined {
  return name === undefined ? undefined : knownPassword(`$${name}`, env)?.trim();
}

/** The users that the image makes, by name; undefined where some of it is out of sight. */
function made({ env }: Container, kind: ServerKind): ReadonlyArray<Login & { readonly user: string }> | undefined {
  const all = (IMAGES[kind] ?? []).filter(({ user, builtIn }) => builtIn !== undefined || env.get(user) !== undefined);
  const logins = all.map(({ user, builtIn, password }) => ({
    user: env.get(user) === undefined ? builtIn : variableOf(user, env), password: variableOf(password, env),
  }));
  if (env.open || logins.length === 0) return undefined;
  return logins.flatMap(({ user, password }) => user === undefined ? [] : [{ user, password }]);
}

/** Both are in sight; that one is a whole URL is said elsewhere. */
function differ(password: string | undefined, other: string | undefined): boolean {
  return password !== undefined && other !== undefined && password !== other && !other.includes('://');
}

/** The logins of a process that the database does not take, each database once. */
export function otherLogins({ container, workload }: Process, world: World): DatabaseLogin[] {
  const seen = new Set<Container>();
  return namedHosts(container).flatMap((named): DatabaseLogin[] => {
    const service = named.kind === 'redis' || named.kind === 'rabbitmq' ? undefined : world.service(named.host, workload.resource.namespace);
    const pods = service ? world.backing(service) : [];
    const [server, ...others] = pods.flatMap(({ containers }) => containers).filter(({ image }) => databaseKind(image) !== undefined);
    if (!server || others.length > 0 || seen.has(server) || !server.image.official || server.words.length > 0) return [];
    const logins = made(server, databaseKind(server.image)!);
    const { user, password } = given(container, named.variable);
    if (!logins || logins.length === 0 || user === undefined || user === 'root') return [];
    const own = logins.find((login) => login.user === user);
    const differs = !own ? 'user' : differ(password, own.password) ? 'password' : undefined;
    if (differs === undefined) return [];
    seen.add(server);
    return [{ named, server, differs, kept: server.mounts.some(({ mountPath, volume }) => DATA.test(mountPath) && volume.kind !== 'emptyDir') }];
  });
}

/** Databases by their namespace. */
const databases = lazy((world: World) => grouped(world.workloads.filter(({ longRunning }) => longRunning)
  .flatMap(({ containers, resource }) => containers.flatMap((container) =>
    databaseKind(container.image) === undefined ? [] : [[resource.namespace, container] as const]))));

/** Passwords that databases of any application have, as their documentation shows them. */
const COMMON = /^(postgres|password|passw0rd|pass|root|admin|test|secret|example|changeme|change-me|mysecretpassword|1234\d*)$/i;

/** The login next to the variable of a host, or in a URL, is that of the only database of the namespace, which makes it: no other is meant. */
export function isLoginOfDatabase(container: Container, variable: string, world: World): boolean {
  const [server, ...others] = databases(world).get(container.workload.resource.namespace) ?? [];
  const { user, password } = given(container, variable);
  return server !== undefined && others.length === 0 && user !== undefined && password !== undefined && password !== user && !COMMON.test(password)
    && (made(server, databaseKind(server.image)!) ?? []).some((login) => login.user === user && login.password === password);
}
