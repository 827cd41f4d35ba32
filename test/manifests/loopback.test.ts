import { pod } from './pods';
import { answersAtLoopback } from '../../src/manifests/loopback';
import { World } from '../../src/manifests/world';

const worker = (before: string, more: object = {}) => ({ image: 'python:3.12', command: ['sh', '-c', `${before}celery -A shop worker`], ...more });
const SERVER = { unless: 'the image starts a server in the same container' };

test.each<[string, object, object, unknown]>([
  ['a worker', worker(''), {}, 'nothing'],
  ['after a migration', worker('python manage.py migrate && '), {}, 'nothing'],
  ['after a migration with a version of Python', worker('python3.12 manage.py migrate && '), {}, 'nothing'],
  ['after a program of the image', worker('./start-all && '), {}, SERVER],
  ['after a script in Python', worker('python start_all.py && '), {}, SERVER],
  ['after a server', worker('redis-server --daemonize yes && '), {}, 'something'],
  ['in the network of the node', worker(''), { hostNetwork: true }, { unless: 'a server listens on every node' }],
])('%s', (_, container, spec, expected) => {
  const { world, container: own } = pod(container, spec);
  expect(answersAtLoopback(own, 6379, world)).toEqual(expected);
});

test.each<[string, object, unknown]>([
  ['is Redis', { name: 'redis', image: 'redis:7' }, 'something'],
  ['declares the port', { name: 'side', image: 'acme/side:1', ports: [{ containerPort: 6379 }] }, 'something'],
  ['declares another', { name: 'side', image: 'acme/side:1', ports: [{ containerPort: 6380 }] }, { unless: 'side listens on 6379' }],
])('a worker next to a container that %s', (_, side, expected) => {
  const spec = { containers: [{ name: 'main', ...worker('') }, side] };
  const world = new World([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'shop' }, spec }]);
  expect(answersAtLoopback(world.workloads[0].containers[0], 6379, world)).toEqual(expected);
});
