import { REDIS_PORT } from '../../celery/ports';
import { hasRemoteControl, transportOf } from '../../celery/transports';
import { isAirflow, isPython } from '../../celery/image';
import { codeFiles, seesSettings } from '../../manifests/code';
import { keptByShell } from '../../manifests/command/kept-by-shell';
import { baseName } from '../../manifests/command/command';
import { CeleryCommand, readCelery } from '../../manifests/command/celery-command';
import { asList, asScalar, asText, get } from '../../manifests/json';
import { askedServer, asksDefaultApp, cannotFail, cannotPass, findsItself, missingPrograms } from '../../manifests/asked-servers';
import { inShell, otherNode } from '../../manifests/node-name';
import { asksWorkers, probePlace, probesOf, showProbe } from '../../manifests/probes';
import { schedulePath } from '../../manifests/beat-schedule';
import { Container } from '../../manifests/pod/container';
import { Process } from '../../manifests/process';
import { isScaled } from '../../manifests/scalers';
import { taskLimit } from '../../manifests/task-limit';
import type { World } from '../../manifests/world';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

function isPing(command: CeleryCommand): boolean {
  return (command.role === 'inspect' && command.rest[0]?.text === 'ping') || command.role === 'status';
}

/** More than one worker may answer on this broker. */
function hasPeers(process: Process, world: World): boolean {
  return isScaled(process.workload, world) || world.workersOf(process).length > 1;
}

/** `shop` and `shop.celery:app` are one application, and so are `celery_app` and `src.celery_app`, by the folder that each is started in. */
function isSameModule(one: string, other: string): boolean {
  const [a, b] = [one, other].map((app) => app.split(':')[0].replaceAll('/', '.').split('.').filter(Boolean));
  return a.length === 0 || b.length === 0 || /[${}<>]/.test(one + other) || a[0] === b[0] || a.every((part, i) => part === b[b.length - a.length + i]) || b.every((part, i) => part === a[a.length - b.length + i]);
}

/** What tells Celery its broker where no application is imported. */
const BROKER_OF_DEFAULT_APP = ['CELERY_BROKER_URL', 'CELERY_CONFIG_MODULE', 'CELERY_LOADER'];

/** A volume brings a celeryconfig.py, which Celery reads where no application is imported. */
const bringsSettings = (container: Container): boolean => container.mounts.some(({ mountPath, volume }) =>
  mountPath.endsWith('/celeryconfig.py') || (container.volumeFiles(volume)?.has('celeryconfig.py') ?? false));

const MINUTES = /-(mmin|mtime)\s+([+-]?[\d.]+)/;

/** A shell or an interpreter, maybe behind a wrapper: a $ belongs to the code that it runs. `python -m celery` runs no code. */
function runsCode(words: readonly string[]): boolean {
  return words.some((word, i) => /(^|\/)(sh|bash|ash|dash|zsh|perl|awk|ruby|node)$/.test(word)
    || (/(^|\/)python[\d.]*$/.test(word) && !words.slice(i + 1).includes('-m')));
}

/** The ping of one worker, with its application and under the name that it has. */
function ownPing(worker: Process): string {
  return `["sh", "-c", "exec celery ${worker.app === undefined ? '' : `-A ${worker.app} `}inspect ping -d ${inShell(worker)}"]`;
}

/** Why nothing can answer at the port of a probe; undefined where something may. */
function noSuchPort(port: unknown, container: Container, world: World): { readonly note: string; readonly allowed?: string } | undefined {
  const names = asList(container.json.ports).flatMap((entry) => asText(get(entry, 'name')) ?? []);
  if (typeof port === 'string' && /[a-z]/.test(port) && !/[${}<>]/.test(port)) {
    return names.includes(port) ? undefined : { note: 'the container has no port of that name', ...names.length > 0 ? { allowed: names.join(', ') } : {} };
  }
  const server = world.redisIn(container.workload).find((one) => one.container === container);
  if (!server || server.opaque) return undefined;
  const own = [server.directive('port')?.values[0] ?? String(REDIS_PORT), ...server.directive('tls-port')?.values ?? []];
  return own.includes(String(port)) || own.some((one) => !/^\d+$/.test(one)) ? undefined : { note: 'Redis does not listen there', allowed: own.filter((one) => one !== '0').join(', ') };
}

