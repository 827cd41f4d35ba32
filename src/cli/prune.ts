import { isName } from './cluster';
import { Failure, guarded, Misuse, parseOptions } from './command';
import { readDuration } from './duration';
import { kubectl, KubectlError } from './kubectl';
import { CONTENT_HASH_LABEL } from '../manifests/content-hash';
import { asText, get } from '../manifests/json';
import { printable, printableLine } from '../rules/printable';

const USAGE = `Usage: cdk8s-celery prune [-n NAMESPACE] [--app APP] [--older-than AGE] [--context CONTEXT] [--yes]

Lists the ConfigMaps that releases have left behind, and with --yes deletes those that nothing uses.

Of the ConfigMaps that are named by their content (label ${CONTENT_HASH_LABEL}), those go that are old enough, and that no object of the
namespace names which makes or is a pod: Pod, ReplicaSet (also one with 0 replicas: kubectl rollout undo needs it), Deployment,
StatefulSet, DaemonSet, ControllerRevision, ReplicationController, PodTemplate, Job, CronJob. Custom resources are not read: of what they make,
the pods and Jobs are. Run it after a deployment, not during one.

  -n, --namespace NAMESPACE   where the ConfigMaps are (default: that of the kubectl context)
      --app APP               of this CeleryApp only (its name)
      --older-than AGE        the least time since they were created: 90s, 30m, 1h, 7d (default: 1h)
      --context CONTEXT       the kubectl context
      --yes                   delete them; without it nothing is changed
  -h, --help                  this text

Exits with 0 when they are listed or deleted, also when there are none; with 2 when the options are wrong, when not everything could be
read (then nothing is deleted), or when one could not be deleted (then no further one is).
`;

/** `cdk8s-celery prune`: returns the exit code. */
export function prune(args: string[], print: (text: string) => void, complain: (text: string) => void): Promise<number> {
  return guarded('prune', { out: print, err: complain, colour: false }, async () => {
    const options = parse(args);
    if (options.help) print(USAGE);
    else await run(options, print);
    return 0;
  });
}

interface Options {
  readonly help: boolean;
  readonly yes: boolean;
  readonly namespace?: string;
  readonly app?: string;
  readonly olderThan: Age;
  /** Arguments of kubectl that every call gets. */
  readonly context: string[];
}

interface Age {
  readonly text: string;
  readonly seconds: number;
}

function values(args: string[]) {
  // Else it counts as an option of its own.
  const age = args[args.indexOf('--older-than') + 1];
  if (args.includes('--older-than') && /^-\d/.test(age ?? '')) parseAge(age);
  return parseOptions({
    args,
    options: {
      'namespace': { type: 'string', short: 'n' },
      'app': { type: 'string' },
      'older-than': { type: 'string', default: '1h' },
      'context': { type: 'string' },
      'yes': { type: 'boolean', default: false },
      'help': { type: 'boolean', short: 'h', default: false },
    },
  }, USAGE).values;
}

function parse(args: string[]): Options {
  const given = values(args);
  // They become part of a selector and of a list of arguments.
  for (const option of ['namespace', 'app'] as const) {
    const value = given[option];
    if (value !== undefined && !isName(value)) {
      throw new Misuse(`--${option} ${value} is not a name; give lower-case letters, digits and "-"`, USAGE);
    }
  }
  return {
    help: given.help,
    yes: given.yes,
    namespace: given.namespace,
    app: given.app,
    olderThan: parseAge(given['older-than']),
    context: given.context ? ['--context', given.context] : [],
  };
}

function parseAge(text: string): Age {
  return { text, seconds: readDuration('--older-than', text, USAGE, 'an age') };
}

/** The fields of a ConfigMap that we read. */
interface ConfigMap {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** When it was created, in milliseconds; NaN when that is not known. */
  readonly created: number;
}

/** What makes pods or is one, of the kinds that every cluster has. A ControllerRevision is what a StatefulSet or a DaemonSet goes back to. */
export const WORKLOADS = [
  'deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'cronjobs.batch', 'controllerrevisions.apps', 'replicationcontrollers', 'podtemplates',
  'replicasets.apps', 'jobs.batch', 'pods',
];

const TIMEOUT = 120_000;

