import { hasPlaceholder } from '../../celery/filled-in';
import { withoutValue } from '../../celery/flower-options';
import { isLoopback } from '../../celery/hosts';
import { exposuresOf } from '../../manifests/flower-exposures';
import { asksForLogin, elsewhere, option, portOf, urlPrefix } from '../../manifests/flower-options';
import { attachments } from '../../manifests/gateways';
import { grouped } from '../../manifests/grouped';
import { AUTH_SECRET, AUTH_SECRET_TYPE, NGINX } from '../../manifests/ingress-nginx';
import { asList, asMap, asScalar, asText, get } from '../../manifests/json';
import { isOf, mayGiveLabel } from '../../manifests/kustomizations';
import { OF_CONTROLLERS } from '../../manifests/labels';
import { contests, Exposure, misdirected } from '../../manifests/network';
import { Place } from '../../manifests/place';
import { Workload } from '../../manifests/pod/workload';
import { allowsPort, policiesOf, rulesOf } from '../../manifests/policies';
import { probePlace, probesOf } from '../../manifests/probes';
import { Process } from '../../manifests/process';
import { Resource } from '../../manifests/resource';
import { pathSeen, Seen } from '../../manifests/rewrites';
import { leastReplicas } from '../../manifests/scalers';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { listed } from '../printable';
import { ELSEWHERE, Rule, unless } from '../rule';
import { Severity } from '../severity';

const SSL_REDIRECT = `${NGINX}ssl-redirect`;

/** What Flower itself has at its root. */
const PAGES = /^\/(dashboard|workers?|tasks?|broker|api|static|login|logout|metrics|healthcheck|monitor)(\/|$)/;

/** Whether Flower answers below what comes with that beginning. */
function answers(own: string, { path, rewritten, constant }: Seen, exact: boolean): boolean {
  if (constant && !exact) return false;
  if (own === '') return path === '' || PAGES.test(path);
  return path === own || path.startsWith(`${own}/`) || (!rewritten && (path === '' || own.startsWith(`${path}/`)));
}

/** Whether a path of an Ingress or a route is one page only. */
function isExact({ resource: { json }, path }: Place): boolean {
  return get(json, ...path.slice(0, -1), 'pathType') === 'Exact' || asList(get(json, ...path.slice(0, 3), 'matches')).some((match) => get(match, 'path', 'type') === 'Exact');
}

/** A Secret that a controller reads, where it is named, and what is read of it. */
interface ReadSecret {
  readonly at: Place;
  readonly namespace: string;
  readonly name: string;
  readonly keys: readonly string[];
  /** A type that the Secret has to have. */
  readonly type?: string;
}

const TLS = { keys: ['tls.crt', 'tls.key'] };

const TLS_TYPE = 'kubernetes.io/tls';

/** The Secrets of an Ingress. */
function secretsOf(resource: Resource): ReadSecret[] {
  const { json, annotations, namespace } = resource;
  const name = asText(annotations[AUTH_SECRET]);
  return [
    ...asList(get(json, 'spec', 'tls')).flatMap((entry, i) => {
      const secret = asText(get(entry, 'secretName'));
      return secret === undefined ? [] : [{ at: { resource, path: ['spec', 'tls', i, 'secretName'] }, namespace, name: secret, ...TLS }];
    }),
    // With auth-map the keys are the users.
    ...(name === undefined || name.includes('/') || asText(annotations[AUTH_SECRET_TYPE]) === 'auth-map' ? []
      : [{ at: { resource, path: ['metadata', 'annotations', AUTH_SECRET] }, namespace, name, keys: ['auth'] }]),
  ];
}

/** The certificates of the listeners that take a route; one listener may take several. */
function certificatesOf(routes: readonly Resource[], world: World): ReadSecret[] {
  const all = routes.flatMap((route) => attachments(route, world)).flatMap(({ gateway, listeners }) =>
    listeners.filter(({ refused }) => refused === undefined).flatMap(({ certificates }) => certificates.map(({ path, namespace, name }) =>
      [`${gateway.index} ${path.join('.')}`, { at: { resource: gateway, path }, namespace, name, ...TLS, type: TLS_TYPE }] as const)));
  return [...new Map(all).values()];
}

