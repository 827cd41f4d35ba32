import { defaultPort, serversOf } from '../../src/celery/ports';

test.each<[string, ReturnType<typeof serversOf>]>([
  ['redis://redis.example.com', [{ host: 'redis.example.com', port: 6379 }]],
  ['rediss://u:p@Redis.example.com:6380/0?ssl_cert_reqs=required', [{ host: 'redis.example.com', port: 6380 }]],
  ['amqp://rabbitmq//', [{ host: 'rabbitmq', port: 5672 }]],
  ['amqps://rabbitmq//', [{ host: 'rabbitmq', port: 5671 }]],
  ['amqp://one:5673//;amqp://two//', [{ host: 'one', port: 5673 }, { host: 'two', port: 5672 }]],
  ['sentinel://a:26379/0;sentinel://b', [{ host: 'a', port: 26379 }, { host: 'b', port: 26379 }]],
  ['redis://[2001:db8::1]:6379', [{ host: '[2001:db8::1]', port: 6379 }]],
  ['db+postgresql://db.example.com/celery', [{ host: 'db.example.com', port: 5432 }]],
  ['db+postgresql+psycopg://db.example.com/celery', [{ host: 'db.example.com', port: 5432 }]],
  ['db+mysql://db.example.com:3307/celery', [{ host: 'db.example.com', port: 3307 }]],
  ['cache+memcached://cache', [{ host: 'cache', port: 11211 }]],
  ['sqs://', [{ host: '', port: 443 }]],
  ['s3://bucket/path', [{ host: '', port: 443 }]],
  ['mongodb://m', [{ host: 'm', port: 27017 }]],
  ['rpc://', []], ['rpc', []], ['disabled://', []], ['db+sqlite:///results.db', []], ['file:///var/celery', []], ['redis+socket:///run/redis.sock', []],
  ['kafka://k', undefined], ['kafka://k:9092', [{ host: 'k', port: 9092 }]], ['redis://r:$(PORT)/0', undefined], ['redis://r;kafka://k', undefined],
])('of %s', (url, servers) => {
  expect(serversOf(url)).toEqual(servers);
});

test.each<[string, number | undefined]>([
  ['redis', 6379], ['rediss', 6379], ['sentinel', 26379], ['amqp', 5672], ['amqps', 5671], ['sqs', 443], ['kafka', 9092], ['etcd', 2379], ['pgmq', 5432], ['azureservicebus', 5671], ['memory', undefined], ['x', undefined],
])('the server of %s listens on %p', (transport, port) => {
  expect(defaultPort(transport)).toBe(port);
});

test.each<[string, ReturnType<typeof serversOf>]>([
  ['database+postgresql://db', [{ host: 'db', port: 5432 }]], ['sqla+mysql://db', [{ host: 'db', port: 3306 }]], ['sqs://queue.example.com', [{ host: '', port: 443 }]],
  ['sqs://localhost:4566', [{ host: 'localhost', port: 4566 }]], ['redis://a;;redis://b; ', [{ host: 'a', port: 6379 }, { host: 'b', port: 6379 }]], ['', []],
])('servers of %p', (url, servers) => {
  expect(serversOf(url)).toEqual(servers);
});
