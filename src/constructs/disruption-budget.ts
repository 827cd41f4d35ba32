import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import type * as k8s from './kubernetes/api/types';
import * as checks from './validation/checks';
import { Problem } from './validation/problems';
import { kind, PropChecks, typed } from './validation/props';

/** Options of the PodDisruptionBudget of a worker. */
export interface DisruptionBudgetOptions {
  /**
   * How many of its pods may be evicted at a time: a number, or a percentage (`'10%'`) of the pods that there should be. At least one, or
   * nodes could not be drained.
   *
   * @default 1
   */
  readonly maxUnavailable?: any;
}

const OPTIONS: PropChecks<DisruptionBudgetOptions> = {
  maxUnavailable: kind((value) => typeof value === 'number' || typeof value === 'string', 'a number or a percentage', 'e.g. 1 or \'10%\''),
};

/** The type of the prop. */
export const DISRUPTION_BUDGET = {
  copy: (prop: string, value: unknown): { value: unknown; problems: readonly Problem[] } => {
    const { options, problems } = typed(value as DisruptionBudgetOptions, OPTIONS, { prefix: prop });
    return { value: options, problems };
  },
};

/** A pool of one has none: nothing could be evicted without stopping it, and a budget that forbids that blocks every drain. */
export function hasBudget(most: number | undefined): boolean {
  return most !== undefined && most >= 2;
}

/** What is wrong with a budget for this many pods; undefined where others decide how many there are. */
export function budgetProblems(budget: DisruptionBudgetOptions | undefined, most: number | undefined): Problem[] {
  if (!budget) return [];
  const value = budget.maxUnavailable as number | string | undefined;
  const wrong = value === undefined ? undefined : whatIsWrong(value);
  return [
    ...(wrong === undefined ? [] : [{
      prop: 'disruptionBudget.maxUnavailable', value, wrong, fix: 'give a whole number from 1 upwards, or a percentage from \'1%\' to \'100%\'',
    }]),
    ...(most === undefined || most >= 2 ? [] : [{
      prop: 'disruptionBudget', value: budget, wrong: `is for a pool of two pods or more, and this one has ${most}: a budget of one pod protects nothing or blocks every drain`,
      fix: 'leave it out, or raise replicas',
    }]),
  ];
}

function whatIsWrong(value: number | string): string | undefined {
  const [, digits] = /^(\d+)%$/.exec(String(value)) ?? [];
  const amount = typeof value === 'number' ? value : Number(digits);
  const most = typeof value === 'number' ? checks.INT32 : 100;
  if (!Number.isInteger(amount) || amount < 0) return `is not a whole number${typeof value === 'number' ? '' : ' of percent'}`;
  if (amount === 0) return 'lets no pod be evicted, so a drain of a node never ends';
  return amount > most ? `is more than ${typeof value === 'number' ? most : '100%'}` : undefined;
}

/** The budget of a worker: pods of it are evicted one after another, and one that is not ready blocks no drain. */
export function disruptionBudget(
  scope: Construct, name: string, metadata: Pick<k8s.ObjectMeta, 'labels' | 'annotations'>, matchLabels: Record<string, string>, options: DisruptionBudgetOptions = {},
): ApiObject {
  return new ApiObject(scope, 'DisruptionBudget', {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name, ...metadata as object },
    spec: { maxUnavailable: options.maxUnavailable as unknown ?? 1, unhealthyPodEvictionPolicy: 'AlwaysAllow', selector: { matchLabels } },
  });
}
