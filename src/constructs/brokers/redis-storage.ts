import { Size } from 'cdk8s';
import { ClaimSpec, madeClaim } from '../kubernetes/claims';

/** Options of a claim that the construct makes. */
export interface RedisClaimOptions {
  /**
   * The size of the volume. The append-only file is rewritten when it has doubled, so give at least three times `maxMemory`.
   *
   * @default Size.gibibytes(1)
   */
  readonly size?: Size;

  /**
   * The StorageClass of the claim.
   *
   * @default - the cluster's default class
   */
  readonly storageClassName?: string;

  /**
   * The name of the claim.
   *
   * @default - the name of the Redis, followed by `-data`
   */
  readonly claimName?: string;
}

/**
 * Where a `RedisBroker` keeps what waits in its queues.
 */
export abstract class RedisStorage {
  /**
   * Only in memory: queued tasks are gone when the container restarts.
   */
  public static ephemeral(): RedisStorage {
    return new Storage();
  }

  /**
   * On a PersistentVolumeClaim that the construct makes (ReadWriteOnce), with an append-only file: queued tasks survive the
   * process, the pod and the node.
   *
   * @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
   */
  public static claim(options: RedisClaimOptions = {}): RedisStorage {
    return new Storage(madeClaim(options));
  }

  /**
   * On a claim that exists in the namespace already, with an append-only file.
   *
   * @param claimName the name of the PersistentVolumeClaim
   */
  public static fromClaimName(claimName: string): RedisStorage {
    return new Storage(() => ({ claimName }));
  }

  /** @internal */
  public abstract _claim(owner: string): ClaimSpec | undefined;
}

class Storage extends RedisStorage {
  public constructor(public readonly _claim: (owner: string) => ClaimSpec | undefined = () => undefined) {
    super();
  }
}
