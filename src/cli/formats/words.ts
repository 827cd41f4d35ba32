import { Unknown } from '../../rules/lint';
import { Finding, showObject } from '../../rules/finding';

export function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

/** What is wrong, the value, what is allowed and how to fix it. */
export function oneLine({ message, value, allowed, fix }: Finding): string {
  return `${message}${value === undefined ? '' : ` (${value})`}. ${allowed === undefined ? '' : `Allowed: ${allowed}. `}${fix}`;
}

export function notChecked(one: Unknown): string {
  return `${showObject(one)} ${one.reason ?? 'looks like Celery, but its command is in its image'}: not checked`;
}
