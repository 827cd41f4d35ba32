import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { lintObjects } from '../../rules/lint';
import { Violation } from '../../rules/rule';
import { pseudoResource, Suppression, WRITTEN_BY_SYNTH } from '../../rules/suppressions';

interface Written {
  readonly rule: string;
  readonly reason: string;
}

/** What was suppressed on each construct. */
const suppressed = new WeakMap<IConstruct, Written[]>();

export function suppressOn(scope: IConstruct, rule: string, reason: string): void {
  suppressed.set(scope, [...suppressed.get(scope) ?? [], { rule, reason: reason.replace(/\s+/g, ' ').trim() }]);
}

interface Examined {
  readonly found: readonly Violation[];
  /** Lines of the annotation, for each object. */
  readonly silenced: ReadonlyMap<ApiObject, ReadonlySet<string>>;
  /** What was looked at: the objects before the lines are written on them. */
  readonly manifests: ReadonlyMap<ApiObject, unknown>;
}

/** What the rules find in the objects of a tree, and what its suppressions silence. */
export function examineTree(root: IConstruct): Examined {
  const constructs = root.node.findAll();
  const objects = constructs.filter((construct): construct is ApiObject => ApiObject.isApiObject(construct));
  const index = new Map<IConstruct, number>(objects.map((object, i) => [object, i]));
  const silenced = new Map<ApiObject, Set<string>>();
  const suppressions = constructs.flatMap((scope): Suppression[] => {
    const inside = new Set(suppressed.has(scope) ? scope.node.findAll().map((construct) => index.get(construct)) : []);
    return (suppressed.get(scope) ?? []).map(({ rule, reason }) => ({
      rule,
      reason,
      applies: (resource) => inside.has(resource.index),
      silenced: (resource) => {
        const object = objects[resource.index];
        silenced.set(object, (silenced.get(object) ?? new Set()).add(`${rule}: ${reason}`));
      },
      at: pseudoResource('Construct', scope.node.path),
      path: [],
    }));
  });
  const manifests = new Map(objects.map((object) => [object, object.toJson() as unknown]));
  return { found: lintObjects([...manifests.values()], { suppressions, complete: true }).violations, silenced, manifests };
}

/** Writes the suppressions on the objects that they silence: `lint` then says of the manifests what synth said. */
export function annotate(silenced: ReadonlyMap<ApiObject, ReadonlySet<string>>): void {
  for (const [object, lines] of silenced) object.metadata.addAnnotation(WRITTEN_BY_SYNTH, [...lines].join('\n'));
}
