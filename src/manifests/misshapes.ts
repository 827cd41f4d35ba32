import { isMap, Path } from './json';
import { SCHEMA } from './kubernetes-schema';
import { Workload } from './pod/workload';
import { Resource } from './resource';
import { lazy } from '../memo';
import { nearest } from '../nearest';
import { Refusal } from './refusals';

/** What is wrong with a field: its name, its type, a word that it does not take, or that it is not there. */
export interface Misshape extends Refusal {
  readonly what: 'unknown' | 'type' | 'word' | 'missing';
  /** The only thing that could make it right: a Kubernetes that is newer than the schema. */
  readonly newer?: true;
}

/** Something is filled in before it is applied. */
const FILLED_IN = /[${}<>%@]|YOUR|CHANGE|REPLACE|PLACEHOLDER|TODO/;

interface Field {
  readonly type: string;
  readonly required: boolean;
}

const fieldsOf = lazy((type: Readonly<Record<string, string>>): ReadonlyMap<string, Field> => new Map(Object.entries(type)
  .map(([name, kind]) => [name.replace('!', ''), { type: kind, required: name.endsWith('!') }])));

/** The types whose fields are put into one another: of workloads and their pods, and of what scales, guards and publishes them. */
const OF_WORKLOADS = ['Container', 'PodSpec', 'DeploymentSpec', 'StatefulSetSpec', 'Probe', 'SecurityContext', 'PodSecurityContext', 'DeploymentStrategy'];
const OF_COMPANIONS = [
  'ServiceSpec', 'ServicePort', 'NetworkPolicySpec', 'NetworkPolicyIngressRule', 'NetworkPolicyEgressRule', 'NetworkPolicyPeer', 'IngressSpec', 'IngressRule',
  'HTTPIngressRuleValue', 'HTTPIngressPath', 'IngressBackend', 'IngressServiceBackend', 'HorizontalPodAutoscalerSpec', 'HorizontalPodAutoscalerBehavior',
  'HPAScalingRules',
];

/** Which of some types have a field of that name: one that is unknown here was meant for one of those. */
const homes = lazy((types: readonly string[]): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, string[]>();
  for (const type of types) for (const name of fieldsOf(SCHEMA[type]).keys()) found.set(name, [...found.get(name) ?? [], type]);
  return found;
});

/** What fields of earlier versions of the API have become. */
const EARLIER: ReadonlyMap<string, string> = new Map([
  ['IngressBackend.serviceName', 'service.name'], ['IngressBackend.servicePort', 'service.port.number'], ['IngressSpec.backend', 'defaultBackend'],
  ['HorizontalPodAutoscalerSpec.targetCPUUtilizationPercentage', 'metrics'], ['ResourceMetricSource.targetAverageUtilization', 'target.averageUtilization'],
  ['ResourceMetricSource.targetAverageValue', 'target.averageValue'],
]);

/** Fields that rules of their own look at. */
const READ_ELSEWHERE: ReadonlyMap<string, readonly string[]> = new Map([
  ['Container', ['command', 'args', 'restartPolicy']], ['PodSpec', ['restartPolicy']], ['EnvVar', ['value']], ['VolumeMount', ['name']],
]);

/** Fields that the schema does not ask for, and the API server does. */
const NEEDED: ReadonlySet<string> = new Set(['Container.image']);

/** The type of what is in `spec`, of the kinds that the schema has. */
const SPECS: ReadonlyMap<string, string> = new Map([['Deployment', 'DeploymentSpec'], ['StatefulSet', 'StatefulSetSpec'], ['Pod', 'PodSpec']]);

/** What the API server does not accept in the spec of a workload, and in that of its pods, by the names and types of fields. */
export const misshapes: (workload: Workload) => readonly Misshape[] = lazy(({ resource, spec, specPath }: Workload) => {
  const found: Misshape[] = [];
  const own = SPECS.get(resource.kind);
  if (own === undefined) read(spec, 'PodSpec', specPath, found, undefined);
  else read(resource.json.spec, own, ['spec'], found, undefined);
  return found;
});

/** The types of the specs of Services, policies, Ingresses and autoscalers. */
const COMPANIONS: ReadonlyMap<string, string> = new Map([
  ['v1/Service', 'ServiceSpec'], ['networking.k8s.io/v1/NetworkPolicy', 'NetworkPolicySpec'], ['networking.k8s.io/v1/Ingress', 'IngressSpec'],
  ['autoscaling/v2/HorizontalPodAutoscaler', 'HorizontalPodAutoscalerSpec'],
]);

