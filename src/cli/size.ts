import { guarded, Misuse, Output, parseOptions } from './command';
import { Aim, Load, MOST_SLOTS, replicasFor, Sized, thresholds, Waiting, waiting } from '../celery/sizing';

const USAGE = `Usage: cdk8s-celery size --rate RATE --task TIME [OPTIONS]

How many worker pods a load needs, and from which numbers on autoscalers and alerts should act. A model, without a cluster: what it takes
for granted, and how it was checked, is in docs/sizing.md.

      --rate RATE          tasks that arrive, on average: 50/s, 3000/m, 10/h
      --task TIME          how long a task runs, on average: 250ms, 2s, 5m, 1h
      --variation NUMBER   the standard deviation of that, divided by it: 0 where all tasks take as long, 1 where many are short and few are
                           long (default: 1)
      --concurrency N      tasks that a pod runs at a time (default: 2)
      --wait TIME          how long 95 of 100 tasks may wait at most (default: as long as a task runs)
      --busy PERCENT       how busy the workers may be at most (default: 80)
      --peak RATE          the highest rate, for the most pods of an autoscaler (default: twice the rate)
      --replicas N         what this number of pods would give, instead of the number that is needed
      --json               the same as JSON: times in seconds, rates by the second, shares as numbers from 0 to 1
  -h, --help               this text

Exits with 0; with 1 when --replicas is given and is not enough; with 2 when the options are wrong.
`;

/** Of all tasks: what `--wait` is about. */
const SHARE = 0.95;

const TIME_UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };
const RATE_UNITS: Readonly<Record<string, number>> = { s: 1, sec: 1, m: 60, min: 60, h: 3600 };

/** `cdk8s-celery size`: returns the exit code. */
export function size(args: string[], output: Output): Promise<number> {
  return guarded('size', output, () => {
    const options = parse(args);
    if (options === 'help') {
      output.out(USAGE);
      return Promise.resolve(0);
    }
    const answer = work(options);
    output.out(options.json ? `${JSON.stringify(asJson(options, answer), null, 2)}\n` : asText(options, answer));
    return Promise.resolve(answer.enough ? 0 : 1);
  });
}

interface Options {
  readonly load: Load;
  readonly aim: Aim;
  readonly peak: number;
  readonly replicas?: number;
  readonly json: boolean;
}

interface Answer extends Sized {
  readonly mostReplicas: number;
  /** With one pod less. */
  readonly without?: Waiting;
  readonly thresholds: ReturnType<typeof thresholds>;
  readonly enough: boolean;
}

function values(args: string[]) {
  return parseOptions({
    args,
    options: {
      rate: { type: 'string' }, task: { type: 'string' }, variation: { type: 'string', default: '1' }, concurrency: { type: 'string', default: '2' },
      wait: { type: 'string' }, busy: { type: 'string', default: '80' }, peak: { type: 'string' }, replicas: { type: 'string' },
      json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false },
    },
  }, USAGE).values;
}

/** All that is wrong with the options is said at once. */
function parse(args: string[]): Options | 'help' {
  const given = values(args);
  if (given.help) return 'help';
  const problems: string[] = [];
  const read = (name: keyof typeof given, text: string | undefined, value: number | undefined, allowed: string): number => {
    if (text === undefined) problems.push(`--${name} is missing; give ${allowed}`);
    else if (value === undefined) problems.push(`--${name} ${text} is not ${allowed}`);
    return value ?? NaN;
  };
  const rate = read('rate', given.rate, rateOf(given.rate), 'a rate above 0: 50/s, 3000/m, 10/h');
  const seconds = read('task', given.task, timeOf(given.task), 'a time above 0: 250ms, 2s, 5m, 1h');
  const load = { rate, seconds, variation: read('variation', given.variation, number(given.variation, 0, 10), 'a number from 0 to 10') };
  const aim = {
    concurrency: read('concurrency', given.concurrency, whole(given.concurrency, 1000), 'a whole number from 1 to 1000'),
    wait: given.wait === undefined ? seconds : read('wait', given.wait, timeOf(given.wait), 'a time above 0: 250ms, 2s, 5m'),
    busy: read('busy', given.busy, number(given.busy?.replace(/%$/, ''), 1, 99), 'a percentage from 1 to 99') / 100,
    share: SHARE,
  };
  const peak = given.peak === undefined ? 2 * rate : read('peak', given.peak, rateOf(given.peak), 'a rate above 0: 100/s, 6000/m');
  if (peak < rate) problems.push(`--peak ${given.peak} is below --rate ${given.rate}; give the highest rate`);
  const replicas = given.replicas === undefined ? undefined
    : read('replicas', given.replicas, whole(given.replicas, MOST_SLOTS), `a whole number from 1 to ${MOST_SLOTS}`);
  if (replicas !== undefined && replicas * aim.concurrency > MOST_SLOTS) problems.push(`--replicas ${replicas} with --concurrency ${aim.concurrency} is more than ${MOST_SLOTS} tasks at a time`);
  if (peak * seconds / aim.busy > MOST_SLOTS) {
    problems.push(`${given.peak === undefined ? `twice --rate ${given.rate}` : `--peak ${given.peak}`} with --task ${given.task} needs more than ${MOST_SLOTS} tasks at a time; `
      + 'look at the units: the rate is by the second (/s), the minute (/m) or the hour (/h)');
  }
  if (problems.length > 0) throw new Misuse(problems.join('\n'), USAGE);
  return { load, aim, peak, replicas, json: given.json };
}

