import { Invocation, invocations, meantScript, Word } from '../../../src/manifests/command/command';
import { readCelery } from '../../../src/manifests/command/celery-command';

const FILES: Record<string, string> = {
  '/run/start': '#!/bin/sh\nexec celery worker "$@"\n', '/run/env': '#!/usr/bin/env bash\na\n', '/run/plain': 'a b\n', '/run/python': '#!/usr/bin/python3\na\n',
  '/run/options': '#!/bin/bash -e\na\n', '/run/self': '#!/bin/sh\n/run/self\na\n', 'local.sh': 'b\n',
};

const words = (...texts: string[]): Word[] => texts.map((text, i) => ({ text, path: ['command', i], unknown: false }));
const all = (...texts: string[]): Invocation[] => invocations(words(...texts), { variable: () => undefined, file: (path) => FILES[path] });

/** The commands, each with what is between process 1 and it: `tini > sh -c > celery worker`. */
function read(...texts: string[]): string[] {
  return all(...texts).map(({ words: own, links, conditional }) => [
    ...links.map((link) => link.kind === 'shell' ? `${link.name}${link.inline ? ' -c' : ''}` : [link.name, ...link.options.map(({ text }) => text)].join(' ')),
    `${conditional ? '?' : ''}${own.map(({ text }) => text).join(' ')}`,
  ].join(' > '));
}

test.each<[string[], string[]]>([
  [['celery', 'worker'], ['celery worker']],
  [[], []],
  [['sh', '-c', 'a; b'], ['sh -c > a', 'sh -c > b']],
  [['/bin/bash', '-lc', 'a'], ['bash -c > a']],
  [['bash', '-c', '-e', 'a b'], ['bash -c > a b']],
  [['sh', '-c', '--', 'a'], ['sh -c > a']],
  [['sh', '-e', '-c', 'a'], ['sh -c > a']],
  [['bash', '-o', 'pipefail', '-c', 'a'], ['bash -c > a']],
  [['bash', '+o', 'posix', '-c', 'a'], ['bash -c > a']],
  [['sh', '-c', 'a $1 $2', 'name', 'x', 'y'], ['sh -c > a x y']],
  [['sh', '-c'], ['sh -c']],
  [['sh', 'local.sh'], ['sh > b']],
  [['sh', '-e', 'local.sh'], ['sh > b']],
  [['sh', '/run/start', '-c', '2'], ['sh > celery worker -c 2']],
  [['sh', '/other.sh'], ['sh /other.sh']],
  [['fish', '-c', 'a'], ['fish -c a']],
  [['ksh', '-c', 'a'], ['ksh -c > a']],
  [['zsh', '-c', 'a'], ['zsh -c > a']],
  [['/run/start', '-c', '2'], ['sh > celery worker -c 2']],
  [['/run/env'], ['bash > a']],
  [['/run/plain'], ['sh > a b']],
  [['/run/options'], ['bash > a']],
  [['/run/python'], ['/run/python']],
  [['local.sh'], ['local.sh']],
  [['sh', '-c', 'if x; then a; fi'], ['sh -c > ?x', 'sh -c > ?a']],
  [['tini', '--', 'a'], ['tini -- > a']],
  [['tini', '-g', '-p', 'SIGTERM', '--', 'a'], ['tini -g -p SIGTERM -- > a']],
  [['/usr/bin/tini', 'a', '--', 'b'], ['tini > a -- b']],
  [['dumb-init', '-r', '15:2', 'a'], ['dumb-init -r 15:2 > a']],
  [['tini'], ['tini']],
  [['env', 'A=1', '-u', 'B', 'a', 'C=2'], ['env A=1 -u B > a C=2']],
  [['nice', '-n', '10', 'a'], ['nice -n 10 > a']],
  [['timeout', '-k', '5', '10', 'a', 'b'], ['timeout -k 5 10 > a b']],
  [['gosu', 'app', 'a'], ['gosu app > a']],
  [['gosu', 'app'], ['gosu app']],
  [['sudo', '-u', 'app', 'a'], ['sudo -u app > a']],
  [['poetry', 'run', 'a'], ['poetry run > a']],
  [['poetry', '-C', '/app', 'run', 'a'], ['poetry -C /app run > a']],
  [['poetry', '-q', 'run', 'a'], ['poetry -q run > a']],
  [['poetry', 'install'], ['poetry install']],
  [['uv', 'run', '--extra', 'x', 'a'], ['uv run --extra x > a']],
  [['doppler', 'run', '-p', 'x', '--', 'a'], ['doppler run -p x -- > a']],
  [['doppler', 'run', 'a'], ['doppler run a']],
  [['wait-for', 'redis:6379', '--', 'a'], ['wait-for redis:6379 -- > a']],
  [['wait-for-it.sh', 'redis:6379', '-t', '60', '--', 'a'], ['wait-for-it.sh redis:6379 -t 60 -- > a']],
  [['tini', '--', 'gosu', 'app', 'sh', '-c', 'exec a'], ['tini -- > gosu app > sh -c > a']],
  [['python', '-m', 'cdk8s_celery_launch', 'a', 'b'], ['cdk8s_celery_launch -m cdk8s_celery_launch > a b']],
  [['python3.11', '-m', 'cdk8s_celery_launch', 'a'], ['cdk8s_celery_launch -m cdk8s_celery_launch > a']],
  [['pythonic', '-m', 'cdk8s_celery_launch', 'a'], ['pythonic -m cdk8s_celery_launch a']],
  [['python', '-c', 'cdk8s_celery_launch', 'a'], ['python -c cdk8s_celery_launch a']],
  [['su', 'app', '-c', 'a; b'], ['su app > unknown -c > a', 'su app > unknown -c > b']],
  [['runuser', '-u', 'app', '--command', 'a'], ['runuser -u app > unknown -c > a']],
  [['su', 'app', '-c', 'a $1', 'x'], ['su app > unknown -c > a x']],
  [['su', 'app'], ['su app']],
  [['su', 'app', '-c'], ['su app -c']],
  [['sux', 'app', '-c', 'a'], ['sux app -c a']],
  [['/entrypoint.sh', 'celery', 'worker'], ['unknown > celery worker']],
  [['/entrypoint.sh', '--', 'celery', 'worker'], ['unknown -- > celery worker']],
  [['/entry-point', 'python3', 'a'], ['unknown > python3 a']],
  [['/start', 'manage.py', 'x'], ['unknown > manage.py x']],
  [['/launch', 'tini', 'a'], ['unknown > tini > a']],
  [['/run.bash', 'sh', '-c', 'a'], ['unknown > sh -c > a']],
  [['/entrypoint.sh', 'sh', 'a'], ['/entrypoint.sh sh a']],
  [['/entrypoint.sh', 'worker'], ['/entrypoint.sh worker']],
  [['/app/start', 'celery'], ['/app/start celery']],
  [['thing', 'python', 'x'], ['thing python x']],
  [['thing', '/usr/bin/celery', 'worker'], ['unknown > /usr/bin/celery worker']],
  [['thing', '--', 'celery', 'worker'], ['unknown -- > celery worker']],
  [['thing', 'celery', 'worker'], ['thing celery worker']],
  [['/entrypoint.sh', 'x', 'celery', 'worker'], ['unknown x > celery worker']],
])('%j', (texts, expected) => {
  expect(read(...texts)).toEqual(expected);
});

