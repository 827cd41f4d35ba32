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
  // Of queues that are there already the address is given.
  if (transport !== 'sqs' || options.predefined_queues !== undefined) return [];
  const prefix = typeof options.queue_name_prefix === 'string' ? options.queue_name_prefix : '';
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

function optionsOf(settings: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const options = settings.get('broker_transport_options');
  return isPlainObject(options) ? options : {};
}

/** The queues of an app, as far as they are known. */
function queuesOf(app: CeleryApp): ReadonlySet<string> {
  const workers = app._workers.filter(({ worker }) => isInTree(worker, app));
  return new Set([app._queues.default, ...app._queues.names, ...workers.flatMap(({ queues }) => queues ?? [])]);
}
