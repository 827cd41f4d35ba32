import { Problem } from '../input/files';
import { Finding } from '../../rules/finding';
import { Unknown } from '../../rules/lint';

/** A finding with its place in the files. */
export interface LocatedFinding extends Finding {
  readonly file: string;
  readonly line: number;
}

export interface Result {
  readonly findings: readonly LocatedFinding[];
  /** How many objects were looked at. */
  readonly objects: number;
  /** Findings below the severity that was asked for, without advice. */
  readonly hidden: number;
  /** Advice that was not asked for. */
  readonly advice: number;
  /** What could not be read. */
  readonly problems: readonly Problem[];
  /** Containers that may run Celery, and were not examined. */
  readonly unknown: readonly Unknown[];
}

/** Writes finding by finding: there may be many, and each is long. */
export type Format = (result: Result, colour: boolean) => Iterable<string>;
