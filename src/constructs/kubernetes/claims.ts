import { ApiObject, Size } from 'cdk8s';
import { Construct } from 'constructs';
import * as checks from '../validation/checks';
import { Problem } from '../validation/problems';
import { size, text, typed } from '../validation/props';
import type * as k8s from './api/types';
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

/** A claim of its owner's name, in the cluster's default class, where the options say nothing else. */
export function madeClaim(options: ClaimOptions, usual = Size.gibibytes(1)): (owner: string) => ClaimSpec {
  const shape = { size, storageClassName: text('the name of a StorageClass'), claimName: text('the name of the claim') };
  const { claimName, size: storage = usual, storageClassName } = typed(options, shape).options;
  const problems = (prefix: string): Problem[] => typed(options, shape, { prefix }).problems;
  return (owner) => ({ claimName: claimName ?? `${owner}-data`, size: storage, storageClassName, problems });
}

/** What is wrong with a claim. */
export function checkClaim(prop: string, claim: ClaimSpec, owner?: string): Problem[] {
  const amount = claim.size && checks.kibibytes(claim.size);
  return [
    ...claim.problems?.(prop) ?? [],
    ...(claim.claimName === undefined ? [{ prop: `${prop}.claimName`, value: undefined, wrong: 'is missing', fix: 'give the name of the PersistentVolumeClaim' }]
      // One that is called after its owner is checked with the name of that.
      : claim.claimName === `${owner}-data` ? [] : checks.objectName(`${prop}.claimName`, claim.claimName)),
    ...checks.objectName(`${prop}.storageClassName`, claim.storageClassName),
    ...(amount === undefined || (Number.isInteger(amount) && amount > 0) ? [] : [{
      prop: `${prop}.size`, value: claim.size!.asString(), wrong: 'is not a quantity that Kubernetes accepts', fix: 'give e.g. Size.gibibytes(1)',
    }]),
  ];
}

/** The volume of a claim, and the claim itself where it is ours to make. */
export function claimVolume(scope: Construct, name: string, { claimName, size: storage, storageClassName }: ClaimSpec, metadata: Pick<k8s.ObjectMeta, 'labels' | 'annotations'>): k8s.Volume {
  if (storage) {
    new ApiObject(scope, 'Claim', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { ...metadata, name: claimName },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: memoryQuantity(storage) } } },
    });
  }
  return { name, persistentVolumeClaim: { claimName } };
}
