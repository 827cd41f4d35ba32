import { Container } from './pod/container';
import { Workload } from './pod/workload';
import { isAllOfProduct } from './recognise';
import type { World } from './world';

/** Whether a pod listens on no port: workers and Beat, where no other container of the pod is in sight that may. */
export function listensNowhere(workload: Workload, world: World): boolean {
  const processes = world.in(workload);
  const own = new Set(processes.filter(({ role }) => role === 'worker' || role === 'beat').map(({ container }) => container));
  return own.size > 0 && workload.containers.every((container) => own.has(container))
    && processes.every(({ container }) => runsOnlyCelery(container));
}

/** Nothing but Celery runs in it. */
function runsOnlyCelery(container: Container): boolean {
  return !isAllOfProduct(container) && container.invocations.every(({ words }) => !/gunicorn|uvicorn|runserver|hypercorn|daphne|uwsgi|http/.test(words.map(({ text }) => text).join(' ')));
}
