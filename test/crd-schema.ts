import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';

/** A schema of a custom resource, as far as those in crds/ use it. */
interface Schema {
  readonly 'type'?: string;
  readonly 'properties'?: Record<string, Schema>;
  readonly 'additionalProperties'?: Schema | boolean;
  readonly 'items'?: Schema;
  readonly 'required'?: readonly string[];
  readonly 'enum'?: readonly unknown[];
  readonly 'pattern'?: string;
  readonly 'minimum'?: number;
  readonly 'maximum'?: number;
  readonly 'minLength'?: number;
  readonly 'maxLength'?: number;
  readonly 'minItems'?: number;
  readonly 'maxItems'?: number;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

const CRDS = join(__dirname, '../crds');
const FILES = readdirSync(CRDS);
const schemas = new Map<string, Schema>();

/** Whether crds/ has definitions of a group: `keda.sh/v1alpha1`. */
export function isCustomGroup(apiVersion: string): boolean {
  return FILES.some((file) => file.startsWith(`${apiVersion.split('/')[0]}_`));
}

/** What is wrong with a custom resource, by its definition in crds/: unknown fields, wrong types, missing fields. */
export function crdProblems(manifest: Record<string, unknown>): string[] {
  const { apiVersion, kind, metadata: _metadata, ...rest } = manifest as { apiVersion: string; kind: string; metadata: object };
  const [group] = apiVersion.split('/');
  if (![...schemas.keys()].some((key) => key.startsWith(`${group}/`))) {
    for (const file of FILES.filter((name) => name.startsWith(`${group}_`))) {
      const { spec } = load(readFileSync(join(CRDS, file), 'utf8')) as Definition;
      for (const version of spec.versions) schemas.set(`${spec.group}/${version.name} ${spec.names.kind}`, version.schema.openAPIV3Schema);
    }
  }
  const schema = schemas.get(`${apiVersion} ${kind}`);
  if (!schema) return [`${apiVersion} ${kind}: has no definition in crds/`];
  const { apiVersion: _1, kind: _2, metadata: _3, ...properties } = schema.properties!;
  return check({ ...schema, properties }, rest, '');
}

function check(schema: Schema, value: unknown, path: string): string[] {
  const wrong = (what: string): string[] => [`${path || '.'}: ${JSON.stringify(value)} ${what}`];
  if (schema['x-kubernetes-int-or-string']) return typeof value === 'string' || Number.isSafeInteger(value) ? [] : wrong('is neither a whole number nor a string');
  const { properties = {}, additionalProperties, items, required = [] } = schema;
  switch (schema.type) {
    case 'string': if (typeof value !== 'string') return wrong('is not a string'); break;
    case 'boolean': if (typeof value !== 'boolean') return wrong('is not a boolean'); break;
    case 'integer': if (!Number.isSafeInteger(value)) return wrong('is not a whole number'); break;
    case 'number': if (typeof value !== 'number') return wrong('is not a number'); break;
    case 'array': if (!Array.isArray(value)) return wrong('is not a list'); break;
    case 'object': if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong('is not an object'); break;
  }
  const limits: [boolean, string][] = [
    [schema.enum !== undefined && !schema.enum.includes(value), `is not one of ${schema.enum?.join(', ')}`],
    [typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value), `does not match ${schema.pattern}`],
    [typeof value === 'string' && value.length < (schema.minLength ?? 0), 'is too short'],
    [typeof value === 'string' && value.length > (schema.maxLength ?? Infinity), 'is too long'],
    [typeof value === 'number' && value < (schema.minimum ?? -Infinity), `is less than ${schema.minimum}`],
    [typeof value === 'number' && value > (schema.maximum ?? Infinity), `is more than ${schema.maximum}`],
    [Array.isArray(value) && value.length < (schema.minItems ?? 0), 'has too few items'],
    [Array.isArray(value) && value.length > (schema.maxItems ?? Infinity), 'has too many items'],
  ];
  const broken = limits.filter(([is]) => is).flatMap(([, what]) => wrong(what));
  if (Array.isArray(value)) return [...broken, ...items ? value.flatMap((item, i) => check(items, item, `${path}[${i}]`)) : []];
  if (schema.type !== 'object') return broken;
  return [
    ...broken,
    ...required.filter((name) => !(name in (value as object))).map((name) => `${path}.${name}: is missing`),
    ...Object.entries(value as object).flatMap(([name, item]) => {
      const field = Object.hasOwn(properties, name) ? properties[name] : typeof additionalProperties === 'object' ? additionalProperties : undefined;
      if (field) return check(field, item, `${path}.${name}`);
      return schema['x-kubernetes-preserve-unknown-fields'] || additionalProperties === true ? [] : [`${path}.${name}: is not a field`];
    }),
  ];
}
