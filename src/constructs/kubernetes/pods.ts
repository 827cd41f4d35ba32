import { posix } from 'path';
import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { isFixed, parseImage } from '../../celery/image';
import { contentHash } from '../../manifests/content-hash';
import { LABELS } from '../../manifests/labels';
import { PodOptions } from '../pod-options';
import { Problem } from '../validation/problems';
import type * as k8s from './api/types';
import { checkProfiles, unprivilegedMounts } from './constraints';
import { withOwn } from './env';
import { namedByContent } from './hashed-job';
import { whenWritten } from './when-written';
import { CheckedOptions, mergeBy } from './options';
import { checkShape } from './shape-check';

/** A volume of our own, and where a container has it. */
export interface Mount extends Omit<k8s.VolumeMount, 'name' | 'mountPath'> {
  readonly path: string;
  readonly volume: k8s.Volume;
}

/** A pod of one of our components: what differs between workers, Beat, Flower and Redis, and nothing else. */
export interface PodSpec {
  readonly name: string;
  /** The value of `app.kubernetes.io/name`. */
  readonly application: string;
  /** The value of the label `component`, and the name of the main container. */
  readonly component: string;
  /** The value of `app.kubernetes.io/part-of`. */
  readonly partOf: string;
  readonly user: number;
  readonly terminationGracePeriodSeconds: number;
  /** Whether all containers of a pod see the processes of all. */
  readonly shareProcessNamespace?: boolean;
  readonly container: Pick<k8s.Container, 'image' | 'ports' | 'workingDir' | 'readinessProbe' | 'livenessProbe' | 'startupProbe'> & {
    readonly image: string;
    /** Its words may be known only when the manifests are written. */
    readonly command: () => readonly string[];
    readonly env: readonly k8s.EnvVar[];
    readonly mounts: readonly Mount[];
    /** Variables and mounts that are known only when the manifests are written. */
    readonly late?: () => Pick<PodSpec['container'], 'env' | 'mounts'>;
  };
  readonly initContainers: readonly InitContainerSpec[];
  /** What an init container of the user's is once the manifests are written. */
  readonly settle?: (container: k8s.Container) => k8s.Container;
  /** Volumes that only init containers of the user's mount; they may be known only when the manifests are written. */
  readonly volumes?: () => readonly k8s.Volume[];
  readonly resources: k8s.ResourceRequirements;
}

/** An init container; its security context and pull policy are those of the main container. */
export interface InitContainerSpec extends Pick<k8s.Container, 'name' | 'command' | 'args' | 'env' | 'workingDir' | 'resources'> {
  readonly image: string;
  readonly mounts: readonly Mount[];
}

/** How many pods a Deployment has, and how they are replaced. */
export interface DeploymentSpec {
  readonly replicas?: number;
  readonly strategy: k8s.DeploymentStrategy;
  readonly minReadySeconds?: number;
  readonly progressDeadlineSeconds?: number;
}

/** One pod at most, also during a rollout. */
export const SINGLETON: DeploymentSpec = { replicas: 1, strategy: { type: 'Recreate' } };

/** The Deployment of a component, with the defaults of this library. */
export function deployment(scope: Construct, id: string, spec: PodSpec, rollout: DeploymentSpec, options: CheckedOptions): ApiObject {
  const { replicas, strategy, minReadySeconds, progressDeadlineSeconds } = rollout;
  return new ApiObject(scope, id, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: spec.name, ...objectMetadata(spec, options) },
    spec: {
      replicas,
      minReadySeconds,
      progressDeadlineSeconds,
      selector: { matchLabels: selectorLabels(spec) },
      strategy,
      template: whenWritten(() => podTemplate(settled(spec), options)),
    },
  });
}

/** A pod with all that is known once the manifests are written. */
export function settled(spec: PodSpec): PodSpec {
  const { late, ...container } = spec.container;
  if (!late) return spec;
  const { env, mounts } = late();
  const more = mounts.filter(({ path }) => !container.mounts.some((mount) => mount.path === path));
  return { ...spec, container: { ...container, env: mergeBy('name', container.env, env), mounts: [...container.mounts, ...more] } };
}

/** A StatefulSet of one pod, with the defaults of this library: the old pod is gone before the new one starts, also when its node is lost. */
export function statefulSet(scope: Construct, id: string, spec: PodSpec, options: CheckedOptions): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: spec.name, ...objectMetadata(spec, options) },
    spec: { replicas: 1, serviceName: spec.name, selector: { matchLabels: selectorLabels(spec) }, template: podTemplate(spec, options) },
  });
}