/** A container of the pod declares the port, or the application is given it by a variable or an option that is called so. */
function isOpened({ env, words, workload: { containers, initContainers } }: Container, port: number): boolean {
  const given = new RegExp(`(^|:)${port}$`);
  return [...containers, ...initContainers].some((container) => container.declares(port))
    || [...env.all()].some(({ name, value = '' }) => /PORT|ADDR|LISTEN|BIND/.test(name) && given.test(value))
    || words.some(({ text }) => text.endsWith(`port=${port}`));
}

/** Nothing but one worker or Beat runs in the container, and no port of it is declared. */
function opensNothing({ container, role, plain }: Process, world: World): boolean {
  return plain && (role === 'worker' || role === 'beat') && world.in(container.workload).every((other) => other.container !== container || other.role !== 'flower')
    && container.invocations.every((invocation) => readCelery(invocation) !== undefined);
}

/** An init or a shell is process 1, and takes care of the children of others. */
function reaps({ container, links, workload: { spec } }: Process): boolean {
  const kept = keptByShell(links, container);
  const waits = links.some((link) => link.kind === 'shell' && !link.command.exec && link.script.traps);
  return spec.shareProcessNamespace === true || waits || (kept !== undefined && 'note' in kept) || (isAirflow(container.image) && !container.ownsEntrypoint)
    || links.some((link) => link.kind === 'wrapper' && /^(tini|dumb-init|catatonit|docker-init|pid1)/.test(link.name));
}

/** Celery is process 1 for certain: neither the entrypoint of its image nor a script that nobody sees comes before it. */
function isFirst({ container, links }: Process): boolean {
  return (container.ownsEntrypoint || isPython(container.image)) && !links.some((link) => link.kind === 'wrapper' && link.name === 'unknown')
    && links.every((link) => link.kind !== 'shell' || link.command.exec);
}

/** Beat may write its file after a number of tasks (beat_sync_every), which code out of sight may set. */
function mayWriteMoreOften(beat: Process): boolean {
  const { container } = beat;
  return !seesSettings(container) || [...codeFiles(container), ...container.words].some(({ text }) => /sync_every/i.test(text));
}

