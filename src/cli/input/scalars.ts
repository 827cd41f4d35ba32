/**
 * What a scalar without quotes is to kubectl: the types of YAML 1.1, without its dates and numbers of base 60, and the numbers of Go.
 *
 * @see https://github.com/kubernetes-sigs/yaml/blob/v1.4.0/goyaml.v2/resolve.go
 */
export function resolvePlain(text: string): string | number | boolean | null {
  // Most scalars: letters that begin no word of these, and paths.
  if (!TYPED.test(text)) return text;
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  const first = text.charCodeAt(0);
  // Go takes underscores between the digits of a number that begins with a point, and anywhere in others.
  if (first === POINT) return /^\.(?:\d+_)*\d+(?:e[-+]?(?:\d+_)*\d+)?$/i.test(text) ? decimal(text.replaceAll('_', '')) ?? text : text;
  return /^[-+\d]/.test(text) ? number(text.replaceAll('_', '').replace(/^0b([-+])/, '$10b')) ?? text : text;
}

/** What kubectl is given by kustomize, which writes `yes`, `off` and the like as texts: only true and false are no texts to it. */
export function resolveKustomized(text: string): string | number | boolean | null {
  const value = resolvePlain(text);
  return typeof value === 'boolean' && !/^(true|false)$/i.test(text) ? text : value;
}

/** The same for one with a tag, such as `!!str`; undefined where that is not its type. */
export function resolveTagged(tag: string, text: string): string | number | boolean | null | undefined {
  if (tag === 'binary') return Buffer.from(text, 'base64').toString('utf8');
  const value = TYPES.has(tag) ? resolvePlain(text) : text;
  switch (tag) {
    case 'null': return value === null ? value : undefined;
    case 'bool': return typeof value === 'boolean' ? value : undefined;
    case 'int': return Number.isInteger(value) ? value : undefined;
    case 'float': return typeof value === 'number' ? value : undefined;
    default: return text;
  }
}

const TYPES = new Set(['null', 'bool', 'int', 'float']);
const TYPED = /^(?:$|[-+.~\dyYnNtTfFoO])/;
const POINT = 46;

const WORDS = new Map<string, boolean | number | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, NaN] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
]);

const INTEGER = /^([-+]?)(?:0[xX]([\da-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9]\d*))$/;
const DECIMAL = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;

function number(text: string): number | undefined {
  const [, sign, hex, octal, binary, digits] = INTEGER.exec(text) ?? [];
  if (digits !== undefined && digits.length < 16) return Number(text) || 0;
  const prefixed = hex === undefined ? octal === undefined ? binary === undefined ? undefined : `0b${binary}` : `0o${octal}` : `0x${hex}`;
  // Of 64 bits, one of which is for the sign. Longer ones are texts, or decimal where they are written as such.
  if (prefixed !== undefined && prefixed.length < LONGEST) {
    const value = BigInt(prefixed);
    if (value < (sign === '' ? 2n ** 64n : sign === '-' ? 2n ** 63n + 1n : 2n ** 63n)) return Number(sign === '-' ? -value : value);
  }
  return DECIMAL.test(text) ? decimal(text) : undefined;
}

/** More characters than 64 bits have digits. */
const LONGEST = 100;

/** Undefined for what is too large for 64 bits. */
function decimal(text: string): number | undefined {
  const value = Number(text);
  // Not -0, which is no other number to anybody.
  return Number.isFinite(value) ? value || 0 : undefined;
}
