import { parseRequirement } from './requirement';

/** What a result backend imports in addition to Celery. */
interface Driver {
  /** The requirement that brings it. */
  readonly requirement: string;
  /** Packages of which any one is enough. */
  readonly packages: readonly string[];
}

const extra = (name: string, ...packages: string[]): Driver => ({ requirement: `celery[${name}]`, packages });
const own = (name: string, ...others: string[]): Driver => ({ requirement: name, packages: [name, ...others] });

/**
 * By the name of the backend. Those that are not here need nothing more than Celery, or a need of the lock.
 *
 * @see BACKEND_ALIASES in celery/app/backends.py, and the extras in Celery's metadata
 */
const BACKENDS: ReadonlyMap<string, Driver> = new Map([
  ['mongodb', extra('mongodb', 'pymongo')],
  ['elasticsearch', extra('elasticsearch', 'elasticsearch')],
  ['cassandra', extra('cassandra', 'cassandra-driver')],
  ['couchbase', extra('couchbase', 'couchbase')],
  ['couchdb', extra('couchdb', 'pycouchdb')],
  ['cosmosdbsql', extra('cosmosdbsql', 'pydocumentdb')],
  ['consul', extra('consul', 'python-consul2')],
  ['dynamodb', extra('dynamodb', 'boto3')],
  ['s3', extra('s3', 'boto3')],
  ['gs', extra('gcs', 'google-cloud-storage')],
  ['azureblockblob', extra('azureblockblob', 'azure-storage-blob')],
  ['arangodb', extra('arangodb', 'pyarango')],
  ['riak', own('riak')],
  ['cache', extra('memcache', 'pylibmc', 'python-memcached', 'pymemcache')],
]);

/** Drivers of databases, by their names in URLs of SQLAlchemy. */
const DATABASES: ReadonlyMap<string, Driver> = new Map([
  ['psycopg2', own('psycopg2-binary', 'psycopg2')],
  ['pg8000', own('pg8000')],
  ['mysqldb', own('mysqlclient')],
  ['pymysql', own('pymysql')],
  ['mysqlconnector', own('mysql-connector-python')],
  ['mariadbconnector', own('mariadb')],
  ['cx_oracle', own('cx-oracle')],
  ['oracledb', own('oracledb')],
  ['pyodbc', own('pyodbc')],
  ['pymssql', own('pymssql')],
]);

/** The driver of a database where its URL names none; that of PostgreSQL and of Oracle changed with SQLAlchemy 2.1. */
const DEFAULTS: Readonly<Record<'before' | 'since', ReadonlyMap<string, string>>> = {
  before: new Map([['postgresql', 'psycopg2'], ['mysql', 'mysqldb'], ['mariadb', 'mysqldb'], ['oracle', 'cx_oracle'], ['mssql', 'pyodbc']]),
  since: new Map([['postgresql', 'psycopg'], ['mysql', 'mysqldb'], ['mariadb', 'mysqldb'], ['oracle', 'oracledb'], ['mssql', 'pyodbc']]),
};

function driverOf(url: string, sqlalchemy: string): Driver | undefined {
  const [name, dialect = '', driver] = url.trim().split('://', 1)[0].toLowerCase().split('+');
  if (name !== 'db' && name !== 'database') return name === 'cache' && dialect === 'memory' ? undefined : BACKENDS.get(name);
  const standard = DEFAULTS[/^(0|1|2\.0)(\.|$)/.test(sqlalchemy) ? 'before' : 'since'].get(dialect);
  return DATABASES.get(driver ?? standard ?? '');
}

/**
 * The requirement that a result backend needs and that is not among these.
 *
 * @param sqlalchemy its version in the lock
 */
export function missingDriver(url: string, requirements: readonly string[], sqlalchemy: string): string | undefined {
  const driver = driverOf(url, sqlalchemy);
  if (driver === undefined) return undefined;
  const given = requirements.map(parseRequirement).flatMap((requirement) => requirement ?? []);
  const extras = given.flatMap(({ name, extras: of }) => ['celery', 'kombu'].includes(name) ? of : []);
  const wanted = parseRequirement(driver.requirement)!;
  // boto3 is in the list of SQS, and each other extra of memcache brings one of its packages.
  const bringing = [...wanted.extras, ...driver.packages.includes('boto3') ? ['sqs', 's3', 'dynamodb'] : [], ...wanted.extras.includes('memcache') ? ['pymemcache'] : []];
  return given.some(({ name }) => driver.packages.includes(name)) || extras.some((each) => bringing.includes(each)) ? undefined : driver.requirement;
}
