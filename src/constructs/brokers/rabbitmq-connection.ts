import { redact } from '../../celery/credentials';
import { takesOnlyTls } from '../../celery/hosts';
import { AMQP_PORT, AMQPS_PORT, MANAGEMENT_PORT, MANAGEMENT_TLS_PORT } from '../../celery/ports';
import type * as k8s from '../kubernetes/api/types';
import { asGiven } from '../kubernetes/as-given';
import { secretVariable } from '../kubernetes/env';
import { checkCidr, egressToServer } from '../network/server-address';
import { SecretKey } from '../secret-key';
import * as checks from '../validation/checks';
import { Problem } from '../validation/problems';
import { hidden, number, PropChecks, text, typed } from '../validation/props';
import { BrokerBinding } from './broker-binding';
import { ConnectionTls } from './connection-tls';
import { QueueTrigger } from './queue-trigger';
import { RabbitMqServerOptions } from './rabbitmq-server';
import { checkHost, kedaSecrets, kedaTls, PASSWORD, required } from './redis-connection';
import { connectionTls, TlsFiles, tlsFiles } from './tls-files';

const HOST = 'e.g. \'rabbitmq.example.com\'';
const MANAGEMENT = 'e.g. \'http://rabbitmq.data.svc.cluster.local:15672\'';

const OPTIONS: PropChecks<RabbitMqServerOptions> = {
  host: required(text(HOST), `give ${HOST}`),
  port: number,
  virtualHost: text('e.g. \'/\''),
  username: text('the name of the user'),
  usernameSecret: PASSWORD,
  password: PASSWORD,
  tls: connectionTls,
  managementUrl: hidden(text(MANAGEMENT)),
  cidr: text('e.g. \'10.20.0.0/16\''),
};

const USERNAME = 'CDK8S_CELERY_BROKER_USERNAME';
const PASSWORD_VARIABLE = 'CDK8S_CELERY_BROKER_PASSWORD';

/** How an app uses a RabbitMQ, and what is wrong with its options. */
export function rabbitMqBinding(given: RabbitMqServerOptions): { binding?: BrokerBinding; problems: Problem[] } {
  const { options, problems: wrong } = typed(given, OPTIONS, { prefix: 'broker' });
  // Of what is of a wrong type it is not also said that it is missing.
  const problems = [...wrong, ...checkRabbitMq(options).filter(({ prop }) => !wrong.some((problem) => problem.prop === prop))];
  if (problems.length > 0) return { problems };
  const { host, tls, port = tls ? AMQPS_PORT : AMQP_PORT, virtualHost = '/', username, usernameSecret, password, cidr } = options;
  const files = tlsFiles('broker-tls', tls ?? {});
  const user = usernameSecret ? `{${USERNAME}}` : encodeURIComponent(username ?? 'guest');
  const secret = password ? `:{${PASSWORD_VARIABLE}}` : username === undefined && !usernameSecret ? ':guest' : '';
  const address = `${host}:${port}/${encodeURIComponent(virtualHost)}`;
  const url = `${tls ? 'amqps' : 'amqp'}://${user}${secret}@${address}`;
  const composed = (usernameSecret ?? password) !== undefined;
  // The user is in the certificate, by the plugin rabbitmq_auth_mechanism_ssl: that of the URL is only shown.
  const external = tls?.clientSecretName !== undefined && secret === '';
  return {
    binding: {
      ...(composed ? { urlTemplate: url } : { url: { value: asGiven(url) } }),
      env: [
        ...secretVariable(USERNAME, usernameSecret),
        // For KEDA, which has no user in the metadata of a trigger.
        ...(username !== undefined && password ? [{ name: USERNAME, value: asGiven(username) }] : []),
        ...secretVariable(PASSWORD_VARIABLE, password),
        ...kedaTlsSwitch(tlsForKeda(options)),
      ],
      transport: tls ? 'amqps' : 'amqp',
      ...(tls ? { connectionSettings: { broker_use_ssl: amqpTls(host, files), ...(external ? { broker_login_method: 'EXTERNAL' } : {}) } } : {}),
      volumes: files.volumes,
      volumeMounts: files.volumeMounts,
      network: egressToServer(`amqp://${host}:${port}`, { cidr }),
      queueTrigger: trigger(options, `${tls ? 'amqps' : 'amqp'}://${address}`),
    },
    problems,
  };
}

/** Python's ssl.CERT_REQUIRED. */
const CERT_REQUIRED = 2;

/**
 * The TLS of a connection of py-amqp, which verifies no host name without `server_hostname`. With `null` kombu takes that of the URL, and our loader
 * leaves it out where a URL has several hosts: kombu would take the first one's name for all.
 *
 * @see SSLTransport._wrap_socket_sni in amqp/transport.py, and Transport.establish_connection in kombu/transport/pyamqp.py
 */
export function amqpTls(host: string | null, { ca, certificate, key }: Partial<TlsFiles> = {}): Record<string, unknown> {
  return {
    cert_reqs: CERT_REQUIRED, server_hostname: host,
    ...(ca === undefined ? {} : { ca_certs: ca }),
    ...(certificate === undefined ? {} : { certfile: certificate, keyfile: key }),
  };
}

