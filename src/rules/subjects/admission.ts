import { aboveQuota, claimOutOfRange, enforcedLevel, outOfRange, refusedByQuota, securityViolations, wholeOutOfRange } from '../../manifests/admission';
import { brokerClients } from '../../manifests/broker-urls';
import { givenTwice, notOne, notOneIn, outOfBounds, outOfBoundsIn, portsGivenTwice, variablesGivenTwice } from '../../manifests/conflicts';
import { unlessCopied } from '../../manifests/copies';
import { isFilled } from '../../manifests/filled';
import { asList, asMap, asScalar, asText, get, isMap, Path } from '../../manifests/json';
import { A_LIST, Misshape, misshapes, misshapesOf } from '../../manifests/misshapes';
import { databaseWorkloads } from '../../manifests/named-hosts';
import { inPatch, isPatch, IT_IS_A_PATCH, patchOf } from '../../manifests/patches';
import { Workload } from '../../manifests/pod/workload';
import { serverWorkloads } from '../../manifests/servers';
import { neededReferences, referencesOf } from '../../manifests/references';
import {
  badNames, badObjectName, badResources, badRestartPolicies, badService, goneApi, misspeltKind, mountsOfNothing, notTextsIn, notTextsOf,
  annotationsIn, isPlaceholder, noName, ownRestartPolicies, plainTextIn, Refusal,
} from '../../manifests/refusals';
import { isOfKubernetes, Resource } from '../../manifests/resource';
import { celeryWorkloads } from '../../manifests/scalers';
import { secretKeys } from '../../manifests/secret-keys';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { Report, Reporter, Rule, unless } from '../rule';
import { Severity } from '../severity';

/** Celery, its broker or Flower is somewhere in it. */
const SPEAKS_OF_CELERY = /celery|flower|broker|redis|rabbit/i;

/** The images of Celery: what else runs one is of its application. */
const images = lazy((world: World): ReadonlySet<string> =>
  new Set(world.processes.map(({ container: { image } }) => image.text).filter((text) => text !== '')));

/** What runs Celery or its broker, what sends tasks to it, and what runs its image. */
const workloads = lazy((world: World): ReadonlySet<Workload> => new Set([
  ...celeryWorkloads(world), ...brokerClients(world).map(({ container }) => container.workload),
  ...serverWorkloads(world),
  ...world.workloads.filter(({ containers }) => containers.some(({ image }) => images(world).has(image.text))),
  ...world.workloads.filter(isMisindented),
]));

/** It has no containers where a pod has them, and something in it speaks of Celery or a broker. */
function isMisindented({ containers, resource: { json } }: Workload): boolean {
  return containers.length === 0 && /celery|flower|broker/i.test(JSON.stringify(json));
}

/** The namespaces of those, and of the databases that Celery is given. */
const namespaces = lazy((world: World): ReadonlySet<string> =>
  new Set([...workloads(world), ...databaseWorkloads(world)].map(({ resource: { namespace } }) => namespace)));

/** What is applied with Celery: what the API server refuses of it ends the apply of a pipeline, or of Helm, whatever it is for. */
const applied = lazy((world: World): readonly Workload[] =>
  world.workloads.filter(({ resource: { namespace } }) => namespaces(world).has(namespace)));

const kinds = (world: World, ...names: readonly string[]): readonly Resource[] =>
  names.flatMap((kind) => world.kind(kind))
    .filter((resource) => namespaces(world).has(resource.namespace) && isOfKubernetes(resource) && !isPatch(resource, world));

const services = lazy((world: World): readonly Resource[] => kinds(world, 'Service'));

/** The ConfigMaps and Secrets that those ask for, and ConfigMaps with settings of Celery. */
const sources = lazy((world: World): readonly Resource[] => [...new Set([
  ...[...neededReferences(world), ...[...workloads(world)].flatMap(referencesOf).filter(({ optional }) => !optional)]
    .flatMap(({ kind, name, at }) => world.find(kind, at.resource.namespace, name) ?? []),
  ...world.kind('ConfigMap').filter(({ json }) => Object.keys(asMap(json.data)).some((name) => /^CELERY_[A-Z]/.test(name))),
])]);

