import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { callingPython } from './calling-python';
import { nearest } from './project';

/**
 * Runs a program as `python main.py` would. What the library refuses comes as an exception whose cause is one of JavaScript's:
 * of that, only the message is shown.
 */
const RUNNER = `
import os, runpy, sys, traceback
main = sys.argv[1]
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(main)
try:
    runpy.run_path(main, run_name='__main__')
except Exception as error:
    cause = error
    while cause is not None and type(cause).__name__ not in ('JavaScriptError', 'JSIIError'):
        cause = cause.__cause__
    if cause is None or os.environ.get('DEBUG'):
        # Without the frames of this program; there are no others when the program does not parse.
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename != main:
            frames = frames.tb_next
        traceback.print_exception(type(error), error, frames)
    else:
        text = str(error)
        print(text[7:] if text.startswith('Error: ') else text, file=sys.stderr)
    sys.exit(1)
`;

/** Runs a program of Python; gives its exit code. */
export function runPython(main: string): Promise<number> {
  const { command, args } = interpreter(main);
  const child = spawn(command, [...args, '-c', RUNNER, main], {
    stdio: 'inherit',
    // jsii prints a banner for each version of Node that it does not know, or that has ended.
    env: {
      ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20,22,24', JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1',
      JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION: '1',
    },
  });
  return new Promise((done, failed) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      failed(new Error(`cannot start ${command}: ${error.message}; activate the virtual environment of the project`));
    });
    child.on('exit', (code, signal) => {
      if (signal !== null) failed(new Error(`${command} was ended by ${signal}`));
      else done(code ?? 1);
    });
  });
}

/** The Python of the project that a program belongs to. */
export function interpreter(main: string): { readonly command: string; readonly args: readonly string[] } {
  const inside = process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const { VIRTUAL_ENV, PATH = '' } = process.env;
  if (VIRTUAL_ENV) return { command: join(VIRTUAL_ENV, ...inside), args: [] };
  const calling = callingPython();
  if (calling !== undefined) return { command: calling, args: [] };
  const folder = nearest(dirname(main), [join('.venv', ...inside)]);
  if (folder !== undefined) return { command: join(folder, '.venv', ...inside), args: [] };
  const has = (program: string): boolean => PATH.split(delimiter).some((path) => existsSync(join(path, program)));
  if (nearest(dirname(main), ['Pipfile']) !== undefined && has('pipenv')) return { command: 'pipenv', args: ['run', 'python'] };
  return { command: 'python3', args: [] };
}
