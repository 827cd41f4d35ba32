import { Severity } from './model';

export { Severity };

const ORDER: Record<Severity, number> = { [Severity.ERROR]: 0, [Severity.WARNING]: 1, [Severity.INFO]: 2, [Severity.ADVICE]: 3 };

/** For sorting: errors first. */
export function bySeverity(a: Severity, b: Severity): number {
  return ORDER[a] - ORDER[b];
}

export function atLeast(severity: Severity, least: Severity): boolean {
  return ORDER[severity] <= ORDER[least];
}

/** The severity of a finding that is not certain: a gate on errors holds nobody up for what may be right. */
export function hedged(severity: Severity): Severity {
  return severity === Severity.ERROR ? Severity.WARNING : severity;
}
