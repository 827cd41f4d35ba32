import { isAmqpTransport, isRedisTransport } from './transports';

/**
 * Transports of kombu under whose names Celery has no result backend.
 *
 * @see TRANSPORT_ALIASES in kombu/transport/__init__.py, and BACKEND_ALIASES in celery/app/backends.py
 */
const TRANSPORTS_ONLY = new Set([
  'amqp', 'amqps', 'pyamqp', 'librabbitmq', 'confluentkafka', 'kafka', 'memory', 'sqs', 'zookeeper', 'sqlalchemy', 'sqla', 'slmq', 'filesystem', 'qpid', 'etcd',
  'azurestoragequeues', 'azureservicebus', 'pyro', 'gcpubsub',
]);

/** The name that Celery takes from a URL: `db` of `db+postgresql://host/results`, `rpc` of `rpc`. */
function nameOf(url: string): string {
  return /^\s*([a-z][a-z0-9.-]*)/i.exec(url)?.[1].toLowerCase() ?? '';
}

/** The name of a message broker that is given as result backend, where Celery has no such backend. */
export function brokerAsBackend(url: string): string | undefined {
  const name = nameOf(url);
  return TRANSPORTS_ONLY.has(name) && /^\s*[a-z]+(?:$|:\/\/|\+)/i.test(url) ? name : undefined;
}

/** The scheme of a database without the `db+` that tells Celery to keep results with SQLAlchemy. */
export function databaseAsBackend(url: string): string | undefined {
  return /^(postgres(?:ql)?|mysql|mariadb|sqlite|oracle|mssql)(\+[a-z0-9_]+)?:\/\//.exec(url.trim())?.[0].replace('://', '').replace(/^postgres$/, 'postgresql');
}

/** What to give instead. */
export function otherBackend(broker: string): string {
  return `${isAmqpTransport(broker) ? 'rpc:// (through RabbitMQ), ' : ''}redis://, db+postgresql://, or disabled:// where nobody reads results`;
}

/** BACKEND_ALIASES of all versions of Celery: the names of its result backends. */
const BACKENDS = new Set([
  'rpc', 'cache', 'redis', 'rediss', 'sentinel', 'mongodb', 'db', 'database', 'elasticsearch', 'cassandra', 'couchbase', 'couchdb', 'cosmosdbsql', 'riak',
  'file', 'disabled', 'consul', 'dynamodb', 'azureblockblob', 'arangodb', 's3', 'gs',
]);

/** What `celery.app.backends.by_url` takes for the name of the backend: `db` of `db+postgresql://host/results`, all of `shop.backends:Results`. */
function backendOf(text: string): string {
  const scheme = text.split('://', 1)[0];
  return text.includes('://') ? scheme.split('+', 1)[0] : text;
}

/** Whether a text may name a result backend: an alias, or the path of a class. */
export function mayBeBackend(text: string): boolean {
  return /^[A-Za-z_][\w-]*$|^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*[.:][A-Za-z_]\w*$/.test(backendOf(text));
}

/** Whether Celery finds the result backend without another package. */
export function isKnownBackend(text: string): boolean {
  const name = backendOf(text);
  return BACKENDS.has(name) || /[.:]/.test(name);
}

/** What a result backend needs of the lock: SQLAlchemy for a database, redis-py for Redis, and also for one that is not known. */
export function backendNeeds(url: string | undefined): readonly string[] {
  const name = url === undefined ? '' : nameOf(url);
  if (['db', 'database'].includes(name)) return ['sqlalchemy'];
  return isRedisTransport(name) || !BACKENDS.has(name) ? ['redis'] : [];
}
