import { redactHost } from '../../celery/credentials';
import { isClusterEndpoint } from '../../celery/hosts';
import { REDIS_PORT, SENTINEL_PORT } from '../../celery/ports';
import { secretVariable } from '../kubernetes/env';
import { checkCidr, egressToMaster, egressToServer } from '../network/server-address';
import * as checks from '../validation/checks';
import { Problem } from '../validation/problems';
import { number, PropChecks, text, texts, typed } from '../validation/props';
import { QueueTrigger } from './queue-trigger';
import {
  checkDatabase, checkHost, Connection, ConnectionRole, connectionUrl, kedaSecrets, kedaTls, PASSWORD, passwordVariable, required, RESULTS_KEPT_ALIVE,
  tlsVolume,
} from './redis-connection';
import { SentinelServersOptions } from './sentinel-servers';
import { connectionTls, TlsFiles, tlsFiles } from './tls-files';

const SENTINELS = 'e.g. [\'sentinel.redis.svc.cluster.local:26379\']';
export const MASTER_NAME = 'the name under which Sentinel knows the master, e.g. \'mymaster\'';

const OPTIONS: PropChecks<SentinelServersOptions> = {
  sentinels: required(texts(SENTINELS), `give ${SENTINELS}`),
  masterName: required(text(MASTER_NAME), `give ${MASTER_NAME}`),
  database: number,
  password: PASSWORD,
  sentinelPassword: PASSWORD,
  tls: connectionTls,
  port: number,
  cidr: text('e.g. \'10.20.0.0/16\''),
};

/** In seconds. A server whose node is gone refuses nothing: Linux tries for two minutes, and no other sentinel is asked meanwhile. */
const CONNECT_TIMEOUT = 5;

/**
 * Settings of workers: a result that is stored while there is no master is stored again, for about a minute. Otherwise its task fails, though it has
 * run. Not without a limit, as the main process of a worker stores results, too.
 */
const SURVIVES_FAILOVER = { result_backend_always_retry: true, result_backend_max_retries: 20 } as const;

/** The options by which a connection is one of TLS, to Sentinel and to Redis. */
type TlsOptions = Readonly<Record<string, unknown>>;

/** Settings of a connection by Sentinel: those of workers, and those of every container that connects. */
interface SentinelSettings {
  readonly settings: Record<string, unknown>;
  readonly connectionSettings: Record<string, unknown>;
}

/** The connection by Sentinel, the settings that it needs, and what is wrong with its options. */
export function sentinelConnection(role: ConnectionRole, given: SentinelServersOptions): {
  readonly connection?: Connection;
  readonly settings?: SentinelSettings;
  readonly options: SentinelServersOptions;
  readonly problems: Problem[];
} {
  const { options, problems: wrong } = typed(given, OPTIONS, { prefix: role.prop });
  const problems = [...wrong, ...checkSentinel(role.prop, options)];
  if (problems.length > 0) return { options, problems };
  const { sentinels, masterName, database = 0, password, sentinelPassword, tls, port = REDIS_PORT, cidr } = options;
  const files = tlsFiles(tlsVolume(role), tls ?? {});
  const secure = tls && tlsOptions(files);
  const servers = sentinels.map((sentinel) => addressOf(sentinel));
  const variable = passwordVariable(role).replace(/_PASSWORD$/, '_SENTINEL_PASSWORD');
  const url = connectionUrl(password, passwordVariable(role), (secret) => servers.map((server) => `sentinel://${secret}${server}/${database}`).join(';'));
  return {
    options,
    connection: {
      ...url,
      env: [...url.env, ...secretVariable(variable, sentinelPassword)],
      volumes: files.volumes,
      volumeMounts: files.volumeMounts,
      network: unique(servers.flatMap((server) => [
        ...egressToServer(`redis://${server}`, { cidr }) ?? [], egressToMaster(server.split(':')[0], port, cidr),
      ])),
    },
    settings: sentinelSettings(role, sentinelOptions(masterName, {
      ...(sentinelPassword ? { password: `{${variable}}` } : {}), ...(secure ? { ssl: true, ...secure } : {}),
    }), secure),
    problems: [],
  };
}

/** Options of a transport by Sentinel: `broker_transport_options` and `result_backend_transport_options`. */
export function sentinelOptions(masterName: string, sentinel: object = {}): Record<string, unknown> {
  return {
    master_name: masterName,
    socket_connect_timeout: CONNECT_TIMEOUT,
    sentinel_kwargs: { socket_connect_timeout: CONNECT_TIMEOUT, socket_timeout: CONNECT_TIMEOUT, ...sentinel },
  };
}

