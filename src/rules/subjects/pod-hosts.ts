import { isFilledIn } from '../../celery/filled-in';
import { isLoopback } from '../../celery/hosts';
import { AMQP_PORT, MYSQL_PORT, POSTGRES_PORT, REDIS_PORT } from '../../celery/ports';
import { brokerAsBackend } from '../../celery/result-backends';
import { isAmqp, isRedis, isSentinel, parseUrl } from '../../celery/url';
import { BrokerClient } from '../../manifests/broker-urls';
import { isLoginOfDatabase } from '../../manifests/database-logins';
import { asList, asText, get } from '../../manifests/json';
import { answersAtLoopback, databasesAtLoopback } from '../../manifests/loopback';
import { NamedHost, namedHosts } from '../../manifests/named-hosts';
import { Container } from '../../manifests/pod/container';
import { Process } from '../../manifests/process';
import { servedBy } from '../../manifests/servers';
import { portOf } from '../../manifests/service-ports';
import { isOneOf, shownUrl, UrlUse } from '../../manifests/uses';
import { listed } from '../printable';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The URLs of a client that lead to its own pod; not known are those of other variables, where nothing says what its broker is. */
function loopbackUses({ process, urls: given }: BrokerClient): Array<{ readonly use: UrlUse; readonly known: boolean }> {
  // Without a host the server of the client's own machine is meant.
  const own = ({ url }: UrlUse) => (isRedis(url) || isAmqp(url) || isSentinel(url)) && url.scheme !== 'redis+socket'
    && (isLoopback(url.host) || (url.host === '' && /^[a-z]+:\/\/(\/.*)?$/.test(url.text)));
  if (!process) return given.filter(own).map((use) => ({ use, known: true }));
  const { backend, link, urls, allUrls } = process;
  // A backend that keeps no results is a fault of its own.
  const results = backend && brokerAsBackend(backend.text) === undefined ? backend : undefined;
  const known = [link, results].flatMap((use) => use && own(use) ? [{ use, known: true }] : []);
  if (link ?? backend) return known;
  return allUrls.filter((use) => !urls.includes(use) && own(use)).map((use) => ({ use, known: false }));
}

/** Brokers at the pod itself by other variables than those of Celery, where nothing says what its broker is. */
function namedAtLoopback({ container, link, backend, allUrls }: Process): Array<NamedHost & { readonly kind: 'redis' | 'rabbitmq' }> {
  if (link ?? backend) return [];
  return namedHosts(container).flatMap((named) => {
    const { kind, host, path } = named;
    return (kind === 'redis' || kind === 'rabbitmq') && isLoopback(host) && !isOneOf(allUrls, path, named.variable) ? [{ ...named, kind }] : [];
  });
}

/** What leads to a database elsewhere. */
const PROXY = /^(cloud-?sql-proxy|gce-proxy|alloydb-auth-proxy|pgbouncer|pgcat|proxysql)$/;

/** `--port=5432`, `-instances=...=tcp:5432`. */
const listensOn = ({ words }: Container, port: number): boolean => words.some(({ text }) => new RegExp(`(?:port[= ]|tcp:)${port}\\b`).test(text));

