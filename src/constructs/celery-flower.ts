import { ApiObject, Duration } from 'cdk8s';
import { Construct } from 'constructs';
import { CeleryApp } from './celery-app';
import { FlowerAuth } from './flower-auth';
import { PodOptions } from './pod-options';
import { celeryComponent, componentName } from './celery-component';
import * as checks from './validation/checks';
import type * as k8s from './kubernetes/api/types';
import { POD_OPTIONS, podOptions } from './kubernetes/options';
import { LAUNCHER } from './launcher';
import { hidden, PropChecks, sound, text, withMember } from './validation/props';
import { CELERY } from './validation/stand-ins';
import { service, SINGLETON } from './kubernetes/pods';

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
   * Who may use it.
   *
   * @default FlowerAuth.none(): everybody who can reach the Service, which is of type ClusterIP
   */
  readonly auth?: FlowerAuth;

  /**
   * The path under which an Ingress offers it: `'/flower'`.
   *
   * @default - the root
   */
  readonly urlPrefix?: string;
}

const PROPS: PropChecks<CeleryFlowerProps> = {
  ...POD_OPTIONS,
  celery: CELERY,
  name: text('the name of the Deployment and of the Service'),
  launcher: LAUNCHER,
  auth: hidden(withMember('_env', 'a FlowerAuth', 'e.g. FlowerAuth.basic({ name: \'flower\', key: \'users\' })')),
  urlPrefix: text('e.g. \'/flower\''),
};

const PORT = 5555;
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

  public constructor(scope: Construct, id: string, props: CeleryFlowerProps) {
    super(scope, id);
    props = sound(this, props, PROPS);
    const { urlPrefix } = props;
    const auth = props.auth ?? FlowerAuth.none();
    const own = podOptions(props);
    const closed = auth._env.length > 0;
    const given = (variable: string): boolean => (own.env ?? []).some(({ name }) => name === variable);
    const prefix = urlPrefix?.replace(/^\/*|\/+$/g, '');
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
      env: auth._env,
      ports: [HTTP_PORT],
      // `/` answers 401 where a login is asked for, and 404 under a prefix.
      liveness: {
        httpGet: { path: prefix ? `/${prefix}/healthcheck` : closed ? '/healthcheck' : '/', port: PORT, scheme: 'HTTP' },
        initialDelaySeconds: 60,
        periodSeconds: 10,
        timeoutSeconds: 5,
        failureThreshold: 3,
      },
      terminationGracePeriod: Duration.seconds(30),
      resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '384Mi' } },
      needs: ['flower'],
      code: false,
      problems: [...auth._problems, ...checks.serviceName('name', name), ...(urlPrefix === undefined || /^\/?[\w~-][\w.~-]*(\/[\w~-][\w.~-]*)*\/?$/.test(urlPrefix) ? [] : [{
        prop: 'urlPrefix', value: urlPrefix, wrong: 'is not a path', fix: 'give e.g. \'/flower\'',
      }])],
    });
    props.celery._flowers.push(this);
    this.deployment = deployment;
    this.service = service(this, pod, options, HTTP_PORT);
  }
}
