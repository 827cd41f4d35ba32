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

/** The entries of a Secret. Their values only tell what leads where, and no message shows one. */
export const secretData: (secret: Resource) => ReadonlyMap<string, string> = lazy(({ json }: Resource) => new Map([
  ...Object.entries(asMap(json.data)).map(([entry, value]) => [entry, Buffer.from(asScalar(value) ?? '', 'base64').toString()] as const),
  ...Object.entries(asMap(json.stringData)).map(([entry, value]) => [entry, asScalar(value) ?? ''] as const),
]));
