import { Report } from './rule';
import { Severity } from './severity';

/** Not the world, but more than the cluster. */
export function withinNetwork(internal: boolean): Pick<Report, 'severity' | 'note'> {
  return internal ? { severity: Severity.WARNING, note: 'from the private network of its load balancer' } : {};
}
