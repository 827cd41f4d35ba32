import { askedServer, cannotFail, findsItself } from '../../src/manifests/asked-servers';
import { probesOf } from '../../src/manifests/probes';
import { pod } from './pods';

function probe(json: object) {
  return probesOf(pod({ livenessProbe: json }).container)[0];
}

const exec = (...command: string[]) => probe({ exec: { command } });

test.each<[object, string | undefined]>([
  [{ tcpSocket: { port: 1 } }, undefined], [{ tcpSocket: { port: 1, host: 'redis' } }, 'redis'], [{ httpGet: { port: 1, host: 'rabbit' } }, 'rabbit'],
  ...['', 'localhost', '127.0.0.1', '::1', '0.0.0.0', '[::1]'].map((host): [object, undefined] => [{ tcpSocket: { port: 1, host } }, undefined]),
  [{ tcpSocket: { port: 1, host: '10.127.0.1' } }, '10.127.0.1'],
])('%j asks %s', (json, server) => {
  expect(askedServer(probe(json))).toBe(server);
});

test.each<[string[], string | undefined]>([
  [['nc', '-z', 'redis', '6379'], 'redis'], [['nc', '-zvw', '3', 'redis', '6379'], 'redis'], [['nc', '-w', '3', 'redis', '6379'], 'redis'], [['ncat', 'redis:6379'], 'redis:6379'],
  [['netcat', '-z', 'localhost', '6379'], undefined], [['telnet', 'redis', '6379'], 'redis'], [['nc', '-l', '6379'], undefined], [['ncx', 'redis', '6379'], undefined],
  [['redis-cli', '-h', 'redis', 'ping'], 'redis'], [['redis-cli', 'ping'], undefined], [['redis-cli', '-h', '127.0.0.1', 'ping'], undefined], [['valkey-cli', '-h', 'valkey', 'ping'], 'valkey'],
  [['keydb-cli', '-u', 'redis://keydb:6379', 'ping'], 'keydb'], [['redis-cli', '-u', 'redis://:a@redis/0', 'ping'], 'redis'], [['redis-cli', '-u', 'redis://localhost', 'ping'], undefined],
  [['wait-for-it', 'redis:6379'], 'redis'], [['/wait-for-it.sh', 'redis:6379'], 'redis'], [['wait-for', 'redis'], 'redis'], [['wait-for-it'], undefined],
  [['python', '-c', 'import redis; redis.Redis().ping()'], 'its server'], [['python3.11', '-c', 'redis.from_url("x").ping()'], 'its server'], [['python', '-c', 'print(1)'], undefined],
  [['python', 'redis.Redis'], undefined], [['python', '-c', 'app.connection_for_read().ensure_connection()'], 'its server'], [['python', '-c', 'import pika; pika.X()'], 'its server'],
  [['python', '-c', 'socket.create_connection(("redis", 6379))'], 'its server'], [['python', '-c', 'Connection("redis://r").connect()'], 'its server'],
  [['curl', '-f', 'http://rabbit:15672/api'], 'rabbit'], [['wget', 'https://u:p@rabbit/api'], 'rabbit'], [['curl', 'http://localhost:8000'], undefined], [['curl', 'http://[::1]:8000'], undefined],
  [['curl', 'http://[fd00::1]:8000'], '[fd00::1]'], [['curl', 'rabbit'], undefined],
  [['bash', '-c', 'true </dev/tcp/redis/6379'], 'redis'], [['bash', '-c', 'true </dev/tcp/127.0.0.1/6379'], undefined], [['sh', '-c', 'sleep 1; nc -z redis 6379'], 'redis'], [['true'], undefined],
])('%j asks %s', (command, server) => {
  expect(askedServer(exec(...command))).toBe(server);
});

const ALWAYS = 'its last command always succeeds';

