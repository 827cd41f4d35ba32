import { isFilledIn } from '../../celery/filled-in';
import { FLOWER_TASKS, flowerMemory } from '../../celery/flower-memory';
import { misspelt, misspeltVariable, withoutValue } from '../../celery/flower-options';
import { DECLARED_VOLUME, declaresVolume, isFlower } from '../../celery/image';
import { AMQP_PORT, AMQPS_PORT, MANAGEMENT_PORT } from '../../celery/ports';
import { mebibytes } from '../../celery/quantity';
import { hasRemoteControl, transportOf } from '../../celery/transports';
import { isAmqp, isRedis, parseUrl, redisDatabase, virtualHost } from '../../celery/url';
import { meets } from '../../celery/versions';
import { seenByFlower } from '../../manifests/applications';
import { claimFile, sharedFiles } from '../../manifests/claim-files';
import { asksForLogin, brokerApi, databasePath, elsewhere, isOn, option, portOf, urlPrefix } from '../../manifests/flower-options';
import { workersIn } from '../../manifests/in-namespace';
import { installedVersion } from '../../manifests/installs';
import { asList, asText, get } from '../../manifests/json';
import { probePlace, probesOf } from '../../manifests/probes';
import { Process } from '../../manifests/process';
import { shownUrl, UrlUse } from '../../manifests/uses';
import { listed } from '../printable';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

const SMALLEST_MEMORY = 256 * 2 ** 20;

function version(flower: Process): string | undefined {
  const { image } = flower.container;
  return isFlower(image) && image.tag !== undefined ? image.tag : installedVersion(flower.workload, 'flower');
}

/** Flower answers these without a login. */
const OPEN_PATHS = ['/healthcheck', '/metrics'];

