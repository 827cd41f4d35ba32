import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { readJson } from './json';
import { newlines } from './lines';
import { indentValues } from './margin';
import { Places } from './places';
import { SameSpecs } from './same-specs';
import { resolveKustomized, resolvePlain } from './scalars';
import { readYaml, Yaml, YamlError } from './yaml';
import { asList, asMap, asText, get, isMap } from '../../manifests/json';

/** One document of the input: an object, and where it is. */
export interface Document {
  readonly file: string;
  readonly value: unknown;
  /** Its node in the places of the input. */
  readonly place: number;
}

/** Something that cannot be read. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly message: string;
}

export interface Input {
  readonly documents: Document[];
  readonly places: Places;
  readonly specs: SameSpecs;
  readonly problems: Problem[];
  /** Files that kustomize lays over objects: parts of objects, and no objects. They are left out of folders. */
  readonly patches: Set<string>;
  /** Files of folders that kustomize reads, and writes again. */
  readonly kustomized: Set<string>;
  /** Files of folders with what a test of kuttl expects of objects: parts of them, such as their status. */
  readonly expected: string[];
  /** Charts of Helm in folders, whose templates are left out: they are no manifests before Helm renders them. */
  readonly charts: string[];
  /** The files that were read: one that is given twice, or with its folder, is one file. */
  readonly seen: Set<string>;
  /** What folders have in addition to files and folders, which is left out: links to folders, pipes. */
  readonly left: string[];
}

export function emptyInput(): Input {
  const places = new Places();
  return {
    documents: [], places, specs: new SameSpecs(places), problems: [], patches: new Set(), kustomized: new Set(), expected: [], charts: [],
    seen: new Set(), left: [],
  };
}

/** Nothing that Kubernetes takes is as large; what is has been given by mistake. */
const LARGEST_FILE = 64 * 2 ** 20;
const TWICE = 'the same key is given twice in a map; kubectl would take the last one';
const MANIFEST = /\.(ya?ml|json)$/i;
const EXPECTED = /^\d+-(assert|errors)\.ya?ml$/;
const SKIPPED_FOLDERS = new Set(['node_modules', '.git', '.terraform', '.venv', '__pycache__']);

/** Reads files, folders and, for `-`, standard input. */
export function readInput(paths: readonly string[]): Input {
  const input = emptyInput();
  const given = paths.filter((path) => KUSTOMIZATION.includes(basename(path))).flatMap((path) => noteKustomization(dirname(path), input));
  for (const path of paths) {
    if (path === '-') readOne('-', 0, input);
    else readPath(path, input);
  }
  // A patch without its kustomization is given to be read.
  leaveOutPatches(paths.filter((path) => !given.includes(normalize(path))), input);
  bringPatches(input);
  input.specs.forget();
  return input;
}

/** A kustomization may name patches of folders that were read before it. */
function leaveOutPatches(paths: readonly string[], { documents: read, patches }: Input): void {
  if (patches.size === 0) return;
  const given = new Set(paths);
  const others = read.filter(({ file }) => !patches.has(normalize(file)) || given.has(file));
  read.length = 0;
  for (const one of others) read.push(one);
}

/** No patch is as large. */
const LARGEST_PATCH = 2 ** 20;

/** Writes the patches that are in files of their own into the kustomizations that name them, as kustomize also takes them. */
function bringPatches({ documents: read, patches }: Input): void {
  read.forEach(({ file, value, ...others }, i) => {
    if (!KUSTOMIZATION.includes(basename(file)) || !isMap(value)) return;
    const withText = (entry: unknown): unknown => {
      const path = normalize(join(dirname(file), asText(get(entry, 'path')) ?? ''));
      const text = get(entry, 'patch') === undefined && patches.has(path) ? readPatch(path) : undefined;
      return text === undefined ? entry : { ...asMap(entry), patch: text };
    };
    const merged = asList(value.patchesStrategicMerge).flatMap((path) => asText(path) === undefined ? [] : withText({ path }))
      .filter((entry) => get(entry, 'patch') !== undefined);
    const all = [...asList(value.patches).map(withText), ...merged];
    if (all.length === 0 && value.patchesJson6902 === undefined) return;
    read[i] = {
      ...others, file, value: {
        ...value, ...all.length > 0 ? { patches: all } : {},
        ...Array.isArray(value.patchesJson6902) ? { patchesJson6902: value.patchesJson6902.map(withText) } : {},
      },
    };
  });
}

