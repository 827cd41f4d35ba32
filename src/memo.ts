/**
 * What is noted of an object, and kept in it.
 *
 * Not in a WeakMap: what that holds stays until the next full garbage collection, and a program with many Apps would pile it up.
 */
export class Notes<Owner extends object, Value> {
  private readonly key = Symbol('note');

  public get(owner: Owner): Value | undefined {
    return (owner as Record<symbol, Value | undefined>)[this.key];
  }

  public set(owner: Owner, value: Value): void {
    (owner as Record<symbol, Value>)[this.key] = value;
  }
}

/** What is computed once for an object, when it is first asked for, and kept in it as a note is. */
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
/** The same of the characters of the questions. */
const MOST_CHARACTERS = 4 * 2 ** 20;

/**
 * A pure function of strings, each of them named, that keeps its answers: manifests ask the same few questions thousands of times.
 *
 * What also depends on an object is a `lazy` of that object: `lazy((world) => remembered((host) => ...))`.
 */
export function remembered<Args extends readonly string[], Value>(make: (...args: Args) => Value): (...args: Args) => Value {
  const answers = new Map<string, Value>();
  let characters = 0;
  return (...args) => {
    // Those of `map` and the like have further arguments.
    const question = make.length === 1 ? args[0] : args.join('\0');
    const known = answers.get(question);
    if (known !== undefined || answers.has(question)) return known as Value;
    const answer = make(...args);
    characters += question.length;
    if (answers.size >= MOST || characters > MOST_CHARACTERS) {
      answers.clear();
      characters = question.length;
    }
    answers.set(question, answer);
    return answer;
  };
}
