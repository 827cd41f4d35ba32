import { pod } from './pods';
import { literalCredentials } from '../../src/manifests/literal-credentials';
import { World } from '../../src/manifests/world';

/** `name`, or `name!` where it is a password. */
function found(container: object): string[] {
  const { workload } = pod(container);
  return literalCredentials(workload).map(({ name, password }) => `${name}${password ? '!' : ''}`);
}

test.each<[string, string[]]>([
  ['redis_password=s3cr3tW0rd', ['redis_password!']], ['redis_password=8346127590', ['redis_password!']], ['redis_password="s3cr3tW0rd"', ['redis_password!']],
  ['redis_password=(json)"s3cr3tW0rd"', ['redis_password!']], ['redis_password=$(REDIS_PASSWORD)', []], ['redis_host=s3cr3tW0rd', []],
  ['broker_transport_options=(json){"password": "s3cr3tW0rd"}', ['broker_transport_options!']],
  ['broker_transport_options=(json){"master_name": "s3cr3tW0rd"}', []],
  ['redis://:s3cr3tW0rd@redis:6379/0', ['args!']],
])('the argument %s', (argument, expected) => {
  expect(found({ args: [argument] })).toEqual(expected);
});

test.each<[string, string, string[]]>([
  ['DB_PASSWORD', 's3cr3tW0rd', ['DB_PASSWORD!']], ['DB_PASSWORD', 'changeme-please', ['DB_PASSWORD!']], ['STRIPE_API_KEY', 'sk_live_8d7f6a5b4c3d2e1f', ['STRIPE_API_KEY']],
  ['CACHE_URL', 'redis://:s3cr3tW0rd@redis:6379/0', ['CACHE_URL!']], ['DB_HOST', 'postgres', []],
])('the variable %s=%s', (name, value, expected) => {
  expect(found({ env: [{ name, value }] })).toEqual(expected);
});

test('an annotation has one, and the copy that kubectl keeps has not', () => {
  const metadata = { name: 'shop', annotations: {
    'example.com/api-token': 'ghp_8d7f6a5b4c3d2e1f', 'kubectl.kubernetes.io/last-applied-configuration': '{"url":"redis://:s3cr3tW0rd@redis:6379/0"}',
  } };
  const [workload] = new World([{ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template: { spec: { containers: [{ name: 'main', image: 'shop:1' }] } } } }]).workloads;
  expect(literalCredentials(workload).map(({ name }) => name)).toEqual(['example.com/api-token']);
});
