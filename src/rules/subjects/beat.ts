import { AGENT_FLAGS } from '../../celery/agent-names';
import { isBase, isPython } from '../../celery/image';
import { DEFAULTS } from '../../celery/settings';
import { meets } from '../../celery/versions';
import { folderOfSchedule, schedulePath } from '../../manifests/beat-schedule';
import { claimFile, sharedFiles } from '../../manifests/claim-files';
import { codeFiles } from '../../manifests/code';
import { seconds } from '../../manifests/code-settings';
import { CHANGED } from '../../manifests/changed';
import { installedVersion } from '../../manifests/installs';
import { grouped } from '../../manifests/grouped';
import { workloadsIn } from '../../manifests/in-namespace';
import { asScalar, get, Path } from '../../manifests/json';
import { isReadOnly } from '../../manifests/pod/volumes';
import { Process } from '../../manifests/process';
import { withoutComments } from '../../manifests/python-text';
import { isAllOfProduct } from '../../manifests/recognise';
import { referencesOf } from '../../manifests/references';
import { isScaled, scalersOf } from '../../manifests/scalers';
import { isTimeZone } from '../../manifests/time-zone';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { listed } from '../printable';
import { Report, Rule, unless } from '../rule';
import { reportSeveralPods } from '../several-pods';
import { Severity } from '../severity';

/** How Beat keeps its schedule. */
type Scheduler = 'file' | 'database' | 'locking' | 'script' | 'unknown';

function scheduler(beat: Process): Scheduler {
  if (runsUnderLock(beat)) return 'locking';
  const option = beat.option('--scheduler');
  const setting = beat.setting('beat_scheduler')?.value;
  const name = unwrapped(setting ?? (option.state === 'known' ? option.value : undefined), beat);
  if (name !== undefined) {
    if (/redbeat/i.test(name)) return 'locking';
    if (/django|DatabaseScheduler|sqlalchemy|database/i.test(name)) return 'database';
    return /^(celery\.beat[.:])?PersistentScheduler$|^celery\.beat[.:]Scheduler$/.test(name) ? 'file' : 'unknown';
  }
  if (option.state === 'set') return 'unknown';
  // The scheduler may also be chosen in code: whatever names another one counts.
  const traces = [...beat.container.env.all()].some(({ name: variable, value }) => /REDBEAT|BEAT_SCHEDULER/i.test(variable)
    || /redbeat/i.test(value ?? ''))
    || codeFiles(beat.container).some(({ text }) => /beat_scheduler|redbeat|DatabaseScheduler/i.test(text));
  if (traces) return 'unknown';
  // A script, or a program that starts Celery in its own way, may choose one, too.
  return beat.plain ? 'file' : 'script';
}

/** Programs of which only one starts what follows them, or tells who may: `single-beat celery beat`, `consul lock`, a leader election. */
const LOCKS = /\bsingle-beat\b|\bconsul\s+lock\b|\bleader-?elect|\b\w*_lock\b/i;

function runsUnderLock({ container: { words, workload: { containers, initContainers } } }: Process): boolean {
  const others = [...containers, ...initContainers].map(({ name, image }) => `${name} ${image.name}`);
  return LOCKS.test([...words.map(({ text }) => text), ...others].join(' '));
}

/**
 * A program that starts Celery in its own way may have a scheduler of its own, and Sentry has none. A script of the image starts Celery as others
 * do: of 13 public deployments with one, and of 92 with the command in sight, none has a lock.
 */
function unlessLocked({ command: { vendor } }: Process): Pick<Report, 'unless'> {
  return unless(['celery', 'unknown', 'sentry'].includes(vendor), 'its scheduler has a lock, like RedBeat');
}

