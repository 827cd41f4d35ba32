import { Recognised } from './result';
import { Unknown } from '../../rules/lint';
import { Finding, showObject } from '../../rules/finding';

export function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** `2 workers, 1 Beat, 1 Flower, 1 Redis (broker), 3 containers not recognised`; empty where there is none of them. */
export function recognisedAs({ workers, beats, flowers, servers, exporters }: Recognised, unrecognised: number): string {
  return [
    ...workers > 0 ? [plural(workers, 'worker')] : [], ...beats > 0 ? [plural(beats, 'Beat')] : [], ...flowers > 0 ? [plural(flowers, 'Flower')] : [],
    ...Object.entries(servers).map(([name, number]) => `${number} ${name}`), ...exporters > 0 ? [plural(exporters, 'exporter')] : [],
    ...unrecognised > 0 ? [`${plural(unrecognised, 'container')} not recognised`] : [],
  ].join(', ');
}

/** What is wrong, the value, what is allowed and how to fix it. */
export function oneLine({ message, value, allowed, fix }: Finding): string {
  return `${message}${value === undefined ? '' : ` (${value})`}. ${allowed === undefined ? '' : `Allowed: ${allowed}. `}${fix}`;
}

export function notChecked(one: Unknown): string {
  return `${showObject(one)} ${one.reason ?? 'looks like Celery, but its command is in its image'}: not checked`;
}