/** KEDA takes certificates only where `tls` is `enable`, which is no metadata of a trigger: it reads that from a variable of the worker. */
const KEDA_TLS = 'CDK8S_CELERY_BROKER_TLS';

/** The variable for KEDA, where it gets certificates. */
export function kedaTlsSwitch(tls: ConnectionTls | undefined): k8s.EnvVar[] {
  return kedaTls(tls).length > 0 ? [{ name: KEDA_TLS, value: 'enable' }] : [];
}

/** The CA is that of AMQP: a management API may have another certificate. */
function tlsForKeda({ tls, managementUrl }: Pick<RabbitMqServerOptions, 'tls' | 'managementUrl'>): ConnectionTls | undefined {
  return managementUrl === undefined ? tls : undefined;
}

/** What the TriggerAuthentication of RabbitMQ has of TLS. */
export function kedaTlsAuthentication(tls: ConnectionTls | undefined): { readonly secretTargetRef: object[]; readonly env?: object[] } {
  const secretTargetRef = kedaTls(tls);
  return { secretTargetRef, ...(secretTargetRef.length > 0 ? { env: [{ parameter: 'tls', name: KEDA_TLS }] } : {}) };
}

/**
 * How KEDA reads the queues: over HTTP where the management API is known. It gets the password and the certificates from the Secrets, and the user
 * from there or from the environment of the worker; over AMQP without both it connects as `guest`, as the pods do.
 *
 * @see https://keda.sh/docs/latest/scalers/rabbitmq-queue/
 */
function trigger({ tls, username, usernameSecret, password, managementUrl, virtualHost = '/' }: RabbitMqServerOptions, host: string): QueueTrigger {
  const certificates = kedaTlsAuthentication(tlsForKeda({ tls, managementUrl }));
  const authentication = [...kedaSecrets({ username: usernameSecret, password }), ...certificates.secretTargetRef];
  return {
    type: 'rabbitmq',
    metadata: {
      // KEDA takes what follows the last slash of a path for the virtual host.
      ...(managementUrl === undefined ? { protocol: 'amqp', host } : { protocol: 'http', host: managementUrl.replace(/\/*$/, '/'), vhostName: virtualHost }),
      ...(username !== undefined && password ? { usernameFromEnv: USERNAME } : {}),
    },
    ...(authentication.length > 0 ? { authentication: { ...certificates, secretTargetRef: authentication } } : {}),
  };
}

function checkManagementUrl(url: string, password: SecretKey | undefined): Problem[] {
  const problem = (wrong: string, fix: string): Problem[] => [{ prop: 'broker.managementUrl', value: redact(url).replace(/([?#]).+/s, '$1***'), wrong, fix }];
  const { protocol, username, password: secret, search, hash } = URL.canParse(url) ? new URL(url) : { protocol: '' } as Partial<URL>;
  if (protocol !== 'http:' && protocol !== 'https:') return problem('is not an http or https URL', `give ${MANAGEMENT}`);
  if (username || secret) return problem('has a user in it, and everybody who can read a manifest could read the password', 'leave it out: username and password are used');
  if (search || hash) return problem('has a query or a fragment', `give ${MANAGEMENT}`);
  return password ? [] : problem('is given without a password, and the management API asks for one', 'put it into a Secret, and give it as password: { name, key }');
}

function checkRabbitMq({ host, port, virtualHost, username, usernameSecret, password, tls, managementUrl, cidr }: RabbitMqServerOptions): Problem[] {
  const problem = (prop: string, value: unknown, wrong: string, fix: string): Problem => ({ prop: `broker.${prop}`, value, wrong, fix });
  return [
    ...checkHost('broker.host', host),
    ...checks.wholeNumber('broker.port', port, 1, 65_535),
    ...(virtualHost === '' ? [problem('virtualHost', virtualHost, 'is empty', 'give its name, or leave it out for \'/\'')] : []),
    ...(username === '' ? [problem('username', username, 'is empty', 'leave it out')] : []),
    ...(username !== undefined && usernameSecret ? [problem('username', username, 'is given in addition to usernameSecret', 'leave out one of the two')] : []),
    ...((username !== undefined && username !== 'guest') || usernameSecret) && !password && tls?.clientSecretName === undefined
      ? [problem('password', undefined, 'is missing, and RabbitMQ takes no user without one or a client certificate', 'put it into a Secret, and give { name, key }')] : [],
    ...(port === AMQPS_PORT && !tls ? [problem('port', port, 'is the port of TLS, and tls is not given', 'give tls: {}, or the port 5672')] : []),
    ...(port !== AMQPS_PORT && !tls && typeof host === 'string' && takesOnlyTls(host) ? [problem(
      'tls', undefined, 'is missing, and the server takes nothing but TLS', 'give tls: {}, which verifies its certificate with the CA certificates of the image',
    )] : []),
    ...(port === MANAGEMENT_PORT || port === MANAGEMENT_TLS_PORT ? [problem('port', port, 'is the port of RabbitMQ\'s management, which speaks HTTP', 'give 5672, or 5671 with tls')] : []),
    ...(port === AMQP_PORT && tls ? [problem('port', port, 'is the port without TLS, and tls is given', 'leave tls out, or give the port 5671')] : []),
    ...(managementUrl === undefined ? [] : checkManagementUrl(managementUrl, password)),
    ...checkCidr('broker.cidr', cidr),
  ];
}
