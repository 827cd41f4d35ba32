import { isGlobal, parseOptions, takesValue } from '../../src/celery/options';

function parsed(text: string, command: string | undefined = 'worker', stop = false) {
  const { options, rest, next } = parseOptions(text.split(' ').filter(Boolean).map((word) => ({ text: word })), command, stop);
  return { options: Object.fromEntries([...options].map(([name, { value }]) => [name, value])), rest: rest.map(({ text: word }) => word), next };
}

test.each<[string, Record<string, string>, string[]?]>([
  ['--concurrency=2', { '--concurrency': '2' }],
  ['--concurrency 2', { '--concurrency': '2' }],
  ['-c 2', { '--concurrency': '2' }],
  ['-c2', { '--concurrency': '2' }],
  ['-c=2', { '--concurrency': '2' }],
  ['--task_events', { '--task-events': 'true' }],
  ['-E', { '--task-events': 'true' }],
  ['-BE -c 3', { '--beat': 'true', '--task-events': 'true', '--concurrency': '3' }],
  ['-BEc3 x', { '--beat': 'true', '--task-events': 'true', '--concurrency': '3' }, ['x']],
  ['-Ofair', { '--optimization': 'fair' }],
  ['-Q a,b x', { '--queues': 'a,b' }, ['x']],
  ['-A shop', { '--app': 'shop' }],
  ['--app=shop=x', { '--app': 'shop=x' }],
  ['--unknown x', { '--unknown': 'true' }, ['x']],
  ['--unknown=x y', { '--unknown': 'x' }, ['y']],
  ['-Z x', {}, ['x']],
  ['-BZ x', { '--beat': 'true' }, ['x']],
  ['--pool', { '--pool': 'true' }],
  ['-P', {}],
  ['-c 1 -c 2', { '--concurrency': '2' }],
  ['a - b', {}, ['a', '-', 'b']],
  ['-1 x', {}, ['-1', 'x']],
])('%s', (text, options, rest = []) => {
  expect(parsed(text)).toMatchObject({ options, rest });
  expect(Object.keys(parsed(text).options)).toEqual(Object.keys(options));
});

test('ends at --, and, if asked to, at the first word that is no option', () => {
  expect(parsed('-c 2 -- x -E')).toEqual({ options: { '--concurrency': '2' }, rest: [], next: 2 });
  expect(parsed('-A shop worker -c 2', undefined, true)).toEqual({ options: { '--app': 'shop' }, rest: [], next: 2 });
  expect(parsed('-A shop', undefined, true).next).toBe(2);
  expect(parsed('-Ashop worker', undefined, true).next).toBe(1);
});

test('means by each command what that command has', () => {
  expect(parsed('-s x -S y -l info', 'beat').options).toEqual({ '--schedule': 'x', '--scheduler': 'y', '--loglevel': 'info' });
  expect(parsed('-s x -S y', 'worker').options).toEqual({ '--schedule': 'x', '--statedb': 'y' });
  expect(parsed('ping -t 5 -d celery@a -j', 'inspect')).toMatchObject({ options: { '--timeout': '5', '--destination': 'celery@a', '--json': 'true' }, rest: ['ping'] });
  expect(parsed('--port=5555 --basic_auth=x', 'flower').options).toEqual({ '--port': '5555', '--basic-auth': 'x' });
  expect(parsed('-c 2', undefined).options).toEqual({ '--concurrency': '2' });
  expect(parsed('-c 2', 'other')).toMatchObject({ options: {}, rest: ['2'] });
});

test.each<[string | undefined, string, boolean | undefined]>([
  ['worker', '--concurrency', true], ['worker', '-c', true], ['worker', '-E', false], ['worker', '--beat', false], ['worker', '--port', undefined], ['worker', '--app', undefined],
  [undefined, '--app', true], [undefined, '-A', true], [undefined, '-q', false], [undefined, '--concurrency', undefined], ['other', '--concurrency', undefined],
  ['beat', '--max-interval', true], ['inspect', '--json', false], ['worker', '--uid', true],
])('%s %s takes a value: %p', (command, name, value) => {
  expect(takesValue(command, name)).toBe(value);
});

test('options of celery itself', () => {
  expect(['--app', '--broker', '--workdir', '--quiet', '--concurrency', '-A'].map(isGlobal)).toEqual([true, true, true, true, false, false]);
});
