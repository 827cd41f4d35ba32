import { hasWrittenCredential, redact } from '../celery/credentials';
import { isClusterScheme } from '../celery/hosts';
import { tlsPort, uncheckedCertificate } from '../celery/tls';
import { transportOf } from '../celery/transports';
import { POSTGRES_SETTINGS, postgresConnection } from './brokers/postgres-connection';
import { PostgresServerOptions } from './brokers/postgres-server';
import { checkExpansion, checkSentinelPort, checkUrlDatabase, checkUrlHosts, checkUrlPorts, redisConnection, RESULTS_KEPT_ALIVE } from './brokers/redis-connection';
import { RedisServerOptions } from './brokers/redis-server';
import { sentinelConnection } from './brokers/sentinel-connection';
import { SentinelServersOptions } from './brokers/sentinel-servers';
import { ResultBackendBinding } from './brokers/result-backend-binding';
import { secretKey } from './kubernetes/options';
import { checkServerAddress, egressToServer, SERVER_ADDRESS, ServerAddress } from './network/server-address';
import { SecretKey } from './secret-key';
import { Problem } from './validation/problems';
import { hidden, text, typed } from './validation/props';

/**
 * The result backend of an app.
 *
 * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#result-backend
 */
export abstract class ResultBackend {
  /**
   * A result backend by its URL, which is in the manifests as it is: one with a password is refused, and belongs in a Secret.
   *
   * What a database needs, `db+...`, is installed from the lock: SQLAlchemy, and psycopg for `db+postgresql+psycopg://`. Add other
   * drivers to the requirements of `PythonRuntime.install`; synth names those that are missing.
   *
   * @param url what Celery takes as `result_backend`: `redis://...`, `db+postgresql+psycopg://...`, `rpc://`, or `disabled://`
   * @param options where the server is reached, for `CeleryNetwork.closed`
   */
  public static fromUrl(url: string, options: ServerAddress = {}): ResultBackend {
    const { options: address, problems: wrong } = typed(options, SERVER_ADDRESS, { prefix: 'resultBackend' });
    const problems = [...hidden(text('e.g. \'redis://results:6379/0\''))('resultBackend', url), ...wrong, ...checkServerAddress('resultBackend', address), ...checkUrl(url)];
    return problems.length > 0 ? new Backend(UNKNOWN, problems) : new Backend({ url: { value: url }, network: egressToServer(url, address) });
  }

  /**
   * A result backend whose whole URL is in a Secret.
   *
   * With a URL of Sentinel `port` is that of the sentinels. `CeleryNetwork.closed` then also needs the Redis behind them in `to`:
   * `[{ ports: [{ port: 6379 }] }]`. `ResultBackend.fromSentinel` needs neither.
   *
   * @param secret the Secret, in the namespace of the pods, and its key
   * @param options where the server is reached, for `CeleryNetwork.closed`
   */
  public static fromSecret(secret: SecretKey, options: ServerAddress = {}): ResultBackend {
    const { value, problems } = secretKey('resultBackend', secret);
    const { options: address, problems: wrong } = typed(options, SERVER_ADDRESS, { prefix: 'resultBackend' });
    return new Backend(
      value ? { url: { valueFrom: { secretKeyRef: value } }, network: egressToServer(undefined, address) } : UNKNOWN,
      [...problems, ...wrong, ...checkServerAddress('resultBackend', address)],
    );
  }

  /**
   * A Redis or Valkey that exists already, by its parts. Its password may have any character.
   *
   * @param server where it is, and what it asks for
   */
  public static fromRedis(server: RedisServerOptions): ResultBackend {
    const { connection, problems } = redisConnection({ prop: 'resultBackend' }, server);
    return new Backend(connection ? { ...connection, settings: RESULTS_KEPT_ALIVE } : UNKNOWN, problems);
  }

  /**
   * A Redis or Valkey behind Sentinel. Their passwords may have any character.
   *
   * @param servers the sentinels, and what they and Redis ask for
   */
  public static fromSentinel(servers: SentinelServersOptions): ResultBackend {
    const { connection, settings, problems } = sentinelConnection({ prop: 'resultBackend' }, servers);
    return new Backend(connection ? { ...connection, ...settings } : UNKNOWN, problems);
  }

