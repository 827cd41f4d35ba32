import { Duration, Size, SizeRoundingBehavior } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Problem } from './problems';
import { imageProblem } from '../../celery/image';

// Each check returns the problems of one value: none when it is fine, or when it was not given.

const MAX_NAME = 63;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;
const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** Names that end up in DNS, in labels and in the names of pods. */
export function name(prop: string, value: string): Problem[] {
  if (value?.length > MAX_NAME) {
    return [{
      prop, value, wrong: `has ${value.length} characters, and Kubernetes allows ${MAX_NAME}`,
      fix: 'give a shorter name, or a shorter construct id',
    }];
  }
  return typeof value === 'string' && DNS_LABEL.test(value) ? [] : [{
    prop, value, wrong: 'is not a name that Kubernetes accepts',
    fix: 'use lower-case letters, digits and "-", beginning and ending with a letter or digit',
  }];
}

/** Names of objects that exist already: claims, Secrets, classes. */
export function objectName(prop: string, value: string | undefined): Problem[] {
  return value === undefined || (typeof value === 'string' && value.length <= 253 && DNS_SUBDOMAIN.test(value)) ? [] : [{
    prop, value, wrong: 'is not a name that Kubernetes accepts',
    fix: 'use lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit',
  }];
}

/** Counts: replicas, concurrency, tasks per child. */
export function wholeNumber(prop: string, value: number | undefined, least: number): Problem[] {
  return value === undefined || (Number.isSafeInteger(value) && value >= least) ? [] : [{
    prop, value, wrong: `is not a whole number of at least ${least}`, fix: `give a whole number from ${least} upwards`,
  }];
}

/** Durations that become whole seconds. */
export function seconds(prop: string, value: Duration | undefined, least = 1): Problem[] {
  if (value === undefined) return [];
  const amount = value.toMilliseconds() / 1000;
  return Number.isInteger(amount) && amount >= least ? [] : [{
    prop, value: value.toHumanString(), wrong: `is not a whole number of at least ${least} seconds`,
    fix: `give e.g. Duration.seconds(${Math.max(least, 30)})`,
  }];
}

/** A label or node selector: keys with an optional prefix, values of at most 63 characters. */
export function labels(prop: string, values: Record<string, string> | undefined): Problem[] {
  return Object.entries(values ?? {}).flatMap(([key, value]) => [
    ...qualifiedKey(prop, key),
    ...(value === '' || QUALIFIED_NAME.test(value) ? [] : [{
      prop: `${prop}['${key}']`, value, wrong: 'is not a label value that Kubernetes accepts',
      fix: `use at most ${MAX_NAME} letters, digits, "-", "_" and ".", beginning and ending with a letter or digit`,
    }]),
  ]);
}

/** Annotations: keys as those of labels, any text as value. */
export function annotations(prop: string, values: Record<string, string> | undefined): Problem[] {
  return Object.keys(values ?? {}).flatMap((key) => qualifiedKey(prop, key));
}

function qualifiedKey(prop: string, key: string): Problem[] {
  const [prefix, local] = key.includes('/') ? [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)] : [undefined, key];
  if (key === 'constructor') {
    return [{ prop, value: key, wrong: 'is a key that cdk8s can\'t write', fix: 'use another key' }];
  }
  const valid = QUALIFIED_NAME.test(local) && (prefix === undefined || (prefix.length <= 253 && DNS_SUBDOMAIN.test(prefix)));
  return valid ? [] : [{
    prop, value: key, wrong: 'is not a key that Kubernetes accepts',
    fix: 'use "name" or "dns.prefix/name", with at most 63 letters, digits, "-", "_" and "." in the name',
  }];
}

/** Environment variables: a name that the kubelet sets, and a value that is the same on every machine. */
export function env(prop: string, values: Record<string, kplus.EnvValue> | undefined): Problem[] {
  return Object.entries(values ?? {}).flatMap(([key, value]) => [
    ...(ENV_NAME.test(key) ? [] : [{
      prop, value: key, wrong: 'is not a name of an environment variable', fix: 'use letters, digits, "_", "-" and ".", not beginning with a digit',
    }]),
    ...(value.value === undefined && value.valueFrom === undefined ? [{
      prop: `${prop}.${key}`, value: undefined, wrong: 'has no value (EnvValue.fromProcess of a variable that is not set?)',
      fix: 'give kplus.EnvValue.fromValue(...) or a Secret or ConfigMap',
    }] : []),
  ]);
}

/** Image references. */
export function image(prop: string, value: string): Problem[] {
  const problem = imageProblem(typeof value === 'string' ? value : '');
  return problem ? [{ prop, value, ...problem }] : [];
}

/** CPU and memory: quantities that Kubernetes accepts, and requests that do not exceed their limits. */
export function resources(prop: string, value: kplus.ContainerResources | undefined): Problem[] {
  const { cpu, memory, ephemeralStorage } = value ?? {};
  return [
    ...amounts(`${prop}.cpu`, cpu?.request && [cpu.request.amount, millicpus(cpu.request)], cpu?.limit && [cpu.limit.amount, millicpus(cpu.limit)],
      'give e.g. kplus.Cpu.millis(250), in steps of 1m'),
    ...amounts(`${prop}.memory`, memory?.request && size(memory.request), memory?.limit && size(memory.limit),
      'give e.g. Size.mebibytes(256), in steps of 1Mi'),
    ...amounts(`${prop}.ephemeralStorage`, ephemeralStorage?.request && size(ephemeralStorage.request, GIBI),
      ephemeralStorage?.limit && size(ephemeralStorage.limit, GIBI), 'give e.g. Size.gibibytes(1), in steps of 1Gi'),
  ];
}

/** What the user wrote, and its number of the smallest steps; not a whole number where Kubernetes or cdk8s-plus refuses it. */
type Amount = readonly [string, number];

const MEBI = 1024;
const GIBI = 1024 * 1024;

/** The amount in thousandths of a CPU; NaN where it is not a quantity. */
export function millicpus(cpu: kplus.Cpu): number {
  const text = String(cpu.amount);
  return /^\d+m$/.test(text) ? Number(text.slice(0, -1)) : /^\d+(\.\d{1,3})?$/.test(text) ? Math.round(Number(text) * 1000) : NaN;
}

function size(value: Size, step = MEBI): Amount {
  return [value.asString(), kibibytes(value) / step];
}

/** The size in KiB, without the exception that `Size` has for what is not a whole number. */
export function kibibytes(value: Size): number {
  return value.toKibibytes({ rounding: SizeRoundingBehavior.NONE });
}

function amounts(prop: string, request: Amount | undefined, limit: Amount | undefined, fix: string): Problem[] {
  const wrong = 'is not a quantity that Kubernetes accepts here';
  const bad = (part: string, amount: Amount | undefined): Problem[] => amount === undefined || (Number.isInteger(amount[1]) && amount[1] > 0) ? []
    : [{ prop: `${prop}.${part}`, value: amount[0], wrong, fix }];
  const problems = [...bad('request', request), ...bad('limit', limit)];
  if (problems.length === 0 && request && limit && request[1] > limit[1]) {
    return [{ prop: `${prop}.request`, value: request[0], wrong: `is more than the limit ${limit[0]}`, fix: 'lower the request or raise the limit' }];
  }
  return problems;
}