function number(text: string | undefined, least: number, most: number): number | undefined {
  const value = /^\d+(\.\d+)?$/.test(text ?? '') ? Number(text) : NaN;
  return value >= least && value <= most ? value : undefined;
}

function whole(text: string | undefined, most: number): number | undefined {
  return /^\d+$/.test(text ?? '') ? number(text, 1, most) : undefined;
}

function timeOf(text: string | undefined): number | undefined {
  const [, value, unit] = /^(\d+(?:\.\d+)?)(ms|s|min|m|h)$/.exec(text ?? '') ?? [];
  return Number(value) > 0 ? Number(value) * TIME_UNITS[unit] : undefined;
}

function rateOf(text: string | undefined): number | undefined {
  const [, value, unit] = /^(\d+(?:\.\d+)?)\/(sec|s|min|m|h)$/.exec(text ?? '') ?? [];
  return Number(value) > 0 ? Number(value) / RATE_UNITS[unit] : undefined;
}

function work({ load, aim, peak, replicas }: Options): Answer {
  const needed = replicas === undefined ? need(load, aim) : { replicas, waiting: waiting(load, replicas * aim.concurrency, SHARE) };
  return {
    ...needed, mostReplicas: Math.max(needed.replicas, need({ ...load, rate: peak }, aim).replicas),
    without: needed.replicas > 1 ? waiting(load, (needed.replicas - 1) * aim.concurrency, SHARE) : undefined,
    thresholds: thresholds(load, aim, needed.replicas),
    enough: needed.waiting.busy <= aim.busy * (1 + 1e-12) && needed.waiting.atMost <= aim.wait,
  };
}

function need(load: Load, aim: Aim): Sized {
  const found = replicasFor(load, aim);
  if (!found) throw new Misuse(`no number of pods up to ${MOST_SLOTS} tasks at a time is enough; give a longer --wait, or a higher --busy`, USAGE);
  return found;
}

function asJson({ load, aim, peak }: Options, { replicas, waiting: found, mostReplicas, without, thresholds: limits, enough }: Answer): object {
  const finite = (value: number) => Number.isFinite(value) ? value : null;
  return {
    rate: load.rate, task: load.seconds, variation: load.variation, concurrency: aim.concurrency, replicas, enough,
    busy: found.busy, waiting: { share: found.delayed, mean: finite(found.mean), p95: finite(found.atMost), p95AtMost: aim.wait },
    withOnePodLess: without ? { busy: without.busy, p95: finite(without.atMost) } : null,
    scaling: { minReplicas: replicas, maxReplicas: mostReplicas, tasksPerReplica: limits.tasksPerReplica, peak },
    alerts: { tasksWaiting: limits.tasksWaiting, oldestTaskSeconds: aim.wait, overloadRate: limits.overloadRate },
  };
}

function asText(options: Options, { replicas, waiting: found, mostReplicas, without, thresholds: limits, enough }: Answer): string {
  const { load, aim, peak } = options;
  const lines: Array<[string, string]> = [
    ['load', `${digits(load.rate)} tasks/s of ${time(load.seconds)}: ${digits(load.rate * load.seconds)} tasks run at a time, on average`],
    ['replicas', `${replicas}${enough ? '' : `  NOT ENOUGH: ${need(load, aim).replicas} are needed`}  (concurrency ${aim.concurrency}: ${found.slots} tasks at a time, ${percent(found.busy)} busy)`],
    ['waiting', found.busy >= 1 ? 'the queue grows without an end'
      : `95 of 100 tasks at most ${time(found.atMost)}; ${percent(found.delayed)} of the tasks wait at all, on average ${time(found.mean)}`],
    ...without ? [['one pod less', without.busy >= 1 ? 'the queue grows until the pod is back' : `${percent(without.busy)} busy; 95 of 100 tasks wait at most ${time(without.atMost)}`]] as Array<[string, string]> : [],
    ['', ''],
    ['autoscaler', `WorkerScaling.queueLength({ minReplicas: ${replicas}, maxReplicas: ${mostReplicas}, tasksPerReplica: ${limits.tasksPerReplica} })`],
    ['', `maxReplicas is for ${digits(peak)} tasks/s${peak === 2 * load.rate ? ' (twice the rate; give --peak)' : ''}`],
    ['alert', `more than ${limits.tasksWaiting} tasks in the queue, or the oldest older than ${time(aim.wait)}`],
    ['overload', `from ${digits(limits.overloadRate)} tasks/s on the queue grows without an end`],
  ];
  return `${lines.map(([name, text]) => `${name.padEnd(14)}${text}`.trimEnd()).join('\n')}\n`;
}

/** Three digits, and no more zeros than that. */
function digits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function time(seconds: number): string {
  if (seconds === 0) return '0 s';
  if (seconds < 0.0005) return 'less than 1 ms';
  if (seconds < 1) return `${digits(seconds * 1000)} ms`;
  if (seconds < 120) return `${digits(seconds)} s`;
  return seconds < 7200 ? `${digits(seconds / 60)} min` : `${digits(seconds / 3600)} h`;
}

function percent(share: number): string {
  const value = 100 * share;
  return value > 0 && value < 1 ? 'less than 1 %' : `${digits(value)} %`;
}