/** The users of a Secret with a key for each of them, and the hashes of their passwords; undefined where it is no such Secret, or out of sight. */
function mapOfUsers({ annotations, namespace }: Resource, world: World): [string, string][] | undefined {
  if (asText(annotations[AUTH_SECRET_TYPE]) !== 'auth-map') return undefined;
  const secret = world.find('Secret', namespace, asText(annotations[AUTH_SECRET]) ?? '');
  return secret && [
    ...Object.entries(asMap(secret.json.stringData)).map(([key, hash]): [string, string] => [key, asScalar(hash) ?? '']),
    ...Object.entries(asMap(secret.json.data)).map(([key, hash]): [string, string] => [key, Buffer.from(asScalar(hash) ?? '', 'base64').toString()]),
  ];
}

/** Flowers to which the same leads: what that is, is looked at once. */
interface Reached {
  readonly flowers: readonly Process[];
  /** The Ingresses and routes, and whether the controller may ask for a login. */
  readonly by: ReadonlyMap<Resource, boolean>;
}

const reached = lazy((world: World): Reached[] => {
  const groups = new Map<readonly Exposure[], Process[]>();
  for (const flower of world.flowers) {
    const exposed = exposuresOf(flower, world);
    if (!groups.get(exposed)?.push(flower)) groups.set(exposed, [flower]);
  }
  return [...groups].map(([exposed, flowers]) => {
    const by = new Map<Resource, boolean>();
    for (const { place: { resource }, guarded } of exposed) {
      if (resource.kind === 'Ingress' || resource.kind === 'HTTPRoute') by.set(resource, guarded || by.get(resource) === true);
    }
    return { flowers, by };
  });
});

/** The Ingresses and routes that lead to a Flower. */
const leading = lazy((world: World) => new Set(reached(world).flatMap(({ by }) => [...by.keys()])));

/** The Services that lead to a Flower. */
const flowerServices = lazy((world: World) => {
  const flowers = new Set(world.flowers.map(({ workload }) => workload));
  return world.kind('Service').filter((service) => world.backing(service).some((workload) => flowers.has(workload)));
});

function targetOf(port: unknown): unknown {
  return get(port, 'targetPort') ?? get(port, 'port');
}

/** The workloads with Flower that some Service leads to. */
const withService = lazy((world: World) => new Set([...new Set(flowerServices(world).map((service) => world.backing(service)))].flat()));

/** The port on which Flower listens and what the container calls it; undefined where something out of sight may be in its place. */
function listening(flower: Process): { readonly port: number; readonly certain: boolean; readonly leads: (port: unknown) => boolean } | undefined {
  const port = portOf(flower);
  const { state } = option(flower, 'port');
  if (flower.hint || !flower.plain || state === 'set' || !Number.isInteger(port)) return undefined;
  const names = flower.container.portNames(port);
  return { port, certain: state !== 'maybe', leads: (one) => String(one) === String(port) || names.has(asText(one) ?? '') };
}

/** A name of a host, and no address. */
const HOST_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/** The names that a pod has in its own /etc/hosts, as far as they are known beforehand. */
function ownNames({ resource, spec }: Workload): ReadonlySet<string> {
  const { kind, name } = resource;
  const given = asText(spec.hostname);
  return new Set([...given === undefined ? [] : [given], ...kind === 'Pod' ? [name] : [], ...kind === 'StatefulSet' ? [`${name}-0`] : []]);
}

/** The proxy of Consul connects to the application at the loopback address. */
function isMeshed({ annotations }: Workload): boolean {
  return asScalar(annotations['consul.hashicorp.com/connect-inject']) === 'true';
}

/** Annotations by which a controller ends TLS without `tls`. */
const SECURED = /cert|(^|[./-])tls|force-ssl-redirect true|listen-ports .*HTTPS|entrypoints .*(secure|https)|konghq\.com\/protocols https$/i;

/** The namespaces that have workloads. */
const withPods = lazy((world: World): ReadonlySet<string> => new Set(world.workloads.map(({ resource: { namespace } }) => namespace)));

