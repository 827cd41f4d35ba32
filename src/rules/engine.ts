import { isUnfilled } from '../celery/filled-in';
import { CHANGED, mayBeChanged, sourceMayBeChanged } from '../manifests/changed';
import { placeInCopies } from '../manifests/copies';
import { grouped } from '../manifests/grouped';
import { get, Path, showPath } from '../manifests/json';
import { home, withoutCopies } from '../manifests/namespace-copies';
import { isPartial, IT_IS_A_PATCH } from '../manifests/patches';
import { Place } from '../manifests/place';
import { Workload } from '../manifests/pod/workload';
import { Resource } from '../manifests/resource';
import type { World } from '../manifests/world';
import { lazy } from '../memo';
import { LISTS, ListName } from './lists';
import { Report, Reporter, Rule, RuleMeta, Violation } from './rule';
import { fromAnnotation, Suppression } from './suppressions';
import { hedged, Severity } from './severity';
import { CHECKS, RULES } from './table';

/** A finding of a rule about the object of this index. */
export interface Also extends Omit<Report, 'at'> {
  readonly rule: string;
  readonly index: number;
  readonly path: Path;
}

export interface Options {
  /** Only these rules, by id or by subject (`beat`); default all. */
  readonly rules?: readonly string[];
  readonly suppressions?: readonly Suppression[];
  /** Whether the objects are those of a program, which has all in sight that it writes. */
  readonly complete?: boolean;
  /** What the program of the objects knows of them, and manifests do not show. */
  readonly also?: readonly Also[];
  /** Suppressions for objects that are only known once the input is read. */
  readonly suppress?: (resources: readonly Resource[]) => readonly Suppression[];
}

const BY_ID = new Map(RULES.map((rule) => [rule.id, rule]));

export function selects(selection: readonly string[] | undefined, id: string): boolean {
  return selection === undefined || selection.some((wanted) => wanted === id || id.startsWith(`${wanted}/`));
}

/** Everything that is wrong with the objects of a world, in an order that does not depend on theirs. */
export function examine(world: World, options: Options): Violation[] {
  const found = everywhere(world, options.rules === undefined ? CHECKS : CHECKS.filter(({ id }) => selects(options.rules, id)));
  for (const { rule, index, path, ...report } of options.also ?? []) {
    found.push(violation(BY_ID.get(rule)!, { ...report, at: { resource: world.resources.find((resource) => resource.index === index)!, path } }));
  }
  const suppressions = [...world.resources.flatMap(fromAnnotation), ...options.suppressions ?? [], ...options.suppress?.(world.resources) ?? []];
  return unique([...suppress(found, suppressions, options.rules)]);
}

/** What is found in a namespace is found in its copies, too: only the rules that look across namespaces look at all of them. */
function everywhere(world: World, rules: readonly Rule[]): Violation[] {
  const without = withoutCopies(world);
  if (without === undefined) return violations(world, rules);
  const within = rules.filter(({ across }) => !across);
  const found = violations(without.world, within);
  // What is found there has the name of the namespace in it.
  const named = new Set(found.filter(hasNamespace).map(({ at }) => home(at.resource)));
  const apart = new Set<Resource>();
  const copies = new Map<Resource, readonly Resource[]>();
  for (const [first, others] of without.copies) {
    if (named.has(home(first))) others.forEach((resource) => apart.add(resource));
    else copies.set(first, others);
  }
  // These, too, are examined next to what they have in common.
  const withApart = (): World => world.of(new Set([...without.world.resources, ...apart]));
  return [
    ...found,
    ...found.flatMap((one) => (copies.get(one.at.resource) ?? []).map((resource) => ({ ...one, at: { ...one.at, resource } }))),
    ...apart.size === 0 ? [] : violations(withApart(), within).filter(({ at }) => apart.has(at.resource)),
    ...violations(world, rules.filter(({ across }) => across)),
  ];
}

function hasNamespace({ at: { resource }, note, unless, value, allowed, fix }: Violation): boolean {
  return [note, unless, value, allowed, fix].some((text) => text?.includes(home(resource)));
}

/** A check of the list that it is called with: the type of a rule binds the two. */
type ItemCheck = (item: unknown, report: Reporter, world: World) => void;

/**
 * Item by item, and on each all the rules that look at it: what one has read of it is still in the processor's cache for the next.
 *
 * Of the copies of a workload, checks that do not take the world look at the first; at the others only those that found something.
 */
