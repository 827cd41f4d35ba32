import { SecretKey } from '../secret-key';

/**
 * TLS of a connection. The certificate of the server is always verified, with its host name.
 */
export interface ConnectionTls {
  /**
   * The certificate of the CA that has signed that of the server: `{ name: 'redis-tls', key: 'ca.crt' }`.
   *
   * @default - the CA certificates of the image, which are those of public CAs
   */
  readonly ca?: SecretKey;

  /**
   * The name of a Secret of type kubernetes.io/tls with the certificate of the client, for servers that ask for one: its keys are `tls.crt` and
   * `tls.key`.
   *
   * @default - none
   */
  readonly clientSecretName?: string;
}
