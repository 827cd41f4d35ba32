import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as TypeScript from 'typescript';
import { nearest } from './project';
import { writeWhole } from './run';

/** What Node has and its types do not tell of, or only some versions have. */
interface NodeModule {
  readonly enableCompileCache?: (folder: string) => unknown;
  readonly _extensions: Record<string, (module: Compilable, file: string) => void>;
  readonly _load: (file: string, parent: null, isMain: boolean) => unknown;
}

interface Compilable {
  _compile(code: string, file: string): void;
}

/** Runs a program of TypeScript or JavaScript in this process. */
export function runJavaScript(main: string, cache: string): unknown {
  const node = Module as unknown as NodeModule;
  node.enableCompileCache?.(join(cache, 'v8'));
  process.argv = [process.argv[0], main];
  if (!isModule(main)) {
    for (const extension of ['.ts', '.tsx', '.cts']) {
      node._extensions[extension] = (module, file) => module._compile(compiled(file, main, cache), file);
    }
    process.setSourceMapsEnabled(true);
    // As `node main.js` runs it: it is `require.main`.
    return node._load(main, null, true);
  }
  if (/\.[cm]?js$/.test(main) || stripsTypes()) return import(pathToFileURL(main).href);
  throw new Error(`${main} is an ECMAScript module in TypeScript, which takes Node 22.18 or later (this is ${process.version}); `
    + 'update Node, or leave "type": "module" out of package.json');
}

/** Whether Node reads a file as an ECMAScript module, whatever is in it. */
function isModule(file: string): boolean {
  if (/^\.m[jt]s$/.test(extname(file))) return true;
  if (/^\.c[jt]s$/.test(extname(file))) return false;
  const folder = nearest(dirname(file), ['package.json']);
  return folder !== undefined && (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { type?: string }).type === 'module';
}

/** Node 22.18 and later run TypeScript. */
function stripsTypes(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

/** The JavaScript of a TypeScript file; compiled when it, its configuration or the compiler has changed. */
function compiled(file: string, main: string, cache: string): string {
  const source = readFileSync(file, 'utf8');
  const compiler = findCompiler(file, main);
  const folder = nearest(dirname(file), ['tsconfig.json']);
  const configuration = folder === undefined ? '' : readFileSync(join(folder, 'tsconfig.json'), 'utf8');
  const key = createHash('sha256').update(JSON.stringify([file, source, configuration, compiler])).digest('hex').slice(0, 32);
  const stored = join(cache, `${key}.js`);
  if (existsSync(stored)) return readFileSync(stored, 'utf8');
  const code = transpile(source, file, compiler, folder);
  try {
    writeWhole(stored, code);
  } catch (error) {
    // It compiles again, then.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
  return code;
}

function transpile(source: string, fileName: string, compiler: string, folder: string | undefined): string {
  // It is the project's: the library needs none.
  const ts = createRequire(__filename)(compiler) as typeof TypeScript;
  const read = folder === undefined ? undefined : ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { moduleResolution: _, ...options } = read?.config === undefined || folder === undefined ? {} as TypeScript.CompilerOptions
    : ts.parseJsonConfigFileContent({ ...read.config as object, files: [fileName], include: undefined }, ts.sys, folder).options;
  const { outputText, diagnostics = [] } = ts.transpileModule(source, {
    fileName,
    reportDiagnostics: true,
    compilerOptions: {
      ...options, module: ts.ModuleKind.CommonJS, target: options.target ?? ts.ScriptTarget.ES2022,
      esModuleInterop: options.esModuleInterop ?? true,
      sourceMap: false, inlineSourceMap: true, inlineSources: true, declaration: false, noEmit: false, outDir: undefined, sourceRoot: undefined,
    },
  });
  // Those of no file are about the configuration, of which only a part holds here.
  const wrong = diagnostics.filter(({ file }) => file !== undefined);
  if (wrong.length > 0) {
    throw new Error(wrong.map(({ messageText, start = 0 }) => {
      const { line, character } = ts.getLineAndCharacterOfPosition(ts.createSourceFile(fileName, source, ts.ScriptTarget.Latest), start);
      return `${fileName}:${line + 1}:${character + 1}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    }).join('\n'));
  }
  return outputText;
}

/** The path of the TypeScript compiler that a file has within reach. */
function findCompiler(file: string, main: string): string {
  for (const from of [file, main]) {
    try {
      return createRequire(from).resolve('typescript');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(`${file} is TypeScript, and the project has no compiler for it: npm install --save-dev typescript`);
}
