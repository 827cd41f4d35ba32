import { isLoopback, outsideCluster } from '../../celery/hosts';
import { AMQP_PORT, defaultPort, REDIS_PORT } from '../../celery/ports';
import { isAmqp, isRedis, isSentinel } from '../../celery/url';
import { brokerClients } from '../../manifests/broker-urls';
import { mayBeChanged } from '../../manifests/changed';
import { redisFor } from '../../manifests/brokers';
import { PRIVATE_NETWORKS } from '../../manifests/cidr';
import { grouped } from '../../manifests/grouped';
import { asList, asMap, asNumber, asScalar, asText, get, isMap, JsonObject } from '../../manifests/json';
import { applicationContainers, namedHosts, ownNames } from '../../manifests/named-hosts';
import { isPartial } from '../../manifests/patches';
import { Container } from '../../manifests/pod/container';
import { Workload } from '../../manifests/pod/workload';
import { allowsDns, allowsPeer, allowsPort, Direction, hasOtherPolicies, limits, OF_CARRIERS, policiesOf, rulesOf, selects, takesCarriers } from '../../manifests/policies';
import { Process } from '../../manifests/process';
import { rabbitFor } from '../../manifests/rabbit-server';
import { Resource } from '../../manifests/resource';
import { runsSentinel } from '../../manifests/sentinels';
import { ownByNamespace, serverContainers } from '../../manifests/servers';
import { brokerServers, brokerServersIn } from '../../manifests/broker-servers';
import { resourcesIn, workloadsIn } from '../../manifests/in-namespace';
import { isName, targetOf } from '../../manifests/service-ports';
import { UrlUse } from '../../manifests/uses';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { editDistance, nearest } from '../../nearest';
import { LISTS } from '../lists';
import { listed } from '../printable';
import { ELSEWHERE, Rule, unless } from '../rule';
import { Severity } from '../severity';

/** Pods with a broker, and the port that it listens on. */
interface BrokerPod {
  readonly workload: Workload;
  readonly container: Container;
  readonly port: number;
}

/** The pods of the input that a URL leads a pod to. */
function brokerPods(broker: UrlUse | undefined, { resource: { namespace } }: Workload, world: World): BrokerPod[] {
  if (!broker || !isName(broker.url.host)) return [];
  const service = world.service(broker.url.host, namespace);
  const containers = isRedis(broker.url) ? redisFor(broker, world).map(({ container }) => container)
    : isAmqp(broker.url) ? rabbitFor(broker, world).flatMap(({ container }) => container ?? [])
      : isSentinel(broker.url) && service ? world.backing(service).flatMap((workload) => workload.containers.find(runsSentinel) ?? []) : [];
  const outer = Number(broker.url.port ?? defaultPort(broker.url.scheme) ?? 0);
  const entry = asList(get(service?.json, 'spec', 'ports')).find((one) => get(one, 'port') === outer);
  const target = get(entry, 'targetPort') ?? outer;
  return containers.flatMap((container) => {
    const port = asNumber(target) ?? asList(container.json.ports).flatMap((one) => get(one, 'name') === target ? asNumber(get(one, 'containerPort')) ?? [] : [])[0];
    return port === undefined ? [] : [{ workload: container.workload, container, port }];
  });
}

/** Where no URL is in sight: the pods of the only Redis or RabbitMQ that variables name by its host. */
function namedBrokerPods({ container, workload }: Process, world: World): BrokerPod[] {
  const named = namedHosts(container).filter(({ kind }) => kind === 'redis' || kind === 'rabbitmq');
  const [first, ...others] = named;
  const service = first && others.every(({ host }) => host === first.host) ? world.service(first.host, workload.resource.namespace) : undefined;
  const entry = asList(get(service?.json, 'spec', 'ports')).find((one) => get(one, 'port') === (first.port ?? (first.kind === 'redis' ? REDIS_PORT : AMQP_PORT)));
  return entry === undefined ? [] : world.backing(service!).flatMap((pod) => {
    const port = targetOf(entry, pod);
    const server = pod.containers.find((one) => serverContainers(world).has(one));
    return port === undefined || !server ? [] : [{ workload: pod, container: server, port }];
  });
}