function readPatch(path: string): string | undefined {
  try {
    const stat = statSync(path);
    return stat.isFile() && stat.size <= LARGEST_PATCH && MANIFEST.test(path) ? readText(path, path, []) : undefined;
  } catch {
    return undefined;
  }
}

function readPath(path: string, input: Input): void {
  try {
    if (statSync(path).isDirectory()) readFolder(path, input);
    else readOne(path, path, input);
  } catch (error) {
    input.problems.push({ file: path, message: reason(error) });
  }
}

function readFolder(folder: string, input: Input): void {
  noteKustomization(folder, input);
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => a.name < b.name ? -1 : 1);
  const chart = entries.some(({ name }) => name === 'Chart.yaml');
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (chart && entry.name === 'templates') input.charts.push(folder);
      else if (!SKIPPED_FOLDERS.has(entry.name)) readPath(path, input);
    } else if (entry.isSymbolicLink()) {
      readLink(path, input);
    } else if (EXPECTED.test(entry.name)) {
      input.expected.push(path);
    } else if (MANIFEST.test(entry.name) && !input.patches.has(path)) {
      if (entry.isFile()) readPath(path, input);
      else input.left.push(path);
    }
  }
}

/** Like kubectl, follows links to files and none to folders: so there are no loops. */
function readLink(path: string, input: Input): void {
  const manifest = MANIFEST.test(path) && !input.patches.has(path);
  try {
    const stat = statSync(path);
    if (stat.isFile() && manifest) readOne(path, path, input);
    else if (stat.isDirectory() || (manifest && !stat.isFile())) input.left.push(path);
  } catch (error) {
    if (manifest) input.problems.push({ file: path, message: `is a link that leads to no file: ${reason(error)}` });
  }
}

const KUSTOMIZATION = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** Of the files that the kustomization of a folder names, the patches. */
function noteKustomization(folder: string, input: Input): readonly string[] {
  const { patches, resources } = kustomization(folder);
  for (const patch of patches) input.patches.add(patch);
  for (const file of resources) input.kustomized.add(file);
  return patches;
}

/** The files that the kustomization of a folder names: as patches, and as what it builds. */
function kustomization(folder: string): Record<'patches' | 'resources', string[]> {
  const file = KUSTOMIZATION.map((name) => join(folder, name)).find((path) => existsSync(path));
  const text = file === undefined ? undefined : readText(file, file, []);
  const read = text === undefined ? emptyInput() : parseText(file!, text, emptyInput());
  const named = (...fields: readonly string[]) => read.documents.flatMap(({ value }) => fields.flatMap((field) =>
    asList(get(value, field)).flatMap((one) => asText(one) ?? asText(get(one, 'path')) ?? []))).filter((name) => !name.includes('\n')).map((name) => join(folder, name));
  return { patches: named('patches', 'patchesJson6902', 'patchesStrategicMerge'), resources: named('resources') };
}

function readOne(file: string, source: string | number, input: Input): void {
  const path = source === 0 ? '-' : resolve(file);
  if (input.seen.has(path)) return;
  input.seen.add(path);
  const text = readText(file, source, input.problems);
  if (text !== undefined) parseText(file, text, input);
}

/** The text of a file, without a byte order mark and with `\n` at the ends of lines. */
function readText(file: string, source: string | number, problems: Problem[]): string | undefined {
  try {
    const bytes = readBytes(source);
    if (bytes === undefined) {
      problems.push({ file, message: `is larger than ${LARGEST_FILE / 2 ** 20} MiB, which no set of manifests is; give the files one by one` });
      return undefined;
    }
    const utf16 = utf16Of(bytes);
    if (utf16 !== undefined) return withPlainEnds(new TextDecoder(utf16, { fatal: true }).decode(bytes));
    const zero = bytes.subarray(0, 8192).indexOf(0);
    if (zero >= 0) {
      problems.push({ file, line: 1, message: `is binary: byte ${zero} is 0; manifests are YAML or JSON in UTF-8` });
      return undefined;
    }
    return withPlainEnds(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    problems.push({ file, message: reason(error) });
    return undefined;
  }
}

/** The encoding that a byte order mark tells: what PowerShell writes with `>`, and kubectl reads. */
function utf16Of(bytes: Buffer): string | undefined {
  const mark = bytes.length >= 2 ? bytes.readUInt16BE(0) : undefined;
  return mark === 0xFEFF ? 'utf-16be' : mark === 0xFFFE ? 'utf-16le' : undefined;
}

function withPlainEnds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/** Undefined when there is more than we take. Never waits for more than that. */
function readBytes(source: string | number): Buffer | undefined {
  const descriptor = typeof source === 'number' ? source : openSync(source, 'r');
  try {
    const stat = fstatSync(descriptor);
    if (stat.isFile() && stat.size > LARGEST_FILE) return undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    for (;;) {
      const chunk = Buffer.allocUnsafe(Math.max(65536, Math.min(stat.size - size, LARGEST_FILE)));
      const read = readChunk(descriptor, chunk);
      if (read === 0) return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size);
      chunks.push(chunk.subarray(0, read));
      size += read;
      if (size > LARGEST_FILE) return undefined;
    }
  } finally {
    if (typeof source !== 'number') closeSync(descriptor);
  }
}

