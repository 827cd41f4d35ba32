import { celeryIn, probesOf } from '../../src/manifests/probes';
import { World } from '../../src/manifests/world';

/** What a liveness probe asks of Celery. */
function asked(...command: string[]): string[] {
  const containers = [{ name: 'worker', image: 'shop:1', livenessProbe: { exec: { command } } }];
  const world = new World([{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'worker' }, spec: { template: { spec: { containers } } } }]);
  const probes = world.workloads.flatMap((workload) => workload.containers.flatMap(probesOf));
  return probes.flatMap(({ invocations }) => celeryIn(invocations)).map(({ role, rest, options }) =>
    [role, ...rest.map(({ text }) => text), ...[...options].map(([name, { value }]) => `${name}=${value}`)].join(' '));
}

test.each<[string, string[], string[]]>([
  ['a ping of the command line', ['celery', '-A', 'shop', 'inspect', 'ping', '-t', '5'], ['inspect ping --timeout=5']],
  ['a ping in Python', ['python', '-c', 'from shop import app; assert app.control.ping(timeout=5)'], ['inspect ping --timeout=5']],
  ['other code in Python', ['python', '-c', 'import shop'], []],
  ['Python with a script', ['python', '/probe.py'], []],
  ['Python whose code is missing', ['python', '-c'], []],
])('%s', (_, command, found) => {
  expect(asked(...command)).toEqual(found);
});

test.each<[string, string]>([['$(NAME)', 'web'], ['$(N)', 'x'], ['a$(N)b$(NAME)', 'axbweb'], ['$(GONE)', '$(GONE)'], ['$(HIDDEN)', ''], ['$(IMPORTED)', '$(IMPORTED)'], ['$NAME', '$NAME']])(
  'the kubelet makes %j of a word of a probe: %j', (word, expected) => {
    const container = {
      name: 'worker', image: 'shop:1', livenessProbe: { exec: { command: [word] } }, envFrom: [{ configMapRef: { name: 'more' } }],
      env: [{ name: 'NAME', value: 'web' }, { name: 'N', value: 'x' }, { name: 'HIDDEN', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }],
    };
    const world = new World([
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'worker' }, spec: { containers: [container] } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'more' }, data: { IMPORTED: 'y' } },
    ]);
    expect(probesOf(world.workloads[0].containers[0])[0].invocations[0].words[0].text).toBe(expected);
  },
);
