import { Duration, Size } from 'cdk8s';
import { IConstruct } from 'constructs';
import { likeName } from './checks';
import { isPlainObject, typeOf } from './plain-object';
import { addTo, Described, NOT_SHOWN, Problem, refuse } from './problems';
import { nearest } from '../../nearest';

// TypeScript checks the types of props for a user of TypeScript. JavaScript checks none, and Python some: without these checks, the first
// value of a wrong type ends in an exception that names neither the prop nor the construct.

/** What is wrong with the type of one value, which is not undefined; the scope is the construct that it is given to, where there is one. */
export type TypeCheck = (prop: string, value: unknown, scope?: IConstruct) => Problem[];

/** A prop that something takes the place of where it is missing or wrong, so that everything else is still checked. */
export interface RequiredProp {
  readonly check: TypeCheck;
  /** Undefined for one that can be left out, and has a stand-in where it is wrong, so that nothing says of it that it is missing. */
  readonly fix?: string;
  readonly instead: (scope: IConstruct) => unknown;
}

/** A prop that is copied as it is checked: what the user changes afterwards, or a getter returns the next time, is in no manifest. */
export interface CopiedProp {
  readonly copy: (prop: string, value: unknown) => { readonly value: unknown; readonly problems: readonly Problem[] };
  /** Whether the copy is what is right about the value, and checked further, also where something in it is wrong. */
  readonly keeps?: boolean;
}

/** What props are: all of them, so that a name which is not here is not one. */
export type PropChecks<P> = { readonly [K in keyof P]-?: TypeCheck | RequiredProp | CopiedProp };

