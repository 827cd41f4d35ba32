import type { Unacked } from './broker';
import { printable, printableLine, shortened } from '../rules/printable';

const LONGEST_CELL = 300;

/** Rows under a header, aligned as kubectl aligns them; nothing in a cell is obeyed by a terminal. */
export function table(header: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const cells = [header, ...rows.map((row) => row.map((cell) => shortened(printable(cell), LONGEST_CELL)))];
  const widths = header.map((_title, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells.map((row) => `${printableLine(row.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd())}\n`).join('');
}

/** Seconds as kubectl shows an age: 90s, 5m, 3h. */
export function shownAge(seconds: number): string {
  if (!(seconds >= 0)) return '?';
  const [unit, size] = seconds < 120 ? ['s', 1] : seconds < 7200 ? ['m', 60] : ['h', 3600];
  return `${Math.round(seconds / Number(size))}${unit}`;
}

/** `3 messages are delivered and not acknowledged, the oldest for 25m`. */
export function sayUnacked({ count, age }: Unacked): string {
  return `${count} message${count === 1 ? ' is' : 's are'} delivered and not acknowledged${count > 0 && age !== undefined ? `, the oldest for ${shownAge(age)}` : ''}`;
}
