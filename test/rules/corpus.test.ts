import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CORPUS, load, violations } from './manifests';
import { World } from '../../src/manifests/world';
import { Severity } from '../../src/rules/severity';

const FILES = readdirSync(CORPUS).sort();

/** In these nothing is a process of Celery, or what it is cannot be known. */
const WITHOUT_PROCESS = ['either-worker-or-beat.yaml', 'init-container-inspects.yaml', 'task-cronjob.yaml'];

test('the corpus is worth its name', () => {
  expect(FILES.length).toBeGreaterThanOrEqual(40);
});

describe.each(FILES)('%s', (file) => {
  const objects = load(join(CORPUS, file));

  test('is no error', () => {
    const errors = violations(objects).filter(({ severity }) => severity === Severity.ERROR);
    expect(errors.map(({ rule, at, value }) => [rule.id, at.path, value])).toEqual([]);
  });

  test('is understood', () => {
    expect(new World(objects).processes.length > 0).toBe(!WITHOUT_PROCESS.includes(file));
  });
});
