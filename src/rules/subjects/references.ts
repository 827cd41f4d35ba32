import { hasPlaceholder, isFilledIn } from '../../celery/filled-in';
import { brokerServers } from '../../manifests/broker-servers';
import { CHANGED, mayBeChanged } from '../../manifests/changed';
import { claimNamed } from '../../manifests/claims';
import { baseName } from '../../manifests/command/command';
import { grouped } from '../../manifests/grouped';
import { hasCelery, kindIn, workloadsIn } from '../../manifests/in-namespace';
import { asList, asMap, asScalar, get } from '../../manifests/json';
import { generatedInNoNamespace, isGenerated, isKustomization, isMerged, overlays } from '../../manifests/kustomizations';
import { almost, slip } from '../../manifests/misspelt';
import { applicationContainers, namedHosts } from '../../manifests/named-hosts';
import { allNames, NamedObject, namedObjects, namesOf, namespaceOf } from '../../manifests/named-objects';
import { patchOf } from '../../manifests/patches';
import { Container } from '../../manifests/pod/container';
import { secretData } from '../../manifests/pod/sources';
import { Workload } from '../../manifests/pod/workload';
import { neededReferences, producerReferences, Reference, referencesOf, variableOf } from '../../manifests/references';
import { Resource } from '../../manifests/resource';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The workloads that run Celery, and the servers that its application names: what others there are is no business of Celery's. */
const ofCelery = lazy((world: World): ReadonlySet<Workload> => {
  const named = applicationContainers(world)
    .flatMap((container) => namedHosts(container).flatMap(({ host }) => world.service(host, container.workload.resource.namespace) ?? []));
  return new Set([
    ...world.processes.map(({ workload }) => workload), ...brokerServers(world).map(({ workload }) => workload),
    ...[...new Set(named)].flatMap((service) => world.backing(service)),
  ]);
});

const keyOf = ({ kind, namespace, name }: Resource): string => `${kind} ${namespace} ${name}`;

const workloadsByName = lazy((world: World) => grouped(world.workloads.map((workload) => [keyOf(workload.resource), workload] as const)));

/** The names of Services that lead to Celery, and to the servers of its application. */
const servicesOfCelery = lazy((world: World) => new Set(world.kind('Service').filter((service) => world.backing(service).some((workload) => ofCelery(world).has(workload)))
  .map(({ namespace, name }) => `${namespace} ${name}`)));

/** Ingresses, and the routes of gateways and of other controllers. */
const IS_ROUTE = /^Ingress$|Route$|^VirtualService$/;

/** Some text in an object: the names of Services that a route leads to are among them. */
function hasText(value: unknown, wanted: (text: string) => boolean): boolean {
  return typeof value === 'string' ? wanted(value) : typeof value === 'object' && value !== null && Object.values(value).some((one) => hasText(one, wanted));
}

/** Whether an object is about what else runs there: another workload, or what leads to it. */
function isOfAnother(resource: Resource, world: World): boolean {
  const { kind, namespace, name, json } = resource;
  const own = servicesOfCelery(world);
  if (kind === 'Service') return world.backing(resource).length > 0 && !own.has(`${namespace} ${name}`);
  if (IS_ROUTE.test(kind)) return !hasText(json.spec, (text) => own.has(`${namespace} ${text.split('.')[0]}`));
  const workloads = workloadsByName(world).get(keyOf(resource)) ?? [];
  return workloads.length > 0 && !workloads.some((workload) => ofCelery(world).has(workload));
}

/** The Jobs that `kubectl wait` or the image k8s-wait-for waits for, where a failure is not passed over. */
function awaitedJobs({ image, invocations, words }: Container): string[] {
  if (image.name === 'k8s-wait-for') return words[0] !== undefined && /^job(-wr|-we)?$/.test(words[0].text) ? words.slice(1, 2).map(({ text }) => text) : [];
  if (words.some(({ text }) => text.includes('||'))) return [];
  return invocations.flatMap(({ words: [program, subcommand, ...others], conditional }) => {
    if (baseName(program?.text ?? '') !== 'kubectl' || subcommand?.text !== 'wait' || conditional) return [];
    return others.flatMap(({ text }, i) => {
      const [, name = others[i + 1]?.text] = /^jobs?(?:\.batch)?(?:\/(.+))?$/.exec(text) ?? [undefined, ''];
      return name === undefined || name === '' || name.startsWith('-') ? [] : [name];
    });
  });
}

/** By this Argo CD makes an object before others. */
const HOOK_OF_ARGO = 'argocd.argoproj.io/hook';

/** The hooks of Helm that an object is. */
function hooksOf({ annotations }: Resource): string[] {
  return (asScalar(annotations['helm.sh/hook']) ?? '').split(',').map((hook) => hook.trim()).filter(Boolean);
}