/** The keys of Secrets that are variables of a container, with namespace and name. */
const variablesOf = lazy((world: World): ReadonlySet<string> => new Set(world.workloads.flatMap(({ allContainers, resource: { namespace } }) =>
  allContainers.flatMap((container) => secretKeys(container).map(({ secret, key }) => `${namespace} ${secret} ${key}`)))));

/** What scales, guards, publishes and stores. */
const companions = lazy((world: World): readonly Resource[] =>
  kinds(world, 'HorizontalPodAutoscaler', 'PodDisruptionBudget', 'NetworkPolicy', 'Ingress', 'PersistentVolumeClaim'));

/** What keeps something next to those, in their namespaces or for the whole cluster. */
const stores = lazy((world: World): readonly Resource[] => namespaces(world).size === 0 ? []
  : [...kinds(world, 'ConfigMap', 'Secret'), ...world.kind('PersistentVolume'), ...world.kind('StorageClass')]);

/** All that is looked at and has no pods. */
const others = lazy((world: World): readonly Resource[] => [...services(world), ...companions(world), ...stores(world)]);

const reported = (resource: Resource, { path, container, value, allowed, note, unless: condition, fix = allowed === A_LIST ? 'Write it as a list: "- " before each item.' : undefined }: Refusal): Report =>
  ({ at: { resource, path, container }, value, allowed, note, unless: condition, ...fix === undefined ? {} : { fix } });

/** The check of a rule that looks at each workload by itself. */
const ofWorkloads = (refusals: (workload: Workload) => readonly Refusal[]) => (world: World, report: Reporter): void => {
  const refusalsOf = unlessCopied(refusals, world);
  for (const workload of applied(world)) {
    const { resource } = workload;
    for (const refusal of inPatch(refusalsOf(workload), resource, world)) report(reported(resource, refusal));
  }
};

/** The same, and of a rule that looks at each of their Services and companions, too. */
const ofObjects = (inWorkload: (workload: Workload) => readonly Refusal[], inOther: (resource: Resource) => readonly Refusal[]) =>
  (world: World, report: Reporter): void => {
    ofWorkloads(inWorkload)(world, report);
    for (const resource of others(world)) for (const refusal of inPatch(inOther(resource), resource, world)) report(reported(resource, refusal));
  };

/** Labels are read by two: what the second finds at the same place is the same. */
const eachPlace = (refusals: readonly Refusal[]): readonly Refusal[] =>
  [...new Map([...refusals].reverse().map((refusal) => [refusal.path.join('/'), refusal])).values()].reverse();

/** The misshapes of one kind, in each workload. */
const shaped = (what: Misshape['what']) => (workload: Workload): Misshape[] => misshapes(workload).filter((misshape) => misshape.what === what);

/** The same in each companion. */
const shapedIn = (what: Misshape['what']) => (resource: Resource): Misshape[] => misshapesOf(resource).filter((misshape) => misshape.what === what);

/** The check of a rule about misshapes of one kind, and what else is refused for that reason. */
const ofShapes = (what: Misshape['what'], inWorkload: (workload: Workload) => readonly Refusal[], inOther: (resource: Resource) => readonly Refusal[] = () => []) =>
  ofObjects((workload) => [...inWorkload(workload), ...shaped(what)(workload)], (resource) => [...inOther(resource), ...shapedIn(what)(resource)]);

