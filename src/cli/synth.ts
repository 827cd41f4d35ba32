import { existsSync, readFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { Failure, guarded, Misuse, Output, parseOptions } from './command';
import { cacheFolder, projectOf } from './synth/project';
import { runPython } from './synth/python';
import { runJavaScript } from './synth/javascript';
import { synthesize } from './synth/run';

const USAGE = `Usage: cdk8s-celery synth [MAIN]

Runs a cdk8s program and writes its manifests to the folder dist, or to the folder that cdk8s.yaml names as its output: the files
that "cdk8s synth" writes. Errors are messages without a stack trace, and what is refused leaves the folder as it was. Files in it
that are not *.k8s.yaml stay.

  MAIN        the program: TypeScript, JavaScript or Python (default: main.ts, main.js or main.py)
  -h, --help  this text

TypeScript is compiled without type checks by the typescript of the project, and again only when a file has changed. Python
is that of the virtual environment that is active or has this command, of .venv or of Pipenv, else python3.

CDK8S_OUTDIR sets another folder; DEBUG=1 shows stack traces.

Exits with 0 when the manifests are written, and with 1 when the program failed or the library refused something.
`;

const DEFAULTS = ['main.ts', 'main.js', 'main.py'];

/** `cdk8s-celery synth`: returns the exit code. */
export function synth(args: string[], output: Output): Promise<number> {
  return guarded('synth', output, () => {
    const { help, main } = parse(args);
    if (help) {
      output.out(USAGE);
      return Promise.resolve(0);
    }
    const project = projectOf(main);
    const cache = cacheFolder(main);
    const program = extname(main) === '.py' ? () => runPython(main) : () => runJavaScript(main, cache);
    // Errors of the program are not ours.
    process.removeAllListeners('uncaughtException');
    synthesize({ main, output: configuredOutput(), project, cache }, program);
    return Promise.resolve(Number(process.exitCode ?? 0));
  });
}

function parse(args: string[]): { readonly help: boolean; readonly main: string } {
  const parsed = parseOptions({ args, allowPositionals: true, options: { help: { type: 'boolean', short: 'h', default: false } } }, USAGE);
  const { values: { help }, positionals } = parsed;
  if (positionals.length > 1) throw new Misuse(`one program at a time, not ${positionals.join(', ')}`, USAGE);
  if (help) return { help, main: '' };
  const given = positionals[0] ?? DEFAULTS.find((name) => existsSync(name));
  if (given === undefined) throw new Misuse(`there is no ${DEFAULTS.join(', ')} in ${process.cwd()}; name the program`, USAGE);
  if (!existsSync(given)) throw new Failure(`${resolve(given)} does not exist`);
  if (!/\.([cm]?[jt]s|py)$/.test(given)) throw new Failure(`${given} is not a TypeScript, JavaScript or Python program`);
  return { help, main: resolve(given) };
}

/** `output:` of cdk8s.yaml in the working directory, which `cdk8s synth` reads. */
function configuredOutput(): string | undefined {
  const file = join(process.cwd(), 'cdk8s.yaml');
  if (!existsSync(file)) return undefined;
  const value = /^output:[ \t]*(?:"([^"\n]+)"|'([^'\n]+)'|([^\s#'"][^\n]*?))[ \t]*(?:[ \t]#.*)?$/m.exec(readFileSync(file, 'utf8'));
  return value?.[1] ?? value?.[2] ?? value?.[3];
}
