import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { kubectl, KubectlError } from '../../src/cli/kubectl';
import { scratch } from './run';

const files = scratch();
const { PATH } = process.env;
afterEach(() => { process.env.PATH = PATH; });

/** A kubectl on the PATH that does this; none for undefined. */
function install(script?: string): void {
  mkdirSync(files.path('bin'), { recursive: true });
  mkdirSync(files.path('empty'), { recursive: true });
  if (script !== undefined) writeFileSync(files.path('bin/kubectl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.PATH = script === undefined ? files.path('empty') : `${files.path('bin')}${delimiter}${PATH}`;
}

test('is called with the arguments as they are and the text on its standard input, and its output returned', async () => {
  install('echo starts >&2; for word; do printf "<%s>" "$word"; done; cat');
  expect(await kubectl(['get', 'a b', '', '$HOME'], undefined, 'read\n')).toBe('<get><a b><><$HOME>read\n');
});

test('what ends without reading its standard input is not waited for', async () => {
  install('echo done');
  expect(await kubectl(['get'], undefined, 'x'.repeat(1_000_000))).toBe('done\n');
});

test.each([
  ['its last words', 'echo no; echo "E0101 11:38:59.000000 3860 v2.go:104] log" >&2; echo " Error: no such pod" >&2; exit 1', 'Error: no such pod'],
  ['its exit code, when it says nothing', 'exit 3', 'Command failed: kubectl get pods'],
  ['the time it was given, when it does not answer', 'exec sleep 5', 'no answer within 0.1 s'],
  ['how to get one, when there is none', undefined, 'kubectl is not on the PATH: install it, see https://kubernetes.io/docs/tasks/tools/'],
])('fails with %s', async (_, script, message) => {
  install(script);
  const failure = await kubectl(['get', 'pods'], script?.includes('sleep') ? 100 : undefined).catch((error: unknown) => error as Error);
  expect(failure).toBeInstanceOf(KubectlError);
  expect((failure as Error).message.trim()).toBe(message);
});
