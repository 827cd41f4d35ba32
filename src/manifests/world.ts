import { CeleryCommand, readCelery, Role, scriptOf } from './command/celery-command';
import { baseName } from './command/command';
import { asList, asMap, asScalar, asText, get, JsonObject, Path } from './json';
import { EnvSources } from './pod/env';
import { isAirflow } from '../celery/image';
import { configMapNames, Container, Workload } from './pod/workload';
import { celeryIn, probesOf } from './probes';
import { Process, UrlUse } from './process';
import { codeSettings } from './code-settings';
import { RedisServer } from './redis-server';
import { Resource, resources } from './resource';
import { isRedis, parseUrl } from '../celery/url';
import { Place } from './place';
import { AGENT_PACKAGE } from '../celery/agent-names';

/** A URL path or port of a Service, an Ingress or a Gateway that leads to a pod from outside the cluster. */
export interface Exposure {
  readonly place: Place;
  readonly by: string;
  /** Only within the network of the cluster's nodes. */
  readonly internal: boolean;
  /** Something before the pod may ask for a login. */
  readonly guarded: boolean;
  /** The path prefixes that lead to it; undefined when all do. */
  readonly paths?: readonly string[];
}

/** All manifests of one run, and how they refer to each other. */
export class World {
  public readonly resources: readonly Resource[];
  public readonly workloads: readonly Workload[];
  public readonly workers: readonly Process[];
  public readonly beats: readonly Process[];
  public readonly flowers: readonly Process[];
  public readonly redisServers: readonly RedisServer[];
  /** Processes of Celery, or containers that call it in some other way, by container. */
  public readonly processes: readonly Process[];
  /** Containers that look like Celery, though no command of Celery is in sight: what is true of them is unknown. */
  public readonly unknown: readonly Container[];
  private readonly kinds = new Map<string, Resource[]>();
  private readonly named = new Map<string, Resource[]>();
  private readonly podsByLabel = new Map<string, Workload[]>();
  private readonly processesOf = new Map<Workload, Process[]>();
  private readonly redisOf = new Map<Workload, RedisServer[]>();

  public constructor(objects: readonly unknown[]) {
    this.resources = resources(objects);
    for (const resource of this.resources) {
      push(this.kinds, resource.kind, resource);
      push(this.named, key(resource.kind, resource.namespace, resource.name), resource);
    }
    this.workloads = this.resources.filter((resource) => Workload.is(resource))
      .map((resource) => new Workload(resource, this.sources(resource.namespace)));
    for (const workload of this.workloads) {
      for (const [label, value] of Object.entries(workload.labels)) {
        push(this.podsByLabel, key(workload.resource.namespace, label, asScalar(value) ?? ''), workload);
      }
    }
    this.processes = this.workloads.flatMap((workload) => workload.containers.flatMap(processes));
    this.workers = this.processes.filter(({ role }) => role === 'worker');
    this.beats = this.processes.filter(({ role }) => role === 'beat');
    this.flowers = this.processes.filter(({ role }) => role === 'flower');
    this.redisServers = this.workloads.flatMap((workload) => workload.containers.flatMap((container) => {
      const server = RedisServer.read(container, (path) => this.configFile(container, path));
      return server ? [server] : [];
    }));
    for (const process of this.processes) {
      push(this.processesOf, process.workload, process);
      this.readCode(process);
    }
    const readable = new Set(this.processes.map(({ container }) => container));
    const servers = new Set(this.redisServers.map(({ container }) => container));
    this.unknown = this.workloads.filter(({ longRunning }) => longRunning).flatMap(({ containers }) => containers)
      .filter((container) => !servers.has(container) && !readable.has(container) && isUnknown(container));
    for (const server of this.redisServers) push(this.redisOf, server.container.workload, server);
    this.linkBrokers();
  }

  public kind(kind: string): readonly Resource[] {
    return this.kinds.get(kind) ?? [];
  }

