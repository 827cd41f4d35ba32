import { Lazy } from 'cdk8s';

/**
 * A value that is known once the manifests are written.
 *
 * Not a getter: V8 has a hidden class of its own for each object with one, and keeps that, and all that the getter sees, until the next full
 * garbage collection.
 */
export function whenWritten<Value>(produce: () => Value): Value {
  return Lazy.any({ produce }) as Value;
}
