import { parseImage } from '../celery/image';
import { isAmqpTransport } from '../celery/transports';
import type { CeleryApp } from './celery-app';
import { isInTree } from './validation/in-tree';
import { Problem } from './validation/problems';
import { sharing } from './visibility-timeout';

/**
 * Apps with different code that take tasks from the same queue of one broker: each would get tasks of the other, which it does not know, and lose
 * them. What the module of the app is called does not matter.
 */
export function sharedQueueProblems(app: CeleryApp): Problem[] {
  const own = consumed(app);
  return sharing(app).filter((other) => other !== app && content(other) !== content(app)).flatMap((other) => {
    const both = [...consumed(other)].filter((queue) => own.has(queue));
    return both.map((queue) => ({
      prop: 'broker', value: queue, wrong: `is a queue from which ${other.node.path} also takes tasks, in the same ${place(app).what}: each app loses tasks of the other`,
      fix: `give each app ${place(app).own} or a queue of its own (the setting task_default_queue, the queues of its workers)`,
    }));
  });
}

/** In which apps have queues of one name apart from one another, by the transport. */
function place({ _broker: { transport = '' } }: CeleryApp): { readonly what: string; readonly own: string } {
  if (transport === 'sqs') return { what: 'account', own: 'a prefix of its own (Broker.fromSqs({ queueNamePrefix }))' };
  if (isAmqpTransport(transport)) return { what: 'virtual host', own: 'a virtual host of its own' };
  if (transport === 'sentinel') return { what: 'database', own: 'a database of its own (Broker.fromSentinel({ database: 1 }))' };
  return { what: 'database', own: 'a database of its own (redis.onDatabase(1), or another number in its URL)' };
}

/** The queues that the workers of an app certainly consume from. */
function consumed(app: CeleryApp): Set<string> {
  const workers = app._workers.filter(({ worker }) => isInTree(worker, app));
  return new Set(workers.flatMap(({ queues }) => queues ?? (app._codeDeclaresQueues ? [] : [app._queues.default])));
}

/** What tells the code of an app from that of another: its files, or the repository of its image. */
function content({ app, code, runtime }: CeleryApp): string {
  return JSON.stringify([app, code._files ?? parseImage(runtime._image).repository]);
}
