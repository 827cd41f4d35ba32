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
  const bytes = Buffer.byteLength(JSON.stringify(manifest));
  return bytes <= LARGEST_OBJECT ? [] : [printable(
    `${showObject({ objectKind: kind, objectNamespace: namespace, objectName: name })}: has ${bytes} bytes, and the API server cannot store it `
    + `(\`etcdserver: request is too large\`); allowed: ${LARGEST_OBJECT}. Put what is large into an image or a volume`,
  )];
}
