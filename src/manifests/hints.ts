import { BUSY_PROGRAM } from '../celery/agent-names';
import { Image } from '../celery/image';
import { FLOWER_PORT } from '../celery/ports';
import { readCelery } from './command/celery-command';
import { baseName, Invocation, Word } from './command/command';
import { remembered } from '../memo';
import { asList, asScalar } from './json';
import { LABELS } from './labels';
import { Container } from './pod/container';
import { celeryIn, probesOf } from './probes';

/** The roles that names tell. */
export type NamedRole = 'worker' | 'beat' | 'flower';

/** What a container most likely runs, though its program is out of sight. */
export interface Hint {
  readonly role: NamedRole;
  /** What tells so, as the end of "is taken for a worker by ...". */
  readonly reason: string;
  /** The name says Celery as well as the role. */
  readonly sure: boolean;
  /** The command that would start it; undefined where the entrypoint of the image does. */
  readonly invocation?: Invocation;
}

/** Programs that are not Celery, and do not start it. */
const OTHER_PROGRAMS = new RegExp(`^(${[
  'airflow', 'gunicorn', 'uvicorn', 'daphne', 'hypercorn', 'granian', 'waitress-serve', 'uwsgi', 'flask', 'fastapi', 'streamlit', 'jupyter', 'alembic', 'rq', 'dramatiq',
  'huey_consumer(\\.py)?', 'arq', 'taskiq', 'procrastinate', 'temporal', 'dagster', 'prefect', 'sidekiq', 'bundle', 'rails', 'puma', 'php', 'php-fpm', 'nginx',
  'httpd', 'apache2ctl', 'apache2', 'caddy', 'traefik', 'haproxy', 'envoy', 'node', 'npm', 'npx', 'yarn', 'pnpm', 'bun', 'deno', 'java', 'dotnet', 'go', 'ruby', 'perl',
  '(redis|valkey|keydb)-(server|cli|sentinel|benchmark)', 'dragonfly', 'rabbitmq-.*', 'rabbitmqctl', 'postgres', 'pg_.*', 'psql', 'pgbouncer', 'mysqld', 'mysql',
  'mongod', 'memcached', 'minio', 'etcd', 'kubectl', 'helm', 'aws', 'gsutil', 'rclone', 'rsync', 'git', 'curl', 'wget', 'nc', 'netcat', 'sleep', 'tail', 'cat', 'ls',
  'cloud_sql_proxy', 'cloud-sql-proxy', 'oauth2-proxy', 'pgadmin4', 'filebeat', 'metricbeat', 'fluentd', 'fluent-bit', 'statsd_exporter', '.*[-_]exporter', 'exporter',
].join('|')})$`);

/** Commands of a script that only prepare what follows them. */
const PREPARATIONS = new Set([
  'cd', 'echo', 'printf', 'touch', 'mkdir', 'chmod', 'chown', 'export', 'set', 'source', '.', 'cp', 'mv', 'rm', 'ln', 'cat', 'pip', 'pip3', 'apt-get', 'apk', 'sleep',
  'until', 'while', 'true', 'test', '[', 'ls', 'env', 'umask', 'ulimit', 'date', 'whoami', 'id', 'nc', 'wget', 'curl', 'sed', 'awk', 'grep', 'wait-for-it',
]);

/** `manage.py` starts what its first argument says. */
const OTHER_DJANGO = /^(runserver|migrate|collectstatic|makemigrations|shell|createsuperuser|check|test|loaddata|rqworker|qcluster|runworker|db_worker)/;

/** Images whose name says that they run something else. */
const OTHER_IMAGES = new RegExp(`(^|[-_/])(${[
  'redis', 'valkey', 'keydb', 'dragonfly', 'rabbitmq', 'postgres(ql)?', 'postgis', 'timescaledb', 'pgbouncer', 'pgadmin\\d*', 'mysql', 'mariadb', 'mongo(db)?', 'memcached',
  'elasticsearch', 'opensearch', 'kibana', 'logstash', 'filebeat', 'metricbeat', 'heartbeat', 'solr', 'clickhouse', 'kafka', 'zookeeper', 'nats', 'etcd', 'consul',
  'vault', 'minio', 'nginx', 'httpd', 'apache', 'haproxy', 'traefik', 'caddy', 'envoy', 'varnish', 'prometheus', 'grafana', 'loki', 'promtail', 'alertmanager', 'jaeger',
  'otel', 'opentelemetry-collector', 'fluentd', 'fluent-bit', 'statsd', 'busybox', 'pause', 'mailhog', 'mailpit', 'kong', 'keycloak', 'oauth2-proxy', 'cloud-?sql-?proxy',
  'gce-proxy', 'exporter', 'adminer', 'dind', 'docker', 'git-sync', 'node', 'neo4j', 'cassandra', 'influxdb', 'qdrant', 'weaviate', 'milvus', 'chroma', 'localstack',
  'redisinsight', 'redis-commander', 'metabase', 'sftp', 'samba', 'nfs', 'coredns', 'linkerd', 'istio', 'datadog', 'newrelic',
].join('|')})([-_/]|\\d*$)`, 'i');

