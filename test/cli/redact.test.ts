import { Readable } from 'node:stream';
import { redactInput } from '../../src/cli/redact';

async function run(input: string, ...args: string[]) {
  let [out, err] = ['', ''];
  const code = await redactInput(args, { out: (text) => out += text, err: (text) => err += text, colour: false }, Readable.from([input]));
  return { code, out, err };
}

const KEY = '-----BEGIN PRIVATE KEY-----\nabc\nx\n-----END PRIVATE KEY-----';

test.each([
  ['a password', 'boom password=hunter2\nnext\n', 'boom password=***\nnext\n'],
  ['a URL', '  redis://:hunter2@h:6379/0: refused', '  redis://:***@h:6379/0: refused'],
  ['a key of several lines', `a\n${KEY}\nb\n`, 'a\n***\nb\n'],
  ['nothing to hide', 'NAME   READY\nweb-1  1/1\n', 'NAME   READY\nweb-1  1/1\n'],
  ['what a terminal obeys', '\u001b[2Jx\n::error::y\n', '\\x1b[2Jx\n\\x3a:error::y\n'],
])('%s', async (_, input, out) => {
  expect(await run(input)).toEqual({ code: 0, out, err: '' });
});

test('takes no file', async () => {
  expect(await run('', 'a.log')).toMatchObject({ code: 2, out: '', err: expect.stringContaining('a.log: it reads standard input, and no file') });
});