/** Of a broker, whose results are behind Sentinel also unless there is another result backend; or of a result backend. */
export function sentinelSettings({ prop }: ConnectionRole, transportOptions: Readonly<Record<string, unknown>>, tls?: TlsOptions): SentinelSettings {
  return {
    settings: { ...RESULTS_KEPT_ALIVE, ...SURVIVES_FAILOVER },
    connectionSettings: {
      ...(prop === 'broker' ? { broker_transport_options: transportOptions, ...(tls ? { broker_use_ssl: tls } : {}) } : {}),
      redis_socket_connect_timeout: CONNECT_TIMEOUT,
      result_backend_transport_options: transportOptions,
      ...(tls ? { redis_backend_use_ssl: tls } : {}),
    },
  };
}

/** What redis-py, kombu and the result backend all take. */
function tlsOptions({ ca, certificate, key }: TlsFiles): TlsOptions {
  return {
    ssl_cert_reqs: 'required', ssl_check_hostname: true,
    ...(ca === undefined ? {} : { ssl_ca_certs: ca }),
    ...(certificate === undefined ? {} : { ssl_certfile: certificate, ssl_keyfile: key }),
  };
}

/** How KEDA reads the queues of a Redis behind Sentinel. */
export function sentinelTrigger({ sentinels, masterName, database = 0, password, sentinelPassword, tls }: SentinelServersOptions): QueueTrigger {
  const authentication = [...kedaSecrets({ password, sentinelPassword }), ...kedaTls(tls)];
  return {
    type: 'redis-sentinel',
    metadata: {
      addresses: sentinels.map(addressOf).join(','), sentinelMaster: masterName, databaseIndex: String(database),
      ...(tls ? { enableTLS: 'true' } : {}),
    },
    ...(authentication.length > 0 ? { authentication: { secretTargetRef: authentication } } : {}),
  };
}

function addressOf(sentinel: string): string {
  return sentinel.includes(':') ? sentinel : `${sentinel}:${SENTINEL_PORT}`;
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}

/** What Sentinel takes as the name of a master. @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/ */
export function checkMasterName(prop: string, masterName: string | undefined): Problem[] {
  if (masterName === undefined || /^[\w.-]+$/.test(masterName)) return [];
  return [{
    prop, value: masterName, wrong: masterName === '' ? 'is empty' : 'is not a name that Sentinel takes: letters, digits, ".", "-" and "_"', fix: `give ${MASTER_NAME}`,
  }];
}

function checkSentinel(prefix: string, { sentinels, masterName, database, port, cidr }: SentinelServersOptions): Problem[] {
  return [
    ...(sentinels?.length === 0 ? [{ prop: `${prefix}.sentinels`, value: sentinels, wrong: 'is empty', fix: `give ${SENTINELS}` }] : []),
    ...(sentinels ?? []).flatMap((sentinel, i) => {
      const [host, given, ...more] = sentinel.split(':');
      const valid = given === undefined || (more.length === 0 && /^\d{1,5}$/.test(given) && Number(given) >= 1 && Number(given) <= 65_535);
      const problem = (wrong: string): Problem[] => [{ prop: `${prefix}.sentinels[${i}]`, value: redactHost(sentinel), wrong, fix: `give ${SENTINELS.slice(6, -1)}` }];
      return !valid ? problem('is not a host with a port') : given === String(REDIS_PORT) ? problem('has the port of Redis, and Sentinel listens on 26379')
        : isClusterEndpoint(host) ? problem('is an endpoint of Redis in cluster mode, which has no Sentinel and which Celery does not support')
          : checkHost(`${prefix}.sentinels[${i}]`, host);
    }),
    ...checkMasterName(`${prefix}.masterName`, masterName),
    ...(port === SENTINEL_PORT ? [{
      prop: `${prefix}.port`, value: port, wrong: 'is the port of Sentinel, and this one is that of the Redis behind it', fix: 'leave it out for 6379, or give the port of Redis',
    }] : []),
    ...checkDatabase(`${prefix}.database`, database),
    ...checks.wholeNumber(`${prefix}.port`, port, 1, 65_535),
    ...checkCidr(`${prefix}.cidr`, cidr),
  ];
}
