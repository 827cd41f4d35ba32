/** How bad a finding is. */
export enum Severity {
  /** Known to break, or to lose tasks, and certain. Synth fails. */
  ERROR = 'error',
  /** Breaks under a condition, or unless something that manifests do not show makes it right. */
  WARNING = 'warning',
  /** Good to know; nothing breaks. */
  INFO = 'info',
  /** What others do, and what depends on taste. Shown only on request. */
  ADVICE = 'advice',
}

/** One thing that is wrong, or may break, in one place. */
export interface Finding {
  /** The id of the rule, for example `beat/schedule-not-writable`. */
  readonly ruleId: string;

  /** How bad it is. */
  readonly severity: Severity;

  /** What is wrong, in one sentence. */
  readonly message: string;

  /**
   * What would make it right, though no manifest shows it: `the application sets worker_concurrency`. With it, the finding is at most a warning.
   *
   * @default - the finding is certain: the manifests prove it by themselves
   */
  readonly unless?: string;

  /** The kind of the object, for example `Deployment`. */
  readonly objectKind: string;

  /** The name of the object. */
  readonly objectName: string;

  /**
   * The namespace of the object.
   *
   * @default - the manifest does not say
   */
  readonly objectNamespace?: string;

  /**
   * The container in it.
   *
   * @default - it is not about a container
   */
  readonly container?: string;

  /** Where in the object, for example `spec.template.spec.containers[0].args[3]`. */
  readonly path: string;

  /**
   * The offending value. Passwords in URLs are hidden.
   *
   * @default - something is missing
   */
  readonly value?: string;

  /**
   * What would be accepted.
   *
   * @default - see `fix`
   */
  readonly allowed?: string;

  /** How to fix it. */
  readonly fix: string;

  /** Which of the objects given to lint, counted from 0; -1 when it is about none of them. */
  readonly objectIndex: number;
}
