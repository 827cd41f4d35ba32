import { ApiObject, ApiObjectProps, App, Chart } from 'cdk8s';
import {
  AppCode, Broker, CeleryApp, CeleryAppProps, CeleryBeat, CeleryFlower, CeleryJob, CeleryNetwork, CeleryWorker, FlowerAuth, FlowerExposure,
  HealthCheck, IBroker, JobHook, PythonRuntime, RedisBroker, ResultBackend,
} from '../../../src';
import { TASKS } from '../../fixtures';
import { Manifest, Manifests, refusals, render, renderApp } from '../../manifests';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what no type checker has seen
type Any = any;

const EXTERNAL = ['Secret/broker', 'Secret/flower'];
const COMPONENTS = ['celery-worker', 'celery-beat', 'celery-flower', 'celery-migrate'];

function program(chart: Chart, network: CeleryNetwork | undefined, props: Partial<CeleryAppProps> = {}, exposure?: FlowerExposure): CeleryApp {
  const celery = new CeleryApp(chart, 'celery', {
    app: 'tasks', broker: new RedisBroker(chart, 'redis'), code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('registry.example.com/app:1.4.2'), network, ...props,
  });
  new CeleryWorker(chart, 'worker', { celery });
  new CeleryBeat(chart, 'beat', { celery });
  new CeleryFlower(chart, 'flower', { celery, exposure, auth: FlowerAuth.basic({ name: 'flower', key: 'users' }) });
  new CeleryJob(chart, 'migrate', { celery, command: ['python', 'manage.py', 'migrate'] });
  return celery;
}

function made(
  network: CeleryNetwork | undefined, props?: Partial<CeleryAppProps>, more: (chart: Chart) => void = () => {}, exposure?: FlowerExposure,
): Manifests {
  const app = new App();
  const chart = new Chart(app, 'chart', { namespace: 'test' });
  program(chart, network, props, exposure);
  more(chart);
  // Kinds that Kubernetes does not have by itself have no schema here.
  return Manifests.of((JSON.parse(renderApp(app)) as Manifest[]).filter(({ kind }) => !/Monitor|HTTPRoute/.test(kind)), EXTERNAL);
}

const policy = (manifests: Manifests, name: string): Any => manifests.get('NetworkPolicy', name).spec;
const tcp = (port: number) => [{ port, protocol: 'TCP' }];
const namespace = (name: string, podLabels?: Record<string, string>) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } }, podSelector: podLabels ? { matchLabels: podLabels } : {},
});
const DNS = { ports: [{ port: 53, protocol: 'UDP' }, { port: 53, protocol: 'TCP' }] };
const REDIS = { to: [namespace('test', { 'app.kubernetes.io/name': 'redis', 'app.kubernetes.io/instance': 'redis', 'component': 'redis' })], ports: tcp(6379) };
const PYPI = {
  to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'] } }], ports: tcp(443),
};

test('left out, nobody is let in, and the pods connect to whatever they call', () => {
  const manifests = made(undefined);
  for (const name of COMPONENTS) {
    const { podSelector, ...rules } = policy(manifests, name);
    expect(rules).toEqual({ policyTypes: ['Ingress'] });
    // Our labels, and never a whole namespace.
    expect(podSelector.matchLabels).toEqual({ 'app.kubernetes.io/name': 'celery', 'app.kubernetes.io/instance': name, 'component': name.slice('celery-'.length).replace('migrate', 'job') });
  }
});

test('closed, they connect to the broker and to DNS', () => {
  const manifests = made(CeleryNetwork.closed());
  for (const name of COMPONENTS) {
    expect(policy(manifests, name)).toMatchObject({ policyTypes: ['Ingress', 'Egress'], egress: [DNS, REDIS] });
    expect(policy(manifests, name)).not.toHaveProperty('ingress');
  }
});

test('open, there is no policy but that of Redis', () => {
  expect(made(CeleryNetwork.open()).identities().filter((identity) => identity.startsWith('NetworkPolicy/'))).toEqual(['NetworkPolicy/redis']);
});

