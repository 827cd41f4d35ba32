import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { shellWord } from '../programs';

/** What kubectl prints and its exit code, for calls that have this text; others fail. Of several prints each call gets the next, then the last. */
export type Answers = Record<string, readonly [printed: string | readonly string[], code?: number]>;

const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs something with a kubectl that gives these answers, or with none at all; returns also how it was called. */
export async function withKubectl<T>(answers: Answers | undefined, body: () => T | Promise<T>): Promise<{ result: T; calls: string[] }> {
  const bin = mkdtempSync(join(folder, 'bin-'));
  const calls = join(bin, 'calls');
  // Without programs of its own: there are thousands of calls.
  const cases = Object.entries(answers ?? {}).map(([text, [printed, code = 0]], index) => {
    const prints = typeof printed === 'string' ? [printed] : printed;
    const last = prints.length - 1;
    const print = prints.length === 1 ? `printf %s ${shellWord(prints[0])}` : `next ${index} ${last}; case $n in ${prints.map((one, at) => `${at}) printf %s ${shellWord(one)};; `).join('')}esac`;
    return `  *${shellWord(text)}*) { ${print}; } ${code ? '>&2' : ''}; exit ${code};;\n`;
  });
  if (answers) {
    writeFileSync(join(bin, 'kubectl'), '#!/bin/sh\n'
      + `next() { n=0; [ ! -e '${bin}/'$1 ] || read -r n <'${bin}/'$1; [ $n -ge $2 ] || echo $((n + 1)) >'${bin}/'$1; }\n`
      + `stdin=; case "$*" in *' -f -') stdin=" <<< $(cat)";; esac\nprintf '%s%s\\036' "$*" "$stdin" >>'${calls}'\n`
      + `case "$*" in\n${cases.join('')}  *) echo "unexpected: $*" >&2; exit 1;;\nesac\n`, { mode: 0o755 });
  }
  const { PATH } = process.env;
  process.env.PATH = answers ? `${bin}${delimiter}${PATH}` : bin;
  try {
    const result = await body();
    return { result, calls: existsSync(calls) ? readFileSync(calls, 'utf8').replaceAll('\n', ' ').split('\x1e').slice(0, -1) : [] };
  } finally {
    process.env.PATH = PATH;
  }
}
