import { redact } from '../celery/credentials';
import { asMap, asNumber, asText, get } from '../manifests/json';
import { printableJson } from '../rules/printable';
import { CLUSTER_OPTIONS, CLUSTER_USAGE, Cluster, readCluster } from './cluster';
import { Failure, guarded, Misuse, parseOptions } from './command';
import { readDuration } from './duration';
import { appsOf, processOf, queuesOf, readFleet, wantedPods } from './fleet';
import { appPlace, ProgramError, runInPod } from './in-pod';
import { KubectlError } from './kubectl';
import { table } from './table';

const USAGE = `Usage: cdk8s-celery smoke [-n NAMESPACE] [--app APP] [--queue QUEUE]... [--task TASK [--args JSON] [--kwargs JSON]]
                          [--timeout DURATION] [--context CONTEXT] [-o table|json]

Sends a task through the message broker to each queue that workers of an app consume, and waits for its result. It is sent from a pod of
the app, in a process of its own. A result shows that a worker of that queue receives tasks, runs them, and can write results; with a task
of your own, also that it has what your code needs.

      --queue QUEUE           only to this queue; may be repeated
      --task TASK             the task (default: celery.accumulate, which every worker has and which returns its arguments)
      --args JSON             its arguments, a list
      --kwargs JSON           its keyword arguments, an object
      --timeout DURATION      how long to wait for all results (default: 60s). A task that is not received until then is not run later.
                              The task waits behind the messages of its queue: give as long as these take
  -o, --output FORMAT         table (default) or json
${CLUSTER_USAGE}

Exits with 0 when there is a result from each queue, 1 when there is none from one, or an exception, 2 when no task could be sent, and 3
when results are missing only from queues (WAITS) whose messages became fewer in the second half of the time: workers work them off, and
have not got to the task yet.
`;

interface Result {
  readonly namespace: string;
  readonly app: string;
  readonly queue: string;
  readonly ok: boolean;
  /** Until the result came. */
  readonly seconds?: number;
  readonly error?: string;
  /** There is no result, and the messages of the queue became fewer. */
  readonly workedOff?: boolean;
}

/** The exit code where results are missing only because workers have not got to the task yet. */
const WORKED_OFF = 3;

interface Options extends Cluster {
  readonly queues: readonly string[];
  readonly task?: string;
  readonly args?: unknown;
  readonly kwargs?: unknown;
  readonly timeout: number;
}

/** `cdk8s-celery smoke`: returns the exit code. */
export function smoke(args: string[], print: (text: string) => void, complain: (text: string) => void): Promise<number> {
  return guarded('smoke', { out: print, err: complain, colour: false }, async () => {
    const { values } = parseOptions({
      args,
      options: {
        ...CLUSTER_OPTIONS,
        queue: { type: 'string', multiple: true, default: [] }, task: { type: 'string' }, args: { type: 'string' }, kwargs: { type: 'string' },
        timeout: { type: 'string', default: '60s' }, output: { type: 'string', short: 'o', default: 'table' },
      },
    }, USAGE);
    if (values.help) {
      print(USAGE);
      return 0;
    }
    if (!['table', 'json'].includes(values.output)) throw new Misuse(`--output ${values.output} is not a format; give table or json`, USAGE);
    if (values.task === undefined && (values.args ?? values.kwargs) !== undefined) throw new Misuse('--args and --kwargs are those of --task; give it too', USAGE);
    const results = await run({
      ...readCluster(values, USAGE), queues: values.queue, task: values.task, args: json('args', values.args, Array.isArray),
      kwargs: json('kwargs', values.kwargs, (value) => typeof value === 'object' && value !== null && !Array.isArray(value)),
      timeout: positive(readDuration('--timeout', values.timeout, USAGE)),
    });
    print(values.output === 'json' ? `${printableJson(results, 2)}\n` : shown(results));
    return results.every(({ ok }) => ok) ? 0 : results.every(({ ok, workedOff }) => ok || workedOff) ? WORKED_OFF : 1;
  });
}

/** Within nothing no task has a result. */
function positive(seconds: number): number {
  if (seconds === 0) throw new Misuse('--timeout 0 is no time for a result; give e.g. 60s', USAGE);
  return seconds;
}

function json(option: 'args' | 'kwargs', text: string | undefined, is: (value: unknown) => boolean): unknown {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (!is(value)) throw new Misuse(`--${option} ${text} is not ${option === 'args' ? 'a list, such as [1, 2]' : 'an object, such as {"x": 1}'} in JSON`, USAGE);
  return value;
}

async function run({ queues, task, args, kwargs, timeout, ...cluster }: Options): Promise<Result[]> {
  const apps = appsOf(await readFleet(cluster), cluster);
  const results: Result[] = [];
  for (const { namespace, app: name, pods, deployments } of apps) {
    const workers = deployments.filter((deployment) => processOf(deployment)?.role === 'worker' && wantedPods(deployment) > 0);
    const place = appPlace(pods, workers[0]);
    if (place === undefined) throw new Failure(`no pod of ${name || 'the app'} runs that could send a task; run cdk8s-celery status to see why`);
    const known = [...new Set(workers.flatMap((deployment) => queuesOf(deployment) ?? []))];
    const answer = await runInPod(place, 'smoke', {
      queues: queues.length > 0 ? queues : known,
      declared: queues.length === 0 && workers.some((deployment) => queuesOf(deployment) === undefined),
      task, args, kwargs, timeout,
    }, cluster.context, (timeout + 60) * 1000).catch((error: unknown) => {
      if (error instanceof ProgramError || error instanceof KubectlError) throw new Failure(`from pod ${place.pod} no task could be sent: ${error.message}`);
      throw error;
    });
    results.push(...Object.entries(asMap(get(answer, 'queues'))).map(([queue, result]) => ({
      namespace, app: name, queue, ok: get(result, 'ok') === true, seconds: asNumber(get(result, 'seconds')),
      error: get(result, 'ok') === true ? undefined : redact(asText(get(result, 'error')) ?? 'no answer'),
      workedOff: get(result, 'worked_off') === true ? true : undefined,
    })));
  }
  return results;
}

function shown(results: readonly Result[]): string {
  const several = new Set(results.map(({ namespace }) => namespace)).size > 1;
  return table(['APP', 'QUEUE', 'RESULT', 'AFTER', 'REASON'], results.map(({ namespace, app, queue, ok, seconds, error, workedOff }) => [
    `${several ? `${namespace}/` : ''}${app || '-'}`, queue, ok ? 'ok' : workedOff ? 'WAITS' : 'FAILED', seconds === undefined ? '-' : `${seconds}s`, error ?? '',
  ]));
}
