import { outsideCluster, TLS_PORT_OF_REDIS } from './hosts';
import { parseUrl } from './url';

/** Why a URL with TLS connects to whoever answers; undefined where the certificate is verified, or where there is no TLS. */
export function uncheckedCertificate(text: string): { readonly wrong: string; readonly fix: string } | undefined {
  const url = parseUrl(text);
  if (url === undefined || !/^(rediss|valkeys)$/.test(url.scheme)) return undefined;
  const given = url.query.get('ssl_cert_reqs');
  if (given !== undefined && /^(CERT_)?required$/i.test(given)) return undefined;
  return {
    wrong: given === undefined ? 'does not verify the certificate of the server: it has no ssl_cert_reqs' : `does not verify the certificate of the server: ssl_cert_reqs is ${given}`,
    fix: 'write ?ssl_cert_reqs=CERT_REQUIRED at its end, and &ssl_ca_certs=PATH for a CA of your own; Broker.fromRedis({ host, tls }) does so',
  };
}

/** The port of a URL without TLS that is a port of TLS. */
export function tlsPort(text: string): string | undefined {
  const url = parseUrl(text);
  if (url === undefined) return undefined;
  const redis = url.scheme === 'redis' && url.port === String(TLS_PORT_OF_REDIS) && outsideCluster(url.host);
  const amqp = /^(py)?amqp$/.test(url.scheme) && url.port === '5671';
  return redis || amqp ? url.port : undefined;
}
