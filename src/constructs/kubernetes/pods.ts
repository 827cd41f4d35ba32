import { ApiObject, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import * as checks from '../validation/checks';
import { Problem } from '../validation/problems';
import { canonicalQuantities } from './quantities';
import { isFixed, parseImage } from '../../celery/image';
import { PodOptions } from '../pod-options';

/** A Deployment of one of our components: what differs between workers, Beat, Flower and Redis, and nothing else. */
export interface ComponentSpec {
  readonly name: string;
  /** The value of `app.kubernetes.io/name`. */
  readonly application: string;
  /** The value of the label `component`, and the name of the main container. */
  readonly component: string;
  /** The value of `app.kubernetes.io/part-of`. */
  readonly partOf: string;
  readonly replicas: number;
  /** One pod at most, even during a rollout. */
  readonly singleton?: boolean;
  /** How pods are replaced, where there may be several. */
  readonly strategy?: kplus.DeploymentStrategy;
  readonly user: number;
  readonly terminationGracePeriod: kplus.AbstractPodProps['terminationGracePeriod'];
  readonly container: Pick<kplus.ContainerProps,
    'image' | 'command' | 'ports' | 'workingDir' | 'envVariables' | 'volumeMounts' | 'readiness' | 'liveness' | 'startup'>;
  readonly initContainers?: InitContainerSpec[];
  readonly resources: kplus.ContainerResources;
}

/** An init container; its security context and pull policy are those of the main container. */
export type InitContainerSpec = Pick<kplus.ContainerProps, 'name' | 'image' | 'command' | 'args' | 'envVariables' | 'volumeMounts' | 'resources'>;

/** The Deployment of a component, with the defaults of this library instead of those of cdk8s-plus. */
export function deployment(scope: Construct, id: string, spec: ComponentSpec, options: PodOptions): kplus.Deployment {
  const selector = selectorLabels(spec);
  const labels = { ...options.labels, ...ownLabels(spec), ...selector };
  const security = containerSecurity(options);
  const resources = options.resources ?? spec.resources;
  const result = new kplus.Deployment(scope, id, {
    metadata: { name: spec.name, labels, annotations: options.annotations },
    podMetadata: { labels, annotations: options.annotations },
    select: false,
    replicas: spec.replicas,
    strategy: spec.singleton ? kplus.DeploymentStrategy.recreate() : spec.strategy,
    terminationGracePeriod: spec.terminationGracePeriod,
    securityContext: {
      ensureNonRoot: true,
      user: spec.user,
      group: spec.user,
      fsGroup: spec.user,
      fsGroupChangePolicy: kplus.FsGroupChangePolicy.ON_ROOT_MISMATCH,
      ...options.podSecurityContext,
    },
    serviceAccount: options.serviceAccount,
    volumes: options.volumes,
    initContainers: spec.initContainers?.map((init) => ({
      ...init, imagePullPolicy: pullPolicy(init.image), securityContext: security, ports: [],
    })),
    containers: [{
      name: spec.component,
      ...spec.container,
      envVariables: { ...spec.container.envVariables, ...options.env },
      volumeMounts: [...spec.container.volumeMounts ?? [], ...options.volumeMounts ?? []],
      imagePullPolicy: pullPolicy(spec.container.image),
      resources,
      securityContext: security,
    }],
  });
  result.select(kplus.LabelSelector.of({ labels: selector }));
  options.tolerations?.forEach((taint) => result.scheduling.tolerate(kplus.Node.tainted(taint)));
  ApiObject.of(result).addJsonPatch(
    ...podPatches(options),
    ...DROPPED_BY_SERVER.deployment,
    ...canonicalQuantities('/spec/template/spec/containers/0', resources),
    ...(spec.initContainers ?? []).flatMap((init, i) => canonicalQuantities(`/spec/template/spec/initContainers/${i}`, init.resources ?? {})),
  );
  return result;
}

/** The Service of a component, under the component's name. */
export function service(scope: Construct, spec: ComponentSpec, options: PodOptions, port: kplus.ContainerPort): kplus.Service {
  const result = new kplus.Service(scope, 'Service', {
    metadata: { name: spec.name, ...ownMetadata(spec, options) },
    ports: [{ port: port.number, targetPort: port.number, name: port.name }],
  });
  Object.entries(selectorLabels(spec)).forEach(([key, value]) => result.selectLabel(key, value));
  ApiObject.of(result).addJsonPatch(...DROPPED_BY_SERVER.service);
  return result;
}

/** Labels and annotations of the objects that belong to a component. */
export function ownMetadata(spec: ComponentSpec, options: PodOptions): { labels: Record<string, string>; annotations?: Record<string, string> } {
  return { labels: { ...options.labels, ...ownLabels(spec), ...selectorLabels(spec) }, annotations: options.annotations };
}

/** Zero values that cdk8s-plus writes and the API server drops: with them, `kubectl apply` has something to change each time. */
const DROPPED_BY_SERVER = {
  deployment: ['/spec/minReadySeconds', '/spec/template/spec/hostNetwork', '/spec/template/spec/setHostnameAsFqdn'].map((path) => JsonPatch.remove(path)),
  service: [JsonPatch.remove('/spec/externalIPs')],
};

/** The labels by which Services, policies and `kubectl logs -l` find the pods. They are a contract: a change breaks upgrades. */
export function selectorLabels(spec: Pick<ComponentSpec, 'application' | 'name' | 'component'>): Record<string, string> {
  return {
    'app.kubernetes.io/name': spec.application,
    'app.kubernetes.io/instance': spec.name,
    'component': spec.component,
  };
}

/** Labels that tell people and tools what an object is. */
export function ownLabels(spec: Pick<ComponentSpec, 'component' | 'partOf'>): Record<string, string> {
  return {
    'app.kubernetes.io/component': spec.component,
    'app.kubernetes.io/part-of': spec.partOf,
    'app.kubernetes.io/managed-by': 'cdk8s',
  };
}

/** App-wide options and a component's own, as one. */
export function merge(app: PodOptions, own: PodOptions): PodOptions {
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return {
    ...app,
    ...given,
    env: { ...app.env, ...own.env },
    labels: { ...app.labels, ...own.labels },
    annotations: { ...app.annotations, ...own.annotations },
    volumes: [...app.volumes ?? [], ...own.volumes ?? []],
    volumeMounts: [...app.volumeMounts ?? [], ...own.volumeMounts ?? []],
    tolerations: [...app.tolerations ?? [], ...own.tolerations ?? []],
    imagePullSecrets: [...app.imagePullSecrets ?? [], ...own.imagePullSecrets ?? []],
    podSecurityContext: { ...app.podSecurityContext, ...own.podSecurityContext },
    containerSecurityContext: { ...app.containerSecurityContext, ...own.containerSecurityContext },
  };
}

/** A volume of our own, and where the main container has it. */
export interface OwnVolume {
  readonly name: string;
  readonly path?: string;
}

/** What is wrong with the options of a pod. */
export function checkOptions(options: PodOptions, own: readonly OwnVolume[]): Problem[] {
  return [
    ...checks.resources('resources', options.resources),
    ...checks.env('env', options.env),
    ...checks.labels('labels', options.labels),
    ...checks.annotations('annotations', options.annotations),
    ...checks.labels('nodeSelector', options.nodeSelector),
    ...checks.objectName('priorityClassName', options.priorityClassName),
    ...Object.keys(options.labels ?? {}).filter((key) => RESERVED_LABELS.includes(key)).map((key) => ({
      prop: `labels['${key}']`, value: options.labels![key], wrong: 'would replace a label that selectors use', fix: 'use another key',
    })),
    ...userProblems(options.podSecurityContext),
    ...checks.wholeNumber('containerSecurityContext.user', options.containerSecurityContext?.user, 0),
    ...checks.wholeNumber('containerSecurityContext.group', options.containerSecurityContext?.group, 0),
    ...volumeProblems(options, own),
  ];
}

const RESERVED_LABELS = ['app.kubernetes.io/name', 'app.kubernetes.io/instance', 'app.kubernetes.io/component', 'app.kubernetes.io/part-of',
  'app.kubernetes.io/managed-by', 'component'];

function userProblems({ user, group, fsGroup, ensureNonRoot = true }: kplus.PodSecurityContextProps = {}): Problem[] {
  return [
    ...checks.wholeNumber('podSecurityContext.user', user, 0),
    ...checks.wholeNumber('podSecurityContext.group', group, 0),
    ...checks.wholeNumber('podSecurityContext.fsGroup', fsGroup, 0),
    ...(user === 0 && ensureNonRoot ? [{
      prop: 'podSecurityContext.user', value: user, wrong: 'is root, and Kubernetes does not start it where ensureNonRoot is true',
      fix: 'give another user, or ensureNonRoot: false in both security contexts',
    }] : []),
  ];
}

function volumeProblems(options: PodOptions, own: readonly OwnVolume[]): Problem[] {
  const volumes = new Set([...options.volumes ?? [], ...(options.volumeMounts ?? []).map((mount) => mount.volume)]);
  const names = [...volumes].map((volume) => volume.name);
  const taken = names.filter((volume, index) => own.some(({ name }) => name === volume) || names.indexOf(volume) !== index);
  const paths = (options.volumeMounts ?? []).map((mount) => mount.path);
  return [
    ...names.flatMap((name) => checks.name('volumes', name)),
    ...taken.map((volume) => ({
      prop: 'volumes', value: volume, wrong: 'is the name of another volume of this pod', fix: 'give the volume another name',
    })),
    ...paths.filter((path, index) => !path.startsWith('/') || paths.indexOf(path) !== index || own.some((mount) => mount.path === path)).map((path) => ({
      prop: 'volumeMounts', value: path, wrong: path.startsWith('/') ? 'is mounted twice' : 'is not an absolute path',
      fix: 'give each mount an absolute path of its own',
    })),
  ];
}

function containerSecurity(options: PodOptions): kplus.ContainerSecurityContextProps {
  return {
    ensureNonRoot: true,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: [kplus.Capability.ALL] },
    seccompProfile: { type: kplus.SeccompProfileType.RUNTIME_DEFAULT },
    ...options.containerSecurityContext,
  };
}

/**
 * A tag that can move is looked up each time, or nodes run different builds and fixes never arrive. What is fixed is not, or a
 * registry that does not answer would stop a restart.
 */
function pullPolicy(image: string): kplus.ImagePullPolicy {
  return isFixed(parseImage(image)) ? kplus.ImagePullPolicy.IF_NOT_PRESENT : kplus.ImagePullPolicy.ALWAYS;
}

/** Fields of a pod that cdk8s-plus-28 has no props for. */
function podPatches(options: PodOptions): JsonPatch[] {
  const fields: Record<string, unknown> = {
    // A Service named `flower` would give every pod FLOWER_PORT=tcp://..., which Flower reads as its port and dies of.
    enableServiceLinks: false,
    nodeSelector: nonEmpty(options.nodeSelector),
    priorityClassName: options.priorityClassName,
    imagePullSecrets: options.imagePullSecrets?.length ? options.imagePullSecrets.map((secret) => ({ name: secret.name })) : undefined,
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => JsonPatch.add(`/spec/template/spec/${field}`, value));
}

function nonEmpty<T extends object>(value: T | undefined): T | undefined {
  return value && Object.keys(value).length > 0 ? value : undefined;
}
