import { hasUrlCredential, isCredentialName, isCredentialValue } from '../../celery/credentials';
import { isBase, isFlower, isLatest, isPython, pythonVersion } from '../../celery/image';
import { refusedOptions } from '../../celery/options';
import { REDIS_PORT } from '../../celery/ports';
import { DEFAULTS } from '../../celery/settings';
import { redisDatabase } from '../../celery/url';
import { meets } from '../../celery/versions';
import { isFilledIn } from '../../celery/filled-in';
import { brokerUrls } from '../../manifests/broker-urls';
import { codeFiles, importedBy } from '../../manifests/code';
import { dictionaries } from '../../manifests/code-settings';
import { CeleryCommand, startsProcess } from '../../manifests/command/celery-command';
import { baseName, meantScript, Word, wordsInOne } from '../../manifests/command/command';
import { CONTENT_HASH_LABEL, contentHash } from '../../manifests/content-hash';
import { installedVersion } from '../../manifests/installs';
import { asList, asMap, asScalar, asText, get } from '../../manifests/json';
import { isConfigKey } from '../../manifests/names';
import { Container } from '../../manifests/pod/container';
import { configMapNames, isReadOnly, Volume, within } from '../../manifests/pod/volumes';
import { Workload } from '../../manifests/pod/workload';
import { celeryIn, probesOf } from '../../manifests/probes';
import { Process } from '../../manifests/process';
import { syntaxFault } from '../../manifests/python-syntax';
import { hasName, withoutComments } from '../../manifests/python-text';
import { neededReferences } from '../../manifests/references';
import { Resource } from '../../manifests/resource';
import { taskOptions } from '../../manifests/task-options';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { listed } from '../printable';
import { Report, Rule, unless } from '../rule';
import { Severity } from '../severity';

const LARGEST_CONFIG_MAP = 1_048_576;
const LARGEST_APPLIED = 250_000;

/** Words of a worker or a Beat that belong to no option, which Celery reads as `name=value`: `-Q high, low`. */
function strayWords({ role, rest, invocation: { words, links } }: CeleryCommand): Array<{ word: Word; comma: boolean }> {
  // A script may `shift` its words before it hands them over.
  if ((role !== 'worker' && role !== 'beat') || links.some((link) => link.kind === 'shell' && !link.inline)) return [];
  let at = 0;
  return rest.flatMap((word) => {
    // In the order of the words, of which there may be thousands.
    at = words.indexOf(word, Math.max(at, 0));
    const before = words[at - 1];
    // An option of the application may take it.
    return before === undefined || before.unknown || /^-[^=]*$/.test(before.text) || word.unknown || !/^[\w,]+$/.test(word.text) ? []
      : [{ word, comma: before.text.endsWith(',') }];
  });
}

function bytes(value: unknown): number {
  return Buffer.byteLength(asScalar(value) ?? '', 'utf8');
}

/** The bytes that base64 encodes, which are what the API server counts. */
function decoded(value: unknown): number {
  return Buffer.byteLength(asScalar(value) ?? '', 'base64');
}

/** Names under which people keep keys and passwords. */
const SECRET_NAME = /^(id_(rsa|dsa|ecdsa|ed25519)|\.netrc|\.pgpass|\.htpasswd|(.*\.)?env|.*\.(pem|key|p12|pfx|jks|keystore)|.*credentials.*)$/i;
/** What they contain that is no secret. */
const PUBLIC = /-----BEGIN (CERTIFICATE|(RSA )?PUBLIC KEY)-----/;

/** What a variable has, in a ConfigMap of variables that is mounted as files: CORS_CREDENTIALS: "true". */
const SWITCH = /^\s*(true|false|yes|no|on|off|none|\d*)\s*$/i;

/** A file that holds a private key, or has the name of one. Code that is about credentials is none. */
function looksSecret(path: string, content: string): boolean {
  if (/-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/.test(content)) return true;
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (SECRET_NAME.test(name) && !name.endsWith('.py') && !PUBLIC.test(content) && !SWITCH.test(content)) || (CONFIGURATION.test(name) && configuresSecret(content));
}

/** Files that are made of names and values. */
const CONFIGURATION = /\.(ini|cfg|conf|properties|toml|ya?ml|json)$/i;

