import { SecretKey } from '../secret-key';
import { ConnectionTls } from './connection-tls';

/** A PostgreSQL that exists already. */
export interface PostgresServerOptions {
  /** Its DNS name or address, without a scheme and a port: `'postgres.data.svc.cluster.local'`. */
  readonly host: string;

  /**
   * The port.
   *
   * @default 5432
   */
  readonly port?: number;

  /** The database. Celery makes its tables in it, `celery_taskmeta` and `celery_tasksetmeta`. */
  readonly database: string;

  /** The user, who may create tables in the database. */
  readonly username: string;

  /**
   * The password, with any characters: a Secret in the namespace of the pods.
   *
   * @default - none: the server must let the user in without one
   */
  readonly password?: SecretKey;

  /**
   * TLS. `{}` verifies the certificate of the server with the CA certificates of the image, in `/etc/ssl/certs/ca-certificates.crt`: images of
   * Debian, Ubuntu and Alpine have this file. For another image, and for Amazon RDS, whose CA is not among the public ones, give `ca`.
   *
   * @default - libpq's own: encrypted where the server offers it, and nothing is verified
   * @see https://www.postgresql.org/docs/current/libpq-ssl.html
   */
  readonly tls?: ConnectionTls;

  /**
   * The network of its addresses, for `CeleryNetwork.closed`: `'10.20.0.0/16'`.
   *
   * @default - of a Service all pods of its namespace, of an IP address that address, and any address otherwise
   */
  readonly cidr?: string;
}
