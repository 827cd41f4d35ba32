import { isIPv6 } from 'node:net';
import { redact, redactHost } from '../../celery/credentials';
import { hostFault, outsideCluster, TLS_PORT_OF_REDIS } from '../../celery/hosts';
import { REDIS_PORT, SENTINEL_PORT } from '../../celery/ports';
import { isRedisTransport } from '../../celery/transports';
import { isAmqp, isRedis, isSentinel, parseUrls } from '../../celery/url';
import type * as k8s from '../kubernetes/api/types';
import { secretVariable } from '../kubernetes/env';
import { asGiven } from '../kubernetes/as-given';
import { secretKey } from '../kubernetes/options';
import { checkCidr, egressToServer } from '../network/server-address';
import { SecretKey } from '../secret-key';
import * as checks from '../validation/checks';
import { typeOf } from '../validation/plain-object';
import { Described, Problem } from '../validation/problems';
import { CopiedProp, number, PropChecks, RequiredProp, text, typed } from '../validation/props';
import { ConnectionTls } from './connection-tls';
import { QueueTrigger } from './queue-trigger';
import { RedisServerOptions } from './redis-server';
import { connectionTls, tlsFiles } from './tls-files';

/** A required option of a factory method: it has no construct that a stand-in could be made for. */
export function required(check: (prop: string, value: unknown) => Problem[], fix: string): RequiredProp {
  return { check, fix, instead: () => undefined };
}

/** A password: the value is in no message. */
export const PASSWORD: CopiedProp = {
  copy: (prop, value) => {
    if (typeof value === 'object' && value !== null) return secretKey(prop, value);
    const fix = 'put it into a Secret, and give { name, key }';
    return { value: undefined, problems: [{ prop, value: new Described(typeOf(value)), wrong: 'is not a key of a Secret', fix }] };
  },
};

const HOST = 'e.g. \'redis.example.com\'';

const OPTIONS: PropChecks<RedisServerOptions> = {
  host: required(text(HOST), `give ${HOST}`),
  port: number,
  database: number,
  username: text('the name of the user'),
  password: PASSWORD,
  tls: connectionTls,
  cidr: text('e.g. \'10.20.0.0/16\''),
};

/** What a connection is made of: fields of a `BrokerBinding`, by the same names. */
export interface Connection {
  readonly url?: { readonly value: string };
  readonly urlTemplate?: string;
  readonly env: k8s.EnvVar[];
  readonly volumes: k8s.Volume[];
  readonly volumeMounts: k8s.VolumeMount[];
  readonly network?: readonly k8s.NetworkPolicyEgressRule[];
}

/** What is composed only where there is a password, and is plain otherwise. */
export function connectionUrl(password: SecretKey | undefined, variable: string, url: (userInfoPassword: string) => string): Pick<Connection, 'url' | 'urlTemplate' | 'env'> {
  return password === undefined ? { url: { value: asGiven(url('')) }, env: [] }
    : { urlTemplate: url(`:{${variable}}@`), env: secretVariable(variable, password) };
}

/** The role of a connection, which names its variables, volumes and messages. */
export interface ConnectionRole {
  /** The prop in messages. */
  readonly prop: 'broker' | 'resultBackend';
}

const ROLES = {
  broker: { password: 'CDK8S_CELERY_BROKER_PASSWORD', volume: 'broker-tls' },
  resultBackend: { password: 'CDK8S_CELERY_RESULT_PASSWORD', volume: 'result-tls' },
} as const;

/** The name of the variable with the password of a connection. */
export function passwordVariable({ prop }: ConnectionRole): string {
  return ROLES[prop].password;
}

/** The name of the volume with the certificates of a connection. */
export function tlsVolume({ prop }: ConnectionRole): string {
  return ROLES[prop].volume;
}

/** The connection to a Redis, and what is wrong with its options. */
export function redisConnection(
  role: ConnectionRole, given: RedisServerOptions,
): { connection?: Connection; options: RedisServerOptions; problems: Problem[] } {
  const { options, problems: wrong } = typed(given, OPTIONS, { prefix: role.prop });
  const problems = [...wrong, ...checkRedis(role.prop, options)];
  if (problems.length > 0) return { options, problems };
  const { host, port = REDIS_PORT, database = 0, username, password, tls, cidr } = options;
  const files = tlsFiles(tlsVolume(role), tls ?? {});
  const query = tls === undefined ? '' : `?${redisTlsQuery(files)}`;
  const user = username === undefined ? '' : encodeURIComponent(username);
  const at = (secret: string): string => `${tls ? 'rediss' : 'redis'}://${user}${secret === '' && user !== '' ? '@' : secret}${host}:${port}/${database}${query}`;
  return {
    options,
    connection: {
      ...connectionUrl(password, passwordVariable(role), at),
      volumes: files.volumes,
      volumeMounts: files.volumeMounts,
      network: egressToServer(`redis://${host}:${port}`, { cidr }),
    },
    problems: [],
  };
}

