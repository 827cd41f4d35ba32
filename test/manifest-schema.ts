import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { crdProblems, isCustomGroup } from './crd-schema';

/**
 * Strict structural validation of manifests: unknown fields, wrong types, missing fields.
 *
 * The schema is what `kubernetes-types` declares. Its files are generated and as regular as a table, so they are read as one:
 * that costs milliseconds, where a program of the TypeScript compiler costs a second.
 */
export function schemaProblems(manifest: unknown): string[] {
  const { apiVersion, kind } = (manifest ?? {}) as Record<string, unknown>;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return ['apiVersion and kind: are missing'];
  if (isCustomGroup(apiVersion)) return crdProblems(manifest as Record<string, unknown>);
  const file = fileOf(apiVersion);
  if (!file || !(kind in declarations(file).interfaces)) return [`${apiVersion} ${kind}: is not a kind that Kubernetes has`];
  return check({ file, type: kind }, manifest, '');
}

/** A type expression, and the file whose names it uses. */
interface TypeRef {
  readonly file: string;
  readonly type: string;
}

interface Field {
  readonly type: string;
  readonly required: boolean;
}

interface Declarations {
  readonly interfaces: Record<string, Record<string, Field>>;
  readonly aliases: Record<string, string>;
  /** The files that imported names are from. */
  readonly imports: Record<string, string>;
}

const ROOT = dirname(require.resolve('kubernetes-types/package.json'));

/** What is more than its type says. */
const FORMATS: Record<string, RegExp> = {
  Quantity: /^[+-]?(\d+(\.\d*)?|\.\d+)([EPTGMK]i|[numkMGTPE]|Ki|[eE][+-]?\d+)?$/,
};

/** Enumerations that kubernetes-types has as strings, of the fields that we set. */
const VALUES: Record<string, readonly string[]> = {
  'Container.imagePullPolicy': ['Always', 'IfNotPresent', 'Never'],
  'ContainerPort.protocol': ['TCP', 'UDP', 'SCTP'],
  'DeploymentStrategy.type': ['Recreate', 'RollingUpdate'],
  'HTTPGetAction.scheme': ['HTTP', 'HTTPS'],
  'NetworkPolicyPort.protocol': ['TCP', 'UDP', 'SCTP'],
  'PodSecurityContext.fsGroupChangePolicy': ['OnRootMismatch', 'Always'],
  'PodSpec.dnsPolicy': ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'],
  'PodSpec.restartPolicy': ['Always', 'OnFailure', 'Never'],
  'SeccompProfile.type': ['RuntimeDefault', 'Localhost', 'Unconfined'],
  'ServiceSpec.type': ['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName'],
  'Toleration.effect': ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
  'Toleration.operator': ['Exists', 'Equal'],
};

function check(ref: TypeRef, value: unknown, path: string): string[] {
  const { file, type } = ref;
  const wrong = (expected: string): string[] => [`${path || '.'}: ${JSON.stringify(value)} is not ${expected}`];
  const inner = (of: string) => ({ file, type: of });
  switch (type) {
    case 'string': return typeof value === 'string' ? [] : wrong('a string');
    case 'boolean': return typeof value === 'boolean' ? [] : wrong('true or false');
    // No field of the kinds that we make takes a fraction.
    case 'number': return Number.isSafeInteger(value) ? [] : wrong('a whole number');
  }
  if (type.startsWith('"')) return JSON.stringify(value) === type ? [] : wrong(type);
  if (type.includes(' | ')) return type.split(' | ').some((one) => check(inner(one), value, path).length === 0) ? [] : wrong(type);

  const [, element] = /^Array<(.+)>$/.exec(type) ?? [];
  if (element) return Array.isArray(value) ? value.flatMap((item, index) => check(inner(element), item, `${path}[${index}]`)) : wrong('a list');

  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const [, entry] = /^\{ \[name: string\]: (.+) \}$/.exec(type) ?? [];
  if (entry) return isMap ? Object.entries(value).flatMap(([key, item]) => check(inner(entry), item, `${path}.${key}`)) : wrong('a map');

  const { aliases, interfaces, imports } = declarations(file);
  if (imports[type]) return check({ file: imports[type], type }, value, path);
  if (aliases[type]) {
    if (FORMATS[type] && !FORMATS[type].test(String(value))) return wrong(`a ${type}`);
    // The API server reads `1` as it reads `'1'`.
    return type === 'Quantity' && typeof value === 'number' ? [] : check(inner(aliases[type]), value, path);
  }
  const fields = interfaces[type];
  if (!fields) throw new Error(`kubernetes-types ${file} has no type ${type}`);
  if (!isMap) return wrong(`a ${type}`);
  return [
    ...Object.keys(fields).filter((name) => fields[name].required && !(name in value)).map((name) => `${path}.${name}: is missing in ${type}`),
    ...Object.entries(value).flatMap(([name, item]) => {
      if (!Object.hasOwn(fields, name)) return [`${path}.${name}: is not a field of ${type}`];
      const allowed = VALUES[`${type}.${name}`];
      return [
        ...check(inner(fields[name].type), item, `${path}.${name}`),
        ...(allowed && !allowed.includes(item as string) ? [`${path}.${name}: ${JSON.stringify(item)} is not one of ${allowed.join(', ')}`] : []),
      ];
    }),
  ];
}

/** `v1` is in core/v1, `networking.k8s.io/v1` in networking/v1. */
function fileOf(apiVersion: string): string | undefined {
  const [version, group = 'core'] = apiVersion.split('/').reverse();
  const file = `${group.split('.')[0]}/${version}`;
  return existsSync(join(ROOT, `${file}.d.ts`)) ? file : undefined;
}

const read = new Map<string, Declarations>();

function declarations(file: string): Declarations {
  let found = read.get(file);
  if (!found) read.set(file, found = parse(file, readFileSync(join(ROOT, `${file}.d.ts`), 'utf8')));
  return found;
}

function parse(file: string, text: string): Declarations {
  const result: Declarations = { interfaces: {}, aliases: {}, imports: {} };
  let rest = text.replace(/\/\*[^]*?\*\//g, '');
  // Each form is taken out when it has been read: what is left then is what this does not understand.
  const take = (form: RegExp, then: (...groups: string[]) => void) => {
    rest = rest.replace(form, (_match, ...groups: string[]) => {
      then(...groups);
      return '';
    });
  };
  take(/import \{([^}]*)\} from "([^"]*)";/g, (names, from) => {
    for (const name of names.split(',')) result.imports[name.trim()] = posix.join(posix.dirname(file), from);
  });
  take(/export type (\w+) = ([^;]+);/g, (name, type) => { result.aliases[name] = type; });
  take(/export interface (\w+) \{([^]*?)\n\}/g, (name, body) => { result.interfaces[name] = fieldsOf(body); });
  if (rest.trim() !== '') throw new Error(`kubernetes-types ${file} has what this parser does not know: ${rest.trim().slice(0, 200)}`);
  return result;
}

function fieldsOf(body: string): Record<string, Field> {
  const fields: Record<string, Field> = {};
  const field = /(?:readonly )?"?([$\w-]+)"?(\?)?: ((?:\{[^}]*\}|[^;{])+);/g;
  const rest = body.replace(field, (_match, name: string, optional: string | undefined, type: string) => {
    fields[name] = { type: type.replace(/;?\s+/g, ' ').trim(), required: !optional };
    return '';
  });
  if (rest.trim() !== '') throw new Error(`a field of kubernetes-types that this parser does not know: ${rest.trim().slice(0, 200)}`);
  return fields;
}