/** Words of a name which say that it is no process of Celery, whatever else it says. */
const NOT_CELERY = new Set([
  'exporter', 'metrics', 'prometheus', 'proxy', 'migrate', 'migration', 'migrations', 'test', 'tests', 'groomer', 'cleaner', 'cleanup', 'logs', 'kerberos',
]);
/** Languages that no Celery is written in: `shop-go-worker`. */
const OTHER_LANGUAGES = new Set(['go', 'golang', 'java', 'nodejs', 'dotnet']);
/** Words of the name of what answers requests. */
const SERVES = new Set(['api', 'web', 'http', 'server', 'frontend', 'backend', 'gunicorn', 'uvicorn', 'asgi', 'wsgi', 'dashboard', 'ui']);

/** The parts of a name, in lower case: `celeryBeat-worker_2` is celery, beat, worker, 2. */
const tokens = remembered((name: string): readonly string[] =>
  baseName(name).replace(/\.(sh|bash|py|conf)$/, '').replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase()
    .replace(/celery(?=[a-z])/g, 'celery-').split(/[^a-z0-9]+/).filter(Boolean));

const ROLE_WORDS: Readonly<Record<string, NamedRole>> = { worker: 'worker', workers: 'worker', beat: 'beat', beats: 'beat', flower: 'flower' };

/** The roles that a name says. */
function rolesIn(name: string): ReadonlySet<NamedRole> {
  const words = tokens(name);
  const celery = words.includes('celery');
  return new Set(words.flatMap((word) => ROLE_WORDS[word] ?? (celery && word === 'scheduler' ? 'beat' : celery && word === 'd' ? 'worker' : [])));
}

function saysCelery(name: string): boolean {
  return tokens(name).includes('celery');
}

const ROLE_LABELS = [LABELS.component, 'component', 'role', 'tier', LABELS.name, 'app', 'name', 'service', 'io.kompose.service', 'process'];

interface Source {
  readonly what: string;
  readonly text: string;
}

/** Variables by which one image is told what to start: `APP_MODE=celery-beat`. */
const ROLE_VARIABLE = /^(?:.*_)?(?:MODE|ROLE|DEPLOYMENT|COMPONENT|PROCESS(?:_TYPE)?|(?:DEPLOYMENT|CONTAINER|SERVICE|APP)_TYPE)$/;

/** What they say; only `celery` is its worker. */
function rolesOfVariables(container: Container): Source[] {
  const said = [...container.env.all()].flatMap(({ name, value = '' }) => !ROLE_VARIABLE.test(name) || !/^[A-Za-z][\w-]{0,40}$/.test(value) ? []
    : [{ what: `the variable ${name}`, text: /^celery$/i.test(value) ? 'celery-worker' : value }]);
  return [...said, ...switchedOn(container)];
}

/** Switches that choose what an image starts: `ENABLE_CELERY_BEAT=yes`, next to `ENABLE_NGINX=no`. */
const SWITCH = /^(?:ENABLE|RUN|START)_(\w+)$/;
const STARTS_A_SERVER = /^(?:UWSGI|NGINX|GUNICORN|UVICORN|WEB|API|SERVER)(?:_|$)/;

/** The one role that they switch on; none where a server is started, too. */
function switchedOn({ env }: Container): Source[] {
  const on = [...env.all()].flatMap(({ name, value = '' }) => {
    const [, what] = SWITCH.exec(name) ?? [];
    return what !== undefined && /^(?:1|true|yes|on)$/i.test(value) ? [{ name, what }] : [];
  });
  const celery = on.flatMap(({ name, what }) => {
    const [, process] = /^CELERY_(\w+)$/.exec(what) ?? [];
    return process === undefined ? [] : [{ what: `the variable ${name}`, text: /BEAT/.test(process) ? 'celery-beat' : /FLOWER/.test(process) ? 'celery-flower' : 'celery-worker' }];
  });
  return on.some(({ what }) => STARTS_A_SERVER.test(what)) || new Set(celery.map(({ text }) => text)).size !== 1 ? [] : celery.slice(0, 1);
}

