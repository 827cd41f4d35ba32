import { Problem } from '../input/files';
import { Finding } from '../../rules/finding';
import { Unknown } from '../../rules/lint';
import { Severity } from '../../rules/severity';

/** A finding with its place in the files. */
export interface LocatedFinding extends Finding {
  readonly file: string;
  readonly line: number;
  /** Whether the manifests prove it by themselves; if not, `unless` says what would make it right. */
  readonly certainty: 'certain' | 'hedged';
  /** The same for all findings that share one text. */
  readonly group: string;
  /** What is wrong, without what makes this case special. */
  readonly title: string;
  /** What makes this case special. */
  readonly note?: string;
  /** What comes of it, on one line. */
  readonly why: string;
}

/** What the containers of the input were recognised as. */
export interface Recognised {
  readonly workers: number;
  readonly beats: number;
  readonly flowers: number;
  /** By what they are called: `Redis (broker)`. */
  readonly servers: Readonly<Record<string, number>>;
  readonly exporters: number;
}

export interface Result {
  readonly findings: readonly LocatedFinding[];
  /** How many objects were looked at. */
  readonly objects: number;
  /** How many findings each lower severity has than the one that was asked for, without advice. */
  readonly hidden: ReadonlyMap<Severity, number>;
  /** Advice that was not asked for. */
  readonly advice: number;
  /** What could not be read. */
  readonly problems: readonly Problem[];
  /** How many charts of Helm were left out, as their templates are not rendered. */
  readonly charts: number;
  /** Containers of Celery of which not all was examined. */
  readonly unknown: readonly Unknown[];
  readonly recognised: Recognised;
  /** Containers that may run anything, Celery also. */
  readonly unrecognised: readonly Unknown[];
  /** How many containers have a role that nobody knows. */
  readonly withoutRole: number;
  /** Findings that a baseline has. */
  readonly known: number;
}

/** Writes finding by finding: there may be many, and each is long. */
export type Format = (result: Result, colour: boolean) => Iterable<string>;
