/** Values for the `settings` of a `CeleryApp`. */
export class CelerySettings {
  /**
   * Python's `None`, as a value of a setting or inside of one: `{ 'broker_connection_max_retries': CelerySettings.NULL }`.
   *
   * In Python, `None` in a dict does not reach the constructs, and the setting keeps its default. In TypeScript `null` is the same as this.
   */
  public static readonly NULL = new CelerySettings();

  private constructor() {
    // The one value of it is NULL.
  }
}
