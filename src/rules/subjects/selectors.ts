import { ofSeveralEnvironments, ONE_IS_APPLIED } from '../../manifests/environments';
import { grouped } from '../../manifests/grouped';
import { asList, asMap, asScalar, get, JsonObject } from '../../manifests/json';
import { CHANGED } from '../../manifests/changed';
import { commonLabels, madeAlike, mayGiveLabel } from '../../manifests/kustomizations';
import { distinct } from '../../manifests/network';
import { Workload } from '../../manifests/pod/workload';
import { selects } from '../../manifests/policies';
import { ownByNamespace, serverWorkloads } from '../../manifests/servers';
import type { World } from '../../manifests/world';
import { lazy, remembered } from '../../memo';
import { listed } from '../printable';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The workloads with a label, whatever its value is, by namespace and label. */
const byLabelName = lazy((world: World) => grouped(world.workloads.flatMap((workload) => Object.keys(workload.labels)
  .map((name) => [`${workload.resource.namespace} ${name}`, workload] as const))));

/** The workloads that a selector takes; none where it only says what a label is not. */
function takenBy(namespace: string, selector: JsonObject, world: World): readonly Workload[] {
  const labels = asMap(selector.matchLabels);
  const expressions = asList(selector.matchExpressions);
  if (Object.keys(labels).length > 0) {
    const all = world.select(namespace, labels);
    return expressions.length === 0 ? all : all.filter((workload) => selects(selector, workload.labels));
  }
  const positive = expressions.find((one) => ['In', 'Exists'].includes(asScalar(get(one, 'operator')) ?? ''));
  return (byLabelName(world).get(`${namespace} ${asScalar(get(positive, 'key')) ?? ''}`) ?? []).filter((workload) => selects(selector, workload.labels));
}

/** Workloads with a selector that takes other pods than its own, and all that it takes: one list for each selector. */
const overlapping = lazy((world: World) => {
  const own = new Set([...ownByNamespace(world).values()].flat());
  const taken = remembered((namespace: string, text: string) => {
    const all = distinct(takenBy(namespace, JSON.parse(text) as JsonObject, world)).filter(({ resource: { kind } }) => SELECTING.has(kind) || kind === 'ReplicationController');
    const templates = new Set(all.map(({ resource: { json } }) => get(json, 'spec', 'template')));
    // Which of several copies a pod belongs to, matters to nobody.
    const differ = new Set([...templates].map((one) => JSON.stringify(one))).size > 1;
    return { all, differ: differ && all.some((one) => own.has(one)) };
  });
  // Copies share their selector.
  const texts = new Map<JsonObject, string>();
  const textOf = (selector: JsonObject): string => texts.get(selector) ?? texts.set(selector, JSON.stringify(selector)).get(selector)!;
  return world.workloads.filter(({ resource }) => SELECTING.has(resource.kind)).flatMap((workload) => {
    const { resource, labels } = workload;
    const selector = asMap(get(resource.json, 'spec', 'selector'));
    if (!selects(selector, labels)) return [];
    const { all, differ } = taken(resource.namespace, textOf(selector));
    return differ ? [{ workload, all }] : [];
  });
});

/** A selector with only labels is shown as the labels. */
function shownSelector(selector: unknown): string {
  return JSON.stringify(get(selector, 'matchExpressions') === undefined ? get(selector, 'matchLabels') : selector);
}

/** The others of a list, as far as a message shows them. */
function* besides({ resource: { kind, name } }: Workload, all: readonly Workload[]): Iterable<string> {
  for (const { resource } of all) if (resource.kind !== kind || resource.name !== name) yield `${resource.kind} ${resource.name}`;
}

/** Kinds that count and list pods by a selector of labels. */
const SELECTING: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Rollout']);

/** Labels that change with each release, by the recommendations of Kubernetes and Helm. */
const OF_RELEASES: ReadonlySet<string> = new Set(['app.kubernetes.io/version', 'helm.sh/chart']);

/** Whether a label has a number that changes, or one that is filled in. */
const isVersion = (name: string, value: string): boolean => OF_RELEASES.has(name) && /\d\.\d|[${}]/.test(value);

