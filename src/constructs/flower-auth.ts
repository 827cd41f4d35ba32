import type * as k8s from './kubernetes/api/types';
import { secretKey } from './kubernetes/options';
import { SecretKey } from './secret-key';
import { Problem } from './validation/problems';

/**
 * Who may see Flower, and shut workers down with it.
 *
 * @see https://flower.readthedocs.io/en/latest/auth.html
 */
export abstract class FlowerAuth {
  /**
   * Everybody who can reach the Service.
   */
  public static none(): FlowerAuth {
    return new Auth([]);
  }

  /**
   * Users with a password (HTTP basic authentication).
   *
   * @param secret the key of a Secret that has `user:password`, or several of them separated by commas
   */
  public static basic(secret: SecretKey): FlowerAuth {
    const { value, problems } = secretKey('auth', secret);
    return new Auth(value ? [{ name: 'FLOWER_BASIC_AUTH', valueFrom: { secretKeyRef: value } }] : [], problems);
  }

  /** @internal */
  public abstract readonly _env: readonly k8s.EnvVar[];
  /** @internal */
  public abstract readonly _problems: readonly Problem[];
}

class Auth extends FlowerAuth {
  public constructor(public readonly _env: readonly k8s.EnvVar[], public readonly _problems: readonly Problem[] = []) {
    super();
  }
}
