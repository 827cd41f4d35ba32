/**
 * What is computed once for an object, when it is first asked for, and kept in the object.
 *
 * Not in a WeakMap: what that holds stays until the next full garbage collection, and a program with many Apps would pile it up.
 */
export function lazy<Owner extends object, Value>(make: (owner: Owner) => Value): (owner: Owner) => Value {
  const key = Symbol(make.name);
  return (owner) => {
    const slots = owner as Record<symbol, Value>;
    const known = slots[key];
    return known !== undefined || Object.hasOwn(slots, key) ? known : slots[key] = make(owner);
  };
}

/** More answers than any input that is not made to fill memory asks for. */
const MOST = 4096;

/**
 * A pure function of strings that keeps its answers: manifests ask the same few questions thousands of times.
 *
 * What also depends on an object is a `lazy` of that object: `lazy((world) => remembered((host) => ...))`.
 */
export function remembered<Args extends readonly string[], Value>(make: (...args: Args) => Value): (...args: Args) => Value {
  const answers = new Map<string, Value>();
  return (...args) => {
    const question = args.length === 1 ? args[0] : args.join('\0');
    const known = answers.get(question);
    if (known !== undefined || answers.has(question)) return known as Value;
    const answer = make(...args);
    if (answers.size >= MOST) answers.clear();
    answers.set(question, answer);
    return answer;
  };
}
