import { Absent, checkField, checkObject } from './constraints';
import { isQuantity } from '../../celery/quantity';
import { SCHEMA } from '../../manifests/kubernetes-schema';
import { Field, fieldsOf, wordsOf } from '../../manifests/schema-fields';
import { nearest } from '../../nearest';
import { likeName } from '../validation/checks';
import { isPlainObject, typeOf } from '../validation/plain-object';
import { addTo, Described, Problem } from '../validation/problems';

/** A value as the manifest gets it, and what is wrong with it. */
export interface Checked {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/** Deeper data is not a pod option: it is circular, or made to fill memory. */
const DEEPEST = 40;

/**
 * Checks a value against a type of the Kubernetes API, and gives it back as plain data.
 *
 * Objects of the L1 constructs of `cdk8s import k8s` are unwrapped (`Quantity`, `IntOrString`). What is undefined or null is left out,
 * as kubectl does.
 *
 * @param prop the path of the value in the props, as the user wrote it: `env[0]`
 * @param type the name of a type in the schema, `[]` before it for a list
 */
export function checkShape(prop: string, value: unknown, type: string): Checked {
  const problems: Problem[] = [];
  const checked = read(prop, value, type, '', problems, 0);
  return { value: checked, problems };
}

function read(prop: string, value: unknown, type: string, of: string, problems: Problem[], depth: number): unknown {
  if (value === undefined || value === null) return undefined;
  const report = (wrong: string, fix: string, what: unknown = shown(value, type, of)) => void problems.push({ prop, value: what, wrong, fix });
  if (depth > DEEPEST) {
    report('is nested too deeply for a manifest', 'give plain data without cycles', new Described('an object'));
    return undefined;
  }
  if (type.startsWith('[]')) {
    if (!Array.isArray(value)) {
      report(`is not a list${of === '' ? '' : `, which ${of} needs`}`, `give a list of ${described(type.slice(2))}`);
      return undefined;
    }
    // Not map, which leaves out the holes of a list.
    const items = Array.from(value, (item: unknown, index) => {
      const path = `${prop}[${index}]`;
      if (item === undefined || item === null) problems.push({ prop: path, value: item, wrong: 'is missing', fix: `give ${described(type.slice(2))}, or leave it out` });
      return read(path, item, type.slice(2), of, problems, depth + 1);
    });
    addTo(problems, checkObject(prop, type, items));
    return items;
  }
  if (type.startsWith('{}')) {
    if (!isPlainObject(value)) {
      report('is not a map', `give { name: ${described(type.slice(2))} }`);
      return undefined;
    }
    const entries = Object.entries(value).map(([key, item]) => [written(prop, key, problems), read(`${prop}['${key}']`, item, type.slice(2), of, problems, depth + 1)] as const);
    return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
  }
  return Object.hasOwn(SCHEMA, type) ? readObject(prop, value, type, problems, depth) : readScalar(value, type, report, prop, of, problems);
}

/** `hostIP` for `hostIp`, as the L1 constructs of `cdk8s import k8s` call it; their other names are those of the API. */
function ofL1(given: string, known: ReadonlyMap<string, Field>): string | undefined {
  return [...known.keys()].find((name) => /[A-Z]{2}/.test(name) && !/[A-Z]{2}/.test(given) && name.toLowerCase() === given.toLowerCase());
}

/** Strings that must be there, and may be empty. */
const MAY_BE_EMPTY = ['HTTPHeader.value', 'Sysctl.value'];

function readObject(prop: string, value: unknown, type: string, problems: Problem[], depth: number): unknown {
  if (!isPlainObject(value)) {
    problems.push({
      prop, value: shown(value, type, ''), wrong: `is not plain data as in a manifest (${type})`, fix: `give the fields of ${type} as Kubernetes documents them`,
    });
    return undefined;
  }
  const known = fieldsOf(type);
  const result: Record<string, unknown> = {};
  const named = new Map<string, unknown>();
  const before = problems.length;
  /** The fields that unknown ones were meant for, undefined for one of which that is not known; and those that could not be read. */
  const amiss = new Set<string | undefined>();
  for (const [given, item] of Object.entries(value)) {
    const name = known.has(given) ? given : ofL1(given, known) ?? given;
    named.set(name, item);
    const field = known.get(name);
    if (!field) {
      if (item === undefined) continue;
      const meant = nearest(name, known.keys());
      amiss.add(meant);
      problems.push({
        // Whatever the name, it may be a password.
        prop: `${prop}.${name}`, value: typeof item === 'string' ? new Described('a string') : shown(item, '', type), wrong: `is not a field of ${type}`,
        fix: meant === undefined ? `allowed: ${[...known.keys()].join(', ')}` : `did you mean ${meant}?`,
      });
      continue;
    }
    const checked = read(`${prop}.${name}`, item, field.type, `${type}.${name}`, problems, depth + 1);
    if (checked !== undefined) result[name] = checked;
    // An object that is none.
    else if (item !== undefined && item !== null && Object.hasOwn(SCHEMA, field.type)) amiss.add(name);
  }
  for (const [name, { required }] of known) {
    const path = `${prop}.${name}`;
    const empty = named.get(name) === '' && !MAY_BE_EMPTY.includes(`${type}.${name}`) && !problems.some((problem) => problem.prop === path);
    if (required && !amiss.has(name) && (named.get(name) === undefined || named.get(name) === null || empty)) {
      problems.push({ prop: path, value: empty ? '' : undefined, wrong: empty ? 'is empty' : 'is missing', fix: `${type} needs it` });
    }
  }
  const wrongInside = problems.length > before;
  addTo(problems, checkObject(prop, type, result).filter(({ prop: at, value: is }) => !(
    // What is missing may be what was misspelt, or could not be read: one mistake is one message.
    (is instanceof Absent && wrongInside) || (is === undefined && amiss.size > 0 && (at === prop || amiss.has(at.slice(prop.length + 1))))
  )));
  return result;
}

function readScalar(
  given: unknown, type: string, report: (wrong: string, fix: string) => void, prop: string, of: string, problems: Problem[],
): unknown {
  const value = type === 'quantity' || type === 'int-or-string' ? unwrapped(given) : given;
  const wrong = wrongScalar(value, type);
  if (wrong !== undefined) {
    report(wrong, `give ${described(type)}`);
    return undefined;
  }
  problems.push(...checkField(prop, of, value));
  return value;
}

function wrongScalar(value: unknown, type: string): string | undefined {
  switch (type) {
    case 'any': return undefined;
    case 'string': return typeof value === 'string' ? undefined : 'is not a string';
    case 'boolean': return typeof value === 'boolean' ? undefined : 'is not true or false';
    case 'integer': return Number.isSafeInteger(value) ? undefined : 'is not a whole number';
    case 'number': return typeof value === 'number' && Number.isFinite(value) ? undefined : 'is not a number';
    case 'int-or-string': return typeof value === 'string' || Number.isSafeInteger(value) ? undefined : 'is neither a whole number nor a string';
    case 'quantity': return isQuantity(value) ? undefined : 'is not a quantity';
    default: return typeof value === 'string' && wordsOf(type).includes(value) ? undefined : 'is not allowed';
  }
}

function described(type: string): string {
  if (type.startsWith('"')) return `one of ${wordsOf(type).join(', ')}`;
  const names: Record<string, string> = {
    'string': 'a string', 'boolean': 'true or false', 'integer': 'a whole number', 'number': 'a number', 'any': 'any value',
    'int-or-string': 'a whole number or a string, for example 8000 or \'http\'', 'quantity': 'a quantity, for example \'500m\' or \'1Gi\'',
  };
  return names[type] ?? `plain data of ${type}`;
}

/** `Quantity` and `IntOrString` of any `cdk8s import k8s` have their value in `value`. */
function unwrapped(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'value' in value ? value.value : value;
}

/** cdk8s takes the first for the class of an object, and loses the second. */
function written(prop: string, key: string, problems: Problem[]): string {
  if (key === 'constructor' || key === '__proto__') problems.push({ prop, value: key, wrong: 'is a key that cdk8s can\'t write', fix: 'use another key' });
  return key;
}

/** A value as a message shows it: an object by its type, as it may be endless, and what may be the value of a variable, too. */
function shown(value: unknown, type: string, of: string): unknown {
  const secret = of === 'EnvVar.value' || of === 'EnvVar' || /(EnvVar|EnvVarSource|SecretKeySelector)$/.test(type);
  if (secret && (typeof value === 'string' || typeof value === 'number')) return new Described(`a ${typeof value}`);
  // Of an object: what is given in its place may be the secret that it refers to.
  if (typeof value === 'string' && /^(LocalObjectReference|Secret)/.test(type)) return likeName(value);
  return typeof value === 'function' || (typeof value === 'object' && value !== null) ? new Described(typeOf(value, 'a map')) : value;
}
