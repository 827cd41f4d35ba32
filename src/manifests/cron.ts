/** The fields of a schedule, as the CronJob controller reads them. Sunday is 0, and not 7. */
const FIELDS: ReadonlyArray<{ readonly name: string; readonly from: number; readonly to: number; readonly words: readonly string[] }> = [
  { name: 'minute', from: 0, to: 59, words: [] },
  { name: 'hour', from: 0, to: 23, words: [] },
  { name: 'day of the month', from: 1, to: 31, words: [] },
  { name: 'month', from: 1, to: 12, words: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'day of the week', from: 0, to: 6, words: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

const DESCRIPTOR = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every [+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$/;

/** Why a schedule is none, as the end of a sentence that begins with it; undefined where it is one. */
export function badSchedule(text: string): string | undefined {
  const schedule = text.trim();
  // Refused since Kubernetes 1.29; the controller has never had it in its documentation.
  if (/^(CRON_)?TZ=/.test(schedule)) return 'timeZone has the time zone';
  if (schedule.startsWith('@')) return DESCRIPTOR.test(schedule) ? undefined : 'it is none of @yearly, @monthly, @weekly, @daily, @hourly and @every';
  const parts = schedule.split(/\s+/);
  if (parts.length !== FIELDS.length) return `it has ${schedule === '' ? 0 : parts.length} fields`;
  const wrong = FIELDS.find(({ from, to, words }, i) => !parts[i].split(',').every((item) => item === '' || isItem(item, from, to, words)));
  return wrong && `the ${wrong.name} is ${wrong.from} to ${wrong.to}`;
}

/** `5`, `1-5`, `mon-fri`, `*`, and each of them with a step. After a `*` the end of a range is not read. */
function isItem(item: string, from: number, to: number, words: readonly string[]): boolean {
  const [range, step, ...others] = item.split('/');
  if (others.length > 0 || (step !== undefined && !(/^\d+$/.test(step) && Number(step) > 0))) return false;
  const bounds = range.split('-');
  if (bounds[0] === '*' || bounds[0] === '?') return bounds.length <= 2;
  const ends = bounds.map((end) => /^\d+$/.test(end) ? Number(end) : words.includes(end.toLowerCase()) ? from + words.indexOf(end.toLowerCase()) : NaN);
  return ends.length <= 2 && ends.every((end) => end >= from && end <= to) && (ends.length === 1 || ends[0] <= ends[1]);
}
