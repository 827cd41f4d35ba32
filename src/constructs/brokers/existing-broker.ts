import { hasWrittenCredential, redact } from '../../celery/credentials';
import { isClusterScheme } from '../../celery/hosts';
import { REDIS_PORT } from '../../celery/ports';
import { brokerAsBackend } from '../../celery/result-backends';
import { transportOf, TRANSPORT_NAMES } from '../../celery/transports';
import { tlsPort, uncheckedCertificate } from '../../celery/tls';
import { isRedis, parseUrl, parseUrls, redisDatabase } from '../../celery/url';
import type { CeleryApp } from '../celery-app';
import { secretKey } from '../kubernetes/options';
import { checkServerAddress, egressToServer, SERVER_ADDRESS, ServerAddress } from '../network/server-address';
import { SecretKey } from '../secret-key';
import { Described, Problem, refuse } from '../validation/problems';
import { hidden, oneOf, PropChecks, text, typed } from '../validation/props';
import { IBroker } from './broker';
import { BrokerBinding } from './broker-binding';
import { QueueTrigger, queueTrigger, REFUSED_TRIGGER } from './queue-trigger';
import { amqpTls, rabbitMqBinding } from './rabbitmq-connection';
import { RabbitMqServerOptions } from './rabbitmq-server';
import { checkExpansion, checkSentinelPort, checkUrlDatabase, checkUrlHosts, checkUrlPorts, Connection, redisConnection, redisTrigger, RESULTS_KEPT_ALIVE } from './redis-connection';
import { RedisServerOptions } from './redis-server';
import { checkMasterName as sentinelMasterName, MASTER_NAME, sentinelConnection, sentinelOptions, sentinelSettings, sentinelTrigger } from './sentinel-connection';
import { SentinelServersOptions } from './sentinel-servers';
import { sqsBinding, WITHOUT_REMOTE_CONTROL } from './sqs-connection';
import { SqsOptions } from './sqs-service';

/** Options of a broker whose URL is in a Secret. */
export interface SecretBrokerOptions extends ServerAddress {
  /**
   * The name of kombu's transport, which is the scheme of the URL: `'redis'`, `'rediss'`, `'amqp'`, `'amqps'`, `'sqs'`, `'sentinel'`.
   *
   * @default 'redis'
   */
  readonly transport?: string;

  /**
   * The name under which Sentinel knows the master, which no URL has: `'mymaster'`. Required with the transport `'sentinel'`, also for results, and
   * refused with others. Where Sentinel itself asks for a password, give `Broker.fromSentinel`.
   *
   * @default - none
   * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#configuration
   */
  readonly masterName?: string;

  /**
   * How KEDA reads the length of the queues, for workers with `WorkerScaling.queueLength`: KEDA cannot take a URL of Redis apart.
   *
   * @default - none: such a worker is refused
   */
  readonly queueTrigger?: QueueTrigger;
}

/**
 * A message broker that exists already, as a value: it makes no objects. The network must let the pods reach it.
 *
 * A broker that can keep results, such as Redis, is the default result backend of its apps; for RabbitMQ, SQS and others that cannot, an
 * app must be given a `resultBackend`.
 */
export abstract class Broker implements IBroker {
  /**
   * A broker by its URL, which everybody who can read the manifests can read. A URL with a password is refused: use `Broker.fromSecret`.
   *
   * Of `amqps://` the certificate is verified, and that it is for the host of the URL; another name, or a CA of your own, are
   * `settings.broker_use_ssl` (`server_hostname`, `ca_certs`). Of several hosts in one URL no name is checked: kombu can check only one.
   * A `rediss://` URL says itself what is verified: `?ssl_cert_reqs=CERT_REQUIRED&ssl_check_hostname=true`.
   *
   * @param url what Celery takes as `broker_url`: `redis://redis.example.com:6379/0`, `amqp://rabbitmq.example.com//`
   * @param options where the server is reached, for `CeleryNetwork.closed`
   * @see https://docs.celeryq.dev/en/stable/userguide/configuration.html#broker-url
   */
  public static fromUrl(url: string, options: ServerAddress = {}): Broker {
    const { options: address, problems: wrong } = typed(options, SERVER_ADDRESS, { prefix: 'broker' });
    const problems = [
      ...URL_TEXT('broker', url), ...(typeof url === 'string' ? checkUrl(url) : []),
      ...wrong, ...checkServerAddress('broker', address),
    ];
    const hosts = typeof url === 'string' ? [...new Set(parseUrls(url).map(({ host }) => host))] : [];
    return new Existing(problems.length > 0 ? UNKNOWN : {
      ...bindingOf({ value: url.trim() }, transportOf(url)!, hosts.length === 1 ? hosts[0] : undefined),
      queueTrigger: triggerOf(url), network: egressToServer(url.trim(), address),
    }, problems);
  }

