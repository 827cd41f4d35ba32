import { Size } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import * as checks from '../validation/checks';
import { Problem } from '../validation/problems';
import { size, text, typed } from '../validation/props';
import { memoryQuantity } from './quantities';

/** A PersistentVolumeClaim that we make (with a size) or that exists already. */
export interface ClaimSpec {
  readonly claimName: string;
  readonly size?: Size;
  readonly storageClassName?: string;
  /** What is wrong with the options that it was made of. */
  readonly problems?: (prop: string) => Problem[];
}

/** Options of a claim that the user gives. */
interface ClaimOptions {
  readonly size?: Size;
  readonly storageClassName?: string;
  readonly claimName?: string;
}

/** The options that have the type which they must have, and what is wrong with the others. */
export function claimOptions(options: ClaimOptions): { given: ClaimOptions; problems: (prop: string) => Problem[] } {
  const shape = { size, storageClassName: text('the name of a StorageClass'), claimName: text('the name of the claim') };
  return { given: typed(options, shape).options, problems: (prefix) => typed(options, shape, { prefix }).problems };
}

/** What is wrong with a claim. */
export function checkClaim(prop: string, claim: ClaimSpec): Problem[] {
  const amount = claim.size && checks.kibibytes(claim.size);
  return [
    ...claim.problems?.(prop) ?? [],
    ...checks.objectName(`${prop}.claimName`, claim.claimName),
    ...checks.objectName(`${prop}.storageClassName`, claim.storageClassName),
    ...(amount === undefined || (Number.isInteger(amount) && amount > 0) ? [] : [{
      prop: `${prop}.size`, value: claim.size!.asString(), wrong: 'is not a quantity that Kubernetes accepts', fix: 'give e.g. Size.gibibytes(1)',
    }]),
  ];
}

/** The volume of a claim, and the claim itself where it is ours to make. */
export function claimVolume(scope: Construct, volumeName: string, claim: ClaimSpec, metadata: kplus.k8s.ObjectMeta): kplus.Volume {
  if (claim.size) {
    // Not kplus.PersistentVolumeClaim: it refuses sizes that are not whole gibibytes.
    new kplus.k8s.KubePersistentVolumeClaim(scope, 'Claim', {
      metadata: { ...metadata, name: claim.claimName },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: claim.storageClassName,
        resources: { requests: { storage: kplus.k8s.Quantity.fromString(memoryQuantity(claim.size)) } },
      },
    });
  }
  const reference = kplus.PersistentVolumeClaim.fromClaimName(scope, 'ClaimReference', claim.claimName);
  return kplus.Volume.fromPersistentVolumeClaim(scope, 'ClaimVolume', reference, { name: volumeName });
}
