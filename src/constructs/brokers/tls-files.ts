import type * as k8s from '../kubernetes/api/types';
import { secretKey } from '../kubernetes/options';
import { Mount } from '../kubernetes/pods';
import { SecretKey } from '../secret-key';
import * as checks from '../validation/checks';
import { nested, PropChecks, text, TypeCheck } from '../validation/props';
import { ConnectionTls } from './connection-tls';

const SECRET_KEY: TypeCheck = (prop, value) => [...secretKey(prop, value).problems];

const TLS: PropChecks<ConnectionTls> = { ca: SECRET_KEY, clientSecretName: text('the name of a Secret') };

/** The type of the prop. */
export const connectionTls = nested(TLS, (prop, { clientSecretName }) => checks.objectName(`${prop}.clientSecretName`, clientSecretName));

/** TLS of a server that a program makes. */
interface ServerTls {
  readonly secretName: string;
  readonly ca?: SecretKey;
}

const SERVER: PropChecks<ServerTls> = {
  secretName: { check: text('the name of a Secret'), fix: 'give the name of a Secret of type kubernetes.io/tls', instead: () => undefined },
  ca: SECRET_KEY,
};

/** The type of the prop of a server. */
export const serverTls = nested(SERVER, (prop, { secretName }) => checks.objectName(`${prop}.secretName`, secretName));

/** The key with the CA, in the namespaces of those who connect. */
export function caOf({ secretName, ca }: ServerTls): SecretKey {
  return ca ?? { name: secretName, key: 'ca.crt' };
}

/** Named, so that a Secret without one of them is found before the pod waits for it. */
const SERVER_KEYS = ['tls.crt', 'tls.key', 'ca.crt'].map((key) => ({ key, path: key }));

/** The certificates of a server. */
export function serverTlsMounts(tls: ServerTls | undefined, path: string): Mount[] {
  return tls ? [{ path, volume: { name: 'tls', secret: { secretName: tls.secretName, items: SERVER_KEYS } }, readOnly: true }] : [];
}

/** Where the files are in a container: those that there are. */
export interface TlsFiles {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly volumes: k8s.Volume[];
  readonly volumeMounts: k8s.VolumeMount[];
}

/**
 * The files of a connection, as one volume. A Secret without one of the keys keeps the pod from starting, and its events name the key.
 *
 * @param keyMode who may read the private key, where the client looks at it: that of others is everybody in the container
 */
export function tlsFiles(name: string, { ca, clientSecretName }: ConnectionTls, keyMode?: number): TlsFiles {
  const sources = [
    ...(ca ? [{ secret: { name: ca.name, items: [{ key: ca.key, path: 'ca.crt' }] } }] : []),
    ...(clientSecretName === undefined ? [] : [{
      secret: { name: clientSecretName, items: [{ key: 'tls.crt', path: 'tls.crt' }, { key: 'tls.key', path: 'tls.key', mode: keyMode }] },
    }]),
  ];
  const folder = `/etc/celery-${name}`;
  return {
    ...(ca ? { ca: `${folder}/ca.crt` } : {}),
    ...(clientSecretName === undefined ? {} : { certificate: `${folder}/tls.crt`, key: `${folder}/tls.key` }),
    volumes: sources.length === 0 ? [] : [{ name, projected: { sources } }],
    volumeMounts: sources.length === 0 ? [] : [{ name, mountPath: folder, readOnly: true }],
  };
}
