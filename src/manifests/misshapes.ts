import { isQuantity } from '../celery/quantity';
import { hasPlaceholder, isFilledIn } from '../celery/filled-in';
import { asList, asMap, get, isMap, JsonObject, Path } from './json';
import { SCHEMA } from './kubernetes-schema';
import { Workload } from './pod/workload';
import { isOfKubernetes, Resource } from './resource';
import { lazy, remembered } from '../memo';
import { nearest } from '../nearest';
import { Fault, Form, FORMS } from './forms';
import { notText, Refusal } from './refusals';
import { fieldsOf, wordsOf } from './schema-fields';
import { OBJECTS, WHOLES } from './wholes';

/** What is wrong with a field: its name, its type, its value, or that it is not there. */
export interface Misshape extends Refusal {
  readonly what: 'unknown' | 'type' | Fault;
  /** The only thing that could make it right: a Kubernetes that is newer than the schema. */
  readonly newer?: true;
}

/** Of these, what is required is said elsewhere, or has a default. */
const WITHOUT_NEEDS: ReadonlySet<string> = new Set([
  'DeploymentSpec', 'StatefulSetSpec', 'DaemonSetSpec', 'JobSpec', 'PodSpec', 'PodTemplateSpec', 'NetworkPolicySpec', 'Toleration',
  'PodFailurePolicyOnPodConditionsPattern',
]);

/** The fields that an object of a type must have. */
const neededIn = remembered((type: string): readonly string[] => WITHOUT_NEEDS.has(type) ? []
  : [...fieldsOf(type)].flatMap(([name, { required }]) => (required && !OPTIONAL.has(`${type}.${name}`)) || NEEDED.has(`${type}.${name}`) ? [name] : []));

/** The types whose fields are put into one another: of workloads and their pods, and of what scales, guards and publishes them. */
const OF_WORKLOADS = [
  'Container', 'PodSpec', 'DeploymentSpec', 'StatefulSetSpec', 'Probe', 'SecurityContext', 'PodSecurityContext', 'DeploymentStrategy', 'JobSpec', 'CronJobSpec',
  'Affinity',
];
const OF_COMPANIONS = [
  'ServiceSpec', 'ServicePort', 'NetworkPolicySpec', 'NetworkPolicyIngressRule', 'NetworkPolicyEgressRule', 'NetworkPolicyPeer', 'IngressSpec', 'IngressRule',
  'HTTPIngressRuleValue', 'HTTPIngressPath', 'IngressBackend', 'IngressServiceBackend', 'HorizontalPodAutoscalerSpec', 'HorizontalPodAutoscalerBehavior',
  'HPAScalingRules',
];

/** Which of some types have a field of that name: one that is unknown here was meant for one of those. */
const homes = lazy((types: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>();
  for (const type of types) for (const name of fieldsOf(type).keys()) found.set(name, [...found.get(name) ?? [], type]);
  return found;
});

/** What fields of earlier versions of the API have become. */
const EARLIER: ReadonlyMap<string, string> = new Map([
  ['IngressBackend.serviceName', 'service.name'], ['IngressBackend.servicePort', 'service.port.number'], ['IngressSpec.backend', 'defaultBackend'],
  ['HorizontalPodAutoscalerSpec.targetCPUUtilizationPercentage', 'metrics'], ['ResourceMetricSource.targetAverageUtilization', 'target.averageUtilization'],
  ['ResourceMetricSource.targetAverageValue', 'target.averageValue'],
  // What is next to it, or has another name there.
  ['ResourceRequirements.cpu', 'requests.cpu, limits.cpu'], ['ResourceRequirements.memory', 'requests.memory, limits.memory'], ['Container.liveness', 'livenessProbe'],
  ['Container.readiness', 'readinessProbe'], ['Container.startup', 'startupProbe'],
]);

/** Fields that Kubernetes has since the version of the schema: 1.34 and 1.35. */
const SINCE: ReadonlySet<string> = new Set([
  'Container.restartPolicyRules', 'EphemeralContainer.restartPolicyRules', 'EnvVarSource.fileKeyRef', 'PodSpec.hostnameOverride', 'PodSpec.workloadRef',
  'VolumeProjection.podCertificate',
]);

/** Fields that rules of their own look at. */
const READ_ELSEWHERE: ReadonlyMap<string, readonly string[]> = new Map([
  ['Container', ['command', 'args', 'restartPolicy']], ['PodSpec', ['restartPolicy']], ['EnvVar', ['value']], ['VolumeMount', ['name']], ['Toleration', ['operator']],
]);

/** Fields that the schema asks for, and the API server does not. */
const OPTIONAL: ReadonlySet<string> = new Set(['HTTPHeader.value']);

