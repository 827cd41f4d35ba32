/** How bad a finding is. */
export enum Severity {
  /** Known to break, or to lose tasks. Synth fails. */
  ERROR = 'error',
  /** Breaks under a condition that the finding names. */
  WARNING = 'warning',
  /** Good to know; nothing breaks. */
  INFO = 'info',
}

const ORDER: Record<Severity, number> = { [Severity.ERROR]: 0, [Severity.WARNING]: 1, [Severity.INFO]: 2 };

export function atLeast(severity: Severity, least: Severity): boolean {
  return ORDER[severity] <= ORDER[least];
}