test('the objects can be reached', () => {
  const chart = new Chart(new App(), 'chart', { namespace: 'test' });
  const of = (network: CeleryNetwork, id: string) => {
    const celery = program(new Chart(chart, id), network);
    const worker = new CeleryWorker(new Chart(chart, `${id}-more`, { namespace: 'test' }), 'more', { celery });
    return worker.networkPolicy?.name;
  };
  expect([of(CeleryNetwork.closed(), 'one'), of(CeleryNetwork.open(), 'two')]).toEqual(['celery-more', undefined]);
});

describe('closed, the pods connect to', () => {
  const egress = (network: CeleryNetwork, props?: Partial<CeleryAppProps>) => policy(made(network, props), 'celery-worker').egress.slice(1);

  test('what `to` names', () => {
    const to = [{ to: [{ ipBlock: { cidr: '10.20.0.0/16' } }], ports: tcp(5432) }, { ports: tcp(443) }];
    expect(egress(CeleryNetwork.closed({ to }))).toEqual([REDIS, ...to]);
  });

  test('their result backend', () => {
    expect(egress(CeleryNetwork.closed(), { resultBackend: ResultBackend.fromUrl('db+postgresql://db.data.svc/celery') }))
      .toEqual([REDIS, { to: [namespace('data')], ports: tcp(5432) }]);
  });

  test('a broker outside', () => {
    const broker = Broker.fromSecret({ name: 'broker', key: 'url' }, { transport: 'amqps', port: 5671, cidr: '10.0.0.0/24' });
    expect(egress(CeleryNetwork.closed(), { broker, resultBackend: ResultBackend.fromUrl('rpc://') })).toEqual([{ to: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: tcp(5671) }]);
  });

  const install = (indexUrl?: string) => ({ runtime: PythonRuntime.install({ celery: '5.6.3', indexUrl }) });

  test.each<[string, Any, string | undefined, unknown]>([
    ['PyPI, where they install', {}, undefined, PYPI],
    ['the network of a private index', { indexCidr: '10.30.0.0/24' }, undefined, { to: [{ ipBlock: { cidr: '10.30.0.0/24' } }], ports: tcp(443) }],
    ['... with its port', { indexCidr: '10.30.0.0/24' }, 'http://pypi.example.com:8081/simple', { to: [{ ipBlock: { cidr: '10.30.0.0/24' } }], ports: tcp(8081) }],
    ['an index in the cluster', {}, 'http://devpi.tools.svc.cluster.local:3141/root', { to: [namespace('tools')], ports: tcp(3141) }],
    ['an index elsewhere', {}, 'https://pypi.example.com:8443/simple', { ...PYPI, ports: tcp(8443) }],
    ['an index at an address', {}, 'http://10.30.0.4/simple', { to: [{ ipBlock: { cidr: '10.30.0.4/32' } }], ports: tcp(80) }],
  ])('%s', (_what, options, indexUrl, rule) => {
    expect(egress(CeleryNetwork.closed(options), install(indexUrl))).toEqual([REDIS, rule]);
  });
});