test.each<[string[], string | undefined]>([
  [['true'], ALWAYS], [['/bin/true'], ALWAYS], [['sh', '-c', 'celery inspect ping; true'], ALWAYS], [['sh', '-c', 'celery inspect ping || true'], ALWAYS], [['sh', '-c', 'celery inspect ping; exit 0'], ALWAYS],
  [['sh', '-c', 'celery inspect ping; exit  0 ;'], ALWAYS], [['sh', '-c', 'celery inspect ping; :'], ALWAYS], [['/bin/bash', '-ec', 'a || true'], ALWAYS],
  [['sh', '-c', 'celery inspect ping && exit 0'], undefined], [['sh', '-c', 'celery inspect ping && true'], undefined], [['sh', '-c', 'if celery inspect ping; then exit 1; fi; exit 0'], undefined],
  [['sh', '-c', 'while a; do b; done; true'], undefined], [['sh', '-c', 'celery inspect ping; exit 1'], undefined], [['sh', '-c', 'untrue'], undefined], [['sh', '-c', 'exit 10'], undefined],
  [['echo', 'ok'], 'echo always succeeds'], [['/bin/echo'], 'echo always succeeds'], [['sh', '-c', 'echo ok | grep a'], undefined], [['sh', '-c', 'echo ok && test -f a'], undefined], [['echoes'], undefined],
  [['sh', '-c', 'ps aux | grep celery'], 'grep finds itself in the output of ps'], [['sh', '-c', 'ps aux | egrep celery'], 'grep finds itself in the output of ps'],
  [['sh', '-c', 'ps aux | grep [c]elery'], undefined], [['sh', '-c', 'ps aux | grep -v celery'], undefined], [['sh', '-c', 'ps aux | grep celery | grep -v grep'], undefined],
  [['python', '-c', '"import shop"'], 'its code is one quoted string, which does nothing'], [['python3', '-c', ' \'a\\\'b\' '], 'its code is one quoted string, which does nothing'],
  [['python', '-c', '"a" + "b"'], undefined], [['python', '-c', 'import shop'], undefined], [['perl', '-c', '"import shop"'], undefined], [['celery', 'inspect', 'ping'], undefined],
])('%j: %s', (command, reason) => {
  expect(cannotFail(exec(...command))).toBe(reason);
});

test('a probe without a command may fail', () => {
  expect(cannotFail(probe({ httpGet: { port: 1 } }))).toBeUndefined();
});

test.each<[string[], 'always' | 'perhaps' | undefined]>([
  [['sh', '-c', 'pgrep -f celery || exit 1'], 'always'], [['sh', '-c', '/usr/bin/pgrep -f celery || exit 1'], 'always'], [['sh', '-c', ' /bin/pgrep -f celery || exit 12 ;'], 'always'],
  [['bash', '-c', 'pgrep -af "celery worker" || false'], 'always'], [['sh', '-c', 'pgrep -l -f \'celery worker\' >/dev/null 2>&1 || exit 1'], 'always'],
  [['sh', '-c', 'pgrep -f celery > /dev/null || exit 1'], 'always'], [['sh', '-c', 'pgrep  -f  celery.*worker||exit 1'], 'always'],
  [['sh', '-c', 'pgrep -f celery'], 'perhaps'], [['dash', '-c', 'pgrep -f celery'], 'always'], [['bash', '-c', 'pgrep -f celery'], undefined], [['ash', '-c', 'pgrep -f celery'], undefined],
  [['sh', '-c', 'pgrep celery || exit 1'], undefined], [['sh', '-c', 'pgrep -f [c]elery || exit 1'], undefined], [['sh', '-c', 'pgrep -f "^celery" || exit 1'], undefined],
  [['sh', '-c', 'pgrep -f celery || exit 0'], undefined], [['sh', '-c', 'pgrep -f celery && exit 1'], undefined], [['sh', '-c', 'pgrep -f celery; exit 1'], undefined],
  [['sh', '-c', 'sleep 1; pgrep -f celery || exit 1'], undefined], [['sh', '-c', 'pgrep -f "$NAME" || exit 1'], undefined], [['sh', '-c', 'x/pgrep -f celery || exit 1'], undefined],
  [['pgrep', '-f', 'celery'], undefined], [['sh', '-ec', 'pgrep -f celery || exit 1'], 'always'],
])('%j finds itself: %s', (command, expected) => {
  expect(findsItself(exec(...command))).toBe(expected);
});
