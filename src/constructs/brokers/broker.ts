import { IConstruct } from 'constructs';
import type * as k8s from '../kubernetes/api/types';
import { Shape } from '../kubernetes/shape';

/**
 * Where tasks wait until a worker takes them.
 *
 * One object knows all that an app needs of its broker, so no component repeats it.
 *
 * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/
 */
export interface IBroker extends IConstruct {
  /** What the pods get as `CELERY_BROKER_URL`: `{ value }` or `{ valueFrom }` of an environment variable. */
  readonly url: Shape<Pick<k8s.EnvVar, 'value' | 'valueFrom'>>;

  /**
   * Lets the pods of a namespace reach the broker. Called once for every `CeleryApp` that uses it.
   *
   * @param app the app that uses the broker
   * @param appNamespace the namespace of its pods; undefined where the chart has none
   */
  admit(app: IConstruct, appNamespace?: string): void;
}