async function run(options: Options, print: (text: string) => void): Promise<void> {
  const now = Date.now();
  const configMaps = await readConfigMaps(options);
  if (configMaps.length === 0) {
    print(`no ConfigMaps named by their content ${options.app ? `of the app '${options.app}' ` : ''}${where(options)}\n`);
    return;
  }
  // After the ConfigMaps: whatever names one of them by now keeps it. And in their namespace: that of the context may have changed.
  const users = await readUsers({ ...options, namespace: configMaps[0].namespace }, new Set(configMaps.map(({ name }) => name)));
  const rows = configMaps.map((configMap) => {
    const age = (now - configMap.created) / 1000;
    const [user, ...others] = users.get(configMap.name) ?? [];
    const kept = user !== undefined ? `used by ${user}${others.length > 0 ? ` and ${others.length} more` : ''}`
      // An age that is not known is none, and neither is one in the future.
      : age >= options.olderThan.seconds ? undefined : `not older than ${options.olderThan.text}`;
    return { configMap, age, kept };
  });
  print(table(rows.map(({ configMap, age, kept }) => [configMap.name, showAge(age), kept ?? (options.yes ? 'unused' : 'unused: would be deleted')])));
  const unused = rows.filter(({ kept }) => kept === undefined).map(({ configMap }) => configMap);
  const all = count(rows.length, 'ConfigMap');
  if (!options.yes) {
    print(unused.length === 0 ? 'nothing to delete\n' : `${unused.length} of ${all} would be deleted; delete with --yes\n`);
    return;
  }
  let deleted = 0;
  for (const configMap of unused) {
    const failure = await remove(configMap, options).catch((error: Error) => {
      const before = `${deleted} of ${count(unused.length, 'unused ConfigMap')} ${deleted === 1 ? 'was' : 'were'} deleted before it`;
      throw new Failure(`${configMap.name} can't be deleted; ${before}:\n${error.message}`);
    });
    if (failure === undefined) deleted += 1;
    print(`${printableLine(`${configMap.name} ${failure ?? 'deleted'}`)}\n`);
  }
  print(`${deleted} of ${all} deleted\n`);
}

async function readConfigMaps(options: Options): Promise<ConfigMap[]> {
  const selector = [CONTENT_HASH_LABEL, ...(options.app ? [`app.kubernetes.io/part-of=${options.app}`] : [])].join(',');
  const found = await read(options, ['configmaps', '-l', selector]);
  if (found.length === 0 && options.namespace !== undefined) {
    // kubectl has nothing to say about a namespace that does not exist.
    await kubectl([...options.context, 'get', 'namespace', options.namespace, '-o', 'name']).catch((error: unknown) => {
      if (!(error instanceof KubectlError) || /NotFound/.test(error.message)) throw error;
    });
  }
  // Whatever the answer holds, what has not our label is not ours.
  return found.filter((item) => get(item, 'metadata', 'labels', CONTENT_HASH_LABEL) !== undefined && get(item, 'metadata', 'deletionTimestamp') === undefined)
    .map((item) => {
      const field = (name: string): string => {
        const value = asText(get(item, 'metadata', name));
        if (value === undefined) throw new Failure(`the answer of kubectl get configmaps has one without metadata.${name}`);
        return value;
      };
      const created = Date.parse(asText(get(item, 'metadata', 'creationTimestamp')) ?? '');
      return { name: field('name'), namespace: field('namespace'), uid: field('uid'), resourceVersion: field('resourceVersion'), created };
    });
}

/** The objects that name one of these, wherever in them the name is: in a volume, a variable, or a place that Kubernetes gets next year. */
async function readUsers(options: Options, names: ReadonlySet<string>): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>();
  for (const workload of await read(options, [WORKLOADS.join(',')])) {
    const found = new Set<string>();
    collect(workload, names, found);
    for (const name of found) users.set(name, [...users.get(name) ?? [], `${asText(get(workload, 'kind'))} ${asText(get(workload, 'metadata', 'name'))}`]);
  }
  return users;
}

function collect(value: unknown, names: ReadonlySet<string>, found: Set<string>): void {
  if (typeof value === 'string') {
    if (names.has(value)) found.add(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) collect(part, names, found);
  }
}

async function read(options: Options, what: string[]): Promise<unknown[]> {
  const namespace = options.namespace === undefined ? [] : ['-n', options.namespace];
  const answer = await kubectl([...options.context, 'get', ...what, ...namespace, '-o', 'json'], TIMEOUT);
  let items: unknown;
  try {
    items = get(JSON.parse(answer), 'items');
  } catch {
    // Said below.
  }
  if (!Array.isArray(items)) throw new Failure(`the answer of kubectl get ${what[0]} is not a list`);
  return items as unknown[];
}

/** Deletes exactly what was read. Returns why it stays, where somebody has changed or deleted it since. */
async function remove({ name, namespace, uid, resourceVersion }: ConfigMap, { context }: Options): Promise<string | undefined> {
  const preconditions = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid, resourceVersion } };
  try {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps/${encodeURIComponent(name)}`;
    await kubectl([...context, 'delete', '--raw', path, '-f', '-'], TIMEOUT, JSON.stringify(preconditions));
    return undefined;
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    if (/\(Conflict\)/.test(error.message)) return 'stays: it has changed meanwhile';
    if (/\(NotFound\)/.test(error.message)) return 'was already deleted';
    throw error;
  }
}

const HEADER = ['CONFIGMAP', 'AGE', 'STATE'];

function table(rows: readonly string[][]): string {
  const cells = [HEADER, ...rows.map((row) => row.map(printable))];
  const widths = HEADER.map((_title, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => `${printableLine(row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd())}\n`).join('');
}

function showAge(seconds: number): string {
  if (!(seconds >= 0)) return '?';
  const [unit, size] = seconds < 60 ? ['s', 1] : seconds < 7200 ? ['m', 60] : seconds < 172_800 ? ['h', 3600] : ['d', 86_400];
  return `${Math.floor(seconds / Number(size))}${unit}`;
}

function where({ namespace }: Options): string {
  return namespace === undefined ? 'in the namespace of the context' : `in namespace '${namespace}'`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
