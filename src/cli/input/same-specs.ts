import { newlines } from './lines';
import { Places } from './places';
import { readYaml, Yaml } from './yaml';
import { isMap } from '../../manifests/json';

/** A `spec` that was read, with its node in the places. */
interface Spec {
  readonly value: unknown;
  readonly place: number;
}

const KEY = '\nspec:\n';
/** An anchor or an alias: what it means depends on the rest of the document. Also finds some that are only text. */
const REFERENCE = /[\s[{,][&*][^\s&*]/;
/** A map without brackets. */
const BLOCK = /^(?:[ \t]*(?:#.*)?\n)*[A-Za-z]\w*:/;
/** More than that is forgotten, in characters. */
const MOST = 16 * 2 ** 20;

/** Reads documents; those that end in the same `spec`, character by character, share what it is read as: copies of an object are read once. */
export class SameSpecs {
  private readonly known = new Map<string, Spec>();
  private size = 0;

  public constructor(private readonly places: Places) {}

  /** As `readYaml` does. */
  public read(text: string, firstLine: number): Yaml {
    const at = text.indexOf(KEY);
    if (at < 0) return readYaml(text, this.places, firstLine);
    const written = text.slice(at);
    const known = this.known.get(written);
    const copy = known && this.copy(text.slice(0, at + 1), firstLine, known);
    if (copy) return copy;
    const yaml = readYaml(text, this.places, firstLine);
    if (!known && !REFERENCE.test(written)) this.remember(written, yaml);
    return yaml;
  }

  public forget(): void {
    this.known.clear();
    this.size = 0;
  }

  /** Undefined where what is in front of the spec is no part of a map, or has another one. */
  private copy(head: string, firstLine: number, { value, place }: Spec): Yaml | undefined {
    if (!BLOCK.test(head)) return undefined;
    const yaml = tried(() => readYaml(head, this.places, firstLine));
    if (!yaml || !isMap(yaml.value) || Object.hasOwn(yaml.value, 'spec')) return undefined;
    this.places.copy(place, firstLine + newlines(head));
    this.places.end(yaml.place);
    return { ...yaml, value: Object.assign(yaml.value, { spec: value }) };
  }

  private remember(written: string, { value, place, repeated }: Yaml): void {
    const last = repeated.length === 0 && isMap(value) ? this.places.last(place, 'spec') : undefined;
    if (last === undefined) return;
    this.size += written.length;
    if (this.size > MOST) this.forget();
    this.known.set(written, { value: (value as { spec: unknown }).spec, place: last });
  }
}

function tried(read: () => Yaml): Yaml | undefined {
  try {
    return read();
  } catch {
    // What is wrong is said of the whole document.
    return undefined;
  }
}
