import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROGRAM, projectWithCommand } from './synth-project';

/** Says in the manifest whether it runs from a snapshot, which the second run leaves. */
const SAYS = `${PROGRAM.replace("'new'", '`${process.execArgv.length > 0} ${process.argv.length} ${process.cwd().split("/").pop()}`')}
import { value } from './value';
import { ApiObject } from 'cdk8s';
if (process.env.FAIL) throw new Error(process.env.FAIL + value + typeof ApiObject + process.env.GLIBC_TUNABLES);
if (process.env.CODE) process.exit(Number(process.env.CODE));
`;
const written = (text: string) => (text.match(/^(.*) begin/) ?? [])[1];

/** A project with the program, and what runs it. */
function started() {
  const it = projectWithCommand();
  writeFileSync(it.path('main.ts'), SAYS);
  writeFileSync(it.path('value.ts'), 'export const value = `${process.env.VALUE ?? "none"}`;');
  const { CDK8S_OUTDIR: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const run = (env: Record<string, string> = {}, root = it.root, cwd = root) => {
    const result = spawnSync(join(root, 'bin/synth'), [], { cwd, encoding: 'utf8', env: { ...inherited, ...env } });
    return { ...result, said: existsSync(join(root, 'dist/redis.k8s.yaml')) ? written(readFileSync(join(root, 'dist/redis.k8s.yaml'), 'utf8')) : undefined };
  };
  const blob = join(it.path('lib/bundle/snapshots'), `${it.path('main.ts')}.blob`);
  return { ...it, run, blob };
}

describe('the second run leaves a snapshot', () => {
  let it: ReturnType<typeof started>;
  let first: ReturnType<typeof it.run>[];
  beforeAll(() => {
    it = started();
    first = [it.run(), it.run()];
  });

  test('the program is evaluated again, with its environment, arguments and folder', () => {
    const { run, blob } = it;
    expect(first).toMatchObject(Array(2).fill({ status: 0, stderr: '', said: 'false 2 project' }));
    expect(run({}, undefined, tmpdir())).toMatchObject({ status: 0, stderr: '', said: 'true 2 project' });
    expect(run({ FAIL: 'refused', VALUE: 'seven' })).toMatchObject({ status: 1, stderr: 'refusedsevenfunctionundefined\n', said: 'true 2 project' });
    // The environment of the user.
    expect(run({ FAIL: 'refused', GLIBC_TUNABLES: 'glibc.malloc.perturb=0' }).stderr).toBe('refusednonefunctionglibc.malloc.perturb=0\n');
    expect(run({ CODE: '3' }).status).toBe(3);
    expect(run({ NODE_OPTIONS: '--max-old-space-size=900' })).toMatchObject({ status: 0, stderr: '', said: 'false 2 project' });
    // Which leaves none: it would not be one for runs without the flag.
    expect(run()).toMatchObject({ status: 0, stderr: '', said: 'true 2 project' });
    expect(lstatSync(blob).size).toBeGreaterThan(1e6);
  });

  test('what has changed is compiled, and a damaged or foreign one is replaced', () => {
    const { run, blob, path, root } = it;
    writeFileSync(path('value.ts'), 'export const value = "edited";');
    expect(run({ FAIL: 'refused' })).toMatchObject({ status: 1, stderr: 'refusededitedfunctionundefined\n' });
    expect(run()).toMatchObject({ status: 0, said: 'false 2 project' });
    expect(run()).toMatchObject({ status: 0, said: 'true 2 project' });
    writeFileSync(blob, readFileSync(blob).subarray(0, 1e6));
    expect(run()).toMatchObject({ status: 0, said: 'false 2 project' });
    expect(run()).toMatchObject({ status: 0, stderr: '', said: 'true 2 project' });
    cpSync(root, path('../copy'), { recursive: true });
    expect(run({}, path('../copy'))).toMatchObject({ status: 0, stderr: '', said: 'false 2 copy' });
    expect(written(readFileSync(path('dist/redis.k8s.yaml'), 'utf8'))).toBe('true 2 project');
  });
});

test('one that cannot be made is not tried again', () => {
  const { path, blob } = started();
  // A snapshot cannot hold a server.
  writeFileSync(path('main.ts'), `${PROGRAM}\nrequire('net').createServer().listen(0).unref();`);
  const run = () => spawnSync(join(path('bin/synth')), [], { cwd: path(), encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
  const results = [run(), run(), run()];
  expect(results).toMatchObject(Array(3).fill({ status: 0, stderr: '' }));
  expect(lstatSync(blob)).toMatchObject({ size: 0 });
  const { mtimeMs } = lstatSync(blob);
  expect(run()).toMatchObject({ status: 0, stderr: '' });
  expect(lstatSync(blob).mtimeMs).toBe(mtimeMs);
});
