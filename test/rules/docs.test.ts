import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RuleMeta } from '../../src/rules/rule';
import { RULES } from '../../src/rules/table';

interface Docs {
  readonly DOCS: string;
  readonly SUBJECTS: Record<string, string>;
  readonly render: (rules: readonly RuleMeta[]) => Map<string, string>;
}
interface Coverage {
  readonly rows: Record<string, string>;
  readonly others: Record<string, string>;
  readonly partly: Record<string, string>;
}
const { DOCS, SUBJECTS, render } = jest.requireActual<Docs>('../../scripts/rules-docs.js');
const { rows, others, partly } = jest.requireActual<Coverage>('../../scripts/rules-coverage.js');

test('docs/rules is what scripts/rules-docs.js makes of the rules', () => {
  const onDisk = new Map(readdirSync(DOCS).map((name) => [name, readFileSync(join(DOCS, name), 'utf8')]));
  expect(Object.fromEntries(onDisk)).toEqual(Object.fromEntries(render(RULES)));
});

test('every subject has a page', () => {
  expect(Object.keys(SUBJECTS).sort()).toEqual([...new Set(RULES.map(({ id }) => id.split('/')[0]))].sort());
});

describe('the coverage of the catalogue', () => {
  const guarded = new Set(RULES.flatMap((rule) => rule.rows));

  test('rules guard rows that there are', () => {
    expect([...guarded].filter((row) => !(row in rows))).toEqual([]);
  });

  test.each(Object.keys(rows))('%s has a rule, or a reason why not', (row) => {
    expect(guarded.has(row)).toBe(!(row in others));
  });

  test('notes are about rows with a rule', () => {
    expect(Object.keys(partly).filter((row) => !guarded.has(row))).toEqual([]);
  });

  test('every rule guards a row, but for those about suppressions and what was found since', () => {
    expect(RULES.filter((rule) => rule.rows.length === 0 && !rule.id.startsWith('suppressions/')).map(({ id }) => id)).toEqual(['references/no-such-key', 'references/other-namespace', 'delivery/purge-at-start']);
  });
});
