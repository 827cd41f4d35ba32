import { isBase, isPython } from '../../celery/image';
import { REDIS_PORT } from '../../celery/ports';
import { PRODUCT_BROKERS } from '../../celery/product-brokers';
import { productPorts } from '../../celery/product-ports';
import { isAmqp, parseUrl } from '../../celery/url';
import { brokerUrls } from '../../manifests/broker-urls';
import { brokerUse } from '../../manifests/brokers';
import { codeFiles, seesSettings } from '../../manifests/code';
import { baseName } from '../../manifests/command/command';
import { unlessCopied } from '../../manifests/copies';
import { asList, asMap, asScalar, get, Path } from '../../manifests/json';
import { literalCredentials } from '../../manifests/literal-credentials';
import { answersAtLoopback } from '../../manifests/loopback';
import { Place } from '../../manifests/place';
import { Container } from '../../manifests/pod/container';
import { Env, Variable } from '../../manifests/pod/env';
import type { Workload } from '../../manifests/pod/workload';
import { Process } from '../../manifests/process';
import { rabbitBrokers } from '../../manifests/rabbit-server';
import { Resource } from '../../manifests/resource';
import { secretAtHand } from '../../manifests/secret-keys';
import { hasSettingsFiles } from '../../manifests/settings-files';
import { UrlUse } from '../../manifests/uses';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { listed } from '../printable';
import { Report, Reporter, Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The variables that Kubernetes makes of the Services in a namespace, by the upper-cased name. */
const serviceVariables = lazy((world: World): Map<string, Set<string>> => {
  const found = new Map<string, Set<string>>();
  for (const service of world.kind('Service')) {
    const spec = asMap(service.json.spec);
    // Headless and external Services make none.
    if (spec.clusterIP === 'None' || spec.type === 'ExternalName') continue;
    if (!found.has(service.namespace)) found.set(service.namespace, new Set());
    found.get(service.namespace)!.add(service.name.toUpperCase().replaceAll('-', '_'));
  }
  return found;
});

/** The variables with the number of a port, but for that of Flower, each with an object whose containers are given it: by namespace and image. */
const givenPorts = lazy((world: World) => {
  const found = new Map<string, Map<string, Resource>>();
  for (const { containers, resource } of world.workloads.filter(({ longRunning }) => longRunning)) {
    for (const { env, image } of containers.filter((container) => !isBase(container.image))) {
      const key = `${resource.namespace} ${image.text}`;
      const ports = [...env.all()].filter(({ name, value }) => /(?<!^FLOWER)_PORT$/.test(name) && /^\d+$/.test(value ?? ''));
      if (ports.length > 0) found.set(key, new Map([...found.get(key) ?? [], ...ports.map(({ name }) => [name, resource] as const)]));
    }
  }
  return found;
});

/** Variables that webhooks of clouds and of Datadog add to containers. */
const BY_WEBHOOKS = /^(AWS_(DEFAULT_)?REGION|AWS_ROLE_ARN|AWS_WEB_IDENTITY_TOKEN_FILE|AZURE_(CLIENT_ID|TENANT_ID|AUTHORITY_HOST|FEDERATED_TOKEN_FILE)|DD_(AGENT_HOST|ENTITY_ID|SERVICE|ENV|VERSION))$/;

/** Servers that close idle connections after some minutes. */
const DROPS_IDLE = /\.redis\.cache\.windows\.net$|\.redis\.azure\.net$|\.redisenterprise\.cache\.azure\.net$/;

/** kombu checks connections to a Redis every 25 seconds, unless it is told not to: `DEFAULT_HEALTH_CHECK_INTERVAL` in kombu/transport/redis.py. */
function checksNoBroker(worker: Process): boolean {
  return /health_check_interval\W*[:=]\s*(?:0(?![\d.])|None\b|null\b)/.test(worker.setting('broker_transport_options')?.value ?? '');
}

function keepsResultsAlive(worker: Process, { url }: UrlUse): boolean {
  const setting = 'result_backend_transport_options';
  if (worker.sets('redis_backend_health_check_interval') || worker.sets('redis_socket_keepalive')) return true;
  if (!worker.sets(setting)) return [...url.query.keys()].some((name) => /health_check_interval|socket_keepalive/.test(name));
  const value = worker.setting(setting)?.value;
  return value === undefined || /health_check_interval|socket_keepalive/.test(value);
}

/** `<password>`, `{{ password }}` and `****` in place of a password. */
const PLACEHOLDER = /^<[^<>]*>$|^\{\{.*\}\}$|^\*+$/;

/** `${NAME}` and `$NAME` of a shell. */
const SHELL_REFERENCE = /(?<!\$)\$(?:\{([A-Z_][A-Z0-9_]*)\}|([A-Z_][A-Z0-9_]*))/g;

/** Airflow expands its own variables until nothing is left to expand: those, and what they refer to. */
function expandedByAirflow(env: Env): ReadonlySet<string> {
  const found = new Set([...env.all()].map(({ name }) => name).filter((name) => name.startsWith('AIRFLOW__')));
  for (const name of found) {
    for (const [, braced, plain] of (env.get(name)?.raw ?? '').matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) found.add(braced ?? plain);
  }
  return found;
}

const LITERAL_SECRETS = new Set([
  'FLOWER_BASIC_AUTH', 'FLOWER_COOKIE_SECRET', 'FLOWER_OAUTH2_SECRET', 'REDIS_PASSWORD', 'REDIS_PASS', 'REDISCLI_AUTH', 'CELERY_BROKER_PASSWORD',
  'BROKER_PASSWORD', 'RABBITMQ_DEFAULT_PASS', 'RABBITMQ_PASSWORD',
]);

/** A key that says where a server is: `redis-url`, `db-host`; `public-url` says where the application is. */
const SERVER_KEY = new RegExp(String.raw`^(?=[a-z0-9-]*(redis|valkey|sentinel|rabbit|mq|broker|celery|queue|cache|db|database|sql|postgres|pg|mysql|maria|mongo|result|backend|kafka))`
  + String.raw`[a-z][a-z0-9]*(-[a-z0-9]+)*-(url|uri|dsn|host|broker)$`);

/** The variable that is meant by one of envFrom: with underscores for dashes, and with one behind a prefix. Undefined where nothing tells. */
function meantBy(name: string): string | undefined {
  if (SERVER_KEY.test(name)) return name.toUpperCase().replaceAll('-', '_');
  const rest = /^CELERY(BROKER_(?:READ_|WRITE_)?URL|RESULT_BACKEND)$/.exec(name)?.[1];
  return rest === undefined ? undefined : `CELERY_${rest}`;
}

/** The keys that variables of a container name, and what its command says of others. */
function readsKey({ json, words }: Container, key: string): boolean {
  const named = asList(json.env).some((entry) => ['secretKeyRef', 'configMapKeyRef'].some((source) => get(entry, 'valueFrom', source, 'key') === key));
  return named || words.some(({ text }) => text.includes(key));
}

/** What has a process of Celery or its broker, or knows where that is. */
function withBroker(world: World): ReadonlySet<Workload> {
  return new Set([
    ...world.processes.map(({ workload }) => workload),
    ...world.redisServers.filter((server) => brokerUse(server, world) !== 'no').map(({ container }) => container.workload),
    ...rabbitBrokers(world).flatMap(({ server }) => server.container?.workload ?? []),
    ...world.workloads.filter(({ containers }) => containers.some((container) => brokerUrls(container).length > 0)),
  ]);
}

/** How to fix a literal credential, with the Secret that the container reads already. */
function intoSecret(container: Container): Partial<Pick<Report, 'fix'>> {
  const secret = secretAtHand(container);
  return secret === undefined ? {} : {
    fix: `Put it into a Secret, such as ${secret}, which the container reads already, and refer to it with secretKeyRef; what Celery takes as a setting, let the code read `
      + 'from that variable.',
  };
}

/** What Celery itself reads: URLs, and its variables that are credentials. */
function ownCredentials(process: Process): Report[] {
  const urls = process.allUrls.flatMap((use): Report[] => {
    const { password, user, host } = use.url;
    const guest = user === 'guest' && password === 'guest' && isAmqp(use.url);
    if (!password || host === '' || /\$[({]|\$\w/.test(rawText(process, use)) || guest || PLACEHOLDER.test(password)) return [];
    const value = use.source === 'broker' || use.source === 'backend' ? 'the URL in the code' : use.source;
    return [{ at: use.at, value, ...intoSecret(process.container), outOfSight: true }];
  });
  const variables = [...process.container.env.all()].flatMap(({ name, source, raw, path }): Report[] =>
    LITERAL_SECRETS.has(name) && source === 'value' && raw !== '' && raw !== 'guest' && !raw?.includes('$(')
      ? [{ at: process.place(path), value: name, ...intoSecret(process.container), outOfSight: true }] : []);
  return [...urls, ...variables];
}

/** The value as written: an expanded reference to a literal is reported at the literal. */
function rawText(process: Process, use: UrlUse): string {
  return process.container.env.get(use.source)?.raw ?? use.text;
}

/** Whether a value is in the words of a container as such, rather than behind a `$(NAME)`. */
function writtenIn(container: unknown, path: Path, value: string): boolean {
  if (!path.includes('command') && !path.includes('args')) return true;
  return ['command', 'args'].some((key) => asList(get(container, key)).some((word) => asScalar(word)?.includes(value)));
}

function reportVariable(process: Process, report: Reporter, name: string, allowed: string): void {
  const variable = process.container.env.get(name);
  if (variable) report({ at: process.place(variable.path), value: `${name}=${variable.value}`, allowed });
}

/** Rules about variables. */
/** Settings of a worker by their names of before Celery 4, and the options of its command line that set the same. */
const OLDER_VARIABLES: ReadonlyMap<string, string> = new Map([
  ['CELERYD_CONCURRENCY', '--concurrency'], ['CELERYD_PREFETCH_MULTIPLIER', '--prefetch-multiplier'], ['CELERYD_MAX_TASKS_PER_CHILD', '--max-tasks-per-child'],
  ['CELERYD_MAX_MEMORY_PER_CHILD', '--max-memory-per-child'], ['CELERYD_TASK_TIME_LIMIT', '--time-limit'], ['CELERYD_TASK_SOFT_TIME_LIMIT', '--soft-time-limit'], ['CELERYD_POOL', '--pool'],
]);

export const envRules: Rule[] = [
  {
    id: 'env/flower-service-link',
    severity: Severity.ERROR,
    title: 'A Service named flower gives Flower a FLOWER_PORT that it cannot read',
    why: 'Kubernetes sets FLOWER_PORT=tcp://10.0.0.5:5555 in every pod of the namespace, and Flower reads FLOWER_* as its options: '
      + '`ValueError: invalid literal for int() with base 10: \'tcp://10.0.0.5:5555\'`, CrashLoopBackOff. --port does not help.',
    fix: 'Set enableServiceLinks: false in the pod, or give the container FLOWER_PORT: "5555", or name the Service otherwise.',
    source: 'https://github.com/mher/flower/issues/738',
    rows: ['E1'],
    on: 'flowers',
    check: ({ workload, container, command }, report, world) => {
      if (!workload.serviceLinks || !serviceVariables(world).get(workload.resource.namespace)?.has('FLOWER')) return;
      const { state } = container.env.lookup('FLOWER_PORT');
      if (!['unset', 'maybe'].includes(state) || command.vendor === 'airflow') return;
      report({
        at: { resource: workload.resource, path: workload.specPath }, value: 'enableServiceLinks: true (the default)', allowed: 'enableServiceLinks: false',
        ...unless(state === 'unset', 'what envFrom names has FLOWER_PORT'),
      });
    },
  },
  {
    id: 'env/service-link-port',
    severity: Severity.ERROR,
    title: 'A port is read from a variable that Kubernetes overwrites with tcp://ip:port',
    why: 'A Service named redis sets REDIS_PORT=tcp://10.0.0.5:6379 in every pod of the namespace. In a URL: `ValueError: Port could not be cast to '
      + 'integer value as \'tcp:\'`; elsewhere `int()` fails on it. paperless-ngx ends with `\'tcp://10.0.0.5:8000\' is not a valid port number`.',
    fix: 'Set enableServiceLinks: false, and give the container the port itself.',
    source: 'https://github.com/reanahub/reana-db/issues/68',
    rows: ['E2'],
    check: (world, report) => {
      const variables = serviceVariables(world);
      for (const process of world.processes) {
        const { container, workload } = process;
        const services = variables.get(workload.resource.namespace);
        if (!workload.serviceLinks || !services) continue;
        const bad = (name: string) => /^[A-Z0-9_]+_PORT$/.test(name) && services.has(name.slice(0, -'_PORT'.length));
        const read = [
          ...productPorts(container.image).map((name) => ({ name, note: `${container.image.name} reads ${name}, which is tcp://...`, doubt: undefined })),
          ...[...givenPorts(world).get(`${workload.resource.namespace} ${container.image.text}`) ?? []].map(([name, other]) =>
            ({ name, note: `${name} is tcp://... here, and ${other.kind} ${other.name} is given a number`, doubt: 'its code does not read it' })),
        ];
        for (const { name, note, doubt } of read) {
          const { state } = container.env.lookup(name);
          if (!bad(name) || !['unset', 'maybe'].includes(state)) continue;
          report({
            at: { resource: workload.resource, path: workload.specPath }, value: 'enableServiceLinks: true (the default)', allowed: 'enableServiceLinks: false',
            note, unless: state === 'unset' ? doubt : `what envFrom names has ${name}`,
          });
        }
        if (container.env.open) continue;
        for (const variable of container.env.all()) {
          for (const name of variable.unresolved.filter(bad)) {
            report({
              at: process.place(variable.path), value: variable.raw, note: `${name} is tcp://...`,
            });
          }
        }
        for (const word of container.words) {
          for (const match of word.text.matchAll(/\$(?:\{(\w+)\}|\((\w+)\)|(\w+))/g)) {
            const name = match[1] ?? match[2] ?? match[3];
            if (bad(name) && container.env.lookup(name).state === 'unset') {
              report({ at: process.place(word.path), value: match[0], note: `${name} is tcp://...` });
            }
          }
        }
      }
    },
  },
  {
    id: 'env/celery-reads-this',
    severity: Severity.ERROR,
    title: 'A variable with a common name is an option of Celery\'s command line, and its value makes no sense there',
    why: 'Celery takes APP, LOADER, CONFIG_MODULE and CELERY_<COMMAND>_<OPTION> as options: LOADER=prod ends in `ModuleNotFoundError: No module '
      + 'named \'prod\'`, CELERY_WORKDIR=/nonexist in `FileNotFoundError`, CELERY_BEAT_SCHEDULE={...} becomes a file name.',
    fix: 'Rename the variable; or give the option on the command line, which wins (for APP: -A).',
    source: 'https://github.com/mher/flower/issues/1029',
    rows: ['E3'],
    on: 'processes',
    check: (process, report) => {
      if (!process.plain) return;
      const given = (name: string) => process.command.global.has(name) || process.command.options.has(name);
      const value = (name: string) => process.container.env.value(name);
      const app = value('APP');
      if (app !== undefined && !given('--app') && !/^[A-Za-z_][\w.:]*$/.test(app)) reportVariable(process, report, 'APP', 'the name of a module');
      const loader = value('LOADER');
      if (loader !== undefined && !given('--loader') && !/^(default|app|django)$|[.:]/.test(loader)) reportVariable(process, report, 'LOADER', 'a loader class');
      const config = value('CONFIG_MODULE');
      if (config !== undefined && !given('--config') && !/^[A-Za-z_][\w.]*$/.test(config)) reportVariable(process, report, 'CONFIG_MODULE', 'a module');
      const schedule = value('CELERY_BEAT_SCHEDULE');
      if (schedule !== undefined && process.role === 'beat' && !given('--schedule') && /^\s*[[{]/.test(schedule)) {
        reportVariable(process, report, 'CELERY_BEAT_SCHEDULE', 'the path of the schedule file');
      }
    },
  },
  {
    id: 'env/celery-ignores-this',
    severity: Severity.WARNING,
    title: 'A variable has the name that a setting had before Celery 4, which no Celery reads from its environment',
    why: 'CELERYD_CONCURRENCY and its like were settings in a module, and are no options of the command line: the worker starts as many children as the node has CPUs, with a prefetch '
      + 'multiplier of 4 and without time limits.',
    fix: 'Give the option on the command line, or the variable that Celery reads: CELERY_WORKER_CONCURRENCY.',
    source: 'https://docs.celeryq.dev/en/stable/reference/cli.html',
    rows: ['E3'],
    on: 'workers',
    check: (worker, report) => {
      const { container, plain } = worker;
      if (!plain) return;
      const texts = [...container.words.map(({ text }) => text), ...codeFiles(container).map(({ text }) => text), ...[...container.env.all()].map(({ raw = '' }) => raw)];
      for (const [name, option] of OLDER_VARIABLES) {
        const variable = container.env.get(name);
        const read = `CELERY_WORKER_${option.slice(2).toUpperCase().replaceAll('-', '_')}`;
        if (!variable || !['unset', 'maybe'].includes(worker.option(option).state) || texts.some((text) => text.includes(name))) continue;
        report({ at: worker.place(variable.path), value: variable.value === undefined ? name : `${name}=${variable.value}`, allowed: read, unless: 'the application reads it' });
      }
    },
  },
  {
    id: 'env/shadowed-by-flag',
    severity: Severity.INFO,
    title: 'A CELERY_* variable contradicts the flag, and the flag wins',
    why: 'Whoever changes the variable sees no effect.',
    fix: 'Remove the variable or the flag.',
    source: 'https://docs.celeryq.dev/en/stable/reference/cli.html',
    rows: ['E3'],
    on: 'processes',
    check: (process, report) => {
      if (!process.plain) return;
      for (const [name, given] of process.command.options) {
        const variable = `CELERY_${process.role}_${name.slice(2)}`.toUpperCase().replaceAll('-', '_');
        const value = process.container.env.value(variable);
        if (value !== undefined && value !== given.value && !given.word.unknown) {
          report({
            at: process.place(process.container.env.get(variable)!.path), value: `${variable}=${value}`, note: `the flag is ${name} ${given.value}`,
          });
        }
      }
    },
  },
  {
    id: 'env/broker-of-the-product',
    severity: Severity.ERROR,
    title: 'A product gets no variable of its broker, and nothing is where it then looks for one',
    why: 'It tries its default: `Error 111 connecting to localhost:6379. Connection refused.`, or `Name or service not known`, in a loop; paperless-ngx does not start.',
    fix: 'Give it the variable, with the name of the Service of Redis.',
    source: 'https://docs.paperless-ngx.com/configuration/#redis',
    rows: ['E11'],
    on: 'containers',
    check: (container, report, world) => {
      const product = container.env.open ? undefined : PRODUCT_BROKERS.find(({ of }) => of(container.image));
      const words = container.words.map(({ text }) => text).join(' ');
      const { workload } = container;
      if (!product || (product.words ? !product.words.test(words) : words !== '') || !workload.longRunning) return;
      if (product.variables.some((name) => container.env.get(name) !== undefined)) return;
      if (container.mounts.some(({ mountPath }) => product.files.test(mountPath))) return;
      const local = product.host === 'localhost';
      if (local ? answersAtLoopback(container, REDIS_PORT, world) === 'something' : world.service(product.host, workload.resource.namespace)) return;
      const doubt = !local ? `a file of the image names one, or a Service ${product.host} is elsewhere`
        : workload.containers.length > 1 ? 'another container of the pod is one'
          : workload.spec.hostNetwork === true ? 'a Redis listens on every node'
            : hasSettingsFiles(container) ? 'one of its files names another' : undefined;
      report({ at: container.place(), value: `no ${product.variables[0]}`, note: `its default is ${product.host}`, unless: doubt });
    },
  },
  {
    id: 'env/key-is-no-variable',
    severity: Severity.WARNING,
    title: 'envFrom makes a variable of a name that no application reads, of a key with dashes or a prefix without an underscore',
    why: 'envFrom takes the keys as they are, and puts the prefix right in front of them: the variable is called `redis-url` or CELERYBROKER_URL, the application reads REDIS_URL or CELERY_BROKER_URL, '
      + 'finds nothing, and connects to what its code has instead, mostly localhost.',
    fix: 'Rename the keys, and write prefix: CELERY_; or take each of them with valueFrom.secretKeyRef or configMapKeyRef.',
    source: 'https://kubernetes.io/docs/tasks/configure-pod-container/configure-pod-configmap/#configure-all-key-value-pairs-in-a-configmap-as-container-environment-variables',
    rows: ['N99'],
    on: 'processes',
    check: ({ container, role }, report) => {
      if (role === 'other' || container.env.open) return;
      const lost = [...container.env.all()].flatMap(({ name, imported, path }) => {
        const meant = imported ? meantBy(name) : undefined;
        return meant === undefined || container.env.get(meant) !== undefined || readsKey(container, name) ? [] : [{ name, meant, path }];
      });
      if (lost.length === 0) return;
      report({
        at: container.place(lost[0].path), value: listed(lost.map(({ name }) => name)), allowed: listed(lost.map(({ meant }) => meant)),
        unless: 'the application reads variables of these names',
      });
    },
  },
  {
    id: 'env/unexpanded-reference',
    severity: Severity.ERROR,
    title: '$(NAME) refers to a variable that is not defined before it, so it stays as it is',
    why: 'Kubernetes expands only what comes earlier in the list: `ValueError: Port could not be cast to integer value as \'$(REDIS_PORT)\'`, or '
      + 'a host named $(REDIS_HOST).',
    fix: 'Define the variable in the same container, before the one that uses it.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/',
    rows: ['E5'],
    anyProgram: true,
    on: 'processes',
    check: (process, report) => {
      const { container, workload } = process;
      if (container.env.open) return;
      const linked = (name: string) => workload.serviceLinks && /_(HOST|PORT|PROTO|ADDR)$|_PORT_/.test(name);
      for (const variable of container.env.all()) {
        const later = variable.unresolved.filter((name) => container.env.get(name) !== undefined);
        const missing = variable.unresolved.filter((name) => !later.includes(name) && !linked(name) && /^[A-Z_][A-Z0-9_]*$/.test(name));
        const notes = [
          ...missing.length > 0 ? [`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not defined`] : [],
          ...later.length > 0 ? [`${later.join(', ')} ${later.length === 1 ? 'is' : 'are'} defined after it`] : [],
        ];
        if (notes.length > 0) report({ at: process.place(variable.path), value: `${variable.name}=${variable.raw}`, note: notes.join(', ') });
      }
      // In the argument vector of Celery itself; a shell would take it for a command.
      if (process.links.some(({ kind }) => kind === 'shell')) return;
      for (const word of container.words) {
        for (const name of word.unresolved ?? []) {
          if (linked(name)) continue;
          report({
            at: process.place(word.path), value: word.text, note: `${name} is not defined`, ...unless(!BY_WEBHOOKS.test(name), 'a webhook of the cluster defines it'),
          });
        }
      }
    },
  },
  {
    id: 'env/reference-in-configmap',
    severity: Severity.ERROR,
    title: '$(NAME) in the data of a ConfigMap is never expanded',
    why: 'The process gets the text itself: `ValueError: Port could not be cast to integer value as \'$(REDIS_PORT)\'`.',
    fix: 'Assemble the value in env of the container, where $(NAME) works.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/',
    rows: ['E5'],
    anyProgram: true,
    on: 'processes',
    check: (process, report) => {
      for (const variable of process.container.env.all()) {
        if (variable.source !== 'configMap' || !/(^|_)(URL|URI|BACKEND|BROKER|HOST|PORT)(_|$)/.test(variable.name)) continue;
        const reference = /\$\([A-Z_][A-Z0-9_]*\)/.exec(variable.raw ?? '');
        if (reference) report({ at: process.place(variable.path), value: `${variable.name}=${variable.raw}` });
      }
    },
  },
  {
    id: 'env/shell-reference',
    severity: Severity.WARNING,
    title: '${NAME} is given where no shell expands it',
    why: 'Docker Compose and shells expand it, and Kubernetes only $(NAME): the password is the text `${REDIS_PASSWORD}`, a PATH that ends in `$PATH` has no `celery`, and '
      + '`-c $CONCURRENCY` ends in `Error: Invalid value for \'-c\'`.',
    fix: 'Write $(NAME), which is a variable of the container that comes before; what the image has set, write out.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/',
    rows: ['E5'],
    anyProgram: true,
    on: 'processes',
    check: (process, report) => {
      const { container, links } = process;
      const { env, image, words } = container;
      // Something fills in the whole file, or a script does.
      if (image.text.includes('${') || words.some((word) => /\beval\b|\benvsubst\b/.test(word.text))) return;
      const text = (variable: Variable | undefined): string => variable?.raw ?? variable?.hidden ?? '';
      // A variable that is nothing but a reference is one that a template gets.
      const named = (written: string): string[] => [...written.matchAll(SHELL_REFERENCE)].map(([, braced, plain]) => braced ?? plain)
        .filter((name) => env.get(name) !== undefined && !text(env.get(name)).includes('${'));
      const byAirflow = expandedByAirflow(env);
      for (const variable of env.all()) {
        // A script gives `..._CMD` to a shell.
        const written = /_CMD$/.test(variable.name) ? '' : text(variable);
        const references = [...written.matchAll(SHELL_REFERENCE)];
        if (references.length === 0 || written.replace(SHELL_REFERENCE, '') === '') continue;
        const itself = references.some(([, braced, plain]) => (braced ?? plain) === variable.name);
        if (byAirflow.has(variable.name) && !itself) continue;
        const [name] = itself ? [variable.name] : named(written);
        if (name === undefined) continue;
        report({
          at: process.place(variable.path), value: variable.source === 'secret' ? variable.name : `${variable.name}=${variable.raw}`,
          allowed: itself ? 'what the image has set, written out' : `$(${name})`, unless: 'something fills it in before it is applied, or the application does',
        });
      }
      // A script may be a shell that expands them.
      if (links.some(({ kind }) => kind === 'shell') || !/^(celery|python[\d.]*)$/.test(baseName(words[0]?.text ?? ''))) return;
      for (const word of words) {
        const plain = process.plain && container.ownsEntrypoint ? /^(?:--[a-z-]+=)?\$([A-Z][A-Z0-9_]*)$/.exec(word.text)?.[1] : undefined;
        const [name = plain] = named(word.text);
        if (name === undefined) continue;
        report({
          at: process.place(word.path), value: word.text, allowed: `$(${name})`,
          unless: 'something fills it in before it is applied, or the image has a shell as its entrypoint',
        });
      }
    },
  },
  {
    id: 'env/newline-from-secret',
    severity: Severity.WARNING,
    title: 'A value from a Secret ends in a newline',
    why: '`echo redis | base64` encodes the newline as well: the host is `redis\\n`, `Name or service not known`, and a password is another one than on the server.',
    fix: 'Encode without it, `echo -n redis | base64` or `printf redis | base64`; or write the value under stringData.',
    source: 'https://kubernetes.io/docs/tasks/configmap-secret/managing-secret-using-config-file/',
    rows: ['E7'],
    on: 'processes',
    check: ({ container }, report) => {
      for (const { name, hidden, path } of container.env.all()) {
        // A key or a certificate has several lines.
        if (hidden !== undefined && /^[^\n]+\r?\n$/.test(hidden)) report({ at: container.place(path), value: name, unless: 'the application removes it' });
      }
    },
  },
  {
    id: 'env/buffered-output',
    severity: Severity.ADVICE,
    title: 'Python buffers what tasks print, because PYTHONUNBUFFERED is not set',
    why: 'Output of print() comes late, and is lost when the pod is killed.',
    fix: 'Set PYTHONUNBUFFERED: "1".',
    source: 'https://docs.python.org/3/using/cmdline.html#envvar-PYTHONUNBUFFERED',
    rows: ['E12'],
    on: 'workers',
    check: (worker, report) => {
      // Other images may set it themselves.
      if (isPython(worker.container.image) && worker.variable('PYTHONUNBUFFERED').state === 'unset') report({ at: worker.place() });
    },
  },
  {
    id: 'env/literal-password',
    severity: Severity.WARNING,
    title: 'A password or another credential is written in the manifest',
    why: 'Whoever can read the Deployment, `kubectl describe` or the repository of the manifests has it; an argument is in `ps`, too.',
    fix: 'Put it into a Secret and refer to it with secretKeyRef; what Celery takes as a setting, let the code read from that variable.',
    source: 'https://kubernetes.io/docs/concepts/configuration/secret/',
    rows: ['E13'],
    check: (world, given) => {
      const places = new Set<string>();
      const key = ({ resource, container, path }: Place): string => JSON.stringify([resource.index, resource.prefix, container, path]);
      const report: Reporter = (one) => {
        places.add(key(one.at));
        given(one);
      };
      const ownOf = unlessCopied((workload) => world.in(workload).flatMap(ownCredentials), world);
      for (const workload of world.workloads) ownOf(workload).forEach(report);
      // Everywhere else in the workloads of Celery, of those that send to it or watch it, and of its broker.
      const credentialsOf = unlessCopied(literalCredentials, world);
      for (const workload of withBroker(world)) {
        for (const { at, name, password } of credentialsOf(workload)) {
          if (!places.has(key(at))) report({ at, value: name, outOfSight: password });
        }
      }
      for (const scaler of world.kind('ScaledObject')) {
        for (const [i, trigger] of asList(get(scaler.json, 'spec', 'triggers')).entries()) {
          for (const [name, value] of Object.entries(asMap(get(trigger, 'metadata')))) {
            const url = parseUrl(asScalar(value) ?? '');
            if (url?.password && !url.password.startsWith('$') && !(url.user === 'guest' && url.password === 'guest')) {
              report({ at: { resource: scaler, path: ['spec', 'triggers', i, 'metadata', name] }, value: name, outOfSight: true });
            }
          }
        }
      }
      for (const server of world.redisServers) {
        const password = server.directive('requirepass');
        const value = password?.values[0] ?? '';
        // What the cluster puts in is no literal, and a configuration file shows what it has.
        if (password && value !== '' && !value.includes('$') && writtenIn(server.container.json, password.path, value)) {
          report({ at: { resource: password.resource, path: password.path, container: server.container.name }, value: 'requirepass', outOfSight: true });
        }
      }
    },
  },
  {
    id: 'env/idle-connections-dropped',
    severity: Severity.WARNING,
    title: 'The server closes idle connections, and no setting detects it',
    why: 'After 10 minutes without a task Azure Cache for Redis drops the connection: the worker stays silent, and the first task after hours fails with '
      + '`Connection closed by server.`.',
    fix: 'Set redis_backend_health_check_interval for results; for the broker leave health_check_interval of broker_transport_options at the 25 seconds of kombu.',
    source: 'https://learn.microsoft.com/azure/azure-cache-for-redis/cache-best-practices-connection#idle-timeout',
    rows: ['N13'],
    on: 'workers',
    check: (worker, report) => {
      const { broker, backend, container } = worker;
      const missing = [
        ...broker && DROPS_IDLE.test(broker.url.host) && checksNoBroker(worker) ? [{ use: broker, name: 'broker_transport_options' }] : [],
        ...backend && DROPS_IDLE.test(backend.url.host) && !keepsResultsAlive(worker, backend) ? [{ use: backend, name: 'redis_backend_health_check_interval' }] : [],
      ];
      if (!seesSettings(container)) return;
      for (const { use, name } of missing) report({ at: use.at, value: use.url.host, allowed: `${name} with a health check` });
    },
  },
];
