import { readFileSync, writeFileSync } from 'node:fs';
import { Failure } from './command';
import { asList, asNumber, asScalar, asText, get, isMap, Path } from '../manifests/json';
import { printable } from '../rules/printable';
import { Violation } from '../rules/rule';

/** A finding that a team knows of, whatever line it is on. */
interface Entry {
  readonly rule: string;
  /** `Deployment/worker`, `shop/Deployment/worker`. */
  readonly object: string;
  readonly container?: string;
  /** What is there by its name, `env[DATABASE_URL]`: what is put in before it changes nothing. */
  readonly path: string;
}

const VERSION = 1;

/** Writes what was found to a file that `--baseline` reads. */
export function writeBaseline(file: string, violations: readonly Violation[]): void {
  const counts = new Map<string, number>();
  for (const key of violations.map(keyOf)) counts.set(key, (counts.get(key) ?? 0) + 1);
  const lines = [...counts].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, count]) => `    ${JSON.stringify({ ...JSON.parse(key) as Entry, ...count > 1 ? { count } : {} })}`);
  const text = `{\n  "version": ${VERSION},\n  "findings": [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n  `}]\n}\n`;
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Failure(`cannot write the baseline ${printable(file)}: ${(error as NodeJS.ErrnoException).code ?? ''}`);
  }
}

/** What a baseline does not have, and how many of its findings are gone. */
export function unknownTo(file: string, violations: readonly Violation[]): { fresh: readonly Violation[]; gone: number } {
  const left = readBaseline(file);
  const fresh = violations.filter((violation) => {
    const key = keyOf(violation);
    const count = left.get(key) ?? 0;
    if (count > 0) left.set(key, count - 1);
    return count === 0;
  });
  return { fresh, gone: [...left.values()].reduce((sum, count) => sum + count, 0) };
}

function readBaseline(file: string): Map<string, number> {
  const fix = 'write it again with --write-baseline';
  let json: unknown;
  try {
    // Editors put a byte order mark in front.
    json = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure(`the baseline ${printable(file)} ${code === undefined ? 'is not JSON' : `cannot be read: ${code}`}; ${fix}`);
  }
  const version = get(json, 'version');
  if (!isMap(json) || !Array.isArray(json.findings)) throw new Failure(`the baseline ${printable(file)} has no list of findings; ${fix}`);
  if (version !== VERSION) throw new Failure(`the baseline ${printable(file)} has version ${printable(JSON.stringify(version) ?? 'none')}, not ${VERSION}; ${fix}`);
  const counts = new Map<string, number>();
  for (const one of json.findings) {
    const [rule, object, container, path] = ['rule', 'object', 'container', 'path'].map((name) => asText(get(one, name)));
    const count = get(one, 'count') === undefined ? 1 : asNumber(get(one, 'count'));
    if (rule === undefined || object === undefined || path === undefined || count === undefined || !(Number.isInteger(count) && count > 0)) {
      throw new Failure(`the baseline ${printable(file)} has a finding without a rule, an object, a path or a valid count; ${fix}`);
    }
    const key = entryKey({ rule, object, container, path });
    // A merge of two branches may leave a line of each.
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return counts;
}

function keyOf({ rule, at: { resource, container, path } }: Violation): string {
  const { kind, name } = resource;
  // As it is written: where an object without one belongs depends on what else is in the input.
  const namespace = asText(get(resource.json, 'metadata', 'namespace')) ?? '';
  return entryKey({
    rule: rule.id, object: `${namespace === '' ? '' : `${namespace}/`}${kind}/${name}`, container: container === '' ? undefined : container,
    path: stablePath(resource.json, path),
  });
}

/** What kustomize, or we, put at the end of a ConfigMap's or Secret's name: another content is another hash. */
const HASHED = /((?:ConfigMap|Secret)\/.*)-(?:[2456789bcdfghkmt]{10}|[0-9a-f]{8})$/;

function entryKey({ rule, object, container, path }: Entry): string {
  return JSON.stringify({ rule, object: object.replace(HASHED, '$1'), container, path });
}

/** With names in the place of numbers, where what is there has one. */
function stablePath(json: unknown, path: Path): string {
  let here = json;
  let text = '';
  for (const step of path) {
    here = Array.isArray(here) ? asList(here)[Number(step)] : get(here, String(step));
    if (typeof step !== 'number') text += text === '' ? step : `.${step}`;
    else text += `[${asScalar(get(here, 'name')) ?? ''}]`;
  }
  return text;
}