function violations(world: World, rules: readonly Rule[]): Violation[] {
  const found: Violation[] = [];
  let rule: Rule;
  let subject: unknown;
  const report: Reporter = (one) => void found.push(violation(rule, doubted(inSight(one, world), rule, world, subject)));
  const look = (item: unknown, ofList: readonly Rule[]): void => {
    subject = item;
    for (rule of ofList) (rule.check as ItemCheck)(item, report, world);
  };
  for (rule of rules) if (rule.on === undefined) rule.check(world, report);
  for (const [list, all] of byList(rules)) {
    const others = new Map<object, readonly Rule[]>();
    for (const item of LISTS[list](world)) {
      const place = placeInCopies(item, world);
      const known = place ? others.get(place) : all;
      if (known) look(item, known);
      else {
        others.set(place!, all.filter((one) => {
          const before = found.length;
          look(item, [one]);
          return one.check.length > 2 || found.length > before;
        }));
      }
    }
  }
  return found;
}

/** The workload that an item of a list is, or is of. */
function workloadOf(item: unknown): Workload | undefined {
  if (item === undefined || item instanceof Workload) return item;
  const { workload, container, worker, process } = item as { readonly [name in 'workload' | 'container' | 'worker' | 'process']?: unknown };
  return workloadOf(workload ?? container ?? worker ?? process);
}

const byList = lazy((rules: readonly Rule[]) => grouped(rules.flatMap((one) => one.on === undefined ? [] : [[one.on, one] as const])));

/** What is wrong unless objects are not in sight is wrong in a program. */
function inSight(report: Report, { complete }: World): Report {
  return complete && report.outOfSight ? { ...report, unless: undefined, severity: Severity.ERROR } : report;
}

/** Lists of what is a process of Celery for certain only where its command says so. */
const BY_ROLE: ReadonlySet<ListName> = new Set<ListName>(['processes', 'workers', 'beats', 'flowers', 'scaledWorkers', 'celeryWorkloads']);

/** Rules about what a variable leads to, rather than how it is written. */
const OF_VALUES = /^(network|redis|rabbitmq|scaling)\/|^env\/(?!literal-password|.*reference|.*newline)/;

/** What may give a variable of a process another value, once its container has started. */
function laterValue(at: Place, world: World): string | undefined {
  if (at.container === undefined || !at.path.some((step) => step === 'env' || step === 'envFrom')) return undefined;
  return world.processesAt(at)[0]?.container.env.others[0];
}

/** Objects that a field refers to, and labels that it selects. */
const OF_NAMES = /(Ref|[sS]elector|Labels|backend|service|port)$/;

/** Rules about fields and words that are written, whatever the object is that a patch is for; those of fields know what a patch lacks. */
const OF_WRITTEN = /^(admission\/(?!quota|limit-range|pod-security)|code\/(refused-|short-|space-|.*subcommand))/;

/** Rules about who logs in. */
const OF_LOGINS = /password|login|credential|secret|user|guest/;

/** Few texts are what a finding is about; many are those of a whole container or pod. */
const MOST_TEXTS = 6;

/** What is found, or what is at its place, is there until a template is filled in. */
function isOfTemplate({ value, at: { resource, path } }: Report, id: string): boolean {
  // Whatever the user and the password are, what else a URL has is what it is.
  const lacks = (text: string): boolean => isUnfilled(OF_LOGINS.test(id) ? text : text.replace(/:\/\/[^\s/]*@/g, '://'));
  if (value !== undefined && lacks(value)) return true;
  const found = get(resource.json, ...path);
  if (typeof found === 'string') return lacks(found);
  const texts = OF_NAMES.test(String(path.at(-1))) ? textsIn(found) : [];
  return texts.length <= MOST_TEXTS && texts.some(lacks);
}

function textsIn(json: unknown): string[] {
  if (typeof json === 'string') return [json];
  const found: string[] = [];
  for (const item of json !== null && typeof json === 'object' ? Object.values(json) : []) {
    if (found.length <= MOST_TEXTS) found.push(...textsIn(item));
  }
  return found;
}