/** Commands that ask the database of their application. */
const ASKS_DATABASE = /\bmigrate\b|check-migrations|db["',\s]+(check|upgrade|migrate|init)|alembic\s+upgrade|showmigrations|wait_for_db|pg_isready|\bpsql\b|collectstatic.*migrate/;

/** The port of its own pod at which an init container asks a server. */
function askedOfItself(container: Container): number | undefined {
  const text = container.words.map((word) => word.text).join(' ');
  // A failure is passed over.
  if (/\|\|\s*(true|:|echo|exit 0)/.test(text)) return undefined;
  // It starts a server of its own, or writes a file.
  if (/[^&>|]&(?![&>\d])|\b(pg_ctl|postgres|mysqld|redis-server|pgbouncer|cloud[-_]sql[-_]proxy)\b|\b(sed|printf|envsubst|echo|tee)\b[^;&|]*\b(localhost|127\.0\.0\.1)\b|<</.test(text)) return undefined;
  const direct = /\b(?:localhost|127\.0\.0\.1)[:\s/]+(\d{2,5})\b/.exec(text)?.[1];
  if (direct !== undefined) return Number(direct);
  if (!ASKS_DATABASE.test(text)) return undefined;
  for (const { name, value, hidden } of container.env.all()) {
    const url = parseUrl(hidden ?? value ?? '');
    if (url && isLoopback(url.host) && /sql|postgres|mysql/.test(url.scheme)) return Number(url.port ?? (url.scheme.includes('mysql') ? MYSQL_PORT : POSTGRES_PORT));
    if (!/(^|_)(DB|DATABASE|POSTGRES|PG|MYSQL|SQL)_?HOST(NAME)?$/.test(name) || !isLoopback((value ?? '').trim())) continue;
    const port = container.env.value(name.replace(/HOST(NAME)?$/, 'PORT'));
    return /^\d+$/.test(port ?? '') ? Number(port) : /MYSQL/.test(name) ? MYSQL_PORT : POSTGRES_PORT;
  }
  return undefined;
}

/** Rules about hosts that are pods: localhost, and the pods of a StatefulSet by their names. */
export const podHostRules: Rule[] = [
  {
    id: 'network/broker-on-localhost',
    severity: Severity.ERROR,
    title: 'The broker or the result backend is localhost, and nothing in the pod listens there',
    why: 'localhost is the pod itself: `Error 111 connecting to localhost:6379. Connection refused.`, `Cannot connect to amqp://guest:**@127.0.0.1:5672//`, in a loop, '
      + 'and no task runs. On one machine with Docker Compose or in development it was right.',
    fix: 'Write the name of the Service of the broker into the URL.',
    source: 'https://kubernetes.io/docs/concepts/workloads/pods/#pod-networking',
    rows: ['N72'],
    on: 'brokerClients',
    check: (client, report, world) => {
      const { container } = client;
      for (const { use, known } of loopbackUses(client)) {
        const answer = answersAtLoopback(container, portOf(use), world);
        if (answer === 'something') continue;
        const { redis, rabbitmq } = servedBy(world);
        const near = (isAmqp(use.url) ? rabbitmq : redis).get(container.workload.resource.namespace) ?? [];
        report({
          at: use.at, value: shownUrl(use), allowed: near.length > 0 ? listed(near) : 'the name of a Service', ...near.length > 0 ? { fix: `Write ${listed(near)}.` } : {},
          ...known ? answer === 'nothing' ? {} : answer : { unless: 'the application takes its broker from somewhere else' },
        });
      }
      for (const named of client.process ? namedAtLoopback(client.process) : []) {
        if (answersAtLoopback(container, named.port ?? (named.kind === 'redis' ? REDIS_PORT : AMQP_PORT), world) === 'something') continue;
        const near = servedBy(world)[named.kind].get(container.workload.resource.namespace) ?? [];
        report({
          at: container.place(named.path), value: named.shown, allowed: near.length > 0 ? listed(near) : 'the name of a Service',
          ...near.length > 0 ? { fix: `Write ${listed(near)}.` } : {}, unless: 'the application takes its broker from somewhere else',
        });
      }
    },
  },
  {
    id: 'network/pod-of-another-service',
    severity: Severity.ERROR,
    title: 'The host name of a pod of a StatefulSet has a Service that does not give its pods names',
    why: 'The pods have names below the headless Service of `serviceName` only: `Error -2 connecting to redis-0.redis:6379. Name or service not known.`, in a loop.',
    fix: 'Write the Service that serviceName of the StatefulSet names, and make it headless with clusterIP: None; or the name of a Service without the pod.',
    source: 'https://github.com/kubernetes/kubernetes/issues/74950',
    rows: ['N69'],
    on: 'brokerClients',
    check: ({ container, urls, process }, report, world) => {
      const named = process ? namedHosts(container).map(({ host, path, shown, variable }) =>
        ({ host, at: container.place(path), text: shown === variable ? shown : host })) : [];
      const given = [...urls.map((use) => ({ host: use.url.host, at: use.at, text: shownUrl(use) })), ...named];
      const seen = new Set<string>();
      for (const { host, at, text } of given) {
        const [, set, ordinal, service, namespace = container.workload.resource.namespace] = /^([a-z0-9-]+)-(\d+)\.([a-z0-9-]+)(?:\.([a-z0-9-]+)(?:\.svc(?:\.|$).*)?)?$/.exec(host) ?? [];
        const stateful = set === undefined || seen.has(host) ? undefined : world.find('StatefulSet', namespace, set);
        if (!stateful) continue;
        // `redis-0.infra`: a Service of another namespace, or a name of another DNS.
        const own = world.find('Service', namespace, service);
        if (world.find('Service', service, `${set}-${ordinal}`)) continue;
        const governing = asText(get(stateful.json, 'spec', 'serviceName'));
        const headless = (name: string) => get(world.find('Service', namespace, name)?.json, 'spec', 'clusterIP') === 'None';
        if (governing === undefined || isFilledIn(governing) || (governing === service && (!own || headless(service)))) continue;
        seen.add(host);
        report({
          at, value: text, allowed: governing === service ? `Service ${service} with clusterIP: None`
            : text.includes(host) ? host.replace(`${set}-${ordinal}.${service}`, `${set}-${ordinal}.${governing}`) : `${set}-${ordinal}.${governing}`,
          note: governing === service ? `Service ${service} is not headless` : `serviceName of StatefulSet ${set} is ${governing}`,
          ...unless(own !== undefined || host.split('.').length > 2, `the namespace ${service} has a Service ${set}-${ordinal}`),
        });
      }
    },
  },
  {
    id: 'network/init-before-sidecar',
    severity: Severity.ERROR,
    title: 'An init container needs a sidecar that starts after it',
    why: 'Init containers run one after the other, before all others: `connection to server at "127.0.0.1", port 5432 failed: Connection refused`, and the pod stays in Init:CrashLoopBackOff or '
      + 'Init:0/1.',
    fix: 'Make the proxy a native sidecar, with restartPolicy: Always, in front of the init container that needs it.',
    source: 'https://github.com/apache/airflow/issues/42158',
    rows: ['N72'],
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      // Another pod of the node may listen there.
      if (workload.spec.hostNetwork === true) return;
      const order = asList(workload.spec.initContainers).map((json) => asText(get(json, 'name')));
      for (const container of workload.initContainers) {
        const asked = askedOfItself(container);
        if (asked === undefined) continue;
        const later = workload.containers.filter((other) => other.declares(asked) || PROXY.test(other.image.name) || listensOn(other, asked));
        const [first] = later;
        if (!first || later.some((other) => other.init && order.indexOf(other.name) < order.indexOf(container.name))) continue;
        report({
          at: container.place(), value: `localhost:${asked}`, note: `${first.name} starts after it`, allowed: 'a native sidecar before it',
          ...unless(world.kind('AuthProxyWorkload').length === 0, 'an operator adds a proxy'),
        });
      }
    },
  },
  {
    id: 'network/database-on-localhost',
    severity: Severity.ERROR,
    title: 'The database is localhost, and nothing in the pod of Celery listens there',
    why: 'Tasks fail: `connection to server at "127.0.0.1", port 5432 failed: Connection refused`. The pods of the web application may have a proxy to the '
      + 'database as a container of their own, and those of Celery need one, too.',
    fix: 'Write the name of the Service of the database; or give the pod the proxy that the web application has.',
    source: 'https://docs.cloud.google.com/sql/docs/postgres/connect-kubernetes-engine',
    rows: ['N72'],
    on: 'processes',
    check: (process, report, world) => {
      if (process.role === 'flower') return;
      for (const { name, path, answer } of databasesAtLoopback(process.container, world)) {
        const condition = typeof answer === 'object' ? answer.unless : 'no task asks the database';
        report({ at: process.place(path), value: name, ...unless(answer === 'nothing' && isLoginOfDatabase(process.container, name, world), condition) });
      }
    },
  },
];
