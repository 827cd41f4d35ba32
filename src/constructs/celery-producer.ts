import { ApiObject, Yaml } from 'cdk8s';
import { AGENT_PATH, CONNECTION_LOADER, CONNECTION_SETTINGS, LAUNCH, LAUNCH_PACKAGE } from '../celery/agent-names';
import type { CeleryApp } from './celery-app';
import { asGiven } from './kubernetes/as-given';
import type * as k8s from './kubernetes/api/types';
import { variables } from './kubernetes/env';
import { Shape } from './kubernetes/shape';
import * as checks from './validation/checks';
import { isInTree } from './validation/in-tree';
import { describe, refuse } from './validation/problems';
import { PropChecks, text, texts, typed } from './validation/props';
import { sharedSettings, timeoutEnv } from './shared-settings';
import { visibilityTimeout } from './visibility-timeout';

/** Where a producer runs. */
export interface CeleryProducerOptions {
  /**
   * The namespace of its pods. A broker that is a construct admits its pods; Secrets that the environment names must be there, too.
   *
   * @default - the namespace of the app
   */
  readonly namespace?: string;

  /**
   * The PYTHONPATH that the container has otherwise.
   *
   * @default - none
   */
  readonly pythonPath?: string;
}

/**
 * What a program needs that sends tasks of an app, and reads their results: a web application, a script. Made by `CeleryApp.producer`.
 *
 * All of it is plain data in Kubernetes' own shape, for any workload. `settings` are those that must be equal on both sides: the program gets
 * them by a loader (CELERY_LOADER), and what its code sets under the same names is kept.
 */
export class CeleryProducer {
  /** The namespace of its pods; undefined where the app has none. */
  public readonly namespace?: string;
  /** The ConfigMap in that namespace with the Python package that composes URLs and gives the settings; undefined where nothing needs it. */
  public readonly configMap?: ApiObject;

  private readonly pythonPath: string;

  /** @internal */
  public constructor(private readonly app: CeleryApp, given: CeleryProducerOptions) {
    const { options, problems } = typed(given, OPTIONS, { prefix: 'producer' });
    const namespace = this.namespace = options.namespace ?? app.namespace;
    this.pythonPath = [options.pythonPath, AGENT_PATH].filter(Boolean).join(':');
    const wrong = [...problems, ...(options.namespace === undefined ? [] : checks.name('producer.namespace', options.namespace))];
    refuse(app, wrong);
    if (wrong.length > 0) return;
    app._producers += 1;
    const broker = app.broker as { admitNamespace?(namespace: string): void };
    if (namespace !== undefined) broker.admitNamespace?.(namespace);
    if (app._broker.composed || Object.keys(this.settings).length > 0) this.configMap = app._producerPackage(namespace);
    // What has been read can't be taken back.
    const timeout = visibilityTimeout(app);
    app.node.addValidation({
      validate: () => visibilityTimeout(app) === timeout || !isInTree(this.app, app) ? [] : [describe({
        prop: 'producer', value: namespace, wrong: `was made before a worker whose tasks need a visibility timeout of ${visibilityTimeout(app)} s, which is equal for all processes on the database`,
        fix: 'call producer() after all workers of the message broker are made',
      })],
    });
  }

  /** The settings that must be equal on both sides, by their names in lower case. */
  public get settings(): { [name: string]: any } {
    return sharedSettings(this.app);
  }

  /** The environment of a container: the broker, the result backend, and the settings. */
  public get env(): Shape<k8s.EnvVar>[] {
    const env = this.app._broker.env.filter(({ name }) => name !== CONNECTION_SETTINGS && name !== 'CELERY_LOADER');
    if (!this.configMap) return [...env] as object[];
    return [...env, ...variables({
      PYTHONPATH: this.pythonPath, CELERY_LOADER: CONNECTION_LOADER, [CONNECTION_SETTINGS]: asGiven(JSON.stringify(this.settings)),
      ...timeoutEnv(visibilityTimeout(this.app)),
    })] as object[];
  }

  /** The volumes of its pod. */
  public get volumes(): Shape<k8s.Volume>[] {
    const volumes = new Map(this.app._broker.mounts.map(({ volume }) => [volume.name, volume]));
    return [...volumes.values(), ...(this.configMap ? [{ name: VOLUME, configMap: { name: this.configMap.name } }] : [])] as object[];
  }

  /** The mounts of its container. */
  public get volumeMounts(): Shape<k8s.VolumeMount>[] {
    return [
      ...this.app._broker.mounts.map(({ path: mountPath, volume: { name }, ...mount }) => ({ name, mountPath, ...mount })),
      ...(this.configMap ? [{ name: VOLUME, mountPath: LAUNCH_PACKAGE, readOnly: true }] : []),
    ] as object[];
  }

  /** Where its pods connect to, as egress rules of a NetworkPolicy; DNS comes in addition. Empty where that is not known. */
  public get egress(): Shape<k8s.NetworkPolicyEgressRule>[] {
    const { broker = [], resultBackend = [] } = this.app._broker.network;
    return [...broker, ...resultBackend] as object[];
  }

  /**
   * The command of its container. Where a password is a part of a URL, the launcher comes first: it composes the URL, and becomes the command.
   *
   * @param command the command: `['gunicorn', 'shop.wsgi']`
   */
  public command(command: string[]): string[] {
    const wrong = texts('e.g. [\'gunicorn\', \'shop.wsgi\']')('producer.command', command);
    refuse(this.app, wrong);
    const words = wrong.length > 0 ? [] : command;
    return this.app._broker.composed ? [...LAUNCH, ...words] : [...words];
  }

  /**
   * The environment, the volumes and the mounts as YAML: for the values of a Helm chart.
   */
  public toYaml(): string {
    const { env, volumes, volumeMounts } = this;
    return Yaml.stringify({ env, ...(volumes.length > 0 ? { volumes, volumeMounts } : {}) });
  }
}

const VOLUME = 'celery-launch';

const OPTIONS: PropChecks<CeleryProducerOptions> = { namespace: text('the name of the namespace'), pythonPath: text('e.g. \'/srv/shop\'') };
