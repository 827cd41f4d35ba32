import { LAUNCH_PREFIX } from '../../celery/agent-names';
import { MANAGED_SERVERS } from '../../celery/hosts';
import { isPython } from '../../celery/image';
import { AMQP_PORT, AMQPS_PORT, REDIS_PORT, SENTINEL_PORT } from '../../celery/ports';
import { brokerAsBackend, databaseAsBackend, otherBackend } from '../../celery/result-backends';
import { OF_OTHERS, takesAnyKey, TRANSPORT_NAMES, transportOf } from '../../celery/transports';
import { BrokerUrl, decoded, isAmqp, isRedis, isSentinel, parseUrl, redisDatabase } from '../../celery/url';
import { meets } from '../../celery/versions';
import { redisFor } from '../../manifests/brokers';
import { codeFiles, seesSettings } from '../../manifests/code';
import { isFilled } from '../../manifests/filled';
import { SettingName } from '../../manifests/code-settings';
import { installedVersion } from '../../manifests/installs';
import { kindIn } from '../../manifests/in-namespace';
import { asList, asMap, asText, get } from '../../manifests/json';
import { isOf } from '../../manifests/kustomizations';
import { knownPassword } from '../../manifests/passwords';
import { Place } from '../../manifests/place';
import { Container } from '../../manifests/pod/container';
import { Mount } from '../../manifests/pod/volumes';
import { Process } from '../../manifests/process';
import { withoutComments } from '../../manifests/python-text';
import { isOfKubernetes, Resource } from '../../manifests/resource';
import { portOfPods, Sentinel, sentinelsFor } from '../../manifests/sentinels';
import { lacksPort } from '../../manifests/service-ports';
import { lacksTls } from '../../manifests/tls';
import { isListOfUrls, shownUrl, UrlUse } from '../../manifests/uses';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { nearest } from '../../nearest';
import { listed } from '../printable';
import { Report, Rule, unless } from '../rule';
import { Severity } from '../severity';

/** What people write for a scheme, and what kombu calls it. */
const WRONG_SCHEMES = new Map([
  ['valkey', 'redis'], ['valkeys', 'rediss'], ['keydb', 'redis'], ['dragonfly', 'redis'], ['tcp', 'redis'], ['rabbitmq', 'amqp'], ['rabbit', 'amqp'],
]);

/** Transports with another scheme in them: kombu splits at the plus sign, which only URLs of databases and sockets may have. */
const SCHEME_IN_TRANSPORT = /^(rediss?|amqps?|pyamqp)\+(.+)$/;

