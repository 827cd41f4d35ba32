import { outsideCluster, TLS_PORT_OF_REDIS } from './hosts';
import { AMQPS_PORT } from './ports';
import { BrokerUrl, parseUrls } from './url';

/** Why a URL with TLS, or one of several, connects to whoever answers; undefined where the certificate is verified, or where there is no TLS. */
export function uncheckedCertificate(text: string): { readonly wrong: string; readonly fix: string } | undefined {
  const secure = parseUrls(text).filter(({ scheme }) => /^(rediss|valkeys)$/.test(scheme));
  if (secure.some(({ query }) => /^(false|0|no|off)$/i.test(query.get('ssl_check_hostname') ?? ''))) {
    return { wrong: 'does not check for whom the certificate of the server is: ssl_check_hostname is false', fix: 'write ssl_check_hostname=true, or leave it out' };
  }
  const url = secure.find(({ query }) => !/^(CERT_)?required$/i.test(query.get('ssl_cert_reqs') ?? ''));
  if (!url) return undefined;
  const given = url.query.get('ssl_cert_reqs');
  return {
    wrong: given === undefined ? 'does not verify the certificate of the server: it has no ssl_cert_reqs' : `does not verify the certificate of the server: ssl_cert_reqs is ${given}`,
    fix: 'write ?ssl_cert_reqs=CERT_REQUIRED at its end, and &ssl_ca_certs=PATH for a CA of your own; Broker.fromRedis({ host, tls }) does so',
  };
}

/** The option of a setting by which a connection with TLS verifies no certificate, or not for whom it is; undefined where none says so. */
export function uncheckedOption(options: Readonly<Record<string, unknown>>): string | undefined {
  const is = (words: RegExp) => (name: string): boolean => Object.hasOwn(options, name) && words.test(String(options[name]));
  return ['ssl_cert_reqs', 'cert_reqs'].find(is(/^((ssl\.)?(CERT_)?(none|optional)|0|1)$/i)) ?? ['ssl_check_hostname'].find(is(/^(false|0|no|off)$/i));
}

/** The port of a URL without TLS, or of one of several, that is a port of TLS. */
export function tlsPort(text: string): string | undefined {
  return parseUrls(text).find(isPlainOnTlsPort)?.port;
}

function isPlainOnTlsPort({ scheme, host, port }: BrokerUrl): boolean {
  return (scheme === 'redis' && port === String(TLS_PORT_OF_REDIS) && outsideCluster(host)) || (/^(py)?amqp$/.test(scheme) && port === String(AMQPS_PORT));
}
