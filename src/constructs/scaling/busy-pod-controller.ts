import { ApiObject, Chart } from 'cdk8s';
import { Construct } from 'constructs';
import { BUSY_PACKAGE_NAME, BUSY_PATH, BUSY_PROGRAM } from '../../celery/agent-names';
import { parseImage, pythonVersion } from '../../celery/image';
import { meets } from '../../celery/versions';
import { LABELS } from '../../manifests/labels';
import { CeleryApp } from '../celery-app';
import { componentName } from '../celery-component';
import { packageFiles } from '../health/python-package';
import type * as k8s from '../kubernetes/api/types';
import { contentConfigMap } from '../kubernetes/content-config-map';
import { CheckedOptions, merge, POD_OPTIONS, podOptions } from '../kubernetes/options';
import { checkPod, deployment, objectMetadata, PodSpec, selectorLabels, SINGLETON } from '../kubernetes/pods';
import { DNS, egressToApiServer } from '../network/component-policy';
import { PodOptions } from '../pod-options';
import * as checks from '../validation/checks';
import { guard } from '../validation/guard';
import { Problem, refuse } from '../validation/problems';
import { PropChecks, sound, text } from '../validation/props';
import { CELERY } from '../validation/stand-ins';

/** Properties of `CeleryBusyPodController`. */
export interface CeleryBusyPodControllerProps extends PodOptions {
  /** The application whose workers it looks at. */
  readonly celery: CeleryApp;

  /**
   * The name of the Deployment, the ServiceAccount, the Role and the RoleBinding.
   *
   * @default - the name of the app and the id of the construct: `celery-busy-pods`
   */
  readonly name?: string;

  /**
   * An image with Python 3.9 or later. Nothing of the app is in the pod.
   *
   * @default 'python:3.11-slim'
   */
  readonly image?: string;
}

/**
 * Spares the pods of an app that run tasks: when a Deployment is scaled in, Kubernetes removes idle pods first.
 *
 * Every five seconds it asks the agents of the app's workers, and writes the annotation `controller.kubernetes.io/pod-deletion-cost` of the pods that
 * have begun to run tasks, or that have been idle for half a minute. Its ServiceAccount may get, list and patch pods of its namespace; no pod with
 * code of the app has a token. The policies of the app's workers admit it to the port of their agents.
 *
 * A pod that begins a task within those five seconds can be taken for idle: it finishes the task within its termination grace period, as every pod
 * does.
 *
 * Workers without `HealthCheck.agent()` are not looked at. One for each app: a second one is refused.
 *
 * @see https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/#pod-deletion-cost
 */
export class CeleryBusyPodController extends Construct {
  /** The Deployment. */
  public readonly deployment: ApiObject;
  /** What it may do: get, list and patch pods. */
  public readonly role: ApiObject;
  /** Who may. */
  public readonly roleBinding: ApiObject;
  /** Nobody connects to it, and with `CeleryNetwork.closed` it connects to the API server and to workers only. */
  public readonly networkPolicy?: ApiObject;
  /** By its labels. @internal */
  public readonly _peer: k8s.NetworkPolicyPeer;
  /** Its ServiceAccount, unless `serviceAccountName` names one that exists. */
  public readonly serviceAccount?: ApiObject;

