import { remembered } from '../memo';

/** A string of Python, whole, or a comment. */
const STRING_OR_COMMENT = /"""(?:[^\\]|\\[^])*?"""|'''(?:[^\\]|\\[^])*?'''|"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'|#[^\n]*/g;

/** Python code without its comments and docstrings, which set nothing; lines stay where they are. */
export const withoutComments: (code: string) => string = remembered((code: string) =>
  code.replace(STRING_OR_COMMENT, (found, at: number) => {
    if (found.startsWith('#')) return '';
    if (!/^("""|''')/.test(found)) return found;
    const line = code.slice(code.lastIndexOf('\n', at - 1) + 1, at);
    return /^\s*$/.test(line) ? found.replace(/[^\n]/g, '') : found;
  }));

/** The same with blanks in the place of what is in strings, each letter at its place: what is found in it is code. */
export const withoutStrings: (code: string) => string = remembered((code: string) =>
  withoutComments(code).replace(STRING_OR_COMMENT, (found) => found.replace(/[^\n]/g, ' ')));

/** The names that may be bound in the code of a module: all its words but those of strings, comments and of the modules that it imports from. */
export const hasName = (code: string, name: string): boolean => new RegExp(`\\b(${name}|globals|setattr|__getattr__)\\b|import\\s*\\*`)
  .test(code.replace(STRING_OR_COMMENT, '').replace(/^([ \t]*)from[ \t]+[\w.]+[ \t]+(?=import\b)/gm, '$1'));
