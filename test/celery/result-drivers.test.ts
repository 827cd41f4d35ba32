import { missingDriver } from '../../src/celery/result-drivers';

const NEW = '2.1.0';

test.each<[string, string, string[]]>([
  ['mongodb://h', 'celery[mongodb]', ['pymongo']], ['elasticsearch://h', 'celery[elasticsearch]', ['elasticsearch']], ['cassandra://h', 'celery[cassandra]', ['cassandra-driver']],
  ['couchbase://h', 'celery[couchbase]', ['couchbase']], ['couchdb://h', 'celery[couchdb]', ['pycouchdb']], ['cosmosdbsql://h', 'celery[cosmosdbsql]', ['pydocumentdb']],
  ['consul://h', 'celery[consul]', ['python-consul2']], ['dynamodb://', 'celery[dynamodb]', ['boto3', 'celery[sqs]', 'kombu[sqs]', 'celery[s3]']],
  ['s3://', 'celery[s3]', ['boto3', 'celery[sqs]', 'celery[dynamodb]']], ['gs://b', 'celery[gcs]', ['google-cloud-storage']],
  ['azureblockblob://x', 'celery[azureblockblob]', ['azure-storage-blob']], ['arangodb://h', 'celery[arangodb]', ['pyarango']], ['riak://h', 'riak', ['riak']],
  ['cache+memcached://h', 'celery[memcache]', ['pylibmc', 'python-memcached', 'pymemcache', 'celery[pymemcache]']],
  ['db+postgresql+psycopg2://h/x', 'psycopg2-binary', ['psycopg2', 'psycopg2-binary']], ['db+postgresql+pg8000://h/x', 'pg8000', ['pg8000']],
  ['db+mysql://h/x', 'mysqlclient', ['mysqlclient']], ['db+mariadb://h/x', 'mysqlclient', ['mysqlclient']], ['db+mysql+pymysql://h/x', 'pymysql', ['pymysql']],
  ['db+mysql+mysqlconnector://h/x', 'mysql-connector-python', ['mysql-connector-python']], ['db+mariadb+mariadbconnector://h/x', 'mariadb', ['mariadb']],
  ['db+oracle+cx_oracle://h/x', 'cx-oracle', ['cx_Oracle']], ['db+oracle://h/x', 'oracledb', ['oracledb']], ['db+mssql://h/x', 'pyodbc', ['pyodbc']],
  ['database+mssql+pymssql://h/x', 'pymssql', ['pymssql']], [' DB+MySQL://h/x', 'mysqlclient', ['mysqlclient']],
])('%s needs %s, which %j bring also', (url, requirement, others) => {
  expect(missingDriver(url, [], NEW)).toBe(requirement);
  expect(missingDriver(url, ['django', 'celery[redis]==5.7.0', 'django[argon2]'], NEW)).toBe(requirement);
  for (const other of [requirement, `${requirement}>=1`, ...others]) expect(missingDriver(url, ['-r base.txt', other], NEW)).toBeUndefined();
});

test.each([
  'redis://h', 'rediss://h', 'rpc://', 'disabled://', 'file:///x', 'cache+memory://', 'db+sqlite:///x', 'db+postgresql+asyncpg://h/x', 'shop.backends:Results', '', 'db',
])('%p needs nothing that is known', (url) => {
  expect(missingDriver(url, [], NEW)).toBeUndefined();
});

test.each<[string, string, string | undefined]>([
  ['db+postgresql://h/x', '1.4.54', 'psycopg2-binary'], ['db+postgresql://h/x', '2.0.43', 'psycopg2-binary'], ['db+postgresql://h/x', '2.0', 'psycopg2-binary'],
  ['db+postgresql://h/x', '2.1.0', undefined], ['db+postgresql://h/x', '2.10.0', undefined], ['db+postgresql://h/x', '12.0.1', undefined],
  ['db+mysql://h/x', '2.0.43', 'mysqlclient'], ['db+mariadb://h/x', '2.0.43', 'mysqlclient'],
  ['db+oracle://h/x', '2.0.43', 'cx-oracle'], ['db+oracle://h/x', '2.1.0', 'oracledb'], ['db+mssql://h/x', '2.0.43', 'pyodbc'],
])('%s with SQLAlchemy %s needs %s', (url, sqlalchemy, requirement) => {
  expect(missingDriver(url, [], sqlalchemy)).toBe(requirement);
});