/** Rules about the selectors of workloads. */
export const selectorRules: Rule[] = [
  {
    id: 'network/selector-mismatch',
    severity: Severity.ERROR,
    title: 'The selector does not match the labels of the pod template',
    why: 'The API server refuses the object at `spec.template.metadata.labels`: `Invalid value`, and that the selector does not match the labels of the template.',
    fix: 'Give both the same labels.',
    source: 'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector',
    rows: ['N21'],
    anyProgram: true,
    on: 'celeryWorkloads',
    check: ({ resource, labels }, report, world) => {
      if (!['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].includes(resource.kind)) return;
      const { matchLabels, matchExpressions } = asMap(get(resource.json, 'spec', 'selector'));
      const wrong = [
        ...Object.entries(asMap(matchLabels)).filter(([name, value]) => asScalar(labels[name]) !== asScalar(value)).map(([name, value]) => `${name}=${asScalar(value) ?? ''}`),
        ...asList(matchExpressions).filter((one) => !selects({ matchExpressions: [one] }, labels)).map((one) => JSON.stringify(one)),
      ];
      const keys = [...Object.keys(asMap(matchLabels)), ...asList(matchExpressions).map((one) => asScalar(get(one, 'key')) ?? '')]
        .filter((name) => asScalar(labels[name]) !== asScalar(get(matchLabels, name)));
      if (wrong.length > 0) {
        report({
          at: { resource, path: ['spec', 'selector'] }, value: listed(wrong),
          allowed: listed(Object.entries(labels).map(([name, value]) => `${name}=${asScalar(value) ?? ''}`)) || 'labels in the pod template',
          ...unless(!keys.some((name) => mayGiveLabel(name, resource.namespace, world)), CHANGED),
        });
      }
    },
  },
  {
    id: 'network/selectors-overlap',
    severity: Severity.WARNING,
    title: 'The selector of a workload also selects the pods of another',
    why: 'An autoscaler divides by the pods of both, `kubectl logs` and `kubectl exec` with its name end in a pod of the other, and so do disruption budgets, '
      + 'NetworkPolicies and monitors with the same labels. Kubernetes does not refuse it, and says that controllers may conflict.',
    fix: 'Give each workload a label of its own, such as app.kubernetes.io/component: worker, in selector and pod template; a Deployment has to be deleted for it, '
      + 'because its selector is immutable.',
    source: 'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#selector',
    rows: ['N21'],
    check: (world, report) => {
      for (const { workload, all } of overlapping(world)) {
        const { resource } = workload;
        report({
          at: { resource, path: ['spec', 'selector'] }, value: shownSelector(get(resource.json, 'spec', 'selector')),
          note: `those of ${listed(besides(workload, all))}`,
          // A Deployment that takes the place of a StatefulSet in another environment keeps its name, or has that of the environment in it.
          ...unless(all.some(({ resource: { kind, name } }) => kind === 'ReplicationController'
            || (name !== resource.name && !ofSeveralEnvironments([name, resource.name]))), ONE_IS_APPLIED),
        });
      }
    },
  },
  {
    id: 'network/common-label-in-selectors',
    severity: Severity.ERROR,
    title: 'A kustomization overwrites the label by which selectors tell pods apart',
    why: 'commonLabels go into all selectors and pod templates, over what is there: each Service leads to the pods of all others, so that connections to the broker end at '
      + 'the web application, and each Deployment selects the pods of the others.',
    fix: 'Take another label; or write it as labels: [{pairs: ...}], which leaves selectors as they are.',
    source: 'https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/commonlabels/',
    rows: ['N21'],
    across: true,
    check: (world, report) => {
      const servers = serverWorkloads(world);
      for (const labels of commonLabels(world)) {
        const { workloads, names } = madeAlike(labels, world);
        if (!workloads.some((workload) => world.in(workload).length > 0 || servers.has(workload))) continue;
        report({
          at: { resource: labels.resource, path: [...labels.path, names[0]] }, value: names.map((name) => `${name}: ${labels.pairs.get(name)}`).join(', '),
          note: `it makes the selectors of ${listed([...new Set(workloads.map(({ resource }) => `${resource.kind} ${resource.name}`))])} the same`,
          ...unless(labels.namespace !== undefined && workloads.every(({ resource }) => resource.namespace === labels.namespace), 'it does not build all of these'),
        });
      }
    },
  },
  {
    id: 'network/version-in-selectors',
    severity: Severity.WARNING,
    title: 'The selector of a workload has the version of the application in it',
    why: 'The selector of a Deployment or a StatefulSet cannot be changed: with the next version `kubectl apply` ends with `spec.selector: Invalid value: ...: '
      + 'field is immutable`, and the pods of the old version keep running.',
    fix: 'Leave the label out of spec.selector; in a kustomization write it as labels: [{pairs: ...}], which leaves selectors as they are.',
    source: 'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#label-selector-updates',
    rows: ['N21'],
    across: true,
    check: (world, report) => {
      const servers = serverWorkloads(world);
      const ours = (workload: Workload): boolean => world.in(workload).length > 0 || servers.has(workload);
      const own = world.workloads.filter((workload) => SELECTING.has(workload.resource.kind) && workload.resource.kind !== 'Rollout' && ours(workload));
      for (const { resource } of own) {
        for (const [name, value] of Object.entries(asMap(get(resource.json, 'spec', 'selector', 'matchLabels')))) {
          if (isVersion(name, asScalar(value) ?? '')) {
            report({ at: { resource, path: ['spec', 'selector', 'matchLabels', name] }, value: `${name}: ${asScalar(value) ?? ''}` });
          }
        }
      }
      const byNamespace = grouped(own.map((workload) => [workload.resource.namespace, workload] as const));
      for (const { resource, path, pairs, namespace } of commonLabels(world)) {
        const built = namespace === undefined ? own : ['', namespace].flatMap((one) => byNamespace.get(one) ?? []);
        for (const [name, value] of built.length === 0 ? [] : pairs) {
          if (!isVersion(name, value)) continue;
          report({
            at: { resource, path: [...path, name] }, value: `${name}: ${value}`, note: `it goes into the selector of ${built[0].resource.kind} ${built[0].resource.name}`,
            unless: 'it builds none of the workloads',
          });
        }
      }
    },
  },
];