  /** The one object of that name; undefined when there is none, or when the input has several and cannot say which. */
  public find(kind: string, namespace: string, name: string): Resource | undefined {
    const found = this.named.get(key(kind, namespace, name));
    return found?.length === 1 ? found[0] : undefined;
  }

  public in(workload: Workload): readonly Process[] {
    return this.processesOf.get(workload) ?? [];
  }

  /** The workers of the application that a process names, in its namespace. */
  public workersOf(process: Process): readonly Process[] {
    return this.workersByApp.get(appKey(process)) ?? [];
  }

  public beatsOf(process: Process): readonly Process[] {
    return this.beatsByApp.get(appKey(process)) ?? [];
  }

  public hasFlower(namespace: string): boolean {
    return this.once('flowers', () => new Set(this.flowers.map(({ workload }) => workload.resource.namespace))).has(namespace);
  }

  public redisIn(workload: Workload): readonly RedisServer[] {
    return this.redisOf.get(workload) ?? [];
  }

  /** Workloads whose pods a selector of labels takes. */
  public select(namespace: string, selector: JsonObject): readonly Workload[] {
    const wanted = Object.entries(selector);
    if (wanted.length === 0) return [];
    const lists = wanted.map(([label, value]) => this.podsByLabel.get(key(namespace, label, asScalar(value) ?? '')) ?? []);
    const shortest = lists.reduce((best, next) => next.length < best.length ? next : best);
    return shortest.filter((workload) => wanted.every(([label, value]) => asScalar(get(workload.labels, label)) === asScalar(value)));
  }

  /** The Service that a host name means from within a namespace. */
  public service(host: string, from: string): Resource | undefined {
    const [name, namespace, svc, ...rest] = host.split('.');
    if (namespace !== undefined && svc !== undefined && svc !== 'svc') return undefined;
    if (rest.length > 0 && rest.join('.') !== 'cluster.local') return undefined;
    return this.find('Service', namespace ?? from, name);
  }

  public redisFor(use: UrlUse): readonly RedisServer[] {
    return isRedis(use.url) ? this.serversAt(use.url.host, use.at.resource.namespace) : [];
  }

  private readonly serversCache = new Map<string, readonly RedisServer[]>();

  private serversAt(host: string, from: string): readonly RedisServer[] {
    if (this.redisServers.length === 0) return [];
    const name = key(from, host);
    let servers = this.serversCache.get(name);
    if (!servers) {
      const service = this.service(host, from);
      servers = service ? this.backing(service).flatMap((workload) => this.redisIn(workload)) : [];
      this.serversCache.set(name, servers);
    }
    return servers;
  }

  public backing(service: Resource): readonly Workload[] {
    return this.select(service.namespace, asMap(get(service.json, 'spec', 'selector')));
  }

  /** The workload that an autoscaler, a disruption budget and the like name. */
  public target(namespace: string, ref: unknown, defaultKind?: string): Workload | undefined {
    const resource = this.find(asText(get(ref, 'kind')) ?? defaultKind ?? '', namespace, asText(get(ref, 'name')) ?? '');
    return resource && this.byResource.get(resource);
  }

  /** HPAs and ScaledObjects of a workload. */
  public scalersOf(workload: Workload): readonly Resource[] {
    return this.scalers.get(workload) ?? [];
  }

  /** More than one pod of a workload may run at a time, by intent. */
  public scaled(workload: Workload): boolean {
    return (workload.replicas ?? 1) > 1 || workload.resource.kind === 'DaemonSet' || this.scalersOf(workload).length > 0;
  }

  /** A NetworkPolicy of the input limits who may talk to a workload. */
  public guardedByPolicy(workload: Workload): boolean {
    return this.guarded.has(workload) || this.guardedNamespaces.has(workload.resource.namespace);
  }

  /** How a port of a workload can be reached from outside the cluster. */
  public exposures(workload: Workload, port: number, names: ReadonlySet<string>): readonly Exposure[] {
    // Many workloads may be behind the same Services: they share what is found.
    const groups = this.servicesOf.get(workload) ?? [];
    const name = [port, [...names].sort(), groups.map(({ selector }) => selector)].join('\n');
    let found = this.exposuresCache.get(name);
    if (!found) {
      found = groups.flatMap(({ services }) => services.flatMap((service) => this.serviceExposures(service, port, names)));
      this.exposuresCache.set(name, found);
    }
    return found;
  }

