import { lazy } from '../../memo';
import { asMap, asScalar } from '../json';
import { Resource } from '../resource';

/** The objects that a pod may refer to: those of its namespace. */
export interface Sources {
  readonly configMap: (name: string) => Resource | undefined;
  readonly secret: (name: string) => Resource | undefined;
}

/** The entries of a ConfigMap. */
export const configMapData: (configMap: Resource) => ReadonlyMap<string, string> = lazy(({ json }: Resource) =>
  new Map(Object.entries(asMap(json.data)).map(([entry, value]) => [entry, asScalar(value) ?? ''])));

/** Their names in a Secret: the values are nobody's business. */
export const secretKeys: (secret: Resource) => ReadonlySet<string> = lazy(({ json }: Resource) =>
  new Set([...Object.keys(asMap(json.data)), ...Object.keys(asMap(json.stringData))]));
