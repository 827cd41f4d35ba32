import { Duration, Size, SizeRoundingBehavior } from 'cdk8s';
import { Described, Problem } from './problems';
import { imageProblem } from '../../celery/image';
import { DNS_LABEL, DNS_SUBDOMAIN } from '../../manifests/names';

// Each check returns the problems of one value: none when it is fine, or when it was not given.

const MAX_NAME = DNS_LABEL.longest;

/** Names that end up in DNS, in labels and in the names of pods. */
export function name(prop: string, value: string): Problem[] {
  if (value?.length > MAX_NAME) {
    return [{
      prop, value, wrong: `has ${value.length} characters, and Kubernetes allows ${MAX_NAME}`,
      fix: 'give a shorter name, or a shorter construct id',
    }];
  }
  return typeof value === 'string' && DNS_LABEL.of.test(value) ? [] : [{
    prop, value, wrong: 'is not a name that Kubernetes accepts',
    fix: 'use lower-case letters, digits and "-", beginning and ending with a letter or digit',
  }];
}

/** Names of Services, which DNS takes: one that is right for all else may not begin with a digit. */
export function serviceName(prop: string, value: string): Problem[] {
  return typeof value === 'string' && /^\d/.test(value) ? [{
    prop, value, wrong: 'is not a name that Kubernetes accepts for a Service', fix: 'give one that begins with a letter',
  }] : [];
}

/** Names of objects that exist already: claims, Secrets, classes. */
export function objectName(prop: string, value: string | undefined): Problem[] {
  return value === undefined || (typeof value === 'string' && value.length <= DNS_SUBDOMAIN.longest && DNS_SUBDOMAIN.of.test(value)) ? [] : [{
    prop, value, wrong: 'is not a name that Kubernetes accepts',
    fix: 'use lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit',
  }];
}

/** Names of Secrets: what is given in their place may be the secret itself, and is shown only where it looks like a name. */
export function secretName(prop: string, value: string | undefined): Problem[] {
  return objectName(prop, value).map((problem) => ({ ...problem, value: likeName(value) }));
}

/** A value that is no name, as a message may show it in the place of the name of a Secret. */
export function likeName(value: unknown): unknown {
  return typeof value === 'string' && !/^[A-Za-z_. -]{0,40}$/.test(value) ? new Described(`a string of ${value.length} characters`) : value;
}

/** The one host of an Ingress or a route. */
export function hostName(prop: string, value: string | undefined): Problem[] {
  if (typeof value !== 'string') return [];
  const labels = value.split('.');
  const fits = value.length <= DNS_SUBDOMAIN.longest && labels.every((label) => label.length <= MAX_NAME && DNS_LABEL.of.test(label)) && !/^\d+$/.test(labels.at(-1)!);
  return fits ? [] : [{
    prop, value, wrong: 'is not a DNS name',
    fix: 'give one name in lower-case letters, without scheme, port, path and wildcard, e.g. \'flower.example.com\'',
  }];
}

/** The largest number of most fields of the Kubernetes API. */
export const INT32 = 2 ** 31 - 1;

/** Counts: replicas, concurrency, tasks per child. */
export function wholeNumber(prop: string, value: number | undefined, least: number, most = Number.MAX_SAFE_INTEGER): Problem[] {
  if (Number.isSafeInteger(value) && value! > most) return [{ prop, value, wrong: `is more than ${most}`, fix: `give a whole number from ${least} to ${most}` }];
  return value === undefined || (Number.isSafeInteger(value) && value >= least) ? [] : [{
    prop, value, wrong: `is not a whole number of at least ${least}`,
    fix: `give a whole number from ${least} ${most >= INT32 ? 'upwards' : `to ${most}`}`,
  }];
}

/** Durations that become whole seconds. */
export function seconds(prop: string, value: Duration | undefined, least = 1): Problem[] {
  if (value === undefined) return [];
  const amount = value.toMilliseconds() / 1000;
  if (amount > INT32) return [{ prop, value: value.toHumanString(), wrong: `is more than ${INT32} seconds`, fix: 'give a shorter time, or leave it out' }];
  return Number.isInteger(amount) && amount >= least ? [] : [{
    prop, value: value.toHumanString(), wrong: `is not a whole number of at least ${least} seconds`,
    fix: `give e.g. Duration.seconds(${Math.max(least, 30)})`,
  }];
}

/** Image references. */
export function image(prop: string, value: string): Problem[] {
  const problem = imageProblem(typeof value === 'string' ? value : '');
  return problem ? [{ prop, value, ...problem }] : [];
}

/** The size in KiB, without the exception that `Size` has for what is not a whole number. */
export function kibibytes(value: Size): number {
  return value.toKibibytes({ rounding: SizeRoundingBehavior.NONE });
}
