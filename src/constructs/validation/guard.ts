import { ApiObject, Chart } from 'cdk8s';
import { IConstruct } from 'constructs';
import { grouped } from '../../manifests/grouped';
import { CONTENT_HASH_LABEL } from '../../manifests/content-hash';
import { describeFinding, toFinding } from '../../rules/finding';
import { Severity } from '../../rules/severity';
import { annotate, examineTree, isAnswered } from './tree';
import { changedIdentity } from '../kubernetes/content-config-map';
import { changedJob } from '../kubernetes/hashed-job';
import { tooLarge } from './object-size';
import { addTo, isRefused } from './problems';
import { unwritableTexts } from './unwritable';
import { lazy } from '../../memo';

/** Errors, by the chart of the object that they are about. */
type Errors = ReadonlyMap<Chart, readonly string[]>;

const guardOf = lazy((_root: IConstruct) => ({ registered: false, charts: new Set<Chart>() }));

/**
 * Guards the app of a construct: no two objects of one name, no text that a manifest can't carry, and no manifest that is known to break.
 * Registered once per app, by whichever of our constructs comes first.
 */
export function guard(scope: IConstruct): void {
  const { root } = scope.node;
  const own = guardOf(root);
  if (own.registered) return;
  own.registered = true;
  let checked: { readonly objects: number; readonly errors: Errors } | undefined;
  // cdk8s asks the root first, and shows what each chart says with its path.
  root.node.addValidation({
    validate: () => {
      const objects = root.node.findAll().filter((node): node is ApiObject => ApiObject.isApiObject(node));
      // cdk8s validates the whole app again for each chart.
      if (checked?.objects !== objects.length) checked = { objects: objects.length, errors: check(root, objects) };
      for (const chart of checked.errors.keys()) {
        if (own.charts.has(chart)) continue;
        own.charts.add(chart);
        chart.node.addValidation({ validate: () => [...checked!.errors.get(chart) ?? []] });
      }
      return [];
    },
  });
}

function check(root: IConstruct, objects: readonly ApiObject[]): Errors {
  const errors: (readonly [ApiObject, string])[] = collisions(objects);
  // With bad props there may be no manifests to look at.
  if (!isRefused(root)) {
    const { found, silenced, manifests, unwritten } = examineTree(root);
    addTo(errors, unwritten);
    annotate(silenced);
    for (const [object, manifest] of manifests) {
      const own = [
        ...changedIdentity(object, manifest), ...changedJob(object, manifest), ...tooLarge(object, manifest),
        ...unwritableTexts(object, silenced.has(object) ? object.toJson() : manifest),
      ];
      addTo(errors, own.map((error): [ApiObject, string] => [object, error]));
    }
    const made = [...manifests.keys()];
    const findings = found.map(toFinding);
    findings.filter(({ severity }) => severity === Severity.WARNING).forEach((finding) => process.stderr.write(`warning: ${describeFinding(finding)}\n`));
    const isOurs = (object: ApiObject | undefined, rule: string): boolean => object !== undefined && isAnswered(object, rule);
    addTo(errors, findings.filter(({ severity, ruleId, objectIndex }) => severity === Severity.ERROR && !isOurs(made[objectIndex], ruleId))
      .map((finding): [ApiObject, string] => [made[finding.objectIndex] ?? made[0], describeFinding(finding)]));
  }
  return grouped(errors.map(([object, error]) => [Chart.of(object), error]));
}

/** Two apps of one name are two, though their ConfigMaps differ in content and so in name. */
function withoutHash({ name, metadata }: ApiObject): string {
  const hash = metadata.getLabel(CONTENT_HASH_LABEL);
  return hash !== undefined && name.endsWith(`-${hash}`) ? name.slice(0, -hash.length - 1) : name;
}

/** Whether both are one ConfigMap of one content, as the launcher for the producers of two stages in one namespace: its name tells. */
function isEqualContent(one: ApiObject, other: ApiObject): boolean {
  return one.name === other.name && one.metadata.getLabel(CONTENT_HASH_LABEL) !== undefined
    && JSON.stringify(one.toJson()) === JSON.stringify(other.toJson());
}

/** `kubectl apply` would let the later one replace the earlier one silently: of equal content nothing is lost. */
function collisions(objects: readonly ApiObject[]): [ApiObject, string][] {
  const owners = new Map<string, ApiObject[]>();
  for (const object of objects) {
    const { kind } = object;
    const name = withoutHash(object);
    const namespace = object.metadata.namespace;
    const identity = `${kind} '${name}'${namespace ? ` in namespace '${namespace}'` : ''}`;
    owners.set(identity, [...owners.get(identity) ?? [], object]);
  }
  return [...owners]
    .filter(([, made]) => made.length > 1 && !made.every((object) => isEqualContent(object, made[0])))
    .map(([identity, made]) => [
      made[0], `name: ${identity} is made by ${made.map(({ node }) => node.path).join(' and by ')}; give one of the constructs another id or name`,
    ]);
}
