/** A place in a document: keys and indexes from its root. */
export type Path = ReadonlyArray<string | number>;
export type JsonObject = Readonly<Record<string, unknown>>;

const EMPTY: JsonObject = Object.freeze({});

/** The readers below take anything and never throw: manifests come from anywhere. */
export function isMap(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function asMap(value: unknown): JsonObject {
  return isMap(value) ? value : EMPTY;
}

export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** A scalar as the string that YAML had for it: people write `value: 1` where the API wants "1". */
export function asScalar(value: unknown): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function get(value: unknown, ...path: Path): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}

/** `spec.template.spec.containers[0].args[3]`, as kubectl writes it. */
export function showPath(path: Path): string {
  return path.map((step, index) => typeof step === 'number' ? `[${step}]`
    : /^[A-Za-z_][\w-]*$/.test(step) ? `${index === 0 ? '' : '.'}${step}`
      : `['${step}']`).join('');
}

/** JSON that is the same for what is equal: keys in their order, without those that have no value. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => isMap(one)
    ? Object.fromEntries(Object.keys(one).filter((key) => one[key] !== undefined).sort().map((key) => [key, one[key]])) : one);
}
