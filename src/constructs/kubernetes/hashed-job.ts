import { ApiObject } from 'cdk8s';
import { canonicalJson, get } from '../../manifests/json';
import { showObject } from '../../rules/finding';
import { printable } from '../../rules/printable';
import { Notes } from '../../memo';

/** Jobs that are named by their content, with what the name is of. */
const contents = new Notes<ApiObject, string>();

/** Remembers that the name of a Job is a hash of its spec. */
export function namedByContent(object: ApiObject, spec: unknown): ApiObject {
  contents.set(object, canonicalJson(spec));
  return object;
}

/** A JSON patch has changed the spec of a Job, and not its name: the API server refuses to apply it where the Job exists already. */
export function changedJob(object: ApiObject, manifest: unknown): string[] {
  const content = contents.get(object);
  const { kind, name, metadata: { namespace } } = object;
  if (content === undefined || canonicalJson(get(manifest, 'spec')) === content || get(manifest, 'metadata', 'name') !== name) return [];
  return [printable(
    `${showObject({ objectKind: kind, objectNamespace: namespace, objectName: name })}, spec: a JSON patch has changed it, and the name is a hash of what it was: `
    + 'a Job that exists cannot be changed (`field is immutable`). Give the change as a prop of CeleryJob; or also patch /metadata/name',
  )];
}