/** What both kombu and Celery's result backend take as options of TLS. */
export function redisTlsQuery({ ca, certificate, key }: { ca?: string; certificate?: string; key?: string }): string {
  return [
    'ssl_cert_reqs=CERT_REQUIRED', 'ssl_check_hostname=true',
    ...(ca === undefined ? [] : [`ssl_ca_certs=${ca}`]),
    ...(certificate === undefined ? [] : [`ssl_certfile=${certificate}`, `ssl_keyfile=${key}`]),
  ].join('&');
}

/** The most databases of a Redis whose `databases` is the default. */
const LAST_DATABASE = 15;

export function checkDatabase(prop: string, database: number | undefined): Problem[] {
  return database === undefined || (Number.isInteger(database) && database >= 0 && database <= LAST_DATABASE) ? [] : [{
    prop, value: database, wrong: 'is not the number of a database of Redis', fix: `give a whole number from 0 to ${LAST_DATABASE}`,
  }];
}

/** The same, of a URL or of one of several; `fromSecret` is what takes one of a server with more databases. */
export function checkUrlDatabase(prop: 'broker' | 'resultBackend', address: string): Problem[] {
  const database = Math.max(0, ...parseUrls(address).map((url) => isRedisTransport(url.scheme) && /^\d+$/.test(url.database ?? '') ? Number(url.database) : 0));
  return checkDatabase(prop, database).map(({ wrong, fix }) => ({
    prop, value: redact(address), wrong: `has the database ${database}, which ${wrong}`,
    fix: `${fix}; of a server with more of them, put the whole URL into a Secret (${factoryOf(prop)}.fromSecret)`,
  }));
}

/** What nothing expands: the shell does so, and none is run. */
export function checkExpansion(prop: 'broker' | 'resultBackend', address: string): Problem[] {
  return !address.includes('${') ? [] : [{
    prop, value: redact(address), wrong: 'has ${...} in it, which nothing expands: the kubelet expands $(NAME), and TypeScript ${name} between backquotes',
    fix: `give the value itself, or put the whole URL into a Secret: ${factoryOf(prop)}.fromSecret({ name, key })`,
  }];
}

function longHost(host: string): string | undefined {
  return host.length > 253 ? `has ${host.length} characters, and DNS allows 253` : undefined;
}

