import { Duration, Size } from 'cdk8s';
import { ClaimSpec, madeClaim } from './kubernetes/claims';
import * as checks from './validation/checks';
import { isPlainObject } from './validation/plain-object';
import { Problem } from './validation/problems';
import { duration, typed } from './validation/props';

/** How often Flower saves its state. */
export interface FlowerSaveOptions {
  /**
   * The interval between two saves. Flower does not respond while it saves: half a second for 10 000 tasks. It also saves when it ends; a pod that
   * is killed loses what it has seen since the last time.
   *
   * @default Duration.minutes(5)
   */
  readonly saveInterval?: Duration;
}

/** Options of a claim that the construct makes. */
export interface FlowerClaimOptions extends FlowerSaveOptions {
  /**
   * The size of the volume. 10 000 tasks with arguments of 1 KiB have 13 megabytes, twice while they are saved.
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
   * @default - the name of the Flower, followed by `-data`
   */
  readonly claimName?: string;
}

/**
 * The storage of the tasks and workers that Flower has seen.
 *
 * @see https://flower.readthedocs.io/en/latest/config.html#persistent
 */
export abstract class FlowerStorage {
  /** In memory: the list of tasks begins empty with each pod. */
  public static ephemeral(): FlowerStorage {
    return new Storage();
  }

  /** On a PersistentVolumeClaim that the construct makes (ReadWriteOnce): the tasks survive the pod. */
  public static claim(options: FlowerClaimOptions = {}): FlowerStorage {
    // What is no object is refused as a whole.
    if (!isPlainObject(options)) return new Storage(undefined, options);
    const { saveInterval, ...claim } = options as FlowerClaimOptions;
    return new Storage(madeClaim(claim), { saveInterval });
  }

  /**
   * On a claim that exists in the namespace already.
   *
   * @param claimName the name of the PersistentVolumeClaim
   */
  public static fromClaimName(claimName: string, options: FlowerSaveOptions = {}): FlowerStorage {
    return new Storage(() => ({ claimName }), options);
  }

  /** @internal */
  public abstract readonly _saveInterval: Duration;
  /** @internal */
  public abstract readonly _problems: readonly Problem[];
  /** @internal */
  public abstract _claim(owner: string): ClaimSpec | undefined;
}

class Storage extends FlowerStorage {
  public readonly _saveInterval: Duration;
  public readonly _problems: readonly Problem[];

  public constructor(public readonly _claim: (owner: string) => ClaimSpec | undefined = () => undefined, saving: FlowerSaveOptions = {}) {
    super();
    const { options, problems } = typed(saving, { saveInterval: duration }, { prefix: 'storage' });
    this._saveInterval = options.saveInterval ?? Duration.minutes(5);
    this._problems = [...problems, ...checks.seconds('storage.saveInterval', options.saveInterval, 10)];
  }
}