describe('lets in', () => {
  const monitor = (kind: string, labels: Record<string, string>, namespaceSelector?: object) => (chart: Chart) => {
    new ApiObject(chart, 'monitor', {
      apiVersion: 'monitoring.coreos.com/v1', kind, metadata: { name: 'monitor' }, spec: { selector: { matchLabels: labels }, namespaceSelector },
    });
  };
  const ingress = (name: string, network?: CeleryNetwork, more?: (chart: Chart) => void, exposure?: FlowerExposure): Any =>
    policy(made(network, undefined, more, exposure), name).ingress;
  const CONTROLLERS = { from: [namespace('ingress-nginx'), namespace('traefik')], ports: tcp(5555) };
  const exposed = FlowerExposure.ingress({ host: 'flower.example.com', tls: 'flower-tls', ingressClassName: 'nginx' });

  test('the ingress controller to a Flower that has an Ingress of its own, and to nothing else', () => {
    const manifests = made(undefined, undefined, undefined, exposed);
    expect(COMPONENTS.map((name) => policy(manifests, name).ingress)).toEqual([undefined, undefined, [CONTROLLERS], undefined]);
  });

  test.each([
    ['Ingress', { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'celery-flower', port: { number: 5555 } } } }] } }], tls: [{ secretName: 't' }] }, [CONTROLLERS]],
    ['Ingress', { defaultBackend: { service: { name: 'celery-flower', port: { number: 5555 } } } }, [CONTROLLERS]],
    ['Ingress', { defaultBackend: { service: { name: 'web', port: { number: 5555 } } } }, undefined],
    ['HTTPRoute', { rules: [{ backendRefs: [{ name: 'celery-flower', port: 5555 }] }] }, [CONTROLLERS]],
    ['HTTPRoute', { rules: [{ backendRefs: [{ name: 'celery-flower', namespace: 'test', port: 5555 }] }] }, [CONTROLLERS]],
    ['HTTPRoute', { rules: [{ backendRefs: [{ name: 'celery-flower', namespace: 'other', port: 5555 }] }] }, undefined],
  ])('it also for an %s of the user: %j', (kind, spec, rules) => {
    const apiVersion = kind === 'Ingress' ? 'networking.k8s.io/v1' : 'gateway.networking.k8s.io/v1';
    expect(ingress('celery-flower', undefined, (chart) => { new ApiObject(chart, 'route', { apiVersion, kind, metadata: { name: 'route' }, spec }); })).toEqual(rules);
  });

  test('one that is named, by its labels, without an Ingress', () => {
    const network = CeleryNetwork.closed({ ingressController: [{ namespace: 'edge', podLabels: { app: 'envoy' } }] });
    expect(ingress('celery-flower', network)).toEqual([{ from: [namespace('edge', { app: 'envoy' })], ports: tcp(5555) }]);
    expect(ingress('celery-worker', network)).toBeUndefined();
  });

  test('Prometheus to the agents that a PodMonitor selects', () => {
    const select = monitor('PodMonitor', { component: 'worker' });
    expect(ingress('celery-worker', undefined, select)).toEqual([{ from: [namespace('monitoring')], ports: tcp(8790) }]);
    expect(ingress('celery-beat', undefined, select)).toBeUndefined();
    expect(ingress('celery-worker', undefined, monitor('PodMonitor', { component: 'worker' }, { matchNames: ['other'] }))).toBeUndefined();
    expect(ingress('celery-worker', undefined, monitor('PodMonitor', { component: 'worker' }, { any: true }))).toHaveLength(1);
  });

  test('Prometheus to Flower where a monitor selects its pod or its Service', () => {
    const rule = [{ from: [namespace('monitoring')], ports: tcp(5555) }];
    expect(ingress('celery-flower', undefined, monitor('ServiceMonitor', { component: 'flower' }))).toEqual(rule);
    expect(ingress('celery-flower', undefined, monitor('PodMonitor', { component: 'flower' }))).toEqual(rule);
    expect(ingress('celery-worker', undefined, monitor('ServiceMonitor', { component: 'worker' }))).toBeUndefined();
  });

  test('Prometheus to all agents, where it is named', () => {
    const network = CeleryNetwork.closed({ prometheus: [{ namespace: 'observability' }] });
    expect(['celery-worker', 'celery-beat', 'celery-flower'].map((name) => ingress(name, network))).toEqual([
      [{ from: [namespace('observability')], ports: tcp(8790) }], [{ from: [namespace('observability')], ports: tcp(8790) }], undefined,
    ]);
  });

  test('an empty list is nobody', () => {
    const select = monitor('PodMonitor', { component: 'worker' });
    expect(ingress('celery-worker', CeleryNetwork.closedIngress({ prometheus: [] }), select)).toBeUndefined();
    expect(ingress('celery-flower', CeleryNetwork.closedIngress({ ingressController: [] }))).toBeUndefined();
  });

  test('a Flower with an Ingress, and no controller that may connect: refused', () => {
    const network = CeleryNetwork.closedIngress({ ingressController: [] });
    expect(() => made(network, undefined, undefined, exposed)).toThrow(
      /NetworkPolicy test\/celery-flower, spec.ingress: NetworkPolicies do not let the ingress controller connect to Flower: Ingress celery-flower leads to Deployment celery-flower; .*CeleryNetwork.closed\(\{ ingressController/,
    );
    const from = [{ from: [{ ipBlock: { cidr: '10.0.0.0/24' } }], ports: tcp(5555) }];
    expect(ingress('celery-flower', CeleryNetwork.closedIngress({ ingressController: [], from }), undefined, exposed)).toEqual(from);
  });

  test('whom `from` names, to all of them', () => {
    const from = [{ from: [{ podSelector: { matchLabels: { app: 'exporter' } } }], ports: tcp(9540) }];
    expect(COMPONENTS.map((name) => ingress(name, CeleryNetwork.closedIngress({ from })))).toEqual([from, from, from, from]);
  });

  test('nobody to a worker without an agent', () => {
    const app = new App();
    const chart = new Chart(app, 'chart', { namespace: 'test' });
    const celery = new CeleryApp(chart, 'celery', {
      app: 'tasks', broker: new RedisBroker(chart, 'redis'), code: AppCode.fromInline({ 'tasks.py': TASKS }), runtime: PythonRuntime.fromImage('registry.example.com/app:1.4.2'),
      network: CeleryNetwork.closed({ prometheus: [{ namespace: 'observability' }] }),
    });
    new CeleryWorker(chart, 'worker', { celery, healthCheck: HealthCheck.none() });
    expect(policy(Manifests.of(JSON.parse(renderApp(app))), 'celery-worker')).not.toHaveProperty('ingress');
  });
});

