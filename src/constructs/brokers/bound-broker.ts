import { CONNECTION_LOADER, CONNECTION_SETTINGS, LAUNCH_PREFIX, templateReferences } from '../../celery/agent-names';
import { hasUrlCredential, redact } from '../../celery/credentials';
import { backendNeeds, brokerAsBackend, isKnownBackend, mayBeBackend, otherBackend } from '../../celery/result-backends';
import { missingDriver } from '../../celery/result-drivers';
import { isLoopback } from '../../celery/hosts';
import { allNeeds, needsOf } from '../../celery/locks';
import { declaresPriorities, missingRequirement, TRANSPORT_NAMES, transportNeeds, transportOf } from '../../celery/transports';
import { BrokerUrl, isAmqp, isRedis, isSentinel, parseUrls } from '../../celery/url';
import type { CeleryApp } from '../celery-app';
import { isSameRedis } from '../message-store';
import { asGiven } from '../kubernetes/as-given';
import type * as k8s from '../kubernetes/api/types';
import { variables } from '../kubernetes/env';
import { shaped } from '../kubernetes/options';
import { Mount } from '../kubernetes/pods';
import { checkShape } from '../kubernetes/shape-check';
import { ResultBackend } from '../result-backend';
import { readSettings } from '../settings';
import { Described, Problem } from '../validation/problems';
import { CopiedProp, hidden, PropChecks, record, text, texts, typed, anything } from '../validation/props';
import { IBroker } from './broker';
import { BrokerBinding } from './broker-binding';
import { checkOwnFile } from './own-files';
import { EnvSource, ResultBackendBinding } from './result-backend-binding';
import { checkTransport as checkTriggerTransport, QueueTrigger, queueTriggerOrStandIn } from './queue-trigger';

/** The broker and the result backend of one app, as its containers have them. */
export interface BoundBroker {
  /** Variables that the URLs are composed from, and the URLs or their templates. */
  readonly env: readonly k8s.EnvVar[];
  /** Whether a URL is composed in the pods, so that commands need the launcher. */
  readonly composed: boolean;
  /** Whether settings of the connection are in the environment, for the loader. */
  readonly loaded: boolean;
  readonly mounts: readonly Mount[];
  readonly settings: ReadonlyMap<string, unknown>;
  /** Those that the loader gives to every container that connects. */
  readonly connectionSettings: ReadonlyMap<string, unknown>;
  /** The name of kombu's transport; undefined where it is not known. */
  readonly transport?: string;
  readonly resultBackend?: EnvSource;
  /** The URLs or their templates, as far as they are in sight. */
  readonly urls: { readonly broker?: string; readonly resultBackend?: string };
  /** Whether results are in the Redis that also has the queues, in whichever database. */
  readonly resultsInBroker: boolean;
  /** What all pods need of the lock in addition to Celery. */
  readonly needs: readonly string[];
  /** How KEDA reads the length of its queues. */
  readonly queueTrigger?: QueueTrigger;
  /** What lets pods connect to both; undefined where one of them is not known. */
  readonly network: { readonly broker?: readonly k8s.NetworkPolicyEgressRule[]; readonly resultBackend?: readonly k8s.NetworkPolicyEgressRule[] };
}

