import { baseName } from './command/command';
import { asList, asText, get, isMap, JsonObject, Path } from './json';
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
    const { kind, name, namespace, apiVersion } = resource;
    const group = apiVersion.includes('/') ? ` of ${apiVersion.split('/')[0]}` : '';
    return [{
      objectKind: kind, objectName: name, objectNamespace: namespace || undefined, container: asText(container.name) ?? '', reason: `looks like Celery, but is in a ${kind}${group}`,
    }];
  }));
}

function containersOf({ json }: Resource): readonly JsonObject[] {
  return PODS.flatMap((path) => asList(get(json, ...path, 'containers')).filter(isMap));
}

/** Containers that are no Celery, whatever the name of their object is. */
const IS_OTHER = /redis|rabbit|valkey|postgres|mysql|mongo|memcache|export|metric|proxy|nginx|fluent|vector|promtail|gunicorn|uvicorn|(^|[^a-z])(web|api)([^a-z]|$)/i;

/** A word of its command, or a name, says Celery. */
function looksLikeCelery(container: JsonObject, { name }: Resource): boolean {
  const words = [...asList(container.command), ...asList(container.args)].map((word) => asText(word) ?? '');
  const [own, image] = [asText(container.name) ?? '', baseName(asText(container.image) ?? '')];
  const names = [own, image, ...IS_OTHER.test(`${own} ${image}`) ? [] : [name]];
  return words.some((word) => /\bcelery\b/i.test(word)) || names.some((text) => /\bcelery(?!-?(?:export|metric))/i.test(text));
}