/** Fields that the schema does not ask for, and the API server does. */
const NEEDED: ReadonlySet<string> = new Set([
  'Container.image', 'SecretKeySelector.name', 'ConfigMapKeySelector.name', 'SecretEnvSource.name', 'ConfigMapEnvSource.name', 'ConfigMapVolumeSource.name',
  'SecretVolumeSource.secretName', 'ConfigMapProjection.name', 'SecretProjection.name', 'EphemeralVolumeSource.volumeClaimTemplate', 'PodDNSConfigOption.name', 'ExecAction.command', 'PersistentVolumeClaimSpec.accessModes', 'PersistentVolumeClaimSpec.resources', 'VolumeResourceRequirements.requests',
]);

/** The type of what is in `spec`, of the kinds that the schema has. */
const SPECS: ReadonlyMap<string, string> = new Map([
  ['Deployment', 'DeploymentSpec'], ['StatefulSet', 'StatefulSetSpec'], ['DaemonSet', 'DaemonSetSpec'], ['Job', 'JobSpec'], ['CronJob', 'CronJobSpec'],
  ['Pod', 'PodSpec'],
]);

/** What the API server does not accept in the spec of a workload, and in that of its pods, by the names and types of fields. */
export const misshapes: (workload: Workload) => readonly Misshape[] = lazy((workload: Workload) => {
  const { resource, spec, specPath } = workload;
  const own = isOfKubernetes(resource) ? SPECS.get(resource.kind) : undefined;
  const found = [
    ...own === undefined ? read(spec, 'PodSpec', specPath) : [...strays(resource, own), ...read(resource.json.spec, own, ['spec']), ...noSelector(workload)],
    ...noRestartPolicy(workload),
  ];
  // Containers at another place are said to be there.
  const elsewhere = found.some(({ what }) => what === 'unknown' || what === 'type');
  return [...found, ...emptyContainers(workload), ...own === undefined || elsewhere ? [] : noContainers(workload)];
});

const SELECTED: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet']);
const lacksSelector = (json: JsonObject): boolean => (get(json, 'spec', 'selector') ?? undefined) === undefined;

/** Earlier versions of the API took the labels of the pods. */
function noSelector({ resource: { apiVersion, kind, json } }: Workload): readonly Misshape[] {
  const selects = apiVersion === 'apps/v1' && SELECTED.has(kind);
  const selector = get(json, 'spec', 'selector');
  const empty = isMap(selector) && ['matchLabels', 'matchExpressions'].every((name) => Object.keys(asMap(selector[name])).length === 0 && asList(selector[name]).length === 0);
  const unread = isMap(selector) && Object.keys(selector).some((name) => name !== 'matchLabels' && name !== 'matchExpressions');
  return !selects || (!lacksSelector(json) && (!empty || unread)) ? []
    : [{
      what: 'missing', path: ['spec', 'selector'], value: empty ? 'an empty selector' : 'no selector', allowed: 'matchLabels with labels of the pods',
      // Without labels of the pods both come from commonLabels.
      ...empty && !isMap(get(json, 'spec', 'template', 'metadata', 'labels')) ? { unless: 'kustomize gives it labels' } : {},
    }];
}

function emptyContainers({ spec, specPath }: Workload): readonly Misshape[] {
  return !Array.isArray(spec.containers) || spec.containers.length > 0 ? []
    : [{ what: 'missing', path: [...specPath, 'containers'], value: 'no containers', allowed: 'a container' }];
}

function noContainers({ resource: { json }, spec, specPath }: Workload): readonly Misshape[] {
  if ((spec.containers ?? undefined) !== undefined) return [];
  const [path, lost] = isMap(get(json, ...specPath)) ? [specPath, 'containers'] : [specPath.slice(0, -2), 'template'];
  return path.length > 0 && isMap(get(json, ...path)) ? [{ what: 'missing', path, value: `no ${lost}`, allowed: lost }] : [];
}

/** The default, Always, is none of a Job. */
function noRestartPolicy({ resource: { kind }, spec, specPath, containers }: Workload): readonly Misshape[] {
  return (kind !== 'Job' && kind !== 'CronJob') || containers.length === 0 || (spec.restartPolicy ?? undefined) !== undefined ? []
    : [{ what: 'missing', path: specPath, value: 'no restartPolicy', allowed: 'OnFailure or Never' }];
}

/** The types of the specs of Services, policies, Ingresses, autoscalers, budgets and claims. */
const COMPANIONS: ReadonlyMap<string, string> = new Map([
  ['v1/Service', 'ServiceSpec'], ['networking.k8s.io/v1/NetworkPolicy', 'NetworkPolicySpec'], ['networking.k8s.io/v1/Ingress', 'IngressSpec'],
  ['autoscaling/v2/HorizontalPodAutoscaler', 'HorizontalPodAutoscalerSpec'], ['policy/v1/PodDisruptionBudget', 'PodDisruptionBudgetSpec'],
  ['v1/PersistentVolumeClaim', 'PersistentVolumeClaimSpec'],
]);

