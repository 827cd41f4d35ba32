/** A field of Celery's crontab(): the numbers that it takes, and the names. */
interface CrontabField {
  readonly from: number;
  readonly to: number;
  readonly names?: RegExp;
}

/** By the names of the arguments, in the order of those without a name. */
const FIELDS: ReadonlyMap<string, CrontabField> = new Map([
  ['minute', { from: 0, to: 59 }], ['hour', { from: 0, to: 23 }],
  ['day_of_week', { from: 0, to: 6, names: /^(sun|mon|tue|wed|thu|fri|sat)/i }], ['day_of_month', { from: 1, to: 31 }],
  ['month_of_year', { from: 1, to: 12, names: /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/i }],
]);

/** An argument of crontab() that it does not take. */
export interface CrontabFault {
  readonly value: string;
  readonly allowed: string;
}

/** A part of an expression: `*`, `5`, `1-5`, with a step behind it. */
function isPart(part: string, { from, to, names }: CrontabField): boolean {
  const [, range, step] = /^([^/]*)(?:\/(\d+))?$/.exec(part) ?? [undefined, ''];
  if (range === '' || (step !== undefined && (Number(step) === 0 || /^\d+$/.test(range)))) return false;
  // A name needs no more than its first letters, and a range may go around the end.
  return range === '*' || range.split('-').every((word) => /^\d+$/.test(word) ? Number(word) >= from && Number(word) <= to : names?.test(word) ?? false);
}

/** The first literal argument in the parentheses of `crontab(...)` that Celery refuses when it is called. */
export function crontabFault(args: string): CrontabFault | undefined {
  const names = [...FIELDS.keys()];
  // Commas in quotes and brackets are no separators.
  for (const [i, [arg]] of [...args.matchAll(/(?:"[^"\n]*"|'[^'\n]*'|\[[^\]]*\]|\{[^}]*\}|\([^)]*\)|[^,"'[\](){}])+/g)].entries()) {
    const [, name = names[i] ?? '', literal] = /^\s*(?:(\w+)\s*=\s*)?(.*?)\s*$/s.exec(arg)!;
    const field = FIELDS.get(name);
    const text = /^-?\d+$/.test(literal) ? literal : /^(["'])([^"'\\{}]*)\1$/.exec(literal)?.[2];
    if (!field || text === undefined || text.split(',').every((part) => isPart(part.trim(), field))) continue;
    return { value: `${name}=${literal}`, allowed: `${field.from} to ${field.to}${field.names ? ', or a name such as mon' : ''}`.replace('mon', name === 'month_of_year' ? 'jan' : 'mon') };
  }
  return undefined;
}

/** The same of the text of `crontab.from_string("...")`, which has the order of cron, and one blank between two fields. */
export function cronTextFault(text: string): CrontabFault | undefined {
  const parts = text.split(' ');
  if (parts.length !== 5) return { value: `"${text}"`, allowed: 'five fields with one blank between two of them' };
  const [minute, hour, day, month, weekday] = parts;
  return crontabFault([minute, hour, weekday, day, month].map((part) => `"${part}"`).join(', '));
}
