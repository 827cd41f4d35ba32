import { isRedisTransport } from '../celery/transports';
import type { CeleryApp } from './celery-app';
import { isInTree } from './validation/in-tree';
import { Known } from './validation/tree';
import { sharing } from './visibility-timeout';

/**
 * An app with late acknowledgement on a Redis database of which no worker delivers the tasks of a dead one again, as all of them have the pool
 * gevent. Where manifests show the URL of the broker, the rule sees it.
 */
export function unsavedTasks(app: CeleryApp): Known[] {
  const { composed, transport = '' } = app._broker;
  if (!composed || !isRedisTransport(transport) || app._settings.get('task_acks_late') !== true) return [];
  const all = sharing(app).flatMap((other) => other._workers.filter(({ worker }) => isInTree(worker, app)));
  const own = app._workers.filter((worker) => all.includes(worker));
  return all.some(({ pool }) => pool._name !== 'gevent') ? [] : own.map(({ worker }) => ({
    rule: 'delivery/dead-worker-keeps-tasks', object: worker.deployment, path: ['spec', 'template', 'spec', 'containers', 0, 'command'], value: 'pool gevent',
    allowed: 'another worker with the pool prefork or threads', unless: 'a worker of another pool, which is not among these manifests, consumes from the database',
  }));
}
