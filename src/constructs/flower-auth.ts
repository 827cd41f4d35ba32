import * as kplus from 'cdk8s-plus-28';

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
    return new Auth({});
  }

  /**
   * Users with a password (HTTP basic authentication).
   *
   * @param secret a Secret with `user:password`, or several of them separated by commas
   * @param key the key in the Secret
   */
  public static basic(secret: kplus.ISecret, key: string): FlowerAuth {
    return new Auth({ FLOWER_BASIC_AUTH: kplus.EnvValue.fromSecretValue({ secret, key }) });
  }

  /** @internal */
  public abstract readonly _env: Record<string, kplus.EnvValue>;
}

class Auth extends FlowerAuth {
  public constructor(public readonly _env: Record<string, kplus.EnvValue>) {
    super();
  }
}