const RESERVED = /[#/?[\]]/;

const URL_OF_BROKER = /(^|_)BROKER_URL$/;

/** A rediss:// URL without ssl_cert_reqs, where no setting has it; of one from a Secret the variable is shown. */
function unverified(process: Process, setting: SettingName, use: UrlUse | undefined, names: readonly string[], world: World): Report | undefined {
  // Redis passes over True.
  if (process.sets(setting) && !/^true$/i.test(process.setting(setting)?.value ?? '')) return undefined;
  // That the server has no TLS at all is said elsewhere.
  if (use && lacksTls(use, world)) return undefined;
  const lacks = (url: BrokerUrl | undefined): boolean => url?.scheme === 'rediss' && !url.query.has('ssl_cert_reqs');
  if (use) return lacks(use.url) ? { at: use.at, value: use.text } : undefined;
  const name = names.find((one) => lacks(parseUrl(process.container.env.get(one)?.hidden ?? '')));
  return name === undefined ? undefined : { at: process.place(process.container.env.get(name)!.path), value: name };
}

/** What op, vals and others replace by a secret before Celery reads it: `op://vault/item/field`, `ref+vault://...`. */
const REFERS_TO_SECRET = /^(op|(secret)?ref(\+.*)?|vault|berglas|sm|gsm|awssm|aws-?secrets?(manager)?|azurekeyvault)$/;

/** Parameters of a URL that name a file. */
const FILES_OF_TLS = ['ssl_ca_certs', 'ssl_certfile', 'ssl_keyfile', 'cacertfile', 'certfile', 'keyfile', 'ca_certs'];

/** The same in the value of a setting. */
const TLS_FILE_IN_SETTING = new RegExp(`(["'])(${FILES_OF_TLS.join('|')})\\1\\s*:\\s*(["'])(/[^"'\\n]*)\\3`, 'g');

/** Where images have the certificates of the usual authorities. */
const OF_IMAGES = /^\/etc\/(ssl|pki|ca-certificates)\/|^\/usr\/(share|local\/share|lib)\/|site-packages|dist-packages/;

/** What the cluster and its injectors bring into pods. */
const OF_CLUSTER = /^(\/var)?\/run\/secrets\/|^\/vault\//;

/** The objects of operators and of tools, which may write Secrets and ConfigMaps. */
const writers = lazy((world: World) => world.resources.filter((resource) => !isOfKubernetes(resource))
  .map((resource) => ({ resource, text: JSON.stringify(resource.json) })));

/** The password is one that the cluster operator of RabbitMQ makes for its user: it has letters, digits, - and _ only. */
function isByOperator(name: string, { env, workload: { resource } }: Container, world: World): boolean {
  const secret = asText(get(resource.json, ...env.get(name)?.path ?? [], 'valueFrom', 'secretKeyRef', 'name'));
  return kindIn('RabbitmqCluster', resource.namespace, world).some((cluster) => secret === `${cluster.name}-default-user`);
}

/** Whether something else than a pod may write keys into it: a Certificate, an ExternalSecret, a Bundle, a kustomization. */
function hasOtherWriter({ kind, name, namespace }: Resource, world: World): boolean {
  const named = JSON.stringify(name);
  return writers(world).some(({ resource, text }) => resource.kind !== kind && isOf(resource, namespace) && text.includes(named))
    || world.kind(kind).filter((other) => other.name === name && isOf(other, namespace)).length > 1;
}

/** A file of TLS that a URL or a setting names. */
interface NamedFile {
  readonly at: Place;
  readonly name: string;
  readonly path: string;
  /** The text that names it, where it is code. */
  readonly within?: string;
  readonly unless?: string;
}

/** Those of `broker_use_ssl` and `redis_backend_use_ssl`. */
function filesOfSettings(process: Process): NamedFile[] {
  const ofRedis = process.backend === undefined || isRedis(process.backend.url);
  return (['broker_use_ssl', ...ofRedis ? ['redis_backend_use_ssl' as const] : []] as const).flatMap((name) => {
    const setting = process.setting(name);
    if (!setting || setting.variable !== undefined) return [];
    const code = codeFiles(process.container).find(({ place }) => place.resource === setting.at.resource && place.path === setting.at.path)?.text;
    const certain = code === undefined || !underCondition(code, setting.value);
    return [...setting.value.matchAll(TLS_FILE_IN_SETTING)].map(([, , key, , path]) =>
      ({ at: setting.at, name: key, path, within: setting.value, ...unless(certain, 'the condition around it does not hold') }));
  });
}

/** What sets it is in a block of code that may not run. */
function underCondition(code: string, value: string): boolean {
  const text = withoutComments(code);
  return /^(if|elif|else|try|except|def|class|with|for|while)\b/.test(text.slice(0, text.indexOf(value)).split(/\n(?=[^\s)\]}])/).at(-1)!);
}

