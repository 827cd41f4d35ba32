import { isExtended } from '../celery/devices';
import { isFilledIn } from '../celery/filled-in';
import { quantity } from '../celery/quantity';
import { asList, asMap, asNumber, asScalar, asText, get, isMap, JsonObject, Path } from './json';
import { DNS_LABEL, DNS_SUBDOMAIN, isLabelValue, isQualifiedName, PORT_NAME } from './names';
import { Workload } from './pod/workload';
import { PROBE_KINDS } from './probes';
import { Resource } from './resource';
import { nearest } from '../nearest';

/** Why the API server refuses an object, and where in it. */
export interface Refusal {
  readonly path: Path;
  readonly container?: string;
  readonly value: string;
  readonly allowed: string;
  readonly note?: string;
  /** How to fix this very case. */
  readonly fix?: string;
  /** Something is not there, which the base of a patch may have. */
  readonly lacks?: true;
  /** What would make the API server take it. */
  readonly unless?: string;
}

/** What a name may be. */
interface Form {
  readonly of: RegExp;
  readonly longest: number;
  readonly allowed: string;
}

const LABEL: Form = { ...DNS_LABEL, allowed: `at most ${DNS_LABEL.longest} of a-z, 0-9 and -` };
const SUBDOMAIN: Form = { ...DNS_SUBDOMAIN, allowed: 'a-z, 0-9, - and .' };

function badName(name: unknown, { of, longest, allowed }: Form, path: Path, container?: string): Refusal[] {
  const fits = typeof name !== 'string' || (of.test(name) && name.length <= longest) || isFilledIn(name);
  return fits ? [] : [{ path, container, value: name, allowed }];
}

/** An address is not filled in: `owner: team@example.com`. */
const EMAIL = /^[^@\s${}<>%]+@[^@\s${}<>%]+\.[a-z]+$/;

const QUALIFIED_NAME = 'a name of at most 63 letters, digits, -, _ and ., or dns.prefix/name';
const LABEL_VALUE = 'at most 63 letters, digits, -, _ and ., beginning and ending with a letter or digit';

/** Keys and values of labels. */
function badLabels(labels: unknown, path: Path): Refusal[] {
  return Object.entries(asMap(labels)).flatMap(([key, value]): Refusal[] => {
    const at = [...path, key];
    if (!isQualifiedName(key) && !isFilledIn(key)) return [{ path: at, value: key, allowed: QUALIFIED_NAME }];
    const fits = typeof value !== 'string' || isLabelValue(value) || (isFilledIn(value) && !EMAIL.test(value));
    return fits ? [] : [{ path: at, value, allowed: LABEL_VALUE }];
  });
}

/** Keys of annotations; capitals make no difference. */
const badAnnotations = (annotations: unknown, path: Path): Refusal[] => Object.keys(asMap(annotations))
  .filter((key) => !isQualifiedName(key.toLowerCase()) && !isFilledIn(key))
  .map((key) => ({ path: [...path, key], value: key, allowed: QUALIFIED_NAME }));

