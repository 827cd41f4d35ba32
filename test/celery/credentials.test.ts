import { hasUrlCredential, hasWrittenCredential, isCredentialName, isCredentialValue, redact, redactHost, redactUrl } from '../../src/celery/credentials';
import { settingsOf } from '../../src/celery/settings';

test.each([
  ['redis://:hunter2@redis:6379/0', 'redis://:***@redis:6379/0'],
  ['redis://user:hunter2@redis', 'redis://user:***@redis'],
  ['sentinel://:a@one;sentinel://:b@two', 'sentinel://:***@one;sentinel://:***@two'],
  ['--broker=amqp://u:p/w:x@h//', '--broker=amqp://u:***@h//'],
  ['a amqp://u:p@h b\nredis://u:q@h', 'a amqp://u:***@h b\nredis://u:***@h'],
  ['://u:p@h', '://u:***@h'],
  ['redis://$USER:hunter2@h', 'redis://$USER:***@h'],
  ['x@y redis://u:p@h', 'x@y redis://u:***@h'],
])('the password of %p is hidden', (text, shown) => {
  expect(redact(text)).toBe(shown);
});

test.each([
  'redis://redis:6379/0', 'redis://user@redis', 'redis://:$(PASSWORD)@redis', 'redis://:${PASSWORD}@redis', 'redis://:@redis', 'redis://h:1/a b@c', '', '://',
  'https://example.com/a:b@c', 'redis://u:p',
])('%p has none', (text) => {
  expect(redact(text)).toBe(text);
});

// A word of a manifest that somebody else wrote can be as long as a whole script.

describe('what messages must not print', () => {
  test.each([
    ['u:PW@h', 'u:***@h'], ['//u:PW@h', '//u:***@h'], ['ftp://u:PW@h', 'ftp://u:***@h'], ['\'u:PW@h\'', '\'u:***@h\''],
    ['x @ https://u:p@ss/PW@h/x.zip', 'x @ https://u:***@h/x.zip'], ['https://ghp_PW@github.com/a', 'https://***@github.com/a'],
    ['rediss://h/0?password=PW', 'rediss://h/0?password=***'], ['https://h/simple?a=1&token=PW#x', 'https://h/simple?a=1&token=***'],
    ['x @ https://h/x.zip?token=PW', 'x @ https://h/x.zip?token=***'], ['https://h/?sig=PW&sv=1', 'https://h/?sig=***&sv=1'],
    ['redis_password=(json)"PW"', 'redis_password=(json)"***"'], ['redis_password=PW', 'redis_password=***'],
    ['{"password":"PW","db":1}', '{"password":"***","db":1}'], ['{"password":"P\\"W","db":1}', '{"password":"***","db":1}'],
    ['settings.s3_secret_access_key: \'PW\' is', 'settings.s3_secret_access_key: \'***\' is'],
    ['app.conf.broker_password = \'P W\'', 'app.conf.broker_password = \'***\''], ['env.DB_PASS: PW', 'env.DB_PASS: ***'],
    ['"redis://:PW@h","mail":"a@b"', '"redis://:***@h","mail":"a@b"'], ['api_key=PW, x=1', 'api_key=***, x=1'],
  ])('%s is shown as %s', (text, shown) => {
    expect(redact(text)).toBe(shown);
    expect(redact(shown)).toBe(shown);
  });

  test.each([
    'registry.example.com/app:1.4.2@sha256:0123', 'git@github.com:org/repo', 'celery@host', 'proj.tasks:app', 'security_key=/etc/key.pem',
    'password=$(PASSWORD)', 'password: ***', 'worker_cancel_long_running_tasks_on_connection_loss=true', 'task_routes=(json){"a":{"queue":"b"}}',
    'redbeat_lock_key=x', 'mailto:a@b', 'a token that is missing', 'requirepass', 'allow_empty_password=true', 'x: 1', 'user@host:6379', 'auth: x is no FlowerAuth',
  ])('%s is shown as it is', (text) => {
    expect(redact(text)).toBe(text);
  });
});