/** Of policies that take such addresses, and no private ones. */
const AT_CARRIERS = { unless: `the pods have addresses of ${OF_CARRIERS}` };

const policyNames = (policies: readonly Resource[]) => listed(policies.map(({ name }) => name));

/** Processes of Celery by their workload: of several the first that has a broker in sight. The pods of a patch have the labels of its base. */
const clients = lazy((world: World) => [...new Map(world.processes.filter(({ role, workload }) => role !== 'multi' && workload.longRunning && !isPartial(workload.resource))
  .sort((one, other) => Number(other.broker !== undefined) - Number(one.broker !== undefined)).reverse()
  .map((process) => [process.workload, process] as const))].map(([, process]) => process));

/** No pod has more policies that somebody wrote; more of them are not compared with each pod. */
const MOST_POLICIES = 200;

/** Whether the policies of a direction, if there are any, let a client connect to the broker. */
function letsThrough(
  policies: readonly Resource[], direction: Direction, { container, port, workload: server }: BrokerPod, client: Workload, world: World,
): boolean {
  const peer = direction === 'Egress' ? server : client;
  return policies.length === 0 || policies.length > MOST_POLICIES || policies.some((policy) => rulesOf([policy], direction)
    .some((rule) => allowsPort(rule, port, 'TCP', container.portNames(port)) && allowsPeer(rule, direction, policy, peer, world)));
}

/** What runs next to Celery with the URL of the broker in a variable of its own, and the pods that it leads to. */
const sendingPods = lazy((world: World) => brokerClients(world).flatMap(({ container: { workload }, urls, process }) => {
  if (process || !workload.longRunning || workload.replicas === 0 || world.in(workload).length > 0 || isPartial(workload.resource)
    || mayBeChanged(workload.resource, ['spec', 'template', 'metadata', 'labels'], world)) return [];
  const [first, ...others] = urls;
  // Of several URLs one may be of another purpose.
  return others.some(({ url }) => url.host !== first.url.host) ? [] : [{ workload, pods: brokerPods(first, workload, world) }];
}).filter(({ workload }, i, all) => all[i - 1]?.workload !== workload));

/** Policies that let pods send to DNS, and nowhere else. */
function onlyDns(egress: readonly Resource[], workload: Workload, world: World): boolean {
  const rules = rulesOf(egress, 'Egress');
  return rules.length > 0 && rules.every((rule) => asList(get(rule, 'ports')).length > 0 && allowsDns(rule, workload, world) !== false
    && asList(get(rule, 'ports')).every((entry) => /^(53|5353|dns(-tcp)?)$/.test(asScalar(get(entry, 'port')) ?? '')));
}

/** A rule for the Internet: for all addresses except those of private networks. */
function isInternet(rule: unknown): boolean {
  const peers = asList(get(rule, 'to'));
  return peers.length > 0 && peers.every((peer) => asList(get(peer, 'ipBlock', 'except')).some((cidr) => PRIVATE_NETWORKS.includes(asText(cidr) ?? '')));
}

/** Policies that let pods send to the Internet and to DNS: they add to others, which let them send to the rest of the cluster. */
function onlyOutside(egress: readonly Resource[], workload: Workload, world: World): boolean {
  const rules = rulesOf(egress, 'Egress');
  return rules.some(isInternet) && rules.every((rule) => isInternet(rule) || allowsDns(rule, workload, world) !== false);
}

/** The policies that let nobody in to any pod of their namespace, by that. */
const denials = lazy((world: World) => {
  const policies = grouped(world.kind('NetworkPolicy').map((policy) => [policy.namespace, policy]));
  const selectsPods = new Set(world.workloads.flatMap((workload) => policiesOf(workload, 'Ingress', world)));
  return new Map([...policies].flatMap(([namespace, all]) => {
    const denial = all.find(isDenial);
    // One that selects no pod in sight may be for the broker; one that selects all pods is.
    return denial && all.every((policy) => isDenial(policy) || (selectsPods.has(policy) && !selectsAll(policy)) || !limits(policy, 'Ingress')) ? [[namespace, denial] as const] : [];
  }));
});

