import { ApiObject, Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { CeleryApp } from './celery-app';
import { FlowerAuth } from './flower-auth';
import { FlowerExposure } from './flower-exposure';
import { FlowerProbes } from './flower-probes';
import { PodOptions } from './pod-options';
import { celeryComponent, componentName } from './celery-component';
import * as checks from './validation/checks';
import type * as k8s from './kubernetes/api/types';
import { exposureObject, ExposureSpec } from './kubernetes/exposure';
import { merge, POD_OPTIONS, podOptions } from './kubernetes/options';
import { LAUNCHER } from './launcher';
import { hidden, PropChecks, sound, text, withMember } from './validation/props';
import { CELERY } from './validation/stand-ins';
import { objectMetadata, service, SINGLETON } from './kubernetes/pods';
import { Problem } from './validation/problems';

/** Properties of `CeleryFlower`. */
export interface CeleryFlowerProps extends PodOptions {
  /** The application whose workers and tasks are shown. */
  readonly celery: CeleryApp;

  /**
   * The name of the Deployment and of the Service.
   *
   * @default - the name of the app and the id of the construct: `celery-flower`
   */
  readonly name?: string;

  /**
   * A command in front of `celery`, as a list of arguments without a shell.
   *
   * @default - that of the app
   */
  readonly launcher?: string[];

  /**
   * Who may use it. Required with `exposure`.
   *
   * @default FlowerAuth.none(): everybody who can reach the Service, which is of type ClusterIP
   */
  readonly auth?: FlowerAuth;

  /**
   * How it is reached from outside the cluster.
   *
   * @default - not at all: the Service is of type ClusterIP
   */
  readonly exposure?: FlowerExposure;

  /**
   * The path below which it answers: `'/flower'`. It is that of the exposure, too; nothing may strip it on the way.
   *
   * @default - the root
   */
  readonly urlPrefix?: string;

  /**
   * How Kubernetes learns whether it answers.
   *
   * @default FlowerProbes.healthcheck()
   */
  readonly probes?: FlowerProbes;
}

const PROPS: PropChecks<CeleryFlowerProps> = {
  ...POD_OPTIONS,
  celery: CELERY,
  name: text('the name of the Deployment and of the Service'),
  launcher: LAUNCHER,
  auth: hidden(withMember('_env', 'a FlowerAuth', 'e.g. FlowerAuth.basic({ name: \'flower\', key: \'users\' })')),
  exposure: withMember('_spec', 'a FlowerExposure', 'e.g. FlowerExposure.ingress({ host: \'flower.example.com\', tls: \'flower-tls\' })'),
  urlPrefix: text('e.g. \'/flower\''),
  probes: withMember('_probes', 'FlowerProbes', 'e.g. FlowerProbes.healthcheck()'),
};

const PORT = 5555;
const URL_PREFIX = /^\/?[\w~-][\w.~-]*(\/[\w~-][\w.~-]*)*\/?$/;
/** Its own defaults, 100000 tasks and 5000 workers that never go, outgrow any pod. A flag would win over a variable of the user's. */
const LIMITS = { max_tasks: 10000, max_workers: 500, purge_offline_workers: 300 };
const HTTP_PORT: k8s.ContainerPort = { containerPort: PORT, name: 'http' };

/**
 * Flower: a page that shows workers and tasks.
 *
 * It reads the broker and does not import the app, so an error in the code leaves it running. The workers of the app send the events
 * that it shows, unless their `taskEvents` is false.
 *
 * It keeps 10000 tasks and 500 workers, and forgets a worker that has been offline for 300 seconds, unless `env` has
 * FLOWER_MAX_TASKS, FLOWER_MAX_WORKERS or FLOWER_PURGE_OFFLINE_WORKERS.
 *
 * Synth fails if a name, path or quantity is not one that Kubernetes or Flower accepts.
 *
 * @see https://flower.readthedocs.io/
 */
export class CeleryFlower extends Construct {
  /** The Deployment. */
  public readonly deployment: ApiObject;
  /** The Service, on port 5555. */
  public readonly service: ApiObject;
  /** The Ingress, of an exposure by `FlowerExposure.ingress`. */
  public readonly ingress?: ApiObject;
  /** The HTTPRoute, of an exposure by `FlowerExposure.httpRoute`. */
  public readonly httpRoute?: ApiObject;
  /** @internal what leads to it from outside the cluster, for the policy that admits its controller */
  public readonly _exposure?: ExposureSpec;

  public constructor(scope: Construct, id: string, props: CeleryFlowerProps) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const { urlPrefix } = props;
    const auth = props.auth ?? FlowerAuth.none();
    const own = podOptions(props);
    this._exposure = props.exposure?._spec;
    const given = (variable: string): boolean => (own.env ?? []).some(({ name }) => name === variable);
    const prefix = urlPrefix?.replace(/^\/*|\/+$/g, '');
    const path = prefix ? `/${prefix}` : '';
    const name = componentName(this, props);
    const { deployment, pod, options } = celeryComponent(this, own, {
      component: 'flower',
      celery: props.celery,
      name,
      launcher: props.launcher,
      deployment: SINGLETON,
      command: () => [
        'celery', 'flower', `--port=${PORT}`,
        ...Object.entries(LIMITS).filter(([option]) => !given(`FLOWER_${option.toUpperCase()}`)).map(([option, value]) => `--${option}=${value}`),
        ...(prefix ? [`--url_prefix=${prefix}`] : []),
      ],
      env: auth._env(),
      ports: [HTTP_PORT],
      probes: (props.probes ?? FlowerProbes.healthcheck())._probes(path),
      terminationGracePeriod: Duration.seconds(30),
      resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '384Mi' } },
      needs: ['flower'],
      code: false,
      problems: [
        ...auth._problems(this._exposure),
        ...this._exposure?.problems ?? [],
        ...overridden(auth._annotations, { ...merge(props.celery._options, own).annotations, ...this._exposure?.annotations }),
        ...checks.serviceName('name', name),
        ...(urlPrefix === undefined || URL_PREFIX.test(urlPrefix) ? [] : [{
          prop: 'urlPrefix', value: urlPrefix, wrong: 'is not a path', fix: 'give e.g. \'/flower\'',
        }]),
      ],
    });
    props.celery._flowers.push(this);
    this.deployment = deployment;
    this.service = service(this, pod, options, HTTP_PORT);
    if (!this._exposure) return;
    const { labels, annotations } = objectMetadata(pod, options);
    const exposed = exposureObject(this, this._exposure, { path: path || '/', service: name, port: PORT }, {
      labels, annotations: { ...annotations, ...this._exposure.annotations, ...auth._annotations },
    });
    if (this._exposure.kind === 'Ingress') this.ingress = exposed;
    else this.httpRoute = exposed;
  }
}

/** Annotations of the login that others would replace. */
function overridden(login: Readonly<Record<string, string>>, others: Readonly<Record<string, string>>): Problem[] {
  return Object.keys(others).filter((name) => Object.hasOwn(login, name) && login[name] !== others[name]).map((name) => ({
    prop: `annotations['${name}']`, value: others[name], wrong: 'is not what FlowerAuth.atProxy gives, and the login depends on it', fix: 'leave it out',
  }));
}
