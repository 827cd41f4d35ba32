import { ApiObject } from 'cdk8s';
import { Problem } from './problems';
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

function unwritable(text: string): Unwritable | undefined {
  const found = REFUSED.exec(text);
  if (found) {
    const code = found[0].codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0');
    return { line: lineOf(text, found.index), wrong: `has the character U+${code}, which does not survive in YAML`, fix: 'remove it, or write it as an escape of the language' };
  }
  const tab = text.includes('\n') && !QUOTED.test(text) ? TAB.exec(text) : null;
  return tab ? { line: lineOf(text, tab[0].length), wrong: 'begins with a tab (U+0009), which YAML does not allow there', fix: 'begin with something else' } : undefined;
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
  const look = (text: string, path: ReadonlyArray<string | number>, what: string): void => {
    const found = unwritable(text);
    if (!found) return;
    const object = showObject({ objectKind: kind, objectNamespace: namespace, objectName: name });
    errors.push(printable(`${object}, ${showPath(path)}: ${what}${text.includes('\n') ? `, line ${found.line},` : ''} ${found.wrong}; ${found.fix}`));
  };
  const visit = (value: unknown, path: ReadonlyArray<string | number>): void => {
    if (typeof value === 'string') look(value, path, 'the text');
    else if (Array.isArray(value)) value.forEach((item, i) => visit(item, [...path, i]));
    else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        look(key, path, 'a key');
        visit(item, [...path, key]);
      }
    }
  };
  visit(manifest, []);
  return errors;
}