/** When a Job gives up, and how long it stays. */
export interface JobSpec {
  readonly backoffLimit?: number;
  readonly activeDeadlineSeconds?: number;
  readonly ttlSecondsAfterFinished?: number;
}

/**
 * A Job that runs a pod once. Its name ends with a hash of its spec: another content is another Job, for the pod template of one that exists
 * cannot be changed.
 */
export function job(scope: Construct, spec: PodSpec, ends: JobSpec, options: CheckedOptions): ApiObject {
  const content = { ...ends, template: podTemplate(settled(spec), options, 'Never') };
  return namedByContent(new ApiObject(scope, 'Job', {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: hashedName(spec.name, content), ...objectMetadata(spec, options) },
    spec: content,
  }), content);
}

function hashedName(name: string, content: object): string {
  return `${name}-${contentHash({ content: JSON.stringify(content) })}`;
}

/** The template of a pod: its labels, and its spec. */
function podTemplate(spec: PodSpec, options: CheckedOptions, restartPolicy?: string): object {
  const { initContainers } = spec;
  const securityContext = containerSecurity(options);
  const volumes = new Map(ownVolumes(spec).map((volume) => [volume.name, volume]));
  return {
    metadata: { labels: { ...options.podLabels, ...ownLabels(spec), ...selectorLabels(spec) }, annotations: options.podAnnotations },
    spec: {
      restartPolicy,
      shareProcessNamespace: spec.shareProcessNamespace,
      automountServiceAccountToken: false,
      // A Service named `flower` would give every pod FLOWER_PORT=tcp://..., which Flower reads as its port and dies of.
      enableServiceLinks: false,
      serviceAccountName: options.serviceAccountName,
      priorityClassName: options.priorityClassName,
      runtimeClassName: options.runtimeClassName,
      nodeSelector: options.nodeSelector,
      affinity: options.affinity,
      topologySpreadConstraints: options.topologySpreadConstraints,
      tolerations: options.tolerations,
      imagePullSecrets: options.imagePullSecrets,
      dnsPolicy: options.dnsPolicy,
      dnsConfig: options.dnsConfig,
      hostAliases: options.hostAliases,
      securityContext: podSecurity(spec, options),
      terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds,
      initContainers: nonEmpty([
        ...(options.sidecars ?? []).map((sidecar) => ({ ...sidecar, restartPolicy: 'Always' })),
        ...initContainers.map(({ mounts: own, ...init }) => ({
          ...init, imagePullPolicy: pullPolicy(init.image), volumeMounts: volumeMounts(own), securityContext,
        })),
        ...(options.initContainers ?? []).map((init) => spec.settle?.(init) ?? init),
      ]),
      containers: [mainContainer(spec, options), ...options.containers ?? []],
      volumes: nonEmpty([...volumes.values(), ...options.volumes ?? []]),
    },
  };
}

/** The volumes of a pod that are ours. */
function ownVolumes({ container: { mounts }, initContainers, volumes }: PodSpec): k8s.Volume[] {
  return [...[...mounts, ...initContainers.flatMap((init) => init.mounts)].map(({ volume }) => volume), ...volumes?.() ?? []];
}

/** The main container of a pod, with what the user adds to it. */
export function mainContainer(spec: PodSpec, options: CheckedOptions): k8s.Container {
  const { image, command, env, mounts, late: _late, ...container } = spec.container;
  return {
    name: spec.component,
    image,
    imagePullPolicy: pullPolicy(image),
    command: command(),
    ...container,
    ports: nonEmpty(container.ports ?? []),
    env: nonEmpty(withOwn(env, options.env ?? [])),
    envFrom: options.envFrom,
    resources: options.resources ?? spec.resources,
    lifecycle: options.lifecycle,
    volumeMounts: [...volumeMounts(mounts), ...options.volumeMounts ?? []],
    securityContext: containerSecurity(options),
  };
}

function volumeMounts(mounts: readonly Mount[]): k8s.VolumeMount[] {
  return mounts.map(({ path, volume, ...mount }) => ({ mountPath: path, name: volume.name, ...mount }));
}