/** Where options are, and what to do about those that are elsewhere. */
interface Naming {
  readonly prefix?: string;
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/**
 * The props of a construct. One that is not of its type is refused, and replaced: a required one by a stand-in, any other by its default.
 * One that there is not is refused.
 */
export function sound<P extends object>(scope: IConstruct, given: P, checks: PropChecks<P>, elsewhere?: Readonly<Record<string, string>>): P {
  const { options, problems } = typed(given, checks, { scope, elsewhere });
  refuse(scope, problems);
  return options;
}

/** The same for the options of a factory method, which has no construct to refuse: their problems are returned. */
export function typed<O extends object>(
  given: O, checks: PropChecks<O>, { scope, ...naming }: Naming & { readonly scope?: IConstruct } = {},
): { readonly options: O; readonly problems: Problem[] } {
  const { prefix = '' } = naming;
  const options: Record<string, unknown> = {};
  const problems: Problem[] = given === undefined ? [] : object('the options by their names')(prefix || 'props', given);
  const path = (name: string): string => prefix === '' ? name : `${prefix}.${name}`;
  for (const name of isPlainObject(given) ? Object.keys(given) : []) {
    try {
      options[name] = (given as Record<string, unknown>)[name];
    } catch {
      problems.push(unreadable(path(name)));
    }
  }
  addTo(problems, unknown(options, checks, naming));
  // What is missing may be what was misspelt: one mistake is one message.
  const misspelt = new Set(Object.keys(options).filter((name) => !Object.hasOwn(checks, name) && options[name] !== undefined)
    .map((name) => nearest(name, Object.keys(checks))));
  for (const [name, expected] of Object.entries<TypeCheck | RequiredProp | CopiedProp>(checks)) {
    const required = 'instead' in expected ? expected : undefined;
    let found: readonly Problem[] = [];
    if (options[name] !== undefined) {
      try {
        if ('copy' in expected) ({ value: options[name], problems: found } = expected.copy(path(name), options[name]));
        else found = (typeof expected === 'function' ? expected : expected.check)(path(name), options[name], scope);
      } catch {
        found = [unreadable(path(name))];
      }
    } else if (required?.fix !== undefined) {
      options[name] = scope && required.instead(scope);
      if (!misspelt.has(name)) found = [{ prop: path(name), value: undefined, wrong: 'is missing', fix: required.fix }];
    }
    if (found.length > 0 && !('keeps' in expected && expected.keeps === true)) options[name] = scope && required?.instead(scope);
    addTo(problems, found);
  }
  return { options: options as O, problems };
}

function unreadable(prop: string): Problem {
  return { prop, value: new Described('a value'), wrong: 'cannot be read: a getter or a Proxy throws', fix: 'give plain data' };
}

/** Names that there are not: JavaScript accepts any. */
function unknown(given: object, shape: object, { prefix = '', elsewhere = {} }: Naming): Problem[] {
  return Object.keys(given).filter((name) => !Object.hasOwn(shape, name) && (given as Record<string, unknown>)[name] !== undefined).map((name) => {
    const meant = nearest(name, [...Object.keys(shape), ...Object.keys(elsewhere)]);
    return {
      prop: prefix === '' ? name : `${prefix}.${name}`,
      // Whatever the name, it may be a password.
      value: NOT_SHOWN,
      wrong: 'is not one of the options here',
      fix: Object.hasOwn(elsewhere, name) ? elsewhere[name] : meant ? `did you mean ${meant}?${Object.hasOwn(elsewhere, meant) ? ` ${sentence(elsewhere[meant])}` : ''}` : 'leave it out; API.md has the names of all options',
    };
  });
}

const sentence = (words: string): string => words[0].toUpperCase() + words.slice(1);

/** A check by a question. */
export function kind(is: (value: unknown) => boolean, what: string, example: string): TypeCheck {
  return (prop, value) => is(value) ? [] : [{ prop, value: shown(value), wrong: `is not ${what}`, fix: `give ${example}` }];
}

/** One of our own classes, known by a member that no other has. */
export function withMember(member: string, what: string, example: string): TypeCheck {
  return kind((value) => isObject(value) && member in value, what, example);
}

/** A value of which another check takes any type. */
export const anything: TypeCheck = () => [];

/** A string. */
export function text(example: string): TypeCheck {
  const is = kind((value) => typeof value === 'string', 'a string', example);
  return (prop, value) => typeof value === 'string' && LONE_SURROGATE.test(value)
    ? [{ prop, value: new Described('a string'), wrong: 'has half of a character (a lone surrogate), which no file and no URL can have', fix: 'remove it' }] : is(prop, value);
}

const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** A list of strings. */
export function texts(example: string): TypeCheck {
  return kind((value) => isList(value) && Array.from(value).every((item) => typeof item === 'string'), 'a list of strings', example);
}

/** A number; which ones are allowed, another check says. */
export const number: TypeCheck = numberLike('e.g. 2');

/** The same with an example of its own. */
export function numberLike(example: string): TypeCheck {
  return kind((value) => typeof value === 'number', 'a number', example);
}

/** True or false. */
export const flag: TypeCheck = kind((value) => typeof value === 'boolean', 'a boolean', 'true or false');

/** A duration of cdk8s. */
export const duration: TypeCheck = (prop, value) => {
  const example = 'e.g. Duration.minutes(5)';
  if (!isDuration(value)) return kind(isDuration, 'a Duration', example)(prop, value);
  const milliseconds = value.toMilliseconds({ integral: false });
  return Number.isInteger(milliseconds) ? [] : [{
    prop, value: new Described(Number.isFinite(milliseconds) ? `${milliseconds} milliseconds` : `${milliseconds} ${value.unitLabel()}`), wrong: 'is not a time in whole milliseconds', fix: `give ${example}`,
  }];
};

/** A size of cdk8s. */
export const size: TypeCheck = kind(isSize, 'a Size', 'e.g. Size.mebibytes(256)');

/** One of the values of an enumeration. */
export function oneOf(values: Record<string, string>, what: string): TypeCheck {
  const all = Object.values(values).map((value) => `'${value}'`);
  return kind((value) => typeof value === 'string' && Object.values(values).includes(value), what, `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`);
}

/** An object of values of one kind, by names. */
export function record(of: TypeCheck, example: string): TypeCheck {
  return (prop, value) => {
    const wrong = object(example)(prop, value);
    return wrong.length > 0 ? wrong : Object.entries(value as object).flatMap(([name, item]) => of(`${prop}.${name}`, item));
  };
}

/** Plain data, as `{ ... }` makes it: a Map, a Date or an object of a class has nothing by the names of options. */
export function object(example: string): TypeCheck {
  return (prop, value) => {
    if (isPlainObject(value)) return [];
    return isObject(value) && !isList(value) ? [{ prop, value: new Described(typeOf(value)), wrong: 'is not a plain object', fix: `give a plain object, ${example}` }]
      // A string in the place of options may be the password itself.
      : [{ prop, value: isList(value) ? new Described('a list') : likeName(value), wrong: 'is not an object', fix: `give ${example}` }];
  };
}

/** A list of values of one kind. */
export function list(of: TypeCheck, example: string): TypeCheck {
  // Not flatMap, which leaves out the holes of a list.
  return (prop, value) => isList(value) ? Array.from(value, (item: unknown, i) => of(`${prop}[${i}]`, item)).flat()
    : kind(() => false, 'a list', example)(prop, value);
}

/** A check whose messages do not show the value: it may be a password. */
export function hidden(check: TypeCheck): TypeCheck {
  return (prop, value) => check(prop, value).map((problem) => ({ ...problem, value: new Described(typeOf(value)) }));
}

/** Options of a struct in a list. */
export function optionsOf<O extends object>(shape: PropChecks<O>): TypeCheck {
  return (prop, value) => {
    const wrong = object('the options by their names')(prop, value);
    return wrong.length > 0 ? wrong : typed(value as O, shape, { prefix: prop }).problems;
  };
}

/**
 * Options of a struct, of which all that is right is checked further: a name that there is not hides no other mistake. Without one that is required
 * they are undefined.
 */
export function nested<O extends object>(
  shape: PropChecks<O>, check: (prop: string, options: Partial<O>) => readonly Problem[] = () => [],
): CopiedProp {
  return {
    keeps: true,
    copy: (prop, given) => {
      const wrong = object('the options by their names')(prop, given);
      if (wrong.length > 0) return { value: undefined, problems: wrong };
      const { options, problems } = typed(given as O, shape, { prefix: prop });
      const value = Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(shape, name))) as Partial<O>;
      const missing = Object.entries<TypeCheck | RequiredProp | CopiedProp>(shape)
        .some(([name, expected]) => 'instead' in expected && value[name as keyof O] === undefined);
      return { value: missing ? undefined : value, problems: [...problems, ...check(prop, value)] };
    },
  };
}

