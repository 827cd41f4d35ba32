import { hasPlaceholder } from '../celery/filled-in';
import { boundVolume, claimNamed } from './claims';
import { asList, asMap, asScalar, asText, get, Path } from './json';
import { Workload } from './pod/workload';
import { World } from './world';

export interface NoNode {
  readonly path: Path;
  readonly value: string;
  /** Who asks for other nodes than the nodeSelector of the pod. */
  readonly by: string;
  readonly allowed: string;
}

/** What a nodeSelector and node affinities ask of one node, if they exclude each other: those of the pod, or of a volume that a claim names. */
export function withoutNode({ spec, specPath, resource, volumes }: Workload, world: World): NoNode[] {
  const labels = Object.entries(asMap(spec.nodeSelector)).flatMap(([key, value]) => {
    const text = asScalar(value);
    return text === undefined || hasPlaceholder(text) ? [] : [[key, text] as const];
  });
  const affinities = [
    { by: 'its nodeAffinity', terms: get(spec, 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution', 'nodeSelectorTerms') },
    ...[...volumes.values()].flatMap(({ claim }) => {
      const named = claim === undefined ? undefined : claimNamed(claim, resource.namespace, world);
      const volume = get(named, 'spec', 'volumeName') === undefined ? undefined : boundVolume(named, world);
      return volume ? [{ by: `PersistentVolume ${asText(get(volume, 'metadata', 'name')) ?? ''}`, terms: get(volume, 'spec', 'nodeAffinity', 'required', 'nodeSelectorTerms') }] : [];
    }),
  ];
  return affinities.flatMap(({ by, terms }) => labels.flatMap(([key, value]) => {
    const asked = asList(terms).map((term) => asList(get(term, 'matchExpressions')).find((one) => excludes(one, key, value)));
    if (asked.length === 0 || asked.includes(undefined)) return [];
    return [{ path: [...specPath, 'nodeSelector', key], value: `${key}: ${value}`, by, allowed: [...new Set(asked.map(shown))].join(' or ') }];
  }));
}

function excludes(expression: unknown, label: string, value: string): boolean {
  const values = asList(get(expression, 'values')).map((one) => asScalar(one) ?? '');
  if (get(expression, 'key') !== label || values.some((one) => hasPlaceholder(one))) return false;
  switch (get(expression, 'operator')) {
    case 'In': return !values.includes(value);
    case 'NotIn': return values.includes(value);
    case 'DoesNotExist': return true;
    default: return false;
  }
}

function shown(expression: unknown): string {
  const values = asList(get(expression, 'values')).map((one) => asScalar(one)).join(', ');
  return `${asText(get(expression, 'key')) ?? ''} ${asText(get(expression, 'operator')) ?? ''} ${values}`.trim();
}
