import { LONGEST_PERIOD, LONGEST_WINDOW, SCALE_DOWN_WINDOW, SCALE_IN_PERIOD } from '../../celery/scaling';
import type * as k8s from '../kubernetes/api/types';
import { Problem } from '../validation/problems';

/**
 * How fast a worker is scaled: as given, and in slowly. A policy counts back to the number at the start of its period, so pods that were added
 * within it may all go in one step: no period of ours is longer than the window in which the highest number counts.
 *
 * @see calculateScaleDownLimitWithScalingRules in k8s.io/kubernetes/pkg/controller/podautoscaler/horizontal.go
 */
export function scalingBehavior(given: k8s.HorizontalPodAutoscalerBehavior | undefined, longestTask: number): k8s.HorizontalPodAutoscalerBehavior {
  const periodSeconds = Math.min(Math.max(SCALE_IN_PERIOD, longestTask), LONGEST_PERIOD);
  const window = given?.scaleDown?.policies ? SCALE_DOWN_WINDOW : Math.max(SCALE_DOWN_WINDOW, periodSeconds);
  return {
    ...given,
    scaleDown: { stabilizationWindowSeconds: window, policies: [{ type: 'Pods', value: 1, periodSeconds }], ...given?.scaleDown },
  };
}

/** What is wrong with what a user gives: what the API server refuses, and scaling in faster than tasks end. */
export function behaviorProblems(given: k8s.HorizontalPodAutoscalerBehavior | undefined, longestTask: number): Problem[] {
  const least = Math.min(longestTask, LONGEST_PERIOD);
  return (['scaleUp', 'scaleDown'] as const).flatMap((direction): Problem[] => {
    const { policies, selectPolicy, stabilizationWindowSeconds: window } = given?.[direction] ?? {};
    const path = `scaling.behavior.${direction}`;
    const number = (prop: string, value: number | undefined, from: number, to: number): Problem[] => value === undefined
      || (Number.isInteger(value) && value >= from && value <= to) ? [] : [{
        prop, value, wrong: `is not a whole number from ${from} to ${to}`, fix: 'give one that Kubernetes accepts',
      }];
    const word = (prop: string, value: string | undefined, words: readonly string[]): Problem[] => value === undefined || words.includes(value)
      ? [] : [{ prop, value, wrong: 'is not one that Kubernetes has', fix: `give one of ${words.join(', ')}` }];
    const faster = direction === 'scaleDown' && selectPolicy !== 'Disabled';
    return [
      ...number(`${path}.stabilizationWindowSeconds`, window, 0, LONGEST_WINDOW),
      ...word(`${path}.selectPolicy`, selectPolicy, ['Max', 'Min', 'Disabled']),
      ...(policies?.length === 0 ? [{ prop: `${path}.policies`, value: policies, wrong: 'is empty', fix: 'give a policy, or leave it out' }] : []),
      ...(policies ?? []).flatMap(({ type, value, periodSeconds }, i) => [
        ...word(`${path}.policies[${i}].type`, type, ['Pods', 'Percent']),
        ...number(`${path}.policies[${i}].value`, value, 1, 2 ** 31 - 1),
        ...number(`${path}.policies[${i}].periodSeconds`, periodSeconds, 1, LONGEST_PERIOD),
        ...(faster && periodSeconds >= 1 && periodSeconds < least ? [{
          prop: `${path}.policies[${i}].periodSeconds`, value: periodSeconds,
          wrong: `is less than the longest task of the worker, ${longestTask} seconds, so more and more pods would be ending at a time`,
          fix: `give at least ${least}, or a shorter longestTask`,
        }] : []),
      ]),
    ];
  });
}
