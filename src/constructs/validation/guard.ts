import { ApiObject, Chart } from 'cdk8s';
import { IConstruct } from 'constructs';
import { CONTENT_HASH_LABEL } from '../../manifests/content-hash';
import { describeFinding, toFinding } from '../../rules/finding';
import { ELSEWHERE, SERVICE_ELSEWHERE } from '../../rules/rule';
import { Severity } from '../../rules/severity';
import { annotate, examineTree } from './tree';
import { changedIdentity } from '../kubernetes/content-config-map';
import { changedJob } from '../kubernetes/hashed-job';
import { tooLarge } from './object-size';
import { isRefused } from './problems';
import { unwritableTexts } from './unwritable';
import { lazy } from '../../memo';

const guardOf = lazy((_root: IConstruct) => ({ registered: false }));

/**
 * Guards the app of a construct: no two objects of one name, no text that a manifest can't carry, and no manifest that is known to break.
 * Registered once per app, by whichever of our constructs comes first.
 */
export function guard(scope: IConstruct): void {
  const { root } = scope.node;
  const own = guardOf(root);
  if (own.registered) return;
  own.registered = true;
  let checked: { readonly objects: number; readonly errors: string[] } | undefined;
  Chart.of(scope).node.addValidation({
    validate: () => {
      const objects = root.node.findAll().filter((node): node is ApiObject => ApiObject.isApiObject(node));
      // cdk8s validates the whole app again for each chart.
      if (checked?.objects !== objects.length) checked = { objects: objects.length, errors: check(root, objects) };
      return checked.errors;
    },
  });
}

/** Policies that a program writes are for pods of this program, and a name that it has a Service of is that of this Service. */
const REFUSED: ReadonlyMap<string, string> = new Map([['network/policy-selects-nothing', ELSEWHERE], ['network/service-of-another-namespace', SERVICE_ELSEWHERE]]);

function check(root: IConstruct, objects: readonly ApiObject[]): string[] {
  const errors = collisions(objects);
  // With bad props there may be no manifests to look at.
  if (isRefused(root)) return errors;
  const { found, silenced, manifests } = examineTree(root);
  annotate(silenced);
  for (const [object, manifest] of manifests) {
    errors.push(
      ...changedIdentity(object, manifest), ...changedJob(object, manifest), ...tooLarge(object, manifest),
      ...unwritableTexts(object, silenced.has(object) ? object.toJson() : manifest),
    );
  }
  // A program has all in sight that it writes.
  const findings = found.map((violation) => toFinding(violation.unless !== undefined && REFUSED.get(violation.rule.id) === violation.unless
    ? { ...violation, unless: undefined, severity: Severity.ERROR } : violation));
  const described = (severity: Severity): string[] => findings.filter((finding) => finding.severity === severity).map(describeFinding);
  described(Severity.WARNING).forEach((warning) => process.stderr.write(`warning: ${warning}\n`));
  return [...errors, ...described(Severity.ERROR)];
}

/** Two apps of one name are two, though their ConfigMaps differ in content and so in name. */
function withoutHash({ name, metadata }: ApiObject): string {
  const hash = metadata.getLabel(CONTENT_HASH_LABEL);
  return hash !== undefined && name.endsWith(`-${hash}`) ? name.slice(0, -hash.length - 1) : name;
}

/** `kubectl apply` would let the later one replace the earlier one without a word. */
function collisions(objects: readonly ApiObject[]): string[] {
  const owners = new Map<string, string[]>();
  for (const object of objects) {
    const { kind } = object;
    const name = withoutHash(object);
    const namespace = object.metadata.namespace;
    const identity = `${kind} '${name}'${namespace ? ` in namespace '${namespace}'` : ''}`;
    owners.set(identity, [...owners.get(identity) ?? [], object.node.path]);
  }
  return [...owners]
    .filter(([, paths]) => paths.length > 1)
    .map(([identity, paths]) => `name: ${identity} is made by ${paths.join(' and by ')}; give one of the constructs another id or name`);
}
