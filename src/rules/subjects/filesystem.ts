import { mebibytes, quantity } from '../../celery/quantity';
import { Image, isBitnami, isFlower, isPython } from '../../celery/image';
import { schedulePath } from '../../manifests/beat-schedule';
import { brokerUse } from '../../manifests/brokers';
import { claimFile, sharedFiles } from '../../manifests/claim-files';
import { boundVolume, claimNamed, isNotAttached, templateOf } from '../../manifests/claims';
import { databasePath } from '../../manifests/flower-options';
import { grouped } from '../../manifests/grouped';
import { workloadsIn } from '../../manifests/in-namespace';
import { asList, asMap, asNumber, asText, get, JsonObject, Path } from '../../manifests/json';
import { applicationContainers } from '../../manifests/named-hosts';
import { isForOpenShift } from '../../manifests/openshift';
import { Container } from '../../manifests/pod/container';
import { isReadOnly, Mount, Volume } from '../../manifests/pod/volumes';
import { Workload } from '../../manifests/pod/workload';
import { probesOf } from '../../manifests/probes';
import { Process } from '../../manifests/process';
import { dataFolder, nodeNameOf, rabbitBrokers, rabbitServers } from '../../manifests/rabbit-server';
import { Resource } from '../../manifests/resource';
import { isScaled, mostReplicas } from '../../manifests/scalers';
import { serverWorkloads } from '../../manifests/servers';
import { ownResults, ownSqliteFiles } from '../../manifests/sqlite-files';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { LISTS } from '../lists';
import { listed } from '../printable';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** The images of Bitnami run as that user. */
const BITNAMI_USER = 1001;

const TEMPORARY = ['/tmp', '/var/tmp', '/usr/tmp'];

/** Images whose user is documented: root, or a name that kubelet cannot check. */
function imageUser(image: Image): 'root' | 'named' | undefined {
  if (image.official && ['python', 'redis', 'valkey', 'rabbitmq'].includes(image.name)) return 'root';
  return isFlower(image) ? 'named' : undefined;
}

/** The permissions of a file that a Secret or a ConfigMap brings to a path; undefined where something else is there, or a template fills them in. */
function modeOf(path: string, container: Container): { readonly mode: number; readonly at: Path } | undefined {
  const mount = container.mountOf(path);
  const { kind, source, path: at } = mount?.volume ?? {};
  if (!mount || !source || !at || (kind !== 'configMap' && kind !== 'secret' && kind !== 'projected') || (mount.mountPath === path && mount.subPath === undefined)) return undefined;
  const inside = mount.mountPath === path ? mount.subPath : path.slice(mount.mountPath.length + 1);
  const parts: ReadonlyArray<readonly [unknown, Path]> = kind === 'projected'
    ? asList(source.sources).flatMap((part, i) => ['configMap', 'secret'].map((name) => [get(part, name), [...at, kind, 'sources', i, name]] as const)) : [[source, [...at, kind]]];
  const item = parts.flatMap(([part, steps]) => asList(get(part, 'items')).map((one, i) => ({ one, where: [...steps, 'items', i, 'mode'] })))
    .find(({ one }) => get(one, 'path') === inside && get(one, 'mode') !== undefined);
  const [given, where] = item ? [get(item.one, 'mode'), item.where] : [source.defaultMode, source.defaultMode === undefined ? at : [...at, kind, 'defaultMode']];
  const mode = given === undefined ? 0o644 : asNumber(given);
  return mode === undefined || mode > 0o777 ? undefined : { mode, at: where };
}

const INIT = /(^|\/)(tini|dumb-init|catatonit)$/;

/** The programs that a container starts by their paths: its command, also behind tini, and those of its probes and hooks. */
function startedPaths(container: Container): Array<{ readonly path: string; readonly by?: string }> {
  const { words } = container;
  const first = INIT.test(words[0]?.text ?? '') && words[1]?.text === '--' ? words[2] : words[0];
  const hooks = ['postStart', 'preStop'].map((name) => ({ name, path: asText(asList(get(container.json, 'lifecycle', name, 'exec', 'command'))[0]) ?? '' }));
  return [
    ...container.ownsEntrypoint && first && !first.unknown ? [{ path: first.text }] : [],
    ...probesOf(container).map(({ kind, raw }) => ({ path: raw[0] ?? '', by: kind })), ...hooks.map(({ name, path }) => ({ path, by: name })),
  ].filter(({ path }) => path.startsWith('/'));
}

const octal = (mode: number): string => `0${mode.toString(8)}`;

/** The users of its namespaces begin there. */
const LEAST_OF_OPENSHIFT = 1_000_000_000;

/** A temporary folder that Python finds: TMPDIR, the usual ones, or the working directory. */
function temporaryFolder({ container }: Process): 'yes' | 'no' | 'perhaps' | 'unknown' {
  if (!container.readOnlyRoot) return 'yes';
  const named = ['TMPDIR', 'TEMP', 'TMP'].map((name) => container.env.lookup(name));
  const folders = [...TEMPORARY, ...named.flatMap((found) => found.state === 'known' ? [found.value] : [])];
  if (folders.some((folder) => container.writable(folder) === 'yes')) return 'yes';
  // The working directory of the image may lie on any writable volume.
  const current = container.workingDir === undefined ? container.mounts.some((mount) => !mount.readOnly) ? 'unknown' : 'no'
    : container.writable(container.workingDir);
  if (current === 'yes') return 'yes';
  // Variables that are out of sight can only name a folder that there is.
  const anywhere = container.mounts.some((mount) => !isReadOnly(mount));
  if (named.some(({ state }) => state === 'set' || (state === 'maybe' && anywhere)) || folders.some((folder) => container.writable(folder) === 'unknown')) return 'unknown';
  return current === 'unknown' ? 'perhaps' : 'no';
}

function acceptsPickle(worker: Process): boolean {
  return /\b(pickle|application\/x-python-serialize)\b/.test(worker.setting('accept_content')?.value ?? '');
}

/** `media` of `media-pv` and `media-pvc`. */
const stem = (name: string): string => name.replace(/[-_](pvc?|claim|volume|persistent|data|storage)(?=[-_]|$)/g, '');