/** The Service of a component, under the component's name. */
export function service(scope: Construct, spec: PodSpec, options: CheckedOptions, ...ports: k8s.ContainerPort[]): ApiObject {
  return new ApiObject(scope, 'Service', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: spec.name, ...objectMetadata(spec, options) },
    spec: { type: 'ClusterIP', selector: selectorLabels(spec), ports: ports.map(({ name, containerPort }) => ({ name, port: containerPort, targetPort: containerPort })) },
  });
}

/** Labels and annotations of the objects that belong to a component. */
export function objectMetadata(
  spec: PodSpec, { labels, annotations }: CheckedOptions,
): { labels: Record<string, string>; annotations?: Record<string, string> } {
  return { labels: { ...labels, ...ownLabels(spec), ...selectorLabels(spec) }, annotations };
}

/** The labels by which Services, policies and `kubectl logs -l` find the pods. They are a contract: a change breaks upgrades. */
export function selectorLabels(spec: Pick<PodSpec, 'application' | 'name' | 'component'>): Record<string, string> {
  return {
    [LABELS.name]: spec.application,
    [LABELS.instance]: spec.name,
    component: spec.component,
  };
}

/** Labels that tell people and tools what an object is. */
export function ownLabels(spec: Pick<PodSpec, 'component' | 'partOf'>): Record<string, string> {
  return {
    [LABELS.component]: spec.component,
    [LABELS.partOf]: spec.partOf,
    'app.kubernetes.io/managed-by': 'cdk8s',
  };
}

const RESERVED_LABELS = [LABELS.name, LABELS.instance, LABELS.component, LABELS.partOf,
  'app.kubernetes.io/managed-by', 'component'];

/** What is wrong with labels that a user gives: some of them are ours. */
export function checkReserved(options: Pick<PodOptions, 'labels' | 'podLabels'>): Problem[] {
  return (['labels', 'podLabels'] as const).flatMap((prop) => Object.entries(options[prop] ?? {})
    .filter(([key]) => RESERVED_LABELS.includes(key))
    .map(([key, value]) => ({
      prop: `${prop}['${key}']`, value, wrong: 'would replace a label that selectors use', fix: 'use another key',
    })));
}

/** The volume with the code, in the pods of every app, whatever its name. */
export const CODE_VOLUME = 'celery-app';

/** What is wrong with a pod that has these options: each of them is right on its own. */
export function checkPod(spec: PodSpec, options: CheckedOptions): Problem[] {
  return [
    ...checkReserved(options), ...userProblems(spec, options), ...volumeProblems(spec, options), ...nameProblems(spec, options),
    ...sleepProblems(spec, options), ...dnsProblems(options), ...checkProfiles('podAnnotations', options.podAnnotations ?? {}, containerNames(spec, options)),
    ...unprivilegedMounts('volumeMounts', options.volumeMounts, containerSecurity(options)),
  ];
}

/** The kubelet does not start root where runAsNonRoot is true. */
function userProblems(spec: PodSpec, options: CheckedOptions): Problem[] {
  const container = containerSecurity(options);
  const user = container.runAsUser ?? podSecurity(spec, options).runAsUser;
  // What is right on its own may contradict a default: privileged, and no privilege escalation.
  const { problems } = checkShape('securityContext', container, 'SecurityContext');
  return problems.length > 0 ? [...problems] : user === 0 && container.runAsNonRoot ? [{
    prop: container.runAsUser === 0 ? 'securityContext.runAsUser' : 'podSecurityContext.runAsUser', value: user,
    wrong: 'is root, and Kubernetes does not start it where runAsNonRoot is true', fix: 'give another user, or runAsNonRoot: false in both security contexts',
  }] : [];
}

/** `/cache/` is `/cache`. */
function plainPath(path: string): string {
  return posix.normalize(path).replace(/(?<=.)\/$/, '');
}

