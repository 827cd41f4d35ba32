import type * as k8s from './kubernetes/api/types';
import { Problem } from './validation/problems';

/** What is wrong with a command: a program and its arguments. */
export function checkCommand(prop: string, command: readonly string[]): Problem[] {
  const [program] = command;
  if (program === undefined) return [{ prop, value: command, wrong: 'is empty', fix: 'give a program and its arguments, e.g. [\'python\', \'manage.py\', \'migrate\']' }];
  if (program === '' || /\s/.test(program)) {
    return [{ prop, value: program, wrong: 'is not one program', fix: 'give each argument as an item of the list, e.g. [\'python\', \'manage.py\', \'migrate\']' }];
  }
  return checkArguments(prop, command);
}

/** Linux: MAX_ARG_STRLEN, with its end. */
export const LONGEST_ARGUMENT = 131_071;

/** What no program can be started with. */
export function checkArguments(prop: string, words: readonly string[]): Problem[] {
  const [program] = words;
  return [
    ...(words.some((word) => word.includes('\0')) ? [{ prop, value: program, wrong: 'has a NUL character, which no argument can have', fix: 'remove it' }] : []),
    ...(words.some((word) => Buffer.byteLength(word) > LONGEST_ARGUMENT) ? [{
      prop, value: program, wrong: `has an argument of more than ${LONGEST_ARGUMENT} bytes, with which Linux starts no program`, fix: 'put it into a file',
    }] : []),
  ];
}

/** Of a command that runs once. */
export const RUN_ONCE: k8s.ResourceRequirements = { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } };
