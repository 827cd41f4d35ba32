/** How bad a finding is. */
export enum Severity {
  /** Known to break, or to lose tasks. Synth fails. */
  ERROR = 'error',
  /** Breaks under a condition that the finding names. */
  WARNING = 'warning',
  /** Good to know; nothing breaks. */
  INFO = 'info',
}