function volumeProblems(spec: PodSpec, options: CheckedOptions): Problem[] {
  const own = new Set(ownVolumes(spec).map(({ name }) => name));
  const given = (options.volumes ?? []).map(({ name }) => name);
  const known = new Set([...own, ...given]);
  const claims = new Set((options.volumes ?? []).filter((volume) => volume.persistentVolumeClaim ?? volume.ephemeral).map(({ name }) => name));
  const paths = new Set(spec.container.mounts.map(({ path }) => path));
  const mounts = (prop: string, list: readonly k8s.VolumeMount[] = []): Problem[] => list.filter(({ name }) => !known.has(name)).map(({ name }) => ({
    prop, value: name, wrong: 'is not a volume of this pod',
    fix: spec.component === 'flower' && name === CODE_VOLUME
      ? 'Flower has no code: give the option to the workers, Beat and jobs that need it, and not to the CeleryApp'
      : `add it to volumes, or name one of ${[...known].join(', ')}`,
  }));
  return [
    ...given.filter((name) => own.has(name)).map((name) => ({
      prop: 'volumes', value: name, wrong: 'is the name of another volume of this pod', fix: 'give the volume another name',
    })),
    ...(options.volumeMounts ?? []).filter(({ mountPath }) => seen(paths, plainPath(mountPath))).map(({ mountPath }) => ({
      prop: 'volumeMounts', value: mountPath, wrong: 'is mounted twice', fix: 'give each mount an absolute path of its own',
    })),
    ...mounts('volumeMounts', options.volumeMounts),
    ...USERS.flatMap((prop) => (options[prop] ?? []).flatMap(({ name, volumeMounts: list, volumeDevices = [] }) => [
      ...mounts(`${prop} '${name}' volumeMounts`, list),
      ...volumeDevices.filter((device) => !claims.has(device.name)).map((device) => ({
        prop: `${prop} '${name}' volumeDevices`, value: device.name, wrong: 'is not a volume of this pod with a claim', fix: 'add it to volumes, as persistentVolumeClaim or ephemeral',
      })),
    ])),
  ];
}

/** All containers of a pod have different names. */
function nameProblems({ component, initContainers }: PodSpec, options: CheckedOptions): Problem[] {
  const taken = new Set([component, ...initContainers.map(({ name }) => name)]);
  return USERS.flatMap((prop) => (options[prop] ?? []).filter(({ name }) => seen(taken, name)).map(({ name }) => ({
    prop, value: name, wrong: 'is the name of another container of this pod', fix: 'give the container another name',
  })));
}

function containerNames({ component, initContainers }: PodSpec, options: CheckedOptions): string[] {
  return [component, ...initContainers.map(({ name }) => name), ...USERS.flatMap((prop) => (options[prop] ?? []).map(({ name }) => name))];
}

/** The options with containers of the user's own. */
const USERS = ['initContainers', 'sidecars', 'containers'] as const;

/** Whether a value was there before; from now on it is. */
function seen(values: Set<string>, value: string): boolean {
  const before = values.has(value);
  values.add(value);
  return before;
}

/** A pod is killed at the end of its grace period, whatever still sleeps. */
function sleepProblems({ terminationGracePeriodSeconds: grace }: PodSpec, options: CheckedOptions): Problem[] {
  const problem = (prop: string, lifecycle: k8s.Lifecycle | undefined): Problem[] => {
    return (['postStart', 'preStop'] as const).flatMap((hook) => {
      const seconds = lifecycle?.[hook]?.sleep?.seconds;
      return seconds === undefined || seconds < grace ? [] : [{
        prop: `${prop}.${hook}.sleep.seconds`, value: seconds,
        wrong: `is not less than the termination grace period of ${grace} seconds, after which the pod is killed`, fix: `give less than ${grace}`,
      }];
    });
  };
  return [
    ...problem('lifecycle', options.lifecycle),
    ...USERS.flatMap((prop) => (options[prop] ?? []).flatMap(({ name, lifecycle }) => problem(`${prop} '${name}' lifecycle`, lifecycle))),
  ];
}

function dnsProblems({ dnsPolicy, dnsConfig }: CheckedOptions): Problem[] {
  return dnsPolicy !== 'None' || (dnsConfig?.nameservers ?? []).length > 0 ? [] : [{
    prop: 'dnsConfig.nameservers', value: undefined, wrong: 'is missing, and dnsPolicy None has no others', fix: 'give at least one',
  }];
}

function podSecurity({ user }: PodSpec, options: CheckedOptions): k8s.PodSecurityContext {
  return {
    runAsNonRoot: true, runAsUser: user, runAsGroup: user, fsGroup: user, fsGroupChangePolicy: 'OnRootMismatch', ...options.podSecurityContext,
  };
}

function containerSecurity({ securityContext }: CheckedOptions): k8s.SecurityContext {
  return {
    runAsNonRoot: true,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
    ...securityContext,
  };
}

/**
 * A tag that can move is looked up each time, or nodes run different builds and fixes never arrive. What is fixed is not, or a
 * registry that does not answer would stop a restart.
 */
function pullPolicy(image: string): 'IfNotPresent' | 'Always' {
  return isFixed(parseImage(image)) ? 'IfNotPresent' : 'Always';
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}
