import { Size } from 'cdk8s';
import { ClaimSpec, madeClaim } from './kubernetes/claims';

/** Options of a claim that the construct makes. */
export interface BeatClaimOptions {
  /**
   * The size of the volume. The schedule file has some kilobytes.
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
   * @default - the name of the Beat, followed by `-data`
   */
  readonly claimName?: string;
}

/**
 * Where Beat keeps its schedule file, `celerybeat-schedule`: when each periodic task last ran.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#starting-the-scheduler
 */
export abstract class BeatStorage {
  /**
   * In an emptyDir: the schedule begins again with each pod. Fine for crontabs and short intervals; an interval that is
   * longer than the time between two deployments never comes due.
   */
  public static ephemeral(): BeatStorage {
    return new Storage();
  }

  /**
   * On a PersistentVolumeClaim that the construct makes (ReadWriteOnce): the schedule survives the pod.
   *
   * How much of it survives a SIGKILL depends on the dbm of the image's Python: some write the file only when Beat ends by itself.
   */
  public static claim(options: BeatClaimOptions = {}): BeatStorage {
    return new Storage(madeClaim(options));
  }

  /**
   * On a claim that exists in the namespace already.
   *
   * @param claimName the name of the PersistentVolumeClaim
   */
  public static fromClaimName(claimName: string): BeatStorage {
    return new Storage(() => ({ claimName }));
  }

  /** @internal */
  public abstract _claim(owner: string): ClaimSpec | undefined;
}

class Storage extends BeatStorage {
  public constructor(public readonly _claim: (owner: string) => ClaimSpec | undefined = () => undefined) {
    super();
  }
}
