/** A queue of an app. */
export interface CeleryQueue {
  /** The name, as routes and `-Q` have it: `'mail'`. No white space and no comma. */
  readonly name: string;

  /**
   * Whether workers that are not in this program consume from it. A queue of the app that no `CeleryWorker` consumes from is refused
   * otherwise: its tasks would wait without an error anywhere.
   *
   * @default false
   */
  readonly external?: boolean;
}