  private readonly exposuresCache = new Map<string, readonly Exposure[]>();

  private serviceExposures(service: Resource, port: number, names: ReadonlySet<string>): Exposure[] {
    const ports = asList(get(service.json, 'spec', 'ports')).filter((entry) => {
      const target = get(entry, 'targetPort') ?? get(entry, 'port');
      return target === port || names.has(asScalar(target) ?? '') || target === String(port);
    });
    if (ports.length === 0) return [];
    const type = asText(get(service.json, 'spec', 'type'));
    const found: Exposure[] = [];
    if (type === 'NodePort' || type === 'LoadBalancer') {
      found.push({ by: type, internal: isInternal(service), guarded: limitsSources(service), place: { resource: service, path: ['spec', 'type'] } });
    }
    return [...found, ...(this.ingressesOf.get(service) ?? []).filter(({ servicePort }) =>
      servicePort === undefined || ports.some((entry) => servicePort === get(entry, 'port') || servicePort === get(entry, 'name')))
      .map(({ resource, path, prefix }) => ({
        by: resource.kind, internal: isInternal(resource), place: { resource, path }, paths: prefix === undefined ? undefined : [prefix],
        guarded: asText(get(resource.json, 'spec', 'ingressClassName')) === TAILNET
          || Object.keys(resource.annotations).some((name) => /auth|middleware|oauth|whitelist|allowlist|source-range|snippet/i.test(name))
          || (resource.kind !== 'Ingress' && asList(get(resource.json, 'spec', 'rules')).some((rule) => asList(get(rule, 'filters')).length > 0)),
      }))];
  }

  private sources(namespace: string): EnvSources {
    return {
      configMap: (name) => this.configMapData(namespace, name),
      secretKeys: (name) => {
        const secret = this.find('Secret', namespace, name);
        return secret && new Set([...Object.keys(asMap(secret.json.data)), ...Object.keys(asMap(secret.json.stringData))]);
      },
    };
  }

  private readonly dataCache = new Map<Resource, ReadonlyMap<string, string>>();

  private configMapData(namespace: string, name: string): ReadonlyMap<string, string> | undefined {
    const resource = this.find('ConfigMap', namespace, name);
    if (!resource) return undefined;
    let data = this.dataCache.get(resource);
    if (!data) {
      data = new Map(Object.entries(asMap(resource.json.data)).map(([entry, value]) => [entry, asScalar(value) ?? '']));
      this.dataCache.set(resource, data);
    }
    return data;
  }

  /** A file of a ConfigMap, with its place there. */
  private configFile(container: Container, path: string): { text: string; resource: Resource; path: Path } | undefined {
    const content = container.file(path);
    const absolute = container.absolute(path);
    const mount = absolute === undefined ? undefined : container.mountOf(absolute);
    const resource = mount && this.find('ConfigMap', container.workload.resource.namespace, asText(mount.volume.source.name) ?? '');
    if (content === undefined || !resource) return undefined;
    const name = Object.entries(asMap(resource.json.data)).find(([, value]) => value === content)?.[0];
    return { text: content, resource, path: name === undefined ? ['data'] : ['data', name] };
  }

  private readonly codeCache = new Map<Container, readonly CodeFile[]>();

  /** The Python files of ConfigMaps in a container, with their places. */
  public code(container: Container): readonly CodeFile[] {
    let files = this.codeCache.get(container);
    if (!files) this.codeCache.set(container, files = [...this.readCodeFiles(container)]);
    return files;
  }