test('a script that calls itself has an end', () => {
  expect(read('/run/self').every((one) => one.endsWith('> a'))).toBe(true);
  expect(read('/run/self').length).toBeGreaterThan(5);
});

test('assignments of a script are those of its command, and those around it', () => {
  const [one] = all('sh', '-c', 'A=1 B=2 sh -c "B=3 C=4 a"');
  expect([...one.assignments]).toEqual([['A', '1'], ['B', '3'], ['C', '4']]);
});

test.each<[string[], string | undefined, string[] | undefined]>([
  [['sh', '-c', 'celery', '-A', 'shop'], 'celery -A shop', ['-A', 'shop']], [['tini', '--', 'sh', '-c', 'a', 'b'], 'a b', ['b']], [['sh', '-ec', 'a', 'b'], 'a b', ['b']],
  [['sh', '-c', 'a'], undefined, undefined], [['sh', '-c', 'a $1', 'b'], undefined, undefined], [['sh', 'a', 'b'], undefined, undefined], [['a', '-c', 'b', 'c'], undefined, undefined], [['sh', '-c'], undefined, undefined],
])('what %j was meant to be: %s', (texts, script, lost) => {
  const meant = meantScript(words(...texts));
  expect(meant?.words.at(-1)?.text).toBe(script);
  expect(meant?.lost.map(({ text }) => text)).toEqual(lost);
});

/** `role by vendor | global | misplaced | options | settings | rest` */
function celery(...texts: string[]): string | undefined {
  const [invocation] = all(...texts);
  const command = readCelery(invocation);
  if (!command) return undefined;
  const map = (values: ReadonlyMap<string, { value: string }>) => [...values].map(([name, { value }]) => `${name}=${value}`).join(' ');
  return [`${command.role} by ${command.vendor}`, map(command.global), map(command.misplaced), map(command.options), map(command.settings), command.rest.map(({ text }) => text).join(' ')]
    .join(' | ').replace(/( \| )+$/, '');
}

