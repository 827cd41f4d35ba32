import { Path } from './json';
import { Resource } from './resource';

/** The place of something: an object, a container in it when there is one, and the path from the object's root. */
export interface Place {
  readonly resource: Resource;
  readonly container?: string;
  readonly path: Path;
}
