import { Place } from '../manifests/place';
import type { World } from '../manifests/world';
import type { FailureId } from './catalogue';
import type { Item, ListName } from './lists';
import { Severity } from './severity';

/** What a check reports; everything else about a finding comes from its rule. */
export interface Report {
  readonly at: Place;
  /** What makes this case special, as the end of a sentence that begins with the rule's title. */
  readonly note?: string;
  /** The offending value, as it is written in the manifest. Passwords in it are hidden later. */
  readonly value?: string;
  /** What would be accepted here. */
  readonly allowed?: string;
  /** How to fix this very case; by default the rule's own fix. */
  readonly fix?: string;
  /**
   * What would make it right, though no manifest shows it: the end of a sentence that begins with `unless`.
   *
   * Without it the finding is certain: the manifests prove it by themselves. With it, it is at most a warning.
   */
  readonly unless?: string;
  /** Whether what is right about it is out of sight, or up to its author: a program has all in sight that it writes, and is refused. */
  readonly outOfSight?: boolean;
  /** Where the harm is smaller than the rule says, a lower severity. */
  readonly severity?: Severity;
}

/**
 * What is said of a rule, wherever it is checked.
 *
 * The id is contract: suppressions name it.
 */
export interface RuleMeta {
  readonly id: string;
  /** Of a certain finding. The policy is in docs/rules/README.md. */
  readonly severity: Severity;
  /** One sentence: what is wrong. */
  readonly title: string;
  /** What happens in production, with the exact symptom. */
  readonly why: string;
  readonly fix: string;
  /** An issue or a page that documents the failure; or how it was reproduced. */
  readonly source: string;
  /** What it guards of the failure catalogue (docs/rules/coverage.md). */
  readonly rows: readonly FailureId[];
  /** Holds whatever a container runs: that only its name says Celery is no doubt. */
  readonly anyProgram?: true;
  /** Looks at several namespaces, or at what is in none: what it finds in a namespace depends on more than its objects. */
  readonly across?: true;
}

/** Takes what a check finds. No generator: there is one call for each rule and item, and most find nothing. */
export type Reporter = (report: Report) => void;

/** Looks at everything at once. */
export interface WorldRule extends RuleMeta {
  readonly on?: undefined;
  readonly check: (world: World, report: Reporter) => void;
}

/** Looks at each item of a list. */
export interface ItemRule<Name extends ListName> extends RuleMeta {
  readonly on: Name;
  /** Without the third parameter, it is a function of the workload and of what that refers to: it is not asked again for copies of it. */
  readonly check: (item: Item<Name>, report: Reporter, world: World) => void;
}

/**
 * A rule is data, and one pure function over manifests.
 *
 * A check reports what the manifests prove, or what most deployments that look like this have wrong, with an `unless`.
 * Otherwise it is silent: a false alarm costs more trust than a missed fault.
 */
export type Rule = WorldRule | { [Name in ListName]: ItemRule<Name> }[ListName];

/** The condition of what is wrong unless it is about pods that are not in sight. */
export const ELSEWHERE = 'the pods that it is for are not among these manifests';

/** A report with the rule that made it. */
export interface Violation extends Report {
  readonly rule: RuleMeta;
  readonly severity: Severity;
}

/** Hedged by a condition, if it is not certain. */
export function unless(certain: boolean, condition: string): Pick<Report, 'unless'> {
  return certain ? {} : { unless: condition };
}