/** Code or a script of the container speaks of the folder, or of the file in it; not only the settings that name it. */
function makesFile(process: Process, path: string): boolean {
  const { container } = process;
  const settings = filesOfSettings(process).flatMap(({ within }) => within ?? []);
  const others = (text: string): string => {
    const code = withoutComments(text);
    return settings.some((one) => code.includes(one)) ? settings.reduce((rest, one) => rest.replace(one, ''), code) : text;
  };
  const [folder, file] = [path.slice(0, path.lastIndexOf('/')), path.slice(path.lastIndexOf('/') + 1)];
  const files = container.mounts.flatMap(({ volume }) => [...container.volumeFiles(volume)?.values() ?? []]);
  const texts = [...container.words.map(({ text }) => text), ...files.map(others), JSON.stringify(container.json.lifecycle ?? '')];
  // The URL itself names the file, and makes none.
  return texts.map((text) => text.replaceAll(/\b[a-z][a-z0-9+]*:\/\/[^\s'"]+/g, '')).some((text) => (folder !== '' && text.includes(folder)) || text.includes(file));
}

/** The files that a mount of a Secret or a ConfigMap brings, and what brings them; undefined where they are out of sight. */
function filesOf(
  { volume: { kind, source }, subPath, mountPath }: Mount, { workload: { resource: { namespace } } }: Container, world: World,
): { readonly paths: readonly string[]; readonly of: string } | undefined {
  if (subPath !== undefined || (kind !== 'secret' && kind !== 'configMap')) return undefined;
  const [found, of] = kind === 'secret' ? ['Secret', asText(source.secretName) ?? ''] : ['ConfigMap', asText(source.name) ?? ''];
  const resource = world.find(found, namespace, of);
  const keys = ['data', 'binaryData', 'stringData'].flatMap((field) => Object.keys(asMap(resource?.json[field])));
  if (!resource || keys.length === 0) return undefined;
  if (isFilled(resource) || hasOtherWriter(resource, world)) return undefined;
  const items = asList(source.items);
  const inside = items.length === 0 ? keys : items.flatMap((item) => asText(get(item, 'path')) ?? []);
  return { paths: inside.map((path) => `${mountPath.replace(/\/$/, '')}/${path}`), of: `${found} ${of}` };
}

/** Rules about what a URL says. */
export const urlValueRules: Rule[] = [
  {
    id: 'env/url-password-unescaped',
    severity: Severity.ERROR,
    title: 'The password in a URL has characters that end it',
    why: '`#`, `/` and `?` end the password: `ValueError: Port could not be cast to integer value as \'pa\'`; `[` gives '
      + '`ValueError: Invalid IPv6 URL`.',
    fix: 'Percent-encode the password in the URL: # is %23, / is %2F, ? is %3F.',
    source: 'https://github.com/celery/celery/issues/7864',
    rows: ['E6'],
    on: 'processes',
    check: (process, report) => {
      for (const use of process.allUrls) {
        if (takesAnyKey(use.url.scheme)) continue;
        const match = /^[a-z0-9+.-]+:\/\/([^:@/]*):(.*)@[^@]*$/i.exec(use.text.split(';')[0]);
        const literal = match?.[2].replace(/\$[({][^)}]*[)}]/g, '') ?? '';
        // `http://host:1/x@y` has no password: what looks like one must come before the host.
        if (match && RESERVED.test(literal) && !/^\d+\//.test(literal)) report({ at: use.at, value: use.source, allowed: '[A-Za-z0-9._~-] and %XX' });
      }
      // Of a Secret only the key of SQS is looked at: its URL has no host, so that what is after the colon is the key.
      for (const { name, hidden = '', path } of process.container.env.all()) {
        const [, key] = URL_OF_BROKER.test(name) ? /^sqs:\/\/[^:@/]+:([^@]*)@$/.exec(hidden) ?? [] : [];
        if (key !== undefined && RESERVED.test(key)) report({ at: process.container.place(path), value: name, allowed: '[A-Za-z0-9._~-] and %XX' });
      }
    },
  },
  {
    id: 'env/url-assembled-from-secret',
    severity: Severity.WARNING,
    title: 'A URL is assembled around a password from a Secret, which nothing escapes',
    why: 'It breaks on the first password with `#`, `/`, `?` or `[`: `ValueError: Port could not be cast to integer value as \'pa\'`; Kubernetes '
      + 'cannot percent-encode.',
    fix: 'Store the whole URL in the Secret; or keep such passwords to [A-Za-z0-9._~-]. Of our constructs, Broker.fromRedis and Broker.fromRabbitMq take any password.',
    source: 'https://github.com/celery/celery/issues/7864',
    rows: ['E6'],
    on: 'processes',
    check: (process, report, world) => {
      for (const use of process.allUrls) {
        const name = /^\$\(([^)]*)\)$/.exec(use.url.password ?? '')?.[1];
        // The launcher escapes.
        if (takesAnyKey(use.url.scheme) || process.container.env.get(`${LAUNCH_PREFIX}${use.source}`)) continue;
        // What is not defined before it is another fault.
        if (name === undefined || process.container.env.get(use.source)?.unresolved.includes(name)) continue;
        // A password that needs no escape is in sight.
        if (/^[\w.~-]+$/.test(knownPassword(use.url.password, process.container.env) ?? '')) continue;
        if (isByOperator(name, process.container, world)) continue;
        if (process.container.env.get(name)?.source === 'secret') report({ at: use.at, value: `${use.source}=${use.text}` });
      }
    },
  },
  {
    id: 'env/redis-database',
    severity: Severity.ERROR,
    title: 'The URL names a Redis database that does not exist',
    why: 'Nothing connects: `ValueError: Database is int between 0 and limit - 1, not notanumber`, or `DB index is out of range`.',
    fix: 'Use a number from 0 to 15, or raise `databases` of the server.',
    source: 'Reproduced with Celery 5.6.3 and Redis 7',
    rows: ['E7'],
    on: 'processes',
    check: (process, report, world) => {
      for (const use of process.urls) {
        if (!isRedis(use.url) || use.url.scheme === 'redis+socket' || isListOfUrls(use.text)) continue;
        const written = use.url.database ?? '';
        const database = redisDatabase(use.url);
        if (written !== '' && database === undefined && !/[${]/.test(written)) {
          report({ at: use.at, value: use.text, allowed: 'a number after the last slash' });
        }
        for (const server of database === undefined ? [] : redisFor(use, world)) {
          const limit = Number(server.directive('databases')?.values[0] ?? 16);
          if (!server.opaque && database! >= limit) report({ at: use.at, value: use.text, allowed: `0 to ${limit - 1}` });
        }
      }
    },
  },
  {
    id: 'env/url-white-space',
    severity: Severity.ERROR,
    title: 'There is white space before the URL',
    why: 'The URL is read as the name of a host and a path: `ValueError: Database is int between 0 and limit - 1, not redis:6379/0`, at localhost. A '
      + 'block of YAML or a template often leaves a line break there.',
    fix: 'Remove the space or line break before the scheme.',
    source: 'Reproduced with kombu 5.7.0',
    rows: ['E7'],
    on: 'processes',
    check: (process, report) => {
      for (const use of process.urls) {
        if (/^\s/.test(use.text)) report({ at: use.at, value: JSON.stringify(use.text), allowed: use.text.trim() });
      }
    },
  },
  {
    id: 'env/host-is-a-port',
    severity: Severity.ERROR,
    title: 'The URL has a number in place of a host',
    why: 'A host of digits only is read as an address of IPv4 (6379 is 0.0.24.235): `Error 22 connecting to 6379:6379. Invalid argument.`, in a loop.',
    fix: 'Write the host in front of the port: redis://redis:6379/0.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#configuration',
    rows: ['E7'],
    on: 'brokerClients',
    check: ({ urls }, report) => {
      for (const use of urls) {
        if (!/^\d+$/.test(use.url.host)) continue;
        const { scheme, host } = use.url;
        report({ at: use.at, value: use.text === '' ? use.source : use.text, ...use.text === '' ? {} : { allowed: `${scheme}://HOST:${host}` } });
      }
    },
  },
  {
    id: 'env/no-such-transport',
    severity: Severity.ERROR,
    title: 'Celery has no transport with this name',
    why: 'The process exits at startup: `KeyError: \'No such transport: valkey\'`. With redis+tls:// it connects to localhost, and with amqp+ssl:// to a host that '
      + 'does not exist: `[Errno -2] Name or service not known`.',
    fix: 'Write redis:// for Valkey, KeyDB and Dragonfly, amqp:// for RabbitMQ; with TLS rediss:// and amqps://.',
    source: 'kombu/transport/__init__.py and kombu/connection.py at https://github.com/celery/kombu; reproduced with kombu 5.7.0',
    rows: ['E7'],
    on: 'processes',
    check: (process, report) => {
      const { link } = process;
      const written = link && SCHEME_IN_TRANSPORT.exec(link.url.scheme);
      if (link && written && link.url.scheme !== 'redis+socket') {
        const [, transport, rest] = written;
        const meant = /sentinel/.test(rest) ? 'sentinel' : /^redis/.test(transport) ? 'rediss' : 'amqps';
        report({ at: link.at, value: shownUrl(link), allowed: `${meant}://`, note: `kombu takes ${transport} for the transport, and ${rest}:// for a part of the host` });
        return;
      }
      if (!link || REFERS_TO_SECRET.test(link.url.scheme) || [...TRANSPORT_NAMES, ...OF_OTHERS].includes(transportOf(`${link.url.scheme}://`) ?? '') || /[${}<>]/.test(link.url.scheme)) return;
      const scheme = WRONG_SCHEMES.get(link.url.scheme) ?? nearest(link.url.scheme, ['redis', 'rediss', 'amqp', 'amqps', 'sentinel', 'sqs']);
      // A package may bring a transport of its own.
      const known = scheme !== undefined || /^(https?|postgres(ql)?|mysql|ftp|unix)$/.test(link.url.scheme);
      report({
        at: link.at, value: shownUrl(link), allowed: scheme === undefined ? 'redis://, amqp:// or another transport of kombu' : `${scheme}://`,
        ...unless(known, 'a package of the image adds it to kombu, or its entrypoint replaces what refers to a secret'),
      });
    },
  },
  {
    id: 'env/no-such-backend',
    severity: Severity.ERROR,
    title: 'The result backend is a message broker, which cannot keep results, or none that Celery knows',
    why: 'Workers exit at startup: `celery.exceptions.ImproperlyConfigured: Unknown result backend: \'amqp\'.  Did you spell that correctly?`, '
      + '`ModuleNotFoundError: No module named \'sqs\'`, or `NoSuchModuleError: Can\'t load plugin: sqlalchemy.dialects:postgres`.',
    fix: 'Set the result backend to a store of results, or remove it where nobody reads results.',
    source: 'celery/app/backends.py at https://github.com/celery/celery; reproduced with Celery 5.7.0, also for sqs, memory, filesystem and etcd',
    rows: ['E7'],
    on: 'processes',
    check: (process, report) => {
      // Flower reads no results.
      if (process.role === 'flower') return;
      const { backend } = process;
      const variable = process.container.env.get('CELERY_RESULT_BACKEND');
      const found = backend ?? (variable?.value === undefined ? undefined : { text: variable.value, at: process.place(variable.path) });
      const broker = found && brokerAsBackend(found.text);
      const database = found && databaseAsBackend(found.text);
      if (database !== undefined) report({ at: found!.at, value: found!.text, allowed: `db+${database}://` });
      if (/^(db|database)\+postgres(\+\w+)?:\/\//.test(found?.text.trim() ?? '')) {
        report({ at: found!.at, value: found!.text, allowed: 'db+postgresql://', note: 'there is no dialect postgres', unless: 'the image has SQLAlchemy before 1.4' });
      }
      if (broker === undefined) return;
      // Celery 4 kept results in queues of RabbitMQ, and took the application after the subcommand.
      const older = broker === 'amqp' && process.plain && process.command.options.has('--app') && !process.command.global.has('--app');
      report({ at: found!.at, value: found!.text, allowed: otherBackend(broker), ...unless(!older, 'the image still has Celery 4') });
    },
  },
  {
    id: 'env/rediss-backend-without-cert-reqs',
    severity: Severity.WARNING,
    title: 'A rediss:// result backend has no ssl_cert_reqs',
    why: '`ValueError: A rediss:// URL must have parameter ssl_cert_reqs and this must be set to CERT_REQUIRED, CERT_OPTIONAL, or CERT_NONE`, unless '
      + 'the application sets redis_backend_use_ssl.',
    fix: 'Append ?ssl_cert_reqs=CERT_REQUIRED.',
    source: 'https://github.com/celery/celery/issues/8113',
    rows: ['E8'],
    on: 'processes',
    check: (process, report, world) => {
      const found = unverified(process, 'redis_backend_use_ssl', process.backend, ['RESULT_BACKEND', 'CELERY_RESULT_BACKEND'], world);
      if (found) report(found);
    },
  },
  {
    id: 'env/ssl-options-on-redis',
    severity: Severity.ERROR,
    title: 'The URL has TLS options but the scheme redis://',
    why: 'Workers exit at startup: `SSL connection parameters have been provided but the specified URL scheme is redis://`.',
    fix: 'Write rediss://.',
    source: 'https://github.com/celery/celery/issues/5371',
    rows: ['E8'],
    on: 'processes',
    check: (process, report) => {
      const { backend } = process;
      if (backend?.url.scheme === 'redis' && [...backend.url.query.keys()].some((name) => name.startsWith('ssl_'))) {
        report({ at: backend.at, value: backend.text, allowed: 'rediss://' });
      }
    },
  },
  {
    id: 'env/rediss-unverified',
    severity: Severity.WARNING,
    title: 'A rediss:// broker without ssl_cert_reqs accepts any certificate',
    why: 'kombu uses CERT_NONE and says nothing: the connection is encrypted to whoever answers.',
    fix: 'Append ?ssl_cert_reqs=CERT_REQUIRED.',
    source: 'Reproduced with kombu 5.6.2',
    rows: ['E9'],
    on: 'processes',
    check: (process, report, world) => {
      const found = unverified(process, 'broker_use_ssl', process.broker, ['BROKER_URL', 'CELERY_BROKER_URL'], world);
      if (found) report(found);
    },
  },
  {
    id: 'env/no-such-certificate-file',
    severity: Severity.ERROR,
    title: 'A URL or a setting names a file of a certificate that the container does not have',
    why: 'The first connection ends with `FileNotFoundError: [Errno 2] No such file or directory`, and the process with it, or it tries again forever.',
    fix: 'Name the file as the Secret has it: the key below the path of the mount.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#configuration',
    rows: ['E8'],
    on: 'processes',
    check: (process, report, world) => {
      const { container, workload, allUrls } = process;
      const ofUrls = allUrls.flatMap(({ at, url: { query } }) => FILES_OF_TLS.flatMap((name): NamedFile[] => {
        const path = decoded(query.get(name) ?? '');
        return path ? [{ at, name, path }] : [];
      }));
      for (const { at, name, path: written, unless: condition } of [...ofUrls, ...filesOfSettings(process)]) {
        const path = container.absolute(written);
        // The kubelet keeps the files in ..data, too.
        if (path === undefined || /[$%{<]|\/\.\.data\//.test(path) || OF_IMAGES.test(path) || OF_CLUSTER.test(path)) continue;
        const mount = container.mountOf(path);
        const files = mount && filesOf(mount, container, world);
        const found = { at, value: `${name}=${path}`, ...condition === undefined ? {} : { unless: condition } };
        if (files && !files.paths.includes(path)) {
          report({ ...found, allowed: files.paths.join(', '), note: `${files.of} has no such key` });
        } else if (!mount && isPython(container.image) && !makesFile(process, path) && !isFilled(workload)) {
          // A shell may fetch it: git clone, curl, aws s3 sync.
          const plain = container.invocations.length <= 1;
          report({ ...found, note: `${container.image.text} has no such file, and no volume brings it`, ...unless(plain, 'the command fetches it') });
        }
      }
    },
  },
  {
    id: 'env/tls-host-unverified',
    severity: Severity.WARNING,
    title: 'A TLS connection does not verify the host name in the certificate of the server',
    why: 'Whoever has a certificate of a trusted CA can answer, also one for another host. py-amqp checks the name only where broker_use_ssl has '
      + 'server_hostname, and redis-py before 6 only where ssl_check_hostname is true.',
    fix: 'For amqps:// set broker_use_ssl = {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": HOST}, for rediss:// append &ssl_check_hostname=true; '
      + 'of our constructs, Broker.fromRabbitMq({ host, tls }) and Broker.fromRedis({ host, tls }) do so.',
    source: 'amqp/transport.py at https://github.com/celery/py-amqp; SSLConnection in redis/connection.py at https://github.com/redis/redis-py',
    rows: ['E9'],
    on: 'processes',
    check: (process, report) => {
      const { broker, backend, container } = process;
      const redis = installedVersion(process.workload, 'redis');
      for (const use of backend?.text === broker?.text ? [broker] : [broker, backend]) {
        const reqs = use?.url.scheme === 'rediss' && redis !== undefined && meets(redis, '<6') ? use.url.query.get('ssl_cert_reqs') : undefined;
        if (reqs !== undefined && /required$/i.test(reqs) && !use!.url.query.has('ssl_check_hostname')) report({ at: use!.at, value: use!.text, note: `redis-py is ${redis}` });
      }
      if (broker?.url.scheme !== 'amqps') return;
      // What an image has is out of sight, and so is what only a run tells.
      const options = process.sets('broker_use_ssl') ? process.setting('broker_use_ssl')?.value : seesSettings(container) ? '' : undefined;
      if (options !== undefined && !options.includes('server_hostname')) report({ at: broker.at, value: broker.text });
    },
  },
  {
    id: 'env/sentinel-without-master',
    severity: Severity.ERROR,
    title: 'A sentinel:// URL has no master_name',
    why: 'The process exits at startup: `ValueError: \'master_name\' transport option must be specified.`.',
    fix: 'Set broker_transport_options = {\'master_name\': \'mymaster\'}, and result_backend_transport_options for a result backend; '
      + 'Broker.fromSentinel({ sentinels, masterName }) does so.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#configuration',
    rows: ['N11'],
    on: 'processes',
    check: (process, report) => {
      for (const [use, setting] of [[process.broker, 'broker_transport_options'], [process.backend, 'result_backend_transport_options']] as const) {
        if (!use || !/^sentinel/.test(use.url.scheme)) continue;
        const options = process.setting(setting);
        const named = options !== undefined && /master_name/.test(options.value);
        // What only a run tells, and what the code of the image sets.
        if (named || (!options && process.sets(setting)) || use.url.query.has('master_name')) continue;
        const certain = options !== undefined ? options.variable === undefined : seesSettings(process.container);
        if (!certain) continue;
        report({
          at: options?.at ?? use.at, value: use.text, allowed: `${setting} with master_name`,
          ...unless(use === process.broker, 'no result is ever stored'),
        });
      }
    },
  },
  {
    id: 'env/sentinel-unknown-master',
    severity: Severity.ERROR,
    title: 'Sentinel watches no Redis of the name that master_name has',
    why: 'Workers never connect: `redis.sentinel.MasterNotFoundError: No master found for \'main\'`, in a loop.',
    fix: 'Write the name of `sentinel monitor` in sentinel.conf.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/',
    rows: ['N11'],
    on: 'processes',
    check: (process, report, world) => {
      for (const [use, setting] of [[process.broker, 'broker_transport_options'], [process.backend, 'result_backend_transport_options']] as const) {
        const options = use && isSentinel(use.url) ? process.setting(setting) : undefined;
        const name = /['"]master_name['"]\s*:\s*['"]([^'"${}<>]+)['"]/.exec(options?.value ?? '')?.[1];
        const watching = name === undefined ? [] : sentinelsFor(use!.url.host, process.workload.resource.namespace, world);
        const watched = watching.flatMap((sentinel) => sentinel.watched);
        if (watched.length === 0 || watched.some((one) => one.name === name)) continue;
        report({
          at: options!.at, value: `master_name: ${name}`, allowed: listed(watched.map((one) => one.name)),
          ...unless(options!.variable === undefined, 'the application takes another'),
        });
      }
    },
  },
  {
    id: 'env/sentinel-port',
    severity: Severity.ERROR,
    title: 'A redis:// URL has the port of Sentinel, which stores no tasks and no results, or a sentinel:// URL that of Redis',
    why: 'Sentinel has few of the commands of Redis. Workers exit at startup: `ResponseError: unknown command \'SET\', with args beginning with: '
      + '\'unacked_mutex\'`, and no task can be sent.',
    fix: 'Write sentinel:// with broker_transport_options = {\'master_name\': \'mymaster\'}, or the port of Redis, 6379.',
    source: 'Reproduced with Celery 5.7.0 and Redis 7.0.15',
    rows: ['N11'],
    on: 'processes',
    check: (process, report, world) => {
      for (const use of process.urls) {
        const { host, port } = use.url;
        const { namespace } = process.workload.resource;
        const known = sentinelsFor(host, namespace, world);
        const listens = (sentinel: Sentinel): boolean =>
          sentinel.port === portOfPods(host, Number(port), sentinel.container.workload, namespace, world);
        if (isSentinel(use.url) && port === String(REDIS_PORT)) {
          const redis = known.length === 0 && redisFor({ ...use, url: { ...use.url, scheme: 'redis' } }, world).length > 0;
          if (known.some(listens)) continue;
          report({
            at: use.at, value: use.text, allowed: `port ${SENTINEL_PORT}`, note: 'that is the port of Redis',
            ...unless(redis || known.length > 0, 'Sentinel listens there'),
          });
          continue;
        }
        if (!isRedis(use.url) || port !== String(SENTINEL_PORT) || lacksPort(use, world)) continue;
        // A Redis of the input listens there.
        if (known.length === 0 && redisFor(use, world).some(({ container }) => container.declares(SENTINEL_PORT))) continue;
        report({
          at: use.at, value: use.text, allowed: 'sentinel:// with this port, or the port 6379',
          ...unless(known.some(listens), 'a Redis, and no Sentinel, listens there'),
        });
      }
    },
  },
  {
    id: 'env/tls-port',
    severity: Severity.ERROR,
    title: 'The scheme and the port of the URL do not match: only one of them is for TLS',
    why: 'The connection hangs or ends during the handshake: `Connection closed by server.`, `SSL: WRONG_VERSION_NUMBER`.',
    fix: 'Write rediss:// or amqps:// with the port of TLS, redis:// or amqp:// with the other one.',
    source: 'https://learn.microsoft.com/azure/azure-cache-for-redis/cache-configure#access-ports',
    rows: ['N12'],
    on: 'brokerClients',
    check: ({ urls }, report, world) => {
      for (const use of urls) {
        const { scheme, port, host } = use.url;
        const secure = /^(rediss|amqps)$/.test(scheme);
        if ((!secure && !/^(redis|amqp|pyamqp)$/.test(scheme)) || lacksTls(use, world)) continue;
        const servers = scheme === 'redis' ? redisFor(use, world) : [];
        if (servers.length > 0 && servers.every((server) => server.directive('port')?.values[0] === '0' && server.directive('tls-port'))) {
          report({ at: use.at, value: shownUrl(use), note: 'the server takes nothing but TLS', allowed: 'rediss://' });
          continue;
        }
        const managed = MANAGED_SERVERS.find((one) => one.host.test(host));
        const known = managed?.ports ?? (isAmqp(use.url) ? { tls: `${AMQPS_PORT}`, plain: `${AMQP_PORT}` } : undefined);
        const wrong = managed?.only && !secure ? 'the server takes nothing but TLS' : known && secure && port === known.plain ? `port ${port} is not of TLS`
          : known && !secure && port === known.tls ? `port ${port} is of TLS` : undefined;
        if (wrong === undefined) continue;
        report({
          at: use.at, value: shownUrl(use), note: wrong, ...unless(managed !== undefined && managed.only !== 'by default', 'the server listens in another way than by default'),
          allowed: isAmqp(use.url) ? 'amqps:// with 5671, amqp:// with 5672' : known ? `rediss:// with ${known.tls}, redis:// with ${known.plain}` : 'rediss://',
        });
      }
    },
  },
  {
    id: 'env/queue-in-memory',
    severity: Severity.ERROR,
    title: 'The message broker is the memory of the process',
    why: 'memory:// is a queue inside each process, for tests: what a web application or Beat sends never arrives at a worker, and nothing says so.',
    fix: 'Use a broker, such as redis:// or amqp://.',
    source: 'https://docs.celeryq.dev/projects/kombu/en/stable/reference/kombu.transport.memory.html',
    rows: ['E7'],
    on: 'workers',
    check: ({ container, broker, workload, links }, report) => {
      const variable = container.env.get('CELERY_BROKER_URL');
      if (!workload.longRunning || (broker !== undefined && broker.url.scheme !== 'memory') || !/^memory:\/\//.test(variable?.value ?? '')) return;
      // What a worker reads from is that one, where it is given.
      if (container.env.lookup('CELERY_BROKER_READ_URL').state !== 'unset') return;
      const hidden = !container.ownsEntrypoint || links.some((link) => link.kind === 'wrapper' && link.name === 'unknown');
      report({ at: container.place(variable!.path), value: 'CELERY_BROKER_URL=memory://', ...unless(!hidden, 'the program in front of it sets another') });
    },
  },
];
