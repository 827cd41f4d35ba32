import { join } from 'node:path';
import { buildSync } from 'esbuild';

const ROOT = join(__dirname, '..');

test('no module of src/ imports itself by way of others', () => {
  const { metafile: { inputs } } = buildSync({
    absWorkingDir: ROOT, entryPoints: ['src/index.ts', 'src/cli/main.ts'], outdir: 'lib', write: false, bundle: true,
    platform: 'node', packages: 'external', metafile: true,
  });
  expect(Object.keys(inputs).length).toBeGreaterThan(200);
  const done = new Set<string>();
  /** The first circle on a way, without imports of types, which are none when it runs. */
  const circle = (file: string, way: readonly string[]): string | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file].join(' -> ');
    if (done.has(file)) return undefined;
    const imported = inputs[file].imports.filter(({ external }) => !external);
    const found = imported.map(({ path }) => circle(path, [...way, file])).find((one) => one !== undefined);
    done.add(file);
    return found;
  };
  expect(Object.keys(inputs).map((file) => circle(file, [])).filter((one) => one !== undefined)).toEqual([]);
});