/** A host of a URL, or of one of several, that cannot be one. */
export function checkUrlHosts(prop: 'broker' | 'resultBackend', address: string): Problem[] {
  return parseUrls(address).flatMap((url): Problem[] => {
    const fault = (isRedis(url) || isAmqp(url) || isSentinel(url)) && !/[$[]/.test(url.host) ? longHost(url.host) ?? hostFault(url.host) : undefined;
    return fault === undefined ? [] : [{ prop, value: redact(address), wrong: `has ${address.includes('@') ? 'a host that' : `the host ${url.host}, which`} ${fault}`, fix: `give e.g. ${HOST.slice(6, -1)}` }];
  }).slice(0, 1);
}

/** A port of a URL, or of one of several, that is none; one with a reference is not known. */
export function checkUrlPorts(prop: 'broker' | 'resultBackend', address: string): Problem[] {
  const port = parseUrls(address).map((url) => url.port).find((given) => given !== undefined && given !== '' && !given.includes('$')
    && !(/^\d+$/.test(given) && Number(given) >= 1 && Number(given) <= 65_535));
  // What is taken for a port may be the half of a password.
  const shown = port !== undefined && (!address.includes('@') || /^\d+$/.test(port)) ? `, ${port}` : '';
  return port === undefined ? [] : [{ prop, value: redact(address), wrong: `has a port that there is not${shown}`, fix: 'give one from 1 to 65535' }];
}

const OF_SENTINEL = 'of Sentinel, which keeps no tasks and no results';

/** A URL of Redis that leads to Sentinel. */
export function checkSentinelPort(prop: 'broker' | 'resultBackend', address: string): Problem[] {
  const found = parseUrls(address).some((url) => isRedis(url) && url.port === String(SENTINEL_PORT));
  return found ? [{
    prop, value: redact(address), wrong: `has the port ${SENTINEL_PORT} ${OF_SENTINEL}`, fix: `give ${factoryOf(prop)}.fromSentinel({ sentinels, masterName }), or the port of Redis, 6379`,
  }] : [];
}

function factoryOf(prop: string): string {
  return prop === 'broker' ? 'Broker' : 'ResultBackend';
}

export function checkHost(prop: string, host: string | undefined): Problem[] {
  if (host === undefined) return [];
  const name = /^[a-z0-9_]([-a-z0-9_.]*[a-z0-9])?$/i.test(host) && !host.includes('..') && host.length <= 253;
  const wrong = name ? hostFault(host) : 'is not a DNS name or an IPv4 address';
  const six = host.includes(':') && isIPv6(host);
  const fix = name ? `give ${HOST}`
    : host.endsWith('.') && !host.endsWith('..') ? 'give it without the dot at its end, for which no certificate is; dnsConfig: { options: [{ name: \'ndots\', value: \'1\' }] } saves the same look-ups'
      : six ? 'give a DNS name; or put a URL with the address in brackets into a Secret, and give fromSecret({ name, key })'
        : `give it without a scheme, a port and a path: ${HOST.slice(5)}`;
  return wrong === undefined ? [] : [{ prop, value: six ? host : redactHost(host), wrong, fix }];
}

function checkRedis(prefix: string, { host, port, database, username, tls, cidr }: RedisServerOptions): Problem[] {
  return [
    ...checkHost(`${prefix}.host`, host),
    ...checks.wholeNumber(`${prefix}.port`, port, 1, 65_535),
    ...checkDatabase(`${prefix}.database`, database),
    ...(username === '' ? [{ prop: `${prefix}.username`, value: username, wrong: 'is empty', fix: 'leave it out' }] : []),
    ...checkCidr(`${prefix}.cidr`, cidr),
    ...(port === SENTINEL_PORT ? [{
      prop: `${prefix}.port`, value: port, wrong: `is the port ${OF_SENTINEL}`, fix: `give ${factoryOf(prefix)}.fromSentinel({ sentinels, masterName }), or the port of Redis, 6379`,
    }] : []),
    ...(port === TLS_PORT_OF_REDIS && tls === undefined && typeof host === 'string' && outsideCluster(host) ? [{
      prop: `${prefix}.port`, value: port, wrong: 'is a port of TLS, and tls is not given', fix: 'give tls: {}, or the other port of the server, 6379',
    }] : []),
  ];
}

/** How KEDA reads the queues of a Redis: it gets the raw password and certificates from the same Secrets. */
export function redisTrigger({ host, port = REDIS_PORT, database = 0, username, password, tls }: RedisServerOptions): QueueTrigger {
  const authentication = [
    ...kedaSecrets({ password }),
    ...kedaTls(tls),
  ];
  return {
    type: 'redis',
    metadata: {
      address: `${host}:${port}`, databaseIndex: String(database),
      ...(username === undefined ? {} : { username }), ...(tls ? { enableTLS: 'true' } : {}),
    },
    ...(authentication.length > 0 ? { authentication: { secretTargetRef: authentication } } : {}),
  };
}

/** The parameters of a TriggerAuthentication that have a value of a Secret. */
export function kedaSecrets(parameters: Readonly<Record<string, SecretKey | undefined>>): KedaParameter[] {
  return Object.entries(parameters).flatMap(([parameter, secret]) => secret ? [{ parameter, name: secret.name, key: secret.key }] : []);
}

interface KedaParameter {
  readonly parameter: string;
  readonly name: string;
  readonly key: string;
}

/** The certificates that KEDA gets from the same Secrets. */
export function kedaTls({ ca, clientSecretName: name }: ConnectionTls = {}): KedaParameter[] {
  return kedaSecrets({ ca, ...(name === undefined ? {} : { cert: { name, key: 'tls.crt' }, key: { name, key: 'tls.key' } }) });
}

/**
 * Clouds drop connections that are idle for minutes. A health check comes before a command on a connection that has been idle for longer: of the
 * broker's by kombu's own default of 25 seconds, of the result backend's by these.
 */
export const RESULTS_KEPT_ALIVE = { redis_socket_keepalive: true, redis_backend_health_check_interval: 25 } as const;
