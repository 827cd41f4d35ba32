import { isGlobal, parseOptions, refusedOptions, takesValue } from '../../src/celery/options';

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

describe('refused are', () => {
  const refused = (text: string, command: string) => {
    const words = text.split(' ').map((word) => ({ text: word, unknown: word.includes('?') }));
    return refusedOptions(command, parseOptions(words, command, false).options).map(({ value, allowed, unless }) => [value, allowed, unless].filter(Boolean).join(' | '));
  };

  test.each<[string, string, string[]]>([
    ['worker', '-P fork', ['--pool fork | prefork, solo, threads, gevent, eventlet, processes or custom']],
    ['worker', '--pool=Solo', ['--pool=Solo | prefork, solo, threads, gevent, eventlet, processes or custom']],
    ['worker', '--pool=a.b:C', ['--pool=a.b:C | prefork, solo, threads, gevent, eventlet, processes or custom | the image has Celery 4']],
    ['worker', '-c 1.5 -l 20', ['--concurrency 1.5 | an integer', '--loglevel 20 | DEBUG, INFO, WARNING, ERROR, CRITICAL or FATAL']],
    ['worker', '--concurency=2', ['--concurency=2 | --concurrency']],
    ['worker', '--max_tasks_per_child=2', ['--max_tasks_per_child=2 | --max-tasks-per-child']],
    ['worker', '--maxtasksperchild 2', ['--maxtasksperchild | --max-tasks-per-child | the image has Celery 4']],
    ['worker', '--tenant=a', ['--tenant=a | the application defines it (user_options)']],
    ['worker', '--time-limit=5m --autoscale=4,b', ['--time-limit=5m | a number of seconds', '--autoscale=4,b | MAX,MIN, two integers']],
    ['worker', '--beat=true', ['--beat=true | --beat']],
    ['beat', '--max-interval=a --concurrency=2', ['--max-interval=a | an integer', '--concurrency=2 | the application defines it (user_options)']],
    ['inspect', '--timeout=a', ['--timeout=a | a number of seconds']],
  ])('of %s %s', (command, text, expected) => {
    expect(refused(text, command)).toEqual(expected);
  });

  test.each([
    ['worker', '-P prefork -c 2 -l Debug -O fair --autoscale=10,2 --time-limit=1e3 --soft-time-limit .5 --max-memory-per-child 1_000 -E -B --without-mingle'],
    ['worker', '--pool=threads --autoscale=10 -A shop --broker=x -c ? --unknown-to-us=?'], ['beat', '-l info --max-interval 5'], ['flower', '--any=1 --x_y=2'],
    ['inspect', 'ping -t 2.5 -d celery@a'], ['other', '--any'], ['worker', '--concurrency=${N} -l <LEVEL> --pool={POOL} --prefetch-multiplier %N% --@option@=1'],
  ])('not those of %s %s', (command, text) => {
    expect(refused(text, command)).toEqual([]);
  });
});