/** Names and labels that are none to Kubernetes: `celery_worker`, `Worker`, `owner: team@example.com`. */
export function badNames({ resource, allContainers, spec, specPath, podPath }: Workload): Refusal[] {
  return [
    ...badObjectName(resource),
    ...podPath.length === 0 ? [] : [
      ...badLabels(get(resource.json, ...podPath, 'metadata', 'labels'), [...podPath, 'metadata', 'labels']),
      ...badAnnotations(get(resource.json, ...podPath, 'metadata', 'annotations'), [...podPath, 'metadata', 'annotations']),
    ],
    ...allContainers.flatMap(({ json, path }) => {
      const container = asText(json.name);
      return [
        ...badName(json.name, LABEL, [...path, 'name'], container),
        ...asList(json.ports).flatMap((port, i) => badName(get(port, 'name'), PORT_NAME, [...path, 'ports', i, 'name'], container)),
        ...PROBE_KINDS.flatMap((probe) => ['httpGet', 'tcpSocket'].flatMap((handler) =>
          badPort(get(json, probe, handler, 'port'), [...path, probe, handler, 'port'], container))),
        ...asList(json.env).flatMap((entry, i) => [
          ...badVariable(get(entry, 'name'), [...path, 'env', i, 'name'], container),
          ...['configMapKeyRef', 'secretKeyRef'].flatMap((source) =>
            badName(get(entry, 'valueFrom', source, 'name'), SUBDOMAIN, [...path, 'env', i, 'valueFrom', source, 'name'], container)),
        ]),
        ...asList(json.envFrom).flatMap((entry, i) => ['configMapRef', 'secretRef'].flatMap((source) =>
          badName(get(entry, source, 'name'), SUBDOMAIN, [...path, 'envFrom', i, source, 'name'], container))),
      ];
    }),
    ...badName(spec.hostname, LABEL, [...specPath, 'hostname']),
    ...badName(spec.subdomain, LABEL, [...specPath, 'subdomain']),
    ...badName(spec.serviceAccountName, SUBDOMAIN, [...specPath, 'serviceAccountName']),
    ...badName(spec.priorityClassName, SUBDOMAIN, [...specPath, 'priorityClassName']),
    ...badLabels(spec.nodeSelector, [...specPath, 'nodeSelector']),
    // Its claims are named like this, with the name of a pod behind it.
    ...asList(get(resource.json, 'spec', 'volumeClaimTemplates')).flatMap((claim, i) =>
      badName(get(claim, 'metadata', 'name'), SUBDOMAIN, ['spec', 'volumeClaimTemplates', i, 'metadata', 'name'])),
    ...resource.kind === 'StatefulSet' ? badName(get(resource.json, 'spec', 'serviceName'), LABEL, ['spec', 'serviceName']) : [],
    ...asList(spec.volumes).flatMap((volume, i) => [
      ...badName(get(volume, 'name'), LABEL, [...specPath, 'volumes', i, 'name']),
      ...badName(get(volume, 'persistentVolumeClaim', 'claimName'), SUBDOMAIN, [...specPath, 'volumes', i, 'persistentVolumeClaim', 'claimName']),
    ]),
  ];
}

/** A port by its name, of a container: a number in quotes is taken for one. */
const badPort = (port: unknown, path: Path, container?: string): Refusal[] =>
  badName(port, typeof port === 'string' && /^\d+$/.test(port) ? { ...PORT_NAME, allowed: `${port} without quotes` } : PORT_NAME, path, container);

/** The name of a variable. Before Kubernetes 1.32 it has letters, digits, -, _ and . only. */
function badVariable(name: unknown, path: Path, container: string | undefined): Refusal[] {
  return typeof name !== 'string' || (name !== '' && isFilledIn(name)) || /^[ -<>-~]+$/.test(name) ? []
    : [{ path, container, value: name === '' ? 'no name' : name, allowed: 'ASCII characters other than =' }];
}

/** The longest names of objects that give them, with more behind it, to a label of their pods, or to Jobs. */
const NAMES: ReadonlyMap<string, Form> = new Map([
  ['Service', LABEL], ['Namespace', LABEL],
  // Its pods have its name in their host names.
  ['StatefulSet', { ...LABEL, longest: 52, allowed: 'at most 52 of a-z, 0-9 and -' }],
  ...([['CronJob', 52], ['Job', 63]] as const)
    .map(([kind, longest]): [string, Form] => [kind, { ...SUBDOMAIN, longest, allowed: `at most ${longest} of ${SUBDOMAIN.allowed}` }]),
]);

/** Of an object itself, of its namespace and of its labels. A Service may begin with a digit in newer releases. */
export function badObjectName({ kind, json }: Resource): Refusal[] {
  return [
    ...badName(get(json, 'metadata', 'name'), NAMES.get(kind) ?? SUBDOMAIN, ['metadata', 'name']),
    ...badName(get(json, 'metadata', 'namespace'), LABEL, ['metadata', 'namespace']),
    ...badLabels(get(json, 'metadata', 'labels'), ['metadata', 'labels']),
    ...badAnnotations(get(json, 'metadata', 'annotations'), ['metadata', 'annotations']),
  ];
}

const typeName = (value: unknown): string => Array.isArray(value) ? 'a list' : isMap(value) ? 'a map' : `a ${typeof value}`;