/** Whether nothing attaches the volume of a claim, a folder of a node or a network file system: by its class, by a volume, or perhaps by its name. */
function onFolderOfNode(claim: Resource | undefined, world: World): 'yes' | 'perhaps' | 'no' {
  if (!claim) return 'no';
  const spec = asMap(claim.json.spec);
  if (isNotAttached(claim.json, world)) return 'yes';
  const found = world.kind('PersistentVolume').flatMap(({ name, json }) => {
    const volume = asMap(json.spec);
    if (volume.hostPath === undefined && volume.local === undefined) return [];
    const reserved = get(volume, 'claimRef');
    const forThis = get(reserved, 'name') === claim.name && ['', get(reserved, 'namespace')].includes(claim.namespace);
    const sameClass = (spec.storageClassName ?? '') === (volume.storageClassName ?? '');
    if (spec.volumeName === name || forThis) return [sameClass ? 'yes' : 'perhaps'] as const;
    return reserved === undefined && spec.volumeName === undefined && stem(name) === stem(claim.name) && sameClass ? ['perhaps'] as const : [];
  });
  return found.includes('yes') ? 'yes' : found[0] ?? 'no';
}

/**
 * Shares files with what is next to it, also with the pod that takes its place: workers, a Beat or a Flower that keeps its own file elsewhere, and a
 * Redis that saves nothing.
 */
function onlySharesFiles(workload: Workload, { volume }: Mount, world: World): boolean {
  const processes = world.in(workload);
  const servers = world.redisServers.filter(({ container }) => container.workload === workload);
  // A Redis without snapshots and without an append-only file writes nothing.
  if (servers.length === workload.containers.length) return servers.every(({ saves, opaque }) => saves === false && !opaque);
  return processes.length > 0 && processes.every((process) => {
    if (process.role === 'flower') return isElsewhere(process, databasePath(process), volume);
    // The working directory of an image is where its code is.
    const schedule = process.role === 'beat' ? schedulePath(process) : undefined;
    return process.role === 'worker' || (schedule && isElsewhere(process, schedule.path, volume));
  });
}

function isElsewhere({ container }: Process, path: string | undefined, volume: Volume): boolean {
  return path === undefined || container.mountOf(path)?.volume !== volume;
}

/** A rolling update may end all pods before new ones are ready. */
function allMayGo({ resource, replicas = 1 }: Workload): boolean {
  const most = get(resource.json, 'spec', 'strategy', 'rollingUpdate', 'maxUnavailable');
  return most === '100%' || (typeof most === 'number' && most >= replicas);
}

function claimModes(mount: Mount, world: World, namespace: string): readonly unknown[] {
  const claim = mount.volume.claim;
  if (claim === undefined) return asList(get(mount.volume.source, 'spec', 'accessModes'));
  return asList(get(claimNamed(claim, namespace, world), 'spec', 'accessModes'));
}

/** Folders that tasks write to while they run. */
const FOR_FILES = /(^|[/_-])(te?mp|cache|scratch|work|data|media|uploads?|downloads?|files)([/_-]|$)/i;

/** Variables that name a folder: written at every start, or a cache that may be filled already. */
const FOLDERS: ReadonlyMap<string, 'written' | 'cache'> = new Map([
  ...['PROMETHEUS_MULTIPROC_DIR', 'prometheus_multiproc_dir'].map((name) => [name, 'written'] as const),
  ...[
    'MPLCONFIGDIR', 'HF_HOME', 'HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'TRANSFORMERS_CACHE', 'SENTENCE_TRANSFORMERS_HOME', 'TORCH_HOME', 'XDG_CACHE_HOME',
    'XDG_CONFIG_HOME', 'XDG_DATA_HOME', 'NLTK_DATA', 'NUMBA_CACHE_DIR', 'TRITON_CACHE_DIR', 'FONTCONFIG_CACHE', 'YOLO_CONFIG_DIR', 'EASYOCR_MODULE_PATH',
    'TIKTOKEN_CACHE_DIR', 'PLAYWRIGHT_BROWSERS_PATH',
  ].map((name) => [name, 'cache'] as const),
]);

/** Each pod has a folder of its own in the volume, by its name. */
function perPod({ mountPath }: Mount, { json }: Container): boolean {
  return asList(json.volumeMounts).some((mount) => get(mount, 'mountPath') === mountPath && get(mount, 'subPathExpr') !== undefined);
}

/** What belongs to root on the way to a folder that a container has to make, where it runs as another user. */
function ownerOf(folder: string, container: Container): string | undefined {
  if (container.mountOf(folder) || (container.runAsUser ?? 0) === 0) return undefined;
  if (/^\/root(\/|$)/.test(folder)) return '/root';
  // A folder with a dot in front is one that a program makes: `/.cache`.
  return /^\/\.[^/]+/.test(folder) ? '/' : undefined;
}

interface ClaimUse {
  readonly workload: Workload;
  readonly path: Path;
}

