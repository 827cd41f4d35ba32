import { Place } from '../manifests/place';
import type { World } from '../manifests/world';
import { Severity } from './severity';

/** What a check reports; everything else about a finding comes from its rule. */
export interface Report {
  readonly at: Place;
  /** What makes this case special, as the end of a sentence that begins with the rule's title. */
  readonly note?: string;
  /** The offending value, as it stands in the manifest. Passwords in it are hidden later. */
  readonly value?: string;
  /** What would be accepted here. */
  readonly allowed?: string;
  /** How to fix this very case; by default the rule's own fix. */
  readonly fix?: string;
  /** Where less is certain than the rule claims, a lower severity. */
  readonly severity?: Severity;
}

/**
 * A rule is data, and one pure function over manifests.
 *
 * The id is contract: suppressions name it. A check that cannot know does not report: a false alarm costs more trust than a
 * missed fault.
 */
export interface Rule {
  readonly id: string;
  /** Error: known to break or to lose tasks. Warning: breaks under a condition, which the title or `why` names. */
  readonly severity: Severity;
  /** One sentence: what is wrong. */
  readonly title: string;
  /** What happens in production, with the exact symptom. */
  readonly why: string;
  readonly fix: string;
  /** An issue or a page that documents the failure; or how it was reproduced. */
  readonly source: string;
  /** The rows of the failure catalogue that it guards (docs/rules/coverage.md). */
  readonly rows: readonly string[];
  readonly check: Check;
}

/** Looks at everything at once, or at each of a list. */
export type Check = ((world: World, report: Reporter) => void) | EachCheck;

/** The names of the lists that World has. */
type Listed = { [Name in keyof World]: World[Name] extends readonly object[] ? Name : never }[keyof World];

/** Takes what a check finds. No generator: there is one call for each rule and item, and most find nothing. */
export type Reporter = (report: Report) => void;

/** Checks with the same list share the walk over it. */
export interface EachCheck {
  readonly list: Listed | ((world: World) => Iterable<unknown>);
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what `each` has checked to fit the list
  readonly check: (item: any, report: Reporter, world: World) => void;
}

/** A report with the rule that made it. */
export interface Violation extends Report {
  readonly rule: Omit<Rule, 'check'>;
  readonly severity: Severity;
}

/** Runs a check on each of a list and gathers what it reports. */
export function each<Name extends Listed>(list: Name, check: (item: World[Name][number], report: Reporter, world: World) => void): EachCheck;
export function each<T>(list: (world: World) => Iterable<T>, check: (item: T, report: Reporter, world: World) => void): EachCheck;
export function each(list: EachCheck['list'], check: EachCheck['check']): EachCheck {
  return { list, check };
}
