/** The least important messages that are logged. */
export enum LogLevel {
  /** Everything. */
  DEBUG = 'debug',
  /** What happens to each task. */
  INFO = 'info',
  /** What may be wrong. */
  WARNING = 'warning',
  /** What is wrong. */
  ERROR = 'error',
  /** What ends the process. */
  CRITICAL = 'critical',
}
