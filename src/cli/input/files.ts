import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isMap as isYamlMap, LineCounter, visit } from 'yaml';
import { readJson } from './json';
import { parsePlain } from './plain-yaml';
import { checkAliases, parseWholeYaml, repeatedKey } from './whole-yaml';
import { asList, asText, get } from '../../manifests/json';

/** One document of the input: an object, and where its text is. */
export interface Document {
  readonly file: string;
  /** The first line of its text in the file, from 1. */
  readonly line: number;
  readonly text: string;
  readonly json?: boolean;
  /** The value is this item of the list that the text is. */
  readonly item?: number;
  readonly value: unknown;
}

/** Something that cannot be read. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly message: string;
}

export interface Input {
  readonly documents: Document[];
  readonly problems: Problem[];
  /** Files that kustomize lays over objects: parts of objects, and no objects. They are left out of folders. */
  readonly patches: Set<string>;
  /** What folders have besides files and folders, which is left out: links to folders, pipes. */
  readonly left: string[];
}

export function emptyInput(): Input {
  return { documents: [], problems: [], patches: new Set(), left: [] };
}

/** Nothing that Kubernetes takes is as large; what is has been given by mistake. */
const LARGEST_FILE = 64 * 2 ** 20;
/** The whole YAML parser takes seconds for a mebibyte. */
const LARGEST_UNUSUAL_DOCUMENT = 2 ** 20;
const TWICE = 'the same key stands twice in a map; kubectl would take the last one';
const DEEPEST = 500;
const DEEP_BLOCK = new RegExp(`(?:[-?:][ \\t]+){${DEEPEST}}`);
const MANIFEST = /\.(ya?ml|json)$/i;
const SKIPPED_FOLDERS = new Set(['node_modules', '.git', '.terraform', '.venv', '__pycache__']);

/** Reads files, folders and, for `-`, standard input. */
export function readInput(paths: readonly string[]): Input {
  const input = emptyInput();
  for (const path of paths) {
    if (path === '-') readOne('-', 0, input);
    else readPath(path, input);
  }
  return input;
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
  for (const patch of kustomizePatches(folder)) input.patches.add(patch);
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.has(entry.name)) readPath(path, input);
    } else if (entry.isSymbolicLink()) {
      readLink(path, input);
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

/** The files that the kustomization of a folder names as patches. */
function kustomizePatches(folder: string): string[] {
  const file = KUSTOMIZATION.map((name) => join(folder, name)).find((path) => existsSync(path));
  const text = file === undefined ? undefined : readText(file, file, []);
  const kustomization = text === undefined ? emptyInput() : parseText(file!, text, emptyInput());
  return kustomization.documents.flatMap(({ value }) => ['patches', 'patchesJson6902', 'patchesStrategicMerge'].flatMap((field) =>
    asList(get(value, field)).flatMap((patch) => asText(patch) ?? asText(get(patch, 'path')) ?? []))).filter((name) => !name.includes('\n'))
    .map((name) => join(folder, name));
}

function readOne(file: string, source: string | number, input: Input): void {
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
    const zero = bytes.subarray(0, 8192).indexOf(0);
    if (zero >= 0) {
      problems.push({ file, line: 1, message: `is binary: byte ${zero} is 0; manifests are YAML or JSON in UTF-8` });
      return undefined;
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  } catch (error) {
    problems.push({ file, message: reason(error) });
    return undefined;
  }
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
    const json = readJson(text);
    if (json !== undefined) {
      for (const line of json.repeated) input.problems.push({ file, line, message: TWICE });
      for (const { value, ...place } of json.values) {
        if (Array.isArray(value)) value.forEach((one: unknown, item) => input.documents.push({ file, ...place, json: true, item, value: one }));
        else input.documents.push({ file, ...place, json: true, value });
      }
      return input;
    }
  }
  for (const part of documents(text)) {
    const plain = parsePlain(part.text);
    if (plain) {
      if (plain.value !== null) input.documents.push({ file, ...part, value: plain.value });
    } else {
      parseWhole(file, part, input);
    }
  }
  return input;
}

/** Documents are separated by lines that begin with `---` or `...`, whatever stands around them. */
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

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/** The line, counted from 0, in which brackets or dashes nest deeper than the parser's stack bears: past that the process itself ends. */
function tooDeep(text: string): number | undefined {
  let depth = 0;
  const lines = text.split('\n');
  const found = lines.findIndex((line) => {
    if (line.length > DEEPEST && DEEP_BLOCK.test(line)) return true;
    for (const char of line) {
      if (char === '[' || char === '{') depth += 1;
      else if (char === ']' || char === '}') depth = Math.max(0, depth - 1);
      if (depth > DEEPEST) return true;
    }
    return false;
  });
  return found < 0 ? undefined : found;
}

/** With the whole parser: slow, and right about everything. */
function parseWhole(file: string, part: { line: number; text: string }, input: Input): void {
  const { text } = part;
  // Directives end with `---`: alone they are no document.
  if (text.split('\n').every((line) => /^\s*(%.*|#.*)?$/.test(line))) return;
  const template = templateLine(text);
  if (text.length > LARGEST_UNUSUAL_DOCUMENT) {
    const message = `is a document of ${Math.round(text.length / 2 ** 20)} MiB in unusual YAML; give it as JSON`;
    input.problems.push({ file, line: part.line, message });
    return;
  }
  const deep = tooDeep(text);
  if (deep !== undefined) {
    input.problems.push({ file, line: part.line + deep, message: `is nested deeper than ${DEEPEST} levels, which no manifest is` });
    return;
  }
  const counter = new LineCounter();
  try {
    const document = parseWholeYaml(text, counter);
    let odd = false;
    let twice: number | undefined;
    visit(document, {
      Pair: (_, pair) => {
        odd ||= isYamlMap(pair.key);
      },
      Map: (_, map) => {
        twice ??= repeatedKey(map);
      },
    });
    const error = document.errors[0];
    if ((error || odd) && template !== undefined) {
      input.problems.push({
        file, line: part.line + template,
        message: 'is a template, not a manifest: {{ }} or {% %} stands where YAML has a value; render it first (helm template . | cdk8s-celery lint -)',
      });
      return;
    }
    const problem = (at: number, message: string) => input.problems.push({ file, line: part.line + counter.linePos(at).line - 1, message });
    if (error) problem(error.pos[0], `is not YAML: ${error.message.split('\n')[0]}`);
    else if (twice !== undefined) problem(twice, TWICE);
    // A key that stands twice is wrong, and kubectl applies the object all the same, with the last one.
    if (!error) {
      checkAliases(document);
      const value: unknown = document.toJS({ maxAliasCount: -1 });
      if (value !== null && value !== undefined) input.documents.push({ file, ...part, value });
    }
  } catch (error) {
    // Aliases that multiply, or nesting deeper than the stack.
    const message = error instanceof RangeError ? 'is nested too deeply' : error instanceof Error ? error.message : String(error);
    input.problems.push({ file, line: part.line, message });
  }
}

/** The line, from 0, of the first `{{` or `{%` that stands as a value or a line of its own. */
function templateLine(text: string): number | undefined {
  const at = text.split('\n').findIndex((line) => /^\s*(- )?([\w."'/-]+:\s*)?\{[{%]/.test(line) || /^[^#'"]*\{[{%]/.test(line));
  return at < 0 ? undefined : at;
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'is not UTF-8; manifests are YAML or JSON in UTF-8';
  return { ENOENT: 'there is no such file or folder', EACCES: 'may not be read', EISDIR: 'is a folder', ELOOP: 'links go in a circle' }[code ?? ''] ?? message;
}
