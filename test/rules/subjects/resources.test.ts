import { celery, env, found, workload } from '../pods';

test.each<[string, object, string[]]>([
  ['worker --max-memory-per-child=19999', {}, ['warning: 19999 KiB']], ['worker --max-memory-per-child=20000', {}, []], ['worker --max-memory-per-child=0', {}, []], ['worker', {}, []],
  ['worker -P threads --max-memory-per-child=100', {}, []], ['worker -- worker_max_memory_per_child=100', {}, ['warning: 100 KiB']],
  ['worker --max-memory-per-child=$(KIB) -- worker_max_memory_per_child=100', { env: [{ name: 'KIB', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }] }, []],
])('%s is KiB', (words, more, expected) => {
  expect(found('resources/max-memory-is-kib', workload(celery(words, more)))).toEqual(expected);
});

test.each<[string, string, string[]]>([
  ['200m', 'worker -c 2', []], ['199m', 'worker -c 2', ['warning: 0.199 CPUs for 2 children (when each takes more than 0.4 s of CPU to start)']], ['100m', 'worker -P threads -c 2', []], ['100m', 'worker', []],
  ['100m', 'worker -c 2 -- worker_proc_alive_timeout=60', []],
])('a limit of %s for %s', (cpu, words, expected) => {
  expect(found('resources/cpu-limit-too-low', workload(celery(words, { resources: { limits: { cpu } } })))).toEqual(expected);
});

describe('the same name of all nodes', () => {
  const names = (words: string, spec: object = { replicas: 2 }, pod: object = {}, kind = 'Deployment') => found('resources/same-node-name', workload(celery(words), { kind, spec, pod }));

  test.each<[string, string, object, object, string, string[]]>([
    ['one name', 'worker -n shop', { replicas: 2 }, {}, 'Deployment', ['error: shop']], ['of one pod', 'worker -n shop', { replicas: 1 }, {}, 'Deployment', []], ['a host', 'worker -n shop@%h', { replicas: 2 }, {}, 'Deployment', []],
    ['part of a host', 'worker -n shop@%n', { replicas: 2 }, {}, 'Deployment', []], ['a hostname', 'worker', { replicas: 2 }, { hostname: 'shop' }, 'Deployment', ['error: hostname: shop']],
    ['a hostname with a name of its host', 'worker -n a@%h', { replicas: 2 }, { hostname: 'shop' }, 'Deployment', ['error: hostname: shop']], ['a hostname of a StatefulSet', 'worker', { replicas: 2 }, { hostname: 'shop' }, 'StatefulSet', []],
    ['the network of the node', 'worker', { replicas: 2 }, { hostNetwork: true }, 'Deployment', ['warning: hostNetwork: true (when two of them run on one node)']], ['no network of the node', 'worker', { replicas: 2 }, { hostNetwork: false }, 'Deployment', []],
    ['the network of each node', 'worker', {}, { hostNetwork: true }, 'DaemonSet', []], ['nothing', 'worker', { replicas: 2 }, {}, 'Deployment', []], ['no shell', 'worker -n $HOSTNAME', { replicas: 2 }, {}, 'Deployment', ['error: $HOSTNAME (no shell expands $HOSTNAME)']],
    ['a name of a shell and another', 'worker -n $HOSTNAME-$NAME', { replicas: 2 }, {}, 'Deployment', []],
  ])('%s', (_, words, spec, pod, kind, expected) => {
    expect(names(words, spec, pod, kind)).toEqual(expected);
  });
});

describe('a GPU', () => {
  const gpu = (id: string, words: string, resources: object, spec: object = {}) => found(id, workload(celery(words, { resources }), { spec }));
  const ONE = { limits: { 'nvidia.com/gpu': 1 } };

  test.each<[string, object, number]>([
    ['worker', ONE, 1], ['worker', { requests: { 'nvidia.com/gpu': 1 } }, 1], ['worker', { limits: { cpu: 1 } }, 0], ['worker -P solo', ONE, 0], ['worker -P threads', ONE, 0],
  ])('%s with %j forks', (words, resources, count) => {
    expect(gpu('resources/gpu-and-fork', words, resources)).toHaveLength(count);
  });

  const rolling = (maxSurge: unknown, maxUnavailable: unknown) => ({ strategy: { rollingUpdate: { maxSurge, maxUnavailable } } });

  test.each<[object, string[]]>([
    [{ replicas: 1 }, ['warning: 1 pod with nvidia.com/gpu (unless a node has one to spare, or an autoscaler adds a node)']], [{ replicas: 3 }, ['warning: 3 pods with nvidia.com/gpu (unless a node has one to spare, or an autoscaler adds a node)']],
    [{ replicas: 4 }, []], [{ replicas: 0 }, []], [{ replicas: 1, strategy: { type: 'Recreate' } }, []], [{ replicas: 1, ...rolling(0, 1) }, []], [{ replicas: 4, ...rolling(1, 0) }, [expect.stringContaining('4 pods')]],
    [{ replicas: 4, ...rolling('0%', '0%') }, []], [{ replicas: 4, ...rolling('1%', '24%') }, [expect.stringContaining('4 pods')]], [{ replicas: 4, ...rolling('1%', '25%') }, []], [{ replicas: 4, ...rolling('a', 0) }, []],
  ])('in a rollout of %j', (spec, expected) => {
    expect(gpu('resources/gpu-surge', 'worker -P solo', ONE, spec)).toEqual(expected);
  });
});

test.each<[string, object, number]>([
  ['worker', {}, 1], ['worker -c 2', {}, 0], ['worker --autoscale=4,1', {}, 0], ['worker -P gevent', {}, 0], ['worker -P threads', {}, 0], ['worker -c 0', {}, 1], ['worker -- worker_concurrency=2', {}, 0],
  ['worker', env({ CELERY_WORKER_CONCURRENCY: '2' }), 0],
])('%s %j has the children of the node', (words, more, count) => {
  expect(found('resources/concurrency-of-the-node', workload(celery(words, more)))).toHaveLength(count);
});