/** Our agent runs the scheduler that its variable names, and without it the one of the application's settings. */
function unwrapped(name: string | undefined, beat: Process): string | undefined {
  if (name !== AGENT_FLAGS.beat[1]) return name;
  const wrapped = beat.container.env.lookup('CDK8S_CELERY_AGENT_SCHEDULER');
  if (wrapped.state === 'unset') return undefined;
  return wrapped.state === 'known' ? wrapped.value : name;
}

/** Unless something out of sight may give another. */
function knownPath(schedule: ReturnType<typeof schedulePath>): string | undefined {
  return schedule?.open ? undefined : schedule?.path;
}

/** The code of the application is in sight: what it does not say it does not do. */
function seesCode(beat: Process): boolean {
  return isPython(beat.container.image) && codeFiles(beat.container).length > 0;
}

/** Folders that are no working directory. */
const TEMPORARY = /^(\/var)?\/(tmp|run|log|cache)(\/|$)|^\/dev\/shm(\/|$)/;

/** How long RedBeat sleeps at most, unless a setting says otherwise. */
const REDBEAT_INTERVAL = 300;

const LONG_INTERVAL = 15 * 60;

/** An interval above a quarter of an hour in the schedule of the code. */
function longInterval(code: string): string | undefined {
  if (!/beat_schedule|add_periodic_task/.test(code)) return undefined;
  for (const match of code.matchAll(/['"]schedule['"]\s*:\s*([\d._]+)|add_periodic_task\(\s*([\d._]+)/g)) {
    if (Number((match[1] ?? match[2]).replaceAll('_', '')) > LONG_INTERVAL) return match[0];
  }
  for (const match of code.matchAll(/timedelta\(\s*(days|weeks|hours|minutes|seconds)\s*=\s*(\d+)/g)) {
    const unit = { days: 86400, weeks: 604800, hours: 3600, minutes: 60, seconds: 1 }[match[1]] ?? 0;
    if (Number(match[2]) * unit > LONG_INTERVAL) return match[0];
  }
  return undefined;
}

/** The first Beat of each application that sends tasks whatever others do, by all of its Beats. */
const activeBeats = lazy((world: World) => {
  const found = new Map<readonly Process[], Process | undefined>();
  for (const beats of new Set(world.beats.map((one) => world.beatsOf(one)))) {
    found.set(beats, beats.find((one) => one.workload.replicas !== 0 && scheduler(one) !== 'locking'));
  }
  return found;
});

/** The time zones that workers are given. */
const timeZones = lazy((workers: readonly Process[]) => [...new Set(workers.flatMap((worker) => worker.setting('timezone')?.value ?? []))].sort());

/** Something ends a Beat of a Job. */
function ends({ workload, links }: Process): boolean {
  const job = [...workload.podPath.slice(0, -1), 'activeDeadlineSeconds'];
  return get(workload.resource.json, ...job) !== undefined || workload.spec.activeDeadlineSeconds !== undefined
    || links.some(({ name }) => name === 'timeout');
}

/** What is the same of Beats that are one Beat twice. */
function identity({ container, workload }: Process): string {
  return JSON.stringify([
    workload.resource.namespace, container.image.text, container.words.map(({ text }) => text),
    container.json.env ?? [], container.json.envFrom ?? [],
    // Two apps may be called alike: their code tells them apart, and so do the files that they are given.
    container.mounts.map(({ mountPath, volume: { kind, source } }) => kind === 'emptyDir' ? [] : [mountPath, source]),
    codeFiles(container).map(({ text }) => text),
  ]);
}

/**
 * Beats of one app in one namespace, whose images are called alike, who ask for a Secret or ConfigMap of the same name, and whose brokers are not
 * known to differ.
 */
function likelyTheSame(beats: readonly Process[]): Process[][] {
  const likely = ({ container: { image }, app, workload }: Process): string => JSON.stringify([workload.resource.namespace, app, image.name]);
  return [...grouped(beats.map((beat) => [likely(beat), beat])).values()].map((group) => {
    const [first, ...others] = group;
    const asked = new Set(referencesOf(first.workload).map(({ kind, name }) => `${kind} ${name}`));
    const same = others.filter((other) => (other.broker === undefined || first.broker === undefined || other.broker.text === first.broker.text)
      && other.workload.resource.name !== first.workload.resource.name && codeFiles(other.container).length === 0 && !areToldApart(first, other)
      && referencesOf(other.workload).some(({ kind, name }) => asked.has(`${kind} ${name}`)));
    return same.length > 0 && codeFiles(first.container).length === 0 ? [first, ...same] : [];
  }).filter((group) => group.length > 0);
}

/** A variable of both has different values: `TENANT`, `REGION`, `DJANGO_SETTINGS_MODULE`. */
function areToldApart({ container: { env } }: Process, { container: other }: Process): boolean {
  return [...env.all()].some(({ name, source, value }) => {
    const theirs = other.env.get(name);
    return source === 'value' && theirs?.source === 'value' && value !== theirs.value && !/LOG|DEBUG|VERBOS/.test(name);
  });
}

/** Beats of one image of which some are known by names only, so that their application is out of sight. */
function ofOneImage(beats: readonly Process[]): Process[][] {
  const running = beats.filter(({ workload, container: { image } }) => workload.replicas !== 0 && image.text !== '' && !isBase(image));
  return [...grouped(running.map((beat) => [`${beat.workload.resource.namespace} ${beat.container.image.text}`, beat])).values()]
    .map((group) => [...new Map(group.map((beat) => [beat.workload.resource.name, beat])).values()])
    .filter((group) => group.length > 1 && group.some(({ app }) => app === undefined) && group.every((beat) => scheduler(beat) !== 'locking'))
    .filter((group) => new Set(group.map(({ workload }) => referencesOf(workload).map(({ name }) => name).sort().join('\n'))).size === 1);
}

/** What makes a worker run a Beat as well: `-B`, or what the script of Grafana OnCall takes for it. */
function beatOption(worker: Process): { readonly value: string; readonly path: Path | undefined; readonly ofProduct?: boolean } | undefined {
  const option = worker.option('--beat');
  if (option.state === 'known') return worker.flag('--beat') ? { value: '--beat', path: option.path } : undefined;
  const { env, image } = worker.container;
  const enabled = /(^|\/)oncall$/.test(image.repository) ? env.get('CELERY_WORKER_BEAT_ENABLED') : undefined;
  return enabled && /^(true|1|yes)$/i.test(enabled.value ?? '') ? { value: `${enabled.name}=${enabled.value}`, path: enabled.path, ofProduct: true } : undefined;
}

/** What else Beat may keep on a claim. */
const OF_OTHER_FILES = /(^|[^a-z])(logs?|media|static|uploads?|reports?|exports?|backups?|caches?|models?)([^a-z]|$)/i;

/** Periodic tasks in code: a dictionary with at least one, or a call. */
const PERIODIC = /(?<!\w)['"]?(CELERY_BEAT_SCHEDULE|CELERYBEAT_SCHEDULE|beat_schedule)['"]?\s*[=:]\s*\{\s*(?=['"])|(?<=\.)(add_periodic_task)\(/;

/** Code that starts a Beat, or a worker with one. */
const STARTS_BEAT = /['"](-B|--beat|beat)['"]|\bbeat\s*=\s*True|\.Beat\(/;

const BEAT = /(^|[^a-z])((celery-?)?beat|clock|cron|timer)([^a-z]|$)|schedul|redbeat|\s-\w*B(\s|$)/i;

/** Programs that start several others, of which one may be Beat. */
const SEVERAL = /supervis|honcho|circus|foreman|s6-/;

/** The namespaces in which something runs Beat, or may: by its name or its words, or in a program that starts several. */
const namespacesOfBeat = lazy((world: World): ReadonlySet<string> => new Set([
  ...world.beats.map(({ workload }) => workload),
  ...world.unknown.map(({ workload }) => workload),
  ...world.workers.filter((worker) => !worker.plain || worker.hint !== undefined || beatOption(worker) !== undefined).map(({ workload }) => workload),
  // A Job and a CronJob end: `backup-cron` is none.
  ...world.workloads.filter(({ resource, longRunning, allContainers }) => longRunning && (BEAT.test(resource.name)
    || allContainers.some(({ name, image, words }) => {
      const command = words.map(({ text }) => text).join(' ');
      return BEAT.test(`${name} ${image.name} ${command}`) || SEVERAL.test(command);
    }))),
].map(({ resource }) => resource.namespace)));

export const beatRules: Rule[] = [
  {
    id: 'beat/schedule-not-writable',
    severity: Severity.ERROR,
    title: 'Beat cannot write its schedule file',
    why: 'Beat exits at startup: `OSError: [Errno 30] Read-only file system: \'celerybeat-schedule\'`; as another user `Removing corrupted schedule '
      + 'file \'celerybeat-schedule\': error(13, \'Permission denied\')` and `PermissionError: [Errno 13]`. Without -s the file is in the working '
      + 'directory.',
    fix: 'Give -s a path on a writable volume: -s /var/lib/celery/celerybeat-schedule with an emptyDir or a claim at /var/lib/celery.',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['F1', 'Z1'],
    on: 'beats',
    check: (beat, report) => {
      const kind = scheduler(beat);
      const schedule = schedulePath(beat);
      const { container } = beat;
      const there = kind === 'file' ? folderOfSchedule(beat) : undefined;
      if (there) {
        report({
          at: container.place(there.path), value: there.mountPath, allowed: `-s ${there.mountPath}/${DEFAULTS.scheduleFile}`, note: 'a folder is where the file should be',
          unless: 'Beat works in another folder, or the application sets beat_schedule_filename or another beat_scheduler',
        });
        return;
      }
      if (kind !== 'file' || !schedule) return;
      const { path, explicit, open, at, written } = schedule;
      // A path on the command line, or all of the code in sight: no other scheduler hides in the application.
      const unsure = unless(!open && (explicit || seesCode(beat)), 'the application sets beat_schedule_filename or another beat_scheduler');
      if (path === undefined) {
        // It lies in the working directory of the image, which is no folder for what is temporary.
        const others = container.mounts.filter((mount) => !isReadOnly(mount));
        if (container.readOnlyRoot && others.every(({ mountPath }) => TEMPORARY.test(mountPath))) {
          report({
            at, value: written, allowed: 'a path on a writable volume', ...unsure,
            ...unless(!explicit || others.length === 0, `the image works in ${others[0]?.mountPath}`),
          });
        }
        return;
      }
      const folder = container.mounts.find((mount) => mount.mountPath === path && mount.subPath === undefined);
      if (folder && folder.volume.kind !== 'unknown') {
        report({
          at, value: path, allowed: `${path}/${DEFAULTS.scheduleFile}`, note: `it is the folder of the ${folder.volume.kind} itself`,
          ...unless(isPython(container.image), 'its dbm adds an ending to the name'),
        });
        return;
      }
      if (container.writable(path) === 'no') {
        const mount = container.mountOf(path);
        report({
          at, value: path, allowed: 'a path on a writable volume', ...unsure,
          note: mount && `it lies on the ${mount.volume.kind} at ${mount.mountPath}`,
        });
      } else if (!container.mountOf(path) && isPython(container.image) && (container.runAsUser ?? 0) > 0
        && !/^\/(tmp|var\/tmp|dev\/shm)\//.test(path)) {
        report({
          at, value: path, allowed: 'a path on a writable volume', ...unsure, note: `user ${container.runAsUser} may not write there in this image`,
        });
      }
    },
  },
  {
    id: 'beat/more-than-one',
    severity: Severity.ERROR,
    title: 'More than one Beat runs at the same time',
    why: 'Each of them sends every periodic task: all run two times and more. On one volume the second deletes the schedule of the first: `Removing '
      + 'corrupted schedule file \'celerybeat-schedule\': error(11, \'Resource temporarily unavailable\')`.',
    fix: 'Set replicas: 1 and strategy.type: Recreate; or use a scheduler with a lock, like RedBeat.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#starting-the-scheduler',
    rows: ['B1', 'B6', 'Z2'],
    on: 'beats',
    check: (beat, report, world) => {
      const kind = scheduler(beat);
      if (kind === 'locking' || kind === 'unknown') return;
      const { resource } = beat.workload;
      reportSeveralPods(beat.container, unlessLocked(beat), CHANGED, report, world);
      if (resource.kind === 'DaemonSet') {
        report({ at: { resource, path: ['kind'] }, value: 'DaemonSet', allowed: 'Deployment or StatefulSet', ...unlessLocked(beat) });
      }
      const policy = asScalar(get(resource.json, 'spec', 'concurrencyPolicy')) ?? 'Allow';
      if (resource.kind === 'CronJob' && policy === 'Allow' && !ends(beat)) {
        report({
          at: { resource, path: ['spec', 'schedule'] }, value: 'a CronJob', allowed: 'Deployment or StatefulSet',
          note: 'each run starts one, and none of them ends', ...unlessLocked(beat),
        });
      }
      for (const scaler of scalersOf(beat.workload, world)) {
        const most = get(scaler.json, 'spec', 'maxReplicas') ?? get(scaler.json, 'spec', 'maxReplicaCount');
        if (most !== 1) {
          report({
            at: { resource: scaler, path: ['spec', 'scaleTargetRef'] }, value: `${scaler.kind} ${scaler.name}`, allowed: 'no autoscaler on Beat', ...unlessLocked(beat),
          });
        }
      }
    },
  },
  {
    id: 'beat/two-deployments',
    severity: Severity.ERROR,
    title: 'Two workloads run the same Beat',
    why: 'Each of them sends every periodic task.',
    fix: 'Keep one of them.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#starting-the-scheduler',
    rows: ['B6'],
    check: (world, report) => {
      const groups = new Map<string, Process[]>();
      for (const beat of world.beats) {
        if (beat.app === undefined || beat.workload.replicas === 0 || ['locking', 'unknown'].includes(scheduler(beat))) continue;
        const key = identity(beat);
        const group = groups.get(key);
        if (group) group.push(beat);
        else groups.set(key, [beat]);
      }
      for (const group of groups.values()) {
        const names = [...new Set(group.map(({ workload }) => `${workload.resource.kind} ${workload.resource.name}`))].sort();
        if (names.length < 2) continue;
        const value = listed(names);
        for (const beat of group) report({ at: beat.commandPlace, value });
      }
      for (const group of likelyTheSame([...groups.values()].map(([first]) => first))) {
        const value = listed(group.map(({ workload }) => `${workload.resource.kind} ${workload.resource.name}`).sort());
        for (const beat of group) report({ at: beat.commandPlace, value, unless: 'they have different brokers or schedules' });
      }
      for (const group of ofOneImage(world.beats)) {
        const value = listed(group.map(({ workload }) => `${workload.resource.kind} ${workload.resource.name}`).sort());
        for (const beat of group) report({ at: beat.commandPlace, value, unless: 'one of them is no Beat, or they have different schedules' });
      }
    },
  },
  {
    id: 'beat/schedule-shared',
    severity: Severity.ERROR,
    title: 'Several Beats keep their schedule in one file of a claim',
    why: 'Each removes the entries of the others, which then run too early, too late or not at all; a Beat that finds the file locked deletes it: `Removing '
      + 'corrupted schedule file`.',
    fix: 'Give each Beat a claim of its own, or a path of its own with -s.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#starting-the-scheduler',
    rows: ['B6'],
    check: (world, report) => {
      const keeping = world.beats.filter(({ container: { mounts } }) => mounts.some(({ volume }) => volume.kind === 'claim')).filter((beat) => scheduler(beat) === 'file');
      for (const { file, processes } of sharedFiles(keeping.map((beat) => [beat, claimFile(beat.container, knownPath(schedulePath(beat)))]))) {
        // Of one Beat twice, beat/two-deployments says it.
        const second = processes.find((beat) => identity(beat) !== identity(processes[0]));
        if (!second) continue;
        report({
          at: schedulePath(second)!.at, value: `claim ${file.claim}, file ${file.path}`,
          note: `it is that of ${listed(processes.map(({ workload: { resource } }) => `${resource.kind} ${resource.name}`))}`,
        });
      }
    },
  },
  {
    id: 'beat/rolling-update',
    severity: Severity.ERROR,
    title: 'Two Beats run during a rollout, because the new pod starts before the old one has stopped',
    why: 'Every periodic task that is due meanwhile is sent twice.',
    fix: 'Set strategy.type: Recreate.',
    source: 'https://github.com/inveniosoftware/helm-invenio/pull/159',
    rows: ['B1'],
    on: 'processes',
    check: (process, report) => {
      const { container, role, workload: { resource, rolls, replicas } } = process;
      if (!rolls || replicas === 0) return;
      const fault = { at: { resource, path: ['spec', 'strategy'] }, value: 'RollingUpdate', allowed: 'Recreate' };
      if (role === 'worker' && isAllOfProduct(container)) report({ ...fault, note: `${container.image.name} also runs a Beat`, severity: Severity.WARNING });
      const kind = role === 'beat' ? scheduler(process) : 'unknown';
      if (kind !== 'locking' && kind !== 'unknown') report({ ...fault, ...unlessLocked(process) });
    },
  },
  {
    id: 'beat/in-worker',
    severity: Severity.ERROR,
    title: 'Every pod of a scaled worker also runs a Beat',
    why: 'With two workers every periodic task is sent twice; when the first is scaled away, none is.',
    fix: 'Remove -B, and run one Beat of its own.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#starting-the-scheduler',
    rows: ['B2'],
    on: 'workers',
    check: (worker, report, world) => {
      const option = beatOption(worker);
      if (!option || scheduler(worker) === 'locking') return;
      const other = worker.app === undefined ? undefined : activeBeats(world).get(world.beatsOf(worker));
      if (other) {
        const { resource } = other.workload;
        report({ at: worker.place(option.path), value: option.value, note: `${resource.kind} ${resource.name} runs the Beat of this application already` });
        return;
      }
      const safe = !isScaled(worker.workload, world) && !worker.workload.rolls;
      if (safe && option.ofProduct) return; // The way that the product documents for one worker.
      report({
        at: worker.place(option.path), value: option.value,
        ...safe ? { severity: Severity.WARNING, note: 'as soon as there is more than one' }
          : isScaled(worker.workload, world) ? {} : { note: 'during every deploy, and as soon as there is more than one' },
      });
    },
  },
  {
    id: 'beat/interval-never-fires',
    severity: Severity.WARNING,
    title: 'Long intervals never fire when the schedule file is not persistent',
    why: 'An interval counts from the start of Beat: with a new file at every deploy, a daily task never runs when you '
      + 'deploy daily. No error anywhere.',
    fix: 'Use crontab(...) schedules, or put the schedule file on a claim.',
    source: 'https://github.com/PostHog/posthog/issues/42607',
    rows: ['B3'],
    on: 'beats',
    check: (beat, report) => {
      const schedule = schedulePath(beat);
      if (scheduler(beat) !== 'file' || !schedule || schedule.path === undefined) return;
      const kind = beat.container.mountOf(schedule.path)?.volume.kind;
      if (kind !== undefined && kind !== 'emptyDir') return;
      for (const { text, place } of codeFiles(beat.container)) {
        const interval = longInterval(text);
        if (interval !== undefined) report({ at: place, value: interval, note: `the file is ${schedule.path}` });
      }
    },
  },
  {
    id: 'beat/claim-not-used',
    severity: Severity.WARNING,
    title: 'Beat has a claim, and keeps its schedule file elsewhere',
    why: 'The file is lost with the pod, as without the claim: Beat forgets when it last sent each task, and intervals begin again.',
    fix: 'Put the schedule file on the claim: -s /var/lib/beat/celerybeat-schedule, with the claim at /var/lib/beat.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#starting-the-scheduler',
    rows: ['B3'],
    on: 'beats',
    check: (beat, report, world) => {
      const schedule = scheduler(beat) === 'file' ? schedulePath(beat) : undefined;
      const { container, workload } = beat;
      if (!schedule?.explicit || schedule.path === undefined || schedule.open) return;
      if (!['emptyDir', undefined].includes(container.mountOf(schedule.path)?.volume.kind)) return;
      const claims = container.mounts.filter((mount) => mount.volume.kind === 'claim' && !isReadOnly(mount));
      const [mount, ...others] = claims;
      if (!mount || others.length > 0 || world.in(workload).length > 1) return;
      const { mountPath, path, volume: { claim = mount.volume.name, name } } = mount;
      // What other pods mount has another purpose, and what is called otherwise may have one.
      const shared = workloadsIn(workload.resource.namespace, world).some(({ resource, volumes }) => resource !== workload.resource && [...volumes.values()].some((volume) => volume.kind === 'claim' && volume.claim === claim));
      if (shared || !/beat|schedul/i.test(`${mountPath} ${claim} ${name}`) || OF_OTHER_FILES.test(`${mountPath} ${claim} ${name}`)) return;
      report({
        at: container.place(path), value: `claim ${claim} at ${mountPath}`, allowed: `-s ${mountPath}/${DEFAULTS.scheduleFile}`,
        note: `the schedule file is ${schedule.path}`, unless: 'Beat keeps something else on it',
      });
    },
  },
  {
    id: 'beat/nobody-sends',
    severity: Severity.WARNING,
    title: 'The settings have periodic tasks, and nothing in sight runs Beat',
    why: 'A worker sends no periodic task: nothing is in the log, and none of them ever runs.',
    fix: 'Add a Deployment of one replica: celery -A shop beat.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#starting-the-scheduler',
    rows: ['B10'],
    check: (world, report) => {
      const workers = world.workers.filter(({ workload }) => !namespacesOfBeat(world).has(workload.resource.namespace));
      for (const [, own] of grouped(workers.map((worker) => [worker.workload.resource.namespace, worker]))) {
        const files = new Map(own.flatMap(({ container }) => codeFiles(container).map((file) => [file.text, file] as const)));
        if ([...files.keys()].some((code) => STARTS_BEAT.test(code))) continue;
        for (const { text, place } of files.values()) {
          const [, setting, call] = PERIODIC.exec(withoutComments(text)) ?? [];
          const found = setting ?? call;
          if (found !== undefined) report({ at: place, value: found, unless: 'Beat is not among these manifests' });
        }
      }
    },
  },
  {
    id: 'beat/stale-pidfile',
    severity: Severity.ERROR,
    title: 'The pidfile outlives the container, so Celery refuses to start again',
    why: 'After a kill: `ERROR: Pidfile (celerybeat.pid) already exists. Seems we\'re already running? (pid: 1)`, exit 73. Process 1 is always '
      + 'alive; Celery 5.5 knows that it is itself. An emptyDir keeps the file too: the container restarts, the pod stays.',
    fix: 'Set --pidfile= (empty): Kubernetes needs none.',
    source: 'https://github.com/cookiecutter/cookiecutter-django/issues/2729',
    rows: ['B5'],
    on: 'processes',
    check: (process, report) => {
      const pidfile = process.option('--pidfile');
      if (pidfile.state !== 'known' || pidfile.value === '' || process.role === 'multi') return;
      const path = process.container.absolute(pidfile.value);
      const mount = path === undefined ? undefined : process.container.mountOf(path);
      if (!mount || isReadOnly(mount) || mount.volume.kind === 'unknown') return;
      // Something removes it first.
      const { container } = process;
      if ([...container.invocations, ...process.workload.initContainers.flatMap(({ invocations }) => invocations)]
        .some(({ words }) => words[0].text.endsWith('rm') && words.some(({ text }) => text.includes('pid') || text.includes('*')))) return;
      const where = `it lies on the ${mount.volume.kind} at ${mount.mountPath}`;
      const version = installedVersion(process.workload, 'celery');
      if (version !== undefined && meets(version, '>=5.5')) return;
      report({
        at: process.place(pidfile.path), value: pidfile.value,
        note: where, ...unless(version !== undefined, 'the image has Celery 5.5'),
      });
    },
  },
  {
    id: 'beat/unknown-timezone',
    severity: Severity.ERROR,
    title: 'The time zone does not exist',
    why: 'Beat and workers exit at startup: `No time zone found with key Europe/Nowhere`.',
    fix: 'Use a name from the IANA time zone database, such as Europe/Berlin, or UTC.',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['B8'],
    on: 'processes',
    check: (process, report) => {
      const setting = process.setting('timezone');
      if (setting && !isTimeZone(setting.value)) report({ at: setting.at, value: setting.value });
    },
  },
  {
    id: 'beat/timezone-differs',
    severity: Severity.WARNING,
    title: 'Beat has a different time zone than the workers of its application',
    why: 'Times of crontab schedules and ETAs are off; each change of the zone clears the schedule: `Reset: Timezone changed from ... to ...`.',
    fix: 'Set timezone once, in the configuration that all of them load.',
    source: 'setup_schedule in celery/beat.py at https://github.com/celery/celery',
    rows: ['B8'],
    on: 'beats',
    check: (beat, report, world) => {
      const setting = beat.setting('timezone');
      if (!setting || beat.app === undefined) return;
      const other = timeZones(world.workersOf(beat)).find((value) => value !== setting.value);
      if (other !== undefined) report({ at: setting.at, value: setting.value, note: `a worker has ${other}` });
    },
  },
  {
    id: 'beat/lock-expires',
    severity: Severity.ERROR,
    title: 'The lock of RedBeat expires while Beat sleeps',
    why: 'Beat extends it only once per loop: `redis.exceptions.LockNotOwnedError: Cannot extend a lock that is no longer owned`, and Beat ends, hundreds of '
      + 'times in two weeks. Meanwhile another Beat may run.',
    fix: 'Set redbeat_lock_timeout to five times beat_max_loop_interval, as by default, and shorten the interval for a quick failover.',
    source: 'https://github.com/sibson/redbeat/issues/230',
    rows: ['N24'],
    on: 'beats',
    check: (beat, report) => {
      const lock = beat.setting('redbeat_lock_timeout');
      const timeout = seconds(lock?.value ?? '');
      if (!lock || timeout === undefined || timeout <= 0 || !['locking', 'unknown'].includes(scheduler(beat))) return;
      const given = beat.setting('beat_max_loop_interval');
      const option = beat.option('--max-interval');
      if (option.state === 'set' || (beat.sets('beat_max_loop_interval') && !given)) return;
      const interval = beat.number('--max-interval') ?? (seconds(given?.value ?? '') || REDBEAT_INTERVAL);
      if (timeout >= 2 * interval) return;
      const certain = lock.variable === undefined && (option.state === 'known' || given ? given?.variable === undefined : seesCode(beat));
      report({
        at: lock.at, value: `${timeout} s, a loop of ${interval} s`, allowed: `${5 * interval} s`,
        ...unless(certain, 'the application sets another of the two'),
      });
    },
  },
];