  /**
   * A broker whose whole URL is in a Secret. TLS is as in `fromUrl`: of `amqps://` where `transport` says so.
   *
   * @param secret the Secret, in the namespace of the pods, and its key: `{ name: 'broker', key: 'url' }`
   */
  public static fromSecret(secret: SecretKey, options: SecretBrokerOptions = {}): Broker {
    const { value, problems } = secretKey('broker', secret);
    const { options: { transport = 'redis', masterName, queueTrigger: trigger, ...address }, problems: wrong } = typed(options, SECRET_BROKER, { prefix: 'broker' });
    return new Existing(value ? {
      ...bindingOf({ valueFrom: { secretKeyRef: value } }, transport, null), queueTrigger: trigger, network: egressToServer(undefined, address, transport === 'sentinel'),
      ...(masterName === undefined ? {} : sentinelSettings({ prop: 'broker' }, sentinelOptions(masterName))),
    } : UNKNOWN, [...problems, ...wrong, ...checkServerAddress('broker', address), ...(wrong.length > 0 ? [] : checkMasterName(transport, masterName))]);
  }

  /**
   * A Redis or Valkey, by its parts: also a managed one. Its password may have any character.
   *
   * Clouds drop connections that are idle: those to the broker have a health check every 25 seconds by kombu's own default, and those to the
   * result backend get one (`redis_backend_health_check_interval`).
   *
   * @param server where it is, and what it asks for
   * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html
   */
  public static fromRedis(server: RedisServerOptions): Broker {
    const { connection, options, problems } = redisConnection({ prop: 'broker' }, server);
    return new Existing(connection ? redisBinding(connection, redisTrigger(options)) : UNKNOWN, problems);
  }

  /**
   * A Redis or Valkey behind Sentinel: after a failover the pods go on with the new master. Their passwords may have any character.
   *
   * @param servers the sentinels, and what they and Redis ask for
   * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
   */
  public static fromSentinel(servers: SentinelServersOptions): Broker {
    const { connection, settings, options, problems } = sentinelConnection({ prop: 'broker' }, servers);
    return new Existing(connection ? {
      ...redisBinding(connection, sentinelTrigger(options)), transport: 'sentinel', ...settings,
    } : UNKNOWN, problems);
  }

  /**
   * A RabbitMQ, by its parts. Its password may have any character. It keeps no results: an app must be given a `resultBackend`.
   *
   * @param server where it is, and what it asks for
   * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/rabbitmq.html
   */
  public static fromRabbitMq(server: RabbitMqServerOptions): Broker {
    const { binding = UNKNOWN, problems } = rabbitMqBinding(server);
    return new Existing(binding, problems);
  }

  /**
   * Amazon SQS. It has no remote control (`celery inspect`, `celery control`) and no events, so a CeleryFlower is refused. It keeps no results: an
   * app must be given a `resultBackend`.
   *
   * @param service the region, the names of the queues and the credentials
   * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/sqs.html
   */
  public static fromSqs(service: SqsOptions): Broker {
    const { binding = UNKNOWN, problems } = sqsBinding(service);
    return new Existing(binding, problems);
  }

  /** How an app uses the broker. */
  public abstract bind(app: CeleryApp): BrokerBinding;
}

class Existing extends Broker {
  public constructor(private readonly binding: BrokerBinding, private readonly problems: readonly Problem[]) {
    super();
  }

  public bind(app: CeleryApp): BrokerBinding {
    refuse(app, this.problems);
    // Where it is need not be asked for as well, nor how KEDA reads it, and a port that is none is refused already.
    return this.problems.length > 0 ? { ...this.binding, network: [], queueTrigger: REFUSED_TRIGGER } : this.binding;
  }
}

/** Of a broker that is refused. */
const UNKNOWN: BrokerBinding = { url: { value: 'redis://unknown:6379/0' }, resultBackend: { value: 'redis://unknown:6379/0' } };

const URL_TEXT = hidden(text('e.g. \'redis://redis.example.com:6379/0\''));
const TRANSPORT = oneOf(Object.fromEntries(TRANSPORT_NAMES.map((name) => [name, name])), 'a transport of kombu');