/** Rules about what leads to Flower: Services, Ingresses, HTTPRoutes and Gateways. */
export const flowerRouteRules: Rule[] = [
  {
    id: 'flower/ingress-secret',
    severity: Severity.ERROR,
    title: 'The Secret that the Ingress or the Gateway of Flower names is not one that its controller can use',
    why: 'Without `tls.crt` and `tls.key` the controller of an Ingress shows a certificate of its own, which browsers refuse, and the listener of a Gateway gets '
      + '`ResolvedRefs: False` with the reason InvalidCertificateRef; without `auth` nothing is served.',
    fix: 'Give the Secret of the certificate the keys tls.crt and tls.key, as `kubectl create secret tls` does, and that of the login the key auth.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/ingress/#tls',
    rows: ['N56'],
    check: (world, report) => {
      const of = (kind: string) => [...leading(world)].filter((resource) => resource.kind === kind);
      const ingresses = of('Ingress');
      for (const { at, namespace, name, keys, type } of [...ingresses.flatMap(secretsOf), ...certificatesOf(of('HTTPRoute'), world)]) {
        const secret = world.find('Secret', namespace, name);
        if (!secret) continue;
        const own = new Set(['data', 'stringData'].flatMap((field) => Object.keys(asMap(secret.json[field]))));
        const given = asText(secret.json.type) ?? 'Opaque';
        if (keys.every((key) => own.has(key))) {
          if (type !== undefined && given !== type) report({ at, value: `Secret ${name} of type ${given}`, allowed: type, fix: `Give it the type ${type}.`, unless: 'the controller also takes Secrets of other types' });
          continue;
        }
        // The API server takes no Secret of that type without its keys; an empty one of another type is filled by something.
        const empty = own.size === 0 && given !== TLS_TYPE;
        report({
          at, value: own.size === 0 ? `Secret ${name} without keys` : `Secret ${name}, keys ${[...own].join(', ')}`,
          allowed: keys.join(' and '), ...unless(!empty, 'something else writes it'),
        });
      }
      for (const resource of ingresses) {
        const users = mapOfUsers(resource, world);
        for (const key of users?.filter(([, hash]) => hash.includes(':')).map(([one]) => one) ?? []) {
          report({
            at: { resource, path: ['metadata', 'annotations', AUTH_SECRET] }, value: `key ${key}`, allowed: 'a key for each user, with the hash of the password',
            note: 'with auth-secret-type auth-map a key is the name of a user, and this one has a line of htpasswd',
            fix: 'Leave auth-secret-type out for a Secret with the key auth, or give each user a key.',
          });
        }
      }
    },
  },
  {
    id: 'flower/route-leads-nowhere',
    severity: Severity.ERROR,
    title: 'An Ingress or a route refers to Flower by a misspelled Service or a port that it does not have',
    why: 'The controller has nowhere to send requests to: 503, or 500 with an HTTPRoute.',
    fix: 'Name the Service of Flower and its port, which is 5555 with our constructs.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/ingress/#resource-backend',
    rows: ['N71'],
    across: true,
    check: (world, report) => {
      for (const { place: at, meant, port, service } of misdirected(flowerServices(world), world)) {
        if (port === undefined) {
          report({ at, value: `Service ${service}`, note: meant.name === service ? `it is in the namespace ${meant.namespace}` : `did you mean ${meant.name}?`, unless: 'a Service of that name is not among these manifests' });
        } else {
          const ports = asList(get(meant.json, 'spec', 'ports')).flatMap((entry) => asScalar(get(entry, 'port')) ?? []);
          if ([...ports, asScalar(port) ?? ''].some(hasPlaceholder)) continue;
          report({ at, value: `Service ${service}, port ${asScalar(port) ?? ''}`, allowed: `port ${ports.join(' or ')}` });
        }
      }
    },
  },
  {
    id: 'flower/wrong-port',
    severity: Severity.ERROR,
    title: 'A Service or a probe leads to a port on which Flower does not listen',
    why: 'Nothing answers there: `connection refused`, 502 from an Ingress; a liveness probe restarts Flower again and again. Flower listens on 5555, or on what --port or '
      + 'FLOWER_PORT says, whatever the container declares.',
    fix: 'Set targetPort of the Service, and the port of the probe, to the port of Flower.',
    source: 'https://flower.readthedocs.io/en/latest/config.html#port',
    rows: ['N71'],
    check: (world, report) => {
      const OUT_OF_SIGHT = 'something out of sight sets the port of Flower';
      for (const flower of world.flowers) {
        const listens = listening(flower);
        for (const probe of listens ? probesOf(flower.container) : []) {
          for (const by of ['httpGet', 'tcpSocket']) {
            const port = get(probe.json, by, 'port');
            if (port === undefined || listens!.leads(port)) continue;
            report({
              at: probePlace(probe, by, 'port'), value: `${probe.kind}: ${asScalar(port)}`, allowed: String(listens!.port), ...unless(listens!.certain, OUT_OF_SIGHT),
            });
          }
        }
      }
      const behind = new Map<readonly Workload[], ReturnType<typeof listening>>();
      for (const service of flowerServices(world)) {
        const pods = world.backing(service);
        if (!behind.has(pods)) {
          // Another container or pod may be the one that is meant, such as a proxy.
          const [flower] = pods.every((pod) => pod.containers.length === 1) ? world.in(pods[0]) : [];
          behind.set(pods, flower?.role === 'flower' ? listening(flower) : undefined);
        }
        const listens = behind.get(pods);
        const ports = asList(get(service.json, 'spec', 'ports'));
        if (!listens || get(service.json, 'spec', 'clusterIP') === 'None' || ports.some((entry) => listens.leads(targetOf(entry)) || hasPlaceholder(asScalar(targetOf(entry)) ?? ''))) continue;
        ports.forEach((entry, i) => report({
          at: { resource: service, path: ['spec', 'ports', i] }, value: `targetPort: ${asScalar(targetOf(entry)) ?? ''}`, allowed: String(listens.port),
          ...unless(listens.certain, OUT_OF_SIGHT),
        }));
      }
    },
  },
  {
    id: 'flower/wrong-address',
    severity: Severity.ERROR,
    title: 'Flower listens on an address at which nobody reaches it, or that its pod does not have',
    why: 'With a loopback address nothing from outside the pod gets through: `connection refused`. With the name of anything else Flower ends at once: '
      + '`socket.gaierror: Name or service not known`, or `OSError: Cannot assign requested address` with that of a Service, CrashLoopBackOff.',
    fix: 'Leave --address out: Flower then listens on all addresses of the pod.',
    source: 'Reproduced with Flower 2.0.1; https://flower.readthedocs.io/en/latest/config.html#address',
    rows: ['N71'],
    on: 'flowers',
    check: (flower, report, world) => {
      const address = option(flower, 'address');
      const { workload, container } = flower;
      if (flower.hint || address.state !== 'known' || option(flower, 'unix-socket').state !== 'unset') return;
      if (address.value === '0.0.0.0' || withoutValue(flower.command.options).some(({ name }) => name === '--address')) return;
      const services = flowerServices(world).filter((service) => world.backing(service).includes(workload));
      if (isLoopback(address.value)) {
        const listens = listening(flower);
        const asked = listens && (probesOf(container).find((probe) => ['httpGet', 'tcpSocket'].some((by) =>
          get(probe.json, by, 'host') === undefined && get(probe.json, by, 'port') !== undefined && listens.leads(get(probe.json, by, 'port'))))?.kind
          ?? services.find((service) => asList(get(service.json, 'spec', 'ports')).some((entry) => listens.leads(targetOf(entry))))?.name);
        if (asked !== undefined && !isMeshed(workload)) report({ at: flower.place(address.path), value: address.value, allowed: '0.0.0.0', note: `${/Probe$/.test(asked) ? asked : `the Service ${asked}`} asks for it from outside the pod` });
      } else if (HOST_NAME.test(address.value) && !ownNames(workload).has(address.value) && get(workload.spec, 'hostAliases') === undefined && workload.spec.hostNetwork !== true
        && !services.some((service) => get(service.json, 'spec', 'clusterIP') === 'None')) {
        report({ at: flower.place(address.path), value: address.value, allowed: '0.0.0.0', note: 'it is not the name of its pod' });
      }
    },
  },
  {
    id: 'flower/service-selects-nothing',
    severity: Severity.ERROR,
    title: 'The Service of Flower selects no pod',
    why: 'It has no endpoints: `connection refused`, or 503 from an Ingress.',
    fix: 'Write the labels of the pods of Flower into the selector of the Service.',
    source: 'https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/#does-the-service-have-any-endpoints',
    rows: ['N21'],
    check: (world, report) => {
      const flowers = grouped(world.flowers.filter(({ workload }) => !withService(world).has(workload))
        .map((flower) => [flower.workload.resource.namespace, flower]));
      for (const service of flowers.size === 0 ? [] : world.kind('Service')) {
        const selector = asMap(get(service.json, 'spec', 'selector'));
        // A namespace without any pod is not the one that is meant.
        const near = flowers.get(service.namespace) ?? (withPods(world).has(service.namespace) ? undefined : [...flowers.values()].flat());
        if (!near || Object.keys(selector).length === 0 || Object.values(selector).some((wanted) => hasPlaceholder(asScalar(wanted) ?? '')) || world.backing(service).length > 0) continue;
        const meant = near.find((flower) => asList(get(service.json, 'spec', 'ports'))
          .some((entry) => targetOf(entry) === portOf(flower)));
        if (!meant || !/flower/i.test(service.name)) continue;
        const { workload: { labels, resource: { name, namespace } } } = meant;
        // Not another Flower: that of its name has other labels.
        const others = Object.entries(selector).filter(([label, wanted]) => asScalar(labels[label]) !== asScalar(wanted));
        // A controller gives them to its pods, or a kustomization or a patch adds them.
        const isGiven = ([label, wanted]: readonly [string, unknown]): boolean => OF_CONTROLLERS.test(label)
          || mayGiveLabel(label, service.namespace, world)
          || world.resources.some((other) => other.name === name && isOf(other, service.namespace) && asScalar(get(other.json, 'spec', 'template', 'metadata', 'labels', label)) === asScalar(wanted));
        if (others.length > 0 && others.every(isGiven)) continue;
        // One of two releases may not run now.
        const isMeant = name === service.name && others.length > 0 && ['', service.namespace].includes(namespace) && !world.kind('Kustomization').some((one) => isOf(one, service.namespace))
          && !others.some(([label]) => /version|track|colou?r|slot|release/i.test(label)) && world.workloads.filter(({ resource }) => resource.name === name && isOf(resource, service.namespace)).length === 1;
        report({
          at: { resource: service, path: ['spec', 'selector'] }, value: JSON.stringify(selector), allowed: JSON.stringify(labels), ...unless(isMeant, ELSEWHERE),
          ...namespace === service.namespace || namespace === '' ? {} : { note: `Flower is in the namespace ${namespace}` },
        });
      }
    },
  },
  {
    id: 'flower/host-taken',
    severity: Severity.ERROR,
    title: 'The host and path of Flower also lead to another Service',
    why: 'The controller takes one of the two, most often the older: the other is not reached, or was until now.',
    fix: 'Give each a host of its own, or Flower a path of its own with --url_prefix.',
    source: 'https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule',
    rows: ['N57'],
    across: true,
    check: (world, report) => {
      const flowers = new Set(world.flowers.map(({ workload }) => workload));
      for (const { host, prefix: path, routes } of contests(world)) {
        const [first, ...more] = routes;
        if (!routes.some(({ service }) => service && world.backing(service).some((workload) => flowers.has(workload)))) continue;
        for (const { place, target } of more.filter((other) => other.target !== first.target)) {
          const [[here], [there, name]] = [target, first.target].map((one) => one.split('/'));
          report({
            at: place, value: `${host}${path}`, note: `${first.place.resource.kind} ${first.place.resource.name} leads it to the Service ${name}`,
            ...unless(here === there, 'the two namespaces are of different clusters'), outOfSight: true,
          });
        }
      }
    },
  },
  {
    id: 'flower/cookie-of-one-pod',
    severity: Severity.WARNING,
    title: 'Several pods of Flower with a provider of logins have no common cookie_secret',
    why: 'Each pod signs its cookies with a key of its own that it makes up at startup: whoever has logged in at one is sent to the login again by another.',
    fix: 'Run one pod; or set FLOWER_COOKIE_SECRET from a Secret.',
    source: 'https://flower.readthedocs.io/en/latest/config.html#cookie-secret',
    rows: ['N116'],
    on: 'flowers',
    check: (flower, report, world) => {
      const provider = ['auth-provider', 'oauth2-key'].map((name) => option(flower, name)).find(({ state }) => state === 'known' || state === 'set');
      if (!provider || leastReplicas(flower.workload, world) < 2 || option(flower, 'cookie-secret').state !== 'unset') return;
      const affinity = world.kind('Service').some((service) => get(service.json, 'spec', 'sessionAffinity') === 'ClientIP' && world.backing(service).includes(flower.workload));
      if (!affinity) report({ at: { resource: flower.workload.resource, path: ['spec', 'replicas'] }, unless: 'something sends all requests of a browser to one pod' });
    },
  },
  {
    id: 'flower/login-in-the-clear',
    severity: Severity.WARNING,
    title: 'Flower asks for a login over HTTP, without TLS',
    why: 'Passwords of HTTP basic authentication and cookies of sessions can be read on the way, also where a page with TLS is there as well.',
    fix: 'Give the Ingress `tls` with a Secret of type kubernetes.io/tls, and let HTTP be redirected; name the HTTPS listener of the Gateway in sectionName.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/ingress/#tls',
    rows: ['N60'],
    check: (world, report) => {
      const before = 'something in front of the controller ends TLS';
      const asking = new Set(reached(world).flatMap(({ flowers, by }) => {
        const ownLogin = flowers.some((flower) => asksForLogin(flower) !== 'no');
        return [...by].flatMap(([resource, asked]) => asked || ownLogin ? [resource] : []);
      }));
      for (const resource of leading(world)) {
        if (resource.kind === 'Ingress') {
          if (!asking.has(resource)) continue;
          const plain = asText(resource.annotations[SSL_REDIRECT]) === 'false';
          const secured = asList(get(resource.json, 'spec', 'tls')).length > 0 || (!plain && Object.entries(resource.annotations).some(([name, given]) => SECURED.test(`${name} ${asScalar(given) ?? ''}`)));
          if (secured && !plain) continue;
          report({
            at: { resource, path: plain ? ['metadata', 'annotations', SSL_REDIRECT] : ['spec', 'tls'] }, value: plain ? 'false' : undefined, severity: Severity.ADVICE, unless: before,
          });
        } else {
          for (const { path, gateway, listeners } of attachments(resource, world)) {
            const open = listeners.filter(({ refused, protocol }) => refused === undefined && protocol === 'HTTP');
            const https = asList(get(gateway.json, 'spec', 'listeners')).filter((listener) => get(listener, 'protocol') === 'HTTPS')
              .map((listener) => asText(get(listener, 'name')) ?? '');
            if (open.length === 0) continue;
            report({
              at: { resource, path }, value: `Gateway ${gateway.name}, ${open.length === 1 ? 'listener' : 'listeners'} ${open.map(({ name }) => name).join(', ')}`,
              allowed: https.length > 0 ? `sectionName: ${https.join(' or ')}` : 'a listener of the protocol HTTPS', unless: before, outOfSight: true,
            });
          }
        }
      }
    },
  },
  {
    id: 'flower/gateway-refuses-route',
    severity: Severity.ERROR,
    title: 'No listener of the Gateway takes the HTTPRoute of Flower',
    why: 'The route gets the condition `Accepted: False`, and Flower is not served: 404.',
    fix: 'Name a listener of the Gateway that speaks HTTPS, takes the host, and allows routes of the namespace of Flower (allowedRoutes).',
    source: 'https://gateway-api.sigs.k8s.io/concepts/api-overview/#attaching-routes-to-gateways',
    rows: ['N61'],
    check: (world, report) => {
      for (const resource of leading(world)) {
        for (const { path, gateway, listeners, section } of attachments(resource, world)) {
          if (listeners.some(({ refused }) => refused === undefined)) continue;
          const why = listeners.map(({ name, refused }) => `${name} ${refused}`);
          report({
            at: { resource, path }, value: `Gateway ${gateway.name}${section === undefined ? '' : `, listener ${section}`}`, note: why.length > 0 ? `listener ${why.join('; listener ')}` : 'it has no such listener',
            allowed: why.length > 0 ? undefined : asList(get(gateway.json, 'spec', 'listeners')).map((listener) => asText(get(listener, 'name')) ?? '').join(', '),
          });
        }
      }
    },
  },
  {
    id: 'flower/policy-keeps-controller-away',
    severity: Severity.ERROR,
    title: 'NetworkPolicies do not let the ingress controller connect to Flower',
    why: 'The controller waits for an answer of the pods, and shows 502 or 504.',
    fix: 'Let the pods of the controller in (with our constructs, CeleryNetwork.closed({ ingressController: [{ namespace }] }), or their addresses in from).',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
    rows: ['N62'],
    check: (world, report) => {
      for (const { flowers, by } of reached(world)) {
        const [first] = by.keys();
        if (!first) continue;
        for (const flower of flowers) {
          const port = portOf(flower);
          const policies = policiesOf(flower.workload, 'Ingress', world);
          if (policies.length === 0 || rulesOf(policies, 'Ingress').some((rule) => allowsPort(rule, port, 'TCP', flower.container.portNames(port)))) continue;
          report({
            at: { resource: policies[0], path: ['spec', 'ingress'] }, value: listed(policies.map(({ name }) => name)), allowed: `port ${port}`,
            note: `${first.kind} ${first.name} leads to ${flower.workload.resource.kind} ${flower.workload.resource.name}`,
          });
        }
      }
    },
  },
  {
    id: 'flower/prefix-and-path',
    severity: Severity.ERROR,
    title: 'The path that leads to Flower does not match its --url_prefix',
    why: 'Every page is 404, or its scripts are: Flower answers below --url_prefix only, and at / without it.',
    fix: 'Give Flower the path of the Ingress as --url_prefix, and let nothing rewrite it; or strip it, and leave --url_prefix out.',
    source: 'https://github.com/mher/flower/issues/799',
    rows: ['N31'],
    check: (world, report) => {
      const prefixes = new Map<readonly Exposure[], Map<string, string | undefined>>();
      for (const flower of world.flowers) {
        const { state } = option(flower, 'url-prefix');
        if (state === 'set' || (state === 'maybe' && !flower.plain)) continue;
        const open = exposuresOf(flower, world);
        const condition = state === 'maybe' ? elsewhere(flower, 'FLOWER_URL_PREFIX', 'a prefix') : undefined;
        prefixes.set(open, (prefixes.get(open) ?? new Map<string, string | undefined>()).set(urlPrefix(flower), condition));
      }
      for (const [open, own] of prefixes) {
        for (const { place, prefix: path } of open) {
          if (path === undefined) continue;
          const seen = pathSeen(place, path, world);
          const wrong = seen === undefined ? [] : [...own.keys()].filter((one) => !answers(one, seen, isExact(place)));
          if (wrong.length !== own.size || wrong.length === 0) continue;
          report({
            at: place, value: path, unless: [...own.values()].find((condition) => condition !== undefined),
            note: `${seen!.constant ? 'every request comes' : 'requests come'} as ${seen!.path === '' ? '/' : seen!.path}, the url prefix is ${wrong[0] === '' ? 'not set' : wrong[0]}`,
            allowed: seen!.constant ? `the path ${wrong[0] || '/'} and all below it, unchanged` : wrong[0] === '' ? `--url_prefix=${seen!.path}` : `the path ${wrong[0]}, unchanged`,
          });
        }
      }
    },
  },
];
