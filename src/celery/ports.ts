import { parseUrl } from './url';

export const REDIS_PORT = 6379;
/** No Redis has it. */
export const SENTINEL_PORT = 26379;
export const AMQP_PORT = 5672;
export const AMQPS_PORT = 5671;
/** RabbitMQ's management, which speaks HTTP. */
export const MANAGEMENT_PORT = 15672;
export const MANAGEMENT_TLS_PORT = 15671;
export const FLOWER_PORT = 5555;
export const POSTGRES_PORT = 5432;
export const MYSQL_PORT = 3306;
export const MONGODB_PORT = 27017;
export const DNS_PORT = 53;

/** The port that a client connects to where a URL names none, by the scheme; of `a+b` the second, for what is behind a driver. */
const PORTS: ReadonlyMap<string, number> = new Map([
  ['redis', REDIS_PORT], ['rediss', REDIS_PORT], ['valkey', REDIS_PORT], ['valkeys', REDIS_PORT], ['sentinel', SENTINEL_PORT],
  ['amqp', AMQP_PORT], ['pyamqp', AMQP_PORT], ['librabbitmq', AMQP_PORT], ['amqps', AMQPS_PORT],
  ['sqs', 443], ['https', 443], ['http', 80],
  ['mongodb', MONGODB_PORT], ['postgresql', POSTGRES_PORT], ['postgres', POSTGRES_PORT], ['mysql', MYSQL_PORT], ['mariadb', MYSQL_PORT],
  ['memcached', 11211], ['memcache', 11211], ['elasticsearch', 9200], ['cassandra', 9042], ['couchdb', 5984], ['couchbase', 11210], ['arangodb', 8529],
  ['consul', 8500], ['zookeeper', 2181], ['dynamodb', 443], ['s3', 443], ['gs', 443], ['azureblockblob', 443],
]);

/** Where further servers listen unless something else is configured; their clients take no such port from a URL. */
const USUAL: ReadonlyMap<string, number> = new Map([['kafka', 9092], ['confluentkafka', 9092], ['etcd', 2379], ['azureservicebus', AMQPS_PORT], ['pgmq', POSTGRES_PORT]]);

/** The usual port of the server of a transport; undefined where it is not known. */
export function defaultPort(transport: string): number | undefined {
  return PORTS.get(transport) ?? USUAL.get(transport);
}

/** What connects to nothing, or through the broker. */
const NO_CONNECTION: ReadonlySet<string> = new Set(['disabled', 'rpc', 'file', 'filesystem', 'memory', 'sqlite']);

/** A server that a client connects to. */
export interface Server {
  /** Empty where the URL names none: that of a cloud service. */
  readonly host: string;
  readonly port: number;
}

/**
 * The servers of a broker or result URL, of which there are several in a failover list; undefined where a port is not known.
 */
export function serversOf(text: string): readonly Server[] | undefined {
  const servers = text.split(';').filter((one) => one.trim() !== '').map((one) => serverOf(one.trim()));
  return servers.includes(undefined) ? undefined : servers.flatMap((server) => server ?? []).filter(({ port }) => port > 0);
}

const NONE: Server = { host: '', port: 0 };

function serverOf(text: string): Server | undefined {
  const url = parseUrl(text);
  // `rpc` and `disabled` need no slashes.
  const [scheme, driver = ''] = (url?.scheme ?? text).toLowerCase().split('+');
  // `db+postgresql`, `cache+memcached`, `sqla+mysql`, and `db+postgresql+psycopg`; but `redis+socket`, `elasticsearch+https`.
  const behind = ['db', 'cache', 'sqla', 'sqlalchemy', 'database'].includes(scheme) ? driver : scheme;
  if (NO_CONNECTION.has(behind) || driver === 'socket') return NONE;
  const given = /^\d+$/.test(url?.port ?? '') ? Number(url!.port) : undefined;
  const port = url?.port === undefined || url.port === '' ? PORTS.get(behind) : given;
  // The host of these is that of a bucket or a table.
  const cloud = ['s3', 'gs', 'dynamodb', 'azureblockblob', 'sqs'].includes(behind) && given === undefined;
  return port === undefined ? undefined : { host: cloud ? '' : url?.host ?? '', port };
}