function readChunk(descriptor: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EOF') return 0;
      // Standard input of a terminal or a slow pipe: wait a moment, in the kernel.
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** Splits a text into its documents and reads each. */
export function parseText(file: string, text: string, input: Input): Input {
  if (/^\s*[[{]/.test(text)) {
    const json = readJson(text, input.places);
    if (json !== undefined) {
      for (const line of json.repeated) input.problems.push({ file, line, message: TWICE });
      for (const value of json.values) input.documents.push({ file, ...value });
      return input;
    }
  }
  for (const part of documents(text)) readDocument(file, part, input);
  return input;
}

/** Documents are separated by lines that begin with `---` or `...`, whatever is around them. */
function documents(text: string): Array<{ line: number; text: string }> {
  const found: Array<{ line: number; text: string }> = [];
  const separator = /^(?:---|\.\.\.)(?=[ \t\n]|$)/gm;
  let start = 0;
  let line = 1;
  for (let match = separator.exec(text); ; match = separator.exec(text)) {
    const end = match?.index ?? text.length;
    const part = text.slice(start, end);
    if (/\S/.test(part)) found.push({ line, text: part });
    if (!match) return found;
    line += newlines(part);
    start = end + 3;
  }
}

function readDocument(file: string, { line, text }: { line: number; text: string }, input: Input): void {
  try {
    const { value, place, repeated } = readAtAnyMargin(file, text, input, line);
    // A key that is there twice is wrong, and kubectl applies the object all the same, with the last one.
    if (repeated.length > 0) input.problems.push({ file, line: line + repeated[0], message: TWICE });
    if (value !== null && value !== undefined) input.documents.push({ file, value: ofKustomize(file, value), place });
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    // Directives end with `---`: by themselves they are no document.
    if (text.split('\n').every((one) => /^\s*(%.*|#.*)?$/.test(one))) return;
    const template = error.message.startsWith('is not ') ? templateLine(text) : undefined;
    input.problems.push(template === undefined ? { file, line: line + error.line, message: error.message } : {
      file, line: line + template,
      message: 'is a template, not a manifest: {{ }} or {% %} is where YAML has a value; render it first (helm template . | cdk8s-celery lint -)',
    });
  }
}

/** Like kustomize, adds what its own file leaves out. */
function ofKustomize(file: string, value: unknown): unknown {
  const { kind, apiVersion } = asMap(value);
  return !KUSTOMIZATION.includes(basename(file)) || !isMap(value) || kind !== undefined || apiVersion !== undefined ? value
    : { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...value };
}

/** Also reads values in quotes and brackets that go on at any indentation. */
function readAtAnyMargin(file: string, text: string, { places, specs, kustomized }: Input, line: number): Yaml {
  const plain = kustomized.has(normalize(file)) ? resolveKustomized : resolvePlain;
  try {
    return plain === resolvePlain ? specs.read(text, line) : readYaml(text, places, line, plain);
  } catch (error) {
    const indented = error instanceof YamlError && error.unclosed ? indentValues(text) : text;
    if (indented === text) throw error;
    try {
      return readYaml(indented, places, line, plain);
    } catch (other) {
      // A quote that is not closed anywhere: at the end of the text that is seen later.
      throw other instanceof YamlError && other.unclosed ? error : other;
    }
  }
}

/** The line, from 0, of the first `{{` or `{%` that is a value or a line of its own. */
function templateLine(text: string): number | undefined {
  const at = text.split('\n').findIndex((line) => /^\s*(- )?([\w."'/-]+:\s*)?\{[{%]/.test(line) || /^[^#'"]*\{[{%]/.test(line));
  return at < 0 ? undefined : at;
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not UTF-8; manifests are YAML or JSON in UTF-8';
  return { ENOENT: 'there is no such file or folder', EACCES: 'may not be read', EISDIR: 'is a folder', ELOOP: 'links go in a circle' }[code ?? ''] ?? message;
}
