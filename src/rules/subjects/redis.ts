import { AGENT_FLAGS } from '../../celery/agent-names';
import { hasPlaceholder } from '../../celery/filled-in';
import { isClusterEndpoint, mayBeClusterEndpoint } from '../../celery/hosts';
import { DECLARED_VOLUME, declaresVolume, isBitnami, isLatest, isPython } from '../../celery/image';
import { REDIS_DATA_SHARE } from '../../celery/memory';
import { REDIS_PORT } from '../../celery/ports';
import { mebibytes, redisSize } from '../../celery/quantity';
import { DEFAULT_CLIENTS, redisConnections } from '../../celery/redis-clients';
import { isNoMemory, REDIS_DIRECTIVES, wordsOfDirective } from '../../celery/redis-configuration';
import { DEFAULTS } from '../../celery/settings';
import { isRedis, redisDatabase } from '../../celery/url';
import { meets } from '../../celery/versions';
import { brokerUse, redisFor, redisOfCelery } from '../../manifests/brokers';
import { seconds } from '../../manifests/code-settings';
import { baseName } from '../../manifests/command/command';
import { keptByShell } from '../../manifests/command/kept-by-shell';
import { ofSeveralEnvironments, ONE_IS_APPLIED } from '../../manifests/environments';
import { grouped } from '../../manifests/grouped';
import { hasCelery, redisServersIn } from '../../manifests/in-namespace';
import { isInjected } from '../../manifests/injected';
import { installedVersion } from '../../manifests/installs';
import { asList, asText, get } from '../../manifests/json';
import type { Count } from '../../manifests/kustomizations';
import { portExposures, guardedByPolicy } from '../../manifests/network';
import { isGiven, knownPassword, passwordOf } from '../../manifests/passwords';
import { Place } from '../../manifests/place';
import { isReadOnly, Mount } from '../../manifests/pod/volumes';
import { probePlace, probesOf, showProbe } from '../../manifests/probes';
import { Process } from '../../manifests/process';
import { Directive, RedisServer } from '../../manifests/redis-server';
import { hasOtherUsers, setsUsers } from '../../manifests/redis-users';
import { Resource } from '../../manifests/resource';
import { mostReplicas, scalersOf } from '../../manifests/scalers';
import { secretKeys } from '../../manifests/secret-keys';
import { runsSentinel, sentinels, unresolvedHosts, votesFor } from '../../manifests/sentinels';
import { shownUrl } from '../../manifests/uses';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { nearest } from '../../nearest';
import { listed } from '../printable';
import { Report, Rule, unless } from '../rule';
import { reportSeveralPods } from '../several-pods';
import { Severity } from '../severity';
import { withinNetwork } from '../within-network';

function at(server: RedisServer, directive: Directive): Place {
  return { resource: directive.resource, path: directive.path, ...(directive.resource === server.container.workload.resource
    ? { container: server.container.name } : {}) };
}

/** A day or more, as by default. */
function resultsStay(worker: Process): boolean {
  if (worker.sets('task_ignore_result') && !worker.settingOff('task_ignore_result')) return false;
  if (!worker.sets('result_expires')) return true;
  const expires = worker.setting('result_expires')?.value ?? '';
  const after = seconds(expires);
  return after === undefined ? /^none$/i.test(expires) : after === 0 || after >= DEFAULTS.resultExpires;
}

/** Asks for a password; an access control list may say that its user needs none. */
function asks(server: RedisServer): boolean {
  const [user, ...rights] = server.directive('user')?.values ?? [];
  return ['requirepass', 'aclfile'].some((name) => server.directive(name)) || (user !== undefined && !(user === 'default' && rights.includes('nopass')));
}

/** Asks nobody for a password, as far as all of its configuration is in sight. */
function open(server: RedisServer): boolean {
  return (!server.opaque || emptyPassword(server)) && !asks(server);
}

/** The images of Bitnami start without a password only where this says so. */
function emptyPassword({ container: { image, env } }: RedisServer): boolean {
  return isBitnami(image) && /^(yes|true|1)$/i.test(env.get('ALLOW_EMPTY_PASSWORD')?.value ?? '')
    && !['REDIS_PASSWORD', 'REDIS_PASSWORD_FILE', 'VALKEY_PASSWORD', 'VALKEY_PASSWORD_FILE'].some((name) => env.lookup(name).state !== 'unset');
}

/** Of an image of somebody else, and nothing in sight sets anything: no argument, variable or volume. */
function isWithoutConfiguration({ container }: RedisServer): boolean {
  const { words, mounts, env, json: { envFrom } } = container;
  return words.length === 0 && mounts.length === 0 && [...env.all()].length === 0 && asList(envFrom).length === 0;
}

/** The one folder for data of a server whose configuration names it out of sight. */
function onlyFolder({ container: { mounts } }: RedisServer): Mount | undefined {
  const [folder, ...others] = mounts.filter((mount) => !isReadOnly(mount));
  return folder && others.length === 0 && /data/.test(`${folder.mountPath} ${folder.volume.name}`) ? folder : undefined;
}

/** Less certain when only a name in some variable says that this is the broker. */
function unlessCache(server: RedisServer, world: World): Pick<Report, 'unless'> {
  return unless(brokerUse(server, world) === 'yes', 'Celery does not use it as its broker');
}

/** A Deployment that takes the place of a StatefulSet in another environment keeps its name, or has that of the environment in it. */
function insteadOf(servers: readonly RedisServer[]): Pick<Report, 'unless'> {
  const names = servers.map(({ container }) => container.workload.resource.name);
  return unless(new Set(names).size > 1 && !ofSeveralEnvironments(names), ONE_IS_APPLIED);
}

/** As far as its configuration is in sight, it follows no other server. */
function isIndependent(server: RedisServer): boolean {
  // A hook or another container may make it follow another one.
  return !server.opaque && !/replicaof|slaveof/i.test(JSON.stringify(server.container.workload.spec)) && !['replicaof', 'slaveof', 'cluster-enabled'].some((name) => server.directive(name));
}

/** Containers that only look at it, or log. */
const LOOKS_AT_IT = /exporter|metrics|fluent|vector|promtail|proxy/i;

/** A hook, or another container of the pod, that may make it follow another server, or choose the one that others follow. */
function mayFollow({ container }: RedisServer): boolean {
  return get(container.json, 'lifecycle', 'postStart') !== undefined || container.workload.containers.some((other) => other !== container && !other.init
    && !LOOKS_AT_IT.test(`${other.name} ${other.image.text}`) && /redis|valkey|sentinel|failover|replica/i.test(JSON.stringify(other.json)));
}

