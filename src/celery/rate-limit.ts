const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/**
 * The seconds between two tasks of a rate limit, `'10/m'` or a number of tasks a second, in one worker; 0 for none, and undefined for what is no
 * literal, or None, which is what the setting says.
 *
 * @see celery/utils/time.py, rate
 */
export function rateInterval(given: unknown): number | undefined {
  const [, text, unit = 's'] = /^((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)(?:\/([smh])?)?$/.exec(typeof given === 'number' ? String(given) : typeof given === 'string' ? given.trim() : '') ?? [];
  if (text === undefined) return undefined;
  return Number(text) === 0 ? 0 : SECONDS[unit] / Number(text);
}
