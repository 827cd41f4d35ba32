import { hasPlaceholder, isFilledIn, isUnfilled } from '../../src/celery/filled-in';

test.each([
  'your_storage_class', 'your-app', 'changeme', 'CHANGE_ME', 'replace-me', 'REPLACE_ME', 'xxx', 'XXXXXXXX', 'tbd', 'TODO', 'FIXME', 'n/a', '...', '???', '__SIZE__', 'SIZE_HERE', '<size>', '<your size>',
  '{{ size }}', '((size))', '[[ size ]]', '[[ .Values.size | quote ]]', '((pool.size))', '~size~', '!Ref Size',
  '[size]', '[redis-host]', '[YOUR NAME]', 'redis://[host]:6379/0', 'my_value', 'redis://redis:6379/some-value', 'change_this', 'replace-with-host', 'REPLACE_WITH_SIZE', 'to_be_defined',
  'FILL_ME_IN', 'set-me', 'x.x.x.x', '***', 'redis://:***@redis', 'REDACTED', '{host}', 'redis://{host}:6379', '%HOST%', '@HOST@', 'token-here', 'password_goes_here', '<host|address>', 'sk-your-key',
])('%s is a placeholder', (text) => {
  expect([hasPlaceholder(text), isFilledIn(text), isUnfilled(text)]).toEqual([true, true, true]);
});

// A shell, the node name of Celery and a range have these characters, too.
test.each([
  '${SIZE}', '$SIZE', '%n@%h', '[a]', '[celery]', 'YOURSIZE', '[[ -f file ]]', '[[ $a == b ]] && celery', 'while ((n--)); do',
  'while ((n-1)); do', 'n=5; ((n))', 'echo $((n))', '(?<name>.*)@example.com', '(?P<name>.*)', '%h-%n%i', '{a: b}', 'cd $DATA_HERE', 'TODO_API',
])('%s may be one', (text) => {
  expect([hasPlaceholder(text), isUnfilled(text)]).toEqual([true, false]);
});

test.each([
  'worker', 'my_worker', 'exchange-media', 'replacement', 'changemetrics', 'yours', 'todo', 'todo-app', 'xxl', 'xxxxxxxxx', '__init__', 'AIRFLOW__CORE__EXECUTOR', '[a-z]', 'a...b', '1Gi', '', 'example', 'work_here', 'start_here', 'here',
  'mktemp /tmp/x.XXXXXX', 'know-your-customer', 'bring_your_own', 'a-class-of-your-own', 'EXCHANGE', 'CHANGELOG', 'my-redis', 'some-worker', 'celery[redis]', '[0-9]', '* * *', '!x', 'replace_with', 'set_memory',
])('%s is none', (text) => {
  expect([hasPlaceholder(text), isUnfilled(text)]).toEqual([false, false]);
});

test('what is empty, or without the name of a release, is filled in, and a file is not about a placeholder in it', () => {
  expect(['', 'RELEASE-NAME-redis', 'redis'].map(isFilledIn)).toEqual([true, true, false]);
  expect([isUnfilled('a: your_size\nb: 1'), isUnfilled(`your_size ${'a'.repeat(200)}`)]).toEqual([false, false]);
});
