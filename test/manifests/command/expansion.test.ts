import { lintObjects } from '../../../src/rules/lint';

const pod = (container: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' }, spec: { containers: [{ name: 'main', image: 'shop:1', ...container }] } });

/** V0 has 16 characters, and each that follows is twice as long as the one before it. */
const doubling = (last: number) => [
  { name: 'V0', value: 'a'.repeat(16) },
  ...Array.from({ length: last }, (_, i) => ({ name: `V${i + 1}`, value: `$(V${i})$(V${i})` })),
];
/** The same in a script. */
const script = (last: number) => ['A0=aaaaaaaaaaaaaaaa', ...Array.from({ length: last }, (_, i) => `A${i + 1}="$A${i}$A${i}"`), `exec celery -A shop worker -n "$A${last}"`].join('\n');

const notRead = (container: object) => lintObjects([pod(container)]).unknown.map(({ reason }) => reason);
const OF_VARIABLES = 'has variables that expand to more than 200000 characters, of which the rest was not read';
const OF_SCRIPTS = 'has scripts that expand to more than 200000 characters, of which the rest was not read';

describe('what expands to more than any command line holds is not known, and said to be so', () => {
  test.each([[10, []], [23, [OF_VARIABLES]], [200, [OF_VARIABLES]]])('$(V%i), of variables that double', (last, expected) => {
    expect(notRead({ command: ['celery', '-A', 'shop', 'worker', '-n', `$(V${last})`], env: doubling(last) })).toEqual(expected);
  });

  test.each([[10, []], [23, [OF_SCRIPTS]]])('$A%i, of a script', (last, expected) => {
    expect(notRead({ command: ['sh', '-c', script(last)] })).toEqual(expected);
  });

  test('one long variable, again and again', () => {
    const env = [{ name: 'LONG', value: 'a'.repeat(100_000) }];
    expect(notRead({ command: ['sh', '-c', `celery -A shop worker -n "${'$LONG'.repeat(2)}"`], env })).toEqual([]);
    expect(notRead({ command: ['sh', '-c', `celery -A shop worker -n "${'$LONG'.repeat(20_000)}"`], env })).toEqual([OF_SCRIPTS]);
    expect(notRead({ command: ['celery', '-A', 'shop', 'worker', '-n', '$(LONG)'.repeat(20_000)], env })).toEqual([OF_VARIABLES]);
  });

  test('all arguments, again and again', () => {
    expect(notRead({ command: ['sh', '-c', `celery -A shop worker ${'"$@" '.repeat(20_000)}`, 'x', ...Array.from({ length: 2000 }, () => '-E')] })).toEqual([OF_SCRIPTS]);
  });

  test('what is known of the rest is found', () => {
    const found = lintObjects([pod({ command: ['celery', '-A', 'shop', 'worker', '-n', '$(V23)', '--purge'], env: doubling(23) })]);
    expect(found.violations.map(({ rule }) => rule.id)).toContain('delivery/purge-at-start');
  });
});
