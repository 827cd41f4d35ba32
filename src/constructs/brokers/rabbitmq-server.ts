import { SecretKey } from '../secret-key';
import { ConnectionTls } from './connection-tls';

/** A RabbitMQ that exists already. */
export interface RabbitMqServerOptions {
  /** Its DNS name or address, without a scheme and a port: `'rabbitmq.data.svc.cluster.local'`. */
  readonly host: string;

  /**
   * The port.
   *
   * @default - 5672, or 5671 with `tls`
   */
  readonly port?: number;

  /**
   * The virtual host.
   *
   * @default '/'
   */
  readonly virtualHost?: string;

  /**
   * The user. RabbitMQ takes `guest` only from its own machine.
   *
   * @default - that of `usernameSecret`, else `guest`
   */
  readonly username?: string;

  /**
   * The key of a Secret with the name of the user, as the RabbitMQ Cluster Operator makes it: `{ name: 'rabbitmq-default-user', key: 'username' }`.
   *
   * @default - `username`
   */
  readonly usernameSecret?: SecretKey;

  /**
   * The password, with any characters: a Secret in the namespace of the pods.
   *
   * @default - `guest`, where the user is `guest`
   */
  readonly password?: SecretKey;

  /**
   * TLS. `{}` verifies the certificate of the server with the CA certificates of the image.
   *
   * @default - none: the connection is not encrypted
   */
  readonly tls?: ConnectionTls;

  /**
   * The URL of its management API, without a user: `'http://rabbitmq.data.svc.cluster.local:15672'`. By it KEDA also counts the tasks that workers
   * hold, which `WorkerScaling.queueLength` with `minReplicas: 0` needs. The user needs the tag `management` or `monitoring`.
   *
   * @default - none: KEDA counts over AMQP the tasks that wait
   * @see https://www.rabbitmq.com/docs/management#permissions
   */
  readonly managementUrl?: string;

  /**
   * The network of its addresses, for `CeleryNetwork.closed`: `'10.20.0.0/16'`.
   *
   * @default - of a Service all pods of its namespace, of an IP address that address, and any address otherwise
   */
  readonly cidr?: string;
}