/** The claims of the input that only one node may mount, and what keeps running with them, or runs again and again. */
const claims = lazy((world: World) => {
  const users = grouped(world.workloads.filter(({ resource, longRunning, replicas }) => (longRunning || resource.kind === 'CronJob') && replicas !== 0).flatMap((workload) =>
    [...workload.volumes.values()].flatMap(({ claim, path }): Array<readonly [string, ClaimUse]> => claim === undefined ? []
      : [[`${workload.resource.namespace}/${claim}`, { workload, path }]])));
  return [...users].flatMap(([name, own]) => {
    const claim = name.slice(name.indexOf('/') + 1);
    const { namespace } = own[0].workload.resource;
    const json = claimNamed(claim, namespace, world);
    const modes = asList(get(json, 'spec', 'accessModes'));
    const once = modes.length > 0 && modes.every((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');
    if (!once || (isNotAttached(json, world) && !modes.includes('ReadWriteOncePod'))) return [];
    const made = templateOf(claim, namespace, world);
    // The same workload may be in the input twice.
    const all = made && made.workload.replicas !== 0 ? [...own, { workload: made.workload, path: made.volume.path }] : own;
    return [{ claim, modes, users: [...new Map(all.map((use) => [`${use.workload.resource.kind}/${use.workload.resource.name}`, use])).values()] }];
  });
});

/** Those that several pods mount at the same time, by namespace and name. */
const claimsOfSeveral = lazy((world: World) => new Set(claims(world).filter(({ users }) => users.length > 1 || (users[0].workload.replicas ?? 1) > 1)
  .map(({ claim, users }) => `${users[0].workload.resource.namespace}/${claim}`)));

/** The claims that a workload writes to, whatever their access modes are. */
function written(workload: Workload): Array<readonly [string, ClaimUse & { readonly claim: string }]> {
  const mounts = workload.containers.flatMap((container) => container.mounts);
  const volumes = new Set(mounts.filter((mount) => mount.volume.kind === 'claim' && !isReadOnly(mount)).map(({ volume }) => volume));
  return [...volumes].flatMap(({ claim, path }) => claim === undefined ? [] : [[`${workload.resource.namespace}/${claim}`, { workload, claim, path }]]);
}

const writersOfClaims = lazy((world: World) => grouped(world.workloads
  .filter(({ longRunning, replicas }) => longRunning && replicas !== 0).flatMap(written)));

/** Names of folders in which one program leaves files for another. */
const EXCHANGED = /(^|[/_-])(uploads?|media|shared|incoming|inbox|exchange)([/_-]|$)/i;

/** Folders that a pod has for itself, whatever else has one at that path. */
const OF_ITS_OWN = /te?mp|cache|log|run|conf|secret|static|model|shm/i;

/** Variables that name a folder of files which others read. */
const OF_FILES = /STORAGE|UPLOAD|MEDIA|DOCUMENT|ATTACHMENT|(^|_)FILES?_/;

/** The name of the volume and the image are those of the other pod: one program that looks for its files in one folder. */
function isTwin(container: Container, mount: Mount, other: Workload): boolean {
  const named = namesFolder(container, mount);
  if (OF_ITS_OWN.test(mount.volume.name) || (!named && OF_ITS_OWN.test(mount.mountPath))) return false;
  return other.containers.some((twin) => twin.image.text === container.image.text && (!named || namesFolder(twin, mount))
    && twin.mounts.some(({ mountPath, volume, readOnly }) => mountPath === mount.mountPath && volume.name === mount.volume.name && !readOnly));
}

/** A variable says that the files are there, also below /tmp. */
function namesFolder({ env }: Container, { mountPath }: Mount): boolean {
  return [...env.all()].some(({ name, value }) => OF_FILES.test(name) && !OF_ITS_OWN.test(name) && value?.replace(/\/$/, '') === mountPath);
}

/** Another container of the pod brings the files, as git-sync does: each pod gets its own. */
function isFilled({ allContainers }: Workload, { volume: { name } }: Mount, own: Container): boolean {
  return allContainers.some((other) => other !== own && other.image.text !== own.image.text
    && other.mounts.some((mount) => mount.volume.name === name && !mount.readOnly));
}

/** The workloads without Celery that mount an emptyDir, by their namespace and the path. */
const emptyDirs = lazy((world: World) => grouped(world.workloads.filter((workload) => world.in(workload).length === 0)
  .flatMap((workload) => workload.containers.flatMap(({ mounts }) => mounts.filter(({ volume }) => volume.kind === 'emptyDir')
    .map(({ mountPath }) => [`${workload.resource.namespace} ${mountPath}`, workload] as const)))));

/** Folders that each node has for itself. */
const OF_THE_NODE = /^\/(dev|proc|sys|run|etc|lib|usr|boot|var\/(run|log|lib\/(docker|kubelet|containerd)))(\/|$)|\.sock$/;

/** The folder of the node that a volume is, by itself or by the PersistentVolume of its claim. */
function hostFolder({ resource }: Workload, { claim, path }: Volume, world: World): string | undefined {
  if (claim === undefined) return asText(get(resource.json, ...path, 'hostPath', 'path'));
  const found = world.find('PersistentVolumeClaim', resource.namespace, claim);
  return asText(get(boundVolume(found?.json, world) ?? meantVolume(found, world), 'spec', 'hostPath', 'path'));
}

/** Where neither names a class: the PersistentVolume with the name of the claim, which was made for it. */
function meantVolume(claim: Resource | undefined, world: World): JsonObject | undefined {
  const isFree = ({ json }: Resource): boolean => ['storageClassName', 'volumeName', 'claimRef', 'selector'].every((name) => get(json, 'spec', name) === undefined);
  return claim && isFree(claim) ? world.kind('PersistentVolume').find((volume) => stem(volume.name) === stem(claim.name) && isFree(volume))?.json : undefined;
}

/** The workloads of the application that are given an SQLite file, by namespace and URL. */
const withSqliteFile = lazy((world: World) => grouped(applicationContainers(world).flatMap((container) => ownSqliteFiles(container)
  .map(({ url }) => [`${container.workload.resource.namespace} ${url}`, container.workload] as const))));

/** The names of other workloads of a list, as many as a message shows. */
function someOthers(workloads: readonly Workload[], { resource: own }: Workload): string[] {
  const names = new Set<string>();
  for (const { resource } of workloads) {
    if (resource.name !== own.name) names.add(`${resource.kind} ${resource.name}`);
    if (names.size === 3) break;
  }
  return [...names];
}

/** The workloads that mount a folder of their node, by namespace and path. */
const hostPaths = lazy((world: World) => grouped(world.workloads.filter(({ longRunning }) => longRunning).flatMap((workload) =>
  [...workload.volumes.values()].flatMap((volume) => {
    const folder = hostFolder(workload, volume, world);
    return folder === undefined ? [] : [[`${workload.resource.namespace} ${folder}`, workload] as const];
  }))));

/** Options of Celery with the name of a file that it writes. */
const WRITTEN = ['--pidfile', '--statedb', '--logfile'];

function metricsFolder({ env }: Container): ReturnType<Container['env']['get']> {
  return env.get('PROMETHEUS_MULTIPROC_DIR') ?? env.get('prometheus_multiproc_dir');
}

export const filesystemRules: Rule[] = [
  {
    id: 'filesystem/file-not-writable',
    severity: Severity.ERROR,
    title: 'Celery writes a file where the file system is read-only',
    why: 'The process exits at startup: `OSError: [Errno 30] Read-only file system: \'/var/run/celery/worker.pid\'`.',
    fix: 'Mount an emptyDir there, or leave the option out: the process of a container needs no pidfile.',
    source: 'https://docs.celeryq.dev/en/stable/reference/cli.html#cmdoption-celery-worker-pidfile',
    rows: ['F1'],
    on: 'processes',
    check: (process, report) => {
      for (const name of WRITTEN) {
        const option = process.option(name);
        if (option.state !== 'known' || !option.value.startsWith('/') || /[${}<>]/.test(option.value) || option.value.startsWith('/dev/')) continue;
        if (process.container.writable(option.value) !== 'no') continue;
        report({ at: process.place(option.path), value: `${name} ${option.value}`, allowed: 'a path on a writable volume' });
      }
    },
  },
  {
    id: 'filesystem/no-temporary-folder',
    severity: Severity.ERROR,
    title: 'The root file system is read-only and there is no writable folder for temporary files',
    why: 'A prefork worker dies at start: `Unrecoverable error: FileNotFoundError(2, "No usable temporary directory found in [\'/tmp\', '
      + '\'/var/tmp\', \'/usr/tmp\', \'/app\']")`.',
    fix: 'Mount an emptyDir at /tmp.',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['F2', 'Z1'],
    on: 'workers',
    check: (worker, report) => {
      const folder = temporaryFolder(worker);
      // The pool of a worker whose options are out of sight is most likely the default.
      const perhaps = worker.hint !== undefined && worker.pool === undefined;
      if (!(worker.forks || perhaps) || (folder !== 'no' && folder !== 'perhaps')) return;
      report({
        at: worker.place([...worker.container.path, 'securityContext', 'readOnlyRootFilesystem']), value: 'true', allowed: 'an emptyDir at /tmp',
        ...unless(folder === 'no' && !perhaps, folder === 'no' ? 'its pool does not fork' : 'its working directory is a volume'),
      });
    },
  },
  {
    id: 'filesystem/dev-shm-read-only',
    severity: Severity.ERROR,
    title: '/dev/shm is read-only, so the pool cannot make its semaphores',
    why: 'A prefork worker dies at start: `Unrecoverable error: OSError(30, \'Read-only file system\')` in `self._ctx.Value(\'i\')`.',
    fix: 'Mount nothing at /dev/shm, or mount an emptyDir with medium: Memory there.',
    source: 'Reproduced with Celery 5.6.3',
    rows: ['F3'],
    on: 'workers',
    check: (worker, report) => {
      const mount = worker.container.mounts.find(({ mountPath }) => mountPath === '/dev/shm');
      if (mount && worker.forks && worker.container.writable('/dev/shm') === 'no') report({ at: worker.place(mount.path), value: mount.volume.name });
    },
  },
  {
    id: 'filesystem/c-force-root',
    severity: Severity.WARNING,
    title: 'C_FORCE_ROOT switches off the check that keeps pickle from running as root',
    why: 'Whoever can write to the broker then runs code as root in the worker. Any value counts as on, "false" too.',
    fix: 'Run as a user of its own (runAsNonRoot, runAsUser) and remove the variable.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/daemonizing.html#running-the-worker-with-superuser-privileges-root',
    rows: ['F4'],
    on: 'workers',
    check: (worker, report) => {
      const { container } = worker;
      const variable = container.env.get('C_FORCE_ROOT');
      const root = container.runAsUser === undefined ? container.security('runAsNonRoot') !== true : container.runAsUser === 0;
      if (variable && variable.value !== '' && root) report({ at: worker.place(variable.path), value: `C_FORCE_ROOT=${variable.value ?? '...'}` });
    },
  },
  {
    id: 'filesystem/pickle-privileges',
    severity: Severity.ERROR,
    title: 'A worker that accepts pickle refuses to run as root, or as a group that the image does not know',
    why: '`Running a worker with superuser privileges when the worker accepts messages serialized with pickle is a very bad idea!`, or `An entry '
      + 'for the specified gid or egid was not found. We\'re assuming this is a potential security issue.`; then exit 1.',
    fix: 'Accept JSON only (accept_content = [\'json\']); or run as a user and a group of the image.',
    source: 'check_privileges in celery/platforms.py at https://github.com/celery/celery',
    rows: ['F4', 'F5'],
    on: 'workers',
    check: (worker, report) => {
      const { container } = worker;
      if (!isPython(container.image) || container.env.lookup('C_FORCE_ROOT').state !== 'unset' || !acceptsPickle(worker)) return;
      const root = container.runAsUser === undefined ? container.security('runAsNonRoot') !== true : container.runAsUser === 0;
      const group = container.security('runAsGroup');
      // The official image has Debian's groups, all below 1000.
      const unknownGroup = typeof group === 'number' && group >= 1000 && group !== 65534;
      if (root || unknownGroup) report({ at: worker.place(), value: root ? 'user 0' : `group ${String(group)}` });
    },
  },
  {
    id: 'filesystem/non-root-without-uid',
    severity: Severity.ERROR,
    title: 'runAsNonRoot is set, but the image runs as root and no runAsUser is given',
    why: 'The container is never created: `Error: container has runAsNonRoot and image will run as root` (CreateContainerConfigError); with a named '
      + 'user, `image has non-numeric user (flower), cannot verify user is non-root`.',
    fix: 'Set runAsUser, runAsGroup and fsGroup.',
    source: 'https://kubernetes.io/docs/tasks/configure-pod-container/security-context/',
    rows: ['F6'],
    on: 'servers',
    check: (container, report, world) => {
      if (container.security('runAsNonRoot') !== true || container.runAsUser !== undefined || imageUser(container.image) === undefined) return;
      if (isForOpenShift(world)) return;
      report({ at: container.place(), value: container.image.text, allowed: 'runAsUser: a number above 0' });
    },
  },
  {
    id: 'filesystem/statedb-shared',
    severity: Severity.ERROR,
    title: 'Several workers keep their state in the same file',
    why: 'All but the first fail: `_gdbm.error: [Errno 11] Resource temporarily unavailable: \'.../worker.state\'`.',
    fix: 'Leave --statedb out, or put it on an emptyDir.',
    source: 'https://github.com/GeoNode/geonode/issues/11556',
    rows: ['F8'],
    on: 'workers',
    check: (worker, report, world) => {
      const state = worker.option('--statedb');
      if (state.state !== 'known' || /%[hnid]|\$/i.test(state.value) || !isScaled(worker.workload, world)) return;
      const path = worker.container.absolute(state.value);
      const mount = path === undefined ? undefined : worker.container.mountOf(path);
      // The claims of a StatefulSet's own template belong to one pod each.
      if (mount?.volume.kind === 'claim' && mount.volume.claim !== undefined && mount.subPath === undefined) {
        report({ at: worker.place(state.path), value: state.value, note: `on the claim ${mount.volume.claim}` });
      }
    },
  },
  {
    id: 'filesystem/volume-without-fsgroup',
    severity: Severity.WARNING,
    title: 'A process that is not root writes to a claim, and no fsGroup makes it writable',
    why: 'Most storage classes make volumes that belong to root: Beat and Flower end with `PermissionError: [Errno 13] Permission denied`, Redis with '
      + '`MISCONF ... unable to persist to disk` or `Can\'t open or create append-only dir`.',
    fix: 'Set securityContext.fsGroup of the pod, with fsGroupChangePolicy: OnRootMismatch.',
    source: 'https://github.com/DefectDojo/django-DefectDojo/issues/2044',
    rows: ['F10', 'F9'],
    check: (world, report) => {
      const writers = [
        ...world.beats.map((beat) => ({ container: beat.container, folder: schedulePath(beat)?.path })),
        ...world.flowers.map((flower) => ({ container: flower.container, folder: databasePath(flower) })),
        ...world.redisServers.map((server) => ({ container: server.container, folder: server.dataFolder })),
        ...rabbitServers(world).flatMap((server) => server.container ? [{ container: server.container, folder: dataFolder(server) }] : []),
      ];
      const beats = new Set(world.beats.map(({ container }) => container));
      for (const { container, folder } of writers) {
        const { workload } = container;
        const user = container.runAsUser ?? (isBitnami(container.image) ? BITNAMI_USER : imageUser(container.image) === 'named' ? 'of the image' : undefined);
        if (user === undefined || user === 0 || get(workload.spec, 'securityContext', 'fsGroup') !== undefined) continue;
        // An init container may have set the owner.
        if (workload.initContainers.length > 0) continue;
        const mount = folder === undefined ? undefined : container.mountOf(folder);
        if (mount && mount.volume.kind === 'claim' && !mount.readOnly) {
          report({
            at: container.place(mount.path),
            value: `user ${user}, claim ${mount.volume.claim ?? mount.volume.name}`,
          });
        }
        if (folder !== undefined || !beats.has(container)) continue;
        for (const claim of container.mounts.filter(({ volume, readOnly }) => volume.kind === 'claim' && !readOnly)) {
          report({ at: container.place(claim.path), value: `user ${user}, claim ${claim.volume.claim ?? claim.volume.name}`, unless: 'Beat writes nothing there' });
        }
      }
    },
  },
  {
    id: 'filesystem/claim-and-rolling-update',
    severity: Severity.ERROR,
    title: 'A Deployment with a ReadWriteOnce claim starts the new pod before the old one is gone',
    why: 'On another node the new pod hangs in ContainerCreating: `Multi-Attach error for volume "pvc-..." Volume is already used by pod(s)`; on the '
      + 'same node two processes write to one volume.',
    fix: 'Set strategy.type: Recreate, or use a StatefulSet.',
    source: 'https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes',
    rows: ['B4'],
    check: (world, report) => {
      const seen = new Set<unknown>();
      for (const { workload, mounts } of LISTS.probedServers(world)) {
        if (!workload.rolls || workload.replicas === 0 || seen.has(workload)) continue;
        // On one node the new pod gets the volume, and workers share files with what they are next to: no two of them write the same.
        if (workload.onOneNode && world.in(workload).every(({ role }) => role === 'worker') && world.in(workload).length > 0) continue;
        for (const mount of mounts) {
          const modes = claimModes(mount, world, workload.resource.namespace);
          const once = modes.length > 0 && modes.every((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');
          if (!once || seen.has(workload)) continue;
          const shares = onlySharesFiles(workload, mount, world);
          const waits = modes.includes('ReadWriteOncePod');
          const claim = world.find('PersistentVolumeClaim', workload.resource.namespace, mount.volume.claim ?? '');
          const folder = shares && !waits ? onFolderOfNode(claim, world) : 'no';
          // The old pods go without the new ones.
          if (folder === 'yes' || (shares && allMayGo(workload))) continue;
          seen.add(workload);
          // Where other pods have the volume all the time, it is on their node, or there is one node only.
          const together = shares && !waits && claimsOfSeveral(world).has(`${workload.resource.namespace}/${mount.volume.claim ?? ''}`);
          report({
            at: { resource: workload.resource, path: ['spec', 'strategy'] }, value: 'RollingUpdate', allowed: 'Recreate',
            note: `claim ${mount.volume.claim ?? mount.volume.name}`,
            ...together ? { unless: 'the cluster has one node' } : unless(folder === 'no', 'the claim gets the volume that is a folder of a node'),
          });
        }
      }
    },
  },
  {
    id: 'filesystem/claim-without-volume',
    severity: Severity.WARNING,
    title: 'A claim turns provisioning off, and no PersistentVolume fits it',
    why: 'An empty storageClassName is not the default class: `no persistent volumes available for this claim and no storage class is set`, and the pod stays Pending.',
    fix: 'Leave storageClassName out to use the default class, or name a class of the cluster; or add a PersistentVolume without a class.',
    source: 'https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class-1',
    rows: ['N117'],
    across: true,
    check: (world, report) => {
      const seen = new Set<string>();
      for (const { workload, mounts } of LISTS.probedServers(world)) {
        for (const { volume } of mounts) {
          const { namespace } = workload.resource;
          const claim = world.find('PersistentVolumeClaim', namespace, volume.claim ?? '');
          const spec = asMap(claim?.json.spec);
          if (!claim || seen.has(`${namespace} ${claim.name}`) || spec.storageClassName !== '' || spec.volumeName !== undefined || boundVolume(claim.json, world)) continue;
          seen.add(`${namespace} ${claim.name}`);
          const { kind, name } = workload.resource;
          report({
            at: { resource: claim, path: ['spec', 'storageClassName'] }, value: '""', note: `${kind} ${name} mounts it`,
            unless: 'a PersistentVolume without a class is made elsewhere',
          });
        }
      }
    },
  },
  {
    id: 'filesystem/claim-of-several-workloads',
    severity: Severity.ERROR,
    title: 'Pods that may be on different nodes mount one ReadWriteOnce claim',
    why: 'The volume is attached to one node: pods on others stay in ContainerCreating, `Multi-Attach error for volume "pvc-..." Volume is already used by pod(s)`.',
    fix: 'Give each workload a claim of its own, or use ReadWriteMany or object storage; or keep the pods on one node with podAffinity.',
    source: 'https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes',
    rows: ['N22'],
    check: (world, report) => {
      const servers = serverWorkloads(world);
      for (const { claim, modes, users } of claims(world)) {
        if (!users.some(({ workload }) => world.in(workload).length > 0 || servers.has(workload))) continue;
        const pods = users.reduce((sum, { workload }) => sum + mostReplicas(workload, world), 0);
        if (pods < 2 || users.some(({ workload }) => workload.onOneNode)) continue;
        const [first] = users.filter(({ workload }) => world.in(workload).length > 0).concat(users);
        const single = modes.includes('ReadWriteOncePod');
        report({
          at: { resource: first.workload.resource, path: first.path }, value: `claim ${claim}`, allowed: 'ReadWriteMany',
          note: `${listed([...new Set(users.map(({ workload: { resource } }) => `${resource.kind} ${resource.name}`))])} ${users.length === 1 ? 'runs several pods with it' : 'mount it'}`,
          ...unless(single, 'the cluster has one node'),
        });
      }
    },
  },
  {
    id: 'filesystem/claim-of-several-groups',
    severity: Severity.WARNING,
    title: 'Pods with different fsGroups write to one claim',
    why: 'Kubernetes gives the files of a volume to the fsGroup of the pod that starts, and takes them from the other: Redis ends with `Can\'t open or create append-only '
      + 'dir`, Beat and Flower with `PermissionError: [Errno 13] Permission denied`, each at its next start or rewrite.',
    fix: 'Give each workload a claim of its own, or all of them one fsGroup (podSecurityContext).',
    source: 'https://kubernetes.io/docs/tasks/configure-pod-container/security-context/#configure-volume-permission-and-ownership-change-policy-for-pods',
    rows: ['F10'],
    check: (world, report) => {
      const servers = serverWorkloads(world);
      const ours = (workload: Workload): boolean => world.in(workload).length > 0 || servers.has(workload);
      for (const [, users] of writersOfClaims(world)) {
        const first = users.find(({ workload }) => ours(workload));
        const groups = new Map(users.map(({ workload: { resource, spec } }) => [`${resource.kind} ${resource.name}`, asNumber(get(spec, 'securityContext', 'fsGroup'))]));
        const known = new Set([...groups.values()].filter((group) => group !== undefined));
        if (first === undefined || known.size < 2) continue;
        report({
          at: { resource: first.workload.resource, path: first.path }, value: `claim ${first.claim}`,
          note: listed([...groups].flatMap(([name, group]) => group === undefined ? [] : [`${name} has ${group}`])), unless: 'the volume takes no fsGroup, as one of NFS',
        });
      }
    },
  },
  {
    id: 'filesystem/data-of-several-servers',
    severity: Severity.ERROR,
    title: 'Several Redis or RabbitMQ servers keep their data in one folder',
    why: 'Each writes the files of the other: a Redis that rewrites its append-only file removes the tasks of the other from it, and loads them as its own when it '
      + 'starts again; two RabbitMQ do the same to the database of their node.',
    fix: 'Give each server a claim of its own, or a subPath of its own.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/',
    rows: ['R13'],
    check: (world, report) => {
      const servers = [
        ...world.redisServers.filter(({ saves }) => saves).map((server) => [server.container, server.dataFolder] as const),
        ...rabbitServers(world).flatMap((server) => server.container ? [[server.container, dataFolder(server)] as const] : []),
      ];
      const folders = new Map(servers);
      for (const { file, processes } of sharedFiles(servers.map(([container, folder]) => [container, claimFile(container, folder)]))) {
        const second = processes[1];
        report({
          at: second.place(second.mountOf(folders.get(second)!)!.path),
          value: `claim ${file.claim}${file.path === '' ? '' : `, folder ${file.path}`}`,
          note: `it is that of ${listed(processes.map(({ workload: { resource } }) => `${resource.kind} ${resource.name}`))}`,
        });
      }
      const kept = [
        ...world.redisServers.filter(({ saves }) => saves)
          .map((server) => ({ container: server.container, folder: server.dataFolder, use: brokerUse(server, world) })),
        // A node with the name of its pod has a folder of its own.
        ...rabbitBrokers(world).flatMap(({ server, certain }) => server.container === undefined || nodeNameOf(server) !== 'fixed' ? []
          : [{ container: server.container, folder: dataFolder(server), use: certain ? 'yes' as const : 'possible' as const }]),
      ];
      // A claim of one node is another rule's.
      for (const { container, folder, use } of kept) {
        const { workload } = container;
        const mount = container.mountOf(folder);
        const modes = mount === undefined ? [] : claimModes(mount, world, workload.resource.namespace);
        // Of a claim that is not in sight, the new server waits for the volume, or writes it, too.
        const outOfSight = mount?.volume.claim !== undefined && modes.length === 0;
        const shared = mount?.volume.kind === 'hostPath' || modes.includes('ReadWriteMany') || outOfSight;
        if (!workload.rolls || workload.replicas === 0 || use === 'no' || !mount || !shared || isReadOnly(mount)) continue;
        report({
          at: { resource: workload.resource, path: ['spec', 'strategy'] }, value: 'RollingUpdate', allowed: 'Recreate',
          note: `during a rollout the new server and the old one both write ${mount.mountPath}${outOfSight ? ', or the new one waits for the claim' : ''}`,
          fix: 'Set strategy.type: Recreate, or use a StatefulSet.',
          ...unless(use === 'yes', 'Celery does not use it as its broker'),
        });
      }
    },
  },
  {
    id: 'filesystem/folder-of-variable',
    severity: Severity.ERROR,
    title: 'A variable names a folder that cannot be written',
    why: 'The root file system or the volume there is read-only, or the folder belongs to root: with PROMETHEUS_MULTIPROC_DIR the worker exits at startup '
      + '(`OSError: [Errno 30] Read-only file system: \'/prom/counter_12.db\'`), caches fail when a task first loads a model or a font.',
    fix: 'Mount an emptyDir there.',
    source: 'https://github.com/PostHog/posthog/issues/56109',
    rows: ['N27'],
    on: 'processes',
    check: ({ container, role }, report) => {
      if (role !== 'worker' && role !== 'beat') return;
      for (const { name, value, path } of container.env.all()) {
        const kind = FOLDERS.get(name);
        if (kind === undefined || value === undefined || !value.startsWith('/')) continue;
        const owner = container.writable(value) === 'yes' ? ownerOf(value, container) : undefined;
        if (owner !== undefined) {
          report({
            at: container.place(path), value: `${name}=${value}`, allowed: 'a folder in a volume, or below /tmp', note: `${owner} belongs to root, and the container runs as ${container.runAsUser}`,
            unless: 'the image gives that folder to this user',
          });
        }
        if (container.writable(value) !== 'no') continue;
        report({
          at: container.place(path), value: `${name}=${value}`, allowed: `an emptyDir at ${value}`, ...unless(kind === 'written', 'all that is needed is in it already'),
        });
      }
    },
  },
  {
    id: 'filesystem/metrics-of-several-pods',
    severity: Severity.WARNING,
    title: 'Several pods keep the files of their metrics in one folder of a claim',
    why: 'The files of prometheus_client are named after PIDs, which are the same in each container: pods write to each other\'s files, and what is scraped is wrong (`json.decoder.JSONDecodeError`).',
    fix: 'Mount an emptyDir there, so that each pod has its own.',
    source: 'https://github.com/prometheus/client_python/issues/823',
    rows: ['N27'],
    on: 'processes',
    check: ({ container, workload }, report, world) => {
      const folder = metricsFolder(container);
      const mount = folder?.value?.startsWith('/') ? container.mountOf(folder.value) : undefined;
      const claim = mount?.volume.claim;
      if (!folder || !mount || claim === undefined || templateOf(claim, workload.resource.namespace, world) || perPod(mount, container)) return;
      const others = workloadsIn(workload.resource.namespace, world).some((other) => other !== workload
        && other.containers.some((one) => one.mountOf(metricsFolder(one)?.value ?? '')?.volume.claim === claim));
      if (others || isScaled(workload, world)) report({ at: container.place(folder.path), value: `${folder.name}=${folder.value}`, allowed: 'an emptyDir', note: `it is on claim ${claim}` });
    },
  },
  {
    id: 'filesystem/size-above-limit',
    severity: Severity.WARNING,
    title: 'An emptyDir may grow larger than the ephemeral storage of its pod',
    why: 'The files of an emptyDir count against the limits of the containers: `Pod ephemeral local storage usage exceeds the total limit of containers 1Gi`, and the pod is evicted in the middle of a task.',
    fix: 'Raise limits.ephemeral-storage above the sum of the sizeLimits, or lower those.',
    source: 'https://github.com/artifact-keeper/artifact-keeper-iac/issues/153',
    rows: ['N42'],
    on: 'celeryWorkloads',
    check: (workload, report) => {
      const limits = workload.containers.flatMap((container) => container.resource('limits', 'ephemeral-storage') ?? []);
      const limit = limits.reduce((sum, one) => sum + one, 0);
      for (const { kind, source, path, name } of limit === 0 ? [] : workload.volumes.values()) {
        const size = kind === 'emptyDir' && source.medium !== 'Memory' ? quantity(source.sizeLimit) : undefined;
        if (size === undefined || size <= limit) continue;
        report({ at: { resource: workload.resource, path }, value: `sizeLimit ${asText(source.sizeLimit) ?? size} of ${name}`, allowed: `at most ${mebibytes(limit)}, the ephemeral storage of the pod` });
      }
    },
  },
  {
    id: 'filesystem/ephemeral-storage-unbounded',
    severity: Severity.INFO,
    title: 'The ephemeral storage of the worker has no limit and no request',
    why: 'One task that fills the disk of the node gets pods evicted, and those without a request first: `The node was low on resource: ephemeral-storage`.',
    fix: 'Set sizeLimit of the emptyDir, and resources.requests.ephemeral-storage.',
    source: 'https://kubernetes.io/docs/concepts/storage/ephemeral-storage/',
    rows: ['N42'],
    on: 'workers',
    check: ({ container }, report) => {
      if (get(container.json, 'resources', 'requests', 'ephemeral-storage') !== undefined || get(container.json, 'resources', 'limits', 'ephemeral-storage') !== undefined) return;
      for (const { volume, mountPath } of container.mounts) {
        if (volume.kind !== 'emptyDir' || volume.source.medium === 'Memory' || volume.source.sizeLimit !== undefined || !FOR_FILES.test(mountPath)) continue;
        report({ at: container.place(container.path), value: `an emptyDir at ${mountPath}`, allowed: 'sizeLimit, and a request of ephemeral-storage' });
        return;
      }
    },
  },
  {
    id: 'filesystem/root-against-non-root',
    severity: Severity.ERROR,
    title: 'runAsNonRoot is set, and runAsUser is 0',
    why: 'The container is never created: `Error: container\'s runAsUser breaks non-root policy` (CreateContainerConfigError).',
    fix: 'Set runAsUser to a number above 0, or remove runAsNonRoot.',
    source: 'https://kubernetes.io/docs/tasks/configure-pod-container/security-context/',
    rows: ['F6'],
    on: 'podContainers',
    check: (container, report) => {
      if (container.security('runAsNonRoot') !== true || container.runAsUser !== 0) return;
      report({ at: container.place([...container.path]), value: 'runAsUser: 0', allowed: 'a number above 0' });
    },
  },
  {
    id: 'filesystem/host-path-of-several-pods',
    severity: Severity.WARNING,
    title: 'Pods share files through a folder of their node',
    why: 'A hostPath is the disk of the node on which a pod happens to run: on another node the folder is empty, and tasks fail with `FileNotFoundError: [Errno 2] No such '
      + 'file or directory`.',
    fix: 'Put the files on a claim with ReadWriteMany, or into an object store; or keep all the pods on one node.',
    source: 'https://kubernetes.io/docs/concepts/storage/volumes/#hostpath',
    rows: ['N85'],
    across: true,
    on: 'workers',
    check: ({ container, workload }, report, world) => {
      if (workload.resource.kind === 'DaemonSet' || workload.onOneNode) return;
      for (const { volume, path, readOnly } of container.mounts) {
        const folder = readOnly ? undefined : hostFolder(workload, volume, world);
        if (folder === undefined || OF_THE_NODE.test(folder)) continue;
        const others = someOthers(hostPaths(world).get(`${workload.resource.namespace} ${folder}`) ?? [], workload);
        if (others.length === 0 && mostReplicas(workload, world) < 2) continue;
        report({
          at: container.place(path), value: `hostPath ${folder}`,
          note: others.length > 0 ? `${listed(others)} ${others.length === 1 ? 'has' : 'have'} it, too` : 'of several pods',
          unless: 'the cluster has one node, or the folder is the same on all of them',
        });
      }
    },
  },
  {
    id: 'filesystem/empty-dir-not-shared',
    severity: Severity.WARNING,
    title: 'The worker and another workload expect the same files in an emptyDir that each has for itself',
    why: 'An emptyDir belongs to one pod: what the web application saves in its own is not in that of the worker, and tasks fail with `FileNotFoundError: [Errno 2] No such '
      + 'file or directory`.',
    fix: 'Put the files on a claim with ReadWriteMany, or into an object store, and send their names to the task.',
    source: 'https://kubernetes.io/docs/concepts/storage/volumes/#emptydir',
    rows: ['N76'],
    on: 'workers',
    check: ({ container, workload }, report, world) => {
      for (const mount of container.mounts) {
        const { mountPath, volume, path, readOnly } = mount;
        // An overlay of kustomize gives a source to a volume that has none.
        const given = get(workload.resource.json, ...volume.path, 'emptyDir') !== undefined;
        if (volume.kind !== 'emptyDir' || !given || readOnly || isFilled(workload, mount, container)) continue;
        const others = emptyDirs(world).get(`${workload.resource.namespace} ${mountPath}`) ?? [];
        const other = EXCHANGED.test(mountPath) ? others[0] : others.find((one) => isTwin(container, mount, one));
        if (!other) continue;
        report({
          at: container.place(path), value: `emptyDir at ${mountPath}`, note: `${other.resource.kind} ${other.resource.name} has another`,
          unless: 'neither reads what the other has written',
        });
      }
    },
  },
  {
    id: 'filesystem/sqlite-not-shared',
    severity: Severity.WARNING,
    title: 'The worker and another pod are given one SQLite file, and each has a file of its own',
    why: 'The file is on the disk of the pod: what tasks write nobody else reads, `sqlite3.OperationalError: no such table` where only one of them migrates, and with the pod it '
      + 'is gone. As result backend it means that every result stays PENDING.',
    fix: 'Use a database server, such as PostgreSQL.',
    source: 'https://www.sqlite.org/useovernet.html',
    rows: ['N76'],
    on: 'workers',
    check: ({ container, workload }, report, world) => {
      for (const { url, shown, path } of ownSqliteFiles(container)) {
        const names = someOthers(withSqliteFile(world).get(`${workload.resource.namespace} ${url}`) ?? [], workload);
        if (names.length === 0 && mostReplicas(workload, world) < 2) continue;
        report({
          at: container.place(path), value: shown, note: names.length > 0 ? `${listed(names)} ${names.length === 1 ? 'has' : 'have'} another` : 'of several pods',
          unless: 'tasks write nothing to it',
        });
      }
    },
  },
  {
    id: 'filesystem/results-not-shared',
    severity: Severity.WARNING,
    title: 'Results are kept in files, and each pod has a folder of its own for them',
    why: 'With a result backend of file:// the worker writes files, which the pod that has sent the task never sees: AsyncResult.get() waits forever, and state stays PENDING.',
    fix: 'Keep results in Redis or in a database; or mount one ReadWriteMany claim in all pods.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#file-system-backend-settings',
    rows: ['N76'],
    on: 'workers',
    check: (worker, report, world) => {
      const { container, workload } = worker;
      const file = ownResults(container);
      if (!file || worker.settingOn('task_ignore_result')) return;
      const readers = workloadsIn(workload.resource.namespace, world).filter((other) => other !== workload
        && other.containers.some((one) => ownResults(one)?.url === file.url));
      const producers = readers.filter((other) => world.in(other).length === 0);
      if (readers.length === 0 && mostReplicas(workload, world) < 2) return;
      const names = someOthers(producers.length > 0 ? producers : readers, workload);
      report({
        at: container.place(file.path), value: file.shown, note: names.length > 0 ? `${listed(names)} ${names.length === 1 ? 'has' : 'have'} another` : 'of several pods',
        unless: 'nothing reads results',
      });
    },
  },
  {
    id: 'filesystem/script-not-executable',
    severity: Severity.ERROR,
    title: 'A command or a probe is a script of a ConfigMap or a Secret without the permission to execute it',
    why: 'Files of such volumes have the mode 0644: `exec: "/scripts/start.sh": permission denied`. The container never starts, or its probe fails each time.',
    fix: 'Set defaultMode: 0755 on the volume; or start it by its shell: command: [sh, /scripts/start.sh].',
    source: 'https://github.com/kubernetes/kubernetes/issues/71356',
    rows: ['F10'],
    on: 'commandContainers',
    check: (container, report) => {
      const seen = new Set<string>();
      for (const { path, by } of startedPaths(container)) {
        const found = seen.has(path) ? undefined : modeOf(path, container);
        seen.add(path);
        // They belong to root, and no group of the pod may execute more than before.
        const user = container.runAsUser ?? 0;
        if (!found || (found.mode & (user > 0 ? 0o011 : 0o111)) !== 0) continue;
        const starter = by === undefined ? '' : ` by the ${by}`;
        const who = (found.mode & 0o100) === 0 ? '' : ` by user ${user}`;
        report({ at: container.place(found.at), value: octal(found.mode), allowed: '0755', note: `${path} is started${starter}${who}` });
      }
    },
  },
  {
    id: 'filesystem/secret-not-readable',
    severity: Severity.ERROR,
    title: 'The files of a volume belong to root and are for root only, and the container has another user',
    why: '`PermissionError: [Errno 13] Permission denied: \'/secrets/key.json\'`: kubelet gives the files of Secrets and ConfigMaps to root, and to the fsGroup of the pod where there is one.',
    fix: 'Set fsGroup in the securityContext of the pod, with defaultMode 0440; or leave defaultMode out.',
    source: 'https://kubernetes.io/docs/concepts/configuration/secret/#secret-files-permissions',
    rows: ['F10'],
    on: 'commandContainers',
    check: (container, report, world) => {
      const { runAsUser, mounts, workload: { spec } } = container;
      if (!runAsUser || get(spec, 'securityContext', 'fsGroup') !== undefined) return;
      // It gives the pod an fsGroup of its namespace, and users from there.
      if (isForOpenShift(world) || runAsUser >= LEAST_OF_OPENSHIFT) return;
      // Without a group it has that of root.
      const groups = [asNumber(container.security('runAsGroup')) ?? 0, ...asList(get(spec, 'securityContext', 'supplementalGroups'))];
      for (const { volume: { kind, source, path } } of mounts) {
        if (kind !== 'configMap' && kind !== 'secret') continue;
        const given = [[source.defaultMode, 'defaultMode'] as const, ...asList(source.items).map((item, i) => [get(item, 'mode'), 'items', i, 'mode'] as const)];
        // Items may all have modes of their own.
        const isDefault = given.length === 1 || given.slice(1).some(([mode]) => mode === undefined);
        const modes = isDefault ? given : given.slice(1);
        for (const [value, ...steps] of modes) {
          const mode = asNumber(value);
          if (mode === undefined || mode > 0o777 || (mode & 0o004) !== 0 || (groups.includes(0) && (mode & 0o040) !== 0)) continue;
          report({ at: container.place([...path, kind, ...steps]), value: octal(mode), allowed: 'fsGroup, with 0440', note: `it runs as user ${runAsUser}` });
        }
      }
    },
  },
];
