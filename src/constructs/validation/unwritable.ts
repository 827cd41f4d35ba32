import { ApiObject, Yaml } from 'cdk8s';
import { Problem } from './problems';
import { remembered } from '../../memo';
import { showPath } from '../../manifests/json';
import { showObject } from '../../rules/finding';
import { printable } from '../../rules/printable';

// cdk8s writes some texts as YAML that the parser of kubectl and of the Go tools refuses, or reads as another text.

/**
 * Characters that YAML files can't have as they are, or that are line breaks to its parsers: DEL and C1 controls with U+0085, the line and
 * paragraph separators, lone surrogates, and what is no character.
 *
 * @see https://yaml.org/spec/1.2.2/#51-character-set
 * @see https://yaml.org/spec/1.1/#id871136 (U+0085, U+2028 and U+2029 break lines)
 */
const REFUSED = /[\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]/u;

/** A block of lines of which the first that is not empty begins with a tab, where the parser looks for the indentation. */
const TAB = /^\n*\t/;
/** What is written between quotes instead. */
const QUOTED = /\n[\t ]+$/;

/** What of a text does not survive in a manifest. */
interface Unwritable {
  readonly line: number;
  readonly wrong: string;
  readonly fix: string;
}

/** The manifests of all components have most of their texts in common, and the files of packages are long. */
const unwritable = remembered((text: string): Unwritable | undefined => {
  const found = REFUSED.exec(text);
  if (found) {
    const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    return { line: lineOf(text, found.index), wrong: `has the character U+${code}, which does not survive in YAML`, fix: 'remove it, or write it as an escape of the language' };
  }
  if (readAsNumber(text)) {
    return { line: 1, wrong: 'is a number to kubectl, because cdk8s writes it without quotes', fix: 'write it in another way: 0o17 as 017, 1_0 as 10, or with something in front of it' };
  }
  const tab = text.includes('\n') ? TAB.exec(text) : null;
  return tab && !QUOTED.test(text) ? { line: lineOf(text, tab[0].length), wrong: 'begins with a tab (U+0009), which YAML does not allow there', fix: 'begin with something else' } : undefined;
});

/**
 * Whether kubectl reads a text as a number where cdk8s writes no quotes: `0o17`, `1e1_0`. go-yaml leaves out every `_` of what may be one, and
 * knows Go's own notation of octal numbers; the writer of cdk8s does neither.
 *
 * @see https://github.com/kubernetes-sigs/yaml/blob/master/goyaml.v2/resolve.go
 */
function readAsNumber(text: string): boolean {
  if (text.length > 100 || !MAYBE_NUMBER.test(text) || !NUMBER.test(text.replaceAll('_', ''))) return false;
  return Yaml.stringify(text).trim() === text;
}

const MAYBE_NUMBER = /^[-+.\d].*_|^[-+]?0[obx]/i;
const NUMBER = /^[-+]?(?:0o[0-7]+|0x[\da-f]+|0b[-+]?[01]+|(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?)$/i;

/** Where a text becomes a string of Linux, which ends at a NUL: with one, the container is not created. */
function isOfProcess(path: ReadonlyArray<string | number>): boolean {
  const at = path.findIndex((step) => typeof step === 'string' && /^(initContainers|containers|ephemeralContainers)$/.test(step));
  return at >= 0 && ['env', 'command', 'args', 'workingDir'].includes(String(path[at + 2]));
}

function lineOf(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** What is wrong with the files of an app, by their paths. */
export function unwritableFiles(files: Readonly<Record<string, string>>): Problem[] {
  return Object.entries(files).flatMap(([path, content]) => {
    const found = unwritable(content);
    return found ? [{ prop: 'code', value: `${printable(path)}:${found.line}`, wrong: found.wrong, fix: found.fix }] : [];
  });
}

/** What is wrong with the texts of a manifest, its keys included: one error a text, without the text, which may be a password. */
export function unwritableTexts({ kind, name, metadata: { namespace } }: ApiObject, manifest: unknown): string[] {
  const errors: string[] = [];
  const path: Array<string | number> = [];
  const look = (text: string, what: string): void => {
    const nul = text.indexOf('\0');
    const found: Unwritable | undefined = nul >= 0 && isOfProcess(path)
      ? { line: lineOf(text, nul), wrong: 'has a NUL character, with which the container is not created', fix: 'remove it' } : unwritable(text);
    if (!found) return;
    const object = showObject({ objectKind: kind, objectNamespace: namespace, objectName: name });
    errors.push(printable(`${object}, ${showPath(path)}: ${what}${text.includes('\n') ? `, line ${found.line},` : ''} ${found.wrong}; ${found.fix}`));
  };
  const visit = (value: unknown): void => {
    if (typeof value === 'string') look(value, 'the text');
    else if (Array.isArray(value)) value.forEach((item, i) => inside(i, item));
    else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        look(key, 'a key');
        inside(key, item);
      }
    }
  };
  const inside = (step: string | number, item: unknown): void => {
    path.push(step);
    visit(item);
    path.pop();
  };
  visit(manifest);
  return errors;
}