/** Binds the broker to an app: what it returns is input of a user, too. */
export function bindBroker(
  app: CeleryApp, broker: IBroker, given: ResultBackend | undefined,
): BoundBroker & { readonly problems: readonly Problem[] } {
  const { options, problems } = typed(broker.bind(app), BINDING, { scope: app, prefix: 'broker' });
  const { env = [], ...files } = options as { env?: k8s.EnvVar[]; volumes?: k8s.Volume[]; volumeMounts?: k8s.VolumeMount[] };
  const url = options.url as EnvSource | undefined;
  const network = options.network as k8s.NetworkPolicyEgressRule[] | undefined;
  const { urlTemplate } = options;
  const transport = options.transport ?? transportOf(url?.value ?? urlTemplate ?? '');
  const { _requirements: requirements, _celery: celery } = app.runtime;
  const backend: ResultBackendBinding = given?._binding
    ?? { url: options.resultBackend as EnvSource | undefined, urlTemplate: options.resultBackendTemplate };
  const resultBackend = backend.url;
  const backendText = resultBackend?.value ?? backend.urlTemplate;
  const extras = (options.extras ?? []).map((extra) => `celery[${extra}]`);
  const keepsResults = resultBackend !== undefined || backend.urlTemplate !== undefined;
  const ofBackend = keepsResults ? backendNeeds(backendText) : [];
  const needs = allNeeds([...transportNeeds(transport), ...ofBackend, ...extras.flatMap((extra) => needsOf(extra) ?? [])]);
  const volumes = [...files.volumes ?? [], ...backend.volumes ?? []];
  const volumeMounts = [...files.volumeMounts ?? [], ...backend.volumeMounts ?? []];
  const { settings, problems: badSettings } = readSettings(withOptions(options.settings, backend.settings), { celery, requirements });
  const { settings: connectionSettings, problems: badConnection } = readSettings(
    withOptions(given ? withoutResults(options.connectionSettings) : options.connectionSettings, backend.connectionSettings),
    { celery, requirements },
  );
  const loaded = connectionSettings.size > 0;
  const known = new Map(volumes.map((volume) => [volume.name, volume]));
  const parts = [...env, ...backend.env ?? []];
  return {
    env: [
      ...parts,
      ...urlVariable('CELERY_BROKER_URL', url, urlTemplate),
      ...urlVariable('CELERY_RESULT_BACKEND', resultBackend, backend.urlTemplate),
      ...(loaded ? variables({
        [CONNECTION_SETTINGS]: asGiven(JSON.stringify(Object.fromEntries(connectionSettings))), CELERY_LOADER: CONNECTION_LOADER,
      }) : []),
    ],
    loaded,
    composed: urlTemplate !== undefined || backend.urlTemplate !== undefined,
    mounts: volumeMounts.flatMap(({ name, mountPath: path, ...mount }) => known.has(name) ? [{ path, volume: known.get(name)!, ...mount }] : []),
    settings,
    connectionSettings,
    transport,
    resultBackend,
    urls: { broker: url?.value ?? urlTemplate, resultBackend: given && backendText },
    resultsInBroker: given === undefined || isSameRedis(
      { url, template: urlTemplate, master: masterOf(connectionSettings.get('broker_transport_options')) },
      { url: resultBackend, template: backend.urlTemplate, master: masterOf(connectionSettings.get('result_backend_transport_options')) }, app.namespace,
    ),
    needs,
    queueTrigger: options.queueTrigger,
    network: { broker: network, resultBackend: given ? given._binding.network : [] },
    problems: [
      ...problems,
      ...(url === undefined && urlTemplate === undefined && problems.every(({ prop }) => !prop.startsWith('broker.url')) ? [{
        prop: 'broker.url', value: undefined, wrong: 'is missing in what the broker returns from bind()', fix: 'give { value } or { valueFrom }, or urlTemplate',
      }] : []),
      ...checkTemplate('url', url, urlTemplate, env),
      ...checkTemplate('resultBackend', options.resultBackend, options.resultBackendTemplate, env),
      ...volumeMounts.filter(({ name }) => !known.has(name)).map(({ name }) => ({
        prop: 'broker.volumeMounts', value: name, wrong: 'is not among the volumes of the broker', fix: 'add it to volumes',
      })),
      ...badConnection.map((problem) => ({ ...problem, prop: `broker.connectionS${problem.prop.slice(1)}` })),
      ...badSettings.map((problem) => ({ ...problem, prop: `broker.${problem.prop}` })),
      ...checkTransport(transport, requirements && [...requirements, ...extras.filter((extra) => needsOf(extra) !== undefined)]),
      ...(options.queueTrigger ? checkTriggerTransport('broker.queueTrigger', options.queueTrigger, transport) : []),
      ...given?._problems ?? [],
      ...(!keepsResults && (url ?? urlTemplate) !== undefined ? [missingBackend(transport)] : []),
      ...checkBackend(backendText, given !== undefined),
      ...checkGivenBackend(given && backendText, requirements),
      ...checkDriver(backendText, requirements, app.runtime._lockedVersion('sqlalchemy')),
      ...checkOwnFile(backendText, app._options),
      ...checkRpc(given?._binding.throughBroker ?? false, transport),
      ...needs.flatMap((need) => app.runtime._checkNeed(need)),
    ],
  };
}

function masterOf(options: unknown): unknown {
  return isOptions(options) ? options.master_name : undefined;
}

/** Settings of the broker and of the result backend, or of an app, as one: options of a transport, of TLS or of a database by their names. */
export function withOptions(first: Readonly<Record<string, unknown>> = {}, second: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const both = Object.keys(first).filter((name) => /_(options|use_ssl)$/.test(name) && isOptions(first[name]) && isOptions(second[name]));
  return { ...first, ...second, ...Object.fromEntries(both.map((name) => [name, joined(first[name], second[name])])) };
}

/** Dictionaries are joined at every level, as the loader does it in the pods: `sentinel_kwargs` has a password in it. */
function joined(first: unknown, second: unknown): unknown {
  if (!isOptions(first) || !isOptions(second)) return second;
  const both = Object.entries(second).map(([name, value]) => [name, Object.hasOwn(first, name) ? joined(first[name], value) : value]);
  return { ...first, ...Object.fromEntries(both) as object };
}