test('the policy of a hook is there before its Job', () => {
  const manifests = made(undefined, undefined, (chart) => {
    const celery = chart.node.findChild('celery') as CeleryApp;
    new CeleryJob(chart, 'before', { celery, command: ['true'], hook: JobHook.BEFORE });
  });
  expect(manifests.get('NetworkPolicy', 'celery-before').metadata.annotations).toMatchObject({
    'argocd.argoproj.io/hook': 'PreSync', 'argocd.argoproj.io/sync-wave': '-1', 'helm.sh/hook': 'pre-install,pre-upgrade', 'helm.sh/hook-weight': '-1',
  });
});

describe('refuses', () => {
  const unknown = 'network: CeleryNetwork.closed does not know where the';
  const secret = { name: 'broker', key: 'url' };

  test.each<[string, CeleryNetwork, Partial<CeleryAppProps>, string]>([
    ['a broker in a Secret whose port is not given', CeleryNetwork.closed(), { broker: Broker.fromSecret(secret) },
      `${unknown} broker is, and no pod could connect to it; give its port: Broker.fromSecret({ name, key }, { port: 6379 })`],
    ['a broker with a port that is not known', CeleryNetwork.closed(), { broker: Broker.fromUrl('redis://r:$(PORT)/0') }, `${unknown} broker is`],
    ['a broker of the user\'s own that says nothing', CeleryNetwork.closed(), { broker: { bind: () => ({ url: { value: 'redis://r' }, resultBackend: { value: 'redis://r' } }) } }, `${unknown} broker is`],
    ['a result backend in a Secret whose port is not given', CeleryNetwork.closed(), { resultBackend: ResultBackend.fromSecret(secret) },
      `${unknown} result backend is, and no pod could connect to it; give its port: ResultBackend.fromSecret(`],
    ['... of Sentinel', CeleryNetwork.closed(), { resultBackend: ResultBackend.fromSecret(secret) },
      `${unknown} result backend is, and no pod could connect to it; give its port: ResultBackend.fromSecret({ name, key }, { port: 5432 }), and \`cidr\` where its addresses are known; `
      + 'with Sentinel its port, and the Redis in to: [{ ports: [{ port: 6379 }] }]'],
    ['null for rules', CeleryNetwork.closed({ to: null as Any }), {}, 'network.to: null is not a list; give a list of rules, or leave it out'],
    ['null for visitors', CeleryNetwork.closedIngress({ from: null as Any }), {}, 'network.from: null is not a list; give a list of rules, or leave it out'],
    ['what is no network', 'closed' as Any, {}, 'network: \'closed\' is not a CeleryNetwork; give e.g. CeleryNetwork.closed()'],
    ['a misspelt option', CeleryNetwork.closed({ too: [] } as Any), {}, 'network.too: is not one of the options here; did you mean to?'],
    ['a peer where a rule belongs', CeleryNetwork.closed({ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] as Any }), {}, 'network.to[0].ipBlock: a map is not a field of NetworkPolicyEgressRule; allowed: ports, to'],
    ['a rule that opens everything', CeleryNetwork.closed({ to: [{}] }), {},
      'network.to[0]: a rule without peers and ports opens all addresses and ports; name where or a port, e.g. [{ ports: [{ port: 443 }] }]; where pods may connect to all, '
      + 'CeleryNetwork.closedIngress(), or CeleryNetwork.open()'],
    ['... of a protocol', CeleryNetwork.closed({ to: [{ ports: [{ protocol: 'TCP' }] }] }), {}, 'network.to[0]: a rule without peers and ports opens all addresses and ports'],
    ['... with no ports', CeleryNetwork.closed({ to: [{ ports: [] }] }), {}, 'network.to[0]: a rule without peers and ports opens all addresses and ports'],
    ['an empty list of peers', CeleryNetwork.closed({ to: [{ to: [] }] }), {},
      'network.to[0].to: [] is everybody to Kubernetes, and opens all addresses and ports; leave the rule out for nobody, or name where or a port'],
    ['... with a port', CeleryNetwork.closed({ to: [{ to: [], ports: [{ port: 5432 }] }] }), {}, 'network.to[0].to: [] is everybody to Kubernetes'],
    ['a rule that lets everybody in', CeleryNetwork.closed({ from: [{}] }), {},
      'network.from[0]: a rule without peers and ports lets everybody in; name who, e.g. [{ from: [{ podSelector: {} }], ports: [{ port: 9540 }] }]; without any policy, CeleryNetwork.open()'],
    ['an empty list of visitors', CeleryNetwork.closedIngress({ from: [{ from: [], ports: [{ port: 9540 }] }] }), {}, 'network.from[0].from: [] is everybody to Kubernetes, and lets everybody in'],
    ['a broker of the user\'s own that opens everything', CeleryNetwork.closed(), { broker: { bind: () => ({ url: { value: 'redis://r' }, resultBackend: { value: 'redis://r' }, network: [{}] }) } },
      'broker.network[0]: a rule without peers and ports opens all addresses and ports'],
    ['a port that there is not', CeleryNetwork.closed({ to: [{ ports: [{ port: 70_000 }] }] }), {}, 'network.to[0].ports[0].port: 70000 is neither a port nor a name of one'],
    ['what is no network of addresses', CeleryNetwork.closed({ indexCidr: '10.30.0.0' }), {}, 'network.indexCidr: \'10.30.0.0\' is not a network'],
    ['what is no network of addresses', CeleryNetwork.closed({ apiServerCidr: '10.0.0.1/40' }), {}, 'network.apiServerCidr: \'10.0.0.1/40\' is not a network'],
    ['what is no namespace', CeleryNetwork.closedIngress({ keda: [{ namespace: 'KEDA' }] }), {}, 'network.keda[0].namespace: \'KEDA\' is not a name that Kubernetes accepts'],
    ['a peer without a namespace', CeleryNetwork.closedIngress({ prometheus: [{ podLabels: { app: 'prometheus' } } as Any] }), {}, 'network.prometheus[0].namespace: undefined is missing; give the name of the namespace'],
    ['a selector where labels belong', CeleryNetwork.closedIngress({ keda: [{ namespace: 'keda', podSelector: {} } as Any] }), {}, 'network.keda[0].podSelector: is not one of the options here'],
    ['options in a list', CeleryNetwork.closed([{ ports: [{ port: 443 }] }] as Any), {}, 'network: a list is not an object; give the options by their names'],
    ['a port where an object belongs', CeleryNetwork.closed({ to: [{ ports: [443 as Any] }] }), {}, 'network.to[0].ports[0]: 443 is not plain data as in a manifest (NetworkPolicyPort)'],
    ['what is no list', CeleryNetwork.closedIngress({ prometheus: { namespace: 'monitoring' } as Any }), {}, 'network.prometheus: an object is not a list; give e.g. [{ namespace: \'monitoring\' }]'],
  ])('%s', (_what, network, props, message) => {
    expect(refusals((chart) => program(chart, network, props)).join('\n')).toContain(`[chart/celery] ${message}`);
  });

  test.each<[CeleryNetwork, string]>([
    [CeleryNetwork.closed({ to: [{ too: [] } as Any] }), 'network.to[0].too: a list is not a field of NetworkPolicyEgressRule; did you mean to?'],
    [CeleryNetwork.closed({ to: [{ ports: [{ prot: 443 } as Any] }] }), 'network.to[0].ports[0].prot: 443 is not a field of NetworkPolicyPort; did you mean port?'],
    [CeleryNetwork.closed({ to: [{ ports: [443 as Any] }] }), 'network.to[0].ports[0]: 443 is not plain data'],
    [CeleryNetwork.closed({ to: [{ to: [{ ipblock: {} } as Any] }] }), 'network.to[0].to[0].ipblock: a map is not a field of NetworkPolicyPeer; did you mean ipBlock?'],
    [CeleryNetwork.closed({ to: [{ to: [{ ipBlock: { cdr: '10.0.0.0/8' } as Any }] }] }), 'network.to[0].to[0].ipBlock.cdr: a string is not a field of IPBlock; did you mean cidr?'],
    [CeleryNetwork.closed({ to: [{ to: [{ podSelector: 'app' as Any }] }] }), 'network.to[0].to[0].podSelector: \'app\' is not plain data'],
    [CeleryNetwork.closed({ keda: [[] as Any] }), 'network.keda[0]: a list is not an object; give the options by their names'],
    [CeleryNetwork.closed({ from: [{ form: [] } as Any] }), 'network.from[0].form: a list is not a field of NetworkPolicyIngressRule; did you mean from?'],
    [CeleryNetwork.closed({ keda: [{ namespase: 'keda' } as Any] }), 'network.keda[0].namespase: is not one of the options here; did you mean namespace?'],
  ])('one mistake by one message: %#', (network, message) => {
    expect(refusals((chart) => program(chart, network, {}))).toEqual([expect.stringContaining(`[chart/celery] ${message}`)]);
  });

  test('what is misspelt hides no other mistake', () => {
    const network = CeleryNetwork.closed({ to: [{ too: [] } as Any, {}, { to: [{}], port: 1 } as Any] });
    expect(refusals((chart) => program(chart, network, {}))).toEqual([
      expect.stringContaining('network.to[0].too: '), expect.stringContaining('network.to[1]: a rule without peers and ports'),
      expect.stringContaining('network.to[2].to[0]: '), expect.stringContaining('network.to[2].port: '),
    ]);
  });

  test('a port that is wrong is not asked for once more', () => {
    const once = (props: Partial<CeleryAppProps>) => refusals((chart) => program(chart, CeleryNetwork.closed(), props));
    expect(once({ broker: Broker.fromSecret(secret, { port: '6379' as Any }) })).toEqual(['[chart/celery] broker.port: \'6379\' is not a number; give e.g. 6379']);
    expect(once({ broker: Broker.fromSecret(secret, { port: 0 }) })).toEqual(['[chart/celery] broker.port: 0 is not a whole number of at least 1; give a whole number from 1 to 65535']);
    expect(once({ broker: Broker.fromUrl('redis://:hunter2@r.example.com:6379/0') })).toEqual([expect.stringContaining('has a password in it')]);
    expect(once({ resultBackend: ResultBackend.fromSecret(secret, { port: '5432' as Any }) })).toEqual(['[chart/celery] resultBackend.port: \'5432\' is not a number; give e.g. 6379']);
  });

  test('none of these without a closed egress', () => {
    const broker: IBroker = Broker.fromSecret(secret);
    for (const network of [undefined, CeleryNetwork.open(), CeleryNetwork.closedIngress()]) {
      expect(made(network, { broker, resultBackend: ResultBackend.fromSecret(secret) }).find('Deployment', 'celery-worker')).toBeDefined();
    }
  });
});