/** Where only a name tells the role of a container, so does what is found of it; what a patch leaves out, the object has that it is for. */
function doubted(report: Report, { id, on, anyProgram, severity }: Rule, world: World, subject: unknown): Report {
  if (report.unless === undefined && OF_VALUES.test(id)) {
    const source = laterValue(report.at, world);
    if (source !== undefined) return { ...report, unless: `${source} has another value` };
  }
  if (report.unless === undefined && (report.severity ?? severity) === Severity.ERROR) {
    if (isOfTemplate(report, id)) return { ...report, unless: 'something fills it in before it is applied' };
    const { at, value } = report;
    if (mayBeChanged(at.resource, at.path, world) || sourceMayBeChanged(at, value, world)) return { ...report, unless: CHANGED };
  }
  const isOfPatch = (): boolean => [report.at, workloadOf(subject)].some((one) => one !== undefined && isPartial(one.resource));
  if (report.unless === undefined && !OF_WRITTEN.test(id) && isOfPatch()) return { ...report, unless: IT_IS_A_PATCH };
  if (report.unless !== undefined || anyProgram || on === undefined || !BY_ROLE.has(on)) return report;
  const processes = world.processesAt(report.at);
  if (processes.length === 0 || processes.some(({ hint }) => hint === undefined || hint.sure)) return report;
  const { role, hint } = processes[0];
  return { ...report, unless: `this is no ${role === 'worker' ? 'worker of Celery' : role === 'beat' ? 'Beat' : 'Flower'}: only ${hint!.reason} says that it is` };
}

function violation(rule: RuleMeta, { at, note, unless, value, allowed, fix, severity = rule.severity }: Report): Violation {
  return { rule, severity: unless === undefined ? severity : hedged(severity), at, note, unless, value, allowed, fix };
}

function* suppress(found: readonly Violation[], suppressions: readonly Suppression[], selection: Options['rules']): Iterable<Violation> {
  const used = new Set<Suppression>();
  const index = new SuppressionIndex(suppressions);
  for (const one of found) {
    const silent = index.of(one);
    for (const suppression of silent) {
      used.add(suppression);
      suppression.silenced?.(one.at.resource);
    }
    if (silent.length === 0) yield one;
  }
  for (const suppression of suppressions) {
    const fault = !BY_ID.has(suppression.rule) ? 'suppressions/unknown-rule'
      : suppression.reason === '' ? 'suppressions/no-reason'
        : used.has(suppression) || suppression.checked || !selects(selection, suppression.rule) ? undefined : 'suppressions/unused';
    if (fault === undefined || !selects(selection, fault)) continue;
    yield violation(BY_ID.get(fault)!, { at: { resource: suppression.at, path: suppression.path }, value: suppression.rule });
  }
}

/** Finds what may silence a violation, though there may be one for each object. */
class SuppressionIndex {
  /** By the rule, and the object where there is only one. */
  private readonly byRule = new Map<string, Map<Resource | undefined, Suppression[]>>();

  public constructor(suppressions: readonly Suppression[]) {
    for (const suppression of suppressions) {
      if (suppression.reason === '') continue;
      let own = this.byRule.get(suppression.rule);
      if (!own) this.byRule.set(suppression.rule, own = new Map<Resource | undefined, Suppression[]>());
      const same = own.get(suppression.only);
      if (same) same.push(suppression);
      else own.set(suppression.only, [suppression]);
    }
  }

  public of({ rule, at: { resource } }: Violation): Suppression[] {
    const own = this.byRule.get(rule.id);
    return own ? [...own.get(resource) ?? [], ...(own.get(undefined) ?? []).filter(({ applies }) => applies(resource))] : [];
  }
}

function sortKey({ at: { resource, container, path }, rule, value, note }: Violation): string {
  return `${resource.namespace}\0${resource.kind}\0${resource.name}\0${container ?? ''}\0${showPath(path)}\0${rule.id}\0${value ?? ''}\0${note ?? ''}`;
}

function unique(found: readonly Violation[]): Violation[] {
  const seen = new Map<string, { key: string; one: Violation }>();
  for (const one of found) {
    const key = sortKey(one);
    const { index, prefix } = one.at.resource;
    // Two objects of one name are two places; the same object given twice is one fault.
    const same = seen.get(key);
    const identity = same && !isSame(same.one.at.resource, one.at.resource) ? `${key}\0${index}\0${prefix.join('/')}` : key;
    if (!seen.has(identity)) seen.set(identity, { key, one });
  }
  return [...seen.values()].sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0).map(({ one }) => one);
}

function isSame(one: Resource, other: Resource): boolean {
  return one === other || JSON.stringify(one.json) === JSON.stringify(other.json);
}
