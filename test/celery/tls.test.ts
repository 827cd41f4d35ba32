import { isClusterEndpoint, isClusterScheme, mayBeClusterEndpoint, outsideCluster } from '../../src/celery/hosts';
import { tlsPort, uncheckedCertificate, uncheckedOption } from '../../src/celery/tls';

test.each<[string, string | undefined]>([
  ['redis://r/0', undefined], ['rediss://r/0', 'it has no ssl_cert_reqs'], ['valkeys://r/0', 'it has no ssl_cert_reqs'], ['amqps://r//', undefined], ['no url', undefined],
  ['rediss://r/0?ssl_cert_reqs=CERT_REQUIRED', undefined], ['rediss://r/0?ssl_cert_reqs=required', undefined], ['rediss://r/0?ssl_cert_reqs=CERT_NONE', 'ssl_cert_reqs is CERT_NONE'],
  ['rediss://r/0?ssl_cert_reqs=CERT_REQUIRED2', 'ssl_cert_reqs is CERT_REQUIRED2'], ['rediss://r/0?ssl_cert_reqs=NOT_CERT_REQUIRED', 'ssl_cert_reqs is NOT_CERT_REQUIRED'],
  ['redis://r/0;rediss://s/0', 'it has no ssl_cert_reqs'], ['rediss://r/0?ssl_cert_reqs=required;rediss://s/0?ssl_cert_reqs=none', 'ssl_cert_reqs is none'],
])('the certificate of %s: %s', (url, wrong) => {
  expect(uncheckedCertificate(url)?.wrong).toBe(wrong && `does not verify the certificate of the server: ${wrong}`);
  if (wrong !== undefined) expect(uncheckedCertificate(url)!.fix).toContain('?ssl_cert_reqs=CERT_REQUIRED');
});

test.each<[Record<string, unknown>, string | undefined]>([
  [{}, undefined], [{ ssl_cert_reqs: 'CERT_NONE' }, 'ssl_cert_reqs'], [{ cert_reqs: 'none' }, 'cert_reqs'], [{ cert_reqs: 'ssl.CERT_OPTIONAL' }, 'cert_reqs'], [{ cert_reqs: 0 }, 'cert_reqs'], [{ cert_reqs: 1 }, 'cert_reqs'],
  [{ cert_reqs: 2 }, undefined], [{ cert_reqs: 'CERT_REQUIRED' }, undefined], [{ cert_reqs: 'nonesuch' }, undefined], [{ other: 'none' }, undefined], [{ cert_reqs: 10 }, undefined],
  [{ ssl_check_hostname: false }, 'ssl_check_hostname'], [{ ssl_check_hostname: 'off' }, 'ssl_check_hostname'], [{ ssl_check_hostname: 'offline' }, undefined], [{ ssl_check_hostname: true }, undefined],
  [{ ssl_check_hostname: 0 }, 'ssl_check_hostname'], [{ ssl_check_hostname: 'xno' }, undefined],
])('%j verifies nothing by %s', (options, name) => {
  expect(uncheckedOption(options)).toBe(name);
});

test.each<[string, string | undefined]>([
  ['redis://a.example.com:6380/0', '6380'], ['redis://a.example.com:6379/0', undefined], ['rediss://a.example.com:6380/0', undefined], ['redis://redis:6380/0', undefined], ['amqp://mq:5671//', '5671'], ['pyamqp://mq:5671//', '5671'],
  ['amqp://mq:5672//', undefined], ['amqps://mq:5671//', undefined], ['redis://a.example.com:5671/0', undefined], ['myamqp://mq:5671//', undefined], ['redis://redis/0;redis://a.example.com:6380/0', '6380'], ['no url', undefined],
])('the port of TLS in %s: %s', (url, port) => {
  expect(tlsPort(url)).toBe(port);
});

test.each<[string, boolean]>([
  ['redis', false], ['redis.data', false], ['redis.data.svc', false], ['redis.data.svc.cluster.local', false], ['redis.example.com', true], ['10.0.0.5', false], ['10.0.0.x', true],
])('%s is outside the cluster: %s', (host, outside) => {
  expect(outsideCluster(host)).toBe(outside);
});

test.each<[string, boolean]>([
  ['clustercfg.orders.x.euw1.cache.amazonaws.com', true], ['orders.x.clustercfg.euw1.cache.amazonaws.com', true], ['myclustercfg.example.com', false], ['a.serverless.euw1.cache.amazonaws.com', true],
  ['a.serverless.cnn1.cache.amazonaws.com.cn', true], ['a.serverless.euw1.cache.amazonaws.com.example', false], ['clustercfg.a.memorydb.eu-west-1.amazonaws.com', true], ['a.memorydb.eu-west-1.amazonaws.com', true],
  ['orders-0001-002.orders.x.euw1.cache.amazonaws.com', true], ['orders-0001-002.other.x.euw1.cache.amazonaws.com', false], ['orders-001.orders.x.euw1.cache.amazonaws.com', false], ['master.orders.x.euw1.cache.amazonaws.com', false],
])('%s is a cluster: %s', (host, cluster) => {
  expect(isClusterEndpoint(host)).toBe(cluster);
});

test.each<[string, boolean]>([['redis+cluster://r', true], ['rediss+cluster://r', true], [' redis+x://r', true], ['redis+socket:///r', false], ['redis://r', false], ['myredis+cluster://r', false]])('%s is the scheme of a cluster: %s', (url, cluster) => {
  expect(isClusterScheme(url)).toBe(cluster);
});

test.each<[string, boolean]>([['a.redis.azure.net', true], ['a.westeurope.redisenterprise.cache.azure.net', true], ['a.redis.cache.windows.net', false], ['a.redis.azure.net.example', false]])('%s may be a cluster: %s', (host, cluster) => {
  expect(mayBeClusterEndpoint(host)).toBe(cluster);
});