/** The same of objects that keep something, which have no spec: their fields. */
const STORES: ReadonlyMap<string, readonly string[]> = new Map([
  ['v1/ConfigMap', ['data', 'binaryData', 'immutable']], ['v1/Secret', ['data', 'stringData', 'type', 'immutable']],
]);

/** What the API server does not accept in one of those, or of what is of no namespace. */
export const misshapesOf: (resource: Resource) => readonly Misshape[] = lazy((resource: Resource) => {
  const api = `${resource.apiVersion}/${resource.kind}`;
  const own = COMPANIONS.get(api);
  const whole = OBJECTS.get(api)?.(resource) ?? [];
  return own === undefined ? [...STORES.has(api) ? strays(resource) : [], ...whole] : [...strays(resource, own), ...read(resource.json.spec, own, ['spec'])];
});

/** Fields at the top of an object, and in its metadata, where the API has none of that name. SOPS and templates take theirs away. */
function strays({ apiVersion, kind, json }: Resource, spec?: string): readonly Misshape[] {
  const known = ['apiVersion', 'kind', 'metadata', 'status', ...STORES.get(`${apiVersion}/${kind}`) ?? ['spec']];
  const stray = Object.keys(json).filter((name) => !known.includes(name) && !/^([$_]|x-|sops$)|\//.test(name) && !hasPlaceholder(name) && (json[name] ?? undefined) !== undefined);
  return [
    ...stray.map((name): Misshape => ({
      what: 'unknown', path: [name], value: name,
      allowed: nearest(name, known) ?? (spec !== undefined && fieldsOf(spec).has(name) ? `spec.${name}` : fieldsOf('ObjectMeta').has(name) ? `metadata.${name}` : known.join(', ')),
    })),
    ...read(json.metadata, 'ObjectMeta', ['metadata']).filter(({ what }) => what === 'unknown'),
  ];
}

/** What takes the place of anything else where the API has a list. */
export const A_LIST = 'a list';

/** Reads a spec by the schema. The path is one list that grows and shrinks: nothing is made for a value that is right. */
class Reader {
  public readonly found: Misshape[] = [];
  private container: string | undefined;

  public constructor(private readonly path: Array<string | number>) {}

  public read(value: unknown, type: string): void {
    if (value === undefined || value === null) return;
    if (type.startsWith('[]')) {
      if (!Array.isArray(value)) this.wrong(value, A_LIST);
      else for (const [i, item] of value.entries()) this.within(i, item, type.slice(2));
    } else if (type.startsWith('{}')) {
      if (!isMap(value)) this.wrong(value, 'a map');
      else if (type === '{}string') this.readTexts(value);
      else for (const name of Object.keys(value)) this.within(name, value[name], type.slice(2));
    } else if (Object.hasOwn(SCHEMA, type)) {
      if (!isMap(value)) this.wrong(value, 'a map');
      else if (type === 'Container') {
        this.container = String(value.name ?? '');
        this.readObject(value, type);
        this.container = undefined;
      } else this.readObject(value, type);
    } else {
      this.readScalar(value, type);
    }
  }

  /** Labels and their like: it is said of the name what is wrong. */
  private readTexts(map: Readonly<Record<string, unknown>>): void {
    for (const name of Object.keys(map)) {
      for (const refusal of notText(map[name], [...this.path, name], name, this.container)) this.found.push({ what: 'type', ...refusal });
    }
  }

  private within(step: string | number, value: unknown, type: string): void {
    this.path.push(step);
    this.read(value, type);
    this.path.pop();
  }

  private readObject(value: Readonly<Record<string, unknown>>, type: string): void {
    const fields = fieldsOf(type);
    const elsewhere = READ_ELSEWHERE.get(type);
    const before = this.found.length;
    for (const name of Object.keys(value)) {
      const field = fields.get(name);
      if (!field) this.unknown(name, value[name], type);
      else if (!elsewhere?.includes(name)) this.within(name, value[name], field.type);
    }
    for (const [name, forms] of FORMS.get(type) ?? []) this.readForms(name, value[name], forms);
    if (this.found.length > before) return;
    for (const name of neededIn(type)) {
      if (value[name] === undefined || value[name] === null) this.add('missing', `no ${name}`, name);
    }
    for (const { path, container = this.container, ...fault } of WHOLES.get(type)?.(value) ?? []) {
      this.found.push({ ...fault, path: [...this.path, ...path], container });
    }
  }

  /** The first form that a value, or an item of a list, does not have. */
  private readForms(name: string, value: unknown, forms: readonly Form[]): void {
    if (value === undefined || value === null) return;
    for (const { what, fits, allowed, each } of forms) {
      const items = each ? Array.isArray(value) ? value : [] : [value];
      const wrong = items.findIndex((item) => !fits(item));
      if (wrong === -1) continue;
      const item: unknown = items[wrong];
      const shown = typeof item === 'number' || item === '' ? `${name}: ${item === '' ? '""' : item}` : Array.isArray(item) ? `${item.length} of them` : String(item);
      const path = [...this.path, name, ...each ? [wrong] : []];
      this.found.push({ what, path, container: this.container, value: what === 'missing' ? `no ${name}` : shown, allowed });
      return;
    }
  }

  private unknown(name: string, value: unknown, type: string): void {
    // Directives of kustomize, and what a template leaves.
    if (value === undefined || value === null || name.startsWith('$') || hasPlaceholder(name) || SINCE.has(`${type}.${name}`)) return;
    const fields = fieldsOf(type);
    // A selector has the same two fields since the first version.
    const meant = EARLIER.get(`${type}.${name}`) ?? nearest(name, fields.keys()) ?? (type === 'LabelSelector' ? 'matchLabels' : undefined);
    const companion = OF_COMPANIONS.includes(type);
    const home = (homes(companion ? OF_COMPANIONS : OF_WORKLOADS).get(name) ?? homes(OF_WORKLOADS).get(name))?.filter((other) => other !== type);
    const allowed = meant ?? (home ? `${name} of ${home.join(', ')}` : [...fields.keys()].slice(0, 8).join(', '));
    this.path.push(name);
    // The metadata have got none for years, and no field is written with capitals in front or underscores.
    this.add('unknown', name, allowed, meant ?? home ?? (type === 'ObjectMeta' || !/^[a-z][A-Za-z0-9]*$/.test(name)) ? {} : { newer: true });
    this.path.pop();
  }

  private readScalar(value: unknown, type: string): void {
    const text = typeof value === 'string';
    switch (type) {
      case 'any': return;
      case 'string': return text ? undefined : this.wrong(value, 'a text in quotes');
      case 'boolean': return typeof value === 'boolean' ? undefined : this.wrong(value, 'true or false without quotes');
      // A whole number with an exponent or a fraction of 0 is one to JSON, too.
      case 'integer':
        if (typeof value === 'number') return Number.isInteger(value) ? undefined : this.add('type', String(value), 'a whole number');
        return this.wrong(value, 'a number without quotes');
      case 'number': return typeof value === 'number' ? undefined : this.wrong(value, 'a number without quotes');
      case 'int-or-string': return text || typeof value === 'number' ? undefined : this.wrong(value, 'a number, or a text');
      case 'quantity':
        // Those of containers have a rule of their own.
        if (typeof value === 'number' || (text && (isQuantity(value) || isFilledIn(value) || !/^\d/.test(value) || this.container !== undefined))) return;
        return text ? this.add('type', value, this.quantities, { note: 'it is no quantity', fix: `Write the number with a unit of Kubernetes: ${this.quantities}.` })
          : this.wrong(value, this.quantities);
      default: {
        const words = wordsOf(type);
        if (!text) this.wrong(value, words.join(', '));
        else if (value !== '' && !words.includes(value) && !hasPlaceholder(value)) this.add('word', value, words.join(', '));
      }
    }
  }

  /** Examples of what the field takes. */
  private get quantities(): string {
    return this.path.includes('metrics') ? '500m or 512Mi' : this.path.at(-1) === 'cpu' ? '250m, 0.5 or 2' : '512Mi or 2Gi';
  }

  private wrong(value: unknown, allowed: string): void {
    const given = Array.isArray(value) ? 'a list' : isMap(value) ? 'a map' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
    const shown = Array.isArray(value) || isMap(value) ? String(this.path.at(-1)) : String(value);
    const filledIn = Array.isArray(value) ? allowed !== 'a map' && isBracketed(value)
      : isMap(value) ? Object.values(value).every((item) => item === null) : hasPlaceholder(shown);
    if (!filledIn) this.add('type', shown, allowed, { note: `it is ${given}` });
  }

  private add(what: Misshape['what'], value: string, allowed: string, more: Pick<Misshape, 'note' | 'newer' | 'fix'> = {}): void {
    this.found.push({ what, path: [...this.path], container: this.container, value, allowed, ...more });
  }
}

/** `[name]` of a template, which YAML reads as a list. */
function isBracketed([first, ...others]: readonly unknown[]): boolean {
  return others.length === 0 && typeof first === 'string' && /^[a-z][a-z _-]*$/i.test(first);
}

function read(spec: unknown, type: string, path: Path): readonly Misshape[] {
  const reader = new Reader([...path]);
  reader.read(spec, type);
  return reader.found;
}
