import { lazy } from '../memo';
import type { World } from './world';

/** The manifests are for OpenShift, which gives containers a user of their own: some of them are of its APIs. */
export const isForOpenShift: (world: World) => boolean = lazy((world: World) =>
  world.resources.some(({ apiVersion }) => /(^|\.)openshift\.io\//.test(apiVersion)));
