import { ShellContext } from '../../../src/manifests/command/expansion';
import { Room } from '../../../src/manifests/command/room';
import { tokenize } from '../../../src/manifests/command/tokenize';

const VARIABLES: Record<string, string> = { ROLE: 'worker', TWO: 'a b', EMPTY: '', SPACE: ' x ' };

function context(more: Partial<ShellContext> = {}): ShellContext {
  return { variable: (name) => VARIABLES[name], room: new Room(), ...more };
}

/** Words as they are, with `?` behind what only a run tells, `'` behind what was quoted, `@` behind `"$@"`; operators in brackets. */
function read(script: string, more?: Partial<ShellContext>): string[] {
  return tokenize(script, context(more)).map(({ kind, text, unknown, quoted, splice }) =>
    kind === 'op' ? `[${text}]` : `${text}${unknown ? '?' : ''}${quoted ? '\'' : ''}${splice ? '@' : ''}`);
}

test.each<[string, string[]]>([
  ['celery -A shop worker', ['celery', '-A', 'shop', 'worker']],
  ['  a\tb\r', ['a', 'b']],
  ['', []],
  ['a;b&&c||d|e|&f&g', ['a', '[;]', 'b', '[&&]', 'c', '[||]', 'd', '[|]', 'e', '[|&]', 'f', '[&]', 'g']],
  ['a;;b\nc', ['a', '[;;]', 'b', '[\n]', 'c']],
  ['(a)', ['[(]', 'a', '[)]']],
  ['# comment\na#b # c', ['[\n]', 'a#b']],
  ['a # the end', ['a']],
  ['a\\ b \\# c', ['a b\'', '#\'', 'c']],
  ['a \\\n b', ['a', 'b']],
  ['a\\', ['a\'']],
  ['\'a "b" $ROLE\'c', ['a "b" $ROLEc\'']],
  ['\'open', ['open\'']],
  ['"a \\" \\$ROLE \\\\ \\` \\x \\\nb"', ['a " $ROLE \\ ` \\x b\'']],
  ['"open', ['open\'']],
  ['\'\' ""', ['\'', '\'']],
  ['$ROLE "$ROLE" ${ROLE} x$ROLE', ['worker', 'worker\'', 'worker', 'xworker']],
  ['$TWO "$TWO" x$TWO.y', ['a', 'b', 'a b\'', 'xa', 'b.y']],
  ['$SPACE', ['', 'x', '']],
  ['$OTHER "$OTHER" x$(date)y `date`', ['$OTHER?', '$OTHER?\'', 'x$(date)y?', '`date`?']],
  ['"$(a b)" $(a (b) c) d', ['$(a b)?\'', '$(a (b) c)?', 'd']],
  ['$ a$', ['$', 'a$']],
  ['"$@" $* "x$@"', ['$@?\'@', '$*?@', 'x$@?\'']],
  ['${@} "${*}"', ['${@}?@', '${*}?\'@']],
  ['a >log b', ['a', 'b']],
  ['a > log 2>&1 b', ['a', 'b']],
  ['a 2>/dev/null &>>x <in b', ['a', 'b']],
  ['a x2>y', ['a', 'x2']],
  ['a >"my log" b', ['a', 'b']],
  ['a > ; b', ['a', '[;]', 'b']],
  ['a >| x <> y <<< z b', ['a', 'b']],
  ['a &>x', ['a']],
  ['cat <<END >x\nb "\nEND\nc', ['cat', '[\n]', 'c']],
  ['cat << \'E-1.x\'\n$(b\nE-1.x\nc', ['cat', '[\n]', 'c']],
  ['cat <<-E\n\tb\n\tE\nc', ['cat', '[\n]', 'c']],
  ['cat <<E\n\tE\nE\nc', ['cat', '[\n]', 'c']],
  ['cat <<A <<B\na\nA\nb\nB\nc', ['cat', '[\n]', 'c']],
  ['cat <<E\nopen', ['cat', '[\n]']],
])('%j', (script, tokens) => {
  expect(read(script)).toEqual(tokens);
});

test('positional parameters', () => {
  const positional = [{ text: 'worker', unknown: false }, { text: '$X', unknown: true }];
  expect(read('$1 $2 $3 $10 ${1} ${3:-beat} ${3-beat} ${3} "$@"', { positional }))
    .toEqual(['worker', '$2?', '$3?', 'worker0', 'worker', 'beat', 'beat', '', '$@?\'@']);
  expect(read('$1 ${1:-beat}')).toEqual(['$1?', '${1:-beat}?']);
});

test.each<[string, string]>([
  ['${ROLE:-beat}', 'worker'], ['${EMPTY:-beat}', 'beat'], ['${EMPTY-beat}', ''], ['${EMPTY:=beat}', '${EMPTY:=beat}?'], ['${OTHER:-beat}', '${OTHER:-beat}?'],
  ['${ROLE%r}', '${ROLE%r}?'], ['${ROLE:=x}', 'worker'], ['${#ROLE}', '${#ROLE}?'],
])('%s', (script, text) => {
  expect(read(`x${script}`)).toEqual([`x${text}`]);
});

test('what does not fit into the room is unknown', () => {
  const room = new Room();
  room.take(199_990);
  expect(read('$ROLE $ROLE', { room })).toEqual(['worker', '$ROLE?']);
  expect(room.full).toBe(true);
});
