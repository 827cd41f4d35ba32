import { ShellContext } from '../../../src/manifests/command/expansion';
import { Room } from '../../../src/manifests/command/room';
import { parseShell } from '../../../src/manifests/command/shell';

const VARIABLES: Record<string, string> = { ROLE: 'worker', EMPTY: '' };

/** The commands, without empty words, with what is known of each: `exec`, `&` in the background, `|` piped, `()` nested, `$` the last. */
function read(script: string, positional?: ShellContext['positional']): string[] {
  const { commands } = parseShell(script, { variable: (name) => VARIABLES[name], positional, room: new Room() });
  return commands.map(({ words, assignments, exec, background, piped, nested, last }) => [
    exec ? 'exec' : '', ...[...assignments].map(([name, value]) => `${name}=${value}`), ...words.map(({ text, unknown }) => unknown ? `${text}?` : text),
    background ? '&' : '', piped ? '|' : '', nested ? '()' : '', last ? '$' : '',
  ].filter((part) => part !== '').join(' '));
}

test.each<[string, string[]]>([
  ['a b', ['a b $']],
  ['a; b\nc', ['a', 'b', 'c $']],
  ['a && b || c', ['a', 'b', 'c $']],
  ['exec a b', ['exec a b $']],
  ['exec >log; a', ['a $']],
  ['exec 2>&1\na', ['a $']],
  ['exec; a', ['a $']],
  ['X=1 Y="a b" a Z=2', ['X=1 Y=a b a Z=2 $']],
  ['X=1; a', ['a $']],
  ['a & b', ['a &', 'b $']],
  ['a `b` c; d', ['a `b`? c', 'd $']],
  ['a `b; c', ['a `b; c? $']],
  ['a | b', ['a |', 'b | $']],
  ['a |\nb; c', ['a |', 'b |', 'c $']],
  ['a |& b', ['a |', 'b | $']],
  ['(a; b); c', ['a ()', 'b ()', 'c $']],
  ['{ a; b; }; c', ['a ()', 'b ()', 'c $']],
  ['f() { a; }; b', ['a ()', 'b $']],
  ['f() {\n  a\n}\nb', ['a ()', 'b $']],
  ['while a; do b; done; c', ['a ()', 'b ()', 'c $']],
  ['until a; do b; done', ['a ()', 'b ()']],
  ['for x in a b; do c $x; done; d', ['c $x? ()', 'd $']],
  ['for x in a b\ndo c; done', ['c ()']],
  ['! a; time b', ['a', 'b $']],
  ['if a; then b; else c; fi; d', ['a ()', 'b ()', 'c ()', 'd $']],
  ['"if" a; \'fi\'', ['if a', 'fi $']],
  ['fi; done; a', ['a $']],
  ['a )b', ['a', 'b $']],
])('%j', (script, commands) => {
  expect(read(script)).toEqual(commands);
});

describe('an arm of if that is known to be taken, or not', () => {
  test.each<[string, string[]]>([
    ['if [ "$ROLE" = worker ]; then a; else b; fi; c', ['[ worker = worker ] ()', 'a', 'c $']],
    ['if [ "$ROLE" = beat ]; then a; else b; fi; c', ['[ worker = beat ] ()', 'b', 'c $']],
    ['if [ "$ROLE" != beat ]; then a; else b; fi', ['[ worker != beat ] ()', 'a $']],
    ['if [ "$ROLE" == worker ]; then a; fi', ['[ worker == worker ] ()', 'a $']],
    ['if test "$ROLE" = beat; then a; fi', ['test worker = beat ()']],
    ['if [[ $ROLE == w* ]]; then a; else b; fi', ['[[ worker == w* ]] ()', 'a $']],
    ['if [[ $ROLE == "w*" ]]; then a; else b; fi', ['[[ worker == w* ]] ()', 'b $']],
    ['if [[ $ROLE != w* ]]; then a; else b; fi', ['[[ worker != w* ]] ()', 'b $']],
    ['if [ $ROLE = w* ]; then a; else b; fi', ['[ worker = w* ] ()', 'b $']],
    ['if [ -z "$EMPTY" ]; then a; else b; fi', ['[ -z ] ()', 'a $']],
    ['if [ -n "$EMPTY" ]; then a; else b; fi', ['[ -n ] ()', 'b $']],
    ['if [ -z "$ROLE" ]; then a; else b; fi', ['[ -z worker ] ()', 'b $']],
    ['if [ "$ROLE" = beat ]; then a; elif [ "$ROLE" = worker ]; then b; elif [ "$ROLE" = worker ]; then c; else d; fi',
      ['[ worker = beat ] ()', '[ worker = worker ] ()', 'b $']],
    ['if [ "$ROLE" = worker ]; then a; elif b; then c; fi', ['[ worker = worker ] ()', 'a $']],
    ['if [ "$ROLE" = beat ]; then a; elif b; then c; else d; fi', ['[ worker = beat ] ()', 'b ()', 'c ()', 'd ()']],
    // What is not known: all arms may run.
    ['if [ "$OTHER" = beat ]; then a; else b; fi', ['[ $OTHER? = beat ] ()', 'a ()', 'b ()']],
    ['if [ -f /x ]; then a; else b; fi', ['[ -f /x ] ()', 'a ()', 'b ()']],
    ['if [ 1 -lt 2 ]; then a; else b; fi', ['[ 1 -lt 2 ] ()', 'a ()', 'b ()']],
    ['if [ a = a -a b = c ]; then a; else b; fi', ['[ a = a -a b = c ] ()', 'a ()', 'b ()']],
    ['if [ a = b; then a; else b; fi', ['[ a = b ()', 'a ()', 'b ()']],
    ['if [ a = b ] || x; then a; else b; fi', ['[ a = b ] ()', 'x ()', 'a ()', 'b ()']],
    ['if [ a = b ]; x; then a; else b; fi', ['[ a = b ] ()', 'x ()', 'a ()', 'b ()']],
    ['while x; do if [ a = a ]; then b; fi; done', ['x ()', '[ a = a ] ()', 'b ()']],
  ])('%s', (script, commands) => {
    expect(read(script)).toEqual(commands);
  });
});

