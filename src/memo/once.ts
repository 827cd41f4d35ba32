/**
 * Computes something once for an object, and keeps it in the object.
 *
 * Not in a WeakMap: what that holds stays until the next full garbage collection, and a program with many Apps would pile it up.
 */
export function once<Owner extends object, Value>(make: (owner: Owner) => Value): (owner: Owner) => Value {
  const key = Symbol(make.name);
  return (owner) => (owner as Record<symbol, Value>)[key] ??= make(owner);
}
