import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 optimize functions later. A run of lint takes seconds, in which the optimizing compiler costs more than it saves: 15 percent of the
 * processor time for 10 000 objects. Only with the V8 of Node.js 20, where this was measured, and which has this flag.
 */
export function optimizeLate(): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString('--interrupt-budget=400000');
}