test.each([
  'REDIS_PASSWORD', 'redis_password', 'broker_password', 'security_key_password', 's3_secret_access_key', 'AWS_SECRET_ACCESS_KEY', 'DB_PASS', 'SENTRY_AUTH_TOKEN',
  'api_key', 'apiKey', 'X-Api-Key', 'CLIENT_SECRET', 'DJANGO_SECRET_KEY', 'AIRFLOW__CORE__FERNET_KEY', 'FLOWER_BASIC_AUTH', 'password', 'token', 'azure-account-key',
  'KEY_PASSPHRASE', 'NETWORK_PASSWORD',
])('%s is the name of a credential', (name) => {
  expect(isCredentialName(name)).toBe(true);
});

test.each([
  'worker_cancel_long_running_tasks_on_connection_loss', 'security_key', 'security_certificate', 'result_backend_thread_safe', 'task_publish_retry_policy',
  'redis_backend_credential_provider', 's3_access_key_id', 'AWS_ACCESS_KEY_ID', 'PASSWORD_FILE', 'DB_PASSWORD_PATH', 'SECRET_NAME', 'SECRET', 'pass', 'key',
  'redbeat_lock_key', 'task_default_routing_key', 'PASSWORD_RESET_TIMEOUT', 'TOKEN_TTL', 'MAX_TOKENS', 'BYPASS', 'COMPASS', 'PUBLIC_KEY', 'cassandra_auth_kwargs',
  'STELLAR_NETWORK_PASSPHRASE', 'networkPassphrase', 'RATE_LIMIT_PER_API_KEY', 'constructor', '', 'x'.repeat(1000),
])('%s is not', (name) => {
  expect(isCredentialName(name)).toBe(false);
});

test('of Celery\'s settings these are credentials', () => {
  expect([...settingsOf().keys()].filter(isCredentialName))
    .toEqual(['broker_password', 'redis_password', 's3_secret_access_key', 'security_key_password']);
});

test.each<[string, boolean]>([
  ['hunter2', true], ['12345', true], ['changeme', true], ['p@ss word', true], ['a/b', true],
  ['', false], ['true', false], ['no', false], ['0', false], ['$(PASSWORD)', false], ['${PASSWORD}', false], ['{{ password }}', false], ['<password>', false],
  ['%(password)s', false], ['/run/secrets/db', false], ['./certs/key.pem', false], ['key.pem', false], ['https://vault.example.com/x', false], ['shop-db-secret', false],
  ['***', false],
])('%s is a literal: %s', (value, literal) => {
  expect(isCredentialValue(value)).toBe(literal);
});

test.each<[string, boolean]>([
  ['redis://:hunter2@redis:6379/0', true], ['db+postgresql://u:hunter2@db/x', true], ['--x=postgres://u:hunter2@db', true], ['rediss://h/0?password=hunter2', true],
  ['https://h/simple?token=hunter2', true], ['https://u:p@h', true], ['see redis://:hunter2@h, please', true],
  ['redis://redis:6379/0', false], ['redis://user@redis', false], ['redis://:$(PASSWORD)@h', false], ['redis://:${PASSWORD}@h', false], ['amqp://guest:guest@h//', false],
  ['redis://:***@h', false], ['redis://:<password>@h', false], ['redis://:{password}@h', false], ['https://h/a:b@c', false], ['https://h/?page=2', false],
  ['https://h/?token=$(TOKEN)', false], ['u:p@h', false],
])('%s has a credential: %s', (text, has) => {
  expect(hasUrlCredential(text)).toBe(has);
});