export const probeRules: Rule[] = [
  {
    id: 'probes/nothing-listens',
    severity: Severity.WARNING,
    title: 'A probe of a worker or of Beat asks a port, and Celery listens on none',
    why: '`Liveness probe failed: dial tcp 10.1.2.3:8000: connect: connection refused`: the container is restarted again and again, with the tasks that run in it. Often the '
      + 'probe is copied from the web application.',
    fix: 'Probe with `celery inspect ping` of this worker, or look at a file that it keeps up; leave readiness out, as nothing asks a worker.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/monitoring.html#commands',
    rows: ['N53'],
    on: 'processes',
    check: (process, report, world) => {
      if (!opensNothing(process, world)) return;
      for (const probe of probesOf(process.container)) {
        for (const handler of ['httpGet', 'tcpSocket', 'grpc']) {
          const port = get(probe.json, handler, 'port');
          const number = typeof port === 'number' ? port : undefined;
          // A port that is declared is one that the application opens, for its metrics.
          if (number === undefined || get(probe.json, handler, 'host') !== undefined || isOpened(process.container, number)) continue;
          report({ at: probePlace(probe, handler, 'port'), value: `${probe.kind}: ${number}`, unless: 'the application listens there' });
        }
      }
    },
  },
  {
    id: 'probes/celery-times-out',
    severity: Severity.ERROR,
    title: 'A probe runs a celery command and gives it no time to answer',
    why: 'The command imports the application, and without a destination it waits a second for answers: `Liveness probe failed: command timed out: '
      + '"celery inspect ping" timed out after 1s`, and a healthy pod is restarted again and again (1771 times in 7 days).',
    fix: 'Set timeoutSeconds: 30 or more; better, probe without starting Celery.',
    source: 'https://github.com/sentry-kubernetes/charts/issues/1619',
    rows: ['P2'],
    on: 'probeCommands',
    check: ({ probe, command, process }, report) => {
      const own = Number(command.options.get('--timeout')?.value ?? 1);
      const waits = asksWorkers(command) && !command.options.has('--destination');
      if (probe.timeout >= 10 && !(waits && probe.timeout <= own)) return;
      // No process of Django and Celery has started within a second.
      const django = process.container.env.get('DJANGO_SETTINGS_MODULE') !== undefined;
      const certain = (waits && probe.timeout <= own) || (django && probe.timeout <= 1);
      report({
        at: probePlace(probe, 'timeoutSeconds'), value: `timeoutSeconds: ${probe.timeout}`, allowed: 'at least 10, better 30',
        ...unless(certain, 'the application is imported faster, also on a busy node'),
      });
    },
  },
  {
    id: 'probes/celery-too-often',
    severity: Severity.WARNING,
    title: 'A probe runs a celery command more often than once a minute',
    why: 'Each run imports the application: 2.9 s of CPU for a Django project, 48 MB even for ten lines. The probe becomes the largest user of the '
      + 'CPU, and gets the container OOMKilled.',
    fix: 'Set periodSeconds: 60 or more; better, look at a file or a port that the worker itself keeps up.',
    source: 'https://github.com/sentry-kubernetes/charts/issues/1932',
    rows: ['P3', 'P12'],
    on: 'probeCommands',
    check: ({ probe }, report) => {
      if (probe.kind !== 'startupProbe' && probe.period < 60) {
        report({ at: probePlace(probe, 'periodSeconds'), value: `periodSeconds: ${probe.period}`, allowed: 'at least 60' });
      }
    },
  },
  {
    id: 'probes/any-worker-answers',
    severity: Severity.WARNING,
    title: 'The probe asks all workers, so it passes when any of them answers',
    why: '`celery inspect ping` without -d succeeds although the worker of this pod is dead, and every probe makes every worker answer.',
    fix: 'Ask this pod\'s worker only, in a shell: ["sh", "-c", "exec celery -A proj inspect ping -d celery@$HOSTNAME"]. Not $(NAME): kubelet expands that.',
    source: 'Reproduced with Celery 5.6.3: the exit code is 0 if any node replies',
    rows: ['P4'],
    on: 'probeCommands',
    check: ({ probe, command, process }, report, world) => {
      if (process.role !== 'worker' || !isPing(command) || command.options.has('--destination')) return;
      const peers = hasPeers(process, world);
      if (!peers && command.role !== 'status') return;
      report({
        at: probePlace(probe), value: showProbe(probe), ...unless(peers, 'no other worker is on this broker'),
        fix: `Ask this pod's worker only, in a shell: ${ownPing(process)}. Not $(NAME): kubelet expands that.`,
      });
    },
  },
  {
    id: 'probes/solo-cannot-answer',
    severity: Severity.ERROR,
    title: 'A solo worker does not answer the probe while it runs a task',
    why: 'The pool runs tasks in the main process: a healthy worker is killed in the middle of its task (`Error: No nodes replied within time '
      + 'constraint`, exit 69).',
    fix: 'Use prefork with --concurrency=1, or a liveness probe that does not ask the worker.',
    source: 'https://github.com/nautobot/nautobot/issues/8216',
    rows: ['P5'],
    on: 'probeCommands',
    check: ({ probe, command, process }, report) => {
      if (process.role !== 'worker') return;
      if (probe.kind !== 'livenessProbe' || !isPing(command) || process.pool !== 'solo') return;
      const patience = probe.period * probe.failures;
      report({
        at: probePlace(probe), value: showProbe(probe), ...unless((taskLimit(process)?.seconds ?? 0) > patience, `no task takes longer than ${patience} s`),
      });
    },
  },
  {
    id: 'probes/remote-control-off',
    severity: Severity.ERROR,
    title: 'The probe uses remote control, which is switched off',
    why: 'It always fails: `Error: No nodes replied within time constraint`, exit 69.',
    fix: 'Leave worker_enable_remote_control on, or probe in another way.',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['P6'],
    on: 'probeCommands',
    check: ({ probe, command, process }, report) => {
      if (process.role !== 'worker') return;
      if (!asksWorkers(command)) return;
      if (process.settingOff('worker_enable_remote_control')) report({ at: probePlace(probe), value: showProbe(probe) });
      else if (process.broker && !hasRemoteControl(transportOf(process.broker.text) ?? '')) {
        report({ at: probePlace(probe), value: showProbe(probe), note: `${process.broker.url.scheme === 'sqs' ? 'SQS' : process.broker.url.scheme} has none` });
      }
    },
  },
  {
    id: 'probes/liveness-needs-broker',
    severity: Severity.WARNING,
    title: 'The liveness probe fails when the broker is unavailable, so an outage restarts every worker',
    why: '`inspect ping` goes through the broker: when Redis is down all workers are killed, running tasks with them, over and over.',
    fix: 'Ask the broker in a readiness probe; let liveness look at the process itself.',
    source: 'The same is reported for Celery deployments in many projects; seen with celery 5.6.3: exit 69 with the broker down',
    rows: ['P9'],
    on: 'probeCommands',
    check: ({ probe, command, process }, report) => {
      if (process.role !== 'worker') return;
      if (probe.kind === 'livenessProbe' && isPing(command)) report({ at: probePlace(probe), value: showProbe(probe) });
    },
  },
  {
    id: 'probes/heartbeat-file-without-heartbeat',
    severity: Severity.ERROR,
    title: 'A file is updated by the heartbeat_sent signal, but the worker runs with --without-heartbeat',
    why: 'The signal never comes: the file grows old and the probe kills a healthy worker.',
    fix: 'Remove --without-heartbeat, or touch the file from a timer.',
    source: 'celery/worker/consumer/heart.py at https://github.com/celery/celery',
    rows: ['P10'],
    on: 'workers',
    check: (worker, report) => {
      const option = worker.option('--without-heartbeat');
      if (option.state !== 'known' || !worker.flag('--without-heartbeat') || probesOf(worker.container).every(({ raw }) => raw.length === 0)) return;
      if (codeFiles(worker.container).some(({ text }) => /heartbeat_sent\s*\.\s*connect/.test(text))) report({ at: worker.place(option.path) });
    },
  },
  {
    id: 'probes/pipeline-leaves-zombies',
    severity: Severity.ERROR,
    title: 'A probe runs Celery in a pipeline',
    why: 'When the probe times out its children stay: `[sh] <defunct>` piles up, because Celery as process 1 does not reap them.',
    fix: 'Run one command with exec, and let its exit code speak.',
    source: 'https://github.com/kubernetes/kubernetes/issues/81042',
    rows: ['P11'],
    on: 'probeCommands',
    check: ({ probe, command: { invocation }, process }, report) => {
      const piped = invocation.links.some((link) => link.kind === 'shell' && link.command.piped);
      if (piped && !reaps(process)) report({ at: probePlace(probe), value: showProbe(probe), ...unless(isFirst(process), 'process 1 of the container reaps them, as tini and shells do') });
    },
  },
  {
    id: 'probes/beat-does-not-answer',
    severity: Severity.ERROR,
    title: 'The probe of Beat asks the workers, because Beat does not answer inspect',
    why: 'With -d it can never succeed; without, it tells of the workers: Beat is restarted when they are away, and hangs unseen when they are not.',
    fix: 'Let Beat touch a file on each tick, and look at its age.',
    source: 'https://github.com/inveniosoftware/helm-invenio/issues/71',
    rows: ['P13'],
    on: 'probeCommands',
    check: ({ probe, command, process }, report, world) => {
      if (process.role !== 'beat') return;
      if (asksWorkers(command) && !world.in(process.workload).some(({ role, container }) => role === 'worker' && container === process.container)) {
        report({ at: probePlace(probe), value: showProbe(probe) });
      }
    },
  },
  {
    id: 'probes/beat-schedule-age',
    severity: Severity.ERROR,
    title: 'The probe expects Beat to write its schedule file more often than it does',
    why: 'The file is written every 180 s when busy and every 300 s when idle: a healthy Beat is killed.',
    fix: 'Allow at least 10 minutes, or let Beat touch a file of its own.',
    source: 'Measured with Celery 5.6.3',
    rows: ['P14'],
    on: 'beats',
    check: (beat, report) => {
      for (const probe of probesOf(beat.container)) {
        const command = showProbe(probe);
        const age = MINUTES.exec(command);
        if (!age || !/celerybeat-schedule/.test(command) || probe.kind === 'startupProbe') continue;
        const minutes = Math.abs(Number(age[2])) * (age[1] === 'mtime' ? 24 * 60 : 1);
        if (minutes < 10) {
          report({
            at: probePlace(probe), value: `${age[0]}`, allowed: '-mmin -10',
            ...minutes <= 5 ? {} : { severity: Severity.WARNING, note: 'when a write is a little late' },
            ...unless(!mayWriteMoreOften(beat), 'the application sets beat_sync_every, and tasks are due that often'),
          });
        }
      }
    },
  },
  {
    id: 'probes/dollar-without-shell',
    severity: Severity.ERROR,
    title: 'An exec probe refers to a variable that is not expanded',
    why: 'There is no shell: Celery gets the text `celery@$HOSTNAME`. `$(NAME)` works in probes for literal values only; from a field or a Secret '
      + 'it becomes an empty string, from nothing it stays: `Error: No nodes replied within time constraint`, exit 69.',
    fix: 'Run it in a shell: ["sh", "-c", "exec celery ... -d celery@$HOSTNAME"].',
    source: 'Reproduced: exit 69; kubelet 1.33 expands probes from literal values only',
    rows: ['E10', 'P4'],
    on: 'servers',
    check: (container, report, world) => {
      const worker = world.in(container.workload).find((one) => one.container === container && one.role === 'worker');
      const isRedis = world.redisIn(container.workload).some((server) => server.container === container);
      for (const probe of probesOf(container)) {
        const code = runsCode(probe.raw);
        // Without its password, too, redis-cli ends with 0: the probe proves nothing, and fails nowhere.
        const passes = isRedis && probe.raw.some((word) => /\b(redis|valkey)-cli\b/.test(word)) && !/PONG|grep|(^|\s)-e(\s|$)/.test(probe.raw.join(' '));
        for (const [i, word] of probe.raw.entries()) {
          const plain = /(^|[^$])\$(\{?[A-Za-z_]\w*)/.exec(word);
          const reference = /(^|[^$])\$\(([A-Za-z_][\w.-]*)\)/.exec(word);
          const variable = reference ? container.env.get(reference[2]) : undefined;
          const emptied = variable !== undefined && !variable.imported && variable.source !== 'value';
          const stays = reference !== null && (variable ? variable.imported || variable.raw?.includes('$(') === true : !container.env.open
            && !(container.workload.serviceLinks && /_(HOST|PORT)/.test(reference[2])));
          // In code a $ has a meaning, but kubelet comes before it.
          if (!emptied && (code || !(plain || stays))) continue;
          report({
            at: probePlace(probe, 'exec', 'command', i), value: word, ...passes ? { severity: Severity.WARNING } : {},
            note: emptied ? `$(${reference![2]}) becomes an empty string` : undefined,
            fix: worker && probe.raw.includes('ping') ? `Run it in a shell: ${ownPing(worker)}.` : isRedis ? 'Give the container REDISCLI_AUTH from the Secret, and ask ["sh", "-c", "redis-cli ping | grep -q PONG"].' : undefined,
          });
        }
      }
    },
  },
  {
    id: 'probes/rollout-without-readiness',
    severity: Severity.ADVICE,
    title: 'Workers have neither a readiness probe nor minReadySeconds',
    why: 'A worker that dies 20 s after its start already counted as available: a bad release replaces the whole fleet.',
    fix: 'Add a readiness probe, or minReadySeconds: 15 or more.',
    source: 'https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#min-ready-seconds',
    rows: ['P15'],
    on: 'workers',
    check: (worker, report, world) => {
      const { resource } = worker.workload;
      if (resource.kind !== 'Deployment' || !isScaled(worker.workload, world) || get(resource.json, 'spec', 'minReadySeconds')) return;
      if (!probesOf(worker.container).some(({ kind }) => kind !== 'livenessProbe')) report({ at: worker.place() });
    },
  },
  {
    id: 'probes/other-node-name',
    severity: Severity.ERROR,
    title: 'The probe inspects a node name that the worker does not have',
    why: 'It always fails, and a healthy worker is restarted or never ready: `Error: No nodes replied within time constraint`, exit 69.',
    fix: 'Write the same name on both sides: what is in front of the @ in -n, or celery without -n.',
    source: 'https://github.com/RedHatProductSecurity/component-registry/issues/227',
    rows: ['N14'],
    on: 'probeCommands',
    check: ({ probe, command, process }, report) => {
      const destination = command.options.get('--destination')?.value;
      if (process.role !== 'worker' || destination === undefined || !asksWorkers(command)) return;
      const why = otherNode(destination, process);
      if (why !== undefined) report({ at: probePlace(probe), value: `-d ${destination}`, note: why, allowed: inShell(process) });
    },
  },
  {
    id: 'probes/other-app',
    severity: Severity.WARNING,
    title: 'The probe names another application than the command of its container',
    why: 'It fails with `Unable to load celery application`, or asks another broker, where no worker answers: a healthy worker is restarted or never ready.',
    fix: 'Give both the same -A.',
    source: 'https://docs.celeryq.dev/en/stable/reference/cli.html#cmdoption-celery-A',
    rows: ['N14'],
    on: 'probeCommands',
    check: ({ probe, command, process }, report) => {
      const given = command.global.get('--app') ?? command.options.get('--app');
      const own = process.app;
      if (!given || given.word.unknown || own === undefined || !process.plain || !asksWorkers(command) || isSameModule(given.value, own)) return;
      report({ at: probePlace(probe), value: `-A ${given.value}`, allowed: `-A ${own}`, unless: 'both are modules of the image with one broker' });
    },
  },
  {
    id: 'probes/liveness-asks-server',
    severity: Severity.WARNING,
    title: 'The liveness probe asks another server, so an outage of that restarts every worker',
    why: 'When Redis or RabbitMQ is away for a minute, all workers are killed, with the tasks that run; they would have reconnected by themselves.',
    fix: 'Ask the broker in a readiness probe; let liveness look at the process itself.',
    source: 'https://github.com/celery/celery/issues/4079',
    rows: ['N43', 'P9'],
    on: 'processes',
    check: ({ container, role }, report) => {
      if (role !== 'worker' && role !== 'beat') return;
      for (const probe of probesOf(container)) {
        const server = probe.kind === 'livenessProbe' ? askedServer(probe) : undefined;
        if (server !== undefined) report({ at: probePlace(probe), value: showProbe(probe), note: `it asks ${server}` });
      }
    },
  },
  {
    id: 'probes/always-passes',
    severity: Severity.WARNING,
    title: 'A probe cannot fail',
    why: 'It succeeds whatever the process does: a worker that hangs, or is gone behind a shell, counts as well.',
    fix: 'Let the exit code of the check be that of the probe.',
    source: 'Reproduced: `ps aux | grep celery` finds the grep, and Python runs a quoted program as a string',
    rows: ['N53'],
    on: 'servers',
    check: (container, report) => {
      for (const probe of probesOf(container)) {
        const why = cannotFail(probe);
        if (why !== undefined) report({ at: probePlace(probe), value: showProbe(probe), note: why });
        const itself = missingPrograms(container, probe.invocations, showProbe(probe)).length > 0 ? undefined : findsItself(probe);
        if (itself === undefined) continue;
        report({
          at: probePlace(probe), value: showProbe(probe), note: 'pgrep -f finds the shell of the probe, whose command line has the pattern',
          ...unless(itself === 'always', 'sh is bash in this image'),
          fix: 'Run pgrep without a shell: ["pgrep", "-f", "celery.*worker"]; or write the pattern so that it does not match itself, as [c]elery.',
        });
      }
    },
  },
  {
    id: 'probes/never-passes',
    severity: Severity.ERROR,
    title: 'A probe cannot pass',
    why: 'A liveness probe that always fails restarts the container again and again (`CrashLoopBackOff`), and one of readiness keeps it out of its Service: '
      + '`connection refused` in all of Celery.',
    fix: 'Give the probe a command that the image has, and that tells how the process is.',
    source: 'https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/',
    rows: ['N53'],
    on: 'probedServers',
    check: (container, report, world) => {
      const flower = world.flowers.some((one) => one.container === container);
      for (const probe of probesOf(container)) {
        const why = cannotPass(probe);
        if (why !== undefined) report({ at: probePlace(probe), value: showProbe(probe), note: why });
        for (const { words } of probe.invocations) {
          const code = /^python[\d.]*$/.test(baseName(words[0]?.text ?? '')) ? words[words.findIndex(({ text }) => text === '-c') + 1]?.text : undefined;
          if (code !== undefined && asksDefaultApp(code) && !bringsSettings(container) && BROKER_OF_DEFAULT_APP.every((name) => container.env.lookup(name).state === 'unset')) {
            report({
              at: probePlace(probe), value: showProbe(probe), note: 'without the application Celery asks amqp://guest@localhost',
              unless: 'its image has CELERY_BROKER_URL or a celeryconfig.py', fix: 'Import the application: from shop.celery import app.',
            });
          }
          const asked = /^(redis|valkey)-cli$/.test(baseName(words[0]?.text ?? '')) ? words[words.findIndex(({ text }) => text === '-p') + 1] : undefined;
          const wrong = asked !== undefined && /^\d+$/.test(asked.text) && !words.some(({ text }) => text === '-h') ? noSuchPort(Number(asked.text), container, world) : undefined;
          if (wrong !== undefined) report({ at: probePlace(probe), value: showProbe(probe), ...wrong });
        }
        // Where Flower listens is said by a rule of its own.
        for (const handler of flower ? [] : ['httpGet', 'tcpSocket']) {
          const port = get(probe.json, handler, 'port');
          const wrong = port === undefined ? undefined : noSuchPort(port, container, world);
          if (wrong !== undefined) report({ at: probePlace(probe, handler, 'port'), value: asScalar(port), ...wrong });
        }
      }
    },
  },
  {
    id: 'probes/no-such-pidfile',
    severity: Severity.WARNING,
    title: 'The probe checks a pidfile that no command in sight writes',
    why: 'Celery writes one only with --pidfile: the probe always fails, and the container is restarted in a loop.',
    fix: 'Give the process --pidfile with that path, on an emptyDir; better, look at something that a hung process does not keep.',
    source: 'https://docs.celeryq.dev/en/stable/reference/cli.html#cmdoption-celery-worker-pidfile',
    rows: ['N53'],
    on: 'processes',
    check: (process, report) => {
      const { container, role } = process;
      const option = process.option('--pidfile');
      if ((role !== 'worker' && role !== 'beat') || !process.plain || (option.state !== 'unset' && option.state !== 'known')) return;
      for (const probe of probesOf(container)) {
        const path = /(?:^|[\s"'=<(])(\/[\w./-]+\.pid)\b/.exec(showProbe(probe))?.[1];
        if (path === undefined || (option.state === 'known' && container.absolute(option.value) === path)) continue;
        // A script may write it.
        if ([...container.words, ...container.invocations.flatMap(({ words }) => words)].some(({ text }) => text.includes(path))) continue;
        report({ at: probePlace(probe), value: path, ...(option.state === 'known' ? { allowed: option.value } : {}), unless: 'the application writes it' });
      }
    },
  },
  {
    id: 'probes/no-such-schedule-file',
    severity: Severity.ERROR,
    title: 'The probe checks a schedule file that Beat does not write',
    why: 'It always fails: Beat is killed after a few periods, again and again (`CrashLoopBackOff`), or is never ready. A scheduler that keeps the schedule in a '
      + 'database or in Redis writes no file.',
    fix: 'Let Beat touch a file on each tick, and look at its age; or give Beat -s with the path that the probe asks for.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#using-custom-scheduler-classes',
    rows: ['N53'],
    on: 'beats',
    check: (beat, report) => {
      const scheduler = beat.option('--scheduler');
      const elsewhere = scheduler.state === 'known' && /DatabaseScheduler|redbeat/i.test(scheduler.value);
      const own = schedulePath(beat);
      for (const probe of probesOf(beat.container)) {
        const path = /(?:^|[\s"'=<(])(\/[\w./-]*celery-?beat-?schedule[\w.-]*)/i.exec(showProbe(probe))?.[1];
        if (path === undefined || beat.container.words.some(({ text }) => text.includes(path))) continue;
        if (elsewhere) {
          report({ at: probePlace(probe), value: path, note: `${scheduler.value} writes none` });
        } else if (own?.path !== undefined && own.explicit && scheduler.state === 'unset' && path !== own.path && !path.startsWith(`${own.path}.`)) {
          report({ at: probePlace(probe), value: path, allowed: own.path, note: `Beat writes ${own.path}` });
        }
      }
    },
  },
];
