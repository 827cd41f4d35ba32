import { AMQP_PORT } from '../../celery/ports';
import { isAmqp } from '../../celery/url';
import { asList, asScalar, get } from '../../manifests/json';
import { Variable } from '../../manifests/pod/env';
import { lacksTls } from '../../manifests/tls';
import { shownUrl } from '../../manifests/uses';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The variables from which Celery itself takes URLs. */
const URL_VARIABLES = ['BROKER_URL', 'CELERY_BROKER_URL', 'RESULT_BACKEND', 'CELERY_RESULT_BACKEND'];

/** The schemes whose URLs have a host. */
const WITH_HOST = 'redis|rediss|amqp|amqps|pyamqp|sentinel';

/** Why the text of a variable is no URL, and whether the application may still make one of it. */
function notUrl(text: string): { readonly note: string; readonly allowed: string; readonly completed?: true } | undefined {
  if (/^(["']).*\1$/s.test(text)) return { note: 'the quotes are part of it', allowed: 'the URL without quotes inside the value' };
  if (/^[A-Za-z0-9+/]{16,}={0,2}$/.test(text) && /^[a-z][a-z0-9+]*:\/\//.test(Buffer.from(text, 'base64').toString())) {
    return { note: 'it is base64', allowed: 'the URL itself; only data of a Secret is base64' };
  }
  if (new RegExp(`^(${WITH_HOST}):(?!//|\\d+(/|$))\\S*[a-z]`).test(text)) return { note: 'there is no // after the scheme', allowed: text.replace(':', '://') };
  // `redis://:12,34@host`: a comma of a password.
  const list = new RegExp(`^(${WITH_HOST})://([^/?;,]*):\\d+(/\\w*)?,(.*)$`, 's').exec(text);
  if (list && (list[2].includes('@') || list[4].includes('://') || !list[4].includes('@'))) return { note: 'a comma is between several URLs', allowed: 'a semicolon and whole URLs' };
  return /^[a-z][a-z0-9.-]*:\d{2,5}(\/[\w-]*)?$/.test(text) ? { note: 'it has no scheme', allowed: `redis://${text}`, completed: true } : undefined;
}

/** Where RabbitMQ listens for other things than AMQP. */
const OTHER_PORTS: ReadonlyMap<string, string> = new Map([
  ['15672', 'the management UI'], ['15671', 'the management UI'], ['25672', 'other nodes'], ['4369', 'epmd'], ['15692', 'Prometheus'],
]);

/** As a message shows it: what is from a Secret, or may hide a password in base64, by its name. */
const written = ({ name, value = '', hidden }: Variable): string => hidden === undefined && /:/.test(value) ? `${name}=${value}` : name;

/** Rules about URLs of brokers and result backends by themselves. */
export const urlRules: Rule[] = [
  {
    id: 'env/no-url',
    severity: Severity.ERROR,
    title: 'The variable for the broker or the result backend has no URL that Celery can read',
    why: 'What is no URL is taken for the name of a RabbitMQ: `consumer: Cannot connect to amqp://guest:**@...: [Errno -2] Name or service not known.`, in a loop.',
    fix: 'Write scheme://host:port/database, and nothing around it.',
    source: 'kombu/utils/url.py at https://github.com/celery/kombu',
    rows: ['E7'],
    on: 'processes',
    check: ({ container, plain }, report) => {
      if (!plain) return;
      for (const name of URL_VARIABLES) {
        const variable = container.env.get(name);
        const text = variable?.hidden ?? variable?.value;
        if (!variable || text === undefined || variable.partial || variable.unresolved.length > 0 || /[${}<>]/.test(text)) continue;
        const wrong = notUrl(text);
        if (!wrong) continue;
        report({
          at: container.place(variable.path), value: written(variable), note: wrong.note,
          allowed: variable.hidden === undefined ? wrong.allowed : 'scheme://host:port/database',
          ...unless(wrong.completed !== true, 'the application puts the scheme in front of it'),
        });
      }
    },
  },
  {
    id: 'env/other-port-of-rabbitmq',
    severity: Severity.ERROR,
    title: 'The URL of the broker has a port on which RabbitMQ does not speak AMQP',
    why: 'The server closes the connection: `OSError: Server unexpectedly closed connection`, or `Socket closed`, in a loop.',
    fix: 'Write port 5672, or 5671 with amqps://.',
    source: 'https://www.rabbitmq.com/docs/networking#ports',
    rows: ['N74'],
    on: 'brokerClients',
    check: ({ container, urls }, report, world) => {
      for (const use of urls) {
        const what = isAmqp(use.url) ? OTHER_PORTS.get(use.url.port ?? '') : undefined;
        if (what === undefined) continue;
        const service = world.service(use.url.host, container.workload.resource.namespace);
        const target = asList(get(service?.json, 'spec', 'ports')).filter((entry) => String(get(entry, 'port')) === use.url.port)
          .map((entry) => asScalar(get(entry, 'targetPort')) ?? '');
        // That a Service lacks the port is another finding; and it may have that number for AMQP.
        if ((service && target.length === 0) || target.some((port) => port === String(AMQP_PORT) || /amqp/.test(port))) continue;
        report({
          at: use.at, value: shownUrl(use), allowed: `port ${AMQP_PORT}`, note: `${use.url.port} is for ${what}`,
          // What forwards from elsewhere may have any number.
          ...unless(service !== undefined || !/^(4369|25672)$/.test(use.url.port ?? ''), 'it is forwarded to the port of AMQP'),
        });
      }
    },
  },
  {
    id: 'env/server-without-tls',
    severity: Severity.ERROR,
    title: 'The URL is one of TLS, and the server of the input has no TLS',
    why: 'The handshake fails: `SSL: WRONG_VERSION_NUMBER` or `Connection closed by server.`, in a loop.',
    fix: 'Write redis:// or amqp://; or give the server a certificate and a port for TLS.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/security/encryption/',
    rows: ['N12'],
    on: 'processes',
    check: (process, report, world) => {
      const { urls, link } = process;
      for (const use of link && !urls.includes(link) ? [...urls, link] : urls) {
        if (lacksTls(use, world)) report({ at: use.at, value: shownUrl(use), allowed: use.url.scheme === 'rediss' ? 'redis://' : 'amqp://' });
      }
    },
  },
];