/** Rules about Flower itself: its options, broker, login, probes, state and memory. */
export const flowerRules: Rule[] = [
  {
    id: 'flower/broker-after-subcommand',
    severity: Severity.ERROR,
    title: 'Options of celery are given after `flower`, which ignores them',
    why: '`You have incorrectly specified the following celery arguments after flower command: [\'--broker\']`; Flower '
      + 'then tries RabbitMQ on localhost.',
    fix: 'Put them before: celery --broker=... flower; or set CELERY_BROKER_URL.',
    source: 'https://github.com/celery/celery/issues/8071',
    rows: ['L4'],
    on: 'flowers',
    check: (flower, report) => {
      const installed = version(flower);
      // Flower 0.9 with Celery 4 took them there.
      if (!flower.command.subcommand || !flower.plain || (installed !== undefined && meets(installed, '<1.0'))) return;
      for (const name of ['--broker', '--result-backend', '--app']) {
        const given = flower.command.options.get(name);
        if (!given || flower.command.global.has(name)) continue;
        // With a broker from the environment nothing is missing.
        const states = ['CELERY_BROKER_URL', 'BROKER_URL'].map((variable) => flower.variable(variable).state);
        const covered = states.some((state) => state === 'known' || state === 'set');
        if (covered && name !== '--broker') continue;
        report({
          at: flower.place(given.word.path), value: `flower ${name}`, allowed: `celery ${name} ... flower`,
          ...covered || !states.includes('maybe') ? {} : { unless: elsewhere(flower, 'CELERY_BROKER_URL', 'a broker') },
          ...name !== '--app' && !covered ? {} : { severity: Severity.WARNING },
        });
      }
    },
  },
  {
    id: 'flower/value-without-equals-sign',
    severity: Severity.ERROR,
    title: 'Flower takes the value of an option only after an equals sign',
    why: 'Flower ends at start: `tornado.options.Error: Option \'port\' requires a value`.',
    fix: 'Write the option and its value as one argument: --port=5555.',
    source: 'https://www.tornadoweb.org/en/stable/options.html; reproduced with Flower 2.0.1',
    rows: ['N90'],
    on: 'flowers',
    check: (flower, report) => {
      if (!flower.plain) return;
      for (const { name, word } of withoutValue(flower.command.options)) {
        report({ at: flower.place(word.path), value: word.text, allowed: `${name}=...` });
      }
    },
  },
  {
    id: 'flower/unknown-option',
    severity: Severity.WARNING,
    title: 'Flower has no option of this name, and takes no notice of it',
    why: 'Without a word in the log Flower runs with its default: at port 5555, without a login, without a prefix.',
    fix: 'Correct the name of the option.',
    source: 'https://flower.readthedocs.io/en/latest/config.html',
    rows: ['N90'],
    on: 'flowers',
    check: (flower, report) => {
      if (!flower.plain) return;
      for (const { word, meant } of misspelt(flower.command.options)) {
        report({ at: flower.place(word.path), value: word.text.replace(/=.*/s, ''), allowed: meant });
      }
      const { env, words } = flower.container;
      for (const { name, path, value: text } of env.all()) {
        const meant = flower.hint || text === '' ? undefined : misspeltVariable(name);
        // What the command or another variable takes is read.
        const read = words.some((word) => word.text.includes(name)) || [...env.all()].some(({ raw }) => raw?.includes(name));
        if (meant === undefined || read || env.get(meant) || flower.command.options.has(`--${meant.slice('FLOWER_'.length).toLowerCase().replaceAll('_', '-')}`)) continue;
        report({ at: flower.place(path), value: name, allowed: meant, unless: 'the application or the image reads it' });
      }
    },
  },
  {
    id: 'flower/broker-api-port',
    severity: Severity.WARNING,
    title: 'Flower asks the management API of RabbitMQ at the port of AMQP',
    why: 'The API is HTTP, at port 15672: `RabbitMQ management API call failed` in the log of Flower, and its page Broker shows no queue.',
    fix: 'Set --broker-api to http://USER:PASSWORD@HOST:15672/api/, and give the Service of RabbitMQ that port.',
    source: 'https://github.com/mher/flower/issues/830',
    rows: ['N90'],
    on: 'flowers',
    check: (flower, report, world) => {
      const api = flower.plain ? brokerApi(flower) : undefined;
      const url = parseUrl(api?.text ?? '');
      if (!api || !url) return;
      const port = Number(url.port);
      const service = world.service(url.host, flower.workload.resource.namespace);
      const leads = asList(get(service?.json, 'spec', 'ports')).find((one) => get(one, 'port') === port);
      // A Service may have the management at any port.
      const other = leads !== undefined && ![undefined, port, 'amqp', 'amqps'].includes(get(leads, 'targetPort') as string | number | undefined);
      const byPort = [AMQP_PORT, AMQPS_PORT].includes(port) && !other;
      if (!byPort && !isAmqp(url)) return;
      report({ at: flower.place(api.path), value: `${url.scheme}://${url.host}${url.port === undefined ? '' : `:${url.port}`}`, allowed: `http://${url.host}:${MANAGEMENT_PORT}/api/` });
    },
  },
  {
    id: 'flower/other-database',
    severity: Severity.WARNING,
    title: 'Flower looks at another database or virtual host than all workers next to it',
    why: 'It shows no worker and no task: events and answers of workers go through the broker that these have.',
    fix: 'Give Flower the broker URL of the workers.',
    source: 'https://flower.readthedocs.io/en/latest/config.html#broker',
    rows: ['L5'],
    on: 'flowers',
    check: (flower, report, world) => {
      const own = flower.broker;
      const { namespace } = flower.workload.resource;
      const links = workersIn(namespace, world).map(({ link }) => link);
      if (!own || own.partial || links.length === 0) return;
      const database = ({ url }: UrlUse): string => isRedis(url) ? String(redisDatabase(url) ?? '?') : virtualHost(url) ?? '?';
      // Another host is another broker, and a database out of sight may be the same.
      if (links.some((link) => !link || link.url.host !== own.url.host || ['?', database(own)].includes(database(link)))) return;
      report({
        at: own.at, value: shownUrl(own), allowed: [...new Set(links.map((link) => `database ${database(link!)}`))].join(', '),
        unless: 'workers of that one are not among these manifests',
      });
    },
  },
  {
    id: 'flower/empty-login',
    severity: Severity.ERROR,
    title: 'The login of Flower is empty or has no colon, so nobody can log in',
    why: 'An empty FLOWER_BASIC_AUTH switches basic authentication on, with no user; and what has no colon is compared with `user:password`: everybody gets 401.',
    fix: 'Give `user:password`, or remove the variable.',
    source: 'Reproduced with Flower 2.0.1',
    rows: ['L5'],
    on: 'flowers',
    check: (flower, report) => {
      const found = option(flower, 'basic-auth');
      const secret = flower.container.env.get('FLOWER_BASIC_AUTH')?.hidden;
      // An option without `=` has no value: that is said elsewhere.
      const isNone = (login: string): boolean => login.trim() === '' || (!login.includes(':') && login !== 'true' && !isFilledIn(login));
      const empty = found.state === 'known' ? isNone(found.value) : found.state === 'set' && !found.flag && secret !== undefined && isNone(secret);
      if (empty && found.state !== 'maybe' && found.state !== 'unset') report({ at: flower.place(found.path), value: 'FLOWER_BASIC_AUTH', allowed: 'user:password' });
    },
  },
  {
    id: 'flower/comma-in-credentials',
    severity: Severity.ERROR,
    title: 'A comma in the password of Flower splits it into two logins',
    why: 'The option is a list: `user:a,b` is user:a and a second login `b`; nobody can log in with the whole password.',
    fix: 'Use a password without a comma.',
    source: 'flower/command.py at https://github.com/mher/flower',
    rows: ['L5'],
    on: 'flowers',
    check: (flower, report) => {
      const found = option(flower, 'basic-auth');
      if (found.state === 'known' && found.value.includes(',') && found.value.split(',').some((part) => !part.includes(':'))) {
        report({ at: flower.place(found.path), value: 'FLOWER_BASIC_AUTH', allowed: 'user:password[,user:password]' });
      }
    },
  },
  {
    id: 'flower/read-only-unsupported',
    severity: Severity.WARNING,
    title: 'Flower before 2.1.0 has no read-only mode',
    why: 'FLOWER_READ_ONLY is not known to it: the buttons that stop workers stay where they are.',
    fix: 'Use flower>=2.1.0.',
    source: 'https://flower.readthedocs.io/en/latest/config.html',
    rows: ['L7'],
    on: 'flowers',
    check: (flower, report) => {
      const installed = version(flower);
      const found = option(flower, 'read-only');
      if (isOn(flower, 'read-only') && found.state === 'known' && installed !== undefined && meets(installed, '<2.1.0')) {
        report({ at: flower.place(found.path), value: `Flower ${installed}`, allowed: '2.1.0 or later' });
      }
    },
  },
  {
    id: 'flower/events-off',
    severity: Severity.INFO,
    title: 'Flower is deployed, but this worker sends no task events until Flower enables them',
    why: 'Flower asks by remote control, every 5 s: what runs before that is missing, and with --enable-events=false or without remote control '
      + 'the list of tasks stays empty: `task events: OFF (enable -E to monitor tasks in this worker)`.',
    fix: 'Add -E to the worker.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/monitoring.html',
    rows: ['L8'],
    on: 'workers',
    check: (worker, report, world) => {
      if (seenByFlower(world).has(worker) && worker.lacks('--task-events')
        && !worker.sets('worker_send_task_events')) report({ at: worker.commandPlace, unless: 'the application sets worker_send_task_events' });
    },
  },
  {
    id: 'flower/probe-path',
    severity: Severity.ERROR,
    title: 'The probe requests a path that Flower answers with 401 or 404',
    why: 'The container is restarted or never ready: `HTTP probe failed with statuscode: 401` once there is a login (and for /api since Flower 2), '
      + '404 for any path without the url prefix.',
    fix: 'Probe <prefix>/healthcheck: it needs no login and does not ask the broker.',
    source: 'https://github.com/mher/flower/issues/945',
    rows: ['P16'],
    on: 'flowers',
    check: (flower, report) => {
      const port = portOf(flower);
      const before = urlPrefix(flower);
      for (const probe of probesOf(flower.container)) {
        const target = probe.http;
        if (!target || (typeof target.port === 'number' && target.port !== port)) continue;
        const at = probePlace(probe, 'httpGet', 'path');
        const path = target.path.split('?')[0];
        const allowed = `${before}/healthcheck`;
        if (before !== '' && path !== before && !path.startsWith(`${before}/`)) {
          report({ at, value: target.path, allowed, note: `the url prefix is ${before}: 404` });
          continue;
        }
        const inside = path.slice(before.length) || '/';
        if (OPEN_PATHS.includes(inside)) continue;
        const headers = asList(get(probe.json, 'httpGet', 'httpHeaders')).some((header) => /^authorization$/i.test(asText(get(header, 'name')) ?? ''));
        if (asksForLogin(flower) === 'yes' && !headers) {
          // OAuth sends to a login page, which is no failure to a probe.
          const basic = option(flower, 'basic-auth').state;
          if (basic === 'known' || basic === 'set') report({ at, value: target.path, allowed, note: 'there is a login: 401' });
        } else if (inside.startsWith('/api/') && asksForLogin(flower) === 'no' && flower.variable('FLOWER_UNAUTHENTICATED_API').state === 'unset') {
          const installed = version(flower);
          if (installed !== undefined && meets(installed, '<2.0')) continue;
          report({ at, value: target.path, allowed, note: '401 since Flower 2', ...unless(installed !== undefined, 'the image has Flower 1') });
        }
      }
    },
  },
  {
    id: 'flower/database-not-writable',
    severity: Severity.ERROR,
    title: 'The state file of Flower is not writable',
    why: 'It ends when it saves: `OSError: [Errno 30] Read-only file system: b\'flower.dat\'`.',
    fix: 'Set --db to a path on a writable volume, or leave --persistent out.',
    source: 'Reproduced with Flower 2.0.1',
    rows: ['F7'],
    on: 'flowers',
    check: (flower, report) => {
      if (!isOn(flower, 'persistent')) return;
      const database = option(flower, 'db');
      if (database.state === 'set' || database.state === 'maybe') return;
      const written = database.state === 'known' ? database.value : 'flower';
      const path = flower.container.absolute(written);
      const nowhere = path === undefined ? flower.container.readOnlyRoot && flower.container.mounts.length === 0
        : flower.container.writable(path) === 'no';
      if (nowhere) {
        // Where the working directory is that of the image, so is the volume.
        const declared = flower.container.mountOf(path ?? '/data') === undefined && declaresVolume(flower.container.image, path ?? '/data');
        report({
          at: database.state === 'known' ? flower.place(database.path) : flower.commandPlace, value: written, allowed: 'a path on a writable volume',
          ...unless(!declared, DECLARED_VOLUME),
        });
      }
    },
  },
  {
    id: 'flower/broker-without-events',
    severity: Severity.ERROR,
    title: 'The broker of Flower does not support events and remote control',
    why: 'Flower shows neither workers nor tasks, and what it asks for is never answered.',
    fix: 'Leave Flower out, and look at the queues in the console of the broker; or use Redis or RabbitMQ.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/index.html#broker-overview',
    rows: ['L9'],
    on: 'flowers',
    check: ({ broker }, report) => {
      const transport = broker && transportOf(broker.text);
      if (transport !== undefined && !hasRemoteControl(transport)) report({ at: broker!.at, value: broker!.text, allowed: 'Redis, RabbitMQ' });
    },
  },
  {
    id: 'flower/database-shared',
    severity: Severity.ERROR,
    title: 'Several Flowers keep their state in one file of a claim',
    why: 'Each save replaces what the others have saved, and a Flower that starts shows the tasks and workers of another one.',
    fix: 'Give each Flower a claim of its own, or a --db of its own.',
    source: 'flower/events.py at https://github.com/mher/flower',
    rows: ['N70'],
    check: (world, report) => {
      for (const { file, processes } of sharedFiles(world.flowers.map((flower) => [flower, claimFile(flower.container, databasePath(flower))]))) {
        const [, second] = processes;
        const database = option(second, 'db');
        report({
          at: database.state === 'known' ? second.place(database.path) : second.commandPlace, value: `claim ${file.claim}, file ${file.path}`,
          note: `it is that of ${listed(processes.map(({ workload: { resource } }) => `${resource.kind} ${resource.name}`))}`,
        });
      }
    },
  },
  {
    id: 'flower/memory-too-small',
    severity: Severity.WARNING,
    title: 'Flower keeps 100 000 tasks in less memory than they need',
    why: 'It grows until it is OOMKilled: the default of max_tasks is 100 000 since Flower 2, and -A loads the whole '
      + 'application on top (240 MiB for one).',
    fix: `Set --max_tasks=${FLOWER_TASKS.enough} and leave -A out; with arguments of 1 KiB, 10 000 tasks need ${mebibytes(flowerMemory(FLOWER_TASKS.enough) * 2 ** 20)}, and 100 000 need `
      + `${mebibytes(flowerMemory(FLOWER_TASKS.default) * 2 ** 20)}.`,
    source: 'https://github.com/mher/flower/issues/1305',
    rows: ['M4'],
    on: 'flowers',
    check: (flower, report) => {
      const limit = flower.container.memoryLimit;
      if (limit !== undefined && limit < SMALLEST_MEMORY && option(flower, 'max-tasks').state === 'unset') {
        report({
          at: flower.place([...flower.container.path, 'resources', 'limits', 'memory']), value: mebibytes(limit), allowed: mebibytes(SMALLEST_MEMORY),
        });
      }
    },
  },
];
