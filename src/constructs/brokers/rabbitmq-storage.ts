import { Size } from 'cdk8s';
import { ClaimSpec, madeClaim } from '../kubernetes/claims';

/** Options of a claim that the construct makes. */
export interface RabbitMqClaimOptions {
  /**
   * The size of the volume. RabbitMQ blocks publishers when less than its memory watermark is free on the disk, so give several times the memory
   * limit.
   *
   * @default Size.gibibytes(4)
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
   * @default - the name of the RabbitMQ, followed by `-data`
   */
  readonly claimName?: string;
}

/**
 * Where a `RabbitMqBroker` keeps its queues.
 */
export abstract class RabbitMqStorage {
  /**
   * On a PersistentVolumeClaim that the construct makes (ReadWriteOnce): queued tasks survive the process, the pod and the node. The name of the
   * RabbitMQ node, after which its folder is named, never changes.
   *
   * @see https://www.rabbitmq.com/docs/persistence-conf
   */
  public static claim(options: RabbitMqClaimOptions = {}): RabbitMqStorage {
    return new Storage(madeClaim(options, Size.gibibytes(4)));
  }

  /**
   * On a claim that exists in the namespace already.
   *
   * @param claimName the name of the PersistentVolumeClaim
   */
  public static fromClaimName(claimName: string): RabbitMqStorage {
    return new Storage(() => ({ claimName }));
  }

  /**
   * In an emptyDir: queued tasks survive a restart of the container, and are gone with the pod.
   */
  public static ephemeral(): RabbitMqStorage {
    return new Storage();
  }

  /** @internal */
  public abstract _claim(owner: string): ClaimSpec | undefined;
}

class Storage extends RabbitMqStorage {
  public constructor(public readonly _claim: (owner: string) => ClaimSpec | undefined = () => undefined) {
    super();
  }
}
