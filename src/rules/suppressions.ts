import { DOMAIN } from '../manifests/domain';
import { asScalar } from '../manifests/json';
import { Resource } from '../manifests/resource';
import { RuleMeta } from './rule';
import { Severity } from './severity';

/** The annotation of manifests: one `rule/id: reason` a line. */
const ANNOTATION = `${DOMAIN}/suppress`;
/** The same, written by synth, which has seen that each line silences something. */
export const WRITTEN_BY_SYNTH = `${DOMAIN}/suppressed`;

/** Silences one rule for some objects, for a reason. */
export interface Suppression {
  readonly rule: string;
  readonly reason: string;
  readonly applies: (resource: Resource) => boolean;
  /** The object, where it can be for no other. */
  readonly only?: Resource;
  /** Told of each object about which it silenced a finding. */
  readonly silenced?: (resource: Resource) => void;
  /** Known to silence something where all objects are in sight, so fewer of them do not make it unused. */
  readonly checked?: boolean;
  /** Its place: what is reported when there is something wrong with it. */
  readonly at: Resource;
  readonly path: ReadonlyArray<string | number>;
}

/** Rules about suppressions. The engine checks them, because only it knows what they silence. */
export const suppressionRules: RuleMeta[] = [
  {
    id: 'suppressions/unused',
    severity: Severity.WARNING,
    title: 'A suppression silences nothing',
    why: 'What it was for is gone, and it would hide the next fault of this kind.',
    fix: 'Remove it.',
    source: 'docs/rules/README.md',
    rows: [],
  },
  {
    id: 'suppressions/no-reason',
    severity: Severity.ERROR,
    title: 'A suppression gives no reason, so it does not count',
    why: 'Whoever reads it later cannot tell whether it still holds.',
    fix: 'Write `rule/id: why this is right here`.',
    source: 'docs/rules/README.md',
    rows: [],
  },
  {
    id: 'suppressions/unknown-rule',
    severity: Severity.ERROR,
    title: 'A suppression names a rule that does not exist',
    why: 'It silences nothing; the name is misspelt, or the rule has another one now.',
    fix: 'Take the id from `cdk8s-celery lint --list`.',
    source: 'docs/rules/README.md',
    rows: [],
  },
];

/** The lines of an object's annotation, without comments. */
function lines(resource: Resource, annotation: string): string[] {
  if (!Object.hasOwn(resource.annotations, annotation)) return [];
  const written = asScalar(resource.annotations[annotation]) ?? '';
  return written.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

export function fromAnnotation(resource: Resource): Suppression[] {
  return [ANNOTATION, WRITTEN_BY_SYNTH].flatMap((annotation) => lines(resource, annotation).map((line) => {
    const colon = line.indexOf(':');
    return {
      rule: (colon < 0 ? line : line.slice(0, colon)).trim(),
      reason: colon < 0 ? '' : line.slice(colon + 1).trim(),
      applies: (other: Resource) => other === resource,
      only: resource,
      at: resource,
      path: ['metadata', 'annotations', annotation],
      checked: annotation === WRITTEN_BY_SYNTH,
    };
  }));
}

/** Stands for something that is no object of Kubernetes: a construct, a configuration file. */
export function pseudoResource(kind: string, name: string): Resource {
  return { json: {}, apiVersion: '', kind, namespace: '', name, labels: {}, annotations: {}, index: -1, prefix: [], live: false };
}