/** `{NAME}`, which YAML reads as a map with a key and nothing else. */
export function isPlaceholder(value: unknown): boolean {
  return isMap(value) && Object.keys(value).length === 1 && Object.values(value)[0] === null && /^[A-Z][A-Z0-9_]*$/.test(Object.keys(value)[0]);
}

/** Where the API has a text, and something else is given; undefined and null count as nothing. */
export function notText(value: unknown, path: Path, name: string, container?: string): Refusal[] {
  return value === undefined || value === null || typeof value === 'string' || isPlaceholder(value) ? []
    : [{ path, container, value: name, allowed: 'a text in quotes', note: `it is ${typeName(value)}` }];
}

const notTexts = (map: unknown, path: Path): Refusal[] =>
  Object.entries(asMap(map)).flatMap(([name, value]) => notText(value, [...path, name], name));

/** `value: 6379` in the variables, labels and annotations of a pod, where the API takes texts only. */
export function notTextsOf({ resource, allContainers, podPath, spec, specPath }: Workload): Refusal[] {
  const template = get(resource.json, ...podPath);
  return [
    ...allContainers.flatMap(({ json, path, name }) => asList(json.env).flatMap((entry, i) =>
      notText(get(entry, 'value'), [...path, 'env', i, 'value'], asText(get(entry, 'name')) ?? '', name))),
    ...['labels', 'annotations'].flatMap((key) => [
      ...notTexts(get(resource.json, 'metadata', key), ['metadata', key]),
      ...podPath.length === 0 ? [] : notTexts(get(template, 'metadata', key), [...podPath, 'metadata', key]),
    ]),
    ...notTexts(get(resource.json, 'spec', 'selector', 'matchLabels'), ['spec', 'selector', 'matchLabels']),
    ...notTexts(spec.nodeSelector, [...specPath, 'nodeSelector']),
  ];
}

/** The same in the labels and annotations of any other object. */
export function annotationsIn({ kind, json }: Resource): Refusal[] {
  return [
    ...['labels', 'annotations'].flatMap((key) => notTexts(get(json, 'metadata', key), ['metadata', key])),
    ...kind === 'Service' ? selectorIn(get(json, 'spec', 'selector')) : [],
  ];
}

/** That of a Service has labels only; other objects have them in `matchLabels`. */
function selectorIn(selector: unknown): Refusal[] {
  const path = ['spec', 'selector'];
  return isMap(get(selector, 'matchLabels'))
    ? [{ path: [...path, 'matchLabels'], value: 'matchLabels', allowed: 'the labels themselves', note: 'it is a map', fix: 'Write the labels below selector, without matchLabels.' }]
    : notTexts(selector, path);
}

/** What has neither a name nor the beginning of one. */
export function noName({ json }: Resource): Refusal[] {
  const { name, generateName } = asMap(json.metadata);
  return (name ?? undefined) !== undefined || (generateName ?? undefined) !== undefined ? [] : [{ path: ['metadata'], value: 'no name', allowed: 'name', lacks: true }];
}

/** The same in `data` of a ConfigMap, and in a Secret; or these are no maps themselves. */
export function notTextsIn({ kind, json }: Resource): Refusal[] {
  return ['data', ...kind === 'Secret' ? ['stringData'] : []].flatMap((field): Refusal[] => {
    const value = json[field];
    return value === undefined || value === null || isMap(value) ? notTexts(value, [field])
      : [{ path: [field], value: field, allowed: 'a map', note: `it is ${typeName(value)}`, fix: 'Write one line for each key: "NAME: value".' }];
  });
}

/** What examples have in place of a value: `db_password`, `enter-your-token`, `xxx`, `__DB_PASSWORD__`. */
const STANDS_FOR_IT = /^[a-z]+(_[a-z]+)+$|^__\w+__$|^\*+$|^(tbd|n\/a|todo|fixme|none|null)$|your|change|replace|example|placeholder|base64|encoded|enter|redacted|filled|xxx|\.\.\./i;

/** What trials have in place of a value, or for a value. */
const IN_TRIALS = /^(dummy|fake|test)$/i;

