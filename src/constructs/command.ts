import type * as k8s from './kubernetes/api/types';
import { Problem } from './validation/problems';

/** What is wrong with a command: a program and its arguments. */
export function checkCommand(prop: string, command: readonly string[]): Problem[] {
  const [program] = command;
  if (program === undefined) return [{ prop, value: command, wrong: 'is empty', fix: 'give a program and its arguments, e.g. [\'python\', \'manage.py\', \'migrate\']' }];
  if (program === '' || /\s/.test(program)) {
    return [{ prop, value: program, wrong: 'is not one program', fix: 'give each argument as an item of the list, e.g. [\'python\', \'manage.py\', \'migrate\']' }];
  }
  return command.some((word) => word.includes('\0')) ? [{ prop, value: program, wrong: 'has a NUL character, which no argument can have', fix: 'remove it' }] : [];
}

/** Of a command that runs once. */
export const RUN_ONCE: k8s.ResourceRequirements = { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } };
