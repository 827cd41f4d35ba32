import type { Manifest, PodTemplate } from './manifests';

/** Objects that the cluster has already: `Secret/name`, `PersistentVolumeClaim/name`. */
export type External = readonly string[];

/** What no schema says, and what every set of manifests must keep: what is wrong with this one, in one line each. */
export function invariantProblems(manifests: readonly Manifest[], external: External = []): string[] {
  const set = new ManifestSet(manifests, external);
  return [
    ...unique('', manifests.map(identity), 'is there twice'),
    ...manifests.flatMap((manifest) => [...names(manifest), ...texts(manifest), ...namedByContent(manifest)].map((problem) => `${identity(manifest)}${problem}`)),
    ...namespacesFirst(manifests),
    ...set.workloads.flatMap(({ manifest, template }) => [
      ...selector(manifest, template),
      ...pod(template),
      ...references(set, manifest, template),
    ].map((problem) => `${identity(manifest)}: ${problem}`)),
    ...manifests.flatMap((manifest) => selected(set, manifest).map((problem) => `${identity(manifest)}: ${problem}`)),
  ];
}

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;
/** Kinds whose names end up in DNS or in labels. */
const LABEL_NAMES = ['Deployment', 'Job', 'Namespace', 'Service'];
const SHELLS = /(^|\/)(ba|da|a|z|k)?sh$/;
const NOT_A_TEXT = /\bundefined\b|\bNaN\b|\[object \w+\]/;

class ManifestSet {
  public readonly workloads: { manifest: Manifest; template: PodTemplate }[];

  public constructor(private readonly manifests: readonly Manifest[], private readonly external: External) {
    this.workloads = manifests.filter(({ spec }) => spec?.template).map((manifest) => ({ manifest, template: manifest.spec.template }));
  }

  public find(kind: string, name: string, namespace: string | undefined): Manifest | undefined {
    return this.manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name && manifest.metadata.namespace === namespace);
  }

  public isExternal(kind: string, name: string): boolean {
    return this.external.includes(`${kind}/${name}`);
  }

  /** The pod templates that labels select in a namespace. */
  public select(labels: Record<string, string>, namespace: string | undefined): PodTemplate[] {
    return this.workloads
      .filter(({ manifest, template }) => manifest.metadata.namespace === namespace && isSubset(labels, template.metadata?.labels ?? {}))
      .map(({ template }) => template);
  }
}

function identity({ kind, metadata }: Manifest): string {
  return [kind, metadata?.namespace, metadata?.name].filter(Boolean).join('/');
}

function unique(path: string, values: readonly string[], wrong: string): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))].map((value) => `${path}${value} ${wrong}`);
}

function isSubset(part: Record<string, string>, whole: Record<string, string>): boolean {
  return Object.entries(part).every(([key, value]) => whole[key] === value);
}

function names({ kind, metadata, spec }: Manifest): string[] {
  const rule = LABEL_NAMES.includes(kind) ? DNS_LABEL : DNS_SUBDOMAIN;
  const labels: Record<string, string> = { ...metadata?.labels, ...spec?.template?.metadata?.labels, ...spec?.selector?.matchLabels };
  return [
    ...(rule.test(metadata?.name ?? '') ? [] : [`: the name '${metadata?.name}' is not a DNS name`]),
    ...(metadata?.namespace === undefined || DNS_LABEL.test(metadata.namespace) ? [] : [`: '${metadata.namespace}' is not the name of a namespace`]),
    ...Object.entries(labels).filter(([, value]) => !LABEL_VALUE.test(value)).map(([key, value]) => `: the label ${key} can't be '${value}'`),
  ];
}

/** A value that a program forgot: everywhere, keys included. */
function texts(value: unknown, path = ''): string[] {
  if (typeof value === 'string') return NOT_A_TEXT.test(value) ? [`${path}: '${value.slice(0, 80)}' is no text that anybody meant`] : [];
  if (typeof value !== 'object' || value === null) return Number.isNaN(value) ? [`${path}: NaN`] : [];
  return Object.entries(value).flatMap(([key, item]) => [...texts(key, `${path}.${key}`), ...texts(item, `${path}.${key}`)]);
}

/** What can change must not be named by its content. */
function namedByContent({ kind, metadata, immutable }: Manifest): string[] {
  const hash = metadata?.labels?.['cdk8s-celery/content-hash'];
  if (kind !== 'ConfigMap' || hash === undefined) return [];
  return [
    ...(immutable === true ? [] : [': is named by its content, and not immutable']),
    ...(/^[0-9a-f]{8}$/.test(hash) && metadata.name.endsWith(`-${hash}`) ? [] : [`: its name does not end with its hash, '${hash}'`]),
  ];
}

/** `kubectl apply` goes from top to bottom. */
function namespacesFirst(manifests: readonly Manifest[]): string[] {
  return manifests.flatMap((manifest, index) => {
    const own = manifests.findIndex(({ kind, metadata }) => kind === 'Namespace' && metadata.name === manifest.metadata?.namespace);
    return own > index ? [`${identity(manifest)}: comes before its Namespace`] : [];
  });
}

function selector({ kind, spec }: Manifest, template: PodTemplate): string[] {
  // The Job controller sets it.
  if (kind === 'Job') return spec.selector === undefined ? [] : ['selector: is not for users'];
  const labels = spec.selector?.matchLabels ?? {};
  if (Object.keys(labels).length === 0) return ['selector: selects every pod'];
  return isSubset(labels, template.metadata?.labels ?? {}) ? [] : ['selector: is not among the labels of the template'];
}

