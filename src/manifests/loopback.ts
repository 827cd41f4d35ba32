import { isLoopback } from '../celery/hosts';
import { isFlower, isPython } from '../celery/image';
import { MONGODB_PORT, MYSQL_PORT, POSTGRES_PORT } from '../celery/ports';
import { parseUrl } from '../celery/url';
import { lazy } from '../memo';
import { readCelery } from './command/celery-command';
import { baseName } from './command/command';
import { kindIn } from './in-namespace';
import { injectsServer } from './injected';
import { asList, asScalar, get, Path } from './json';
import { Container } from './pod/container';
import { Workload } from './pod/workload';
import { serverWorkloads } from './servers';
import type { World } from './world';

/** Names of what is a broker, leads to one that is somewhere else, or starts several programs. */
const BROKER_OR_PROXY = new RegExp([
  'redis', 'valkey', 'keydb', 'dragonfly', 'rabbit', 'amqp', 'broker', 'proxy', 'tunnel', 'envoy', 'istio', 'linkerd', 'dapr', 'socat', 'ssh', 'vpn', 'wireguard',
  'tailscale', 'nutcracker', 'mesh', 'gateway', 'forward', 'supervisor', 'honcho', 'foreman', 'circus', 's6', 'all-?in-?one',
].join('|'), 'i');

/** Commands of a script that start nothing that stays. */
const ENDS = new Set([
  'cd', 'echo', 'printf', 'mkdir', 'sleep', 'touch', 'chmod', 'chown', 'export', 'set', 'source', '.', 'cp', 'mv', 'rm', 'ln', 'cat', 'ls', 'pip', 'pip3', 'alembic',
  'django-admin', 'manage.py', 'test', '[', 'true', 'until', 'while', 'nc', 'env', 'umask', 'ulimit', 'date',
]);

function startsOnlyCelery({ invocations }: Container): boolean {
  return invocations.every((invocation) => {
    const program = baseName(invocation.words[0]?.text ?? '');
    const script = /^python[\d.]*$/.test(program) ? baseName(invocation.words[1]?.text ?? '') : program;
    return readCelery(invocation) !== undefined || ENDS.has(script);
  });
}

/** Broker containers in the network of a node. */
const onNodes = lazy((world: World) => [...serverWorkloads(world)].some(({ spec }) => spec.hostNetwork === true));

/** A proxy, injected into the pod or part of its service mesh, listens there for a server elsewhere. */
function isForwarded({ annotations, resource: { namespace } }: Workload, port: number, world: World): boolean {
  const upstreams = asScalar(annotations['consul.hashicorp.com/connect-service-upstreams']) ?? '';
  if (upstreams.split(',').some((one) => one.split(':').slice(1).includes(String(port)))) return true;
  return world.kind('Sidecar').some(({ json, namespace: own }) => own === namespace && asList(get(json, 'spec', 'egress')).some((listener) =>
    get(listener, 'port', 'number') === port && isLoopback(asScalar(get(listener, 'bind')) ?? '')));
}

/** What may answer at a port of a pod: `nothing`, certainly; `something` that looks like it; or the condition under which something does. */
export type Answer = 'nothing' | 'something' | { readonly unless: string };

/** Of a container that asks for a server at its own pod; `servers` are the names of what may be one. */
export function answersAtLoopback(container: Container, port: number, world: World, servers = BROKER_OR_PROXY): Answer {
  const { workload } = container;
  const own = new Set(world.in(workload).filter((other) => other.hint === undefined && startsOnlyCelery(other.container))
    .map((other) => other.container));
  const others = workload.containers.filter((other) => other !== container && !own.has(other));
  if (others.some((other) => other.declares(port) || servers.test(`${other.name} ${other.image.text}`))) return 'something';
  if ([container, ...others].some(({ invocations }) => invocations.some((invocation) => !readCelery(invocation)
    && servers.test(invocation.words.slice(0, 2).map(({ text }) => baseName(text)).join(' '))))) return 'something';
  if (isForwarded(workload, port, world)) return 'something';
  if (workload.spec.hostNetwork === true) return onNodes(world) ? 'something' : { unless: 'a server listens on every node' };
  const injects = injectsServer(workload);
  if (injects !== undefined) return { unless: `what ${injects} adds to the pod listens on ${port}` };
  if (others.length > 0) return { unless: `${others.map(({ name }) => name).join(', ')} listens on ${port}` };
  // Without a command the entrypoint of the image runs, whatever its arguments are.
  const script = container.invocations.some(({ links }) => links.some((link) => link.kind === 'wrapper' && link.name === 'unknown'));
  const whole = (container.ownsEntrypoint && !script) || isPython(container.image) || isFlower(container.image);
  const alone = whole && container.unread === undefined && own.has(container);
  return alone ? 'nothing' : { unless: 'the image starts a server in the same container' };
}

/** Names of databases, and what leads to one. */
const DATABASE_OR_PROXY = new RegExp(`${BROKER_OR_PROXY.source}|sql|postgres|pgbouncer|mongo|maria|database`, 'i');

const DATABASE_VARIABLE = /(^|_)(DB|DATABASE|POSTGRES|POSTGRESQL|PG|MYSQL|MARIADB|MONGO|MONGODB|SQL)_?(HOST|HOSTNAME|SERVER|ADDR|ADDRESS|URL|URI|DSN)$/;
/** The database of a cloud is never in the pod: what names it is an example of one that is not used. */
const OF_A_CLOUD = /^(ALI(BABA)?(CLOUD|YUN)?|TENCENT|HUAWEI|BAIDU|VOLC(ENGINE)?|AWS|AZURE|GCP|TIDB)_/;
const DATABASE_PORTS: ReadonlyArray<readonly [RegExp, number]> = [[/MYSQL|MARIA/i, MYSQL_PORT], [/MONGO/i, MONGODB_PORT], [/./, POSTGRES_PORT]];

/** The variables that say that the database is in the pod itself, where nothing looks like one. */
export function databasesAtLoopback(container: Container, world: World): ReadonlyArray<{ name: string; path: Path; answer: Answer }> {
  // The operator of Cloud SQL puts its proxy into the pods that such an object selects.
  const { namespace } = container.workload.resource;
  if (kindIn('AuthProxyWorkload', namespace, world).length > 0) return [];
  return [...container.env.all()].flatMap(({ name, value, hidden, path }) => {
    const text = DATABASE_VARIABLE.test(name) && !OF_A_CLOUD.test(name) ? hidden ?? value ?? '' : '';
    const url = parseUrl(text);
    if (!isLoopback(url ? url.host : text.trim().toLowerCase())) return [];
    const given = url?.port ?? container.env.value(name.replace(/HOST(NAME)?$/, 'PORT'));
    const port = /^\d+$/.test(given ?? '') ? Number(given) : DATABASE_PORTS.find(([kind]) => kind.test(`${name} ${url?.scheme ?? ''}`))![1];
    const answer = answersAtLoopback(container, port, world, DATABASE_OR_PROXY);
    return answer === 'something' ? [] : [{ name, path, answer }];
  });
}