/** The files that only Beat is given, which a script passes on to it: `--pidfile=/run/celerybeat.pid`. */
function filesOfBeat(arguments_: readonly Word[]): Source[] {
  return arguments_.flatMap(({ text }) => /^(?:--(?:pidfile|schedule)=)?[\w./-]{0,200}\b(celery-?beat(?:-schedule|\.pid))$/.exec(text)?.[1] ?? [])
    .map((file) => ({ what: `the name of ${file}`, text: 'celery-beat' }));
}

/** Everything that may name the role of a container, what tells most first. */
function sources(container: Container, arguments_: readonly Word[], script: Word | undefined): Source[] {
  const { workload, name, image } = container;
  const alone = workload.containers.filter((other) => !isOther(other)).length === 1;
  return [
    ...filesOfBeat(arguments_),
    ...arguments_.filter(({ text }) => /^[\w.-]{1,60}$/.test(text) && !text.startsWith('-')).map(({ text }) => ({ what: `the argument '${text}'`, text })),
    // A Python file is a module of the application: its name says what it is about, not what it runs.
    ...script && !script.text.endsWith('.py') ? [{ what: `the name of ${baseName(script.text)}`, text: script.text }] : [],
    ...rolesOfVariables(container),
    { what: 'the name of the container', text: name },
    ...alone ? [
      { what: `the name of the ${workload.resource.kind}`, text: workload.resource.name },
      ...ROLE_LABELS.flatMap((label) => {
        const text = asScalar(workload.labels[label]);
        return text === undefined ? [] : [{ what: `the label ${label}`, text }];
      }),
    ] : [],
    { what: 'the name of the image', text: image.name },
  ];
}

/** What of its environment only processes of Celery are given, or whoever sends tasks to them. */
function hasCeleryVariables(container: Container): boolean {
  return [...container.env.all()].some(({ name }) => /^(CELERY|FLOWER|C_FORCE_ROOT)(_|$)/.test(name) || /(^|_)CELERY_/.test(name));
}

/** The last command that a container runs: what keeps it running. */
function lastCommand(container: Container): Invocation | undefined {
  return [...container.invocations].reverse().find(({ words }) => words[0] !== undefined && !PREPARATIONS.has(baseName(words[0].text)));
}

/** The words after a shell or an interpreter and its options: the script first. */
function scriptAndArguments(words: readonly Word[]): readonly Word[] {
  const start = /^(sh|bash|ash|dash|zsh|python[\d.]*)$/.test(baseName(words[0]?.text ?? '')) ? 1 : 0;
  const at = words.findIndex(({ text }, i) => i >= start && (!text.startsWith('-') || text === '-m'));
  return words.slice(words[at]?.text === '-m' ? at + 1 : at < 0 ? words.length : at);
}

/** Its name says that it runs something else. */
export function isOtherImage(image: Image): boolean {
  return OTHER_IMAGES.test(image.name) && !/celery|flower/i.test(image.repository);
}

const OTHER_COMMANDS = new Set(['amqp', 'call', 'events', 'graph', 'help', 'list', 'logtool', 'migrate', 'purge', 'report', 'result', 'shell', 'upgrade']);

/** What a script of the image makes of the word `celery` is out of sight. */
function afterScript({ links }: Invocation): boolean {
  const last = links.at(-1);
  return last?.kind === 'wrapper' && last.name === 'unknown';
}

/** Runs some command of Celery in plain sight; `entrypoint.sh celery jobs` is none. */
export function callsCelery({ invocations }: Container): boolean {
  return invocations.some((invocation) => {
    const command = readCelery(invocation);
    if (!command || command.role !== 'other') return command !== undefined;
    return command.subcommand === undefined ? !afterScript(invocation) : OTHER_COMMANDS.has(command.subcommand.text);
  });
}

/** What it runs is in sight, or known of its image, and it is not Celery. */
export function isOther(container: Container): boolean {
  if (callsCelery(container)) return false;
  const last = lastCommand(container);
  if (!last) return isOtherImage(container.image) || (container.words.length > 0 && container.invocations.length > 0);
  const [script, first] = scriptAndArguments(last.words);
  const program = baseName(script?.text ?? '');
  if (OTHER_PROGRAMS.test(program) || script?.text === BUSY_PROGRAM) return true;
  if (program === 'manage.py' || program === 'django-admin' || program === 'manage') return first !== undefined && OTHER_DJANGO.test(first.text);
  return isOtherImage(container.image);
}