test('one port or one peer is enough for a rule', () => {
  const rules = { to: [{ ports: [{ port: 443 }] }, { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }], from: [{ ports: [{ port: 9540 }] }, { from: [{ namespaceSelector: {} }] }] };
  expect(policy(made(CeleryNetwork.closed(rules)), 'celery-worker')).toMatchObject({ ingress: rules.from, egress: [DNS, REDIS, ...rules.to] });
});

describe('a policy of the user', () => {
  const withPolicy = (labels: Record<string, string>, spec: object, metadata: object, ...others: object[]) => (chart: Chart) => {
    program(chart, CeleryNetwork.open());
    const policy = {
      apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'own', ...metadata }, spec: { podSelector: { matchLabels: labels }, ...spec },
    };
    [policy, ...others].forEach((object, i) => new ApiObject(chart, `object-${i}`, object as ApiObjectProps));
  };
  const refused = (labels: Record<string, string>, spec: object = { policyTypes: ['Ingress'] }, metadata: object = {}) =>
    refusals(withPolicy(labels, spec, metadata)).join('\n');

  test('that selects nothing is refused: all that it could select is in the program', () => {
    const message = refused({ component: 'workers' });
    expect(message).toMatch(/NetworkPolicy test\/own, spec.podSelector: A NetworkPolicy selects no pod of the application that it is for: those are of Deployment celery-worker; it has "component=workers"/);
    expect(message).toContain('[network/policy-selects-nothing]');
    expect(message).not.toContain('unless');
  });

  test('with egress and without DNS is refused', () => {
    expect(refused({ component: 'worker' }, { policyTypes: ['Egress'], egress: [{ ports: [{ port: 6379 }] }] }))
      .toMatch(/NetworkPolicy test\/own, spec.egress: A NetworkPolicy limits the egress of the pods and does not allow DNS.*\[network\/egress-without-dns\]/);
  });

  test.each<[string, Record<string, string>, object]>([
    ['a slip of the pen', { component: 'wroker' }, {}],
    ['a label of another name', { role: 'worker' }, {}],
    ['... with a slip of the pen', { 'app.kubernetes.io/component': 'wroker' }, {}],
    ['labels that nothing in the namespace has', { app: 'nope' }, {}],
    ['the labels of pods of another namespace', { component: 'worker' }, { namespace: 'elsewhere' }],
    ['a namespace that is misspelt', { app: 'nope' }, { namespace: 'tset' }],
    ['a name of ours, in a namespace without pods', { app: 'celery' }, { namespace: 'elsewhere' }],
  ])('with %s is refused', (_what, labels, metadata) => {
    expect(refused(labels, undefined, metadata)).toMatch(/^\[chart\] NetworkPolicy (test|elsewhere|tset)\/own, .*those are of Deployment celery-.*\[network\/policy-selects-nothing\]$/);
  });

  const pod = (namespace: string) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace, labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1.0.0' }] } });
  test.each<[string, Record<string, string>, object, object[]]>([
    ['for other pods of the program', { app: 'web' }, {}, [pod('test')]],
    ['for pods that are not in the program, next to others', { app: 'mail' }, {}, [pod('test')]],
    ['for pods that an operator makes', { app: 'nope' }, {}, [{ apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', metadata: { name: 'database' }, spec: {} }]],
    ['for pods of another namespace', { app: 'nope' }, { namespace: 'elsewhere' }, []],
  ])('%s is written', (_what, labels, metadata, others) => {
    expect(render(withPolicy(labels, { policyTypes: ['Ingress'] }, metadata, ...others))).toContain('"own"');
  });

  test.each<[string, object]>([
    ['over TCP only', { ports: [{ port: 53, protocol: 'TCP' }] }],
    ['at public addresses only', { to: [{ ipBlock: { cidr: '203.0.113.0/24' } }], ports: [{ port: 53, protocol: 'UDP' }, { port: 53, protocol: 'TCP' }] }],
    ['of other pods', { to: [{ podSelector: { matchLabels: { app: 'redis' } } }], ports: [{ port: 53, protocol: 'UDP' }] }],
  ])('with DNS %s is refused, once', (_what, rule) => {
    const messages = refused({ 'app.kubernetes.io/name': 'celery' }, { policyTypes: ['Egress'], egress: [{ ports: [{ port: 6379 }] }, rule] });
    expect(messages).toMatch(/^\[chart\] NetworkPolicy test\/own, spec.egress: .* Deployment celery-beat, Deployment celery-flower.*cannot resolve any name; .*\[network\/egress-without-dns\]$/);
  });
});