  private* readCodeFiles(container: Container): Iterable<CodeFile> {
    for (const mount of container.mounts) {
      // Our agent is no code of the application.
      if (mount.mountPath === AGENT_PACKAGE) continue;
      const sources = configMapNames(mount.volume)
        .flatMap((name) => this.find('ConfigMap', container.workload.resource.namespace, name) ?? []);
      if (sources.length === 0) continue;
      // By content, because `items` may give a file another name; the first of several that are alike.
      const data = sources.flatMap((resource) => Object.entries(asMap(resource.json.data))
        .map(([entry, value]) => [value, { resource, entry }] as const));
      const entries = new Map(data.reverse());
      for (const [name, content] of container.volumeFiles(mount.volume) ?? []) {
        const isFile = mount.subPath !== undefined && mount.mountPath.endsWith('.py');
        if (!name.endsWith('.py') || (isFile && mount.subPath !== name)) continue;
        const folder = isFile ? mount.mountPath.slice(0, mount.mountPath.lastIndexOf('/')) || '/' : mount.mountPath;
        const { resource, entry } = entries.get(content) ?? { resource: sources[0], entry: name };
        yield { name, text: content, folder, place: { resource, path: ['data', entry] } };
      }
    }
  }

  private readCode(process: Process): void {
    for (const { text: code, place } of this.code(process.container)) {
      process.codeBroker ??= codeUrl(code, /\bbroker(?:_url)?\s*=\s*(['"])([^'"\n]+)\1/, place, 'broker');
      process.codeBackend ??= codeUrl(code, /\b(?:result_)?backend\s*=\s*(['"])([^'"\n]+)\1/, place, 'backend');
      for (const [name, value] of this.settingsIn(code)) {
        const known = process.codeSettings.get(name);
        const differs = process.codeSettings.has(name) && known?.value !== value;
        process.codeSettings.set(name, value === undefined || differs ? undefined : known ?? { value, at: place });
      }
    }
  }

  private readonly settingsCache = new Map<string, ReturnType<typeof codeSettings>>();

  /** Many processes share the same code. */
  private settingsIn(code: string): ReturnType<typeof codeSettings> {
    let settings = this.settingsCache.get(code);
    if (!settings) this.settingsCache.set(code, settings = codeSettings(code));
    return settings;
  }

  /** Which Redis is a broker: by the URLs of Celery processes, or else by some variable of theirs that names it. */
  private linkBrokers(): void {
    // Whoever has it, a producer or something out of sight: the name says what it is for.
    for (const { containers, resource } of this.workloads) {
      for (const { env } of containers) {
        const url = parseUrl(env.value('CELERY_BROKER_URL') ?? env.value('AIRFLOW__CELERY__BROKER_URL') ?? '');
        for (const server of url && isRedis(url) ? this.serversAt(url.host, resource.namespace) : []) server.brokerUse = 'yes';
      }
    }
    for (const process of this.processes) {
      const { broker } = process;
      for (const server of broker ? this.redisFor(broker) : []) server.brokerUse = 'yes';
      if (broker) continue;
      for (const variable of process.container.env.all()) {
        const url = variable.value === undefined ? undefined : parseUrl(variable.value);
        const host = url ? isRedis(url) ? url.host : undefined : variable.value?.toLowerCase();
        if (host === undefined || !/^[a-z0-9][a-z0-9.-]*$/.test(host)) continue;
        for (const server of this.serversAt(host, process.workload.resource.namespace)) {
          if (/BROKER/i.test(variable.name) && url) server.brokerUse = 'yes';
          else if (server.brokerUse === 'no') server.brokerUse = 'possible';
        }
      }
    }
  }

  private lazy = new Map<string, unknown>();

  private once<T>(name: string, make: () => T): T {
    if (!this.lazy.has(name)) this.lazy.set(name, make());
    return this.lazy.get(name) as T;
  }

  private get byResource(): ReadonlyMap<Resource, Workload> {
    return this.once('byResource', () => new Map(this.workloads.map((workload) => [workload.resource, workload])));
  }

  /** Policies that limit who may come in, as far as their selector is one of plain labels. */
  private get policies(): readonly Resource[] {
    return this.once('policies', () => this.kind('NetworkPolicy').filter(({ json }) => {
      const types = asList(get(json, 'spec', 'policyTypes'));
      return (types.length === 0 || types.includes('Ingress')) && asList(get(json, 'spec', 'podSelector', 'matchExpressions')).length === 0;
    }));
  }

  private get guarded(): ReadonlySet<Workload> {
    return this.once('guarded', () => new Set([...bySelector(this.policies, 'spec', 'podSelector', 'matchLabels').values()]
      .flatMap(([{ namespace, json }]) => this.select(namespace, asMap(get(json, 'spec', 'podSelector', 'matchLabels'))))));
  }

  private get guardedNamespaces(): ReadonlySet<string> {
    return this.once('guardedNamespaces', () => new Set(this.policies
      .filter(({ json }) => Object.keys(asMap(get(json, 'spec', 'podSelector', 'matchLabels'))).length === 0).map(({ namespace }) => namespace)));
  }

  private get beatsByApp(): ReadonlyMap<string, Process[]> {
    return this.once('beatsByApp', () => byApp(this.beats));
  }

  private get workersByApp(): ReadonlyMap<string, Process[]> {
    return this.once('workersByApp', () => byApp(this.workers));
  }

  private get scalers(): ReadonlyMap<Workload, Resource[]> {
    return this.once('scalers', () => {
      const found = new Map<Workload, Resource[]>();
      for (const kind of ['HorizontalPodAutoscaler', 'ScaledObject']) {
        for (const scaler of this.kind(kind)) {
          const target = this.target(scaler.namespace, get(scaler.json, 'spec', 'scaleTargetRef'), 'Deployment');
          if (target) push(found, target, scaler);
        }
      }
      return found;
    });
  }

  private get servicesOf(): ReadonlyMap<Workload, ServiceGroup[]> {
    return this.once('servicesOf', () => {
      const found = new Map<Workload, ServiceGroup[]>();
      for (const [selector, services] of bySelector(this.kind('Service'), 'spec', 'selector')) {
        for (const workload of this.backing(services[0])) push(found, workload, { selector, services });
      }
      return found;
    });
  }

  private get ingressesOf(): ReadonlyMap<Resource, Route[]> {
    return this.once('ingressesOf', () => {
      const found = new Map<Resource, Route[]>();
      for (const resource of this.kind('Ingress')) {
        for (const route of ingressRoutes(resource)) {
          const service = this.find('Service', resource.namespace, route.service);
          if (service) push(found, service, route);
        }
      }
      for (const resource of this.kind('HTTPRoute')) {
        for (const route of httpRoutes(resource)) {
          const service = this.find('Service', route.namespace ?? resource.namespace, route.service);
          if (service) push(found, service, route);
        }
      }
      for (const resource of this.kind('Route')) {
        const service = this.find('Service', resource.namespace, asText(get(resource.json, 'spec', 'to', 'name')) ?? '');
        if (service) push(found, service, { resource, path: ['spec', 'to', 'name'], service: service.name });
      }
      return found;
    });
  }
}

/** What this class publishes is seen by the devices of one private network, which log in. */
const TAILNET = 'tailscale';

/** A load balancer that lets only some addresses in, or none from outside a private network. */
function limitsSources({ json }: Resource): boolean {
  const ranges = asList(get(json, 'spec', 'loadBalancerSourceRanges'));
  return get(json, 'spec', 'type') === 'LoadBalancer'
    && (asText(get(json, 'spec', 'loadBalancerClass')) === TAILNET || (ranges.length > 0 && !ranges.includes('0.0.0.0/0') && !ranges.includes('::/0')));
}

/** A load balancer of a cloud that stands in its private network. */
function isInternal({ annotations }: Resource): boolean {
  return Object.entries(annotations).some(([name, value]) => /load-?balancer.*(internal|scheme|type)|ingress\.kubernetes\.io\/scheme/i.test(name)
    && /^(internal|true|0\.0\.0\.0\/0)$/i.test(asScalar(value) ?? ''));
}

/** A Python file of a ConfigMap in a container. */
export interface CodeFile {
  readonly name: string;
  readonly text: string;
  readonly place: Place;
  readonly folder: string;
}

/** Services with the same selector. */
interface ServiceGroup {
  readonly selector: string;
  readonly services: readonly Resource[];
}

interface Route {
  readonly resource: Resource;
  readonly path: Path;
  readonly service: string;
  readonly namespace?: string;
  readonly servicePort?: unknown;
  readonly prefix?: string;
}

function ingressRoutes(resource: Resource): Route[] {
  const routes: Route[] = [];
  const add = (backend: unknown, path: Path, prefix?: string) => {
    const modern = asText(get(backend, 'service', 'name'));
    const service = modern ?? asText(get(backend, 'serviceName'));
    const servicePort = modern === undefined ? get(backend, 'servicePort')
      : get(backend, 'service', 'port', 'number') ?? get(backend, 'service', 'port', 'name');
    if (service !== undefined) routes.push({ resource, path, service, servicePort, prefix });
  };
  add(get(resource.json, 'spec', 'defaultBackend'), ['spec', 'defaultBackend']);
  asList(get(resource.json, 'spec', 'rules')).forEach((rule, r) => asList(get(rule, 'http', 'paths')).forEach((entry, p) =>
    add(get(entry, 'backend'), ['spec', 'rules', r, 'http', 'paths', p, 'backend'], asText(get(entry, 'path')) ?? '/')));
  return routes;
}

function httpRoutes(resource: Resource): Route[] {
  return asList(get(resource.json, 'spec', 'rules')).flatMap((rule, r) => asList(get(rule, 'backendRefs')).flatMap((ref, b) => {
    const service = asText(get(ref, 'name'));
    return service === undefined ? [] : [{
      resource, path: ['spec', 'rules', r, 'backendRefs', b], service, namespace: asText(get(ref, 'namespace')), servicePort: get(ref, 'port'),
      prefix: asText(get(rule, 'matches', 0, 'path', 'value')) ?? '/',
    }];
  }));
}

function codeUrl(code: string, pattern: RegExp, at: Place, source: string): UrlUse | undefined {
  const found = pattern.exec(code)?.[2];
  const url = found === undefined ? undefined : parseUrl(found);
  return url && { text: found!, url, at, source, partial: false };
}

/** Celery's processes in a container. What only runs under a condition counts when there is no other candidate. */
function processes(container: Container): Process[] {
  const commands = container.invocations.flatMap((invocation) => {
    const command = readCelery(invocation);
    return command && ['worker', 'beat', 'flower', 'multi'].includes(command.role) ? [ofAirflow(command, container) ?? command] : [];
  });
  const certain = commands.filter(({ invocation }) => !invocation.conditional);
  const chosen = certain.length > 0 ? certain : commands.length === 1 ? commands : [];
  if (chosen.length === 0 && commands.length === 0) {
    const implied = impliedFlower(container) ?? byMode(container) ?? byScript(container);
    return implied ? [new Process(container, implied)] : [];
  }
  return chosen.map((command) => new Process(container, command));
}

/** `celery worker` without an application, where an entrypoint that we cannot read may put `airflow` before it. */
function ofAirflow(command: CeleryCommand, container: Container): CeleryCommand | undefined {
  const { invocation, vendor, global, options } = command;
  if (vendor !== 'celery' || global.has('--app') || options.has('--app')) return undefined;
  if (!isAirflow(container.image) && ![...container.env.all()].some(({ name }) => name.startsWith('AIRFLOW__'))) return undefined;
  return readCelery({ ...invocation, words: [{ ...invocation.words[0], text: 'airflow' }, ...invocation.words] });
}

/** The image of Flower starts `celery flower`, whatever its arguments are. */
function impliedFlower(container: Container): CeleryCommand | undefined {
  if (container.image.repository !== 'mher/flower' || container.ownsEntrypoint) return undefined;
  const start = { text: 'celery', path: [...container.path, 'image'], unknown: false };
  const given = container.words.filter((word, i) => !(i === 0 && baseName(word.text) === 'celery'));
  const words = given.some((word) => word.text === 'flower') ? [start, ...given] : [start, { ...start, text: 'flower' }, ...given];
  return readCelery({ words, links: [], assignments: new Map(), conditional: false });
}

/** Images that start what a variable says. */
const MODES: ReadonlyArray<{ image: RegExp; variable: string }> = [{ image: /^dify-api$/, variable: 'MODE' }];

function byMode(container: Container): CeleryCommand | undefined {
  const known = MODES.find(({ image }) => image.test(container.image.name));
  const role = known && container.words.length === 0 ? container.env.value(known.variable) : undefined;
  return role === 'worker' || role === 'beat' ? scriptOf(role, { text: role, path: [...container.path, 'image'], unknown: false }) : undefined;
}

/** `/start-worker`, `./run_celery.sh beat`: a name too common to mean Celery, unless other names or a probe say so. */
const COMMON_SCRIPT = /^(?:docker[-_])?(?:entry-?point|start|run)[-_.]?(?:(worker|beat|flower)s?|celery)(?:\.(?:sh|bash))?$/i;

/** What may stand before the name of a script. */
const OPTION_OR_SHELL = /^(-.*|(?:.*\/)?(sh|bash|ash|dash))$/;

function byScript(container: Container): CeleryCommand | undefined {
  const at = container.words.findIndex(({ text: word }) => !OPTION_OR_SHELL.test(word));
  const word = container.words[at];
  const match = word && COMMON_SCRIPT.exec(baseName(word.text));
  if (!match || !looksLikeCelery(container)) return undefined;
  const hints = [match[1] ?? '', ...container.words.slice(at + 1).map((argument) => argument.text), container.name, container.workload.resource.name];
  const role = hints.map((hint) => /worker|beat|flower/i.exec(hint)?.[0].toLowerCase()).find((found) => found !== undefined);
  return role === undefined ? undefined : scriptOf(role as Role, word);
}

/** A name says Celery, or a probe runs it. */
function looksLikeCelery(container: Container): boolean {
  const { workload, words } = container;
  const script = words.find(({ text: word }) => !word.startsWith('-'))?.text ?? '';
  const names = [container.name, baseName(script), ...workload.containers.length === 1 ? [workload.resource.name] : []];
  return names.some((name) => /(^|[^a-z])celery/i.test(name)) || probesOf(container).some(({ invocations }) => celeryIn(invocations).length > 0);
}

/** It looks like Celery, and what it runs is in its image. */
function isUnknown(container: Container): boolean {
  const { words, invocations, image } = container;
  if (invocations.some((invocation) => readCelery(invocation)) || /export|metric/i.test(`${container.name} ${image.name}`)) return false;
  const script = words.find(({ text: word }) => !OPTION_OR_SHELL.test(word))?.text;
  return (script === undefined || /\.(sh|bash|py)$|^[./]/.test(script)) && looksLikeCelery(container);
}

function byApp(some: readonly Process[]): ReadonlyMap<string, Process[]> {
  const found = new Map<string, Process[]>();
  for (const process of some) push(found, appKey(process), process);
  return found;
}

function appKey(process: Process): string {
  return key(process.workload.resource.namespace, process.app ?? '\u0000');
}

/** Objects by their namespace and the selector at a place in them: what those select is the same. */
function bySelector(objects: readonly Resource[], ...path: Path): ReadonlyMap<string, Resource[]> {
  const found = new Map<string, Resource[]>();
  for (const object of objects) {
    const labels = Object.entries(asMap(get(object.json, ...path))).map(([name, value]) => `${name}=${asScalar(value) ?? ''}`);
    push(found, key(object.namespace, ...labels.sort()), object);
  }
  return found;
}

function push<K, V>(lists: Map<K, V[]>, name: K, value: V): void {
  const found = lists.get(name);
  if (found) found.push(value);
  else lists.set(name, [value]);
}

function key(...parts: readonly string[]): string {
  return parts.join('\n');
}