/** A command of Celery that ends, such as `celery purge`; or what only measures something else. */
export function isRuledOut(container: Container): boolean {
  return callsCelery(container)
    || [container.name, container.image.name].some((name) => tokens(name).some((word) => NOT_CELERY.has(word)));
}

/** A name, a variable or a probe says Celery. */
export function saysSo(container: Container): boolean {
  const { workload, words, image } = container;
  const script = words.find(({ text }) => !/^(-.*|(?:.*\/)?(sh|bash|ash|dash))$/.test(text))?.text ?? '';
  const alone = workload.containers.length === 1;
  return saysCelery(container.name) || saysCelery(script) || saysCelery(image.name) || (alone && saysCelery(workload.resource.name))
    || probesOf(container).some(({ invocations, raw }) => celeryIn(invocations).length > 0 || raw.some((text) => /\b(import|from) celery\b/.test(text)));
}

/** What a role is told by; all others are most of an input. */
const SAYS_SOMETHING = /celery|worker|beat|flower/i;

function everythingSaid({ name, image, words, workload }: Container): string {
  return `${name} ${image.name} ${workload.resource.name} ${words.map(({ text }) => text).join(' ')} ${ROLE_LABELS.map((label) => asScalar(workload.labels[label]) ?? '').join(' ')}`;
}

/** How many names say a role, and no other. */
function agreeing(all: ReadonlyArray<{ readonly text: string }>, role: string): number {
  return all.filter(({ text }) => [...rolesIn(text)].join() === role).length;
}

/**
 * The role of a container whose program is out of sight, by its names, labels, image, variables, port and arguments.
 *
 * `inCompany`: there is other Celery of the same image in the input.
 */
export function hintOf(container: Container, inCompany: boolean): Hint | undefined {
  if (!SAYS_SOMETHING.test(everythingSaid(container)) && !container.declares(FLOWER_PORT)) return undefined;
  if (isOther(container)) return undefined;
  const invocation = lastCommand(container);
  const words = scriptAndArguments(invocation?.words ?? container.words);
  // Without a command of its own all words go to the entrypoint of the image.
  const script = container.ownsEntrypoint ? words[0] : undefined;
  const arguments_ = container.ownsEntrypoint ? words.slice(1) : words;
  const all = sources(container, arguments_, script);
  if ([container.name, container.image.name, script?.text ?? ''].some((name) => tokens(name).some((word) => NOT_CELERY.has(word)))) return undefined;
  if (rolesOfVariables(container).some(({ text }) => SERVES.has(text.toLowerCase()))) return undefined;
  const celery = saysSo(container) || all.some(({ text }) => saysCelery(text));
  if (!celery && [container.name, container.image.name].some((name) => tokens(name).some((word) => OTHER_LANGUAGES.has(word)))) return undefined;
  const variables = hasCeleryVariables(container);
  for (const { what, text } of all) {
    const [role, another] = rolesIn(text);
    if (role === undefined) continue;
    if (another !== undefined) return undefined;
    const sure = celery || saysCelery(text) || variables || inCompany || (role === 'beat') || (role === 'flower' && container.declares(FLOWER_PORT));
    // Nothing else in the company of Celery is called beat, nor with its variables and by several names.
    const isBeat = role === 'beat' && (celery || inCompany || (variables && agreeing(all, 'beat') > 1));
    return sure ? { role, reason: what, sure: isBeat || saysCelery(text), invocation } : undefined;
  }
  if (container.declares(FLOWER_PORT) && [...container.env.all()].some(({ name }) => /^FLOWER_(?!PORT|SERVICE)/.test(name))) {
    return { role: 'flower', reason: 'its port 5555 and its variables', sure: false, invocation };
  }
  // Nothing says which: most are workers, unless something is served.
  const named = all.find(({ text }) => saysCelery(text));
  const own = [container.name, container.workload.resource.name, script?.text ?? ''];
  const serves = own.some((name) => tokens(name).some((word) => SERVES.has(word)))
    && (asList(container.json.ports).length > 0 || !saysCelery(container.workload.resource.name));
  if (!named || serves) return undefined;
  return { role: 'worker', reason: named.what, sure: false, invocation };
}