function selectsAll({ json }: Resource): boolean {
  const selector = get(json, 'spec', 'podSelector');
  return isMap(selector) && Object.keys(selector).length === 0;
}

function isDenial(policy: Resource): boolean {
  return selectsAll(policy) && limits(policy, 'Ingress') && asList(get(policy.json, 'spec', 'ingress')).length === 0;
}

/** The brokers that are pods of such a namespace by their name, with a Service that is not in sight, by the policy. */
function deniedOutOfSight(world: World): Map<Resource, { readonly host: string }> {
  return new Map(clients(world).flatMap(({ link, workload }) => {
    const host = link?.url.host ?? '';
    const [name, named = workload.resource.namespace] = /^[a-z][a-z0-9-]*(?:\.([a-z0-9-]+)(?:\.svc(?:\.cluster\.local)?)?)?$/.exec(host) ?? [];
    const isOutOfSight = name !== undefined && !isLoopback(name) && !ownNames(workload, host)
      && world.service(name, workload.resource.namespace) === undefined;
    // Where some Redis or RabbitMQ of the namespace is in sight, the name is wrong, which other rules say.
    const denial = isOutOfSight ? denials(world).get(named) : undefined;
    return denial && !hasOtherPolicies(workload, world) && brokerServersIn(named, world).length === 0 ? [[denial, { host: link?.text === '' ? 'the broker' : host }] as const] : [];
  }));
}

/** What sends tasks to Celery: a variable gives it the broker, or it has the image of Celery. */
const producers = lazy((world: World) => [...new Set(applicationContainers(world).map(({ workload }) => workload))]
  .filter((workload) => world.in(workload).length === 0).map((workload) => ({ workload, link: undefined })));

/** What the names and labels of Celery and Redis have in them. */
const ROLE = /celery|worker|beat|flower|redis/i;

/** Policies that select a pod of Celery or Redis. */
const selected = lazy((world: World) => new Set([...ownByNamespace(world).values()].flat()
  .flatMap((workload) => [...policiesOf(workload, 'Ingress', world), ...policiesOf(workload, 'Egress', world)])));

type Labels = ReadonlyArray<readonly [string, string]>;

/** Whether a policy lets pods of its own namespace in, by labels that a workload has. */
function isPeer({ labels }: Workload, policy: Resource): boolean {
  return rulesOf([policy], 'Ingress').some((rule) => asList(get(rule, 'from')).some((peer) => {
    const selector = get(peer, 'podSelector');
    return get(peer, 'namespaceSelector') === undefined && isMap(selector) && Object.keys(selector).length > 0 && selects(selector, labels);
  }));
}

/** The pods of Celery or Redis that a policy is for, of one that selects no pod. */
function meantBy(policy: Resource, selector: JsonObject, labels: Labels, world: World): Workload | undefined {
  const { name, namespace } = policy;
  const own = ownByNamespace(world);
  const near = own.get(namespace) ?? [];
  const all = [...own.values()].flat();
  const words = [name, ...labels.flat(), JSON.stringify(selector.matchExpressions ?? '')].join(' ').toLowerCase();
  const peers = near.filter((workload) => isPeer(workload, policy));
  // "allow-celery-to-postgres" is for the pods that those of Celery connect to.
  const roles = [...words.matchAll(new RegExp(ROLE, 'gi'))].map(([one]) => one);
  const role = roles.find((one) => !peers.some(({ resource }) => resource.name.toLowerCase().includes(one)));
  const isOfRole = (workload: Workload): boolean => role !== undefined && (workload.resource.name.toLowerCase().includes(role)
    || (role === 'redis' ? world.redisIn(workload).length > 0 : world.in(workload).some((process) => process.role === role)));
  // The pods of a Redis may be those of a chart that is not in the input: the policy is not for workers.
  const isForOne = !world.complete && ['redis', 'beat', 'flower'].includes(role ?? '');
  const ofRole = (pods: readonly Workload[]): Workload | undefined => pods.find(isOfRole) ?? (isForOne ? undefined : pods[0]);
  if (near.length > 0) {
    if (labels.length === 0 && selector.matchExpressions === undefined) return undefined;
    return near.find((workload) => isAlmost(labels, workload, world))
      ?? (role !== undefined || (world.complete && !mayHaveOthers(namespace, world)) ? ofRole(near) : undefined);
  }
  if (Object.keys(selector).length > 0) {
    const elsewhere = all.find((workload) => selects(selector, workload.labels));
    if (elsewhere) return elsewhere;
  }
  // In a program a namespace without any pod is one that is misspelt, or the policy is for pods that something else makes.
  const misspelt = nearest(namespace, own.keys()) !== undefined;
  return world.complete && (misspelt || (role !== undefined && labels.length > 0)) && !mayHaveOthers(namespace, world) ? ofRole(all) : undefined;
}