/** The same kustomization may make one server of several pods. */
const mayConnect = ({ resource: { json } }: Count): boolean => /replicaof|slaveof|cluster|sentinel|"patchesStrategicMerge"|"path":"[^/]/i.test(JSON.stringify(json));

/** Celery names one of its pods: the others are not behind that name. */
function isNamedByPod(server: RedisServer, world: World): boolean {
  const clients = clientsOf(world).get(server) ?? [];
  const { name } = server.container.workload.resource;
  return clients.length > 0 && clients.every(({ link }) => link !== undefined && link.url.host.startsWith(`${name}-`) && /^\d+\./.test(link.url.host.slice(name.length + 1)));
}

/** It follows another server, and takes no commands that write. */
function follows(server: RedisServer): boolean {
  // KeyDB also has replicas that take what is written.
  const writable = [server.directive('replica-read-only'), server.directive('slave-read-only')].some((directive) => directive?.values[0] === 'no')
    || server.directive('active-replica')?.values[0] === 'yes';
  const named = ['replicaof', 'slaveof'].some((name) => server.directive(name) && server.directive(name)?.values.join(' ').toLowerCase() !== 'no one');
  return !writable && (named || /^(replica|slave)$/.test(server.container.env.value('REDIS_REPLICATION_MODE') ?? ''));
}

/** What in the name of a container says that it takes connections for others. */
const TAKES_CONNECTIONS = /prox|envoy|tunnel|tls|nginx|socat|spiped|twemproxy|nutcracker/i;

/** Its clients are in its pod: Celery, where no Service leads there, or a proxy that takes connections for it. */
function hasClientsInside({ container: { workload } }: RedisServer, world: World): boolean {
  const proxied = workload.containers.some(({ name, image }) => TAKES_CONNECTIONS.test(`${name} ${image.name}`)) || isInjected(workload);
  return proxied || (world.in(workload).length > 0 && world.kind('Service').every((service) => !world.backing(service).includes(workload)));
}

/** The namespaces with a Sentinel, which makes any of the servers the primary. */
const sentinelNamespaces = lazy((world: World) => new Set(world.workloads.filter(({ containers }) => containers.some(runsSentinel))
  .map(({ resource }) => resource.namespace)));

/** By one name for all its pods, at the port of Redis. */
const leadsToRedis = ({ json }: Resource): boolean => get(json, 'spec', 'clusterIP') !== 'None'
  && asList(get(json, 'spec', 'ports')).some((entry) => get(entry, 'port') === REDIS_PORT);

/** The Services that lead to several servers which know nothing of each other. */
const sharedServices = lazy((world: World) => world.kind('Service').filter((service) => world.isLast(service) && leadsToRedis(service))
  .flatMap((service) => {
    const servers = world.backing(service).filter((workload) => world.isLast(workload.resource) && mostReplicas(workload, world) > 0)
      .flatMap((workload) => world.redisIn(workload).slice(0, 1));
    return servers.length > 1 && servers.every(isIndependent) && servers.some((server) => brokerUse(server, world) !== 'no') ? [{ service, servers }] : [];
  }));

/** The connections of a process, with those of its children or threads. */
function connections({ role, forks, pool, concurrency, container }: Process): number {
  return redisConnections({
    role, children: forks || pool === 'threads' ? concurrency : 1, agent: container.words.some(({ text }) => text === AGENT_FLAGS.worker[1]),
  });
}

/** The processes that have a server as their broker. */
const clientsOf = lazy((world: World) => grouped(world.processes
  .filter((process) => connections(process) > 0 && process.workload.longRunning)
  .flatMap((process) => (process.broker ? redisFor(process.broker, world) : []).map((server) => [server, process] as const))));

/** Celery connects to it, and gives no password. */
const givenNoPassword = (server: RedisServer, world: World): boolean => {
  const brokers = (clientsOf(world).get(server) ?? []).flatMap(({ broker }) => broker ?? []);
  return brokers.length > 0 && brokers.every(({ url }) => url.password === undefined);
};

/** Whether a client publishes and subscribes: events, remote control and results. */
function usesChannels(process: Process | undefined): boolean {
  if (!process || !['worker', 'flower'].includes(process.role)) return false;
  return !(process.sets('worker_enable_remote_control') && process.flag('--without-gossip') && process.flag('--without-heartbeat'));
}

interface AccessList extends Pick<Place, 'resource' | 'path'> {
  /** What a user of Celery lacks. */
  readonly missing: (user: string, channels: boolean) => Pick<Report, 'note' | 'allowed'> | undefined;
}

/** Users as `aclfile` and `user` of the configuration give them; undefined where some of it is out of sight. */
function accessList(server: RedisServer): AccessList | undefined {
  const { container } = server;
  const name = server.directive('aclfile')?.values[0];
  const written = server.directive('user');
  const file = name === undefined ? undefined : container.configFile(name);
  const configuration = written?.resource.kind === 'ConfigMap' ? asText(get(written.resource.json, ...written.path)) : undefined;
  const text = file?.text ?? configuration;
  // What is in parentheses is a list of rights of its own.
  if (text === undefined || (name !== undefined && !file) || server.opaque || /^\s*user\s.*[()]/m.test(text)) return undefined;
  const users = new Map(text.split('\n').map((line) => line.trim().split(/\s+/)).filter(([word, user]) => word === 'user' && user !== undefined)
    .map(([, user, ...rights]) => [user, rights.map((right) => /^[a-z]+$/i.test(right) ? right.toLowerCase() : right)]));
  const { image: { tag, name: product } } = container;
  const closed = (product === 'valkey' || /^v?([7-9]|\d\d)\b/.test(tag ?? '')) && server.directive('acl-pubsub-default')?.values[0] !== 'allchannels';
  const place = file?.place ?? { resource: written!.resource, path: written!.path };
  return {
    ...place,
    missing: (user, channels) => {
      const rights = users.get(user);
      if (!rights) return user === 'default' ? undefined : { note: 'the list has no such user', allowed: [...users.keys()].join(', ') };
      if (rights.some((right) => /[${}]/.test(right))) return undefined;
      if (!rights.includes('on')) return { note: 'the user is off', allowed: 'on' };
      if (!rights.some((right) => right === 'allkeys' || right.startsWith('~') || right.startsWith('%'))) return { note: 'the user has no keys', allowed: '~*' };
      return closed && channels && !rights.some((right) => right === 'allchannels' || right.startsWith('&')) ? { note: 'the user has no channels', allowed: '&*' } : undefined;
    },
  };
}

