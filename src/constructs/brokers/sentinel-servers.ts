import { SecretKey } from '../secret-key';
import { ConnectionTls } from './connection-tls';

/** A Redis or Valkey behind Sentinel, which tells who is the master. */
export interface SentinelServersOptions {
  /**
   * The sentinels, as names or addresses, with the port where it is not 26379: `['sentinel-0.redis.data.svc.cluster.local:26379']`. All of them
   * are asked, so that the connection survives the loss of one.
   */
  readonly sentinels: string[];

  /** The name under which Sentinel knows the master: `'mymaster'`. */
  readonly masterName: string;

  /**
   * The number of the database, from 0 to 15.
   *
   * @default 0
   */
  readonly database?: number;

  /**
   * The password of Redis, with any characters: a Secret in the namespace of the pods.
   *
   * @default - none
   */
  readonly password?: SecretKey;

  /**
   * The password of Sentinel itself.
   *
   * @default - none, whatever `password` is
   */
  readonly sentinelPassword?: SecretKey;

  /**
   * TLS, of Redis and of Sentinel. `{}` verifies their certificates with the CA certificates of the image. The certificate of Redis must be for what
   * Sentinel announces: its address, or its name with `resolve-hostnames yes` and `announce-hostnames yes`.
   *
   * @default - none: the connections are not encrypted
   * @see https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#ip-addresses-and-dns-names
   */
  readonly tls?: ConnectionTls;

  /**
   * The port of the Redis servers, for `CeleryNetwork.closed`: Sentinel tells it to the pods.
   *
   * @default 6379
   */
  readonly port?: number;

  /**
   * The network of the addresses of the servers and of Sentinel, for `CeleryNetwork.closed`: `'10.20.0.0/16'`.
   *
   * @default - of Services of the cluster all pods of their namespaces, and any address otherwise
   */
  readonly cidr?: string;
}
