/**
 * A value that is known once the manifests are written: a token of cdk8s, whichever copy of it writes them.
 *
 * Not a getter: V8 has a hidden class of its own for each object with one, and keeps that, and all that the getter sees, until the next full
 * garbage collection.
 *
 * @see https://github.com/cdk8s-team/cdk8s-core/blob/2.x/src/resolve.ts (ImplicitTokenResolver)
 */
export function whenWritten<Value>(resolve: () => Value): Value {
  return { resolve } as Value;
}