/** Without what is for a result backend in the broker, where the app has another one: `redis_backend_use_ssl` would hold for any Redis. */
function withoutResults(settings: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !/^(result_backend|redis)_/.test(name)));
}

function isOptions(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The variable with a URL, or with the template that the launcher composes it from. */
function urlVariable(name: string, url: EnvSource | undefined, template: string | undefined): k8s.EnvVar[] {
  if (template !== undefined) return [{ name: `${LAUNCH_PREFIX}${name}`, value: asGiven(template) }];
  return url === undefined ? [] : [{ name, ...url }];
}

function checkTemplate(prop: string, url: unknown, template: string | undefined, env: readonly k8s.EnvVar[]): Problem[] {
  if (template === undefined) return [];
  const names = new Set(env.map(({ name }) => name));
  const missing = templateReferences(template).filter((name) => !names.has(name));
  return [
    ...(url === undefined ? [] : [{
      prop: `broker.${prop}Template`, value: redact(template), wrong: `is given in addition to ${prop}`, fix: 'leave out one of the two',
    }]),
    ...missing.map((name) => ({
      prop: `broker.${prop}Template`, value: redact(template), wrong: `refers to {${name}}, which is not among the env of the broker`, fix: `add { name: '${name}', valueFrom } to env`,
    })),
    ...(hasUrlCredential(template) ? [{
      prop: `broker.${prop}Template`, value: redact(template), wrong: 'has a password in it, and everybody who can read a manifest could read it',
      fix: 'refer to a variable of env that comes from a Secret: {REDIS_PASSWORD}',
    }] : []),
  ];
}

/** A value of a variable. Messages do not show it: it may be a password. */
const ENV_SOURCE: CopiedProp = {
  copy: (prop, value) => {
    if (hidden(OBJECT)(prop, value).length > 0) return { value: undefined, problems: hidden(OBJECT)(prop, value) };
    const checked = checkShape(prop, { ...value as object, name: 'URL' }, 'EnvVar');
    const { name: _name, ...source } = (checked.value ?? {}) as k8s.EnvVar;
    return source.value === undefined && source.valueFrom === undefined && checked.problems.length === 0
      ? { value: undefined, problems: [{ prop, value: undefined, wrong: 'has no value', fix: 'give { value } or { valueFrom }' }] }
      : { value: source, problems: checked.problems };
  },
};
const OBJECT = record(anything, '{ value } or { valueFrom: { secretKeyRef: { name, key } } }');

const BINDING: PropChecks<BrokerBinding> = {
  url: ENV_SOURCE,
  urlTemplate: hidden(text('e.g. \'redis://:{REDIS_PASSWORD}@redis.example.com:6379/0\'')),
  env: shaped('[]EnvVar'),
  resultBackend: ENV_SOURCE,
  resultBackendTemplate: hidden(text('e.g. \'redis://:{REDIS_PASSWORD}@redis.example.com:6379/0\'')),
  transport: text('e.g. \'redis\''),
  extras: texts('e.g. [\'sqs\']'),
  settings: record(anything, 'e.g. { broker_transport_options: { visibility_timeout: 7200 } }'),
  connectionSettings: record(anything, 'e.g. { broker_transport_options: { master_name: \'mymaster\' } }'),
  volumes: shaped('[]Volume'),
  volumeMounts: shaped('[]VolumeMount'),
  queueTrigger: queueTriggerOrStandIn,
  network: shaped('[]NetworkPolicyEgressRule'),
};

/** A transport that kombu does not have, or that cannot be imported. What is in an image is not known. */
function checkTransport(transport: string | undefined, requirements: readonly string[] | undefined): Problem[] {
  // The path of a class is one, too.
  if (transport === undefined || /[.:]/.test(transport)) return [];
  if (!TRANSPORT_NAMES.includes(transport)) {
    return [{ prop: 'broker', value: transport, wrong: 'is not a transport of kombu', fix: `give one of ${TRANSPORT_NAMES.join(', ')}` }];
  }
  if (transport === 'memory') {
    return [{ prop: 'broker', value: transport, wrong: 'is a broker within one process, which no pod shares', fix: 'give a broker that all pods can reach' }];
  }
  const missing = requirements && missingRequirement(transport, requirements);
  return missing === undefined ? [] : [{
    prop: 'broker', value: transport, wrong: 'is a transport that is not installed', fix: `add '${missing}' to the requirements of PythonRuntime.install`,
  }];
}

function missingBackend(transport = ''): Problem {
  return {
    prop: 'resultBackend', value: undefined, wrong: 'is missing, and the message broker keeps no results',
    fix: `give ResultBackend.none() where nobody reads results, or ResultBackend.fromUrl(...) with ${otherBackend(transport)}`,
  };
}

/** A message broker as result backend, which ends every worker at its start. */
function checkBackend(url: string | undefined, given: boolean): Problem[] {
  const broker = url === undefined ? undefined : brokerAsBackend(url);
  return url === undefined || broker === undefined ? [] : [{
    prop: 'resultBackend', value: redact(url),
    wrong: given ? 'is a message broker, which cannot keep results' : 'is the URL of the broker, which cannot keep results',
    fix: `give resultBackend: ResultBackend.fromUrl(...) with ${otherBackend(broker)}`,
  }];
}

/** A driver that is not installed. What is in an image is not known. */
function checkDriver(url: string | undefined, requirements: readonly string[] | undefined, sqlalchemy: string | undefined): Problem[] {
  if (url === undefined || requirements === undefined || sqlalchemy === undefined) return [];
  const missing = missingDriver(url, requirements, sqlalchemy);
  if (missing === undefined) return [];
  const other = /^\s*db\+postgresql(\+psycopg2)?:/.test(url) ? 'write db+postgresql+psycopg://, whose driver is in the lock; or ' : '';
  return [{
    prop: 'resultBackend', value: redact(url), wrong: 'is a result backend whose driver is not installed',
    fix: `${other}add '${missing}' to the requirements of PythonRuntime.install`,
  }];
}

/** Results as messages need queues that end with their process, and answers by name: AMQP. */
function checkRpc(throughBroker: boolean, transport: string | undefined): Problem[] {
  return !throughBroker || transport === undefined || declaresPriorities(transport) ? [] : [{
    prop: 'resultBackend', value: 'rpc://', wrong: `sends results through the message broker, and ${transport} is not RabbitMQ`,
    fix: 'give ResultBackend.fromRedis(...), ResultBackend.fromPostgres(...), or ResultBackend.none() where nobody reads results',
  }];
}

/** Servers in the pod itself, which has none: a sidecar may be one, or lead to one. */
export function checkLocal({ urls }: Pick<BoundBroker, 'urls'>, neighbours: boolean): Problem[] {
  return neighbours ? [] : (['broker', 'resultBackend'] as const).flatMap((prop): Problem[] => {
    const address = urls[prop];
    return address === undefined || !parseUrls(address).some(leadsHome) ? [] : [{
      prop, value: redact(address), wrong: 'leads to the pod itself, in which no server listens',
      fix: 'give the DNS name of the server, e.g. redis.example.com; a proxy next to Celery goes into the sidecars of the CeleryApp',
    }];
  });
}

/** A URL without a host is one of localhost, for Redis and AMQP. */
function leadsHome(url: BrokerUrl): boolean {
  if (url.scheme === 'redis+socket') return false;
  return url.host === '' ? isRedis(url) || isAmqp(url) || isSentinel(url) : isLoopback(url.host);
}

/** Results that fill a message broker: they are in the Redis of the broker, and stay. */
export function checkExpiry(
  settings: ReadonlyMap<string, unknown>, code: ReadonlyMap<string, string | undefined>, { resultsInBroker }: Pick<BoundBroker, 'resultsInBroker'>,
): Problem[] {
  // Settings win over the code.
  const given = settings.has('result_expires');
  const expires = given ? settings.get('result_expires') : code.get('result_expires');
  const forever = given ? expires === null || expires === 0 : expires === 'None' || expires === '0';
  return !resultsInBroker || !forever ? [] : [{
    prop: given ? 'settings.result_expires' : 'code', value: given ? expires : new Described(`result_expires = ${String(expires)}`), wrong: 'keeps results forever, in the Redis that also has the queues: once it is full no task can be sent',
    fix: 'leave it out for a day, give e.g. Duration.hours(1), or give the app a resultBackend on another server',
  }];
}

/** A result backend that is none. Only an alias of a package is not known, and `requirements` are undefined where packages are not. */
function checkGivenBackend(url: string | undefined, requirements: readonly string[] | undefined): Problem[] {
  // The kubelet knows what a reference is; white space around a URL has a rule of its own.
  if (url === undefined || url.startsWith('$') || brokerAsBackend(url) !== undefined) return [];
  const backend = url.trim();
  const fix = 'give ResultBackend.fromUrl(...) with e.g. redis://, db+postgresql://, or disabled:// where nobody reads results';
  if (backend === '') return [{ prop: 'resultBackend', value: url, wrong: 'is empty, so Celery takes what the code has', fix: `leave it out, or ${fix}` }];
  // What is no URL may have a password all the same.
  const value = redact(backend.includes('://') ? backend : backend.replace(/^.*@/s, '***@'));
  if (!mayBeBackend(backend)) return [{ prop: 'resultBackend', value, wrong: 'is neither a URL nor the name of a result backend', fix }];
  return isKnownBackend(backend) || requirements === undefined || requirements.length > 0 ? [] : [{
    prop: 'resultBackend', value, wrong: 'is not a result backend of Celery, and no requirement could have one', fix,
  }];
}
