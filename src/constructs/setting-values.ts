import { isExchangeType, QUEUE_OPTIONS } from '../celery/queue-options';
import { rateInterval } from '../celery/rate-limit';
import { isKind, Kind, outOfRange, rangeText } from '../celery/settings';
import { nearest } from '../nearest';
import { isPlainObject } from './validation/plain-object';
import { NOT_SHOWN, Problem } from './validation/problems';

/** What a setting takes, in words. */
export const KIND_WORDS: Record<Kind, string> = {
  bool: 'true or false', int: 'a whole number', float: 'a number', string: 'a string', list: 'a list', strings: 'a list of strings', dict: 'an object', null: 'null',
};

const NO_EXCHANGE_TYPE = { wrong: 'is not a type of an exchange, and each worker ends when it declares one', fix: 'give direct, topic, fanout or headers' };

/** Values that are of the type and that Celery, kombu or a message broker does not take. */
export function valueProblems(name: string, value: unknown): Problem[] {
  const prop = `settings.${name}`;
  const range = typeof value === 'number' ? outOfRange(name, value) : undefined;
  if (range) return [{ prop, value, wrong: 'is out of the range of this setting', fix: `give ${rangeText(range)}` }];
  if (/^task_default_(queue|exchange|routing_key)$/.test(name) && typeof value === 'string' && (value === '' || /[\p{Cc}\p{Cs}]/u.test(value))) {
    return [{ prop, value, wrong: value === '' ? 'is empty' : 'has a character that no name of a queue has', fix: 'give a name without control characters' }];
  }
  if (name === 'task_queues' && isPlainObject(value)) return Object.entries(value).flatMap(([queue, options]) => queueProblems(`${prop}['${queue}']`, options));
  if (name === 'beat_schedule' && isPlainObject(value)) return Object.entries(value).flatMap(([entry, options]) => entryProblems(`${prop}['${entry}']`, options));
  if (name === 'task_default_rate_limit') return rateProblems(prop, value);
  if (name === 'task_annotations') return annotationProblems(prop, value);
  if (name === 'accept_content' && Array.isArray(value) && value.length === 0) {
    return [{ prop, value, wrong: 'accepts no message: each task is refused, and lost', fix: "give e.g. ['json'], or leave it out" }];
  }
  if (/_exchange_type$/.test(name) && typeof value === 'string' && !isExchangeType(value)) return [{ prop, value, ...NO_EXCHANGE_TYPE }];
  const timeout = isPlainObject(value) && name === 'broker_transport_options' ? value.visibility_timeout : undefined;
  return timeout === undefined || (typeof timeout === 'number' && timeout > 0) ? [] : [{
    prop: `${prop}.visibility_timeout`, value: timeout, wrong: 'is not a number of seconds', fix: 'give e.g. 3600, or TaskDelivery.atLeastOnce({ visibilityTimeout })',
  }];
}

/** The options of a queue, as kombu reads them; a worker that cannot ends when it starts. */
function queueProblems(prop: string, options: unknown): Problem[] {
  if (!isPlainObject(options)) {
    return [{ prop, value: options, wrong: 'is not the options of a queue, and Celery would fail on it', fix: "give an object, e.g. {} or { routing_key: 'mail.#' }" }];
  }
  return Object.entries(options).flatMap(([option, value]): Problem[] => {
    const path = `${prop}.${option}`;
    const kinds = Object.hasOwn(QUEUE_OPTIONS, option) ? QUEUE_OPTIONS[option] : undefined;
    if (kinds === undefined) {
      const meant = nearest(option, Object.keys(QUEUE_OPTIONS));
      return [{
        prop: path, value: NOT_SHOWN, wrong: 'is not an option of a queue that JSON has',
        fix: meant === undefined ? `leave it out; allowed: ${Object.keys(QUEUE_OPTIONS).sort().join(', ')}` : `did you mean ${meant}?`,
      }];
    }
    if (!isKind(value, kinds)) {
      const flat = option === 'exchange' && isPlainObject(value) ? ', and its type as exchange_type' : '';
      return [{ prop: path, value, wrong: 'is not of the type that kombu takes here', fix: `give ${kinds.map((kind) => KIND_WORDS[kind]).join(' or ')}${flat}` }];
    }
    return option === 'exchange_type' && !isExchangeType(value as string) ? [{ prop: path, value, ...NO_EXCHANGE_TYPE }] : [];
  });
}

/** A periodic task; Beat ends when it starts if it cannot read one. */
function entryProblems(prop: string, entry: unknown): Problem[] {
  if (!isPlainObject(entry)) return [{ prop, value: entry, wrong: 'is not a periodic task', fix: "give an object, e.g. { task: 'tasks.add', schedule: 60 }" }];
  const { task, schedule } = entry;
  const inSeconds = 'give its seconds, e.g. 60 or Duration.minutes(1); a crontab belongs in the code: app.conf.beat_schedule';
  return [
    ...(typeof task === 'string' && task !== '' ? [] : [{ prop: `${prop}.task`, value: task, wrong: 'is not the name of a task', fix: "give e.g. 'tasks.add'" }]),
    ...(typeof schedule === 'number' && schedule >= 0 ? [] : [{
      prop: `${prop}.schedule`, value: schedule, wrong: schedule === undefined ? 'is missing' : 'is not a number of seconds, and Beat ends when it reads it', fix: inSeconds,
    }]),
  ];
}

/** A rate limit that is no number of tasks in a time; a worker ends when it reads it. */
function rateProblems(prop: string, value: unknown): Problem[] {
  return typeof value !== 'string' || value === '' || rateInterval(value) !== undefined ? [] : [{
    prop, value, wrong: 'is not a rate limit, and each worker ends when it reads it', fix: "give a number of tasks a second, or e.g. '10/m' for ten a minute: s, m or h",
  }];
}

function annotationProblems(prop: string, value: unknown): Problem[] {
  if (Array.isArray(value)) return value.flatMap((one, i) => isPlainObject(one) ? annotationProblems(`${prop}[${i}]`, one) : []);
  return !isPlainObject(value) ? [] : Object.entries(value).flatMap(([task, attributes]) => (
    isPlainObject(attributes) ? rateProblems(`${prop}['${task}'].rate_limit`, attributes.rate_limit) : []
  ));
}

/** A soft time limit that the hard one comes before. */
export function limitProblems(settings: ReadonlyMap<string, unknown>): Problem[] {
  const [soft, hard] = ['task_soft_time_limit', 'task_time_limit'].map((name) => Number(settings.get(name) ?? 0));
  return soft === 0 || hard === 0 || soft < hard ? [] : [{
    prop: 'settings.task_soft_time_limit', value: soft, wrong: `is not less than task_time_limit, ${hard}, so the process is killed before SoftTimeLimitExceeded can be raised`,
    fix: `give less than ${hard}, or a higher task_time_limit`,
  }];
}