/** The fields that the API does not have in the spec of a Service, a policy, an Ingress or an autoscaler. */
export const unknownFieldsOf: (resource: Resource) => readonly Misshape[] = lazy((resource: Resource) => {
  const found: Misshape[] = [];
  const own = COMPANIONS.get(`${resource.apiVersion}/${resource.kind}`);
  if (own !== undefined) read(resource.json.spec, own, ['spec'], found, undefined);
  return found.filter(({ what }) => what === 'unknown');
});

function read(value: unknown, type: string, path: Path, found: Misshape[], container: string | undefined): void {
  if (value === undefined || value === null) return;
  const wrong = (allowed: string): void => {
    const given = Array.isArray(value) ? 'a list' : isMap(value) ? 'a map' : `a ${typeof value === 'string' ? 'text' : typeof value}`;
    const shown = Array.isArray(value) || isMap(value) ? String(path.at(-1)) : String(value);
    const filledIn = isMap(value) ? Object.values(value).every((item) => item === null) : FILLED_IN.test(shown);
    if (!filledIn) found.push({ what: 'type', path, container, value: shown, allowed, note: `it is ${given}` });
  };
  if (type.startsWith('[]')) {
    if (!Array.isArray(value)) wrong('a list');
    else value.forEach((item, i) => read(item, type.slice(2), [...path, i], found, container));
  } else if (type.startsWith('{}')) {
    if (!isMap(value)) wrong('a map');
    else if (type !== '{}string') for (const [name, item] of Object.entries(value)) read(item, type.slice(2), [...path, name], found, container);
  } else if (Object.hasOwn(SCHEMA, type)) {
    if (isMap(value)) readObject(value, type, path, found, type === 'Container' ? String(value.name ?? '') : container);
    else wrong('a map');
  } else {
    readScalar(value, type, wrong, (allowed) => found.push({ what: 'word', path, container, value: String(value), allowed }));
  }
}

function readObject(value: Readonly<Record<string, unknown>>, type: string, path: Path, found: Misshape[], container: string | undefined): void {
  const fields = fieldsOf(SCHEMA[type]);
  const elsewhere = READ_ELSEWHERE.get(type);
  const before = found.length;
  for (const [name, item] of Object.entries(value)) {
    const field = fields.get(name);
    if (field) {
      if (!elsewhere?.includes(name)) read(item, field.type, [...path, name], found, container);
      continue;
    }
    // Directives of kustomize, and what a template leaves.
    if (item === undefined || item === null || name.startsWith('$') || FILLED_IN.test(name)) continue;
    // A selector has the same two fields since the first version.
    const meant = EARLIER.get(`${type}.${name}`) ?? nearest(name, fields.keys()) ?? (type === 'LabelSelector' ? 'matchLabels' : undefined);
    const home = homes(OF_COMPANIONS.includes(type) ? OF_COMPANIONS : OF_WORKLOADS).get(name)?.filter((other) => other !== type);
    const allowed = meant ?? (home ? `${name} of ${home.join(', ')}` : [...fields.keys()].slice(0, 8).join(', '));
    found.push({ what: 'unknown', path: [...path, name], container, value: name, allowed, ...meant ?? home ? {} : { newer: true } });
  }
  if (found.length > before) return;
  for (const [name, { required }] of fields) {
    if ((required || NEEDED.has(`${type}.${name}`)) && (value[name] === undefined || value[name] === null) && !(type.endsWith('Spec') || type === 'Toleration')) {
      found.push({ what: 'missing', path, container, value: `no ${name}`, allowed: name });
    }
  }
}

function readScalar(value: unknown, type: string, wrong: (allowed: string) => void, word: (allowed: string) => void): void {
  const text = typeof value === 'string';
  switch (type) {
    case 'any': return;
    case 'string': return text ? undefined : wrong('a text in quotes');
    case 'boolean': return typeof value === 'boolean' ? undefined : wrong('true or false without quotes');
    case 'integer':
      // A whole number with an exponent or a fraction of 0 is one to JSON, too.
      return Number.isInteger(value) ? undefined : wrong('a number without quotes');
    case 'number': return typeof value === 'number' ? undefined : wrong('a number without quotes');
    case 'quantity': case 'int-or-string': return text || typeof value === 'number' ? undefined : wrong(type === 'quantity' ? '500m or 512Mi' : 'a number, or a text');
    default: {
      const words = type.slice(1, -1).split('|');
      if (!text) return wrong(words.join(', '));
      if (value !== '' && !FILLED_IN.test(value) && !words.includes(value)) word(words.join(', '));
    }
  }
}
