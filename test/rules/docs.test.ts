import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CATALOGUE, Failure } from '../../src/rules/catalogue';
import { DRILLED } from '../../src/rules/drilled';
import { SILENCES } from '../../src/rules/silences';
import { RULES, SUBJECTS } from '../../src/rules/table';

interface Docs {
  readonly DOCS: string;
  readonly render: (rules: object) => Map<string, string>;
}
const { DOCS, render } = jest.requireActual<Docs>('../../scripts/rules-docs.js');

test('docs/rules is what scripts/rules-docs.js makes of the rules', () => {
  const onDisk = new Map(readdirSync(DOCS).map((name) => [name, readFileSync(join(DOCS, name), 'utf8')]));
  expect(Object.fromEntries(onDisk)).toEqual(Object.fromEntries(render({ RULES, SUBJECTS, CATALOGUE, DRILLED, SILENCES })));
});

test.each(Object.entries(SUBJECTS))('the rules of %s are called after it', (name, { rules }) => {
  expect(rules.filter(({ id }) => !id.startsWith(`${name}/`))).toEqual([]);
});

test('what stays silent has a reason, once', () => {
  expect(SILENCES.filter(({ reason }) => !reason.endsWith('.'))).toEqual([]);
  expect(new Set(SILENCES.map(({ gap }) => gap)).size).toBe(SILENCES.length);
});

describe('the failure catalogue', () => {
  const guarded = new Set<string>(RULES.flatMap((rule) => rule.rows));

  test.each<[string, Failure]>(Object.entries(CATALOGUE))('%s has a rule, or a reason why not', (id, { unguarded, limits }) => {
    expect(guarded.has(id)).toBe(unguarded === undefined);
    if (limits !== undefined) expect(guarded).toContain(id);
  });

  test('every rule guards a row, but for those about suppressions and what was found since', () => {
    expect(RULES.filter((rule) => rule.rows.length === 0 && !rule.id.startsWith('suppressions/')).map(({ id }) => id)).toEqual(['references/no-such-key', 'references/other-namespace', 'delivery/purge-at-start']);
  });
});
