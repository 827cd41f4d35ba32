import { portOf } from './flower-options';
import { Exposure, portExposures } from './network';
import { Process } from './process';
import type { World } from './world';

/** How Flower can be reached from outside the cluster. */
export function exposuresOf(flower: Process, world: World): readonly Exposure[] {
  return portExposures(flower.container, portOf(flower), world);
}