describe('an arm of case', () => {
  test.each<[string, string[]]>([
    ['case "$ROLE" in worker) a;; beat) b;; esac; c', ['a', 'c $']],
    ['case "$ROLE" in beat|worker) a;; *) b;; esac', ['a $']],
    ['case "$ROLE" in (beat) a;; (w*) b;; *) c;; esac', ['b $']],
    ['case "$ROLE" in beat) a;; *) b;; esac', ['b $']],
    ['case "$ROLE" in\n  worker)\n    exec a\n    ;;\nesac\nb', ['exec a', 'b $']],
    ['case $OTHER in worker) a;; *) b;; esac; c', ['a ()', 'b ()', 'c $']],
    ['case $ROLE in worker) case x in y) a;; x) b;; esac;; *) c;; esac', ['b $']],
    ['case $ROLE in beat) a;; esac; b', ['b $']],
  ])('%s', (script, commands) => {
    expect(read(script)).toEqual(commands);
  });
});

test('"$@" is all arguments', () => {
  expect(read('exec celery "$@" -E', [{ text: 'worker', unknown: false }, { text: '$X', unknown: true }])).toEqual(['exec celery worker $X? -E $']);
  expect(read('exec "$@"', [])).toEqual([]);
  expect(read('exec celery "$@"')).toEqual(['exec celery $@? $']);
});

test('variables that a script sets once are known', () => {
  expect(read('NAME=beat\nexport KIND="$NAME-x"\na $NAME $KIND')).toEqual(['export KIND=beat-x', 'a beat beat-x $']);
  expect(read('NAME=beat; NAME=worker; a $NAME')).toEqual(['a $NAME? $']);
  expect(read('NAME=$(x)\na $NAME')).toEqual(['a $NAME? $']);
});

test('traps', () => {
  const traps = (script: string) => parseShell(script, { variable: () => undefined, room: new Room() }).traps;
  expect(traps('trap "kill $!" TERM\na & wait')).toBe(true);
  expect(traps('echo trap')).toBe(false);
});

test('a script of Windows, and one that is longer than what is read', () => {
  expect(read('a\r\nb\r\n')).toEqual(['a', 'b $']);
  expect(read(`${'#'.repeat(199_998)}\na`)).toEqual(['a $']);
  expect(read(`${'#'.repeat(199_999)}\na`)).toEqual([]);
});

describe('a script that was read before', () => {
  const words = (script: string, variables: Record<string, string>, { positional, room = new Room() }: Partial<ShellContext> = {}) =>
    parseShell(script, { variable: (name) => variables[name], positional, room }).commands.map((command) => command.words.map(({ text }) => text).join(' '));

  test('is read again where a variable differs', () => {
    const script = 'FROM=${ROLE:-none}; exec start $ROLE $FROM # by variables';
    expect(words(script, { ROLE: 'worker' })).toEqual(['start worker worker']);
    expect(words(script, { ROLE: 'beat', OTHER: '1' })).toEqual(['start beat beat']);
    expect(words(script, {})).toEqual(['start $ROLE $FROM']);
    expect(words(script, { ROLE: 'beat' })).toEqual(['start beat beat']);
  });

  test('is read again where its parameters differ, or are not known', () => {
    const script = 'exec start "$@" # by parameters';
    const known = (text: string, unknown = false) => [{ text, unknown }];
    expect(words(script, {}, { positional: known('a') })).toEqual(['start a']);
    expect(words(script, {}, { positional: known('b') })).toEqual(['start b']);
    expect(words(script, {})).toEqual(['start $@']);
    expect(parseShell(script, { variable: () => undefined, positional: known('a', true), room: new Room() }).commands[0].words[1].unknown).toBe(true);
    expect(words(script, {}, { positional: known('a') })).toEqual(['start a']);
  });

  test('takes as much room as before, and is read again where there is less', () => {
    const script = 'start $LONG # by room';
    const variables = { LONG: 'x'.repeat(150_000) };
    const room = new Room();
    expect(words(script, variables, { room: new Room() })[0]).toHaveLength(150_006);
    expect(words(script, variables, { room })[0]).toHaveLength(150_006);
    expect(room.full).toBe(false);
    expect(words(script, variables, { room })).toEqual(['start $LONG']);
    expect(room.full).toBe(true);
    expect(words(script, variables, { room: new Room() })[0]).toHaveLength(150_006);
  });
});
