import { portOf } from './flower-options';
import { Exposure, exposures } from './network';
import { Process } from './process';
import type { World } from './world';

/** How Flower can be reached from outside the cluster. */
export function exposuresOf(flower: Process, world: World): readonly Exposure[] {
  const port = portOf(flower);
  return exposures(flower.workload, port, flower.container.portNames(port), world);
}
