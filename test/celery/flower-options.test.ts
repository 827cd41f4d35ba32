import { misspelt, withoutValue } from '../../src/celery/flower-options';
import { parseOptions } from '../../src/celery/options';

const read = (text: string) => parseOptions(text.split(' ').map((one) => ({ text: one })), 'flower', false).options;

test.each<[string, string[]]>([
  ['--port 5555', ['--port']], ['--port=5555', []], ['--port', ['--port']], ['--url-prefix flower --basic-auth u:p', ['--url-prefix', '--basic-auth']],
  ['--url_prefix flower', ['--url-prefix']], ['--persistent', []], ['--persistent true', []], ['--prot 5555', []], ['--broker-api=http://x --max-tasks 5', ['--max-tasks']],
])('of %j these lack their value: %j', (text, names) => {
  expect(withoutValue(read(text)).map(({ name }) => name)).toEqual(names);
});

test.each<[string, string[]]>([
  ['--prot=5555', ['--port']], ['--port=5555 --persistant=true', ['--persistent']], ['--basic-auht=u:p --url-prefx=x', ['--basic-auth', '--url-prefix']], ['--loglevel=info', []], ['--zzzzzz=1', []],
])('of %j these are meant: %j', (text, names) => {
  expect(misspelt(read(text)).map(({ meant }) => meant)).toEqual(names);
});
