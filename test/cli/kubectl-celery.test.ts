import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'cdk8s-celery-'));
afterAll(() => rmSync(folder, { recursive: true }));

// kubectl looks for programs named kubectl-... on the PATH; npm puts links to those of a package there.
test('kubectl-celery is a program of the package, and the same command as cdk8s-celery', () => {
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'lib/cli'), { recursive: true });
  writeFileSync(join(folder, 'lib/cli/main.js'), 'console.log("ran", ...process.argv.slice(2)); process.exitCode = 7;');
  const { bin, files } = JSON.parse(spawnSync('cat', [join(ROOT, 'package.json')], { encoding: 'utf8' }).stdout) as { bin: Record<string, string>; files: string[] };
  expect(Object.keys(bin).sort()).toEqual(['cdk8s-celery', 'kubectl-celery']);
  for (const [name, path] of Object.entries(bin)) {
    expect(files).toContain(path);
    spawnSync('cp', [join(ROOT, path), join(folder, path)]);
    chmodSync(join(folder, path), 0o755);
    symlinkSync(join(folder, path), join(folder, name));
    const { status, stdout } = spawnSync(name, ['status', '-n', 'shop'], { encoding: 'utf8', env: { PATH: `${folder}:${process.env.PATH}` } });
    expect([name, status, stdout]).toEqual([name, 7, 'ran status -n shop\n']);
  }
});
