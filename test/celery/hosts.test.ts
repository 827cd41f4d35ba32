import { hostFault, isLoopback, takesOnlyTls } from '../../src/celery/hosts';

const NUMBER = 'ends in a number, and is not an IPv4 address, which has four from 0 to 255';

test.each<[string, string | undefined]>([
  ['redis', undefined], ['redis.data.svc.cluster.local', undefined], ['10.0.0.5', undefined], ['255.255.255.255', undefined], ['redis-0', undefined], ['1.example.com', undefined],
  ['a'.repeat(63), undefined], ['a'.repeat(64), 'has a label of 64 characters, and DNS allows 63'], [`x.${'a'.repeat(70)}.y`, 'has a label of 70 characters, and DNS allows 63'],
  ['10.0.0.256', NUMBER], ['10.0.0', NUMBER], ['10.0.0.5.6', NUMBER], ['redis.1', NUMBER], ['a.0.0.1', NUMBER], ['10.0.0.0005', NUMBER], ['6379', NUMBER],
])('%s: %s', (host, fault) => {
  expect(hostFault(host)).toBe(fault);
});

test.each<[string, boolean]>([
  ['localhost', true], ['localhost.localdomain', true], ['127.0.0.1', true], ['127.1', true], ['127.0.1.1', true], ['::1', true], ['[::1]', true], ['[::]', true], ['0.0.0.0', true],
  ['localhost.example.com', false], ['redis', false], ['10.127.0.1', false], ['127.0.0.1.example.com', false], ['127', false], ['::12', false], ['0.0.0.0.0', false],
])('%s is the pod itself: %p', (host, own) => {
  expect(isLoopback(host)).toBe(own);
});

test.each<[string, boolean]>([
  ['orders-abc.serverless.euw1.cache.amazonaws.com', true], ['orders.serverless.cnn1.cache.amazonaws.com.cn', true], ['b-1.mq.eu-west-1.amazonaws.com', true], ['b-1.mq.eu-west-1.on.aws', true],
  ['orders.db.ondigitalocean.com', true], ['orders.aivencloud.com', false], ['orders.redis.cache.windows.net', false], ['orders.euw1.cache.amazonaws.com', false], ['redis', false],
])('%s takes nothing but TLS: %p', (host, only) => {
  expect(takesOnlyTls(host)).toBe(only);
});
