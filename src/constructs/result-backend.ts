import type * as k8s from './kubernetes/api/types';
import { secretKey } from './kubernetes/options';
import { SecretKey } from './secret-key';
import { Problem } from './validation/problems';
import { hidden, text } from './validation/props';

/**
 * Where results are kept.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#result-backend
 */
export abstract class ResultBackend {
  /**
   * A result backend by its URL, which is in the manifests as it is: passwords belong into a Secret.
   *
   * @param url what Celery takes as `result_backend`: `redis://...`, `db+postgresql://...`, `rpc://`, or `disabled://`
   */
  public static fromUrl(url: string): ResultBackend {
    const problems = hidden(text('e.g. \'redis://results:6379/0\''))('resultBackend', url);
    return new Backend(problems.length > 0 ? {} : { value: url }, problems);
  }

  /**
   * A result backend whose whole URL is in a Secret.
   *
   * @param secret the Secret, in the namespace of the pods, and its key
   */
  public static fromSecret(secret: SecretKey): ResultBackend {
    const { value, problems } = secretKey('resultBackend', secret);
    return new Backend(value ? { valueFrom: { secretKeyRef: value } } : {}, problems);
  }

  /**
   * No results: whoever asks a task for its result gets an error at once (`disabled://`).
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#result-backend
   */
  public static none(): ResultBackend {
    return new Backend({ value: 'disabled://' }, []);
  }

  /** @internal */
  public abstract readonly _env: Pick<k8s.EnvVar, 'value' | 'valueFrom'>;
  /** @internal */
  public abstract readonly _problems: readonly Problem[];
}

class Backend extends ResultBackend {
  public constructor(public readonly _env: Pick<k8s.EnvVar, 'value' | 'valueFrom'>, public readonly _problems: readonly Problem[]) {
    super();
  }
}
