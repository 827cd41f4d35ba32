import { Report, unless } from './rule';

/** Not the world, but more than the cluster. */
export function withinNetwork(internal: boolean): Pick<Report, 'severity' | 'note'> {
  return unless(!internal, 'from the private network of its load balancer');
}
