import { Misuse } from './command';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of `90s`, `10m`, `2h`, `7d`. */
export function readDuration(option: string, text: string, usage: string, kind = 'a duration'): number {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (unit === undefined) throw new Misuse(`${option} ${text} is not ${kind}; give a whole number and s, m, h or d, such as 90s`, usage);
  return Number(digits) * SECONDS[unit];
}

export function shownDuration(seconds: number): string {
  const unit = ['d', 'h', 'm'].find((one) => seconds > 0 && seconds % SECONDS[one] === 0) ?? 's';
  return `${seconds / SECONDS[unit]}${unit}`;
}
