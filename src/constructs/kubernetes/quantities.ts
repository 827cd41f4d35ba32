import { JsonPatch, Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import * as checks from '../validation/checks';

/** `1Gi` rather than `1024Mi`: what a person would write, and what the API server makes of it. */
export function memoryQuantity(size: Size): string {
  const kibibytes = checks.kibibytes(size);
  const [step, unit] = UNITS.find(([candidate]) => kibibytes % candidate === 0) ?? [1, 'Ki'];
  return `${kibibytes / step}${unit}`;
}

const UNITS = [[1024 * 1024, 'Gi'], [1024, 'Mi']] as const;

/** `500m` rather than `0.5`, `1` rather than `1000m`. */
export function cpuQuantity(cpu: kplus.Cpu): string {
  const millis = checks.millicpus(cpu);
  return millis % 1000 === 0 ? `${millis / 1000}` : `${millis}m`;
}

/**
 * Writes the quantities of a container as the API server does. cdk8s-plus writes `1024Mi` and `1000m`, and `kubectl apply` would
 * have something to change each time.
 */
export function canonicalQuantities(container: string, { cpu, memory }: kplus.ContainerResources): JsonPatch[] {
  const replace = (field: string, value: string): JsonPatch => JsonPatch.replace(`${container}/resources/${field}`, { value });
  return [
    ...(cpu?.request ? [replace('requests/cpu', cpuQuantity(cpu.request))] : []),
    ...(cpu?.limit ? [replace('limits/cpu', cpuQuantity(cpu.limit))] : []),
    ...(memory?.request ? [replace('requests/memory', memoryQuantity(memory.request))] : []),
    ...(memory?.limit ? [replace('limits/memory', memoryQuantity(memory.limit))] : []),
  ];
}
