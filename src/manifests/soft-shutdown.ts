import { acknowledgedBy } from './acknowledgement';
import { Process } from './process';

/** The soft timeout of a worker (`worker_soft_shutdown_timeout`), in seconds. */
export function softTimeout(worker: Process): number | undefined {
  const setting = worker.setting('worker_soft_shutdown_timeout');
  return setting && Number.isFinite(Number(setting.value)) ? Number(setting.value) : undefined;
}

/** SIGTERM begins a soft shutdown. */
export function stopsSoft(worker: Process): boolean {
  const remap = worker.variable('REMAP_SIGTERM');
  return remap.state === 'known' && remap.value === 'SIGQUIT' && (softTimeout(worker) ?? 0) > 0;
}

/** A shutdown does not wait for the tasks that run: it gives their messages back. */
export function givesTasksBack(worker: Process): boolean {
  return stopsSoft(worker) && acknowledgedBy(worker) === 'late';
}
