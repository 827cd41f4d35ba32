import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

/** What kubectl prints and its exit code, for calls that have this text; others fail. Of several prints each call gets the next, then the last. */
export type Answers = Record<string, readonly [printed: string | readonly string[], code?: number]>;

const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs something with a kubectl that gives these answers, or with none at all; returns also how it was called. */
export async function withKubectl<T>(answers: Answers | undefined, body: () => T | Promise<T>): Promise<{ result: T; calls: string[] }> {
  const bin = mkdtempSync(join(folder, 'bin-'));
  const calls = join(bin, 'calls');
  const cases = Object.entries(answers ?? {}).map(([text, [printed, code = 0]], index) => {
    const prints = typeof printed === 'string' ? [printed] : printed;
    prints.forEach((one, at) => writeFileSync(join(bin, `${index}.${at}`), one));
    const file = prints.length === 1 ? `${bin}/${index}.0` : `${bin}/${index}.$(next ${index} ${prints.length})`;
    return `  *'${text}'*) cat "${file}" ${code ? '>&2' : ''}; exit ${code};;\n`;
  });
  if (answers) {
    writeFileSync(join(bin, 'kubectl'), '#!/usr/bin/env bash\n'
      + `next() { n=$(cat '${bin}/'"$1.n" 2>/dev/null || echo 0); [ $((n + 1)) -ge $2 ] || echo $((n + 1)) >'${bin}/'"$1.n"; echo $n; }\n`
      + `[[ "$*" != *' -f -' ]] || stdin=" <<< $(cat)"\necho "\${*//$'\\n'/ }\${stdin-}" >>'${calls}'\ncase "$*" in\n${cases.join('')}  *) echo "unexpected: $*" >&2; exit 1;;\nesac\n`, { mode: 0o755 });
  }
  const { PATH } = process.env;
  process.env.PATH = answers ? `${bin}${delimiter}${PATH}` : bin;
  try {
    const result = await body();
    return { result, calls: existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [] };
  } finally {
    process.env.PATH = PATH;
  }
}