function pod({ spec }: PodTemplate): string[] {
  const volumes = spec.volumes?.map(({ name }) => name) ?? [];
  const containers = [...spec.initContainers ?? [], ...spec.containers];
  return [
    ...[...volumes, ...containers.map(({ name }) => name)].filter((name) => !DNS_LABEL.test(name)).map((name) => `'${name}' is not a DNS label`),
    ...unique('volume ', volumes, 'is there twice'),
    ...unique('container ', containers.map(({ name }) => name), 'is there twice'),
    ...unique('port name ', spec.containers.flatMap(({ ports }) => ports ?? []).flatMap(({ name }) => name ?? []), 'is there twice'),
    ...containers.flatMap((container) => {
      const mounts = container.volumeMounts ?? [];
      return [
        ...mounts.filter(({ name }) => !volumes.includes(name)).map(({ name }) => `mounts ${name}, which is not a volume of the pod`),
        ...unique('', mounts.map(({ mountPath }) => mountPath), 'is mounted twice'),
        ...unique('', container.env?.map(({ name }) => name) ?? [], 'is set twice'),
        ...requests(container.resources),
        ...probePorts(container),
      ].map((problem) => `container ${container.name}: ${problem}`);
    }),
    // A shell as the main process does not pass on the signal to stop.
    ...spec.containers.filter(({ command = [] }) => command.length === 0 || SHELLS.test(command[0])).map(({ name, command = [] }) =>
      `container ${name}: runs ${command.length === 0 ? 'whatever its image says' : `a shell: ${command.join(' ')}`}`),
  ];
}

type Container = PodTemplate['spec']['containers'][number];

function probePorts({ ports = [], livenessProbe, readinessProbe, startupProbe }: Container): string[] {
  return [livenessProbe, readinessProbe, startupProbe].flatMap((probe) => probe?.httpGet?.port ?? [])
    .filter((port) => !ports.some(({ containerPort, name }) => containerPort === port || name === port))
    .map((port) => `is probed at port ${port}, which it does not have`);
}

function requests(resources: Container['resources']): string[] {
  const { requests: requested = {}, limits = {} } = resources ?? {};
  return Object.entries(requested).filter(([what, amount]) => limits[what] !== undefined && quantity(amount) > quantity(limits[what]))
    .map(([what, amount]) => `requests ${amount} of ${what}, and its limit is ${limits[what]}`);
}

const FACTORS: Record<string, number> = { m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

/** The number that a quantity stands for. */
export function quantity(text: string): number {
  const [, number, suffix] = /^([\d.]+)([a-zA-Z]*)$/.exec(text) ?? [];
  const factor = suffix === '' ? 1 : FACTORS[suffix];
  if (factor === undefined) throw new Error(`not a quantity: ${text}`);
  return Number(number) * factor;
}

/** A ConfigMap, Secret, claim or account that the pod names: there, with the key that it wants. */
function references(set: ManifestSet, { metadata }: Manifest, { spec }: PodTemplate): string[] {
  const missing = (kind: string, name: string | undefined, keys: readonly string[] = []): string[] => {
    if (name === undefined || set.isExternal(kind, name)) return [];
    const target = set.find(kind, name, metadata.namespace);
    if (!target) return [`needs ${kind} ${name}, which is nowhere`];
    const has = { ...target.data, ...target.stringData, ...target.binaryData };
    return keys.filter((key) => !Object.hasOwn(has, key)).map((key) => `needs the key ${key}, which ${kind} ${name} does not have`);
  };
  const sources = [...spec.initContainers ?? [], ...spec.containers].flatMap(({ env = [], envFrom = [] }) => [
    ...env.flatMap(({ valueFrom: { configMapKeyRef: map, secretKeyRef: secret } = {} }) => [
      ...(map ? missing('ConfigMap', map.name, [map.key]) : []), ...(secret ? missing('Secret', secret.name, [secret.key]) : []),
    ]),
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [...missing('ConfigMap', configMapRef?.name), ...missing('Secret', secretRef?.name)]),
  ]);
  return [
    ...sources,
    ...(spec.volumes ?? []).flatMap(({ configMap, secret, persistentVolumeClaim: claim }) => [
      ...missing('ConfigMap', configMap?.name, configMap?.items?.map(({ key }) => key)),
      ...missing('Secret', secret?.secretName, secret?.items?.map(({ key }) => key)),
      ...missing('PersistentVolumeClaim', claim?.claimName),
    ]),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }) => missing('Secret', name)),
    ...missing('ServiceAccount', spec.serviceAccountName),
  ];
}

/** A Service or a policy that selects nothing does nothing, and says nothing. */
function selected(set: ManifestSet, { kind, metadata, spec }: Manifest): string[] {
  if (kind === 'NetworkPolicy') return set.select(spec.podSelector.matchLabels ?? {}, metadata.namespace).length > 0 ? [] : ['selects no pod'];
  if (kind !== 'Service' || !spec.selector) return [];
  const pods = set.select(spec.selector, metadata.namespace);
  if (pods.length === 0) return ['selects no pod'];
  const ports = pods.flatMap((template) => template.spec.containers.flatMap((container) => container.ports ?? []));
  const targets = (spec.ports ?? []).map(({ port, targetPort }: { port: number; targetPort?: number | string }) => targetPort ?? port);
  return targets.filter((target: number | string) => !ports.some(({ containerPort, name }) => containerPort === target || name === target))
    .map((target: number | string) => `port ${target} is no port of its pods`);
}
