import { Size } from 'cdk8s';
import * as checks from '../validation/checks';

/** `1Gi` rather than `1024Mi`: what a person would write, and what the API server makes of it. */
export function memoryQuantity(size: Size): string {
  const kibibytes = checks.kibibytes(size);
  const [step, unit] = UNITS.find(([candidate]) => kibibytes % candidate === 0) ?? [1, 'Ki'];
  return `${kibibytes / step}${unit}`;
}

const UNITS = [[1024 * 1024, 'Gi'], [1024, 'Mi']] as const;
