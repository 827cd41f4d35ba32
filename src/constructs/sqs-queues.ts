import { sqsQueueName } from '../celery/queue-scalers';
import type { CeleryApp } from './celery-app';
import { isInTree } from './validation/in-tree';
import { isPlainObject } from './validation/plain-object';
import { Problem } from './validation/problems';

/** The most characters of the name of a queue in SQS. */
const LONGEST = 80;

/**
 * Queues that SQS does not take, or takes for one: kombu writes "-" for "." and "_" for other characters.
 *
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
 */
export function sqsQueueProblems(app: CeleryApp): Problem[] {
  const { transport, connectionSettings } = app._broker;
  const options = { ...optionsOf(connectionSettings), ...optionsOf(app._settings) };
  if (transport !== 'sqs') return [];
  const prefix = typeof options.queue_name_prefix === 'string' ? options.queue_name_prefix : '';
  // Of queues that are there already the address is given.
  if (options.predefined_queues !== undefined) return undefinedQueues(app, prefix, options.predefined_queues);
  const taken = new Map<string, string>();
  return [...queuesOf(app)].flatMap((queue): Problem[] => {
    const name = sqsQueueName(prefix, queue);
    const other = taken.get(name);
    taken.set(name, queue);
    const problem = (wrong: string, fix: string): Problem[] => [{ prop: 'queues', value: queue, wrong, fix }];
    if (other !== undefined) {
      return problem(`is the queue '${name}' in SQS, as '${other}' is: their tasks would be in one queue`, 'use letters, digits, "-" and "_", with which names stay as they are');
    }
    if (!/^[\w-]+(\.fifo)?$/.test(name)) return problem('has characters that SQS does not take', 'use letters, digits, "-" and "_"');
    return name.length <= LONGEST ? [] : problem(
      `is '${name}' in SQS, which has ${name.length} characters${prefix === '' ? '' : ' with its prefix'}, and SQS takes ${LONGEST}`, 'give a shorter name or prefix',
    );
  });
}

/** Queues of the workers that are not among those which exist, by their names in SQS: the worker ends when it asks for one. */
function undefinedQueues(app: CeleryApp, prefix: string, predefined: unknown): Problem[] {
  if (!isPlainObject(predefined)) return [];
  const names = Object.keys(predefined);
  return [...consumedBy(app)].filter((queue) => !names.includes(sqsQueueName(prefix, queue))).map((queue) => ({
    prop: 'settings.broker_transport_options.predefined_queues', value: names,
    wrong: `does not have the queue '${sqsQueueName(prefix, queue)}', from which a worker takes tasks: UndefinedQueueException`, fix: 'add it with its url, or give the worker queues that are there',
  }));
}

function optionsOf(settings: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const options = settings.get('broker_transport_options');
  return isPlainObject(options) ? options : {};
}

/** The queues of an app, as far as they are known. */
function queuesOf(app: CeleryApp): ReadonlySet<string> {
  return new Set([app._queues.default, ...app._queues.names, ...consumedBy(app)]);
}

/** Those that its workers take tasks from, as far as they are known. */
function consumedBy(app: CeleryApp): ReadonlySet<string> {
  const workers = app._workers.filter(({ worker }) => isInTree(worker, app));
  return new Set(workers.flatMap(({ queues }) => queues ?? (app._codeDeclaresQueues ? [] : [app._queues.default])));
}
