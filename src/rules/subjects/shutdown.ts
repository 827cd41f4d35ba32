import { isPython } from '../../celery/image';
import { SHUTDOWN_MARGIN } from '../../celery/shutdown';
import { isAmqp } from '../../celery/url';
import { lacks, meets, SINCE } from '../../celery/versions';
import { acknowledgedBy } from '../../manifests/acknowledgement';
import { codeFiles, seesSettings } from '../../manifests/code';
import { CeleryCommand, readCelery } from '../../manifests/command/celery-command';
import { baseName, Invocation } from '../../manifests/command/command';
import { keptByShell } from '../../manifests/command/kept-by-shell';
import { installedVersion } from '../../manifests/installs';
import { asList, asScalar, get, Path } from '../../manifests/json';
import { Place } from '../../manifests/place';
import { Container } from '../../manifests/pod/container';
import { configMapData } from '../../manifests/pod/sources';
import { DEFAULT_GRACE } from '../../manifests/pod/workload';
import { preStopSeconds } from '../../manifests/pre-stop';
import { probesOf } from '../../manifests/probes';
import { Process } from '../../manifests/process';
import { softTimeout, stopsSoft } from '../../manifests/soft-shutdown';
import { taskLimit } from '../../manifests/task-limit';
import { Reporter, Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The default of stopwaitsecs. */
const SUPERVISOR_WAIT = 10;

/** The configuration files of supervisord that ConfigMaps bring into a container: that of its command, if it is one of them and includes no other. */
function supervisorFiles(container: Container): Array<Pick<Place, 'resource' | 'path'> & { readonly text: string }> {
  const given = container.invocations.flatMap(({ words }) => words).map(({ text }) => /^(?:--configuration=)?(\/.+\.(?:conf|ini))$/.exec(text)?.[1] ?? '')
    .map((path) => container.file(path)).find((text) => text !== undefined && !/^\[include\]/m.test(text));
  return container.mounts.flatMap(({ volume }) => container.configMaps(volume)).flatMap((resource) => [...configMapData(resource)]
    .flatMap(([name, text]) => /^\[program:/m.test(text) && (given === undefined || text === given) ? [{ resource, path: ['data', name], text }] : []));
}

function shells(process: Process): string {
  const link = process.links.find(({ kind }) => kind === 'shell');
  const words = process.command.invocation.words.slice(0, 6).map(({ text }) => text).join(' ');
  return link?.kind === 'shell' ? `${link.name}${link.inline ? ' -c' : ''} ... ${words}` : '';
}

/** Init systems that hand a signal to every process instead of their child. */
function groupSignals(process: Process, report: Reporter): void {
  const { container } = process;
  for (const link of process.links) {
    if (link.kind !== 'wrapper') continue;
    const options = link.options.map(({ text }) => text);
    const single = process.variable('DUMB_INIT_SETSID');
    if (link.name === 'dumb-init' && !options.some((option) => option === '--single-child' || option === '-c')) {
      if (single.state === 'unset' || (single.state === 'known' && single.value !== '0')) report({ at: process.place(link.path), value: 'dumb-init' });
    }
    if (/^(tini|tini-static|docker-init)$/.test(link.name) && options.some((option) => /^-[a-fh-z]*g/.test(option))) {
      report({ at: process.place(link.path), value: `${link.name} -g` });
    }
  }
  if (container.env.lookup('TINI_KILL_PROCESS_GROUP').state === 'known' && process.links
    .some((link) => link.kind === 'wrapper' && link.name.startsWith('tini'))) {
    report({ at: process.place(container.env.get('TINI_KILL_PROCESS_GROUP')!.path), value: 'TINI_KILL_PROCESS_GROUP' });
  }
  // The entrypoint of Airflow's image is dumb-init.
  if (container.image.repository === 'apache/airflow' && !container.ownsEntrypoint && process.variable('DUMB_INIT_SETSID').state === 'unset') {
    report({
      at: process.place([...container.path, 'image']), value: container.image.text, note: 'its entrypoint is dumb-init', severity: Severity.WARNING,
    });
  }
}

const hookPath = ({ container }: Process): Path => [...container.path, 'lifecycle', 'preStop', 'exec', 'command'];

/** What the preStop hook of a container runs. */
function invocationsAtStop(process: Process): Invocation[] {
  const { container } = process;
  const path = hookPath(process);
  const words = asList(get(container.json, 'lifecycle', 'preStop', 'exec', 'command'))
    .map((word, i) => ({ text: asScalar(word) ?? '', path: [...path, i], unknown: false }));
  return words.length === 0 ? [] : container.read(words);
}

/** `pkill` and `killall` in the preStop hook, which also find the children: they have the name and mostly the command line of the worker. */
function killsAtStop(process: Process): ReadonlyArray<{ readonly shown: string; readonly known: boolean }> {
  const invocations = invocationsAtStop(process);
  if (invocations.length === 0) return [];
  // What the probes have the image has.
  const known = probesOf(process.container).some((probe) => probe.invocations.some(({ words }) => /^(pgrep|pkill|ps)$/.test(baseName(words[0]?.text ?? ''))));
  return invocations.flatMap(({ words: [program, ...rest] }) => {
    const texts = rest.map(({ text }) => text);
    const name = baseName(program.text);
    const options = texts.filter((text) => text.startsWith('-'));
    const deadly = options.every((option) => !/^-(s|-signal|[A-Z]{2,}|SIG|\d)/.test(option) || /^-(SIG)?(TERM|KILL)$|^-(15|9)$/.test(option));
    const one = options.some((option) => /^-(o|n|P|-oldest|-newest|-parent)/.test(option));
    return (name === 'pkill' || name === 'killall') && deadly && !one && texts.some((text) => !text.startsWith('-') && text.includes('celery'))
      ? [{ shown: [name, ...texts].join(' '), known }] : [];
  });
}

/** The commands of `celery control` in the preStop hook of a container. */
function controlsAtStop(process: Process): Array<{ readonly command: CeleryCommand; readonly shown: string }> {
  return invocationsAtStop(process).flatMap((invocation) => {
    const command = readCelery(invocation);
    return command?.role === 'control' ? [{ command, shown: invocation.words.map(({ text }) => text).join(' ') }] : [];
  });
}

/** A shorter hook leaves the worker most of what it had. */
const LONG_HOOK = 10;

/** Kubernetes, or a hook, sends SIGQUIT to it. */
function isQuit({ container: { json } }: Process): boolean {
  const lifecycle = get(json, 'lifecycle');
  return get(lifecycle, 'stopSignal') !== undefined || /QUIT|kill[^\w]+-3\b/.test(JSON.stringify(get(lifecycle, 'preStop') ?? ''));
}

const RELOADERS = new Set(['watchmedo', 'watchfiles', 'nodemon']);

/** Python's name of the first of them, after `-m`. */
const RELOADING_MODULES: ReadonlyMap<string, string> = new Map([['watchdog.watchmedo', 'watchmedo'], ['watchfiles', 'watchfiles']]);

/** What a container always starts that restarts its command when files change, and how many seconds it gives that to end, where it says so. */
function reloaderOf({ invocations, words: all }: Container): { readonly name: string; readonly path: Path; readonly killAfter?: number } | undefined {
  for (const { words, links, conditional } of invocations) {
    if (conditional) continue;
    const programs = [
      ...links.flatMap((link) => link.kind !== 'wrapper' ? [] : [{
        // Of what is not known the name is only in the command itself.
        text: link.name === 'unknown' ? all.find(({ path }) => path.join() === link.path.join())?.text ?? '' : link.name, path: link.path, options: link.options,
      }]),
      ...words.length === 0 ? [] : [{ text: words[0].text, path: words[0].path, options: words.slice(1) }],
    ];
    for (const { text, path, options } of programs) {
      const texts = options.map((option) => option.text);
      const name = RELOADERS.has(baseName(text)) ? baseName(text) : texts[0] === '-m' ? RELOADING_MODULES.get(texts[1]) : undefined;
      if (name === undefined) continue;
      const killAfter = /--kill-after[= ]([\d.]+)/.exec(texts.join(' '))?.[1];
      return { name, path, ...killAfter === undefined ? {} : { killAfter: Number(killAfter) } };
    }
  }
  return undefined;
}

export const shutdownRules: Rule[] = [
  {
    id: 'shutdown/shell-keeps-the-signal',
    severity: Severity.ERROR,
    title: 'Celery runs under a shell that does not pass SIGTERM on',
    why: 'There is no `worker: Warm shutdown` in the log: the pod waits the whole grace period, then everything is '
      + 'killed and running tasks are lost.',
    fix: 'Give command and args as an array without a shell, or write `exec celery ...` as the last command of the script.',
    source: 'https://github.com/apache/superset/issues/33513',
    rows: ['S1'],
    on: 'processes',
    check: (process, report) => {
      if (process.role === 'multi' || process.command.invocation.conditional || process.command.options.has('--detach')) return;
      const verdict = keptByShell(process.links, process.container);
      if (verdict) {
        report({ at: process.commandPlace, value: shells(process), ...verdict });
      }
    },
  },
  {
    id: 'shutdown/signal-to-all-processes',
    severity: Severity.ERROR,
    title: 'SIGTERM goes to every process of the pool, not only to the main one',
    why: 'Running tasks die at once: `Process \'ForkPoolWorker-1\' pid:19 exited with \'signal 15 (SIGTERM)\'`, `WorkerLostError`; Celery 5.6 then '
      + 'hangs until it is killed.',
    fix: 'Set DUMB_INIT_SETSID=0, or use tini without -g, or no init at all: plain `celery` is a good process 1.',
    source: 'https://github.com/airflow-helm/charts/issues/428',
    rows: ['S2'],
    on: 'workers',
    check: (worker, report) => {
      if (worker.pool === 'solo' || worker.pool === 'threads' || worker.pool === 'gevent' || worker.pool === 'eventlet') return;
      groupSignals(worker, report);
      for (const { shown, known } of killsAtStop(worker)) {
        report({
          at: worker.place(hookPath(worker)), value: shown, note: 'the preStop hook finds the children of the pool as well', ...unless(known, 'the image has no such program'),
          fix: 'Remove the hook: the kubelet sends SIGTERM to the worker itself.',
        });
      }
    },
  },
  {
    id: 'shutdown/grace-not-set',
    severity: Severity.ADVICE,
    title: 'A worker has the default grace period of 30 s',
    why: 'Tasks longer than 30 s are killed at every deploy, drain and scale-down: SIGKILL, exit code 137. The warm shutdown of Celery waits for '
      + 'them without a limit of its own.',
    fix: 'Set terminationGracePeriodSeconds to the longest task and a margin.',
    source: 'https://github.com/celery/celery/issues/5412',
    rows: ['S3', 'Z3'],
    on: 'workers',
    check: (worker, report) => {
      const { workload } = worker;
      if (!workload.hasDefaultGrace || !workload.longRunning || taskLimit(worker)) return;
      report({ at: { resource: workload.resource, path: workload.specPath }, value: `terminationGracePeriodSeconds: ${DEFAULT_GRACE} (the default)` });
    },
  },
  {
    id: 'shutdown/grace-too-short',
    severity: Severity.WARNING,
    title: 'A worker has a grace period of less than 5 s',
    why: 'At every deploy, drain and scale-down running tasks are killed after a few seconds: SIGKILL, exit code 137. Even an idle pool may take longer to stop.',
    fix: 'Set terminationGracePeriodSeconds to the longest task and a margin.',
    source: 'https://github.com/celery/celery/issues/5412',
    rows: ['S3'],
    on: 'workers',
    check: (worker, report) => {
      const { workload } = worker;
      const given = workload.spec.terminationGracePeriodSeconds;
      if (typeof given !== 'number' || given >= 5 || !workload.longRunning || taskLimit(worker)) return;
      report({
        at: { resource: workload.resource, path: [...workload.specPath, 'terminationGracePeriodSeconds'] }, value: `${given} s`,
        unless: `no task takes longer than ${given} s`,
      });
    },
  },
  {
    id: 'shutdown/grace-shorter-than-task',
    severity: Severity.ERROR,
    title: 'The grace period is shorter than the time that a task may take',
    why: 'A task that uses its time is killed at every deploy, drain and scale-down: SIGKILL, exit code 137.',
    fix: 'Set terminationGracePeriodSeconds to the time limit and 15 s.',
    source: 'https://github.com/celery/celery/issues/5412',
    rows: ['S3'],
    on: 'workers',
    check: (worker, report) => {
      const limit = taskLimit(worker);
      if (!limit || limit.seconds <= worker.workload.graceSeconds || !worker.workload.longRunning) return;
      // What that does to them is another rule's.
      if (stopsSoft(worker)) return;
      // Who gives a grace period may know how long the tasks take.
      const given = worker.workload.spec.terminationGracePeriodSeconds !== undefined;
      report({
        at: limit.at, value: `${limit.name} ${limit.seconds} s, grace ${worker.workload.graceSeconds} s`,
        allowed: `terminationGracePeriodSeconds: ${limit.seconds + SHUTDOWN_MARGIN}`,
        ...unless(!given && limit.variable === undefined, `no task takes longer than ${worker.workload.graceSeconds} s`),
      });
    },
  },
  {
    id: 'shutdown/soft-shutdown-never-runs',
    severity: Severity.ERROR,
    title: 'A soft shutdown is configured, but nothing starts it',
    why: 'worker_soft_shutdown_timeout precedes the cold shutdown only, and SIGTERM is the warm one: the worker waits without limit and is killed.',
    fix: 'Set REMAP_SIGTERM=SIGQUIT, with Celery 5.5 or later.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/workers.html#soft-shutdown',
    rows: ['S4'],
    on: 'workers',
    check: (worker, report) => {
      const setting = worker.setting('worker_soft_shutdown_timeout');
      if (!setting || (softTimeout(worker) ?? 0) <= 0) return;
      const version = installedVersion(worker.workload, 'celery');
      if (version !== undefined && lacks(version, 'softShutdown')) {
        report({ at: setting.at, value: `celery==${version}`, note: 'this Celery does not know the setting', allowed: `celery>=${SINCE.softShutdown}` });
      } else if (worker.variable('REMAP_SIGTERM').state === 'unset' && !isQuit(worker)) {
        report({
          at: setting.at, value: `worker_soft_shutdown_timeout=${setting.value}`, allowed: 'REMAP_SIGTERM=SIGQUIT in the same container',
          ...unless(isPython(worker.container.image), 'its image has STOPSIGNAL SIGQUIT'),
        });
      }
    },
  },
  {
    id: 'shutdown/sigterm-is-cold',
    severity: Severity.WARNING,
    title: 'REMAP_SIGTERM=SIGQUIT without a soft shutdown stops running tasks at once',
    why: 'SIGTERM becomes a cold shutdown: tasks die within seconds, exit code 0; those that are acknowledged early are lost.',
    fix: 'Set worker_soft_shutdown_timeout, and acks_late for tasks that may run again.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/workers.html#soft-shutdown',
    rows: ['S5'],
    on: 'workers',
    check: (worker, report) => {
      const remap = worker.variable('REMAP_SIGTERM');
      if (remap.state !== 'known' || remap.value !== 'SIGQUIT' || (softTimeout(worker) ?? 0) > 0) return;
      if (codeFiles(worker.container).some(({ text }) => text.includes('soft_shutdown_timeout'))) return;
      report({
        at: worker.place(remap.path), value: 'REMAP_SIGTERM=SIGQUIT',
        // Its normal place is the code.
        ...(seesSettings(worker.container) ? {} : { severity: Severity.INFO, unless: 'the application sets worker_soft_shutdown_timeout' }),
      });
    },
  },
  {
    id: 'shutdown/soft-shutdown-exceeds-grace',
    severity: Severity.ERROR,
    title: 'The soft shutdown takes longer than the grace period',
    why: 'SIGKILL comes in the middle of it: what it was to save is lost.',
    fix: 'Keep worker_soft_shutdown_timeout at least 5 s below terminationGracePeriodSeconds.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/workers.html#soft-shutdown',
    rows: ['S6'],
    on: 'workers',
    check: (worker, report) => {
      const soft = softTimeout(worker);
      const grace = worker.workload.graceSeconds;
      if (soft !== undefined && soft > 0 && soft >= grace) {
        report({
          at: worker.setting('worker_soft_shutdown_timeout')!.at, value: `${soft} s, grace ${grace} s`,
          allowed: `${Math.max(0, grace - 5)} s`,
        });
      }
    },
  },
  {
    id: 'shutdown/soft-shutdown-loses-tasks',
    severity: Severity.ERROR,
    title: 'A soft shutdown cancels tasks that were acknowledged early',
    why: 'After worker_soft_shutdown_timeout the running tasks are cancelled. Only a message that is not acknowledged yet goes back to the message broker: with '
      + 'early acknowledgement, the default, each deploy loses the tasks that take longer.',
    fix: 'Set task_acks_late (with our constructs: `delivery: TaskDelivery.atLeastOnce()` of the CeleryApp), or stop warm: without REMAP_SIGTERM and with a '
      + 'grace period above the longest task.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/workers.html#soft-shutdown',
    rows: ['S5'],
    on: 'workers',
    check: (worker, report) => {
      const early = stopsSoft(worker) ? acknowledgedBy(worker) : 'late';
      if (early === 'late') return;
      const soft = { at: worker.setting('worker_soft_shutdown_timeout')!.at, value: 'REMAP_SIGTERM=SIGQUIT', allowed: 'task_acks_late' };
      if (early === 'unknown') {
        const limit = taskLimit(worker);
        if (limit === undefined || limit.seconds <= worker.workload.graceSeconds) return;
        report({ ...soft, note: `${limit.name} ${limit.seconds} s, cancelled after ${softTimeout(worker)} s`, unless: 'all tasks are acknowledged late' });
        return;
      }
      report({
        ...soft,
        ...(early.unless === undefined ? {} : { note: 'task_annotations, task_cls, register_task or a class Task in the code may say acks_late=False', unless: early.unless }),
        ...(early.by === undefined ? {} : { note: `${early.by} says acks_late: false`, allowed: `acks_late: true in ${early.by}, or task_acks_late and none there` }),
        ...(early.task === undefined || early.by !== undefined ? {} : {
          note: `one is ${early.task}`, allowed: `acks_late of ${early.task}, or task_acks_late and no acks_late=False`,
        }),
      });
    },
  },
  {
    id: 'shutdown/prestop-stops-all-workers',
    severity: Severity.ERROR,
    title: 'The preStop hook of one pod stops every worker of the broker',
    why: '`celery control shutdown` and `cancel_consumer` without --destination are broadcasts: one pod goes, and all workers exit, or take nothing more from the '
      + 'queue until they are restarted.',
    fix: 'Remove the hook: SIGTERM does it. Or name the pod\'s own worker with --destination.',
    source: 'https://github.com/apache/superset/issues/33513',
    rows: ['S7'],
    on: 'processes',
    check: (process, report) => {
      for (const { command: { rest, options }, shown } of controlsAtStop(process)) {
        const all = rest[0]?.text === 'shutdown' || (rest[0]?.text === 'cancel_consumer' && rest.length > 1);
        if (all && !options.has('--destination')) report({ at: process.place(hookPath(process)), value: shown });
      }
    },
  },
  {
    id: 'shutdown/prestop-does-nothing',
    severity: Severity.WARNING,
    title: 'The preStop hook asks for something that the worker refuses, or asks a worker that there is not',
    why: '`celery control cancel_consumer` without a queue ends in `cancel_consumer() missing 1 required positional argument: \'queue\'`: the worker goes on taking '
      + 'tasks while the hook runs.',
    fix: 'Remove the hook: SIGTERM does it. Or name the queue: celery control cancel_consumer QUEUE --destination NODE.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/workers.html#queues-canceling-consumers',
    rows: ['S7'],
    on: 'processes',
    check: (process, report) => {
      for (const { command: { rest, options, invocation }, shown } of controlsAtStop(process)) {
        const inShell = invocation.links.some(({ kind }) => kind === 'shell');
        if (rest.length === 1 && rest[0].text === 'cancel_consumer') report({ at: process.place(hookPath(process)), value: shown, allowed: 'cancel_consumer QUEUE' });
        const [, variable] = /@\$\{?([A-Za-z_]\w*)/.exec(options.get('--destination')?.value ?? '') ?? [];
        if (variable !== undefined && !inShell) {
          report({ at: process.place(hookPath(process)), value: shown, note: `without a shell $${variable} stays as it is, and no worker has that name`, allowed: `["sh", "-c", "exec celery ... -d celery@$${variable}"]` });
        }
      }
    },
  },
  {
    id: 'shutdown/prestop-uses-grace',
    severity: Severity.ERROR,
    title: 'The preStop hook of a worker uses up the grace period',
    why: 'The grace period runs while the hook does, and SIGTERM comes after it: the worker takes new tasks all the while, and has only the rest of the time, or 2 s, '
      + 'to end them.',
    fix: 'Remove the hook, because a worker serves no requests that would have to be drained; or add its time to terminationGracePeriodSeconds.',
    source: 'https://kubernetes.io/docs/concepts/containers/container-lifecycle-hooks/#hook-handler-execution',
    rows: ['N77'],
    on: 'workers',
    check: (worker, report) => {
      const { container, workload } = worker;
      const slept = preStopSeconds(get(container.json, 'lifecycle'));
      const needed = stopsSoft(worker) ? softTimeout(worker) : taskLimit(worker)?.seconds;
      // Some seconds are for endpoints and proxies to learn of it.
      if (slept < LONG_HOOK || (needed === undefined ? slept < workload.graceSeconds / 2 : workload.graceSeconds - slept >= needed)) return;
      const left = workload.graceSeconds - slept;
      report({
        at: worker.place([...container.path, 'lifecycle', 'preStop']), value: `${slept} s of ${workload.graceSeconds} s`, allowed: `a grace period longer by ${slept} s`,
        // Who gives a grace period may know how long the tasks take.
        ...unless(left <= 0 || (needed !== undefined && stopsSoft(worker)), `no task takes longer than ${left} s`), outOfSight: needed !== undefined,
      });
    },
  },
  {
    id: 'shutdown/detached',
    severity: Severity.ERROR,
    title: 'Celery runs as a daemon, in the background of the container',
    why: 'The container ends at once (Completed, then CrashLoopBackOff); or something like `tail -f` is process 1 and '
      + 'tasks are killed at every stop.',
    fix: 'Run in the foreground: no --detach, no `celery multi`.',
    source: 'https://github.com/openwisp/docker-openwisp/issues/694',
    rows: ['S8'],
    on: 'processes',
    check: (process, report) => {
      const detach = process.command.options.get('--detach');
      // The script stops what it has started.
      if (process.links.some((link) => link.kind === 'shell' && link.script.traps)) return;
      if (detach) report({ at: process.place(detach.word.path), value: detach.word.text });
      else if (process.role === 'multi' && /^(start|restart)$/.test(process.command.rest[0]?.text ?? '')) {
        report({
          at: process.commandPlace, value: 'celery multi',
        });
      }
    },
  },
  {
    id: 'shutdown/amqp-heartbeat-stops',
    severity: Severity.WARNING,
    title: 'With RabbitMQ, this Celery stops the heartbeat while it shuts down',
    why: 'RabbitMQ drops the connection during a long warm shutdown: the task that runs cannot be acknowledged and is delivered again.',
    fix: 'Use Celery 5.6.1 or later.',
    source: 'https://github.com/celery/celery/pull/9986',
    rows: ['S9'],
    on: 'workers',
    check: (worker, report) => {
      const version = installedVersion(worker.workload, 'celery');
      const { broker } = worker;
      if (broker && isAmqp(broker.url) && version !== undefined && meets(version, '<5.6.1')) {
        report({
          at: worker.commandPlace, value: `celery==${version}`,
        });
      }
    },
  },
  {
    id: 'shutdown/supervisor-kills',
    severity: Severity.WARNING,
    title: 'supervisord kills the worker long before the grace period of its pod is over',
    why: 'At SIGTERM it waits stopwaitsecs, 10 s by default, and then sends SIGKILL: running tasks are lost at each rollout, whatever terminationGracePeriodSeconds is.',
    fix: 'Set stopwaitsecs of the program to some seconds less than terminationGracePeriodSeconds; or start Celery itself in a container of its own.',
    source: 'https://supervisord.org/configuration.html#program-x-section-settings',
    rows: ['S3'],
    on: 'containers',
    check: (container, report) => {
      const { workload: { graceSeconds, spec, longRunning }, words } = container;
      if (spec.terminationGracePeriodSeconds === undefined || !longRunning || !words.some(({ text }) => /supervisord\b/.test(text))) return;
      for (const { resource, path, text } of supervisorFiles(container)) {
        for (const section of text.replace(/^\s*[;#].*$/gm, '').split(/^(?=\[)/m)) {
          const command = /^\[program:[^\]]*\][^]*?^\s*command\s*=\s*(.*celery\b.*\bworker\b.*)$/m.exec(section)?.[1];
          const given = /^\s*stopwaitsecs\s*=\s*(\d+)\s*$/m.exec(section)?.[1];
          const wait = Number(given ?? SUPERVISOR_WAIT);
          if (command === undefined || (given === undefined && /stopwaitsecs/.test(section)) || wait >= graceSeconds - SHUTDOWN_MARGIN) continue;
          // With SIGQUIT it does not wait for tasks.
          if (/^\s*stopsignal\s*=\s*(SIG)?(QUIT|KILL)\b/m.test(section)) continue;
          report({
            at: { resource, path }, value: given === undefined ? 'no stopwaitsecs' : `stopwaitsecs=${given}`, note: `the pod has ${graceSeconds} s`,
            unless: `no task takes longer than ${wait} s`,
          });
        }
      }
    },
  },
  {
    id: 'shutdown/reloader',
    severity: Severity.WARNING,
    title: 'A worker runs under a program that restarts it when files change',
    why: 'watchmedo auto-restart and the like are for development: at SIGTERM they give their child 10 s or less and kill it, whatever the grace period is, and running tasks are lost.',
    fix: 'Start Celery itself: [celery, -A, shop, worker].',
    source: 'watchmedo auto-restart --kill-after at https://github.com/gorakhargosh/watchdog',
    rows: ['S3'],
    on: 'workers',
    check: ({ container, workload }, report) => {
      const found = workload.longRunning ? reloaderOf(container) : undefined;
      if (!found || (found.killAfter ?? 0) >= workload.graceSeconds) return;
      report({ at: container.place(found.path), value: found.name, unless: 'it is an environment for development' });
    },
  },
];