/** What SOPS, vals and the CLI of 1Password put in the place of a value before it is applied. */
const OF_TOOLS = /^(ENC\[|ref\+|secretref\+|op:\/\/)/;

/** A URL has characters that templates have, too. */
const isPlainUrl = (text: string): boolean => /^[a-z][a-z0-9+]*:\/\/[^${}<>\s]+$/.test(text);

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const isBase64 = (text: string): boolean => BASE64.test(text);

/**
 * Values of `data` of a Secret that were written without base64: most are refused, and some are read as bytes that nobody has meant.
 * None is shown.
 */
export function plainTextIn({ kind, json }: Resource): Array<Refusal & { readonly read?: true }> {
  if (kind !== 'Secret') return [];
  return Object.entries(asMap(json.data)).flatMap(([name, value]): Array<Refusal & { readonly read?: true }> => {
    const text = asText(value)?.replace(/[\r\n]/g, '');
    if (text === undefined || (isFilledIn(text) && !isPlainUrl(text))
      || STANDS_FOR_IT.test(text) || OF_TOOLS.test(text) || text.toLowerCase() === name.toLowerCase()) return [];
    const at = { path: ['data', name], value: name, allowed: 'base64, or stringData' };
    if (!isBase64(text)) return [{ ...at, ...IN_TRIALS.test(text) ? { unless: 'something fills it in before it is applied' } : {} }];
    // A word of small letters that is base64 by chance: `postgres` is six bytes.
    const word = /^[a-z]{4,32}$/.test(text) && Buffer.from(text, 'base64').toString().includes('\ufffd');
    return word ? [{ ...at, read: true as const, ...IN_TRIALS.test(text) ? { unless: 'something fills it in before it is applied' } : {} }] : [];
  });
}

/** Below that no container runtime starts a process, and nothing can be written. */
const LEAST_SIZES: Readonly<Record<string, number>> = { 'memory': 2 ** 20, 'ephemeral-storage': 2 ** 10, 'sizeLimit': 2 ** 10 };

/** No node has as many CPUs: units of bytes are for memory. */
const MOST_CPUS = 2 ** 12;

/** What no number of bytes or CPUs can be. */
function notMeant(name: string, value: unknown, at: Pick<Refusal, 'path' | 'container' | 'value'>): Refusal[] {
  if ((typeof value !== 'string' && typeof value !== 'number') || isFilledIn(String(value)) || !/^\s*-?\d/.test(String(value))) return [];
  const size = quantity(value);
  if (size !== undefined && size < 0) return [{ ...at, allowed: '0 or more' }];
  if (size === undefined) return [{ ...at, allowed: name === 'cpu' ? '250m, 0.5 or 2' : '512Mi or 2Gi', note: 'it is no quantity' }];
  if (name === 'cpu' && size >= MOST_CPUS) return [{ ...at, allowed: '250m, 0.5 or 2', note: 'no node has as many CPUs' }];
  const least = LEAST_SIZES[name];
  if (least === undefined || size === 0 || size >= least) return [];
  return [{ ...at, allowed: '512Mi or 2Gi', note: /m$/.test(at.value) ? 'm means thousandths of a byte' : /^\d+$/.test(at.value) ? 'it is a number of bytes' : `that is less than ${least === 2 ** 20 ? '1 MiB' : '1 KiB'}` }];
}

/** Quantities that are none, and requests above limits. */
export function badResources({ allContainers, spec, specPath }: Workload): Refusal[] {
  const sizes = asList(spec.volumes).flatMap((volume, i) => {
    const size = get(volume, 'emptyDir', 'sizeLimit');
    return quantity(size) === undefined ? [] : notMeant('sizeLimit', size, { path: [...specPath, 'volumes', i, 'emptyDir', 'sizeLimit'], value: String(size) });
  });
  return [...sizes, ...allContainers.flatMap(({ json, path, name: container }) => {
    const resources = asMap(json.resources);
    const values = (['requests', 'limits'] as const).flatMap((kind) => Object.entries(asMap(resources[kind])).flatMap(([name, value]) =>
      notMeant(name, value, { path: [...path, 'resources', kind, name], container, value: String(value) })));
    const above = Object.entries(asMap(resources.requests)).flatMap(([name, value]): Refusal[] => {
      const [request, limit] = [quantity(value), quantity(get(resources, 'limits', name))];
      return request === undefined || limit === undefined || limit < 0 || request <= limit ? []
        : [{ path: [...path, 'resources', 'requests', name], container, value: String(value), allowed: `at most the limit, ${String(get(resources, 'limits', name))}` }];
    });
    // A device is not shared.
    const devices = Object.entries(asMap(resources.requests)).flatMap(([name, value]): Refusal[] => {
      const [request, limit] = [quantity(value), quantity(get(resources, 'limits', name))];
      return !isExtended(name) || request === undefined || request < 0 || (limit !== undefined ? request >= limit : request === 0) ? []
        : [{ path: [...path, 'resources', 'requests', name], container, value: `${name}: ${String(value)}`, allowed: limit === undefined ? 'the same as a limit' : `the limit, ${String(get(resources, 'limits', name))}` }];
    });
    return [...values, ...above, ...devices];
  })];
}

const RESIZE = ['NotRequired', 'RestartContainer'];

/** Words that a restartPolicy does not take here: `Never` in a Deployment. */
export function badRestartPolicies({ resource, allContainers, spec, specPath, longRunning }: Workload): Refusal[] {
  const wrong = (value: unknown, of: readonly string[], path: Path, container?: string): Refusal[] =>
    typeof value !== 'string' || isFilledIn(value) || of.includes(value) ? [] : [{ path, container, value, allowed: of.join(', ') }];
  return [
    ...wrong(spec.restartPolicy, resource.kind === 'Pod' ? ['Always', 'OnFailure', 'Never'] : longRunning ? ['Always'] : ['OnFailure', 'Never'], [...specPath, 'restartPolicy']),
    ...allContainers.flatMap(({ json, path, name }) => asList(json.resizePolicy).flatMap((entry, i) =>
      wrong(get(entry, 'restartPolicy'), RESIZE, [...path, 'resizePolicy', i, 'restartPolicy'], name))),
  ];
}

/** A restartPolicy of its own, which before Kubernetes 1.35 only init containers may have, and there only Always. */
export function ownRestartPolicies({ allContainers }: Workload): Refusal[] {
  return allContainers.flatMap(({ json, path, name }) => {
    const [policy, init] = [asScalar(json.restartPolicy) ?? '', path.includes('initContainers')];
    return json.restartPolicy === undefined || json.restartPolicyRules !== undefined || (init && (policy === 'Always' || isFilledIn(policy))) ? []
      : [{ path: [...path, 'restartPolicy'], container: name, value: `restartPolicy: ${policy}`, allowed: init ? 'Always, for a sidecar' : 'restartPolicy of the pod' }];
  });
}

/** Mounts of volumes that the pod does not have. */
export function mountsOfNothing({ allContainers, volumes }: Workload): Refusal[] {
  const names = [...volumes.keys()].join(', ');
  return allContainers.flatMap(({ json, path, name }) => asList(json.volumeMounts).flatMap((mount, i): Refusal[] => {
    const volume = asText(get(mount, 'name'));
    return volume === undefined || isFilledIn(volume) || volumes.has(volume) || [...volumes.keys()].some(isFilledIn) ? []
      : [{ path: [...path, 'volumeMounts', i, 'name'], container: name, value: volume, allowed: names === '' ? 'a volume of the pod, which has none' : names, lacks: true }];
  }));
}

/** The ports of nodes that a cluster gives out by default. */
const NODE_PORTS = { from: 30_000, to: 32_767 };

/** What of a Service is refused. */
export function badService({ json }: Resource): Refusal[] {
  const name = asText(get(json, 'metadata', 'name')) ?? '';
  return [
    ...badLabels(get(json, 'spec', 'selector'), ['spec', 'selector']), ...badPorts(asMap(json.spec)),
    ...!/^\d/.test(name) || badName(name, LABEL, []).length > 0 ? []
      : [{ path: ['metadata', 'name'], value: name, allowed: 'a name that begins with a letter', unless: 'the cluster has the feature RelaxedServiceNameValidation, of Kubernetes 1.34' }],
  ];
}

function badPorts(spec: JsonObject): Refusal[] {
  const ports = asList(spec.ports);
  if (ports.length === 0) {
    return spec.clusterIP === 'None' || spec.type === 'ExternalName' ? [] : [{ path: ['spec'], value: 'no ports', allowed: 'ports, or clusterIP: None', lacks: true }];
  }
  return ports.flatMap((entry, i): Refusal[] => {
    const nodePort = asNumber(get(entry, 'nodePort'));
    const at = { path: ['spec', 'ports', i, 'nodePort'], value: `nodePort: ${nodePort}` };
    return [
      ...ports.length > 1 && (asText(get(entry, 'name')) ?? '') === '' ? [{ path: ['spec', 'ports', i], value: 'no name', allowed: 'a name for each of several ports', lacks: true as const }] : [],
      ...badName(get(entry, 'name'), LABEL, ['spec', 'ports', i, 'name']),
      ...badPort(get(entry, 'targetPort'), ['spec', 'ports', i, 'targetPort']),
      ...nodePort === undefined || nodePort === 0 ? []
        : [undefined, 'ClusterIP'].includes(asText(spec.type)) ? [{ ...at, allowed: 'type: NodePort, or no nodePort' }]
          : nodePort < NODE_PORTS.from || nodePort > NODE_PORTS.to ? [{ ...at, allowed: `${NODE_PORTS.from} to ${NODE_PORTS.to}`, unless: 'the API server has another --service-node-port-range' }] : [],
    ];
  });
}

/** The releases of Kubernetes that no longer have a version of an API. */
const REMOVED: ReadonlyArray<{ readonly kind: RegExp; readonly api: RegExp; readonly since: string; readonly now: string; readonly fix?: string }> = [
  { kind: /^HorizontalPodAutoscaler$/, api: /^(extensions\/v1beta1|autoscaling\/v2alpha1)$/, since: '1.13', now: 'autoscaling/v2' },
  { kind: /^Job$/, api: /^(extensions\/v1beta1|batch\/v2alpha1)$/, since: '1.16', now: 'batch/v1' },
  { kind: /^(Deployment|StatefulSet|DaemonSet|ReplicaSet)$/, api: /^(extensions\/v1beta1|apps\/v1beta[12])$/, since: '1.16', now: 'apps/v1' },
  { kind: /^NetworkPolicy$/, api: /^extensions\/v1beta1$/, since: '1.16', now: 'networking.k8s.io/v1' },
  { kind: /^Ingress$/, api: /^(extensions|networking\.k8s\.io)\/v1beta1$/, since: '1.22', now: 'networking.k8s.io/v1' },
  { kind: /^CronJob$/, api: /^batch\/(v1beta1|v2alpha1)$/, since: '1.25', now: 'batch/v1' },
  { kind: /^PodDisruptionBudget$/, api: /^policy\/v1beta1$/, since: '1.25', now: 'policy/v1' },
  { kind: /^HorizontalPodAutoscaler$/, api: /^autoscaling\/v2beta1$/, since: '1.25', now: 'autoscaling/v2' },
  { kind: /^HorizontalPodAutoscaler$/, api: /^autoscaling\/v2beta2$/, since: '1.26', now: 'autoscaling/v2' },
  { kind: /^(Cluster)?Role(Binding)?$/, api: /^rbac\.authorization\.k8s\.io\/v1(alpha1|beta1)$/, since: '1.22', now: 'rbac.authorization.k8s.io/v1' },
  { kind: /^CustomResourceDefinition$/, api: /^apiextensions\.k8s\.io\/v1beta1$/, since: '1.22', now: 'apiextensions.k8s.io/v1' },
  { kind: /^IngressClass$/, api: /^networking\.k8s\.io\/v1beta1$/, since: '1.22', now: 'networking.k8s.io/v1' },
  { kind: /^PriorityClass$/, api: /^scheduling\.k8s\.io\/v1(alpha1|beta1)$/, since: '1.22', now: 'scheduling.k8s.io/v1' },
  { kind: /^StorageClass$/, api: /^storage\.k8s\.io\/v1beta1$/, since: '1.22', now: 'storage.k8s.io/v1' },
  { kind: /^APIService$/, api: /^apiregistration\.k8s\.io\/v1beta1$/, since: '1.22', now: 'apiregistration.k8s.io/v1' },
  { kind: /^(Mutating|Validating)WebhookConfiguration$/, api: /^admissionregistration\.k8s\.io\/v1beta1$/, since: '1.22', now: 'admissionregistration.k8s.io/v1' },
  { kind: /^EndpointSlice$/, api: /^discovery\.k8s\.io\/v1beta1$/, since: '1.25', now: 'discovery.k8s.io/v1' },
  {
    kind: /^PodSecurityPolicy$/, api: /^(policy|extensions)\/v1beta1$/, since: '1.25', now: 'no object of this kind',
    fix: 'Remove it, and label the Namespace: pod-security.kubernetes.io/enforce: restricted.',
  },
];

/** The APIs of today, of the kinds that Celery and its servers are made of. */
const APIS: ReadonlyMap<string, string> = new Map([
  ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].map((kind) => [kind, 'apps/v1'] as const),
  ...['Pod', 'Service', 'ConfigMap', 'Secret', 'PersistentVolumeClaim', 'PersistentVolume', 'ServiceAccount', 'Namespace', 'LimitRange', 'ResourceQuota']
    .map((kind) => [kind, 'v1'] as const),
  ['Job', 'batch/v1'], ['CronJob', 'batch/v1'], ['PodDisruptionBudget', 'policy/v1'], ['HorizontalPodAutoscaler', 'autoscaling/v2'],
  ['NetworkPolicy', 'networking.k8s.io/v1'], ['Ingress', 'networking.k8s.io/v1'],
]);

