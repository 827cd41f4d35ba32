import { ApiObject, Chart, Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { BROKER_TRANSPORT } from '../manifests/domain';
import { agentEnv, agentProbes, checkAgent, checkAgentEnv } from './health/agent';
import { AGENT_PACKAGE, AGENT_PATH, LAUNCH, LAUNCH_PACKAGE } from '../celery/agent-names';
import * as checks from './validation/checks';
import { guard } from './validation/guard';
import { checkAwsEnv, checkOwnedEnv } from './validation/owned-env';
import type * as k8s from './kubernetes/api/types';
import { variables } from './kubernetes/env';
import { CheckedOptions, merge, mergeBy } from './kubernetes/options';
import { checkPod, deployment, DeploymentSpec, Mount, PodSpec } from './kubernetes/pods';
import { componentPolicy } from './network/component-policy';
import { describe, Problem, refuse } from './validation/problems';
import { AppContent } from './app-content';
import type { CeleryApp } from './celery-app';
import { checkExecCommands } from './exec-commands';
import { HealthCheck } from './health/health-check';
import { checkLoader, loaderEnv, LoaderParts, timeoutLoader } from './shared-settings';
import { isMadeBy, ofAnotherApp } from './init-container-owners';
import { launched } from './launcher';
import { connectionSecrets, withRotation } from './rotation';
import { secondsOfWait } from './wait-command';
import { AUTOSCALER_GRACE, NOT_MOVED } from '../manifests/node-autoscalers';

/** The pod of a worker, Beat, Flower or job: what differs between them. */
export interface CeleryPodSpec {
  readonly component: 'worker' | 'beat' | 'flower' | 'job';
  readonly celery: CeleryApp;
  /** The code and what installs Celery, where they are not those that the pods of the app share. */
  readonly content?: AppContent;
  /** Its name, from `componentName`. */
  readonly name: string;
  /** Its command line from `celery` on; its words may be known only when the manifests are written. */
  readonly command: () => readonly string[];
  /** What comes before `celery`, where it is not that of the app. */
  readonly launcher?: readonly string[];
  readonly terminationGracePeriod: Duration;
  /** Whether all containers of the pod see each other's processes; `alone`: only where there is no other. */
  readonly shareProcessNamespace?: boolean | 'alone';
  /** How its pods are spread where nothing else is given. */
  readonly spread?: readonly k8s.TopologySpreadConstraint[];
  readonly resources: k8s.ResourceRequirements;
  readonly env?: readonly k8s.EnvVar[];
  readonly ports?: readonly k8s.ContainerPort[];
  /** Its probes, where there is no health check that has them. */
  readonly probes?: Pick<k8s.Container, 'livenessProbe' | 'readinessProbe'>;
  /** How its health is checked; undefined for what has no agent. */
  readonly healthCheck?: HealthCheck;
  /** Whether tasks run in the process of the agent, so that they can keep it from answering. */
  readonly tasksShareProcess?: boolean;
  /** The scheduler that the agent of Beat wraps. */
  readonly scheduler?: string;
  readonly mounts?: readonly Mount[];
  /** What it needs of the lock in addition to Celery. */
  readonly needs?: readonly string[];
  /** Whether it has no settings on its command line: Flower, and commands of jobs and init containers. */
  readonly sharesSettings?: boolean;
  /** Settings of its own in addition to those. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Whether it imports a package of ours that is mounted next to the agent. */
  readonly importsOurs?: boolean;
  /** The port of pages that it serves. */
  readonly pagesPort?: number;
  /** What it connects to in addition to what all pods of the app do. */
  readonly egress?: readonly k8s.NetworkPolicyEgressRule[];
  /** Annotations of its NetworkPolicy, in addition to those of its other objects. */
  readonly policyAnnotations?: Record<string, string>;
  /** Whether it imports the user's code, and so gets its environment. */
  readonly code: boolean;
  /** What is wrong with the props of the component itself. */
  readonly problems: readonly Problem[];
}

/** A worker, Beat or Flower. */
export interface CeleryComponentSpec extends CeleryPodSpec {
  readonly deployment: DeploymentSpec;
}

/** A pod in full, and the options that it has of its app and of its own. */
export interface CeleryPod {
  readonly pod: PodSpec;
  readonly options: CheckedOptions;
}

/** What every component has: its pod, and its Deployment. */
export interface CeleryComponent extends CeleryPod {
  readonly deployment: ApiObject;
  /** Undefined where the app has an open network. */
  readonly networkPolicy?: ApiObject;
}

const CELERY_USER = 1000;

/** The number of seconds without progress after which Kubernetes reports a rollout as failed, where nobody says it. */
export const PROGRESS_DEADLINE = 600;

/** Makes the Deployment of a component, and refuses what is wrong with it. */
export function celeryComponent(scope: Construct, own: CheckedOptions, spec: CeleryComponentSpec): CeleryComponent {
  const made = celeryPod(scope, own, spec);
  const waits = (made.options.initContainers ?? []).filter((container) => secondsOfWait(container) > 0);
  const rollout = { ...spec.deployment, progressDeadlineSeconds: spec.deployment.progressDeadlineSeconds ?? deadline(waits) };
  refuse(scope, shortDeadline(spec.deployment.progressDeadlineSeconds, waits));
  // Applied in this order: there is no moment in which a pod has no policy.
  const options = withRotation(scope, connectionSecrets(spec.celery, spec.env), made.options);
  return { ...made, networkPolicy: networkPolicy(scope, spec, made), deployment: deployment(scope, 'Resource', made.pod, rollout, options) };
}

/** Whether no container runs next to Celery: a sidecar may also be given as an init container that is always restarted. */
function isAlone({ sidecars = [], containers = [], initContainers = [] }: CheckedOptions): boolean {
  return sidecars.length + containers.length === 0 && initContainers.every(({ restartPolicy }) => restartPolicy !== 'Always');
}

/** What Kubernetes has, and the time that init containers wait, which is no progress. */
function deadline(waits: readonly k8s.Container[]): number | undefined {
  return waits.length > 0 ? PROGRESS_DEADLINE + sum(waits) : undefined;
}

/** A rollout that would be reported as failed before its pods have waited. */
function shortDeadline(given: number | undefined, waits: readonly k8s.Container[]): Problem[] {
  return given === undefined || given < 1 || given > sum(waits) ? [] : [{
    prop: 'progressDeadlineSeconds', value: given,
    wrong: `is not more than the ${sum(waits)} s that ${waits.map(({ name }) => name).join(' and ')} of waitFor() may wait, so a rollout would be reported as failed before`,
    fix: `leave it out, or give more than ${sum(waits)}, or waitFor() a shorter timeout`,
  }];
}

function sum(waits: readonly k8s.Container[]): number {
  return waits.reduce((seconds, container) => seconds + secondsOfWait(container), 0);
}

/** The NetworkPolicy of the pods of a component or a job. */
export function networkPolicy(scope: Construct, spec: CeleryPodSpec, { pod, options }: CeleryPod): ApiObject | undefined {
  const { celery, healthCheck, pagesPort, egress, policyAnnotations } = spec;
  const installs = celery.runtime._requirements !== undefined;
  return componentPolicy(scope, celery, pod, options, { agentPort: healthCheck?._agent?.port, pagesPort, installs, egress }, policyAnnotations);
}

/**
 * The pod of a component or a job; what is wrong with it is refused. A prop goes one way: `sound` reads it, the checks here see it, and
 * kubernetes/pods.ts renders it.
 */
export function celeryPod(scope: Construct, own: CheckedOptions, spec: CeleryPodSpec): CeleryPod {
  const { celery, healthCheck } = spec;
  const content = spec.content ?? celery._content;
  const { code: codeVolume, runtime, launch } = content;
  const agent = healthCheck?._agent;
  const { composed, loaded } = celery._broker;
  const code = spec.code ? celery.code._directory : undefined;
  const pythonPath = [...(code ? [code] : []), ...(agent || composed || loaded || spec.importsOurs ? [AGENT_PATH] : [])];
  const merged = merge({
    ...celery._options,
    ...(spec.code ? {} : { env: undefined, envFrom: undefined }),
    // They run on when the command of a Job has ended, and the Job would never be done; sidecars end with it.
    ...(spec.component === 'job' ? { containers: undefined } : {}),
  }, own);
  const ofAgent = agent && (spec.component === 'worker' || spec.component === 'beat') ? agentEnv(agent, spec.component, spec.scheduler) : [];
  const grace = spec.terminationGracePeriod.toSeconds({ integral: false });
  const options = {
    ...merged,
    ...(spec.spread && merged.topologySpreadConstraints === undefined ? { topologySpreadConstraints: spec.spread } : {}),
    env: merged.env ?? [],
    ...withAnnotations({ ...(grace > AUTOSCALER_GRACE ? NOT_MOVED : {}), ...transportOf(celery) }, merged),
  };
  const hasLoader = (spec.env ?? []).some(({ name }) => name === 'CELERY_LOADER');
  const loader = (path: readonly string[]): LoaderParts =>
    spec.sharesSettings ? loaderEnv(celery, path, spec.settings, content) : timeoutLoader(celery, path);
  const settle = (container: k8s.Container): k8s.Container => isMadeBy(celery, container) ? withTimeout(celery, container) : container;
  const tmp: k8s.Volume = { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } };
  const pod: PodSpec = {
    name: spec.name,
    application: 'celery',
    component: spec.component,
    partOf: celery.name,
    user: CELERY_USER,
    terminationGracePeriodSeconds: grace,
    shareProcessNamespace: spec.shareProcessNamespace === 'alone' ? isAlone(merged) || undefined : spec.shareProcessNamespace,
    resources: spec.resources,
    initContainers: runtime.initContainers(spec.needs ?? [], tmp),
    settle,
    volumes: () => loads(options.initContainers?.map(settle)) ? [launch().volume] : [],
    container: {
      image: celery.runtime._image,
      command: () => [...(composed ? LAUNCH : []), ...launched(spec.launcher ?? celery._launcher, spec.command())],
      workingDir: code ?? '/tmp',
      ports: [...spec.ports ?? [], ...(agent ? [{ containerPort: agent.port, name: 'health' }] : [])],
      ...(agent ? agentProbes(agent, spec.tasksShareProcess ?? false, grace) : { ...spec.probes, ...healthCheck?._probes }),
      // The code's mount comes before those inside it.
      mounts: [
        ...(code && codeVolume ? [{ path: code, volume: codeVolume, readOnly: true }] : []),
        ...runtime.mounts,
        ...celery._broker.mounts,
        ...(agent ? [{ path: AGENT_PACKAGE, volume: celery._agentVolume(), readOnly: true }] : []),
        ...(composed || loaded ? [launch()] : []),
        { path: '/tmp', volume: tmp },
        ...spec.mounts ?? [],
      ],
      late: () => loader(pythonPath),
      env: mergeBy('name', [
        ...celery._broker.env,
        ...variables({ HOME: '/tmp', PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' }),
        ...(pythonPath.length > 0 ? variables({ PYTHONPATH: pythonPath.join(':') }) : []),
        ...ofAgent,
      ], [...runtime.env, ...spec.env ?? []]),
    },
  };
  refuse(scope, [
    ...checks.name('name', pod.name),
    ...spec.problems,
    ...healthCheck?._problems ?? [],
    ...(composed ? checkExecCommands(healthCheck, merged.lifecycle) : []),
    // An init container of the app has no annotations of a pod.
    ...checkPod(pod, scope === celery ? { ...options, podAnnotations: undefined } : options),
    ...checkOwnedEnv(own.env, { installs: celery.runtime._requirements !== undefined, pythonPath }),
    ...checkAwsEnv(own.env, celery._broker.env),
    ...sameNamespace(scope, celery),
    ...ofAnotherApp(celery, merged.initContainers ?? []),
    ...(loaded ? checkLoader(own.env) : []),
    ...(agent ? [...checkAgent(agent), ...checkAgentEnv(options.env, ofAgent)] : []),
  ]);
  if (!loaded) scope.node.addValidation({ validate: () => hasLoader || loader([]).env.length > 0 ? checkLoader(merged.env).map(describe) : [] });
  celery._pods.push({ scope, role: spec.component, neighbours: (options.sidecars ?? []).length + (options.containers ?? []).length });
  guard(scope);
  return { pod, options };
}

function withAnnotations(ours: Record<string, string>, { podAnnotations }: CheckedOptions): Pick<CheckedOptions, 'podAnnotations'> {
  return Object.keys(ours).length === 0 ? {} : { podAnnotations: { ...ours, ...podAnnotations } };
}

/** What no manifest shows where the whole URL is in a Secret. Rules take it for a Redis otherwise. */
function transportOf({ _broker: { env, transport = 'redis' } }: CeleryApp): Record<string, string> {
  const hidden = env.some(({ name, valueFrom }) => name === 'CELERY_BROKER_URL' && valueFrom !== undefined);
  return hidden && transport !== 'redis' && transport !== 'rediss' ? { [BROKER_TRANSPORT]: transport } : {};
}

/** Whether init containers import the loader. */
function loads(containers: readonly k8s.Container[] = []): boolean {
  return containers.some(({ volumeMounts = [] }) => volumeMounts.some(({ mountPath }) => mountPath === LAUNCH_PACKAGE));
}

/** An init container that the app has made before the workers from which its visibility timeout follows. */
function withTimeout(celery: CeleryApp, container: k8s.Container): k8s.Container {
  const { env = [], volumeMounts = [] } = container;
  const path = env.find(({ name }) => name === 'PYTHONPATH')?.value?.split(':') ?? [];
  const loader = loaderEnv(celery, path);
  const mounts = loads([container]) ? [] : loader.mounts.map(({ path: mountPath, volume: { name }, ...mount }) => ({ name, mountPath, ...mount }));
  return { ...container, env: mergeBy('name', env, loader.env), volumeMounts: [...volumeMounts, ...mounts] };
}

/** `celery-worker` for a component `worker`, and for a component `celery-worker`, of an app `celery`. */
export function componentName(scope: Construct, { name, celery }: { readonly name?: string; readonly celery: CeleryApp }): string {
  const { id } = scope.node;
  return name ?? (id === celery.name || id.startsWith(`${celery.name}-`) ? id : `${celery.name}-${id}`);
}

/** A pod can't mount the ConfigMap of another namespace. */
function sameNamespace(scope: Construct, celery: CeleryApp): Problem[] {
  const [own, apps] = [Chart.of(scope).namespace, Chart.of(celery).namespace];
  return own === apps ? [] : [{
    prop: 'namespace', value: own, wrong: `is not '${apps}', the namespace of the app ${celery.node.path}, whose ConfigMaps the pods mount`,
    fix: 'put both into one chart, or give both charts one namespace',
  }];
}