export const admissionRules: Rule[] = [
  {
    id: 'admission/pod-security',
    severity: Severity.ERROR,
    title: 'The namespace enforces a Pod Security Standard that the pod does not meet',
    why: 'No pod is created: the Deployment stays at 0, and its ReplicaSet says `is forbidden: violates PodSecurity "restricted:latest"`.',
    fix: 'Give the pod what the standard asks for: runAsNonRoot, seccompProfile RuntimeDefault, allowPrivilegeEscalation: false, and capabilities.drop [ALL].',
    source: 'https://kubernetes.io/docs/concepts/security/pod-security-standards/',
    rows: ['N52'],
    check: (world, report) => {
      for (const workload of workloads(world)) {
        const enforced = enforcedLevel(workload.resource.namespace, world);
        const wrong = enforced ? securityViolations(workload, enforced.level) : [];
        if (wrong.length > 0) {
          report({ at: { resource: workload.resource, path: workload.specPath }, value: wrong.join(', '), note: `it enforces ${enforced!.level}` });
        }
      }
    },
  },
  {
    id: 'admission/quota',
    severity: Severity.ERROR,
    title: 'A ResourceQuota of the namespace refuses the pod, because a container does not say what it needs',
    why: 'No pod is created: `is forbidden: failed quota: compute: must specify limits.memory for: worker`.',
    fix: 'Set the requests and limits that the quota counts on every container, init containers also; or let a LimitRange fill them in.',
    source: 'https://kubernetes.io/docs/concepts/policy/resource-quotas/',
    rows: ['N52'],
    check: (world, report) => {
      for (const workload of workloads(world)) {
        for (const { quota, container, missing } of refusedByQuota(workload, world)) {
          report({ at: container.place(), value: `no ${missing.join(', ')}`, note: `ResourceQuota ${quota.name}` });
        }
      }
    },
  },
  {
    id: 'admission/quota-too-small',
    severity: Severity.ERROR,
    title: 'A ResourceQuota of the namespace has no room for the pods of a workload',
    why: 'A pod is not created: `is forbidden: exceeded quota: compute, requested: limits.memory=2Gi, used: limits.memory=0, limited: limits.memory=1Gi`.',
    fix: 'Raise the quota, or ask for less.',
    source: 'https://kubernetes.io/docs/concepts/policy/resource-quotas/',
    rows: ['N52'],
    check: (world, report) => {
      for (const workload of workloads(world)) {
        for (const { quota, value, allowed, some } of aboveQuota(workload, world)) {
          report({
            at: { resource: workload.resource, path: some ? ['spec', 'replicas'] : workload.specPath }, value, allowed, note: `ResourceQuota ${quota.name}`,
            ...some ? { severity: Severity.WARNING } : {},
          });
        }
      }
    },
  },
  {
    id: 'admission/limit-range',
    severity: Severity.ERROR,
    title: 'A LimitRange of the namespace refuses the resources of the container',
    why: 'No pod is created: `is forbidden: maximum memory usage per Container is 512Mi, but limit is 1Gi`.',
    fix: 'Stay within the LimitRange, or change it.',
    source: 'https://kubernetes.io/docs/concepts/policy/limit-range/',
    rows: ['N52'],
    check: (world, report) => {
      for (const workload of workloads(world)) {
        for (const { range, container, value, allowed } of outOfRange(workload, world)) {
          report({ at: container.place([...container.path, 'resources']), value, allowed, note: `LimitRange ${range.name}` });
        }
        for (const { range, value, allowed } of wholeOutOfRange(workload, world)) {
          report({ at: { resource: workload.resource, path: workload.specPath }, value, allowed, note: `LimitRange ${range.name}` });
        }
      }
      const claims = [
        ...kinds(world, 'PersistentVolumeClaim').map((resource) => ({ resource, path: [] as Path, claim: resource.json })),
        ...applied(world).flatMap(({ resource }) => asList(get(resource.json, 'spec', 'volumeClaimTemplates'))
          .map((claim, i) => ({ resource, path: ['spec', 'volumeClaimTemplates', i] as Path, claim }))),
      ];
      for (const { resource, path, claim } of claims) {
        for (const { range, value, allowed } of claimOutOfRange(claim, resource.namespace, world)) {
          report({ at: { resource, path: [...path, 'spec', 'resources', 'requests'] }, value, allowed, note: `LimitRange ${range.name}` });
        }
      }
    },
  },
  {
    id: 'admission/command-not-a-list',
    severity: Severity.ERROR,
    title: 'command and args must be lists of strings',
    why: 'The API server refuses the object: `json: cannot unmarshal string into Go struct field Container.spec.template.spec.containers.command of type '
      + '[]string`. A Docker Compose file allows a string there.',
    fix: 'Write one item for each word: command: [celery, -A, app, worker].',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/',
    rows: ['N68'],
    check: (world, report) => {
      for (const { allContainers } of applied(world)) {
        for (const container of allContainers) {
          for (const name of ['command', 'args'] as const) {
            const given = container.json[name];
            if (given === undefined || given === null) continue;
            if (!Array.isArray(given)) {
              report({ at: container.place([...container.path, name]), value: asScalar(given) ?? 'a map', allowed: 'a list' });
              continue;
            }
            given.forEach((word: unknown, i) => {
              if (typeof word === 'string' || word === null || isPlaceholder(word)) return;
              const [value, note] = isMap(word) ? [`${Object.keys(word)[0] ?? ''}: ...`, 'it is a map: a colon with a blank after it begins one'] : [asScalar(word) ?? 'a list', `it is a ${typeof word}`];
              report({ at: container.place([...container.path, name, i]), value, allowed: 'a text in quotes', note });
            });
          }
        }
      }
    },
  },
  {
    id: 'admission/invalid-name',
    severity: Severity.ERROR,
    title: 'A name or a label is too long, or has characters that Kubernetes does not allow',
    why: 'The API server refuses the object: `metadata.name: Invalid value: "celery_worker": a lowercase RFC 1123 subdomain must consist of lower case '
      + 'alphanumeric characters, \'-\' or \'.\'`.',
    fix: 'Use lowercase letters, digits and hyphens; port names have at most 15 characters. What is no label may be an annotation.',
    source: 'https://kubernetes.io/docs/concepts/overview/working-with-objects/names/',
    rows: ['N73'],
    check: (world, report) => {
      ofShapes('name', badNames)(world, report);
      for (const resource of [...services(world), ...companions(world), ...sources(world), ...world.kind('Namespace').filter(({ name }) => namespaces(world).has(name)), ...kinds(world, 'ServiceAccount')]) {
        for (const refusal of badObjectName(resource)) report(reported(resource, refusal));
      }
    },
  },
  {
    id: 'admission/wrong-type',
    severity: Severity.ERROR,
    title: 'A value does not have the type of its field, such as a number in place of a string',
    why: 'The API server refuses the object: `json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string`. '
      + 'Without quotes, YAML does not read 6379, true and yes as strings.',
    fix: 'Put quotes around the value: "6379"; or take them away where a number is wanted.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container/',
    rows: ['N73'],
    check: (world, report) => {
      ofWorkloads((workload) => eachPlace([...notTextsOf(workload), ...shaped('type')(workload)]))(world, report);
      for (const resource of sources(world)) for (const refusal of notTextsIn(resource)) report(reported(resource, refusal));
      for (const resource of [...services(world), ...companions(world)]) {
        for (const refusal of eachPlace([...annotationsIn(resource), ...shapedIn('type')(resource)])) report(reported(resource, refusal));
      }
    },
  },
  {
    id: 'admission/secret-not-base64',
    severity: Severity.ERROR,
    title: 'A value in the data of a Secret is not base64',
    why: 'The API server refuses the Secret: `Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 4`, and no pod that asks for it '
      + 'starts. A word that is base64 by chance, such as `postgres`, becomes bytes: `password authentication failed for user`, or `CreateContainerError: grpc: error '
      + 'while marshaling: string field contains invalid UTF-8` since Kubernetes 1.34.',
    fix: 'Put plain texts into stringData; or encode them: printf %s VALUE | base64.',
    source: 'https://kubernetes.io/docs/concepts/configuration/secret/#restriction-names-data',
    rows: ['N73'],
    check: (world, report) => {
      for (const resource of sources(world)) {
        for (const { read, ...refusal } of plainTextIn(resource)) {
          const variable = read && patchOf(resource, world) === 'no' && !isFilled(resource) && variablesOf(world).has(`${resource.namespace} ${resource.name} ${refusal.value}`);
          report({
            ...reported(resource, refusal),
            ...variable ? { note: 'it is a word, and a variable of bytes that are no text' }
              : read ? { unless: 'those bytes are meant', note: 'it is a word' } : {},
          });
        }
      }
    },
  },
  {
    id: 'admission/unsupported-value',
    severity: Severity.ERROR,
    title: 'A field has a value that the API does not allow',
    why: 'The API server refuses the object: `spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"`.',
    fix: 'Use one of the supported values, with its capitals.',
    source: 'https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/',
    rows: ['N73'],
    check: ofShapes('word', badRestartPolicies),
  },
  {
    id: 'admission/unknown-field',
    severity: Severity.ERROR,
    title: 'The API has no field of this name here',
    why: 'kubectl refuses the object: `strict decoding error: unknown field "spec.template.spec.containers[0].hostname"`. What applies it without that check drops the field.',
    fix: 'Correct the name, or move the field to where it belongs.',
    source: 'https://kubernetes.io/docs/reference/using-api/api-concepts/#setting-the-field-validation-level',
    rows: ['N73'],
    check: (world, report) => {
      const unknown = unlessCopied(shaped('unknown'), world);
      const found = [
        ...applied(world).flatMap((workload) => unknown(workload).map((misshape) => [workload.resource, misshape] as const)),
        ...others(world).flatMap((resource) => shapedIn('unknown')(resource).map((misshape) => [resource, misshape] as const)),
      ];
      for (const [resource, { newer, ...refusal }] of found) {
        report({ ...reported(resource, refusal), ...unless(newer !== true, 'the cluster has a newer Kubernetes, with that field') });
      }
    },
  },
  {
    id: 'admission/missing-field',
    severity: Severity.ERROR,
    title: 'A required field is missing',
    why: 'The API server refuses the object: `spec.template.spec.containers[0].volumeMounts[0].mountPath: Required value`.',
    fix: 'Add the field.',
    source: 'https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/',
    rows: ['N73'],
    check: ofShapes('missing', ({ resource }) => noName(resource), noName),
  },
  {
    id: 'admission/given-twice',
    severity: Severity.ERROR,
    title: 'Two entries of a list have the same name, path or port, where each must have its own',
    why: 'The API server refuses the object: `spec.template.spec.volumes[1].name: Duplicate value: "tmp"`. Of a variable that is given twice, the last value counts.',
    fix: 'Take one of them out, or give it a name of its own.',
    source: 'https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/',
    rows: ['N73'],
    check: (world, report) => {
      ofShapes('twice', givenTwice, (resource) => resource.kind === 'Service' ? portsGivenTwice(resource) : [])(world, report);
      for (const workload of workloads(world)) {
        for (const refusal of variablesGivenTwice(workload)) report({ ...reported(workload.resource, refusal), note: 'the last value counts', severity: Severity.WARNING });
      }
    },
  },
  {
    id: 'admission/not-one-of-them',
    severity: Severity.ERROR,
    title: 'Fields of which one excludes the other are both given, or none is where one must be',
    why: 'The API server refuses the object: `livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`, `spec.strategy.rollingUpdate: Forbidden: '
      + 'may not be specified when strategy type is \'Recreate\'`.',
    fix: 'Give one of them. A field that is empty, such as `exec:` without a command below it, counts as none.',
    source: 'https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/',
    rows: ['N73'],
    check: ofShapes('one', notOne, notOneIn),
  },
  {
    id: 'admission/out-of-range',
    severity: Severity.ERROR,
    title: 'A number, a schedule or another value is outside of what the API allows',
    why: 'The API server refuses the object: `spec.replicas: Invalid value: -1: must be greater than or equal to 0`, `spec.schedule: Invalid value: "75 2 * * *": end of '
      + 'range (75) above maximum (59)`.',
    fix: 'Use a value that is allowed.',
    source: 'https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/',
    rows: ['N73'],
    check: ofShapes('range', outOfBounds, outOfBoundsIn),
  },
  {
    id: 'admission/container-restart-policy',
    severity: Severity.WARNING,
    title: 'A container has a restartPolicy, which is a field of the pod',
    why: 'The API server refuses the object: `spec.template.spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers`.',
    fix: 'Write it next to `containers`, or leave it out: pods of a Deployment are always restarted.',
    source: 'https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-restart-rules',
    rows: ['N73'],
    check: (world, report) => {
      for (const workload of workloads(world)) {
        for (const refusal of ownRestartPolicies(workload)) {
          report({ ...reported(workload.resource, refusal), unless: 'the cluster has Kubernetes 1.35 or later, or the feature ContainerRestartRules' });
        }
      }
    },
  },
  {
    id: 'admission/resources',
    severity: Severity.ERROR,
    title: 'The API server refuses the requests or limits of a container, or no node can meet them',
    why: 'The API server refuses the object: `Invalid value: "1Gi": must be less than or equal to memory limit of 512Mi`, `quantities must match the regular '
      + 'expression`; with memory: 512m, half a byte, no container starts: `minimum memory limit is 6MB`; with cpu: 500Mi the pods are Pending forever.',
    fix: 'Set requests of at most the limits, memory as 512Mi and CPU as 250m.',
    source: 'https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/',
    rows: ['N73'],
    check: ofWorkloads(badResources),
  },
  {
    id: 'admission/mount-without-volume',
    severity: Severity.ERROR,
    title: 'A container mounts a volume that its pod does not define',
    why: 'The API server refuses the object: `spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data"`.',
    fix: 'Add the volume to the pod, or write the name that it has.',
    source: 'https://kubernetes.io/docs/concepts/storage/volumes/',
    rows: ['N73'],
    check: ofWorkloads(mountsOfNothing),
  },
  {
    id: 'admission/service',
    severity: Severity.ERROR,
    title: 'The API server refuses a Service',
    why: 'It is not made, and its name does not resolve: `spec.ports: Required value`, `provided port is not in the valid range. The range of valid ports is '
      + '30000-32767`, `nodePort: Forbidden: may not be used when type is ClusterIP`.',
    fix: 'Give it ports with names; a port of the nodes from 30000 to 32767, or none, with type: NodePort.',
    source: 'https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport',
    rows: ['N73'],
    check: (world, report) => {
      for (const service of services(world)) {
        for (const refusal of inPatch(badService(service), service, world)) report(reported(service, refusal));
      }
    },
  },
  {
    id: 'admission/removed-api',
    severity: Severity.ERROR,
    title: 'Kubernetes no longer has this version of the API, or never had it',
    why: 'Nothing is made: `no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2beta2"`.',
    fix: 'Write the apiVersion that it has now, with its fields: `kubectl convert` does both.',
    source: 'https://kubernetes.io/docs/reference/using-api/deprecation-guide/',
    rows: ['N73'],
    check: (world, report) => {
      for (const resource of namespaces(world).size === 0 ? [] : world.resources.filter(({ namespace }) => namespace === '' || namespaces(world).has(namespace))) {
        const gone = goneApi(resource);
        if (!gone) continue;
        const { since, now, fix } = gone;
        report({
          at: { resource, path: ['apiVersion'] }, value: resource.apiVersion, allowed: now, ...(fix === undefined ? {} : { fix }),
          // Nobody has run the releases before these for years.
          ...unless(!resource.live, `the cluster is older than ${since ?? 'that'}`),
        });
      }
      for (const resource of world.resources) {
        const meant = misspeltKind(resource);
        if (meant !== undefined && SPEAKS_OF_CELERY.test(JSON.stringify(resource.json))) {
          report({ at: { resource, path: ['kind'] }, value: resource.kind, allowed: meant, fix: `Write ${meant}.` });
        }
      }
    },
  },
  {
    id: 'admission/no-type',
    severity: Severity.ERROR,
    title: 'An object has no apiVersion or no kind',
    why: 'kubectl does not know what it is, and refuses the file: `error validating data: [apiVersion not set, kind not set]`. Both names are written with these letters.',
    fix: 'Write both above metadata: apiVersion: apps/v1, kind: Deployment.',
    source: 'https://kubernetes.io/docs/concepts/overview/working-with-objects/#required-fields',
    rows: ['N73'],
    across: true,
    check: (world, report) => {
      for (const resource of world.withoutType) {
        const missing = ['apiVersion', 'kind'].filter((field) => asText(resource.json[field]) === undefined);
        if (!SPEAKS_OF_CELERY.test(JSON.stringify(resource.json))) continue;
        report({ at: { resource, path: [] }, value: `no ${missing.join(', no ')}`, allowed: missing.join(', '), ...unless(patchOf(resource, world) === 'no', IT_IS_A_PATCH) });
      }
    },
  },
];