/** The kinds of the APIs that Celery and its servers are made of. */
const KINDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['apps/v1', ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ControllerRevision']], ['batch/v1', ['Job', 'CronJob']],
  ['v1', [
    'Pod', 'Service', 'ConfigMap', 'Secret', 'PersistentVolumeClaim', 'PersistentVolume', 'ServiceAccount', 'Namespace', 'Endpoints', 'Event', 'LimitRange', 'List',
    'ResourceQuota', 'PodTemplate', 'ReplicationController', 'Node', 'Binding', 'ComponentStatus',
  ]],
  ['policy/v1', ['PodDisruptionBudget', 'Eviction']], ['autoscaling/v1', ['HorizontalPodAutoscaler', 'Scale']], ['autoscaling/v2', ['HorizontalPodAutoscaler']],
  ['networking.k8s.io/v1', ['NetworkPolicy', 'Ingress', 'IngressClass', 'IPAddress', 'ServiceCIDR']],
]);

/** The kind that is meant, of an object whose API has none of its kind: `Deploymnet`. */
export function misspeltKind({ kind, apiVersion }: Resource): string | undefined {
  const kinds = KINDS.get(apiVersion);
  return kinds === undefined || kinds.includes(kind) || kind.endsWith('List') || APIS.has(kind) ? undefined : nearest(kind, kinds);
}

/** Groups of Kubernetes itself: another may have a kind of the same name. */
const OWN_GROUP = /^(v\d|(apps|batch|policy|autoscaling|extensions)\/|[a-z.]+\.k8s\.io\/)/;

/** Objects of that kind were never in that API, or are in none of a release that anybody supports. */
export interface GoneApi {
  /** Undefined where no release had it. */
  readonly since?: string;
  readonly now: string;
  /** Where there is no other version to write. */
  readonly fix?: string;
}

/** Why kubectl finds no kind in the API of an object, and which API has it. */
export function goneApi({ kind, apiVersion }: Resource): GoneApi | undefined {
  const removed = REMOVED.find((one) => one.kind.test(kind) && one.api.test(apiVersion));
  if (removed) return removed;
  const now = APIS.get(kind);
  const known = now === undefined || apiVersion === now || !OWN_GROUP.test(apiVersion) || isFilledIn(apiVersion)
    || (kind === 'HorizontalPodAutoscaler' && apiVersion === 'autoscaling/v1');
  return known ? undefined : { now };
}
