/**
 * An object as `{ ... }` makes it, in any realm: data, not a class with a behaviour. The structs of L1 constructs are plain in every language, and
 * so is what jsii makes of the dicts and structs of other languages.
 */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  try {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    // A Proxy may throw.
    Object.keys(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    return prototype === null || Object.getPrototypeOf(prototype) === null;
  } catch {
    return false;
  }
}

/** What a value is, in words that show nothing of it: `a string`, `a Map`; never throws. */
export function typeOf(value: unknown, plain = 'an object'): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  try {
    if (Array.isArray(value)) return 'a list';
    if (isPlainObject(value)) return plain;
    Object.keys(value);
    const { name } = (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } }).constructor ?? {};
    const known = typeof name === 'string' && /^\w{1,60}$/.test(name);
    if (known && name !== 'Object') return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
    return known ? 'an object with inherited fields' : 'an object of a class';
  } catch {
    return 'an object that cannot be read';
  }
}