describe('what a pattern must not take for more, or for less', () => {
  test.each<[string, boolean]>([
    ['redis://u:xyz@h', true], ['redis://u:xxx@h', false], ['redis://u:***@h', false], ['redis://u:**a@h', true],
    ['amqp://guest:guest@h', false], ['amqp://guest:hunter2@h', true], ['amqp://celery:guest@h', true],
  ])('%s has a credential: %p', (url, expected) => {
    expect(hasUrlCredential(url)).toBe(expected);
  });

  test.each<[string, boolean]>([['shop-secret', false], ['shop-secrets-2', false], ['shop-secret_Value9', true], ['secret', true]])(
    '%s is the value of a credential, and no name of a Secret: %p', (value, expected) => {
      expect(isCredentialValue(value)).toBe(expected);
    });

  test.each([
    ['BROKER=user:hunter2@host', 'BROKER=user:***@host'], ['X=u:hunter2@host', 'X=u:***@host'],
    ['password=token=abc end', 'password=*** end'], ['password=hunter2 token=abc', 'password=*** token=***'],
  ])('%s is shown as %s', (text, shown) => {
    expect(redact(text)).toBe(shown);
  });
});

test.each([
  ['tls: -----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- is no name', 'tls: *** is no name'],
  ['-----BEGIN EC PRIVATE KEY-----MIIE', '***'],
  ['it is LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t, as it seems', 'it is ***, as it seems'],
  ['-----BEGIN CERTIFICATE----- a -----END CERTIFICATE----- and -----BEGIN CERTIFICATE----- b -----END CERTIFICATE-----', '*** and ***'],
])('a key file is hidden: %s', (text, shown) => {
  expect(redact(text)).toBe(shown);
});

test.each(['auth.secret: an object is not a string', 'password: a list is not a string', 'api_key: a number is not a string'])('what a message describes is shown: %s', (text) => {
  expect(redact(text)).toBe(text);
});

test('a value that only begins like that is hidden', () => {
  expect(redact('password: a-string')).toBe('password: ***');
  expect(redact('password: another')).toBe('password: ***');
});

describe('a password in a command', () => {
  test.each([
    ['curl -u ada:PW https://h/', 'curl -u ada:*** https://h/'], ['curl --user ada:PW h', 'curl --user ada:*** h'], ['curl -uada:PW h', 'curl -uada:*** h'],
    ['["curl","-u","ada:PW","h"]', '["curl","-u","ada:***","h"]'], ['mysql -pPW -h db', 'mysql -p*** -h db'], ['sshpass -p PW ssh h', 'sshpass -p *** ssh h'],
    ['["mysql","-pPW"]', '["mysql","-p***"]'], ['pg --password PW x', 'pg --password *** x'], ['["x","--api-key","PW"]', '["x","--api-key","***"]'],
    ['redis-cli -a PW ping', 'redis-cli -a *** ping'], ['curl -H "Authorization: Bearer PW" h', 'curl -H "Authorization: Bearer ***" h'], ['redis-server --requirepass PW', 'redis-server --requirepass ***'],
  ])('%s is shown as %s', (text, shown) => {
    expect(redact(text)).toBe(shown);
    expect(redact(shown)).toBe(shown);
  });

  test.each([
    'redis-cli -p 6379 ping', 'ssh -p 22 h', 'mkdir -p /data', 'python -u main.py', 'celery -A tasks worker -P gevent --queues=a', 'su -u root', 'docker run -p 80:8080 x', 'find . -print0',
    'x --password $(PASSWORD)', 'x --password-file /run/secrets/db', 'curl -u ada:$(PASSWORD) h', 'mysql -p$(PASSWORD)', 'celery -A proj.tasks:app beat', 'redis-cli -a $(PASSWORD) ping', 'sh -c "exec a -p"',
    'give it as password: { name, key }',
  ])('%s has none', (text) => {
    expect(redact(text)).toBe(text);
  });
});

test.each([
  ['r.example.com', 'r.example.com'], ['hunter2@r.example.com', '***@r.example.com'], ['u:hunter2@', '***@'], ['r.example.com/hunter2', 'r.example.com/***'], ['redis://u:hunter2@r:6379/0', 'redis://***@r:6379/***'],
  ['r.example.com:6379', 'r.example.com:6379'], ['r:hunter2', 'r:***'], ['amqp://r.example.com', 'amqp://r.example.com'], ['r?hunter2', 'r?***'], ['', ''],
])('the host %s is shown as %s', (host, shown) => {
  expect(redactHost(host)).toBe(shown);
});

