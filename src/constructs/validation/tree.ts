import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { Also } from '../../rules/engine';
import { lintObjects } from '../../rules/lint';
import { Violation } from '../../rules/rule';
import { pseudoResource, Suppression, WRITTEN_BY_SYNTH } from '../../rules/suppressions';
import { describe, Problem } from './problems';
import { printable } from '../../rules/printable';
import { Notes } from '../../memo';

interface Written {
  readonly rule: string;
  readonly reason: string;
}

/** What was suppressed on each construct. */
const suppressed = new Notes<IConstruct, Written[]>();

export function suppressOn(scope: IConstruct, rule: string, reason: string): void {
  suppressed.set(scope, [...suppressed.get(scope) ?? [], { rule, reason: reason.replace(/\s+/g, ' ').trim() }]);
}

/** What constructs refuse under the id of a rule: they know more than manifests show. */
const refusedAs = new Notes<IConstruct, string>();

/** Makes synth refuse, unless the rule is suppressed for the construct. */
export function refuseAs(scope: IConstruct, rule: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  refusedAs.set(scope, rule);
  scope.node.addValidation({ validate: () => isSuppressed(scope, rule) ? [] : problems.map((problem) => `${describe(problem)} [${rule}]`) });
}

/** Whether a rule is suppressed for a construct. */
export function isSuppressed(scope: IConstruct, rule: string): boolean {
  return scope.node.scopes.some((outer) => suppressed.get(outer)?.some((one) => one.rule === rule));
}

/** Rules that a construct answers where the manifests are written: it says more than they show, and once. */
const answers = new Notes<IConstruct, { readonly rule: string; readonly applies: () => boolean }>();

/** Has a finding of a rule about the objects of a construct left out, where that applies and something else is refused for it. */
export function answersFor(scope: IConstruct, rule: string, applies: () => boolean): void {
  answers.set(scope, { rule, applies });
}

/** Whether a finding of a rule about an object is left out. */
export function isAnswered(object: IConstruct, rule: string): boolean {
  return object.node.scopes.some((outer) => {
    const answer = answers.get(outer);
    return answer?.rule === rule && answer.applies();
  });
}

/** A finding of a rule, by a construct that knows more than manifests show. */
export interface Known extends Omit<Also, 'index'> {
  readonly object: ApiObject;
}

/** What constructs know, once all are made. */
const known = new Notes<IConstruct, () => readonly Known[]>();

/** Adds findings to those of the rules, which suppressions silence as they do the others. */
export function findAlso(scope: IConstruct, find: () => readonly Known[]): void {
  known.set(scope, find);
}

interface Examined {
  readonly found: readonly Violation[];
  /** Lines of the annotation, for each object. */
  readonly silenced: ReadonlyMap<ApiObject, ReadonlySet<string>>;
  /** What was looked at: the objects before the lines are written on them. */
  readonly manifests: ReadonlyMap<ApiObject, unknown>;
  /** Objects that cannot be written, with a message each: then nothing is looked at. */
  readonly unwritten: readonly (readonly [ApiObject, string])[];
}

/** What the rules find in the objects of a tree, and what its suppressions silence. */
export function examineTree(root: IConstruct): Examined {
  const constructs = root.node.findAll();
  const objects = constructs.filter((construct): construct is ApiObject => ApiObject.isApiObject(construct));
  const index = new Map<IConstruct, number>(objects.map((object, i) => [object, i]));
  const silenced = new Map<ApiObject, Set<string>>();
  const suppressions = constructs.flatMap((scope): Suppression[] => {
    const all = suppressed.get(scope) ? scope.node.findAll() : [];
    const inside = new Set(all.map((construct) => index.get(construct)));
    return (suppressed.get(scope) ?? []).map(({ rule, reason }) => ({
      rule,
      reason,
      applies: (resource) => inside.has(resource.index),
      checked: all.some((construct) => refusedAs.get(construct) === rule || isAnswered(construct, rule)),
      silenced: (resource) => {
        const object = objects[resource.index];
        silenced.set(object, (silenced.get(object) ?? new Set()).add(`${rule}: ${reason}`));
      },
      at: pseudoResource('Construct', scope.node.path),
      path: [],
    }));
  });
  const manifests = new Map<ApiObject, unknown>();
  const unwritten: [ApiObject, string][] = [];
  for (const object of objects) {
    try {
      manifests.set(object, object.toJson());
    } catch (error) {
      unwritten.push([object, unwritable(object, error)]);
    }
  }
  if (unwritten.length > 0) return { found: [], silenced, manifests: new Map(), unwritten };
  const also = constructs.flatMap((scope) => known.get(scope)?.() ?? []).flatMap(({ object, ...finding }) => {
    const at = index.get(object);
    return at === undefined ? [] : [{ ...finding, index: at }];
  });
  return { found: lintObjects([...manifests.values()], { suppressions, complete: true, also }).violations, silenced, manifests, unwritten };
}

const LONGEST_CAUSE = 120;

/** Why cdk8s cannot write an object. */
function unwritable({ kind, name, node }: ApiObject, error: unknown): string {
  const [cause] = (error instanceof Error ? error.message : String(error)).replace(/^Failed serializing construct at path .*? with name .*?: /s, '').split('\n', 1);
  const shown = cause.slice(0, LONGEST_CAUSE);
  return printable(`${kind} '${name}' (${node.path}): cannot be written: ${shown}; correct what it is made of, or its JSON patches: a path must be there, all but its last part, and "/" in a key is ~1`);
}

/** Writes the suppressions on the objects that they silence: `lint` then says of the manifests what synth said. */
export function annotate(silenced: ReadonlyMap<ApiObject, ReadonlySet<string>>): void {
  for (const [object, lines] of silenced) object.metadata.addAnnotation(WRITTEN_BY_SYNTH, [...lines].join('\n'));
}