/** Labels that charts give to what Helm applies; kubectl and kustomize take no notice of hooks. */
function ofHelm({ labels }: Resource): boolean {
  return labels['helm.sh/chart'] !== undefined || labels['app.kubernetes.io/managed-by'] === 'Helm' || labels.heritage === 'Helm';
}

const MIGRATES = /migrat|db["', ]+upgrade|upgrade["', ]+head/i;
const AWAITS_MIGRATIONS = /migrate\s.*--check|check-migrations|check_migrations|showmigrations|wait[-_]for[-_](db[-_])?migrations/;

/** To kustomize, what is in no namespace is in this one. */
const DEFAULT_NAMESPACE = 'default';

function find(world: World, { kind, name, at }: Reference): Resource | undefined {
  return world.find(kind, at.resource.namespace, name);
}

/** What Kubernetes writes into a Secret with the token of a ServiceAccount. */
const OF_TOKENS = ['token', 'ca.crt', 'namespace'];

/** A volume may ask for each key of a large ConfigMap by its name. */
const keysOf: (resource: Resource) => ReadonlySet<string> = lazy(({ json }: Resource) => new Set([
  ...json.type === 'kubernetes.io/service-account-token' ? OF_TOKENS : [],
  ...['data', 'binaryData', 'stringData'].flatMap((field) => Object.keys(asMap(json[field]))),
]));

/** What a Secret of type kubernetes.io/tls has. */
const TLS_KEYS = ['tls.crt', 'tls.key'];

/** A certificate or a private key without a content: whatever fills it is undone by the next apply. */
function isEmptyCertificate({ kind, json }: Resource, key: string): boolean {
  if (kind !== 'Secret' || !(json.type === 'kubernetes.io/tls' || /\.(crt|cer|key|pem)$/.test(key))) return false;
  const [written, encoded] = [asMap(json.stringData), asMap(json.data)];
  const value = Object.hasOwn(written, key) ? written[key] : encoded[key];
  return value === null || (asScalar(value) ?? '.').trim() === '';
}

/** The objects of all namespaces, by kind and name. */
const byName = lazy((world: World) => grouped(['Secret', 'ConfigMap', 'PersistentVolumeClaim', 'ServiceAccount', 'TriggerAuthentication']
  .flatMap((kind) => world.kind(kind)).map((resource) => [`${resource.kind} ${resource.name}`, resource] as const)));

/** Any namespace: what is in none may write to all. */
const ANYWHERE = '*';

/** Secrets that an operator writes or adds keys to, as `namespace/name`: ExternalSecret, SealedSecret, Certificate and the like. */
const writtenByOperators: (world: World) => ReadonlySet<string> = lazy((world: World) => new Set(world.resources.flatMap((resource) => {
  const { kind, namespace, name, json } = resource;
  if (kind === 'Secret') return [];
  const targets = [
    get(json, 'spec', 'secretName'), get(json, 'spec', 'target', 'name'), get(json, 'spec', 'destination', 'name'), get(json, 'spec', 'output', 'name'),
    get(json, 'spec', 'managedSecretReference', 'secretName'), get(json, 'spec', 'managedSecret', 'name'), get(json, 'spec', 'externalSecretName'),
    ...asList(get(json, 'spec', 'secretObjects')).map((one) => get(one, 'secretName')),
    ...asList(get(json, 'spec', 'rules')).map((one) => get(one, 'generate', 'name')),
    ...(/Secret|OnePasswordItem/.test(kind) ? [name] : []),
  ];
  return targets.flatMap((target) => asScalar(target) ?? []).map((target) => `${namespace === '' ? ANYWHERE : namespace}/${target}`);
})));

function byOperator(world: World, { kind, name, at }: Reference): boolean {
  return kind === 'Secret' && [at.resource.namespace, ANYWHERE].some((namespace) => writtenByOperators(world).has(`${namespace}/${name}`));
}

/** The texts of objects of operators, by their namespace: such an object may name what it uses anywhere. */
const namedByOthers = lazy((world: World) => new Set(world.resources.filter(({ apiVersion }) => apiVersion.includes('.') && !/(^|\.)k8s\.io\//.test(apiVersion))
  .flatMap(({ json, namespace }) => texts(json.spec).map((text) => `${namespace} ${text}`))));

/** Something in its own namespace asks for an object: it need not have been meant for a pod elsewhere that names one like it. */
function isUsedAtHome(world: World, { kind, namespace, name }: Resource): boolean {
  if (allNames(world).has(`${kind} ${namespace} ${name}`) || namedByOthers(world).has(`${namespace} ${name}`)) return true;
  return workloadsIn(namespace, world).flatMap(referencesOf).some((reference) => reference.kind === kind && reference.name === name)
    || kindIn('Ingress', namespace, world).some(({ json }) => asList(get(json, 'spec', 'tls')).some((tls) => get(tls, 'secretName') === name))
    || kindIn('ServiceAccount', namespace, world).some(({ json }) =>
      [...asList(json.imagePullSecrets), ...asList(json.secrets)].some((secret) => get(secret, 'name') === name));
}

/** Some controllers copy a Secret into other namespaces. */
function isCopied({ annotations, labels }: Resource): boolean {
  return Object.keys({ ...annotations, ...labels }).some((key) => /reflector|replicat|kubed|config-syncer|copy|clone/i.test(key));
}

/** Namespaces below others get what those have. */
function isHierarchical(world: World): boolean {
  return ['SubnamespaceAnchor', 'HierarchyConfiguration'].some((kind) => world.kind(kind).length > 0);
}

/** Restarts pods when what they read has changed. */
function isReloaded({ resource, annotations }: Workload): boolean {
  return Object.entries({ ...resource.annotations, ...annotations }).some(([name, value]) =>
    /(^|\.)reloader\.stakater\.com\/|^secrets\.(infisical|doppler)\.com\/(auto-)?reload$|^wave\.pusher\.com\/update-on-config-change/.test(name) && asScalar(value) !== 'false');
}

/** What writes a Secret again and again, by `namespace/name` of the Secret. */
const rotating = lazy((world: World) => new Map([
  ...world.kind('ExternalSecret').filter(({ json }) => !/^0[smh]?$/.test(asScalar(get(json, 'spec', 'refreshInterval')) ?? '1h')
    && !/^(CreatedOnce|OnChange)$/.test(asScalar(get(json, 'spec', 'refreshPolicy')) ?? ''))
    .map((resource) => [`${resource.namespace}/${asScalar(get(resource.json, 'spec', 'target', 'name')) ?? resource.name}`, resource] as const),
  ...['VaultDynamicSecret', 'VaultStaticSecret', 'VaultPKISecret'].flatMap((kind) => world.kind(kind))
    .map((resource) => [`${resource.namespace}/${asScalar(get(resource.json, 'spec', 'destination', 'name')) ?? ''}`, resource] as const),
  ...[['InfisicalSecret', 'managedSecretReference', 'secretName', 'secretNamespace'], ['DopplerSecret', 'managedSecret', 'name', 'namespace']].flatMap(([kind, field, name, namespace]) =>
    world.kind(kind).map((resource) => [
      `${asScalar(get(resource.json, 'spec', field, namespace)) ?? resource.namespace}/${asScalar(get(resource.json, 'spec', field, name)) ?? ''}`, resource,
    ] as const)),
]));

/** The Secrets and ConfigMaps that nothing asks for, by their kind and namespace. */
const unused = lazy((world: World) => {
  const objects = ['Secret', 'ConfigMap'].flatMap((kind) => world.kind(kind));
  if (objects.length === 0) return grouped<string, string>([]);
  const asked = new Set(world.workloads.flatMap(referencesOf).map(({ kind, name, at }) => `${kind} ${at.resource.namespace} ${name}`));
  const free = objects.filter(({ kind, namespace, name }) => !asked.has(`${kind} ${namespace} ${name}`));
  const others = free.length === 0 ? [] : world.resources.filter(({ kind }) => kind !== 'Secret' && kind !== 'ConfigMap');
  // The annotations of an Ingress name a Secret, some with its namespace.
  const named = new Set(others.flatMap(({ json, annotations }) => [
    ...texts(json.spec ?? json), ...texts(annotations).map((text) => text.slice(text.indexOf('/') + 1)),
  ]));
  const isForMonitoring = ({ labels }: Resource): boolean => Object.keys(labels).some((label) => /grafana|prometheus/.test(label));
  return grouped(free.filter((one) => !named.has(one.name) && !isForMonitoring(one)).map(({ kind, namespace, name }) => [`${kind} ${namespace}`, name] as const));
});

/** All texts of a value. */
function texts(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null && depth < 20 ? Object.values(value).flatMap((one) => texts(one, depth + 1)) : [];
}

/** What a name is for, by its last word. */
const PARTS: ReadonlyArray<readonly [RegExp, string]> = [
  [/^(user|username|usr)$/, 'user'], [/^(password|passwd|pass|pwd)$/, 'password'], [/^(host|hostname)$/, 'host'], [/^port$/, 'port'],
];

/** `password` of `DB_PASSWORD`, `dbPassword` and `db-password`; undefined where the name is for something else. */
function partOf(name: string): string | undefined {
  const words = name.replace(/([a-z])([A-Z])/g, '$1-$2').toLowerCase().split(/[-_.]/);
  if (/^(db|database)$/.test(words.slice(-2).filter((word) => word !== 'name').at(-1) ?? '')) return 'database';
  const last = words.at(-1) ?? '';
  return PARTS.find(([word]) => word.test(last))?.[1];
}

/** The Secret `shop-db-user` is that of the variable `DB_USER`. */
function isCalledLike(name: string, variable: string): boolean {
  return `-${name}`.toLowerCase().replace(/[_.]/g, '-').endsWith(`-${variable.toLowerCase().replace(/_/g, '-')}`);
}

const isBrokerUrl = (name: string): boolean => /BROKER_URL$|^(RABBITMQ|AMQP|REDIS)_(URL|URI)$/i.test(name);

/** `app-db`, `database-url`, `postgres_dsn`; not `redis-db`, which is a number of Redis. */
const isOfDatabase = (key: string): boolean => /(^|[-_.])(db|database|postgres(ql)?|pg|mysql|sqlalchemy)([-_.](url|uri|dsn))?$/i.test(key)
  && !isOfBroker(key);

const isOfBroker = (name: string): boolean => /redis|rabbit|amqp|broker|celery|cache|queue/i.test(name);

/** `database-url`, `DSN`: a key that holds a whole URL. */
const isOfUrl = (key: string): boolean => /(^|[-_.])(url|uri|dsn)$/i.test(key.replace(/([a-z])([A-Z])/g, '$1-$2'));

/** What the servers ask for that Celery finds by the hosts and URLs in its variables. */
const serverReferences = lazy((world: World) => [...new Set(world.processes.flatMap(({ container, workload: { resource } }) => namedHosts(container)
  .flatMap(({ host }) => world.service(host, resource.namespace) ?? []).flatMap((service) => world.backing(service))))].flatMap(referencesOf));

/** The keys by which a variable for a broker is given, for each Secret or ConfigMap. */
const brokerKeys = lazy((world: World) => grouped(neededReferences(world).flatMap((reference) => {
  const { kind, name, key, at } = reference;
  const variable = key === undefined ? undefined : variableOf(reference);
  return variable === undefined || !isBrokerUrl(variable) ? [] : [[`${at.resource.namespace} ${kind} ${name} ${variable}`, key!] as const];
})));

/** The keys that the pods of Celery and its brokers ask for by name, of each Secret or ConfigMap. */
const askedKeys = lazy((world: World) => grouped(neededReferences(world).flatMap(({ kind, name, key, at }) =>
  key === undefined ? [] : [[`${kind} ${at.resource.namespace} ${name}`, key] as const])));

/** Another one that has all the keys that are asked for, where these are several. */
function withSameKeys({ kind, name, at: { resource: { namespace } } }: Reference, world: World): string | undefined {
  const keys = new Set(askedKeys(world).get(`${kind} ${namespace} ${name}`));
  if (keys.size < 2) return undefined;
  const having = kindIn(kind, namespace, world).filter((one) => [...keys].every((key) => keysOf(one).has(key)));
  const found = new Set(having.map((one) => one.name));
  return found.size === 1 ? [...found][0] : undefined;
}

/** The only ConfigMap of the namespace that nobody asks for, where a container takes all its variables from one that there is not. */
function onlyVariables({ kind, at: { path, resource: { namespace } } }: Reference, world: World): string | undefined {
  if (kind !== 'ConfigMap' || path.at(-3) !== 'envFrom') return undefined;
  const [free, ...others] = unused(world).get(`${kind} ${namespace}`) ?? [];
  const keys = free === undefined || others.length > 0 ? [] : [...keysOf(world.find(kind, namespace, free)!)];
  return keys.length > 1 && keys.every((key) => /^[A-Z][A-Z0-9_]*$/.test(key)) ? free : undefined;
}

/** The objects of the input that nothing names, by kind and namespace. */
const unusedObjects = lazy((world: World) => grouped(KINDS.flatMap((kind) => world.kind(kind)).flatMap((resource) => {
  const place = `${resource.kind} ${namespaceOf(resource.kind, resource)}`;
  return allNames(world).has(`${place} ${resource.name}`) ? [] : [[place, resource.name] as const];
})));

/** Whether the input has what is named, or something that makes it. */
function isThere({ kind, name, at: { resource } }: NamedObject, world: World): boolean {
  return kind === 'PersistentVolumeClaim' ? claimNamed(name, resource.namespace, world) !== undefined
    : namesOf(kind, namespaceOf(kind, resource), world).includes(name);
}

/** The Secrets and ConfigMaps that pods refer to, by kind, namespace and name. */
const referred = lazy((world: World) => new Set(world.workloads.flatMap(referencesOf).map(({ kind, name, at: { resource } }) => `${kind} ${resource.namespace} ${name}`)));

/** The fields that refer to an object of each kind. */
const REFERENCE_OF = { Secret: 'secretRef, secretKeyRef or a volume of type secret', ConfigMap: 'configMapRef, configMapKeyRef or a volume of type configMap' };

/** What is named other than Secrets and ConfigMaps. */
const KINDS: ReadonlyArray<NamedObject['kind']> = ['PersistentVolumeClaim', 'ServiceAccount', 'PriorityClass', 'TriggerAuthentication'];

export const referenceRules: Rule[] = [
  {
    id: 'references/defined-twice',
    severity: Severity.WARNING,
    title: 'The input has several objects of the same kind and name, which differ',
    why: '`kubectl apply` applies one after the other, and the last of them is what stays: an edit of another one changes nothing.',
    fix: 'Keep one of them; or give what is for another cluster or environment to another run.',
    source: 'https://kubernetes.io/docs/concepts/overview/working-with-objects/names/',
    rows: ['N50'],
    across: true,
    check: (world, report) => {
      // Each is for an environment of its own.
      if (overlays(world).length > 1) return;
      for (const { resource, by } of world.replaced) {
        if (!hasCelery(resource.namespace, world) || isKustomization(resource) || hasPlaceholder(resource.name) || [resource, by].some((one) => patchOf(one, world) === 'yes')) continue;
        if (JSON.stringify(resource.json) === JSON.stringify(by.json)) {
          report({ at: { resource, path: ['metadata', 'name'] }, value: resource.name, note: 'though both are the same here', severity: Severity.INFO });
        } else {
          // A web application or a load test in files of which one is applied, and an Ingress for each environment, are what most of these are about.
          report({
            at: { resource, path: ['metadata', 'name'] }, value: resource.name, unless: 'they are for different clusters or environments',
            ...isOfAnother(resource, world) ? { severity: Severity.INFO } : {},
          });
        }
      }
    },
  },
  {
    id: 'references/no-such-key',
    severity: Severity.ERROR,
    title: 'The Secret or ConfigMap does not have the key that the pod refers to',
    why: 'The container does not start: CreateContainerConfigError, `Error: couldn\'t find key broker in Secret shop/redis`; for a volume `MountVolume.SetUp '
      + 'failed ... references non-existent secret key: broker`.',
    fix: 'Name a key that it has, or add the key.',
    source: 'https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist',
    rows: [],
    on: 'references',
    check: (reference, report, world) => {
      const { kind, name, key, at } = reference;
      const found = key === undefined ? undefined : find(world, reference);
      const keys = found ? keysOf(found) : new Set<string>();
      if (!found || byOperator(world, reference)) return;
      if (hasPlaceholder(key!)) return;
      if (keys.has(key!)) {
        if (isEmptyCertificate(found, key!)) report({ at, value: `${kind} ${name}, key ${key}`, note: 'it is empty' });
        return;
      }
      if (isMerged(kind, name, key!, found.namespace, world)) return;
      // Of several of a name the last is what stays; another may be that of this environment.
      const other = isGenerated(kind, name, found.namespace, world)
        || kindIn(kind, found.namespace, world).some((one) => one !== found && one.name === name && keysOf(one).has(key!));
      // An empty one is filled by something else. The API server takes none of that type without its keys.
      if (keys.size === 0 && (found.json.type !== 'kubernetes.io/tls' || !TLS_KEYS.includes(key!))) return;
      report({
        at, value: `${kind} ${name}, key ${key}`, ...(keys.size === 0 ? { note: 'it has no keys' } : { allowed: [...keys].join(', ') }),
        ...mayBeChanged(found, [], world) ? { unless: CHANGED } : unless(!other, `this is for another environment than the last ${kind} ${name} of the input`),
      });
    },
  },
  {
    id: 'references/almost-its-name',
    severity: Severity.WARNING,
    title: 'A Secret, a ConfigMap, a claim, a ServiceAccount or another object is referred to by a misspelled name',
    why: 'There is none of that name, and the container does not start: CreateContainerConfigError, `Error: configmap "shop-configmap" not found`; or the pod stays '
      + 'Pending: `persistentvolumeclaim "celery-claim0" not found`; or no pod is made: `error looking up service account shop/wroker`.',
    fix: 'Write the name of the object.',
    source: 'https://kubernetes.io/docs/concepts/configuration/configmap/#using-configmaps',
    rows: ['N79'],
    across: true,
    check: (world, report) => {
      for (const reference of neededReferences(world)) {
        const { kind, name, key, at } = reference;
        if (at.path.includes('imagePullSecrets') || find(world, reference) || byOperator(world, reference)) continue;
        // One without the key that is asked for is not meant.
        const hasKey = (one: string): boolean => {
          const keys = keysOf(world.find(kind, at.resource.namespace, one)!);
          return key === undefined || keys.size === 0 || keys.has(key);
        };
        const meant = almost(name, unused(world).get(`${kind} ${at.resource.namespace}`)?.filter(hasKey)) ?? withSameKeys(reference, world)
          ?? onlyVariables(reference, world) ?? slip(name, namesOf(kind, at.resource.namespace, world).filter(hasKey));
        const other = kind === 'Secret' ? 'ConfigMap' : 'Secret';
        if (meant === undefined && world.find(other, at.resource.namespace, name) && !referred(world).has(`${other} ${at.resource.namespace} ${name}`)) {
          report({
            at, value: `${kind} ${name}`, allowed: `${other} ${name}`, note: `the object of that name is a ${other}`, fix: `Refer to the ${other}, by ${REFERENCE_OF[other]}.`,
            unless: `a ${kind} of that name is not among these manifests`,
          });
        }
        if (meant !== undefined) report({ at, value: `${kind} ${name}`, allowed: meant, fix: `Write ${meant}.`, unless: `a ${kind} of that name is not among these manifests` });
      }
      for (const { kind, name, at } of namedObjects(world)) {
        if (isThere({ kind, name, at }, world)) continue;
        const free = unusedObjects(world).get(`${kind} ${namespaceOf(kind, at.resource)}`);
        // A claim is made for a pod: the only one without any is that of the pod without one.
        const meant = almost(name, free) ?? slip(name, namesOf(kind, namespaceOf(kind, at.resource), world))
          ?? (kind === 'PersistentVolumeClaim' && free?.length === 1 ? free[0] : undefined);
        if (meant !== undefined) report({ at, value: name, allowed: meant, fix: `Write ${meant}.`, unless: `a ${kind} of that name is not among these manifests` });
      }
    },
  },
  {
    id: 'references/key-of-another-variable',
    severity: Severity.ERROR,
    title: 'A variable refers to a key of a Secret or ConfigMap that is meant for another variable',
    why: 'The user gets the password, the host the port, or the broker the URL of the database: `FATAL: password authentication failed for user`, `ACCESS_REFUSED`, '
      + '`Name or service not known`, `No such transport: postgresql`. And what is secret is shown wherever a user or a host is.',
    fix: 'Name the key of what the variable is called.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/distribute-credentials-secure/',
    rows: ['N83'],
    check: (world, report) => {
      for (const reference of new Set([...neededReferences(world), ...producerReferences(world), ...serverReferences(world)])) {
        const { kind, name, key, at } = reference;
        const variable = variableOf(reference);
        if (variable === undefined || key === undefined) continue;
        const value = `${variable} from ${kind} ${name}, key ${key}`;
        if (isBrokerUrl(variable) && isOfDatabase(key) && !isOfBroker(name)) {
          // Others take the same variable from a key of its own.
          const own = brokerKeys(world).get(`${at.resource.namespace} ${kind} ${name} ${variable}`)?.find((one) => !isOfDatabase(one));
          report({ at, value, ...own === undefined ? { unless: 'that is what the key holds' } : { allowed: own, fix: `Name the key ${own}, as others do.` } });
          continue;
        }
        const [wanted, given] = [partOf(variable), partOf(key)];
        if (wanted === 'password' && isOfUrl(key)) {
          const secret = kind === 'Secret' ? find(world, reference) : undefined;
          report({ at, value, note: 'the whole URL becomes the password', ...unless(secret !== undefined && /^[a-z][a-z0-9+]*:\/\//.test(secretData(secret).get(key) ?? ''), 'the key holds a password') });
          continue;
        }
        // Where each Secret has one value, its name says which, and the key is the same in all of them.
        if (wanted === undefined || given === undefined || wanted === given || isCalledLike(name, variable)) continue;
        report({ at, value, unless: 'that is what the key holds' });
      }
    },
  },
  {
    id: 'references/other-namespace',
    severity: Severity.ERROR,
    title: 'A Secret, a ConfigMap, a claim or a ServiceAccount is in another namespace than the pod that needs it',
    why: 'A pod gets objects of its own namespace only. The container does not start: CreateContainerConfigError, `Error: secret "redis-url" not found`; for '
      + 'a volume `MountVolume.SetUp failed ... secret "redis-url" not found`; for an image `ErrImagePull`; with a claim the pod stays Pending.',
    fix: 'Put it into the namespace of the pod.',
    source: 'https://kubernetes.io/docs/concepts/configuration/secret/#restriction-secret-must-exist',
    rows: [],
    across: true,
    check: (world, report) => {
      const needed = [
        ...neededReferences(world).filter((reference) => !byOperator(world, reference)),
        ...namedObjects(world).filter((named) => !isThere(named, world)),
      ];
      for (const { kind, name, at } of needed) {
        const { namespace } = at.resource;
        const others = byName(world).get(`${kind} ${name}`) ?? [];
        // Where a manifest does not say its namespace, kubectl does.
        if (others.length === 0 || isFilledIn(namespace) || isHierarchical(world)) continue;
        if (['', namespace].some((own) => world.find(kind, own, name)) || others.some((other) => isCopied(other) || isFilledIn(other.namespace))) continue;
        // Another application of the input has one of the same name, for itself.
        if (others.every((other) => hasCelery(other.namespace, world) && isUsedAtHome(world, other))) continue;
        const where = `it is in ${[...new Set(others.map((other) => other.namespace))].sort().join(', ')}, the pod in ${namespace}`;
        report({
          at, value: `${kind} ${name}`,
          note: where, ...unless(!others.some((other) => isUsedAtHome(world, other)), 'that has one of the same name'),
        });
      }
    },
  },
  {
    id: 'references/generated-in-no-namespace',
    severity: Severity.ERROR,
    title: 'A kustomization generates a ConfigMap or a Secret in no namespace, and the pods that need it are in one',
    why: 'kustomize puts a hash behind its name, and writes the new name only into objects of the same namespace: the pods ask for the name without the hash, which there is '
      + 'not. CreateContainerConfigError, `Error: secret "shop" not found`.',
    fix: 'Give the kustomization the namespace of the pods.',
    source: 'Reproduced with kustomize 5.6.0',
    rows: ['N79'],
    check: (world, report) => {
      for (const { resource, path, kind, name } of generatedInNoNamespace(world)) {
        // Any pod of the application: without the web application no task is sent.
        const pods = world.workloads.filter(({ resource: { namespace } }) => hasCelery(namespace, world) && namespace !== DEFAULT_NAMESPACE
          && ['', namespace].includes(resource.namespace));
        const asked = pods.flatMap(referencesOf)
          .find((reference) => reference.kind === kind && reference.name === name && !reference.optional
            && get(reference.at.resource.json, 'metadata', 'namespace') !== undefined && !find(world, reference));
        if (!asked) continue;
        const pod = asked.at.resource;
        report({ at: { resource, path }, value: `${kind} ${name}`, note: `${pod.kind} ${pod.name} is in ${pod.namespace}`, fix: `Write namespace: ${pod.namespace} into the kustomization.` });
      }
    },
  },
  {
    id: 'references/rotated-secret',
    severity: Severity.WARNING,
    title: 'A Secret that is rotated automatically is only read when the process starts',
    why: 'Variables never change in a running container: after a rotation workers and Beat go on with the old password until it no longer works, all at the '
      + 'same time (`WRONGPASS`, `ACCESS_REFUSED`).',
    fix: 'Let something restart the pods: the annotation reloader.stakater.com/auto: "true", or rolloutRestartTargets of Vault\'s operator with every workload.',
    source: 'https://github.com/mitodl/ol-infrastructure/issues/5361',
    rows: ['N25', 'C5'],
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      const { resource } = workload;
      if (!workload.longRunning || isReloaded(workload)) return;
      const seen = new Set<string>();
      for (const { kind, name, at } of referencesOf(workload)) {
        const by = kind === 'Secret' && at.path.some((step) => step === 'env' || step === 'envFrom') ? rotating(world).get(`${resource.namespace}/${name}`) : undefined;
        if (!by || seen.has(name) || asList(get(by.json, 'spec', 'rolloutRestartTargets')).some((target) =>
          get(target, 'kind') === resource.kind && get(target, 'name') === resource.name)) continue;
        seen.add(name);
        report({ at, value: `Secret ${name}`, note: `${by.kind} ${by.name} writes it`, unless: 'it never changes, or something else restarts the pods' });
      }
    },
  },
  {
    id: 'references/optional-key-missing',
    severity: Severity.ERROR,
    title: 'A reference that is optional names a key that the Secret or ConfigMap does not have',
    why: 'The pod starts without the variable and without an error: a URL that is made of it keeps the text $(REDIS_PASSWORD), and Redis answers `WRONGPASS` or `NOAUTH Authentication required`.',
    fix: 'Name a key that it has, and leave `optional` out.',
    source: 'https://github.com/volcano-sh/kthena/pull/1683',
    rows: ['E5'],
    on: 'celeryWorkloads',
    check: (workload, report, world) => {
      for (const reference of referencesOf(workload)) {
        const { kind, name, key, optional, at } = reference;
        const found = optional && key !== undefined ? find(world, reference) : undefined;
        const variable = variableOf(reference);
        if (!found || variable === undefined || byOperator(world, reference) || keysOf(found).size === 0 || keysOf(found).has(key!)) continue;
        const used = workload.allContainers.some(({ json, name: container }) => container === at.container
          && asList(json.env).some((entry) => (asScalar(get(entry, 'value')) ?? '').includes(`$(${variable})`)));
        report({
          at, value: `${kind} ${name}, key ${key}`, allowed: [...keysOf(found)].join(', '),
          ...used ? { note: `another variable is made of $(${variable})` } : { unless: 'the application does without it', severity: Severity.INFO },
        });
      }
    },
  },
  {
    id: 'references/hook-before-its-objects',
    severity: Severity.ERROR,
    title: 'A hook that Helm runs before the installation needs an object that the same release makes after it',
    why: 'Helm creates everything else after its pre-install hooks: the pod of the hook is in CreateContainerConfigError (`secret "shop" not found`), and the installation ends with a timeout. '
      + 'It only works where an earlier release has left the object.',
    fix: 'Give the object the annotations helm.sh/hook: pre-install,pre-upgrade and a lower helm.sh/hook-weight; or make the Job none of the hooks.',
    source: 'https://github.com/mattrobinsonsre/bamf/pull/286',
    rows: ['N88'],
    check: (world, report) => {
      for (const workload of world.workloads) {
        if (!hooksOf(workload.resource).includes('pre-install') || !hasCelery(workload.resource.namespace, world)) continue;
        for (const reference of referencesOf(workload)) {
          const { kind, name, optional, at } = reference;
          const found = optional || at.path.includes('imagePullSecrets') ? undefined : find(world, reference);
          if (!found || found.live || byOperator(world, reference) || hooksOf(found).includes('pre-install') || found.annotations[HOOK_OF_ARGO] !== undefined || ![found, workload.resource].some(ofHelm)) continue;
          const [own, other] = [workload.resource, found].map(({ labels }) => asScalar(labels['app.kubernetes.io/instance']) ?? asScalar(labels.release));
          // Of a release that may be older.
          if (own !== undefined && other !== undefined && own !== other) continue;
          report({ at, value: `${kind} ${name}`, note: 'it is no hook', ...unless(ofHelm(found), 'something else makes it before') });
        }
      }
    },
  },
  {
    id: 'references/waits-for-later-hook',
    severity: Severity.WARNING,
    title: 'An init container waits for migrations that Helm runs only when the pods are ready',
    why: 'With --wait or --atomic, as Argo CD, Flux and Terraform install charts, post-install hooks run after all pods are ready, and the pods wait for the hook: a deadlock until the timeout.',
    fix: 'Make it a Job without the annotation, or a pre-upgrade hook where the database is outside of the release.',
    source: 'https://github.com/chatwoot/charts/pull/206',
    rows: ['N88'],
    on: 'celeryWorkloads',
    check: ({ initContainers, longRunning, resource: { namespace } }, report, world) => {
      const jobs = longRunning ? kindIn('Job', namespace, world).filter((job) => hooksOf(job).some((hook) => hook === 'post-install' || hook === 'post-upgrade')
        && !hooksOf(job).some((hook) => hook.startsWith('pre-')) && MIGRATES.test(JSON.stringify(job.json.spec))) : [];
      for (const container of jobs.length === 0 ? [] : initContainers) {
        const text = container.words.map((word) => word.text).join(' ');
        const awaited = awaitedJobs(container).some((name) => jobs.some((job) => job.name === name));
        if (awaited || AWAITS_MIGRATIONS.test(text)) report({ at: container.place(), value: `Job ${jobs[0].name}`, note: `it is a hook: ${hooksOf(jobs[0]).join(',')}`, unless: 'Helm installs without --wait' });
      }
    },
  },
  {
    id: 'references/waits-for-expired-job',
    severity: Severity.ERROR,
    title: 'An init container waits for a Job that is deleted after it has ended',
    why: 'With ttlSecondsAfterFinished the Job is gone some time after it has ended: `Error from server (NotFound): jobs.batch "migrate" not found`, and every pod that starts '
      + 'later, after an eviction or by an autoscaler, stays in Init:CrashLoopBackOff.',
    fix: 'Remove ttlSecondsAfterFinished; or wait for what the Job has done, such as migrate --check.',
    source: 'https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/',
    rows: ['N88'],
    on: 'celeryWorkloads',
    check: ({ initContainers, longRunning, resource: { namespace } }, report, world) => {
      for (const container of longRunning ? initContainers : []) {
        for (const name of awaitedJobs(container)) {
          const job = world.find('Job', namespace, name);
          const ttl = asScalar(get(job?.json, 'spec', 'ttlSecondsAfterFinished'));
          if (ttl !== undefined) report({ at: container.place(), value: `Job ${name}`, note: `it has ttlSecondsAfterFinished: ${ttl}` });
        }
      }
    },
  },
];