  /**
   * A PostgreSQL that exists already. Its password may have any character. `PythonRuntime.install` brings SQLAlchemy and psycopg from the lock; an
   * image must have `celery[sqlalchemy]` and `psycopg[binary]`.
   *
   * Results stay until Beat sends `celery.backend_cleanup`, which it does at 4 in the morning: without a CeleryBeat nothing deletes them.
   *
   * @param server where it is, and what it asks for
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#database-backend-settings
   */
  public static fromPostgres(server: PostgresServerOptions): ResultBackend {
    const { connection, problems } = postgresConnection(server);
    return new Backend(connection ? { ...connection, settings: POSTGRES_SETTINGS } : UNKNOWN, problems);
  }

  /**
   * Results are sent through the message broker, which must be RabbitMQ, as a message to the process that has sent the task. Only that process can
   * read a result, only once, and a restart of RabbitMQ loses it.
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#rpc-backend-settings
   */
  public static rpc(): ResultBackend {
    return new Backend({ url: { value: 'rpc://' }, network: [], throughBroker: true });
  }

  /**
   * No results are stored: asking a task for its result raises an error (`disabled://`).
   *
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#result-backend
   */
  public static none(): ResultBackend {
    return new Backend({ url: { value: 'disabled://' }, network: [] });
  }

  /** @internal */
  public abstract readonly _binding: ResultBackendBinding;
  /** @internal */
  public abstract readonly _problems: readonly Problem[];
}

function checkUrl(url: string): Problem[] {
  if (typeof url !== 'string') return [];
  const unexpanded = checkExpansion('resultBackend', url);
  if (unexpanded.length > 0) return unexpanded;
  if (/^\s*(redis|rediss|sentinel)\s*$/.test(url)) {
    return [{ prop: 'resultBackend', value: url, wrong: 'names no server, and Celery would look for one in the pod itself', fix: 'give e.g. \'redis://results:6379/0\'' }];
  }
  const found = uncheckedCertificate(url);
  const spaces = url.includes('://') && /\s/.test(url.trim()) ? [{
    prop: 'resultBackend', value: redact(url), wrong: 'has a space in it', fix: 'remove it; in a path or a password it is written %20',
  }] : [];
  if (spaces.length > 0) return spaces;
  return [
    ...found ? [{ prop: 'resultBackend', value: redact(url), ...found }] : [],
    ...hasWrittenCredential(url) ? [{
      prop: 'resultBackend', value: redact(url), wrong: 'has a password in it, and everybody who can read a manifest could read it',
      fix: 'put the whole URL into a Secret: ResultBackend.fromSecret({ name, key })',
    }] : [],
    ...(isClusterScheme(url) ? [{
      prop: 'resultBackend', value: redact(url), wrong: 'is a Redis in cluster mode, which Celery does not support', fix: 'give redis:// with a single Redis, or ResultBackend.fromSentinel({ sentinels, masterName })',
    }] : []),
    ...checkTlsPort(url),
    ...checkUrlHosts('resultBackend', url),
    ...checkUrlPorts('resultBackend', url),
    ...checkSentinelPort('resultBackend', url),
    ...checkUrlDatabase('resultBackend', url),
  ];
}

function checkTlsPort(url: string): Problem[] {
  const port = tlsPort(url);
  return port === undefined || transportOf(url) !== 'redis' ? [] : [{
    prop: 'resultBackend', value: redact(url), wrong: `has the port ${port} of TLS, and a scheme without`,
    fix: 'write rediss://, with ?ssl_cert_reqs=CERT_REQUIRED; or give the port without TLS',
  }];
}

/** Of one that is refused. */
const UNKNOWN: ResultBackendBinding = { url: {} };

class Backend extends ResultBackend {
  public readonly _binding: ResultBackendBinding;

  public constructor(binding: ResultBackendBinding, public readonly _problems: readonly Problem[] = []) {
    super();
    // Where it is need not be asked for as well.
    this._binding = _problems.length > 0 ? { ...binding, network: binding.network ?? [] } : binding;
  }
}