test.each<[string[], string | undefined]>([
  [['celery', '-A', 'shop', 'worker'], 'worker by celery | --app=shop'],
  [['/usr/bin/celery', 'worker', '-c', '2'], 'worker by celery |  |  | --concurrency=2'],
  [['celery', '-A', 'shop', '-c', '2', 'worker', '-Q', 'a'], 'worker by celery | --app=shop | --concurrency=2 | --concurrency=2 --queues=a'],
  [['celery', '-A', 'shop', 'beat', '-s', '/s'], 'beat by celery | --app=shop |  | --schedule=/s'],
  [['celery', '-A', 'shop', 'inspect', 'ping'], 'inspect by celery | --app=shop |  |  |  | ping'],
  [['celery', '-A', 'shop', 'worker', '--', 'a.b=1', 'C.D=x=y', '=z', 'e'], 'worker by celery | --app=shop |  |  | a_b=1 c_d=x=y'],
  [['celery', '-A', 'shop', 'worker', '-c', '2', '--', 'a.b=1'], 'worker by celery | --app=shop |  | --concurrency=2 | a_b=1'],
  [['celery', '-A', 'shop', 'purge'], 'other by celery | --app=shop'],
  [['celery', '-A', 'shop', '--port=1', 'flower', '--port=2'], 'flower by celery | --app=shop --port=1 |  | --port=2'],
  [['celery'], 'other by celery'],
  [['flower', '--port=1'], 'flower by celery |  |  | --port=1'],
  [['python', '-m', 'celery', 'worker'], 'worker by celery'],
  [['python3', '-mcelery', 'worker'], 'worker by celery'],
  [['python', '-u', '-m', 'celery', 'worker'], 'worker by celery'],
  [['python', '-W', 'ignore', '-m', 'celery', 'worker'], 'worker by celery'],
  [['python', '-X', 'dev', '-m', 'celery.__main__', 'worker'], 'worker by celery'],
  [['python', '-m', 'celery.bin.celery', 'worker'], 'worker by celery'],
  [['python', '-m', 'flower', '--port=1'], 'flower by celery |  |  | --port=1'],
  [['python', '-m', 'shop', 'celery', 'worker'], 'worker by shop'],
  [['python', '-m', 'shop'], undefined],
  [['python', '-m'], undefined],
  [['python', '/usr/bin/celery', 'worker'], 'worker by celery'],
  [['python', 'manage.py', 'celery', 'worker'], 'worker by manage.py'],
  [['python', '/app/manage.py', 'celery', 'worker'], 'worker by manage.py'],
  [['manage.py', 'celery', 'beat'], 'beat by manage.py'],
  [['python', 'shop.py'], undefined],
  [['python'], undefined],
  [['airflow', 'celery', 'worker', '-c', '2'], 'worker by airflow |  |  | --concurrency=2'],
  [['airflow', 'celery', 'flower'], 'flower by airflow'],
  [['airflow', 'worker'], 'worker by airflow'],
  [['airflow', 'flower'], 'flower by airflow'],
  [['airflow', 'scheduler'], undefined],
  [['airflow', '--verbose', 'celery', 'worker'], 'worker by airflow'],
  [['sentry', 'run', 'worker'], 'worker by sentry'],
  [['sentry', 'run', 'cron'], 'beat by sentry'],
  [['sentry', 'run', 'web'], undefined],
  [['dagster-celery', 'worker', 'start'], 'worker by dagster-celery'],
  [['dagster-celery', 'worker', 'list'], undefined],
  [['nautobot-server', 'celery', 'worker', '-c', '2'], 'worker by nautobot-server |  |  | --concurrency=2'],
  [['nautobot-server', '--config', 'x', 'celery', 'beat'], 'beat by nautobot-server'],
  [['nautobot-server', '--config', 'x', '-v', 'celery', 'beat'], undefined],
  [['nautobot-server', 'celery', 'nothing'], undefined],
  [['nautobot-server', 'worker'], undefined],
  [['/start-celeryworker'], 'worker by unknown'],
  [['/app/celery_beat.sh'], 'beat by unknown'],
  [['/entrypoint-celery-worker.sh'], 'worker by unknown'],
  [['/docker-entrypoint-flower'], 'flower by unknown'],
  [['./run-flower.bash'], 'flower by unknown'],
  [['/celery-workers-start.sh'], 'worker by unknown'],
  [['sh', '/celery-beat-entrypoint.sh'], 'beat by unknown'],
  [['bash', '-x', '/celery-beat.sh'], 'beat by unknown'],
  [['/worker.sh'], undefined],
  [['/celery.sh'], undefined],
  [['/celery-worker.py'], undefined],
  [['/entrypoint.sh', 'flower'], 'flower by unknown'],
  [['/entrypoint.sh', 'flower', '--port=1'], 'flower by celery |  |  | --port=1'],
  [['tini', 'flower'], 'flower by celery'],
])('%j is %s', (texts, expected) => {
  expect(celery(...texts)).toBe(expected);
});
