import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import type os from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../../src/cli/synth/project';

jest.mock('node:os', () => ({ ...jest.requireActual<typeof os>('node:os'), tmpdir: () => mockTemporary }));
const mockTemporary = mkdtempSync(join(jest.requireActual<typeof os>('node:os').tmpdir(), 'cdk8s-celery-'));
afterAll(() => rmSync(mockTemporary, { recursive: true, force: true }));

describe('the cache of a project without node_modules', () => {
  const attempt = (): string => cacheFolder(join(mockTemporary, 'shop/main.ts'));

  test('is a folder of temporary files that only this user can write to, the same in the next run', () => {
    const folder = attempt();
    expect(dirname(folder)).toBe(mockTemporary);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(attempt()).toBe(folder);
  });

  test.each<[string, (folder: string) => void]>([
    ['that others may write to', (folder) => {
      mkdirSync(folder);
      chmodSync(folder, 0o777);
    }],
    ['that is a link', (folder) => {
      mkdirSync(`${folder}.target`);
      symlinkSync(`${folder}.target`, folder);
    }],
  ])('is not one %s: what is in it would run', (_, make) => {
    const folder = attempt();
    rmSync(folder, { recursive: true });
    make(folder);
    const other = attempt();
    expect(other).not.toBe(folder);
    expect(statSync(other).mode & 0o777).toBe(0o700);
    rmSync(folder, { recursive: true });
  });
});