describe('a whole URL, whose password has any characters', () => {
  const PASSWORD = 'p@ss:w/#?[]%+ "w\'ord';

  test.each([
    [`redis://:${PASSWORD}@h.example.com:6379/0`, 'redis://:***@h.example.com:6379/0'], [`--broker=redis://u:${PASSWORD}@h/0`, '--broker=redis://u:***@h/0'],
    ['http://u:hunt er2@m.example.com:15672', 'http://u:***@m.example.com:15672'], ['redis://:hunt?er2@h/0', 'redis://:***@h/0'], ['redis://:hunt;er2@h/0', 'redis://:***@h/0'],
    [`sentinel://:${PASSWORD}@one;sentinel://:b@two`, 'sentinel://:***@one;sentinel://:***@two'], ['NAME=amqp://u:it\'s@h//', 'NAME=amqp://u:***@h//'],
    ['redis://:***@ss:w/#?[]%+ "w\'ord@h', 'redis://:***@h'], ['redis://u:$(A)x@h', 'redis://u:***@h'],
  ])('%s is shown as %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
    expect(redactUrl(shown)).toBe(shown);
  });

  test.each([
    'redis://h:6379/0', 'redis://u@h/0', 'redis://:$(PASSWORD)@h', 'redis://:{PASSWORD}@h', 'redis://:${PASSWORD}@h', 'amqp://h', 'celery -A x', 'see https://h/a:b @c',
  ])('%s is shown as it is', (url) => expect(redactUrl(url)).toBe(url));

  test.each<[string, boolean]>([
    ...['it\'shunter2', 'hunter 2', 'hunt<er2>', 'hunt`er2', PASSWORD, '12345x', 'a"b'].map((password): [string, boolean] => [`postgres://u:${password}@h.example.com/d`, true]),
    ['--broker=redis://u:it\'s@h/0', true], [' redis://:it\'s@h ', true],
    ['redis://h:6379/0 a@b', false], ['https://h:8080/it\'s@b', false], ['redis://u:$(A) b@h', false], ['redis://u:p\'s', false], ['redis://u:it\'s@', false],
    ['curl http://h:8080 -u "a@b"', false], ['redis://:it\'s\nb@h', false],
  ])('%j has a credential: %s', (text, has) => expect(hasUrlCredential(text)).toBe(has));
});

test.each<[string, boolean]>([
  ['redis://:hunter2@redis/0', true], ['amqp://shop:hunter2@rabbitmq//', true], ['redis://:${PASSWORD}@redis/0', true], ['redis://:$PASSWORD@redis/0', true], ['redis://:***@redis/0', true],
  ['redis://:$(PASSWORD)@redis/0', false], ['amqp://guest:guest@rabbitmq//', false], ['amqp://guest:other@rabbitmq//', true], ['amqp://other:guest@rabbitmq//', true],
  ['redis://redis/0', false], ['redis://user@redis/0', false], ['redis', false], ['rediss://redis/0?password=hunter2', true],
])('a URL that a program gives, %s, has a credential: %p', (url, expected) => {
  expect(hasWrittenCredential(url)).toBe(expected);
});

test.each<[string, boolean]>([['redis://:xxxx@redis/0', false], ['redis://:xxxy@redis/0', true], ['x redis://u:XXX@redis/0', false], ['x redis://u:xenon@redis/0', true], ['x redis://u:****@redis/0', false]])(
  '%s has a credential: %p', (text, expected) => expect(hasUrlCredential(text)).toBe(expected),
);

test.each([['mysql -phunter2', 'mysql -p***'], ['sshpass -p hunter2 ssh', 'sshpass -p *** ssh'], ['mysql -p rint', 'mysql -p ***'], ['find . -print', 'find . -print'], ['a:b*c@host', 'a:***@host'], ['a:*@host', 'a:*@host']])(
  '%s is shown as %s', (text, shown) => expect(redact(text)).toBe(shown),
);
