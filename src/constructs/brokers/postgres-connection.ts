import { POSTGRES_PORT } from '../../celery/ports';
import { checkCidr, egressToServer } from '../network/server-address';
import * as checks from '../validation/checks';
import { Problem } from '../validation/problems';
import { number, PropChecks, text, typed } from '../validation/props';
import { PostgresServerOptions } from './postgres-server';
import { checkHost, Connection, connectionUrl, PASSWORD, passwordVariable, required, tlsVolume } from './redis-connection';
import { connectionTls, tlsFiles } from './tls-files';

const HOST = 'e.g. \'postgres.example.com\'';
const ROLE = { prop: 'resultBackend' } as const;

/**
 * The CA certificates of images of Debian, Ubuntu and Alpine. `sslrootcert=system` asks the OpenSSL of libpq: that of psycopg's wheels looks in a
 * folder that no image has, and a libpq before 16 does not know the word.
 */
const CAS_OF_IMAGE = '/etc/ssl/certs/ca-certificates.crt';

const OPTIONS: PropChecks<PostgresServerOptions> = {
  host: required(text(HOST), `give ${HOST}`),
  port: number,
  database: required(text('the name of the database'), 'give the name of the database'),
  username: required(text('the name of the user'), 'give the name of the user'),
  password: PASSWORD,
  tls: connectionTls,
  cidr: text('e.g. \'10.20.0.0/16\''),
};

/** The connection to a PostgreSQL, and what is wrong with its options. */
export function postgresConnection(given: PostgresServerOptions): { connection?: Connection; problems: Problem[] } {
  const { options, problems: wrong } = typed(given, OPTIONS, { prefix: ROLE.prop });
  const problems = [...wrong, ...checkPostgres(options)];
  if (problems.length > 0) return { problems };
  const { host, port = POSTGRES_PORT, database, username, password, tls, cidr } = options;
  // libpq refuses a key that others than root and its group can read; the group of the file is the fsGroup of the pod.
  const files = tlsFiles(tlsVolume(ROLE), tls ?? {}, 0o440);
  const query = tls === undefined ? [] : [
    'sslmode=verify-full', `sslrootcert=${files.ca ?? CAS_OF_IMAGE}`,
    ...(files.certificate === undefined ? [] : [`sslcert=${files.certificate}`, `sslkey=${files.key}`]),
  ];
  return {
    connection: {
      ...connectionUrl(password, passwordVariable(ROLE), (secret) => {
        const url = `db+postgresql+psycopg://${encodeURIComponent(username)}${secret || '@'}${host}:${port}/${encodeURIComponent(database)}`;
        return query.length > 0 ? `${url}?${query.join('&')}` : url;
      }),
      volumes: files.volumes,
      volumeMounts: files.volumeMounts,
      network: egressToServer(`postgresql://${host}:${port}`, { cidr, port }),
    },
    problems: [],
  };
}

/** Connections that a proxy or a restart of the server has closed are found before a query, and made again. */
export const POSTGRES_SETTINGS = { database_engine_options: { pool_pre_ping: true } } as const;

function checkPostgres({ host, port, database, username, cidr }: PostgresServerOptions): Problem[] {
  const empty = (prop: string, value: string | undefined, fix: string): Problem[] => value === '' ? [{
    prop: `${ROLE.prop}.${prop}`, value, wrong: 'is empty', fix,
  }] : [];
  return [
    ...checkHost(`${ROLE.prop}.host`, host),
    ...checks.wholeNumber(`${ROLE.prop}.port`, port, 1, 65_535),
    ...empty('database', database, 'give the name of the database'),
    ...empty('username', username, 'give the name of the user'),
    ...checkCidr(`${ROLE.prop}.cidr`, cidr),
  ];
}
