import { Duration, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { IConstruct } from 'constructs';
import { Described, Problem, refuse } from './problems';
import { PodOptions } from '../pod-options';
import { nearest } from '../../nearest';

// TypeScript tells a user of TypeScript what a prop must be. JavaScript tells nobody, and Python some: without these checks, the first
// value of a wrong type ends in an exception that names neither the prop nor the construct.

/** What is wrong with the type of one value, which is not undefined. */
export type TypeCheck = (prop: string, value: unknown) => Problem[];

/** A prop that cannot be left out, and what takes its place where it is, so that everything else is still checked. */
export interface RequiredProp {
  readonly check: TypeCheck;
  readonly fix: string;
  readonly instead: (scope: IConstruct) => unknown;
}

/** What props are: all of them, so that a name which is not here is not one. */
export type Shape<P> = { readonly [K in keyof P]-?: TypeCheck | RequiredProp };

/** Where options are, and what to do about those that are elsewhere. */
interface Naming {
  readonly prefix?: string;
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/**
 * The props of a construct. One that is not of its type is refused, and replaced: a required one by a stand-in, any other by its default.
 * One that there is not is refused.
 */
export function sound<P extends object>(scope: IConstruct, given: P, shape: Shape<P>, elsewhere?: Readonly<Record<string, string>>): P {
  const { options, problems } = typed(given, shape, { scope, elsewhere });
  refuse(scope, problems);
  return options;
}

/** The same for the options of a factory method, which has no construct to refuse: their problems are returned. */
export function typed<O extends object>(
  given: O, shape: Shape<O>, { scope, ...naming }: Naming & { readonly scope?: IConstruct } = {},
): { readonly options: O; readonly problems: Problem[] } {
  const { prefix = '' } = naming;
  const options = (isObject(given) ? { ...given } : {}) as Record<string, unknown>;
  const noObject = given === undefined || isObject(given) ? []
    : [{ prop: prefix || 'props', value: shown(given), wrong: 'is not an object', fix: 'give the options by their names' }];
  const problems = Object.entries<TypeCheck | RequiredProp | undefined>(shape).flatMap(([name, expected]) => {
    if (expected === undefined) return [];
    const [check, required] = typeof expected === 'function' ? [expected, undefined] : [expected.check, expected];
    const prop = prefix === '' ? name : `${prefix}.${name}`;
    const found = options[name] !== undefined ? check(prop, options[name])
      : required ? [{ prop, value: undefined, wrong: 'is missing', fix: required.fix }] : [];
    if (found.length > 0) options[name] = scope && required?.instead(scope);
    return found;
  });
  return { options: options as O, problems: [...noObject, ...unknown(options, shape, naming), ...problems] };
}

/** Names that there are not: JavaScript accepts any. */
function unknown(given: object, shape: object, { prefix = '', elsewhere = {} }: Naming): Problem[] {
  return Object.keys(given).filter((name) => !Object.hasOwn(shape, name) && (given as Record<string, unknown>)[name] !== undefined).map((name) => {
    const meant = nearest(name, Object.keys(shape));
    return {
      prop: prefix === '' ? name : `${prefix}.${name}`,
      value: shown((given as Record<string, unknown>)[name]),
      wrong: 'is not one of the options here',
      fix: Object.hasOwn(elsewhere, name) ? elsewhere[name] : meant ? `did you mean ${meant}?` : 'leave it out; API.md has the names of all options',
    };
  });
}

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
  return kind((value) => typeof value === 'string', 'a string', example);
}

/** A list of strings. */
export function texts(example: string): TypeCheck {
  return kind((value) => Array.isArray(value) && value.every((item) => typeof item === 'string'), 'a list of strings', example);
}

/** A number; which ones are allowed, another check says. */
export const number: TypeCheck = kind((value) => typeof value === 'number', 'a number', 'e.g. 2');

/** True or false. */
export const flag: TypeCheck = kind((value) => typeof value === 'boolean', 'a boolean', 'true or false');

/** A duration of cdk8s. */
export const duration: TypeCheck = kind(isDuration, 'a Duration', 'e.g. Duration.minutes(5)');

/** A size of cdk8s. */
export const size: TypeCheck = kind(isSize, 'a Size', 'e.g. Size.mebibytes(256)');

/** One of the values of an enumeration. */
export function oneOf(values: Record<string, string>, what: string): TypeCheck {
  const all = Object.values(values).map((value) => `'${value}'`);
  return kind((value) => typeof value === 'string' && Object.values(values).includes(value), what, `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`);
}

/** An object of values of one kind, by names. */
export function record(of: TypeCheck, example: string): TypeCheck {
  return (prop, value) => isObject(value) && !Array.isArray(value) ? Object.entries(value).flatMap(([name, item]) => of(`${prop}.${name}`, item))
    : kind(() => false, 'an object', example)(prop, value);
}

/** A list of values of one kind. */
export function list(of: TypeCheck, example: string): TypeCheck {
  return (prop, value) => Array.isArray(value) ? value.flatMap((item, i) => of(`${prop}[${i}]`, item))
    : kind(() => false, 'a list', example)(prop, value);
}

/** A check whose messages do not show the value: it may be a password. */
export function hidden(check: TypeCheck): TypeCheck {
  return (prop, value) => check(prop, value).map((problem) => ({ ...problem, value: new Described(typeOf(value)) }));
}

/** A value of an environment variable: a string, what becomes one at synth (a token), or from elsewhere. */
export const envValue: TypeCheck = hidden((prop, given) => {
  const found = kind((env) => isObject(env) && ('value' in env || 'valueFrom' in env), 'a kplus.EnvValue', 'e.g. kplus.EnvValue.fromValue(...)')(prop, given);
  if (found.length > 0) return found;
  const { value } = given as { readonly value?: unknown };
  const isText = value === undefined || typeof value === 'string' || (isObject(value) && ('produce' in value || 'resolve' in value));
  return isText ? [] : [{ prop, value, wrong: 'has a value that is not a string', fix: 'give e.g. kplus.EnvValue.fromValue(\'8\')' }];
});

/** Anything with fields. */
export const object: TypeCheck = kind((value) => isObject(value) && !Array.isArray(value), 'an object', 'an object');

/** CPU and memory as cdk8s-plus has them. */
export const containerResources: TypeCheck = (prop, value) => {
  if (object(prop, value).length > 0) return object(prop, value);
  const amounts = (of: TypeCheck): TypeCheck => (path, given) => object(path, given).length > 0 ? object(path, given)
    : ['request', 'limit'].flatMap((part) => {
      const amount = (given as Record<string, unknown>)[part];
      return amount === undefined ? [] : of(`${path}.${part}`, amount);
    });
  return typed(value as Record<'cpu' | 'memory' | 'ephemeralStorage', unknown>, {
    cpu: amounts(withMember('amount', 'a Cpu', 'e.g. kplus.Cpu.millis(250)')), memory: amounts(size), ephemeralStorage: amounts(size),
  }, { prefix: prop }).problems;
};

/** Options of a struct in a list. */
export function optionsOf<O extends object>(shape: Shape<O>): TypeCheck {
  return (prop, value) => isObject(value) ? typed(value as O, shape, { prefix: prop }).problems : kind(() => false, 'an object', 'the options by their names')(prop, value);
}

/** An object with fields of known types: no class, which cdk8s would not write. */
function fields<P extends object>(shape: Shape<P>): TypeCheck {
  return (prop, value) => isPlain(value) ? typed(value as P, shape, { prefix: prop }).problems
    : kind(() => false, 'an object', 'an object')(prop, value);
}

/** An object as `{ ... }` makes it, in any realm. */
function isPlain(value: unknown): boolean {
  if (!isObject(value) || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** A field that must be there. */
function needed(check: TypeCheck, fix: string): RequiredProp {
  return { check, fix, instead: () => undefined };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isDuration(value: unknown): value is Duration {
  return isObject(value) && typeof (value as Partial<Duration>).toMilliseconds === 'function';
}

function isSize(value: unknown): value is Size {
  return isObject(value) && typeof (value as Partial<Size>).toKibibytes === 'function';
}

/** A value as a message shows it; an object by its type, as it may hold a password or be endless. */
function shown(value: unknown): unknown {
  return isObject(value) && !(Array.isArray(value) && value.every((item) => !isObject(item))) ? new Described(typeOf(value)) : value;
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  const name = isObject(value) ? (value.constructor as { name?: string } | undefined)?.name ?? 'Object' : typeof value;
  return name === 'Object' ? 'an object' : `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}

const named = (what: string, example: string): TypeCheck => withMember('name', what, example);
const labelled = record(text('a string'), 'e.g. { team: \'orders\' }');

const CAPABILITIES = texts('e.g. [kplus.Capability.NET_BIND_SERVICE]');

/** The options of pods. */
export const POD_OPTIONS: Shape<PodOptions> = {
  resources: containerResources,
  env: record(envValue, 'e.g. { REGION: kplus.EnvValue.fromValue(\'eu\') }'),
  volumeMounts: list(fields<kplus.VolumeMount>({
    path: needed(text('e.g. \'/cache\''), 'give e.g. \'/cache\''),
    propagation: anything,
    readOnly: anything,
    subPath: anything,
    subPathExpr: anything,
    volume: needed(named('a kplus.Volume', 'e.g. kplus.Volume.fromEmptyDir(...)'), 'give e.g. kplus.Volume.fromEmptyDir(...)'),
  }), 'e.g. [{ path: \'/cache\', volume }]'),
  volumes: list(named('a kplus.Volume', 'e.g. kplus.Volume.fromEmptyDir(...)'), 'e.g. [kplus.Volume.fromEmptyDir(...)]'),
  labels: labelled,
  annotations: labelled,
  nodeSelector: labelled,
  tolerations: list(withMember('_toKube', 'a kplus.NodeTaintQuery', 'e.g. kplus.NodeTaintQuery.exists(\'dedicated\')'),
    'e.g. [kplus.NodeTaintQuery.exists(\'dedicated\')]'),
  priorityClassName: text('the name of a PriorityClass'),
  imagePullSecrets: list(named('a kplus.ISecret', 'e.g. kplus.Secret.fromSecretName(...)'), 'e.g. [kplus.Secret.fromSecretName(...)]'),
  serviceAccount: named('a kplus.IServiceAccount', 'e.g. kplus.ServiceAccount.fromServiceAccountName(...)'),
  podSecurityContext: fields<kplus.PodSecurityContextProps>({
    user: number,
    group: number,
    fsGroup: number,
    ensureNonRoot: flag,
    fsGroupChangePolicy: oneOf(kplus.FsGroupChangePolicy, 'a policy'),
    sysctls: list(fields<kplus.Sysctl>({ name: needed(text('e.g. \'net.core.somaxconn\''), 'give its name'), value: needed(text('its value'), 'give its value') }),
      'e.g. [{ name: \'net.core.somaxconn\', value: \'1024\' }]'),
  }),
  containerSecurityContext: fields<kplus.ContainerSecurityContextProps>({
    user: number,
    group: number,
    ensureNonRoot: flag,
    privileged: flag,
    readOnlyRootFilesystem: flag,
    allowPrivilegeEscalation: flag,
    capabilities: fields<kplus.ContainerSecutiryContextCapabilities>({ add: CAPABILITIES, drop: CAPABILITIES }),
    seccompProfile: fields<kplus.SeccompProfile>({
      type: needed(oneOf(kplus.SeccompProfileType, 'a type of seccomp profiles'), 'give e.g. kplus.SeccompProfileType.RUNTIME_DEFAULT'),
      localhostProfile: text('the path of the profile on the node'),
    }),
  }),
};
