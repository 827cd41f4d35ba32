import { ApiObject, Chart, Duration, JsonPatch } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { agentEnv, agentProbes, checkAgent, checkAgentEnv } from './health/agent';
import { AGENT_PACKAGE, AGENT_PATH } from '../celery/agent-names';
import * as checks from './validation/checks';
import { guard } from './validation/guard';
import { checkOwnedEnv, withPythonPath } from './validation/owned-env';
import { checkOptions, ComponentSpec, deployment, merge } from './kubernetes/pods';
import { Problem, refuse } from './validation/problems';
import { CeleryApp } from './celery-app';
import { HealthCheck } from './health/health-check';
import { PodOptions } from './pod-options';

/** A worker, Beat or Flower: what differs between them. */
export interface CeleryComponentSpec {
  readonly component: 'worker' | 'beat' | 'flower';
  readonly celery: CeleryApp;
  /** The user's name for it. */
  readonly name?: string;
  readonly command: string[];
  readonly replicas: number;
  readonly singleton?: boolean;
  readonly strategy?: kplus.DeploymentStrategy;
  readonly terminationGracePeriod: Duration;
  readonly resources: kplus.ContainerResources;
  readonly env?: Record<string, kplus.EnvValue>;
  readonly ports?: kplus.ContainerPort[];
  readonly liveness?: kplus.Probe;
  /** What its health is told by; undefined for what has no agent. */
  readonly healthCheck?: HealthCheck;
  /** Whether tasks run in the process of the agent, so that they can keep it from answering. */
  readonly tasksShareProcess?: boolean;
  /** The scheduler that the agent of Beat wraps. */
  readonly scheduler?: string;
  readonly mounts?: kplus.VolumeMount[];
  /** What it needs of the lock in addition to Celery. */
  readonly needs?: readonly string[];
  /** Whether it imports the user's code. */
  readonly code: boolean;
  /** What is wrong with the props of the component itself. */
  readonly problems: Problem[];
}

/** What every component has: its spec in full, and its Deployment. */
export interface CeleryComponent {
  readonly spec: ComponentSpec;
  readonly options: PodOptions;
  readonly deployment: kplus.Deployment;
}

const CELERY_USER = 1000;
/** Those of an init container that installs. */
const INSTALL_VOLUMES = [{ name: 'install' }, { name: 'pip-conf' }];

/** Makes the Deployment of a component, and refuses what is wrong with it. */
export function celeryComponent(scope: Construct, own: PodOptions, spec: CeleryComponentSpec): CeleryComponent {
  const { celery } = spec;
  const merged = merge(celery._options, own);
  const agent = spec.healthCheck?._agent;
  const name = componentName(scope, spec);
  const tmp = kplus.Volume.fromEmptyDir(scope, 'Tmp', 'tmp');
  const code = spec.code ? celery.code._directory : undefined;
  // The code's mount comes before those inside it.
  const probes = agent ? agentProbes(agent, spec.tasksShareProcess ?? false) : { liveness: spec.liveness, ...spec.healthCheck?._probes };
  const toldAgent = agent && spec.component !== 'flower' ? agentEnv(agent, spec.component, spec.scheduler) : {};
  const pythonPath = [...(code ? [code] : []), ...(agent ? [AGENT_PATH] : [])];
  const options = { ...merged, env: withPythonPath(merged.env, pythonPath) };
  const mounts: kplus.VolumeMount[] = [
    ...(code && celery._codeVolume ? [{ path: code, volume: celery._codeVolume, readOnly: true }] : []),
    ...celery._runtime.mounts,
    ...(agent ? [{ path: AGENT_PACKAGE, volume: celery._agentVolume(), readOnly: true }] : []),
    { path: '/tmp', volume: tmp },
    ...spec.mounts ?? [],
  ];
  refuse(scope, [
    ...checks.name('name', name),
    ...spec.problems,
    ...spec.healthCheck?._problems ?? [],
    ...checkOptions(options, [
      ...mounts.map(({ path, volume }) => ({ name: volume.name, path })), ...INSTALL_VOLUMES,
    ]),
    ...checkOwnedEnv(own.env, { installs: celery.runtime._requirements !== undefined, pythonPath }),
    ...sameNamespace(scope, celery),
    ...(agent ? [...checkAgent(agent), ...checkAgentEnv(options.env, toldAgent)] : []),
  ]);
  guard(scope);

  const component: ComponentSpec = {
    name,
    application: 'celery',
    component: spec.component,
    partOf: celery.name,
    replicas: spec.replicas,
    singleton: spec.singleton,
    strategy: spec.strategy,
    user: CELERY_USER,
    terminationGracePeriod: spec.terminationGracePeriod,
    resources: spec.resources,
    initContainers: celery._runtime.initContainers(spec.needs ?? [], tmp),
    container: {
      image: celery.runtime._image,
      command: spec.command,
      workingDir: code ?? '/tmp',
      ports: [...spec.ports ?? [], ...(agent ? [{ number: agent.port, name: 'health' }] : [])],
      ...probes,
      volumeMounts: mounts,
      envVariables: {
        CELERY_BROKER_URL: celery.broker.url,
        CELERY_RESULT_BACKEND: celery.resultBackend,
        ...BASE_ENV,
        ...(pythonPath.length > 0 ? { PYTHONPATH: kplus.EnvValue.fromValue(pythonPath.join(':')) } : {}),
        ...toldAgent,
        ...celery._runtime.env,
        ...spec.env,
      },
    },
  };
  const result = deployment(scope, 'Resource', component, options);
  if (agent) {
    // Without it, a process that hangs would be killed only when the longest task could have ended.
    ApiObject.of(result).addJsonPatch(JsonPatch.add(
      '/spec/template/spec/containers/0/livenessProbe/terminationGracePeriodSeconds',
      Math.min(agent.terminationGracePeriod.toSeconds({ integral: false }), spec.terminationGracePeriod.toSeconds()),
    ));
  }
  return { spec: component, options, deployment: result };
}

const BASE_ENV = {
  HOME: kplus.EnvValue.fromValue('/tmp'),
  PYTHONUNBUFFERED: kplus.EnvValue.fromValue('1'),
  PYTHONDONTWRITEBYTECODE: kplus.EnvValue.fromValue('1'),
};

/** `celery-worker` for a component `worker`, and for a component `celery-worker`, of an app `celery`. */
function componentName(scope: Construct, { name, celery }: CeleryComponentSpec): string {
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