/** A list of such options, without those that are undefined. */
export function nestedList<O extends object>(
  shape: PropChecks<O>, example: string, check?: (prop: string, options: Partial<O>) => readonly Problem[],
): CopiedProp {
  const { copy } = nested(shape, check);
  return {
    keeps: true,
    copy: (prop, given) => {
      if (!isList(given)) return { value: undefined, problems: list(() => [], example)(prop, given) };
      const items = Array.from(given, (item: unknown, i) => copy(`${prop}[${i}]`, item));
      return { value: items.map(({ value }) => value).filter((value) => value !== undefined), problems: items.flatMap(({ problems }) => problems) };
    },
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether a value is a list, also where it is a Proxy that throws. */
function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function isDuration(value: unknown): value is Duration {
  return hasMethods(value, 'toMilliseconds', 'toSeconds', 'toHumanString');
}

function isSize(value: unknown): value is Size {
  return hasMethods(value, 'toKibibytes', 'toMebibytes', 'asString');
}

/** Of a class that may come from another copy of cdk8s, so it is known by what it can do. */
function hasMethods(value: unknown, ...names: string[]): boolean {
  return isObject(value) && names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
}

/** A value as a message shows it; an object by its type, as it may hold a password or be endless. */
function shown(value: unknown): unknown {
  try {
    return isObject(value) && !(Array.isArray(value) && value.every((item) => !isObject(item))) ? new Described(typeOf(value)) : value;
  } catch {
    return new Described(typeOf(value));
  }
}