  public constructor(scope: Construct, id: string, props: CeleryBusyPodControllerProps) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const { celery, image = 'python:3.11-slim' } = props;
    const name = componentName(this, props);
    const own = podOptions(props);
    const serviceAccountName = own.serviceAccountName ?? name;
    const options = { ...merge(ofTheApp(celery._options), own), serviceAccountName };
    const code = contentConfigMap(this, 'Code', `${name}-code`, packageFiles(BUSY_PACKAGE_NAME), { labels: celery._options.labels });
    const pod: PodSpec = {
      name,
      application: 'celery-busy-pods',
      component: 'busy-pods',
      partOf: celery.name,
      user: 1000,
      terminationGracePeriodSeconds: 10,
      resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '64Mi' } },
      initContainers: [],
      container: {
        image,
        command: () => ['python', BUSY_PROGRAM, `app.kubernetes.io/part-of=${celery.name},component=worker`],
        env: [{ name: 'PYTHONDONTWRITEBYTECODE', value: '1' }, { name: 'PYTHONUNBUFFERED', value: '1' }],
        mounts: [
          { path: BUSY_PATH, volume: { name: 'code', configMap: { name: code.name } }, readOnly: true },
          { path: '/var/run/secrets/kubernetes.io/serviceaccount', volume: { name: 'token', projected: TOKEN }, readOnly: true },
        ],
      },
    };
    refuse(this, [...checks.name('name', name), ...checks.image('image', image), ...checkPython(image), ...checkPod(pod, options), ...problems(this, celery)]);
    guard(this);
    this._peer = { podSelector: { matchLabels: selectorLabels(pod) } };
    celery._busyPodControllers.push(this);

    const metadata = objectMetadata(pod, options);
    const { namespace } = Chart.of(this);
    const rbac = (constructId: string, kind: string, fields: object): ApiObject => new ApiObject(this, constructId, {
      apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata: { name, ...metadata }, ...fields,
    });
    this.deployment = deployment(this, 'Resource', pod, SINGLETON, options);
    this.serviceAccount = own.serviceAccountName !== undefined ? undefined : new ApiObject(this, 'ServiceAccount', {
      apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, ...metadata }, automountServiceAccountToken: false,
    });
    this.networkPolicy = policy(this, celery, pod, metadata);
    this.role = rbac('Role', 'Role', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'patch'] }] });
    this.roleBinding = rbac('RoleBinding', 'RoleBinding', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: serviceAccountName, ...(namespace === undefined ? {} : { namespace }) }],
    });
  }
}

const PROPS: PropChecks<CeleryBusyPodControllerProps> = {
  ...POD_OPTIONS,
  celery: CELERY,
  name: text('the name of the Deployment'),
  image: text('e.g. \'python:3.13-slim\''),
};

/** What `automountServiceAccountToken` mounts, for this container only. */
const TOKEN: k8s.ProjectedVolumeSource = {
  sources: [
    { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
  ],
};

/** Where the pods of the app run, and not what is in them. */
function ofTheApp({
  env: _env, envFrom: _envFrom, volumes: _volumes, volumeMounts: _volumeMounts, initContainers: _initContainers, sidecars: _sidecars,
  containers: _containers, resources: _resources, lifecycle: _lifecycle, serviceAccountName: _serviceAccountName, ...placement
}: CheckedOptions): CheckedOptions {
  return placement;
}

function policy(
  scope: Construct, { name, _network: { _ingress: ingress, _egress: egress } }: CeleryApp, pod: PodSpec, metadata: object,
): ApiObject | undefined {
  if (!ingress) return undefined;
  const workers = { podSelector: { matchLabels: { [LABELS.partOf]: name, component: 'worker' } } };
  return new ApiObject(scope, 'NetworkPolicy', {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: pod.name, ...metadata },
    spec: {
      podSelector: { matchLabels: selectorLabels(pod) },
      policyTypes: ['Ingress', ...(egress ? ['Egress'] : [])],
      egress: egress && [DNS, egressToApiServer(egress), { to: [workers] }],
    },
  });
}

/** As far as its tag says. */
function checkPython(image: string): Problem[] {
  const python = pythonVersion(parseImage(image));
  return python === undefined || meets(python, '>=3.9') ? [] : [{
    prop: 'image', value: image, wrong: `has Python ${python}, and the controller needs 3.9 or later`, fix: 'give e.g. \'python:3.13-slim\', or leave it out',
  }];
}

function problems(scope: Construct, celery: CeleryApp): Problem[] {
  const namespaces = [Chart.of(scope).namespace, celery.namespace];
  return [
    ...celery._busyPodControllers.slice(0, 1).map((other) => ({
      prop: 'celery', value: celery.name, wrong: `is an app that has one already, ${other.node.path}`, fix: 'leave one of the two out',
    })),
    ...(namespaces[0] === namespaces[1] ? [] : [{
      prop: 'namespace', value: namespaces[0], wrong: `is not '${namespaces[1]}', the namespace of the app, whose pods it looks at`,
      fix: 'put both into one chart, or give both charts one namespace',
    }]),
  ];
}