const SECRET_BROKER: PropChecks<SecretBrokerOptions> = { transport: TRANSPORT, masterName: text(MASTER_NAME), queueTrigger, ...SERVER_ADDRESS };

/** The host is the one that a URL has, or null where only the pods know it; it is undefined for several, of which kombu can check the name of one. */
function bindingOf(url: object, transport: string, host: string | null | undefined): BrokerBinding {
  return {
    url, transport,
    ...(transport === 'amqps' && host !== undefined ? { connectionSettings: { broker_use_ssl: amqpTls(host) } } : {}),
    ...(brokerAsBackend(`${transport}://`) === undefined ? { resultBackend: url } : {}),
    ...(transport === 'sqs' ? { settings: WITHOUT_REMOTE_CONTROL } : {}),
  };
}

function checkMasterName(transport: string, masterName: string | undefined): Problem[] {
  const problem = (wrong: string, fix: string): Problem[] => [{ prop: 'broker.masterName', value: masterName, wrong, fix }];
  const wrong = sentinelMasterName('broker.masterName', masterName);
  if (wrong.length > 0) return wrong;
  if (transport === 'sentinel') return masterName === undefined ? problem('is missing, and Sentinel is asked for a master by its name', `give ${MASTER_NAME}`) : [];
  return masterName === undefined ? [] : problem(`is for Sentinel, and the transport is ${transport}`, 'leave it out, or give transport: \'sentinel\'');
}

/** A broker that keeps results, too. */
export function redisBinding({ url, urlTemplate, network, ...connection }: Connection, trigger: QueueTrigger): BrokerBinding {
  return {
    url, urlTemplate, resultBackend: url, resultBackendTemplate: urlTemplate, transport: 'redis', ...connection,
    network: network && [...network], queueTrigger: trigger, settings: RESULTS_KEPT_ALIVE,
  };
}

/** What KEDA needs of a URL without a password: for Redis, its host and its database. */
function triggerOf(given: string): QueueTrigger | undefined {
  const url = parseUrl(given);
  if (!url || !isRedis(url)) return undefined;
  const database = redisDatabase(url);
  return database === undefined || url.host === '' ? undefined : {
    type: 'redis',
    metadata: {
      address: `${url.host}:${url.port ?? REDIS_PORT}`, databaseIndex: String(database), ...(url.scheme === 'rediss' ? { enableTLS: 'true' } : {}),
    },
  };
}

function checkUrl(url: string): Problem[] {
  const problem = (wrong: string, fix: string): Problem[] => [{
    prop: 'broker', value: url.includes('://') ? redact(url) : new Described('a string'), wrong, fix,
  }];
  const transport = transportOf(url);
  if (transport === undefined) return problem('is not the URL of a broker', 'give e.g. \'redis://redis.example.com:6379/0\'');
  if (isClusterScheme(url)) {
    return problem('has a scheme that is not a transport of kombu, which knows no Redis in cluster mode', 'give redis:// with a single Redis, or Broker.fromSentinel({ sentinels, masterName })');
  }
  if (!TRANSPORT_NAMES.includes(transport)) return problem('has a scheme that is not a transport of kombu', `give one of ${TRANSPORT_NAMES.join(', ')}`);
  if (transport === 'memory') return problem('is a broker within one process, which no pod shares', 'give a broker that all pods can reach');
  const unexpanded = checkExpansion('broker', url);
  if (unexpanded.length > 0) return unexpanded;
  if (/\s/.test(url.trim())) return problem('has a space in it', 'remove it; in a path or a password it is written %20');
  const ports = checkUrlPorts('broker', url);
  if (ports.length > 0) return ports;
  const unverified = uncheckedCertificate(url);
  if (unverified !== undefined) return problem(unverified.wrong, unverified.fix);
  const secure = tlsPort(url);
  if (secure !== undefined) return problem(`has the port ${secure} of TLS, and a scheme without`, `write ${transport}s://${transport === 'redis' ? ', with ?ssl_cert_reqs=CERT_REQUIRED' : ''}; or give the port without TLS`);
  return hasWrittenCredential(url) ? problem(
    'has a password in it, and everybody who can read a manifest could read it', 'put the whole URL into a Secret: Broker.fromSecret({ name, key })',
  ) : [...checkUrlHosts('broker', url), ...checkSentinelPort('broker', url), ...checkUrlDatabase('broker', url)];
}
