import { SecretKey } from '../secret-key';
import { ConnectionTls } from './connection-tls';

/** A Redis or Valkey that exists already. */
export interface RedisServerOptions {
  /**
   * Its DNS name or address, without a scheme and a port: `'master.orders.abc123.euw1.cache.amazonaws.com'`. From another namespace a Service
   * needs its whole name, `'redis.data.svc.cluster.local'`.
   *
   * The endpoint of a cluster in cluster mode is refused: kombu has no transport for one.
   */
  readonly host: string;

  /**
   * The port.
   *
   * @default 6379
   */
  readonly port?: number;

  /**
   * The number of the database, from 0 to 15.
   *
   * @default 0
   */
  readonly database?: number;

  /**
   * The name of the user, where the server has an access control list.
   *
   * @default - the user `default` of Redis
   */
  readonly username?: string;

  /**
   * The password, with any characters: `{ name: 'redis', key: 'password' }`, a Secret in the namespace of the pods.
   *
   * @default - none
   */
  readonly password?: SecretKey;

  /**
   * TLS. `{}` verifies the certificate of the server with the CA certificates of the image.
   *
   * @default - none: the connection is not encrypted
   */
  readonly tls?: ConnectionTls;

  /**
   * The network of its addresses, for `CeleryNetwork.closed`: `'10.20.0.0/16'`.
   *
   * @default - of a Service all pods of its namespace, of an IP address that address, and any address otherwise
   */
  readonly cidr?: string;
}