/** A line gives a value to a name such as `password`, or has a URL with a password. */
function configuresSecret(content: string): boolean {
  return content.split('\n').some((line) => {
    if (/^\s*(#|;|\/\/)/.test(line)) return false;
    const [, name, value] = /^\s*["']?([\w.-]{1,100})["']?\s{0,20}[=:]\s{0,20}(.*)$/.exec(line.slice(0, 4000)) ?? [];
    return hasUrlCredential(line) || (name !== undefined && isCredentialName(name) && isCredentialValue(value.replace(/^["']|["']?,?\s*$/g, '')));
  });
}

function texts(values: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(asMap(values)).map(([key, value]) => [key, asScalar(value) ?? '']));
}

/** `proj` of `proj.celery:app`. */
function rootModule(app: string): string {
  return app.split(/[.:]/)[0];
}

/** `tasks:celery` or `tasks.celery`, where tasks.py has no name `celery`: a file in the working directory comes before all packages. */
function lacksAttribute(process: Process, app: string): boolean {
  const { container } = process;
  const [, module, name] = /^(\w+)[.:](\w+)$/.exec(app) ?? [];
  const file = module === undefined ? undefined : [...importedBy(process)].find((one) => one.name === `${module}.py`);
  return file !== undefined && !codeFiles(container).some(({ name: other }) => other.startsWith(`${module}/`)) && !hasName(file.text, name);
}

function configMapOf(workload: Workload, volume: Volume, world: World): Resource | undefined {
  return volume.kind === 'configMap' ? world.find('ConfigMap', workload.resource.namespace, asText(volume.source.name) ?? '') : undefined;
}

/** Something in the pod template changes when the content of its ConfigMaps does. */
function rollsOnChange({ workload }: Process, configMap: string, world: World): boolean {
  const reloads = Object.keys({ ...workload.annotations, ...workload.resource.annotations })
    .some((name) => /checksum|hash|sha|rollme|reloader|config-version|timestamp|revision|rollout/i.test(name));
  // kustomize and others put a hash into the name.
  return reloads || world.find('ConfigMap', workload.resource.namespace, configMap)?.json.immutable === true || /-(?=[a-z0-9]*\d)[a-z0-9]{6,}$/.test(configMap);
}

/** What a process runs, and what its probes run of Celery. */
function commandsOf({ command, container }: Process): CeleryCommand[] {
  return [command, ...probesOf(container).flatMap(({ invocations }) => celeryIn(invocations))];
}

/** Where public images have programs of their own. */
const OF_THE_IMAGE = /^\/(bin|sbin|usr|lib|opt|etc|tmp|var)\//;

/** Programs by which a script brings files into its container. */
const BRINGS_FILES = /^(git|curl|wget|tar|unzip|cp|mv|install|rsync|aws|gsutil|gcloud|az|s3cmd|mc|rclone|oras|svn|hg|envsubst)$/;

/** What a container runs may make a file, or tests whether it is there: something else than its image brings it. */
function brings({ invocations, words, image }: Container, file: string): boolean {
  const text = words.map((word) => word.text).join('\n');
  return text.split(file).length > 2 || (isPython(image) && invocations.some((invocation) => BRINGS_FILES.test(baseName(invocation.words[0].text))));
}

/** Where images have the code of an application. */
const CODE_FOLDER = /^(\/(usr\/src|opt|srv|home\/[\w.-]+))?\/(app|code|src|project|backend|django|web|server|workspace)$/;

/** What scripts in front of Celery take for a role, and what is no program of any package. */
const WORD_OF_ENTRYPOINT = /^(celery[-_]?)?(workers?|beat|scheduler)$/;

/** The claims that jobs mount, which may fill them. */
const claimsOfJobs = lazy((world: World) => new Set(world.workloads.filter(({ longRunning }) => !longRunning)
  .flatMap(({ allContainers, resource }) => allContainers
    .flatMap(({ mounts }) => mounts.map(({ volume }) => `${resource.namespace} ${volume.claim}`)))));

export const codeRules: Rule[] = [
  {
    id: 'code/app-module-missing',
    severity: Severity.ERROR,
    title: 'What -A names is not among the files of the container',
    why: 'The process exits at startup with `Error: Unable to load celery application. The module nope was not found.` and is restarted forever.',
    fix: 'Name the file without .py: -A tasks for tasks.py; start it in the folder of the file.',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['C1'],
    on: 'processes',
    check: (process, report) => {
      const { container, app } = process;
      const given = process.command.global.get('--app');
      if (app === undefined || !given || !process.plain) return;
      const at = process.place(given.word.path);
      if (lacksAttribute(process, app)) report({ at, value: app, allowed: `a name in ${rootModule(app)}.py` });
      // Only where nothing but the ConfigMap can hold the module: a plain image, and no other volume with code.
      const folder = container.workingDir;
      const mount = folder === undefined ? undefined : container.mountOf(folder);
      const files = mount && container.volumeFiles(mount.volume);
      if (folder === undefined || !mount || mount.mountPath !== folder || mount.subPath !== undefined || !files
        || container.env.lookup('PYTHONPATH').state !== 'unset') return;
      if (container.mounts.some((other) => other !== mount && within(other.mountPath, folder))
        || process.option('--workdir').state !== 'unset') return;
      if (container.workload.initContainers.length > 0 || container.invocations.length > 1) return;
      const module = rootModule(app);
      const code = [...files.keys()].filter((file) => file.endsWith('.py'));
      // Another image may have it as a package, and a folder of settings is no folder of code.
      if (!isPython(container.image) && code.length === 0 && !CODE_FOLDER.test(folder)) return;
      const found = [...files.keys()].some((file) => file === `${module}.py` || file.startsWith(`${module}/`));
      if (!found && !codeFiles(container).some(({ name }) => name === `${module}.py`)) {
        report({ at, value: app, allowed: code.length > 0 ? code.join(', ') : 'a Python file', ...unless(isPython(container.image), `the image has a package ${module}`) });
      }
    },
  },
  {
    id: 'code/no-python',
    severity: Severity.ERROR,
    title: 'Python cannot compile a file that a ConfigMap brings',
    why: 'The process exits at startup: `SyntaxError: \'(\' was never closed`, `IndentationError: unexpected indent`, and is restarted forever.',
    fix: 'Correct that line, and run `python3 -m py_compile` on the file before it is applied. In a ConfigMap, `|` after the name keeps lines, and `>` joins them.',
    source: 'https://docs.python.org/3/reference/lexical_analysis.html',
    rows: ['C1'],
    check: (world, report) => {
      const reported = new Map<string, Report>();
      // The rollout of such a release stops at its first pod: synth only warns.
      const severity = world.complete ? Severity.WARNING : undefined;
      for (const process of world.processes) {
        const { container } = process;
        const imported = importedBy(process);
        for (const file of codeFiles(container)) {
          const fault = syntaxFault(file.text);
          if (!fault || (fault.python2 && /^2\./.test(pythonVersion(container.image) ?? ''))) continue;
          const key = `${file.place.resource.index} ${file.place.resource.prefix.join('/')} ${file.place.path.join('/')}`;
          const doubt = !imported.has(file) ? 'nothing imports it' : fault.python2 && !isPython(container.image) ? 'the image has Python 2' : undefined;
          if (reported.get(key)?.unless === undefined && reported.has(key)) continue;
          reported.set(key, { at: file.place, value: `line ${fault.line}`, note: fault.what, unless: doubt, severity });
        }
      }
      for (const found of reported.values()) report(found);
    },
  },
  {
    id: 'code/app-option-after-subcommand',
    severity: Severity.ERROR,
    title: 'Options of celery itself are given after the subcommand, where Celery 5 does not accept them',
    why: 'The process exits at startup: `You are using `-A` as an option of the worker sub-command` / `Error: No such option: -A`.',
    fix: 'Put -A, -b, --result-backend, --loader, --config and --workdir before the subcommand: celery -A proj worker.',
    source: 'https://docs.celeryq.dev/en/stable/history/whatsnew-5.0.html',
    rows: ['C2'],
    on: 'processes',
    check: (process, report) => {
      const five = process.plain && process.command.global.has('--app');
      for (const { vendor, role, options, subcommand } of commandsOf(process)) {
        if (vendor !== 'celery' || role === 'flower' || role === 'multi' || role === 'other') continue;
        for (const name of ['--app', '--broker', '--result-backend', '--loader', '--config', '--workdir']) {
          const given = options.get(name);
          if (!given) continue;
          const written = `${subcommand?.text ?? role} ${/^-[A-Za-z]/.test(given.word.text) ? given.word.text : name} ${given.value}`;
          report({
            at: process.place(given.word.path), value: written, allowed: `celery ${name} ${name === '--app' ? given.value : '...'} ${role}`,
            // The process itself is called as Celery 5 wants it.
            ...unless(five, 'the image still has Celery 4'),
          });
        }
      }
    },
  },
  {
    id: 'code/worker-option-before-subcommand',
    severity: Severity.WARNING,
    title: 'Options of the subcommand are given before it, where Celery 5 does not accept them',
    why: 'The process exits at startup: `Error: No such option: -E`.',
    fix: 'Put them after the subcommand: celery -A proj worker -E.',
    source: 'https://docs.celeryq.dev/en/stable/history/whatsnew-5.0.html',
    rows: ['C2'],
    on: 'processes',
    check: (process, report) => {
      if (!process.plain || process.role === 'flower' || process.role === 'multi') return;
      for (const [name, { word }] of process.command.misplaced) {
        report({
          at: process.place(word.path), value: `${name} before ${process.role}`, allowed: `celery ... ${process.role} ${name}`,
          unless: 'the image still has Celery 4',
          ...process.app === undefined ? {} : { fix: `Put them after the subcommand: celery -A ${process.app} ${process.role} ${word.text}.` },
        });
      }
    },
  },
  {
    id: 'code/refused-option',
    severity: Severity.ERROR,
    title: 'Celery refuses an option of its command line',
    why: 'The process exits at startup, with exit code 2: `Error: Invalid value for \'-P\' / \'--pool\': \'fork\' is not one of \'prefork\', ...`, `Error: No such '
      + 'option \'--max_tasks_per_child\'`, `Error: Unable to parse extra configuration from command line.`; a probe fails each time.',
    fix: 'Write the option as `celery worker --help` lists it, with hyphens, and a value that it takes.',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['C2'],
    on: 'processes',
    check: (process, report) => {
      for (const command of commandsOf(process)) {
        const { vendor, role, options, misplaced } = command;
        if (vendor !== 'celery') continue;
        for (const { word, comma } of strayWords(command)) {
          report({ at: process.place(word.path), value: word.text, note: comma ? 'there is a space after a comma' : `${command.role} takes only options` });
        }
        const own = new Map([...options].filter(([name]) => !misplaced.has(name)));
        for (const { word, note, ...refused } of refusedOptions(role, own)) report({ at: process.place(word.path), note, ...refused });
        const { runAsUser } = process.container;
        const root = runAsUser === undefined ? process.container.security('runAsNonRoot') !== true : runAsUser === 0;
        const user = root || !['worker', 'beat'].includes(role) ? undefined : own.get('--uid');
        if (user) report({ at: process.place(user.word.path), value: '--uid', note: 'only root may set its user: `PermissionError: [Errno 1] Operation not permitted`' });
      }
    },
  },
  {
    id: 'code/app-is-no-module',
    severity: Severity.ERROR,
    title: 'The value of -A is not the name of a Python module',
    why: 'The process exits at startup, and a probe fails each time: `Error: Invalid value for \'-A\' / \'--app\': Unable to load celery application. The module '
      + 'tasks.py was not found`.',
    fix: 'Name the module as Python imports it: -A shop.tasks for shop/tasks.py, -A shop.tasks:app for a variable in it.',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['C1'],
    on: 'processes',
    check: (process, report) => {
      for (const { vendor, global, options } of commandsOf(process)) {
        const given = vendor === 'celery' ? global.get('--app') ?? options.get('--app') : undefined;
        if (!given || given.word.unknown || given.value === '' || /[${}<>]/.test(given.value)) continue;
        const factory = /^([\w.]+):(\w+)\(\)$/.exec(given.value);
        if (factory) {
          report({
            at: process.place(given.word.path), value: given.value, allowed: `${factory[1]}:app`,
            note: 'Celery takes the name of a variable, and calls nothing', fix: `Make the application in a variable of ${factory[1]}: app = ${factory[2]}().`,
          });
          continue;
        }
        const path = given.value.replace(/^\.\//, '').replace(/\.py$/, '');
        if (/^[^\s,;/\\]+$/.test(given.value) && !given.value.endsWith('.py')) continue;
        const module = path.replaceAll(/[\s,/\\]+/g, '.').replace(/^\.+|\.+$/g, '');
        report({ at: process.place(given.word.path), value: given.value, allowed: /^[\w.:-]+$/.test(module) ? module : 'shop.tasks' });
      }
    },
  },
  {
    id: 'code/short-option-with-equals',
    severity: Severity.ERROR,
    title: 'The value of a short option begins with an equals sign',
    why: '`-c=4` ends in `Error: Invalid value for \'-c\' / \'--concurrency\': \'=4\' is not a valid integer.`, -A=tasks in `The module =tasks was not '
      + 'found.`; -Q=emails starts, and consumes a queue named =emails.',
    fix: 'Write -c 4, -c4 or --concurrency=4.',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['C2'],
    on: 'processes',
    check: ({ command, container }, report) => {
      const given = [...command.global.values(), ...command.options.values()].map(({ word }) => word);
      for (const { text: word, path } of new Set(given)) {
        if (/^-[A-Za-z]=/.test(word)) {
          report({
            at: container.place(path), value: word, allowed: `${word.slice(0, 2)} ${word.slice(3)}`,
            // -A after the subcommand is how Celery 4 is called.
            ...unless(!command.options.has('--app'), 'the image still has Celery 4'),
          });
        }
      }
    },
  },
  {
    id: 'code/words-after-shell-script',
    severity: Severity.ERROR,
    title: 'The words after the script of `sh -c` are not part of it',
    why: '`sh -c celery -A shop worker` runs only `celery`; the shell takes the rest as $0, $1 and so on. It prints its help and ends, and the '
      + 'container is restarted forever.',
    fix: 'Write the script as one word: [sh, -c, "exec celery -A shop worker"]; or leave the shell out.',
    source: 'https://pubs.opengroup.org/onlinepubs/9699919799/utilities/sh.html',
    rows: ['C2'],
    on: 'containers',
    check: (container, report) => {
      const meant = meantScript(container.words);
      if (!meant || container.invocations.some(startsProcess) || !container.read(meant.words).some(startsProcess)) return;
      report({
        at: container.place(meant.lost[0].path),
        value: meant.lost.map(({ text }) => text).join(' '), allowed: 'one word after -c',
      });
    },
  },
  {
    id: 'code/words-after-script-of-a-probe',
    severity: Severity.ERROR,
    title: 'The words after the script of `sh -c` are not part of the command of a probe',
    why: '`sh -c celery -A shop inspect ping` runs only `celery`, which prints its help: the probe says nothing about the worker, or always fails.',
    fix: 'Write the script as one word: [sh, -c, "celery -A shop inspect ping -d celery@$HOSTNAME"].',
    source: 'https://pubs.opengroup.org/onlinepubs/9699919799/utilities/sh.html',
    rows: ['N53'],
    on: 'probedServers',
    check: (container, report) => {
      for (const probe of probesOf(container)) {
        const words = probe.raw.map((text, i) => ({ text, path: [...probe.path, 'exec', 'command', i], unknown: false }));
        const meant = meantScript(words);
        // `sh -c 'nc -z "$0" "$1"' redis 6379` uses them; one word alone is a program without arguments.
        if (!meant || /\s/.test(words[words.length - meant.lost.length - 1].text)) continue;
        report({ at: container.place(meant.lost[0].path), value: meant.lost.map(({ text }) => text).join(' '), allowed: 'one word after -c' });
      }
    },
  },
  {
    id: 'code/several-words-in-one',
    severity: Severity.ERROR,
    title: 'The command of Celery is one item of its list, and no shell takes it apart',
    why: 'Kubernetes starts the first item as a program: `exec: "celery -A shop worker": executable file not found in $PATH`; of [celery, "-A shop worker"] all is '
      + 'the value of -A. The container is restarted forever.',
    fix: 'Write one item for each word: command: [celery, -A, shop, worker].',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/',
    rows: ['C2'],
    on: 'containers',
    check: (container, report) => {
      const meant = wordsInOne(container.words);
      if (!meant || container.invocations.some(startsProcess) || !container.read(meant.words).some(startsProcess)) return;
      report({
        at: container.place(meant.joined.path), value: meant.joined.text, allowed: 'one item for each word',
        ...unless(container.ownsEntrypoint, 'the entrypoint of the image gives it to a shell'),
      });
    },
  },
  {
    id: 'code/space-in-queue',
    severity: Severity.ERROR,
    title: 'The name of a queue has a space in it',
    why: 'Celery splits -Q at its commas, and keeps the spaces: of "high, low" the worker takes tasks from the queue " low", and those in `low` wait forever.',
    fix: 'Leave the space out: -Q high,low.',
    source: 'Reproduced with Celery 5.7.0',
    rows: ['C9'],
    on: 'workers',
    check: (worker, report) => {
      for (const name of ['--queues', '--exclude-queues']) {
        const option = worker.plain ? worker.option(name) : undefined;
        if (option?.state !== 'known' || !option.value.split(',').some((queue) => /^\s+\S|\S\s+$/.test(queue))) continue;
        const allowed = option.value.split(',').map((queue) => queue.trim()).join(',');
        report({ at: worker.place(option.path), value: option.value, allowed, fix: `Leave the spaces out: ${name} ${allowed}.` });
      }
    },
  },
  {
    id: 'code/queue-shared-by-two-apps',
    severity: Severity.WARNING,
    title: 'Workers of two applications consume the same queue of the same broker',
    why: 'Each gets tasks of the other: `Received unregistered task of type \'tasks.add\'. The message has been ignored and discarded.` The '
      + 'message is lost.',
    fix: 'Give each application a queue (-Q, task_default_queue) or a database of its own.',
    source: 'Reproduced with Celery 5.6.3: the queue is empty afterwards',
    rows: ['C3'],
    across: true,
    check: (world, report) => {
      const first = new Map<string, Process>();
      for (const worker of world.workers) {
        const { broker, app } = worker;
        // A variable of the application's own, as far as its name tells.
        const url = broker ? broker.url : brokerUrls(worker.container)[0];
        const database = url && redisDatabase(url);
        const queues = worker.queues ?? (worker.lacks('--queues') && !worker.sets('task_default_queue') ? [DEFAULTS.queue] : []);
        if (!url || broker?.partial || /[${]/.test(url.host) || app === undefined || database === undefined) continue;
        const namespace = url.host.includes('.') ? '' : worker.workload.resource.namespace;
        for (const queue of queues) {
          const key = [namespace, url.host, url.port ?? REDIS_PORT, database, queue].join('\n');
          const other = first.get(key);
          if (!other) {
            first.set(key, worker);
          } else if (rootModule(other.app!) !== rootModule(app) && other.container.image.text !== worker.container.image.text) {
            const given = worker.queues !== undefined && other.queues !== undefined;
            report({
              at: worker.commandPlace, value: `queue ${queue}, -A ${app}`, note: `the other is ${label(other)} (-A ${other.app})`,
              ...unless(broker !== undefined && given, broker ? 'the code of one of them names another queue' : 'its code has another broker'),
            });
          }
        }
      }
    },
  },
  {
    id: 'code/configmap-too-large',
    severity: Severity.ERROR,
    title: 'A ConfigMap of a Celery pod is too large',
    why: 'The API server refuses more than 1 MiB (`Too long: must have at most 1048576 bytes`); from about 250 kB on, `kubectl apply` refuses it '
      + 'too, because it keeps a copy in an annotation (`metadata.annotations: Too long: must have at most 262144 bytes`).',
    fix: 'Put the code into an image, or split it.',
    source: 'https://kubernetes.io/docs/concepts/configuration/configmap/',
    rows: ['C4'],
    check: (world, report) => {
      const seen = new Set<unknown>();
      for (const process of world.processes) {
        for (const volume of process.workload.volumes.values()) {
          const resource = configMapOf(process.workload, volume, world);
          if (!resource || seen.has(resource)) continue;
          seen.add(resource);
          const [data, binary] = [Object.entries(asMap(resource.json.data)), Object.entries(asMap(resource.json.binaryData))];
          const size = data.reduce((sum, [, value]) => sum + bytes(value), 0) + binary.reduce((sum, [, value]) => sum + decoded(value), 0);
          // The copy in the annotation is as it is written.
          const written = [...data, ...binary].reduce((sum, [name, value]) => sum + bytes(name) + bytes(value), 0);
          if (size > LARGEST_CONFIG_MAP) {
            report({ at: { resource, path: ['data'] }, value: `${size} bytes`, allowed: `${LARGEST_CONFIG_MAP} bytes` });
          } else if (written > LARGEST_APPLIED && !resource.live) {
            report({
              at: { resource, path: ['data'] }, value: `${written} bytes`, allowed: `${LARGEST_APPLIED} bytes`, severity: Severity.WARNING,
              note: 'for kubectl apply without --server-side',
            });
          }
        }
      }
    },
  },
  {
    id: 'code/credentials-in-configmap',
    severity: Severity.WARNING,
    title: 'A file in a ConfigMap of a Celery pod looks like a key or credentials',
    why: 'Whoever can read ConfigMaps, manifests or their repository has it; Secrets are what the cluster guards, and what `kubectl describe` does not show.',
    fix: 'Remove it from the code, and mount it from a Secret.',
    source: 'https://kubernetes.io/docs/concepts/configuration/configmap/',
    rows: ['E13'],
    check: (world, report) => {
      const seen = new Set<string>();
      for (const { container } of world.processes) {
        for (const { volume } of container.mounts) {
          const configMaps = configMapNames(volume).flatMap((name) => world.find('ConfigMap', container.workload.resource.namespace, name) ?? []);
          for (const [path, content] of configMaps.length === 0 ? [] : container.volumeFiles(volume) ?? []) {
            if (!looksSecret(path, content)) continue;
            const resource = configMaps.find(({ json }) => Object.values(asMap(json.data)).includes(content)) ?? configMaps[0];
            const identity = `${resource.namespace}/${resource.name}/${path}`;
            if (!seen.has(identity)) report({ at: { resource, path: ['data'] }, value: path });
            seen.add(identity);
          }
        }
      }
    },
  },
  {
    id: 'code/configmap-key',
    severity: Severity.ERROR,
    title: 'A key of a ConfigMap or Secret is not a valid name',
    why: 'The API server refuses the object: `Invalid value: "pkg/tasks.py": a valid config key must consist of alphanumeric characters, \'-\', '
      + '\'_\' or \'.\'`.',
    fix: 'Name the key without a slash, and map it to its path with items: [{key, path}].',
    source: 'https://kubernetes.io/docs/concepts/configuration/configmap/',
    rows: ['C7'],
    check: (world, report) => {
      const mounted = world.processes.flatMap(({ workload }) => [...workload.volumes.values()]
        .flatMap((volume) => configMapOf(workload, volume, world) ?? []));
      const needed = neededReferences(world).flatMap(({ kind, name, at }) => world.find(kind, at.resource.namespace, name) ?? []);
      for (const resource of new Set([...mounted, ...needed])) {
        for (const field of ['data', 'stringData']) {
          for (const name of Object.keys(asMap(resource.json[field]))) {
            if (!isConfigKey(name) && !isFilledIn(name)) report({ at: { resource, path: [field, name] }, value: name, allowed: '[-._a-zA-Z0-9]+' });
          }
        }
      }
    },
  },
  {
    id: 'code/no-rollout-on-change',
    severity: Severity.WARNING,
    title: 'Code from a ConfigMap changes without the pods being restarted',
    why: 'Python imports once: after an edit of the ConfigMap all pods go on with the old code, until some of them happen to restart.',
    fix: 'Put a hash of the content into an annotation of the pod template, or into the name of the ConfigMap.',
    source: 'https://kubernetes.io/docs/concepts/configuration/configmap/#mounted-configmaps-are-updated-automatically',
    rows: ['C5'],
    on: 'processes',
    check: (process, report, world) => {
      if (!process.workload.longRunning || process.workload.resource.kind === 'Pod' || process.workload.resource.live) return;
      for (const mount of process.container.mounts) {
        const names = configMapNames(mount.volume);
        const files = process.container.volumeFiles(mount.volume);
        if (files && [...files.keys()].some((file) => file.endsWith('.py')) && !names.some((name) => rollsOnChange(process, name, world))) {
          report({ at: process.place(mount.path), value: names.join(', ') });
        }
      }
    },
  },
  {
    id: 'code/floating-tag',
    severity: Severity.ADVICE,
    title: 'The image has no tag, or the tag latest',
    why: 'What it names changes: pods of one Deployment run different code, a restart is a release that nobody made, and a rollback brings nothing back.',
    fix: 'Give the image a tag that does not move, or better a digest: registry.example.com/team/app:1.4.2@sha256:...',
    source: 'https://kubernetes.io/docs/concepts/containers/images/#image-names',
    rows: ['R11'],
    on: 'podContainers',
    check: (container, report, world) => {
      const { text: image } = container.image;
      // redis/floating-tag looks at a Redis that keeps data.
      if (world.redisIn(container.workload).some((server) => server.container === container && container.mountOf(server.dataFolder)?.volume.kind === 'claim')) return;
      // A template fills in the rest.
      if (image === '' || /[${}<>]/.test(image) || !isLatest(container.image)) return;
      report({ at: container.place([...container.path, 'image']), value: image });
    },
  },
  {
    id: 'code/content-hash',
    severity: Severity.ERROR,
    title: 'The content of a ConfigMap does not match the hash in its name',
    why: 'Something has changed the content after the name was made. The API server refuses it under a name that exists with other content '
      + '(`data: Forbidden: field is immutable`); where none exists yet, the pods of the release that the name belongs to read this content.',
    fix: 'Change the content where the name is made from it: in AppCode, not by a JSON patch or another tool afterwards.',
    source: 'https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable',
    rows: ['C5'],
    on: 'configMaps',
    check: (resource, report) => {
      const hash = asScalar(resource.labels[CONTENT_HASH_LABEL]);
      if (hash === undefined) return;
      const content = contentHash(texts(resource.json.data), texts(resource.json.binaryData));
      if (content !== hash) report({ at: { resource, path: ['data'] }, value: hash, allowed: content });
    },
  },
  {
    id: 'code/subpath-never-updates',
    severity: Severity.INFO,
    title: 'A file of a ConfigMap or Secret is mounted by subPath, so it is never updated in a running pod',
    why: 'A subPath is bound to the file of the first mount: later versions of the ConfigMap do not arrive, without any message.',
    fix: 'Mount the whole volume; or put a hash of the content into an annotation of the pod template.',
    source: 'https://github.com/kubernetes/kubernetes/issues/50345',
    rows: ['C6'],
    on: 'processes',
    check: (process, report, world) => {
      for (const mount of process.container.mounts) {
        if (mount.subPath === undefined || (mount.volume.kind !== 'configMap' && mount.volume.kind !== 'secret')) continue;
        const name = asText(mount.volume.source.name) ?? asText(mount.volume.source.secretName) ?? '';
        if (!rollsOnChange(process, name, world)) report({ at: process.place(mount.path), value: `subPath: ${mount.subPath}` });
      }
    },
  },
  {
    id: 'code/nested-mount',
    severity: Severity.ERROR,
    title: 'A mount point cannot be created inside a read-only volume',
    why: 'The container does not start: `failed to create containerd task ... mkdirat ...: read-only file system`.',
    fix: 'Mount it next to the other: code at /app, data at /var/lib/celery.',
    source: 'https://github.com/kubernetes/kubernetes/issues/121294',
    rows: ['C8'],
    on: 'processes',
    check: (process, report) => {
      const { container, workload } = process;
      for (const outer of container.mounts) {
        for (const inner of container.mounts) {
          if (inner === outer || inner.mountPath === outer.mountPath || !within(inner.mountPath, outer.mountPath)) continue;
          if (container.mountOf(inner.mountPath.slice(0, inner.mountPath.lastIndexOf('/')) || '/') !== outer) continue;
          if (outer.volume.kind === 'emptyDir' && outer.readOnly) {
            // Another container of the pod may make the folder first.
            const others = workload.allContainers.some((other) =>
              other.mounts.some((mount) => mount.volume === outer.volume && !mount.readOnly));
            if (!others) report({ at: process.place(inner.path), value: inner.mountPath, note: `the outer one is ${outer.mountPath}` });
          } else if (isReadOnly(outer) && outer.volume.kind !== 'claim' && /kata|firecracker/i.test(asText(workload.spec.runtimeClassName) ?? '')) {
            report({
              at: process.place(inner.path), value: inner.mountPath, severity: Severity.WARNING,
              note: `the outer one is ${outer.mountPath}, and kubelet cannot prepare it for ${asText(workload.spec.runtimeClassName)}`,
            });
          }
        }
      }
    },
  },
  {
    id: 'code/queue-without-worker',
    severity: Severity.WARNING,
    title: 'Tasks are sent to a queue that no worker of the application consumes',
    why: 'They stay with the message broker forever, without an error anywhere.',
    fix: 'Name the queue in -Q of a worker, or leave both at the default.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/routing.html',
    rows: ['C9'],
    on: 'processes',
    check: (process, report, world) => {
      if (process.app === undefined) return;
      const { queues, unknown, names } = queuesTaken(world.workersOf(process));
      const queue = process.setting('task_default_queue');
      if (unknown || queues.size === 0 || queues.has('')) return;
      // The workers of one application bring the same code.
      const routes = process === world.workersOf(process)[0] ? routedQueues(process) : [];
      for (const routed of routes.filter(({ value }) => !queues.has(value)).slice(0, 1)) {
        report({ ...routed, allowed: names, unless: 'a worker that is not among these manifests consumes it' });
      }
      if (queues.has(queue?.value ?? DEFAULTS.queue)) return;
      // Code that routes may leave nothing to the default queue.
      if (codeFiles(process.container).some(({ text: code }) => /task_routes|task_queues|\bqueue['"]?\s*[=:]/i.test(code))) return;
      if (queue) report({ at: queue.at, value: queue.value, allowed: names });
      else for (const sent of withoutRoute(process).slice(0, 1)) report({ ...sent, value: DEFAULTS.queue, allowed: names });
    },
  },
  {
    id: 'code/no-such-script',
    severity: Severity.ERROR,
    title: 'The container runs a script that its public image does not have',
    why: '`sh: can\'t open \'/data/flower.start.sh\': No such file or directory`, exit code 2, and the container is restarted forever.',
    fix: 'Mount the script, or use an image that has it.',
    source: 'https://hub.docker.com/r/mher/flower',
    rows: ['C1'],
    on: 'containers',
    check: (container, report) => {
      if (!isFlower(container.image) && !isPython(container.image)) return;
      for (const { words } of container.invocations) {
        const start = /^(sh|bash|ash|dash|python[\d.]*)$/.test(words[0]?.text.replace(/^.*\//, '') ?? '') ? 1 : 0;
        const script = words[start];
        if (!script || script.unknown || !/^\/[\w./-]+\.(sh|py)$/.test(script.text) || OF_THE_IMAGE.test(script.text) || container.mountOf(script.text)) continue;
        if (brings(container, script.text)) continue;
        report({ at: container.place(script.path), value: script.text, allowed: 'a file that a volume brings' });
        return;
      }
    },
  },
  {
    id: 'code/command-is-no-program',
    severity: Severity.WARNING,
    title: 'The command is a word for the entrypoint of the image, which it replaces',
    why: 'In Kubernetes `command` takes the place of ENTRYPOINT, where that of Docker Compose is given to it: `exec: "worker": executable file not found in $PATH`, and the '
      + 'container never starts. Flower has no program of its own since 1.0.',
    fix: 'Write the word into args; and start Flower with celery flower.',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/',
    rows: ['N87'],
    on: 'processes',
    check: ({ container, workload, role }, report) => {
      const { path, json, image } = container;
      const [program, ...others] = asList(json.command).map((word) => asScalar(word) ?? '');
      const at = container.place([...path, 'command', 0]);
      if (program === 'flower') {
        const release = isFlower(image) ? image.tag : installedVersion(workload, 'flower');
        if (role !== 'flower' || (release !== undefined && meets(release, '<1.0'))) return;
        report({ at, value: 'flower', allowed: others.length === 0 ? 'args: [flower]' : 'celery, flower', unless: 'the image has a program of that name, as Flower before 1.0' });
      } else if (WORD_OF_ENTRYPOINT.test(program ?? '')) {
        report({ at, value: program, allowed: `args: [${[program, ...others].join(', ')}]`, unless: 'the image has a program of that name' });
      }
    },
  },
  {
    id: 'code/claim-hides-code',
    severity: Severity.ERROR,
    title: 'A PersistentVolumeClaim made by kompose hides the code of the image',
    why: 'For a folder of the host that Docker Compose mounts kompose makes an empty claim: `Error: Unable to load celery application. The module shop was not found.`, '
      + 'because what the image has at that path is hidden.',
    fix: 'Remove the volume and its mount: the image has the code.',
    source: 'https://kompose.io/conversion/',
    rows: ['N78'],
    on: 'processes',
    check: ({ app, hint, container, workload }, report, world) => {
      if (app === undefined && hint === undefined) return;
      const made = [...Object.keys(workload.annotations), ...Object.keys(workload.resource.annotations), ...Object.keys(workload.labels)].some((name) => /kompose/.test(name));
      const script = container.invocations.flatMap(({ words }) => words).find(({ text }) => /^\/[\w./-]+\.(sh|py)$/.test(text));
      for (const { mountPath, path, subPath, volume } of container.mounts) {
        if (volume.kind !== 'claim' || subPath !== undefined || !/-claim\d+$/.test(volume.claim ?? '')) continue;
        if (!(made && (mountPath === container.workingDir || hasCode(mountPath))) && !(script && within(script.text, mountPath))) continue;
        // Something may copy the code into it.
        const filled = workload.initContainers.some(({ mounts }) => mounts.some((mount) => mount.volume.claim === volume.claim))
          || claimsOfJobs(world).has(`${workload.resource.namespace} ${volume.claim}`);
        // kompose has made the claim with the Deployment, and nothing in sight fills it.
        const empty = made && world.find('PersistentVolumeClaim', workload.resource.namespace, volume.claim ?? '') !== undefined;
        if (!filled) report({ at: container.place(path), value: `claim ${volume.claim} at ${mountPath}`, ...unless(empty, 'somebody has copied the code into the claim') });
      }
    },
  },
  {
    id: 'code/empty-dir-hides-code',
    severity: Severity.WARNING,
    title: 'An emptyDir hides the folder in which Celery starts',
    why: 'It is empty at first, and what the image has at that path is not seen: `Error: Unable to load celery application. The module shop was not found`, and the pod starts again forever.',
    fix: 'Mount it at a folder of its own: /app/media.',
    source: 'https://kubernetes.io/docs/concepts/storage/volumes/#emptydir',
    rows: ['N78'],
    on: 'processes',
    check: ({ app, command, container, workload }, report) => {
      if (app === undefined || isBase(container.image)) return;
      const pythonPath = container.env.get('PYTHONPATH');
      // Folders in which Python also looks; undefined where they are out of sight.
      const elsewhere = [
        ...pythonPath ? pythonPath.value?.split(':').filter((folder) => folder.startsWith('/')) ?? [undefined] : [],
        ...[command.global, command.options].flatMap((options) => options.get('--workdir')?.value ?? []),
      ];
      for (const { mountPath, path, subPath, volume } of container.mounts) {
        if (volume.kind !== 'emptyDir' || subPath !== undefined || mountPath !== container.workingDir || !CODE_FOLDER.test(mountPath)) continue;
        // An init container or a sidecar brings the code, as git-sync does, or a mount below it.
        const filled = workload.allContainers.some((other) => other !== container && other.mounts.some((mount) => mount.volume.name === volume.name));
        const below = container.mounts.some((mount) => mount.mountPath.startsWith(`${mountPath}/`));
        const isElsewhere = elsewhere.some((folder) => folder === undefined || !within(folder, mountPath));
        if (filled || below || container.invocations.length !== 1 || isElsewhere) continue;
        report({ at: container.place(path), value: `emptyDir at ${mountPath}`, unless: `the image has ${app} elsewhere, as an installed package` });
      }
    },
  },
];

/** A folder of code, one of tasks in it, or a module: kompose makes a folder of a file, too. */
function hasCode(path: string): boolean {
  const [, folder, name] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
  return CODE_FOLDER.test(path) || (folder !== undefined && CODE_FOLDER.test(folder) && /^(celery(_\w+)?|(celery_)?(tasks|workers?)|src|.+\.(py|sh))$/.test(name));
}

/** That of Celery. */

/** The queues of `task_routes = {"shop.*": {"queue": "mail"}}` in code that a worker brings. */
function routedQueues({ container, role }: Process): Array<Pick<Report, 'at' | 'note'> & { readonly value: string }> {
  return role !== 'worker' ? [] : codeFiles(container).flatMap(({ text, place }) =>
    dictionaries(withoutComments(text), /(?<!\w)(?:CELERY_TASK_ROUTES|CELERY_ROUTES|task_routes)\s*=\s*(?=\{)/g)
      .flatMap((routes) => [...routes.matchAll(/(["'])queue\1\s*:\s*(["'])([\w.:-]+)\2/g)])
      .map(([, , , value]) => ({ at: place, value, note: 'task_routes names it' })));
}

/** Periodic tasks of the settings, and tasks of code in sight, for which nothing names a queue. */
function withoutRoute(process: Process): Pick<Report, 'at' | 'note' | 'unless'>[] {
  const { command: { settings }, container, role } = process;
  if (settings.has('task_routes') || process.sets('task_default_queue')) return [];
  const schedule = settings.get('beat_schedule');
  const entries = role === 'beat' && schedule ? Object.entries(asMap(parsed(schedule.value))) : [];
  const periodic = entries.filter(([, entry]) => ['queue', 'exchange', 'routing_key'].every((option) => get(entry, 'options', option) === undefined))
    .map(([name]) => ({ at: process.place(schedule!.word.path), note: `the periodic task ${name} has no route` }));
  if (role !== 'worker' || codeFiles(container).some(({ text }) => /queue|route/i.test(withoutComments(text)))) return periodic;
  return [...periodic, ...taskOptions(container).map(({ name, at }) => ({ at, note: `task ${name} has no route`, unless: 'all that send it name a queue' }))];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The queues that workers take, if that is known; the names as they are shown. */
const queuesTaken = lazy((workers: readonly Process[]) => {
  // A worker without -Q takes the default queue of its own settings.
  const taken = workers.map((worker) => worker.queues ?? (worker.lacks('--queues') ? [worker.setting('task_default_queue')?.value ?? '']
    : undefined));
  const queues = new Set(taken.flatMap((own) => own ?? []));
  return { queues, unknown: taken.some((own) => !own), names: listed([...queues].sort()) };
});

function label({ workload: { resource } }: Process): string {
  return `${resource.kind} ${resource.namespace === '' ? '' : `${resource.namespace}/`}${resource.name}`;
}
