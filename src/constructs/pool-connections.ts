import { CONNECTION_LOADER, CONNECTION_SETTINGS } from '../celery/agent-names';
import { isRedisTransport } from '../celery/transports';
import { withOptions } from './brokers/bound-broker';
import type { CeleryApp } from './celery-app';
import { asGiven } from './kubernetes/as-given';
import type * as k8s from './kubernetes/api/types';
import { variables } from './kubernetes/env';
import type { Mount } from './kubernetes/pods';
import type { WorkerPool } from './worker-pool';

/**
 * How many connections to Redis kombu's pool has, where nothing is set. It does not wait for a free one: `Couldn't ack ..., reason:
 * MaxConnectionsError`, and the task that was not acknowledged runs again after the visibility timeout.
 *
 * @see https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.redis.html
 */
const STANDARD = 10;

/** For what consumes, publishes and controls. */
const OTHERS = 5;

/**
 * What a worker needs whose tasks acknowledge in threads or greenlets of one process: a connection for each. With prefork only the main process
 * does, one after another. The loader joins it with the transport options of the code and of the command line, which win.
 */
export function poolConnections(app: CeleryApp, { _name, _concurrency }: WorkerPool): { env: k8s.EnvVar[]; mounts: Mount[] } | undefined {
  const { transport = '', connectionSettings, composed, loaded } = app._broker;
  const needed = _concurrency + OTHERS;
  if (!['gevent', 'threads'].includes(_name) || !isRedisTransport(transport) || needed <= STANDARD) return undefined;
  const settings = withOptions({ broker_transport_options: { max_connections: needed } }, Object.fromEntries(connectionSettings));
  return {
    env: variables({ [CONNECTION_SETTINGS]: asGiven(JSON.stringify(settings)), CELERY_LOADER: CONNECTION_LOADER }),
    mounts: composed || loaded ? [] : [app._content.launch()],
  };
}