/** Whether labels are those of pods but for a slip of the pen; in a program also under another name. */
function isAlmost(labels: Labels, { labels: own }: Workload, { complete }: World): boolean {
  const values = Object.values(own).map((value) => asScalar(value) ?? '');
  const near = (value: string, other: string): boolean => {
    const most = Math.max(1, Math.floor(value.length / 4));
    return editDistance(value, other, most + 1) <= most;
  };
  return labels.length > 0 && labels.every(([name, value]) =>
    Object.hasOwn(own, name) ? near(value, asScalar(own[name]) ?? '') : complete && values.some((other) => other.length > 3 && near(value, other)));
}

/** Objects of operators that make no pods. */
const WITHOUT_PODS = /^(ScaledObject|(Cluster)?TriggerAuthentication|(Pod|Service)Monitor|PrometheusRule|Middleware|(Cluster)?Issuer|Certificate|(Cluster)?ExternalSecret|SealedSecret|KongPlugin|Gateway|HTTPRoute)$/;

/** Whether a namespace has pods that are not of Celery, or may have: those that an operator makes are not in sight. */
function mayHaveOthers(namespace: string, world: World): boolean {
  return workloadsIn(namespace, world).some(({ resource, labels }) => !ROLE.test(`${resource.name} ${Object.values(labels).join(' ')}`))
    || resourcesIn(namespace, world).some((resource) => /^[^/]+\.[^/]+\//.test(resource.apiVersion)
      && !/^[^/]*\.k8s\.io\//.test(resource.apiVersion) && !WITHOUT_PODS.test(resource.kind));
}

/** Pods of Celery with a policy for ingress and none for egress, by the first of those policies. */
const openEgress = lazy((world: World) => grouped(clients(world).flatMap(({ workload }) => {
  const [policy] = policiesOf(workload, 'Ingress', world);
  return policy === undefined || policiesOf(workload, 'Egress', world).length > 0 ? [] : [[policy, workload] as const];
})));

/** Some other rule of the policies lets the pods through to one of the servers. */
function egressReaches(policies: readonly Resource[], servers: ReadonlyArray<{ workload: Workload; port: number }>, world: World): boolean {
  return policies.some((policy) => rulesOf([policy], 'Egress').some((rule) => servers.some(({ workload, port }) =>
    allowsPort(rule, port, 'TCP') && allowsPeer(rule, 'Egress', policy, workload, world))));
}

/** The labels of a peer that is nothing but pods of the same namespace with them. */
function plainPodSelector(peer: unknown): JsonObject | undefined {
  const selector = asMap(get(peer, 'podSelector'));
  return Object.keys(asMap(peer)).join() === 'podSelector' && Object.keys(selector).join() === 'matchLabels' ? asMap(selector.matchLabels) : undefined;
}

/** Whether a selector of namespaces may take that of KEDA, which is not the one of the workers. */
function mayBeKeda(selector: unknown, own: string): boolean {
  if (!isMap(selector)) return false;
  const labels = Object.entries(asMap(selector.matchLabels)).map(([name, value]) => [name, asScalar(value) ?? ''] as const);
  return !labels.some(([name, value]) => /^(kubernetes\.io\/metadata\.name|name)$/.test(name) && value === own);
}

/** Rules about NetworkPolicies. */
export const policyRules: Rule[] = [
  {
    id: 'network/egress-without-dns',
    severity: Severity.ERROR,
    title: 'A NetworkPolicy limits the egress of the pods and does not allow DNS',
    why: 'No name resolves: `Error -3 connecting to redis:6379. Temporary failure in name resolution.`, again and again; all pods are Running. Port 53 '
      + 'without a protocol is TCP, and questions are asked over UDP.',
    fix: 'Allow port 53, UDP and TCP, to the DNS of the cluster: egress: [{ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}].',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
    rows: ['N36'],
    check: (world, report) => {
      const without = grouped([...clients(world), ...producers(world)].flatMap(({ workload, link }) => {
        const policies = policiesOf(workload, 'Egress', world);
        if (policies.length === 0 || hasOtherPolicies(workload, world)) return [];
        // An address needs no DNS, nor does what the pod has in its own /etc/hosts.
        if (link && (!isName(link.url.host) || ownNames(workload, link.url.host))) return [];
        const allowed = rulesOf(policies, 'Egress').map((rule) => allowsDns(rule, workload, world));
        const condition = allowed.find((answer) => typeof answer === 'string');
        const same = JSON.stringify([policies[0].namespace, policyNames(policies), condition]);
        return allowed.includes(true) ? [] : [[same, { workload, policies, condition }] as const];
      }));
      for (const [{ workload, policies, condition }, ...more] of without.values()) {
        const pods = [workload, ...more.map((one) => one.workload)].map(({ resource }) => `${resource.kind} ${resource.name}`).sort();
        report({
          at: { resource: policies[0], path: ['spec', 'egress'] }, value: policyNames(policies), allowed: 'port 53, UDP and TCP',
          note: `${listed(pods)} cannot resolve any name`,
          ...condition === undefined ? {} : { unless: condition, outOfSight: true },
        });
      }
    },
  },
  {
    id: 'network/policy-keeps-broker-away',
    severity: Severity.ERROR,
    title: 'NetworkPolicies do not let Celery reach its broker',
    why: 'The connection times out: `Cannot connect to redis://redis:6379/0: Timeout connecting to server.`, forever; all pods are Running.',
    fix: 'Allow the port of the broker, in the egress of the workers and in the ingress of the broker, with labels that the pods have.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
    rows: ['N36'],
    check: (world, report) => {
      const shut = new Set<Workload>();
      for (const process of clients(world)) {
        const { workload, broker } = process;
        const egress = policiesOf(workload, 'Egress', world);
        if (hasOtherPolicies(workload, world) || egress.length > MOST_POLICIES) continue;
        const use = process.link ?? process.allUrls[0];
        const pods = use ? brokerPods(use, workload, world) : namedBrokerPods(process, world);
        const certainty = unless(use !== undefined && use === process.link, 'Celery has another broker');
        const ports = pods.map(({ port }) => port);
        const outside = broker && ports.length === 0 && isName(broker.url.host) && /^\d+$/.test(broker.url.port ?? '') ? [Number(broker.url.port)] : [];
        const dnsOnly = onlyDns(egress, workload, world);
        if (dnsOnly && ports.length + outside.length === 0) {
          report({
            at: { resource: egress[0], path: ['spec', 'egress'] }, value: policyNames(egress), allowed: 'the port of the broker',
            note: `${workload.resource.kind} ${workload.resource.name} may only ask for names`, unless: 'a policy that is not among these manifests allows it', outOfSight: true,
          });
        }
        for (const port of egress.length > 0 ? [...ports, ...outside] : []) {
          const to = pods.find((one) => one.port === port);
          const names = to ? to.container.portNames(port) : new Set<string>();
          // Behind a Service of which the pods are not in sight the port may be another.
          if (!to && world.service(broker!.url.host, workload.resource.namespace)) continue;
          const allowed = egress.some((policy) => rulesOf([policy], 'Egress').some((rule) => allowsPort(rule, port, 'TCP', names)
            && (!to || allowsPeer(rule, 'Egress', policy, to.workload, world))));
          if (allowed || (!to && !outsideCluster(broker!.url.host) && onlyOutside(egress, workload, world))) continue;
          report({
            at: { resource: egress[0], path: ['spec', 'egress'] }, value: policyNames(egress), allowed: `port ${port}${to ? ` of ${to.workload.resource.name}` : ''}`,
            note: `${workload.resource.kind} ${workload.resource.name} may not send there`,
            // A server of the cluster that is not among the input has come with something that may have policies as well.
            ...to && takesCarriers(egress, 'Egress', port, names) ? AT_CARRIERS : to && dnsOnly ? {} : to || outsideCluster(broker!.url.host) ? certainty : { unless: 'a policy that is not among these manifests allows it', outOfSight: true },
          });
        }
        for (const { workload: target, port, container } of pods) {
          const ingress = policiesOf(target, 'Ingress', world);
          if (letsThrough(ingress, 'Ingress', { workload: target, port, container }, workload, world)) continue;
          shut.add(target);
          report({
            at: { resource: ingress[0], path: ['spec', 'ingress'] }, value: policyNames(ingress),
            allowed: `port ${port} from ${JSON.stringify(workload.labels)}`, note: `${workload.resource.kind} ${workload.resource.name} is not let in`, ...takesCarriers(ingress, 'Ingress', port, container.portNames(port)) ? AT_CARRIERS : certainty,
          });
        }
      }
      for (const { workload, pods } of sendingPods(world)) {
        if (hasOtherPolicies(workload, world)) continue;
        const egress = policiesOf(workload, 'Egress', world);
        const { resource: { kind, name } } = workload;
        const to = pods.find((pod) => !letsThrough(egress, 'Egress', pod, workload, world));
        const from = to ? undefined : pods.find((pod) => !letsThrough(policiesOf(pod.workload, 'Ingress', world), 'Ingress', pod, workload, world));
        if (to) {
          report({
            at: { resource: egress[0], path: ['spec', 'egress'] }, value: policyNames(egress), allowed: `port ${to.port} of ${to.workload.resource.name}`,
            note: `${kind} ${name}, which is given the broker, may not send there`, unless: 'it does not connect to the broker',
          });
        }
        if (from) {
          const ingress = policiesOf(from.workload, 'Ingress', world);
          shut.add(from.workload);
          report({
            at: { resource: ingress[0], path: ['spec', 'ingress'] }, value: policyNames(ingress), allowed: `port ${from.port} from ${JSON.stringify(workload.labels)}`,
            note: `${kind} ${name}, which is given the broker, is not let in`, unless: 'it does not connect to the broker',
          });
        }
      }
      for (const [policy, { host }] of deniedOutOfSight(world)) {
        report({
          at: { resource: policy, path: ['spec'] }, value: policy.name, allowed: 'a policy with a rule in ingress for the broker', note: `nobody is let in to ${host}`,
          unless: 'a policy that is not among these manifests allows it, or the broker is no pod of the namespace',
        });
      }
      // Whoever connects, nobody is let in.
      for (const { container: { workload } } of LISTS.brokers(world)) {
        const ingress = policiesOf(workload, 'Ingress', world);
        if (shut.has(workload) || ingress.length === 0 || hasOtherPolicies(workload, world) || rulesOf(ingress, 'Ingress').length > 0) continue;
        report({
          at: { resource: ingress[0], path: ['spec'] }, value: policyNames(ingress), allowed: 'a rule in ingress for its port', note: `nobody is let in to ${workload.resource.name}`,
          unless: 'Celery has another broker',
        });
      }
    },
  },
  {
    id: 'network/policy-keeps-keda-away',
    severity: Severity.ERROR,
    title: 'NetworkPolicies do not let KEDA connect to the broker',
    why: 'The operator of KEDA asks the broker from its own namespace: `connection to redis failed: i/o timeout`, and nothing is ever scaled; the workers connect as they should.',
    fix: 'Also allow the namespace of KEDA in the ingress of the broker: from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: keda}}}].',
    source: 'https://keda.sh/docs/latest/faq/',
    rows: ['N36'],
    on: 'scaledWorkers',
    check: ({ worker, scaler, redis, rabbit }, report, world) => {
      if (redis.length + rabbit.length === 0 || scaler.namespace.includes('keda')) return;
      const use = worker.link;
      // It may read something of another server.
      const names = [...redis, ...rabbit].map((trigger) => /^(?:\w+:\/\/)?(?:[^@/]*@)?([\w-]+)/.exec(trigger.metadata('address') ?? trigger.metadata('host') ?? '')?.[1]);
      if (names.every((name) => name !== undefined && name !== use?.url.host.split('.')[0])) return;
      for (const { workload: target } of use ? brokerPods(use, worker.workload, world) : []) {
        const policies = policiesOf(target, 'Ingress', world);
        if (policies.length === 0 || hasOtherPolicies(target, world)) continue;
        const everyPod = policies.some((policy) => rulesOf([policy], 'Ingress').some((rule) => asList(get(rule, 'from'))
          .some((peer) => get(peer, 'podSelector') !== undefined && Object.keys(asMap(get(peer, 'podSelector'))).length === 0)));
        // Any other namespace may be that of KEDA, and any address that of its node.
        const open = policies.some((policy) => rulesOf([policy], 'Ingress').some((rule) => {
          const peers = asList(get(rule, 'from'));
          return peers.length === 0 || peers.some((peer) => get(peer, 'ipBlock') !== undefined || /keda/i.test(JSON.stringify(peer)) || mayBeKeda(get(peer, 'namespaceSelector'), worker.workload.resource.namespace));
        }));
        if (open) continue;
        report({
          at: { resource: policies[0], path: ['spec', 'ingress'] }, value: policyNames(policies), allowed: 'the namespace of KEDA', note: `ScaledObject ${scaler.name} reads ${target.resource.kind} ${target.resource.name}`,
          ...unless(!everyPod, 'KEDA runs in this namespace'),
        });
        return;
      }
    },
  },
  {
    id: 'network/policy-keeps-database-away',
    severity: Severity.WARNING,
    title: 'NetworkPolicies do not let Celery reach its database',
    why: 'The pods of the web application may, and tasks end with `connection to server at "postgres" failed: Connection timed out`; a Beat with a scheduler in the '
      + 'database sends nothing.',
    fix: 'Allow the port of the database, in the egress of the workers and in the ingress of the database, with labels that the pods of Celery have.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/',
    rows: ['N86'],
    on: 'processes',
    check: (process, report, world) => {
      const { container, role, workload } = process;
      // Beat keeps its schedule in a file, unless a scheduler says otherwise.
      if (role !== 'worker' && !(role === 'beat' && /database|sqlalchemy/i.test(process.value('--scheduler') ?? ''))) return;
      if (hasOtherPolicies(workload, world)) return;
      for (const { kind, host, port, shown } of namedHosts(container)) {
        const service = kind === 'redis' || kind === 'rabbitmq' ? undefined : world.service(host, workload.resource.namespace);
        const pods = service && !ownNames(workload, host) ? world.backing(service) : [];
        const entry = asList(get(service?.json, 'spec', 'ports')).find((one, _, all) => all.length === 1 || get(one, 'port') === port);
        for (const pod of pods) {
          const target = targetOf(entry, pod);
          if (target === undefined) continue;
          const [egress, ingress] = [policiesOf(workload, 'Egress', world), policiesOf(pod, 'Ingress', world)];
          const out = egress.some((policy) => rulesOf([policy], 'Egress')
            .some((rule) => allowsPort(rule, target, 'TCP') && allowsPeer(rule, 'Egress', policy, pod, world)));
          const into = ingress.some((policy) => rulesOf([policy], 'Ingress')
            .some((rule) => allowsPort(rule, target, 'TCP') && allowsPeer(rule, 'Ingress', policy, workload, world)));
          const [policies, path] = egress.length > 0 && !out ? [egress, 'egress'] as const : [ingress.length > 0 && !into ? ingress : [], 'ingress'] as const;
          if (policies.length === 0) continue;
          report({
            at: { resource: policies[0], path: ['spec', path] }, value: policyNames(policies), allowed: `port ${target} ${path === 'egress' ? `of ${pod.resource.name}` : `from ${JSON.stringify(workload.labels)}`}`,
            note: `${workload.resource.kind} ${workload.resource.name} has ${shown}`, unless: 'no task asks the database',
          });
          return;
        }
      }
    },
  },
  {
    id: 'network/policy-selects-nothing',
    severity: Severity.WARNING,
    title: 'A NetworkPolicy selects no pod of the application that it is for',
    why: 'The API server accepts it, and it limits nothing: all pods of the cluster reach the agents, Flower and Redis, and tasks connect to '
      + 'whatever they like. No event and no status says so.',
    fix: 'Give spec.podSelector.matchLabels the labels of the pod template, in the namespace of the pods.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation',
    rows: ['N21'],
    check: (world, report) => {
      for (const policy of world.kind('NetworkPolicy')) {
        const selector = get(policy.json, 'spec', 'podSelector');
        if (!isMap(selector) || selected(world).has(policy)) continue;
        const labels = Object.entries(asMap(get(selector, 'matchLabels'))).map(([name, value]) => [name, asScalar(value) ?? ''] as const);
        if (workloadsIn(policy.namespace, world).some((one) => selects(selector, one.labels))) continue;
        const meant = meantBy(policy, selector, labels, world);
        if (meant === undefined) continue;
        const { resource, labels: own } = meant;
        report({
          at: { resource: policy, path: ['spec', 'podSelector'] }, value: labels.length > 0 ? labels.map((label) => label.join('=')).join(', ') : JSON.stringify(selector),
          allowed: listed(Object.entries(own).map(([name, value]) => `${name}=${asScalar(value) ?? ''}`)),
          note: `those are of ${resource.kind} ${resource.name}${resource.namespace === policy.namespace ? '' : ` in the namespace ${resource.namespace}`}`,
          unless: ELSEWHERE, outOfSight: true,
        });
      }
    },
  },
  {
    id: 'network/peer-selects-nothing',
    severity: Severity.WARNING,
    title: 'A NetworkPolicy of Celery allows the port of the broker only to labels that no pod has',
    why: 'A podSelector takes labels of pods, not the name of a Service: the connection times out, `Timeout connecting to server`, while all pods are Running.',
    fix: 'Write the labels of the pods of the broker into `to`.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors',
    rows: ['N36'],
    check: (world, report) => {
      const seen = new Set<Resource>();
      for (const { workload } of brokerServers(world).length === 0 ? [] : clients(world)) {
        const policies = policiesOf(workload, 'Egress', world);
        for (const policy of policies) {
          if (seen.has(policy)) continue;
          seen.add(policy);
          for (const [i, rule] of asList(get(policy.json, 'spec', 'egress')).entries()) {
            const near = asList(get(rule, 'ports')).length === 0 ? [] : brokerServersIn(policy.namespace, world).filter(({ port }) => allowsPort(rule, port, 'TCP'));
            const labels = asList(get(rule, 'to')).map(plainPodSelector);
            // Of several peers some may be for what is elsewhere: none of them takes a pod.
            const nobody = labels.length > 0 && labels.every((one) => one !== undefined && world.select(policy.namespace, one).length === 0);
            if (near.length === 0 || !nobody || egressReaches(policies, near, world)) continue;
            report({
              at: { resource: policy, path: ['spec', 'egress', i, 'to'] }, value: JSON.stringify(labels[0]),
              allowed: listed(near.map(({ workload: server }) => JSON.stringify(server.labels))), unless: ELSEWHERE,
            });
          }
        }
      }
    },
  },
  {
    id: 'network/open-egress',
    severity: Severity.ADVICE,
    title: 'NetworkPolicies restrict the ingress of Celery, but not its egress',
    why: 'A task that runs code of others, or a package that was tampered with, reaches every server of the cluster and of the Internet.',
    fix: 'Also limit egress: to DNS, the broker, the result backend and what tasks call (with our constructs, CeleryNetwork.closed({ to: [...] })).',
    source: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-deny-all-egress-traffic',
    rows: ['N36'],
    check: (world, report) => {
      for (const [policy, open] of openEgress(world)) {
        report({
          at: { resource: policy, path: ['spec', 'policyTypes'] }, value: 'Ingress', allowed: 'Ingress, Egress',
          note: `egress of ${listed(open.map(({ resource }) => `${resource.kind} ${resource.name}`))} is open`,
        });
      }
    },
  },
];
