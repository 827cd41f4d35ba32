import * as kplus from 'cdk8s-plus-28';
import { Problem } from './validation/problems';
import { text, withMember } from './validation/props';

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
    const problems = [...SECRET('auth.secret', secret), ...KEY('auth.key', key)];
    return new Auth(problems.length > 0 ? {} : { FLOWER_BASIC_AUTH: kplus.EnvValue.fromSecretValue({ secret, key }) }, problems);
  }

  /** @internal */
  public abstract readonly _env: Record<string, kplus.EnvValue>;
  /** @internal */
  public abstract readonly _problems: Problem[];
}

const SECRET = withMember('name', 'a kplus.ISecret', 'e.g. kplus.Secret.fromSecretName(...)');
const KEY = text('the key in the Secret');

class Auth extends FlowerAuth {
  public constructor(public readonly _env: Record<string, kplus.EnvValue>, public readonly _problems: Problem[] = []) {
    super();
  }
}