/** Directives with arguments that may begin with "#": what a module takes, the hash of a password. */
const TAKES_ANYTHING: ReadonlySet<string> = new Set(['user', 'loadmodule', 'rename-command']);

const ON_DRAGONFLY = 'Put /data on a claim, and set --snapshot_cron: Dragonfly has no append-only file.';

export const redisRules: Rule[] = [
  {
    id: 'redis/evicts-tasks',
    severity: Severity.ERROR,
    title: 'This Redis deletes queued tasks when its memory is full',
    why: 'With an allkeys policy the lists of the queues go first: 200 queued tasks and `_kombu.binding.celery` vanished without an error anywhere; '
      + 'later `InconsistencyError: ... Probably the key (\'_kombu.binding.celery\') has been removed from the Redis database`.',
    fix: 'Set maxmemory-policy noeviction, and results with a time to live, or in another Redis.',
    source: 'https://github.com/celery/kombu/issues/1063',
    rows: ['R1'],
    on: 'brokers',
    check: (server, report, world) => {
      const policy = server.directive('maxmemory-policy');
      const cache = server.directive('cache_mode');
      if (cache && /^(true|1|yes|)$/.test(cache.values[0] ?? '')) {
        report({
          at: at(server, cache), value: '--cache_mode', allowed: 'no --cache_mode', ...unlessCache(server, world),
          fix: 'Leave --cache_mode out, and give results a time to live, or another server.',
        });
      } else if (policy && /^allkeys-/.test(policy.values[0] ?? '')) {
        report({
          at: at(server, policy), value: policy.values[0], allowed: 'noeviction, or volatile-* when only results have a time to live',
          ...unlessCache(server, world),
        });
      }
    },
  },
  {
    id: 'redis/maxmemory-above-limit',
    severity: Severity.ERROR,
    title: 'Redis may use more memory than the limit of its container allows',
    why: 'The container is OOMKilled before Redis refuses writes or evicts anything: tasks that are not saved yet are lost, and what is saved does not fit in memory when it starts '
      + 'again. Below the limit it may be, because a save forks, and needs memory for every page that changes meanwhile.',
    fix: 'Set maxmemory to at most three quarters of the memory limit.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/admin/',
    rows: ['R2', 'R10'],
    on: 'brokers',
    check: (server, report, world) => {
      const maximum = server.directive('maxmemory');
      const bytes = redisSize(maximum?.values[0] ?? '');
      const limit = server.container.memoryLimit;
      // Of 0, Dragonfly makes what the container may use.
      if (!maximum || bytes === undefined || limit === undefined || (bytes === 0 && server.isDragonfly)) return;
      if (bytes === 0 || bytes > REDIS_DATA_SHARE * limit) {
        report({
          at: at(server, maximum), value: bytes === 0 ? '0 (no limit)' : maximum.values[0], allowed: `at most ${mebibytes(REDIS_DATA_SHARE * limit)}`, note: `the limit is ${mebibytes(limit)}`,
          ...bytes >= limit ? unlessCache(server, world) : { severity: Severity.WARNING },
        });
      }
    },
  },
  {
    id: 'redis/limit-without-maxmemory',
    severity: Severity.WARNING,
    title: 'Redis has a memory limit but no maxmemory',
    why: 'It grows with the queue until the container is OOMKilled; what was not saved is lost.',
    fix: 'Set --maxmemory to three quarters of the limit, with --maxmemory-policy noeviction.',
    source: 'https://github.com/celery/celery/issues/5716',
    rows: ['R2'],
    on: 'brokers',
    check: (server, report, world) => {
      const { container } = server;
      const limit = container.memoryLimit;
      const written = get(container.json, 'resources', 'limits', 'memory');
      // Dragonfly takes the limit of its container by itself.
      if ((limit === undefined && typeof written !== 'string') || server.directive('maxmemory') || server.isDragonfly) return;
      const use = unlessCache(server, world);
      if (server.opaque && (use.unless !== undefined || !isWithoutConfiguration(server))) return;
      report({
        at: container.place([...container.path, 'resources', 'limits', 'memory']), value: limit === undefined ? String(written) : mebibytes(limit),
        ...server.opaque ? { unless: 'its image sets maxmemory' } : use,
      });
    },
  },
  {
    id: 'redis/variable-in-config',
    severity: Severity.ERROR,
    title: 'The configuration of Redis contains a variable, which Redis does not expand',
    why: 'The password is the text `${REDIS_PASSWORD}` itself: `WRONGPASS invalid username-password pair` in all of Celery; with a number Redis does not start: '
      + '`Bad directive or wrong number of arguments`. Only Docker Compose and envsubst put values there.',
    fix: 'Give the value on the command line, where the kubelet expands it: args: [redis-server, /etc/redis/redis.conf, --requirepass, $(REDIS_PASSWORD)].',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/config/',
    rows: ['R14'],
    on: 'redisServers',
    check: (server, report) => {
      const { container } = server;
      for (const name of server.names) {
        const directive = server.directive(name)!;
        const argument = directive.resource === container.workload.resource;
        // A shell, or a script in front of the server, may expand it.
        if (argument && (server.opaque || server.invocation?.links.some(({ kind }) => kind === 'shell'))) continue;
        const variable = argument ? directive.values.map((value) => /^\$\{?[A-Z_][A-Z0-9_]*\}?$/.exec(value)?.[0]).find(Boolean)
          : directive.values.map((value) => /\$\{[A-Za-z_]\w*\}|\$\([A-Za-z_]\w*\)|^\$[A-Z_][A-Z0-9_]*$/.exec(value)?.[0]).find(Boolean);
        // Something may fill it in before it is applied: then the container has no such variable.
        if (variable === undefined || container.env.lookup(variable.replace(/\W/g, '')).state === 'unset') continue;
        report({ at: at(server, directive), value: `${name} ${variable}` });
      }
    },
  },
  {
    id: 'redis/queue-not-kept',
    severity: Severity.WARNING,
    title: 'The queue is lost when Redis restarts',
    why: 'Without a volume everything is gone with the pod; with the snapshots of the default configuration a SIGKILL still loses everything since the last one: 0 '
      + 'of 50 tasks were left.',
    fix: 'Put /data on a claim with --appendonly yes; or turn persistence off: --save "" --appendonly no.',
    source: 'Measured with Redis 7.0.15: SIGTERM and SIGKILL, with snapshots, with an append-only file and without both',
    rows: ['R3'],
    on: 'brokers',
    check: (server, report, world) => {
      const { workload } = server.container;
      // A configuration out of sight may turn it off, or write elsewhere.
      const mount = server.container.mountOf(server.dataFolder) ?? (server.opaque ? onlyFolder(server) : undefined);
      const broker = brokerUse(server, world) === 'yes';
      const nowhere = mount === undefined && broker && isWithoutConfiguration(server);
      const perhaps = server.saves === undefined && (nowhere || (mount?.volume.kind === 'emptyDir' && mount.mountPath !== '/'));
      if (server.saves !== true && !perhaps) return;
      const other = broker ? '' : ', or Celery does not use it as its broker';
      if (mount?.volume.kind === 'hostPath' && !workload.onOneNode) {
        report({
          at: server.container.place(), value: `a hostPath at ${mount.mountPath}`, allowed: 'a claim', note: 'on another node it starts with another folder',
          fix: 'Put the data on a claim, or keep the pod on its node with a nodeSelector.', unless: `the cluster has one node${other}`,
        });
        return;
      }
      if (mount && mount.volume.kind !== 'emptyDir') {
        const appends = server.directive('appendonly')?.values[0] === 'yes';
        // Somebody chose the moments of snapshots.
        if (mount.volume.kind !== 'claim' || appends || ['save', 'snapshot_cron'].some((name) => server.directive(name)) || server.opaque) return;
        report({
          at: server.container.place(), ...server.isDragonfly ? { value: 'no snapshot_cron', allowed: '--snapshot_cron', fix: ON_DRAGONFLY } : { value: 'appendonly no', allowed: '--appendonly yes' },
          note: 'after a SIGKILL it is as it was at the last snapshot', unless: `tasks of the last minutes may be lost${other}`,
        });
        return;
      }
      report({
        at: server.container.place(), value: mount ? `an emptyDir at ${mount.mountPath}` : `no volume at ${server.dataFolder}`, ...server.isDragonfly ? { fix: ON_DRAGONFLY } : {},
        ...perhaps ? { unless: `its configuration turns persistence off${other}` } : unlessCache(server, world),
      });
    },
  },
  {
    id: 'redis/more-than-one',
    severity: Severity.ERROR,
    title: 'Several independent Redis servers answer behind one name',
    why: 'Each has queues of its own: half of the tasks wait in the one that no worker happens to be connected to, and results are not found.',
    fix: 'Set replicas: 1; for failover use Sentinel.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html',
    rows: ['R4'],
    on: 'brokers',
    check: (server, report, world) => {
      if (!isIndependent(server)) return;
      for (const { service, servers } of sharedServices(world)) {
        if (servers[0] !== server) continue;
        report({
          at: { resource: service, path: ['spec', 'selector'] }, allowed: 'the labels of one of them', ...unlessCache(server, world), ...insteadOf(servers),
          value: listed(servers.map(({ container: { workload } }) => `${workload.resource.kind} ${workload.resource.name}`)),
          fix: 'Give the pods of each server a label of its own, and name it in the selector; for failover use Sentinel.',
        });
      }
      if (isNamedByPod(server, world)) return;
      const certainty = mayFollow(server) ? { unless: 'something in its pod makes it follow another server' } : unlessCache(server, world);
      reportSeveralPods(server.container, certainty, 'a patch makes replicas of the others', report, world, mayConnect);
      const scaler = mostReplicas(server.container.workload, world) > 1 ? scalersOf(server.container.workload, world)[0] : undefined;
      if (scaler) report({ at: { resource: scaler, path: ['spec'] }, value: `${scaler.kind} ${scaler.name}`, allowed: 'no autoscaler', ...unlessCache(server, world) });
      // A number that is filled in before it is applied.
      const filledIn = scaler ? undefined : scalersOf(server.container.workload, world).find(({ json }) => typeof get(json, 'spec', 'maxReplicas') === 'string');
      if (filledIn) report({ at: { resource: filledIn, path: ['spec'] }, value: `${filledIn.kind} ${filledIn.name}`, allowed: 'no autoscaler', unless: 'its maxReplicas is 1' });
    },
  },
  {
    id: 'redis/read-only-replica',
    severity: Severity.ERROR,
    title: 'The host of the broker or the result backend leads to a read-only replica of Redis',
    why: '`redis.exceptions.ReadOnlyError: You can\'t write against a read only replica.`: workers end at startup, and no task can be sent; where the Service has the primary as well, it is '
      + 'a matter of chance.',
    fix: 'Name the Service of the primary, and let its selector take the primary only; or use sentinel://.',
    source: 'https://github.com/OT-CONTAINER-KIT/redis-operator/issues/629',
    rows: ['N112'],
    on: 'brokerClients',
    check: ({ urls }, report, world) => {
      for (const use of urls) {
        const servers = redisFor(use, world).filter(({ container }) => container.workload.replicas !== 0);
        const followers = servers.filter(follows);
        if (followers.length === 0) continue;
        const names = listed([...new Set(followers.map(({ container: { workload: { resource } } }) => `${resource.kind} ${resource.name}`))]);
        report({
          at: use.at, value: shownUrl(use), allowed: 'the primary', note: `${followers.length === servers.length ? 'it leads to' : 'it also leads to'} ${names}`,
          ...unless(!followers.some(({ container }) => sentinelNamespaces(world).has(container.workload.resource.namespace)), 'Sentinel has made that the primary'),
        });
      }
    },
  },
  {
    id: 'redis/refuses-clients',
    severity: Severity.ERROR,
    title: 'Redis accepts no connections from outside its own pod',
    why: 'All pods are Running with 0 restarts and no task runs: `DENIED Redis is running in protected mode because protected mode is enabled and no '
      + 'password is set for the default user`, or `Error 111 connecting to redis:6379. Connection refused`.',
    fix: 'Set a password, or --protected-mode no and a NetworkPolicy; do not bind to 127.0.0.1.',
    source: 'Reproduced on a cluster',
    rows: ['R12', 'R5'],
    on: 'redisServers',
    check: (server, report, world) => {
      const mode = server.directive('protected-mode');
      const bind = server.directive('bind');
      const password = asks(server) || server.directive('masterauth') !== undefined;
      const served = brokerUse(server, world) === 'yes' || world.kind('Service').length > 0;
      if (!served || server.opaque || hasClientsInside(server, world)) return;
      // Until Redis 6 a bind ended the protection.
      const version = /^v?(\d+)(?=[.-]|$)/.exec(server.container.image.tag ?? '')?.[1];
      if (mode?.values[0] === 'yes' && !password && (!bind || version === undefined || Number(version) >= 7)) {
        report({
          at: at(server, mode), value: 'protected-mode yes', allowed: 'a password, or protected-mode no',
          ...unless(!bind || version !== undefined, 'the image has Redis 6 or older'),
        });
      }
      if (bind && bind.values.length > 0 && bind.values.every((address) => /^-?(127\.|::1$|localhost$)/.test(address)) && redisOfCelery(world).has(server)) {
        report({ at: at(server, bind), value: `bind ${bind.values.join(' ')}`, allowed: 'no bind, or 0.0.0.0', ...unlessCache(server, world) });
      }
    },
  },
  {
    id: 'redis/waits-for-replicas',
    severity: Severity.ERROR,
    title: 'Redis takes no writes without a replica, and it has none',
    why: '`NOREPLICAS Not enough good replicas to write.`: no task can be sent, and workers end when they start.',
    fix: 'Set min-replicas-to-write 0, or leave it out.',
    source: 'https://github.com/oauth2-proxy/manifests/pull/359',
    rows: ['R12'],
    on: 'brokers',
    check: (server, report, world) => {
      const directive = server.directive('min-replicas-to-write') ?? server.directive('min-slaves-to-write');
      const { workload } = server.container;
      if (!directive || !(Number(directive.values[0]) > 0) || mostReplicas(workload, world) > 1 || !isIndependent(server)) return;
      // Another server may follow it by a script, or by a Sentinel.
      const others = redisServersIn(workload.resource.namespace, world).filter(({ container }) => container !== server.container);
      if (others.some((other) => !isIndependent(other)) || sentinelNamespaces(world).has(workload.resource.namespace)) return;
      report({ at: at(server, directive), value: `min-replicas-to-write ${directive.values[0]}`, allowed: 'min-replicas-to-write 0', ...unlessCache(server, world) });
    },
  },
  {
    id: 'redis/user-may-not',
    severity: Severity.ERROR,
    title: 'The access control list of Redis does not let the user of Celery do what Celery does',
    why: 'Remote control, events and results use channels, which a user of Redis 7 and later has only by `&*`: `NOPERM this user has no permissions to access one of the channels used as '
      + 'arguments`, and the worker ends. A user that is off or is not in the list is refused with `WRONGPASS`.',
    fix: 'Give the user all keys, channels and commands: user celery on ~* &* +@all >PASSWORD.',
    source: 'https://github.com/redis/redis-py/issues/2707',
    rows: ['R5'],
    on: 'brokerClients',
    check: ({ urls, process }, report, world) => {
      if (setsUsers(world)) return;
      for (const use of urls) {
        const [server, ...others] = redisFor(use, world);
        const list = server && others.length === 0 ? accessList(server) : undefined;
        const user = use.user || use.url.user || 'default';
        if (!list || /[$%{]/.test(user)) continue;
        const missing = list.missing(user, usesChannels(process));
        if (missing) report({ at: { resource: list.resource, path: list.path }, value: `user ${user}`, ...missing });
      }
    },
  },
  {
    id: 'redis/asks-for-certificate',
    severity: Severity.ERROR,
    title: 'Redis asks its clients for a certificate, and Celery has none',
    why: 'With TLS, tls-auth-clients is yes by default: `tlsv13 alert certificate required`, `Connection closed by server`; nothing connects.',
    fix: 'Set tls-auth-clients no; or mount a client certificate and name it: ssl_certfile and ssl_keyfile in the URL, or in broker_use_ssl.',
    source: 'https://github.com/redis/redis/issues/6827',
    rows: ['N12'],
    on: 'brokerClients',
    check: ({ urls, container }, report, world) => {
      for (const use of urls) {
        const [server, ...others] = redisFor(use, world);
        if (!server || others.length > 0 || server.opaque || use.url.scheme !== 'rediss' || use.url.query.has('ssl_certfile')) continue;
        if (Number(server.directive('tls-port')?.values[0] ?? 0) === 0 || /^(no|optional)$/.test(server.directive('tls-auth-clients')?.values[0] ?? 'yes')) continue;
        // A certificate comes from a Secret, or from an image.
        const mounted = container.mounts.some(({ volume: { kind } }) => !['configMap', 'emptyDir', 'downwardAPI'].includes(kind));
        report({ at: use.at, value: shownUrl(use), allowed: 'tls-auth-clients no', ...unless(!mounted && use.text !== '' && isPython(container.image), `its code gives it a certificate of ${mounted || isPython(container.image) ? 'a volume' : 'the image'}`) });
      }
    },
  },
  {
    id: 'redis/bad-configuration',
    severity: Severity.ERROR,
    title: 'Redis does not start with a directive of its configuration',
    why: 'It exits: `*** FATAL CONFIG FILE ERROR *** Reading the configuration file, at line 5 >>> \'appendonly true\' argument must be \'yes\' or \'no\'`, '
      + '`Bad directive or wrong number of arguments`; with daemonize it ends at once, and the container is restarted forever.',
    fix: 'Write the directive as redis.conf has it. A comment has a line of its own.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/config/',
    rows: ['R12'],
    on: 'redisServers',
    check: (server, report, world) => {
      const { namespace } = server.container.workload.resource;
      // Also where a fault elsewhere hides that Celery uses it.
      const near = redisOfCelery(world).has(server) || hasCelery(namespace, world);
      if (!near || server.container.image.name === 'dragonfly') return;
      // A script may go on with something else after a server in the background.
      const inScript = server.invocation?.links.some(({ kind }) => kind === 'shell') ?? false;
      for (const name of server.names) {
        const directive = server.directive(name)!;
        const { values, resource } = directive;
        const value = `${name} ${values.join(' ')}`;
        if (values.some(hasPlaceholder)) continue;
        const words = wordsOfDirective(name);
        const meant = REDIS_DIRECTIVES.includes(name) || name.includes('.') ? undefined : nearest(name, REDIS_DIRECTIVES);
        if (meant !== undefined) report({ at: at(server, directive), value: name, allowed: meant, note: 'there is no such directive' });
        else if (resource.kind === 'ConfigMap' && values.slice(1).some((one) => one.startsWith('#')) && !/^["']/.test(values[0]) && !TAKES_ANYTHING.has(name)) {
          report({ at: at(server, directive), value: `${name} ... #`, allowed: 'the comment on a line of its own', note: 'what begins with # here is an argument' });
        } else if (words && values.length === 1 && !words.includes(values[0].toLowerCase())) report({ at: at(server, directive), value, allowed: words.join(', ') });
        else if (values.length === 1 && isNoMemory(name, values[0])) report({ at: at(server, directive), value, allowed: 'a number, with b, kb, mb or gb', note: 'argument must be a memory value' });
        else if (name === 'daemonize' && values[0] === 'yes' && !inScript && server.directive('supervised') === undefined) report({ at: at(server, directive), value, allowed: 'daemonize no', note: 'the process of the container ends' });
      }
    },
  },
  {
    id: 'redis/no-such-file',
    severity: Severity.ERROR,
    title: 'Redis is given a configuration file that its image does not have and no volume brings',
    why: '`Fatal error, can\'t open config file \'/usr/local/etc/redis/redis.conf\': No such file or directory`, and the container is restarted forever.',
    fix: 'Name the file where the volume of its ConfigMap is mounted.',
    source: 'https://hub.docker.com/_/redis',
    rows: ['R12'],
    on: 'redisServers',
    check: ({ container, invocation }, report) => {
      const { image, words: all } = container;
      if (!image.official || !/^(redis|valkey)$/.test(image.name) || container.workload.initContainers.length > 0) return;
      const words = invocation ? invocation.words.slice(1) : all;
      const [file] = words;
      if (!file || file.unknown || !/^\/[\w./-]+\.conf$/.test(file.text) || container.mountOf(file.text)) return;
      // A script may write it.
      if (invocation?.links.some(({ kind }) => kind === 'shell')) return;
      report({ at: container.place(file.path), value: file.text, allowed: 'a file of a volume' });
    },
  },
  {
    id: 'redis/open-to-all',
    severity: Severity.ADVICE,
    title: 'Redis has no password, and no NetworkPolicy limits who may use it',
    why: 'Every pod of the cluster can read results and run tasks.',
    fix: 'Set requirepass from a Secret, or a NetworkPolicy for the workers.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/security/',
    rows: ['R5'],
    on: 'brokers',
    check: (server, report, world) => {
      if (open(server) && !guardedByPolicy(server.container.workload, world)) report({ at: server.container.place() });
    },
  },
  {
    id: 'redis/password-not-given',
    severity: Severity.ERROR,
    title: 'Redis requires a password, and the URL has none',
    why: '`NOAUTH Authentication required.` / `Authentication required.`: nothing connects, and no task runs.',
    fix: 'Write the password into the URL, from the same Secret: redis://:$(REDIS_PASSWORD)@redis:6379/0.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/security/',
    rows: ['R5'],
    on: 'brokerClients',
    check: ({ urls, container }, report, world) => {
      for (const use of urls) {
        if (isRedis(use.url) && use.url.password === undefined && /^\$\(\w*PASS\w*\)$/i.test(use.url.user ?? '')) {
          report({
            at: use.at, value: use.text, note: 'what is in front of the @ without a colon is a user', allowed: use.text.replace(`//${use.url.user}@`, `//:${use.url.user}@`),
            fix: 'Put a colon in front of the password.',
          });
          continue;
        }
        if (use.partial || (use.password ?? use.url.password ?? '') !== '' || use.url.query.has('password')) continue;
        const servers = redisFor(use, world);
        const required = servers.length === 1 ? servers[0].directive('requirepass')?.values.join('') ?? '' : '';
        if (required === '') continue;
        // Of several envFrom the last wins, and it may be out of sight.
        const { env } = container;
        // Celery itself reads only these, and adds nothing.
        const added = /^(CE_BROKER_URL|CELERY_(BROKER_URL|RESULT_BACKEND)|-.*)$/.test(use.source) ? undefined
          : [...env.all()].find(({ name }) => /(^|_)(REDIS|VALKEY|BROKER|CELERY)_.*PASS/.test(name))?.name;
        const given = secretKeys(servers[0].container).find(({ variable }) => /PASS/i.test(variable));
        const { scheme, host, port = `${REDIS_PORT}`, database } = use.url;
        report({
          at: use.at, value: shownUrl(use), ...unless(!env.open || !env.get(use.source)?.imported, `a Secret that is not among the input replaces ${use.source}`),
          ...unless(added === undefined, `the application adds ${added}`),
          // Whoever writes `redis://:@redis` may have an empty one, which switches it off.
          ...unless(use.url.password === undefined || !required.startsWith('$('), 'the password of the Secret is empty'),
          ...given && use.text !== '' ? {
            // "password:" would hide what comes after it.
            fix: `Define ${given.variable} before ${use.source} by a secretKeyRef to the key ${given.key} of Secret ${given.secret}, and write `
              + `${scheme}://:$(${given.variable})@${host}:${port}/${database ?? 0}.`,
          } : {},
        });
      }
    },
  },
  {
    id: 'redis/other-password',
    severity: Severity.ERROR,
    title: 'The password in the URL is not that of Redis',
    why: '`redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled.`, or `AUTH <password> called without any password configured for the default '
      + 'user`, in a loop: nothing connects, and no task runs.',
    fix: 'Take the password of the URL and that of Redis from one key of a Secret.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/security/',
    rows: ['R5'],
    on: 'brokerClients',
    check: ({ urls, container: { env, workload } }, report, world) => {
      for (const use of urls) {
        const [server, ...others] = redisFor(use, world);
        const required = server?.directive('requirepass');
        const { user = use.user ?? '' } = use.url;
        const text = use.password ?? use.url.password ?? '';
        if (server && others.length === 0 && open(server) && user === '' && /^(redis|valkey)$/.test(server.container.image.name) && text !== '' && isGiven(text, env)) {
          const version = installedVersion(workload, 'redis');
          if (version !== undefined && !meets(version, '<8')) continue;
          report({
            at: use.at, value: shownUrl(use), note: 'Redis has no password, and refuses one', allowed: use.text === '' ? 'a URL without a password' : use.text.replace(`:${text}@`, ''),
            ...unless(version !== undefined, 'redis-py is 8 or later, which names the user default as well'),
          });
          continue;
        }
        if (!server || !required || others.length > 0 || server.opaque || server.directive('aclfile') || server.directive('user') || hasOtherUsers(server, world)) continue;
        if (user !== '' && user !== 'default' && !/[$%{]/.test(user)) {
          report({ at: use.at, value: use.text === '' ? use.source : `user ${user}`, note: 'with requirepass Redis has only the user default', allowed: 'no user, or default' });
          continue;
        }
        const [password, known] = [passwordOf(use, env), knownPassword(required.values.join(' '), server.container.env)];
        if (password !== undefined && known !== undefined && password !== known) report({ at: use.at, value: shownUrl(use) });
      }
    },
  },
  {
    id: 'redis/open-to-the-world',
    severity: Severity.ERROR,
    title: 'Redis can be reached from outside the cluster without a password',
    why: 'Anybody can read tasks and results, and send tasks to the workers; servers like this are found by scanners within hours.',
    fix: 'Use a Service of type ClusterIP; or set requirepass from a Secret, and limit who may come in.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/security/',
    rows: ['R5'],
    check: (world, report) => {
      const isOpen = (server: RedisServer): boolean => open(server) || (isWithoutConfiguration(server) && givenNoPassword(server, world));
      const found = new Map([...redisOfCelery(world)].filter(isOpen).map((server) => {
        const { container } = server;
        const port = Number(server.directive('port')?.values[0] ?? REDIS_PORT);
        return [portExposures(container, port, world), open(server)] as const;
      }));
      for (const [all, certain] of found) {
        for (const { place: where, by, guarded, internal } of all) {
          if (!guarded) report({ at: where, value: by, allowed: 'ClusterIP', ...withinNetwork(internal), ...unless(certain, 'its image asks for a password') });
        }
      }
    },
  },
  {
    id: 'redis/cluster-as-broker',
    severity: Severity.ERROR,
    title: 'The broker or the result backend is a Redis Cluster, which Celery does not support',
    why: '`CROSSSLOT Keys in request don\'t hash to the same slot` or MOVED: kombu changes several keys at once, and has no transport for clusters; Celery\'s result backend does not follow MOVED.',
    fix: 'Use a single Redis, or Sentinel.',
    source: 'https://github.com/celery/kombu/issues/1021',
    rows: ['R7'],
    on: 'processes',
    check: (process, report, world) => {
      // The URL of the broker may be that of the result backend, too.
      for (const use of new Map([...process.urls].reverse().map((one) => [one.text, one])).values()) {
        if (!isRedis(use.url)) continue;
        if (isClusterEndpoint(use.url.host)) {
          report({ at: use.at, value: use.text, note: 'the host is the endpoint of a Redis in cluster mode' });
        } else if (mayBeClusterEndpoint(use.url.host)) {
          report({ at: use.at, value: use.text, note: 'the clustering policy of Azure is OSS by default', unless: 'its clustering policy is Enterprise, or it is not clustered' });
        }
      }
      const { broker } = process;
      for (const server of broker ? redisFor(broker, world) : []) {
        const cluster = server.directive('cluster-enabled');
        if (cluster?.values[0] === 'yes') report({ at: at(server, cluster), value: 'cluster-enabled yes' });
      }
    },
  },
  {
    id: 'redis/results-beside-queue',
    severity: Severity.ADVICE,
    title: 'Results are kept in the database of the queue',
    why: 'Results stay for a day and fill the memory that the queue needs; flushing one deletes the other.',
    fix: 'Use another database number for results, a result_expires below a day, or task_ignore_result.',
    source: 'https://github.com/celery/celery/issues/7801',
    rows: ['R8'],
    on: 'workers',
    check: (worker, report) => {
      const { broker, backend } = worker;
      if (!broker || !backend || !isRedis(broker.url) || !isRedis(backend.url) || !resultsStay(worker)) return;
      if (broker.url.host === backend.url.host && broker.url.port === backend.url.port && redisDatabase(broker.url) === redisDatabase(backend.url)) {
        report({ at: backend.at, value: backend.text });
      }
    },
  },
  {
    id: 'redis/shell-keeps-the-signal',
    severity: Severity.ERROR,
    title: 'Redis runs under a shell that does not pass SIGTERM on',
    why: 'Redis is killed at the end of the grace period without a last save: everything since the last snapshot is lost (0 of 50 tasks were left).',
    fix: 'Give command and args as an array without a shell, or write `exec redis-server ...`.',
    source: 'Measured with Redis 7.0.15',
    rows: ['R9'],
    on: 'redisServers',
    check: (server, report, world) => {
      const { invocation, container } = server;
      // Of an if and its else one runs: all have to be kept.
      const starts = container.invocations.filter(({ words }) => baseName(words[0]?.text ?? '') === baseName(invocation?.words[0].text ?? ''));
      const kept = starts.flatMap(({ links }) => keptByShell(links, container) ?? []);
      const verdict = invocation && (!invocation.conditional || starts.length > 1) && kept.length === starts.length ? kept[0] : undefined;
      // Where nothing is kept, nothing is lost.
      if (!verdict || server.saves === false || brokerUse(server, world) === 'no') return;
      report({
        at: server.container.place(invocation!.words[0].path), ...unlessCache(server, world), ...verdict,
      });
    },
  },
  {
    id: 'redis/floating-tag',
    severity: Severity.WARNING,
    title: 'Redis keeps its data, and its image may change to another major version',
    why: 'After a downgrade Redis cannot read what the newer version wrote: `Can\'t handle RDB format version ...`, in a loop.',
    fix: 'Name the version: redis:7.4.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/',
    rows: ['R11'],
    on: 'brokers',
    check: (server, report) => {
      const { image } = server.container;
      const mount = server.container.mountOf(server.dataFolder);
      const floats = image.text !== '' && (isLatest(image) || (image.digest === undefined && image.tag === 'alpine'));
      if (floats && mount?.volume.kind === 'claim') report({ at: server.container.place([...server.container.path, 'image']), value: image.text });
    },
  },
  {
    id: 'redis/data-not-writable',
    severity: Severity.ERROR,
    title: 'Redis cannot write to the folder in which it saves its data',
    why: '`MISCONF Redis is configured to save RDB snapshots, but it\'s currently unable to persist to disk. Commands that may modify the data set '
      + 'are disabled`, minutes after the start; with appendonly it does not start: `Can\'t open or create append-only dir appendonlydir: Read-only '
      + 'file system`.',
    fix: 'Mount a volume at /data; or turn persistence off: --save "" --appendonly no.',
    source: 'https://github.com/ansible/awx/issues/9401',
    rows: ['F9', 'F10', 'Z1'],
    on: 'redisServers',
    check: (server, report) => {
      const folder = server.dataFolder;
      if (server.saves !== true || !folder.startsWith('/') || server.container.writable(folder) !== 'no') return;
      const mount = server.container.mountOf(folder);
      report({
        at: server.container.place(mount && isReadOnly(mount) ? mount.path : server.container.path), value: folder,
        ...unless(mount !== undefined || !declaresVolume(server.container.image, folder), DECLARED_VOLUME),
      });
    },
  },
  {
    id: 'redis/ping-proves-nothing',
    severity: Severity.WARNING,
    title: 'redis-cli ping exits with 0 even when Redis refuses every command',
    why: '`NOAUTH Authentication required.` and `LOADING Redis is loading the dataset in memory` are answers, so the pod counts as ready while no '
      + 'task can be sent.',
    fix: 'Compare the answer: [ "$(redis-cli ping)" = PONG ], with REDISCLI_AUTH when there is a password.',
    source: 'https://github.com/OT-CONTAINER-KIT/redis-operator/issues/1567',
    rows: ['P17'],
    on: 'redisServers',
    check: (server, report) => {
      for (const probe of probesOf(server.container)) {
        const command = showProbe(probe);
        const raw = /\b(redis|valkey)-cli\b.*\bping\b/i.test(command) && !/PONG|grep|=|\s-e\b|\|/i.test(command.replace(/--?[a-z-]+=\S*/g, ''));
        if (!raw) continue;
        const password = server.directive('requirepass') ?? server.directive('aclfile');
        const authenticated = /\s(-a|--pass|--askpass|--user)\b/.test(command) || server.container.env.lookup('REDISCLI_AUTH').state !== 'unset';
        if (probe.kind === 'readinessProbe' || (password && !authenticated)) {
          report({ at: probePlace(probe), value: command, note: password && !authenticated ? 'it has no password to give' : undefined });
        }
      }
    },
  },
  {
    id: 'redis/too-few-clients',
    severity: Severity.WARNING,
    title: 'Redis allows fewer clients than Celery opens connections',
    why: '`ConnectionError: max number of clients reached`, once as many workers run as are allowed: each holds a connection for every child or thread and '
      + 'about eight for consuming, control, events and results; Beat holds four, and Flower 21.',
    fix: 'Raise maxclients (10000 by default), or limit the pools with broker_pool_limit and redis_max_connections.',
    source: 'https://github.com/celery/celery/issues/4994',
    rows: ['N39'],
    // Clients of all namespaces count.
    across: true,
    on: 'brokers',
    check: (server, report, world) => {
      const most = server.directive('maxclients');
      const clients = most ? Number(most.values[0]) : server.opaque ? undefined : DEFAULT_CLIENTS;
      if (clients === undefined || !Number.isInteger(clients)) return;
      const own = clientsOf(world).get(server) ?? [];
      const needed = own.reduce((sum, process) => sum + mostReplicas(process.workload, world) * connections(process), 0);
      if (clients >= needed) return;
      const who = own.every(({ role }) => role === 'worker') ? 'the workers open' : 'workers, Beat and Flower open';
      report({
        at: most ? at(server, most) : server.container.place(), value: `maxclients ${clients}${most ? '' : ' (the default)'}`, allowed: `${needed} or more`,
        // Others may limit their connections in their code: only a program is refused.
        note: `${who} about ${needed}`, outOfSight: true,
      });
    },
  },
  {
    id: 'redis/sentinel-quorum',
    severity: Severity.WARNING,
    title: 'Sentinel wants more votes than there are Sentinels',
    why: 'When the master ends, none of them takes another one: `+sdown master mymaster`, and no `+odown`. Workers wait for the master until somebody acts.',
    fix: 'Set the quorum, the last number of `sentinel monitor`, to 2, and run three Sentinels.',
    source: 'https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#fundamental-things-to-know-about-sentinel-before-deploying',
    rows: ['N11'],
    check: (world, report) => {
      const seen = new Set<Place['resource']>();
      for (const { container, watched } of sentinels(world)) {
        for (const { name, quorum, at: place } of watched) {
          if (seen.has(place.resource)) continue;
          seen.add(place.resource);
          const votes = votesFor(name, container.workload.resource.namespace, world);
          if (quorum > votes) report({ at: place, value: `quorum ${quorum} of ${name}`, allowed: `at most ${votes}`, unless: 'others watch it that are not among these manifests' });
        }
      }
    },
  },
  {
    id: 'redis/sentinel-cannot-write',
    severity: Severity.ERROR,
    title: 'Sentinel cannot write its configuration file',
    why: 'Sentinel keeps what it learns in that file, and a ConfigMap is mounted read-only: `Sentinel config file /etc/redis/sentinel.conf is not writable: Read-only file '
      + 'system. Exiting...`, and the container is restarted forever.',
    fix: 'Copy the file to an emptyDir in an init container, and start Sentinel with the copy.',
    source: 'Measured with Redis 7.0.15; https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#running-sentinel',
    rows: ['N11'],
    check: (world, report) => {
      for (const { container, file } of sentinels(world)) {
        if (file && container.writable(file.text) === 'no') report({ at: container.place(file.path), value: file.text, allowed: 'a file on a volume that can be written' });
      }
    },
  },
  {
    id: 'redis/sentinel-resolves-no-names',
    severity: Severity.ERROR,
    title: 'Sentinel is given the name of a host, and does not resolve names',
    why: 'Since Redis 6.2 it takes addresses only, without `resolve-hostnames yes`: `*** FATAL CONFIG FILE ERROR ***`, `Can\'t resolve instance hostname.`, and the container is restarted '
      + 'forever.',
    fix: 'Add `sentinel resolve-hostnames yes` and `sentinel announce-hostnames yes` to the configuration.',
    source: 'Measured with Redis 7.0.15; https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#ip-addresses-and-dns-names',
    rows: ['N11'],
    check: (world, report) => {
      const seen = new Set<Place['resource']>();
      for (const sentinel of sentinels(world)) {
        for (const { host, at: place } of unresolvedHosts(sentinel)) {
          if (!seen.has(place.resource)) report({ at: place, value: host, allowed: 'an IP address, or resolve-hostnames yes' });
          seen.add(place.resource);
        }
      }
    },
  },
];
