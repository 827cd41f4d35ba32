import { ApiObject } from 'cdk8s';
import { showObject } from '../../rules/finding';
import { printable } from '../../rules/printable';

/**
 * The most bytes of an object: etcd takes requests of 1.5 MiB, and 32 KiB of that are left to what the API server adds. (The API server itself
 * takes 3 MiB of JSON.) ConfigMaps and Secrets have a limit of their own, 1 MiB.
 *
 * @see https://etcd.io/docs/latest/dev-guide/limit/
 */
export const LARGEST_OBJECT = 1.5 * 2 ** 20 - 2 ** 15;

/** An object that is too large for the API server to store. */
export function tooLarge({ kind, name, metadata: { namespace } }: ApiObject, manifest: unknown): string[] {
  if (mostBytes(manifest) <= LARGEST_OBJECT) return [];
  const bytes = Buffer.byteLength(JSON.stringify(manifest));
  return bytes <= LARGEST_OBJECT ? [] : [printable(
    `${showObject({ objectKind: kind, objectNamespace: namespace, objectName: name })}: has ${bytes} bytes, and the API server cannot store it `
    + `(\`etcdserver: request is too large\`); allowed: ${LARGEST_OBJECT}. Put what is large into an image or a volume`,
  )];
}

/** At least as many bytes as the JSON of a value has, in a tenth of the time that it takes to make that. */
function mostBytes(value: unknown): number {
  if (typeof value === 'string') return 6 * value.length + 3;
  if (typeof value !== 'object' || value === null) return 30;
  let sum = 2;
  for (const key of Object.keys(value)) sum += 6 * key.length + 4 + mostBytes((value as Record<string, unknown>)[key]);
  return sum;
}
