import { baseName } from './command/command';
import { asList, asMap, asText, get, JsonObject, Path } from './json';
import { Workload } from './pod/workload';
import { Resource } from './resource';
import type { World } from './world';

/** A container in an object of which no rule knows that it runs pods. */
export interface Elsewhere {
  readonly objectKind: string;
  readonly objectName: string;
  readonly objectNamespace?: string;
  readonly container: string;
  readonly reason: string;
}

/** Where other kinds keep their pods: a CloneSet of OpenKruise, a Service of Knative, a PodTemplate, a WorkflowTemplate. */
const PODS: readonly Path[] = [['spec', 'template', 'spec'], ['spec', 'jobTemplate', 'spec', 'template', 'spec'], ['template', 'spec'], ['spec', 'podTemplate', 'spec']];

/** Containers that look like Celery, in objects that no rule examines. */
export function inOtherKinds(world: World): readonly Elsewhere[] {
  return world.resources.filter((resource) => !Workload.isKnown(resource)).flatMap((resource) => containersOf(resource).flatMap((container) => {
    if (!looksLikeCelery(container, resource)) return [];
    const { kind, name, namespace } = resource;
    return [{
      objectKind: kind, objectName: name, objectNamespace: namespace || undefined, container: asText(container.name) ?? '', reason: `looks like Celery, but is in a ${kind}`,
    }];
  }));
}

function containersOf({ json }: Resource): readonly JsonObject[] {
  return PODS.flatMap((path) => asList(get(json, ...path, 'containers')).map(asMap));
}

/** A word of its command, or a name, says Celery. */
function looksLikeCelery(container: JsonObject, { name }: Resource): boolean {
  const words = [...asList(container.command), ...asList(container.args)].map((word) => asText(word) ?? '');
  const names = [asText(container.name), baseName(asText(container.image) ?? ''), name].map((text) => text ?? '');
  return words.some((word) => /\bcelery\b/i.test(word)) || names.some((text) => /\bcelery(?!-?(?:export|metric))/i.test(text));
}
