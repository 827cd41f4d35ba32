import { execFile } from 'child_process';

/** kubectl said no; the message is its own. */
export class KubectlError extends Error {}

/** Runs kubectl, with this on its standard input, and returns what it prints. Fails with a KubectlError. */
export function kubectl(args: readonly string[], timeout = 30_000, stdin = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    // `env` is what Node takes anyway; a test that has a kubectl of its own must never reach a real cluster.
    const child = execFile('kubectl', [...args], { timeout, maxBuffer: 1024 * 1024 * 1024, env: process.env }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      // Lines of its log, such as `E1126 11:38:59.000000 3860 v2.go:104] "Unhandled Error"`, name no cause.
      const said = stderr.split('\n').filter((line) => !/^[IWEF]\d{4} \d\d:\d\d:\d\d/.test(line)).join('\n').trim() || (error.killed ? `no answer within ${timeout / 1000} s` : error.message);
      return reject(new KubectlError(missing ? 'kubectl is not on the PATH: install it, see https://kubernetes.io/docs/tasks/tools/' : said));
    });
    // A kubectl that is not there, or ends without reading, breaks the pipe; what came of the call is said above.
    child.stdin?.on('error', () => undefined).end(stdin);
  });
}
