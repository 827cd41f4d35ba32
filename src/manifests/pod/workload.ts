import { asList, asMap, asNumber, asScalar, get, JsonObject, Path } from '../json';
import { HOSTNAME } from '../labels';
import { Resource } from '../resource';
import { Container } from './container';
import { Sources } from './sources';
import { readVolumes, Volume } from './volumes';

/** Where each kind keeps its pod. */
const POD_PATHS: Record<string, Path> = {
  Pod: [], CronJob: ['spec', 'jobTemplate', 'spec', 'template'], ScaledJob: ['spec', 'jobTargetRef', 'template'],
  ...Object.fromEntries([
    'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'ReplicationController', 'Job', 'Rollout', 'DeploymentConfig',
  ].map((kind) => [kind, ['spec', 'template']])),
};

/** Keeps a number of pods running, all alike. */
const SCALED = new Set(['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController', 'Rollout', 'DeploymentConfig']);

/** The grace period of a pod that names none, in seconds. */
export const DEFAULT_GRACE = 30;

/** An object that runs pods: a Deployment, a Job, a bare Pod. */
export class Workload {
  public readonly podPath: Path;
  public readonly spec: JsonObject;
  public readonly labels: JsonObject;
  public readonly annotations: JsonObject;
  public readonly volumes: ReadonlyMap<string, Volume>;
  /** Those that keep running: init containers only when they are sidecars. */
  public readonly containers: readonly Container[];
  public readonly initContainers: readonly Container[];
  /** The init containers, then those that keep running. */
  public readonly allContainers: readonly Container[];

  /** Of a kind whose pods are known. */
  public static isKnown({ kind }: Resource): boolean {
    return Object.hasOwn(POD_PATHS, kind);
  }

  public static is(resource: Resource): boolean {
    if (!Workload.isKnown(resource)) return false;
    // What a controller made is judged where it is declared.
    return asList(get(resource.json, 'metadata', 'ownerReferences')).length === 0;
  }

  public constructor(public readonly resource: Resource, sources: Sources) {
    this.podPath = POD_PATHS[resource.kind];
    const template = get(resource.json, ...this.podPath);
    this.spec = asMap(get(template, 'spec'));
    this.labels = asMap(get(template, 'metadata', 'labels'));
    this.annotations = asMap(get(template, 'metadata', 'annotations'));
    this.volumes = readVolumes(resource.json, this.spec, this.specPath);
    const read = (key: string, init: boolean) => asList(this.spec[key]).flatMap((json, i) => typeof json === 'object' && json !== null
      ? [new Container(this, asMap(json), [...this.specPath, key, i], init, sources)] : []);
    const init = read('initContainers', true);
    this.initContainers = init.filter((container) => container.json.restartPolicy !== 'Always');
    this.containers = [...read('containers', false), ...init.filter((container) => container.json.restartPolicy === 'Always')];
    this.allContainers = [...this.initContainers, ...this.containers];
  }

  public get specPath(): Path {
    return [...this.podPath, 'spec'];
  }

  /** Undefined for what does not keep a number of pods: jobs, bare pods, DaemonSets. */
  public get replicas(): number | undefined {
    if (!SCALED.has(this.resource.kind)) return undefined;
    return asNumber(get(this.resource.json, 'spec', 'replicas')) ?? 1;
  }

  /** Restarts what ends: a Job does not. */
  public get longRunning(): boolean {
    return !['Job', 'CronJob', 'ScaledJob'].includes(this.resource.kind);
  }

  public get graceSeconds(): number {
    return asNumber(this.spec.terminationGracePeriodSeconds) ?? DEFAULT_GRACE;
  }

  /** Nobody has chosen its grace period: in a cluster, the API server writes the default. */
  public get hasDefaultGrace(): boolean {
    const given = this.spec.terminationGracePeriodSeconds;
    return given === undefined || (this.resource.live && given === DEFAULT_GRACE);
  }

  public get serviceLinks(): boolean {
    return this.spec.enableServiceLinks !== false;
  }

  /** Pods that are kept on one node: by its name, or next to others. */
  public get onOneNode(): boolean {
    const { nodeName, nodeSelector, affinity } = this.spec;
    return nodeName !== undefined || get(nodeSelector, HOSTNAME) !== undefined
      || asList(get(affinity, 'podAffinity', 'requiredDuringSchedulingIgnoredDuringExecution')).length > 0
      || JSON.stringify(get(affinity, 'nodeAffinity') ?? '').includes(HOSTNAME);
  }

  /** Starts the new pod before the old one is gone. */
  public get rolls(): boolean {
    const { kind, json } = this.resource;
    const strategy = get(json, 'spec', 'strategy');
    if (kind === 'Rollout' && get(strategy, 'blueGreen') !== undefined) return true;
    const [rolling, options] = { Deployment: ['RollingUpdate', 'rollingUpdate'], DeploymentConfig: ['Rolling', 'rollingParams'], Rollout: ['', 'canary'] }[kind] ?? [];
    const type = get(strategy, 'type');
    if (rolling === undefined || (type !== undefined && type !== rolling)) return false;
    const surge = asScalar(get(strategy, options, 'maxSurge'));
    return surge !== '0' && surge !== '0%';
  }
}
