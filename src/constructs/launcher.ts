import { checkArguments } from './command';
import { asGiven } from './kubernetes/as-given';
import { Problem } from './validation/problems';
import { texts, TypeCheck } from './validation/props';

const EXAMPLE = 'e.g. [\'opentelemetry-instrument\']';
const SHELL = /(^|\/)(ba|da|z|k|a)?sh$/;

/** Whether a prop is a command in front of another one: a list of arguments, without a shell. */
export const LAUNCHER: TypeCheck = (prop, value) => {
  const wrong = texts(EXAMPLE)(prop, value);
  if (wrong.length > 0) return wrong;
  const [program, ...words] = value as string[];
  const problem = (given: string, why: string, fix: string): Problem[] => [{ prop, value: given, wrong: why, fix }];
  if (program === undefined) return [];
  if (program === '' || /\s/.test(program)) return problem(program, 'is not one program', `give each argument as an item of the list, ${EXAMPLE}`);
  if (SHELL.test(program) && words.some((word) => /^-\w*c/.test(word))) {
    return problem([program, ...words].join(' '), 'is a shell, which would not run the command that follows', 'give the program and its arguments without a shell');
  }
  return checkArguments(prop, value as string[]);
};

/** A command line with the launcher in front. */
export function launched(launcher: readonly string[], command: readonly string[]): string[] {
  return [...launcher.map(asGiven), ...command];
}
