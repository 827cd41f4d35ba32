/** One of the most common failures, and how it is shown on a cluster (`npm run drills`, test/drills/rules). */
interface Drilled {
  readonly what: string;
  /** The rules that are drilled, and what is seen of the manifest that fails. */
  readonly drills: Readonly<Record<string, string>>;
  /** What is not drilled, and why. */
  readonly elsewhere?: string;
}

/** The most common failures, the most common first. */
export const DRILLED: readonly Drilled[] = [
  {
    what: 'Tasks killed at a deploy: SIGTERM lost in a shell, or a grace period of 30 s',
    drills: {
      'shutdown/shell-keeps-the-signal': 'No `Warm shutdown` in the log; exit code 137 after the whole grace period of 20 s; one task began and never ended.',
      'shutdown/grace-shorter-than-task': '`Warm shutdown` in the log, then exit code 137; the task began and never ended.',
      'shutdown/prestop-stops-all-workers': 'One of two pods is deleted, and the container of the other one ends too.',
      'shutdown/detached': 'The container ends at once: Completed, exit code 0, started again.',
    },
  },
  {
    what: '`inspect ping` in probes: times out, burns CPU, kills workers',
    drills: {
      'probes/celery-times-out': 'Event `Liveness probe failed: command timed out: "celery inspect ping" timed out after 1s`; restarted.',
      'probes/solo-cannot-answer': 'Event `No nodes replied within time constraint`; restarted in the middle of the task.',
      'probes/celery-too-often': 'With a probe every 10 s the container uses more than three times the CPU that it uses with one a minute: 3.4 s and 0.6 s a minute.',
    },
  },
  {
    what: 'A worker deaf after a restart of Redis',
    drills: {},
    elsewhere: 'It depends on a race, so one pair of manifests proves little: it is a drill of its own, with outages repeated.',
  },
  {
    what: 'As many children as the node has CPUs, and OOMKilled',
    drills: { 'resources/concurrency-of-the-node': 'The container is OOMKilled, or its children one by one (`signal 9 (SIGKILL)`): one fits into the memory limit, those of a node with two CPUs do not.' },
  },
  {
    what: 'The schedule file of Beat on a read-only path, or no folder for temporary files',
    drills: {
      'beat/schedule-not-writable': '`OSError: [Errno 30] Read-only file system: \'celerybeat-schedule\'`; started again and again.',
      'filesystem/no-temporary-folder': '`Unrecoverable error: FileNotFoundError(2, "No usable temporary directory found in [...]")`; started again and again.',
    },
  },
  {
    what: 'Redis delivers long tasks again: visibility_timeout',
    drills: { 'delivery/visibility-timeout-too-short': 'The same task begins a second time while the first run still goes on.' },
  },
  {
    what: 'Variables of Services: FLOWER_PORT, REDIS_PORT',
    drills: {
      'env/flower-service-link': '`ValueError: invalid literal for int() with base 10: \'tcp://...:5555\'`; started again and again.',
      'env/service-link-port': '`ValueError: Port could not be cast to integer value as \'tcp:\'`; started again and again.',
    },
  },
  {
    what: 'Two Beats',
    drills: {
      'beat/more-than-one': 'Twice as many tasks in the queue as the schedule asks for.',
      'beat/in-worker': 'Every periodic task runs twice.',
    },
  },
  {
    what: 'Packages installed at start, against probes and without an index',
    drills: { 'install/killed-while-installing': 'Event `failed liveness probe, will be restarted` twice, and never `Visit me at`.' },
  },
  {
    what: 'A stale pidfile',
    drills: { 'beat/stale-pidfile': 'After SIGKILL: `Pidfile (...) already exists. Seems we\'re already running? (pid: 1)`, exit code 73, forever.' },
  },
  {
    what: 'Memory that grows until a child is killed',
    drills: { 'resources/children-exceed-memory': '`WorkerLostError(\'Worker exited prematurely: signal 9 (SIGKILL) Job: ...\')`, or the container is OOMKilled.' },
  },
  {
    what: 'Long intervals that never fire, for the schedule goes with the pod',
    drills: { 'beat/interval-never-fires': 'A day after the last run Beat starts in a new pod, and sends nothing: the interval begins again.' },
  },
  {
    what: 'Passwords and unexpanded references in URLs',
    drills: {
      'env/unexpanded-reference': '`ValueError: Port could not be cast to integer value as \'$(REDIS_PORT)\'`; started again and again.',
      'env/url-password-unescaped': '`ValueError: Port could not be cast to integer value as \'pa\'`; started again and again.',
    },
  },
  {
    what: 'Versions that conflict or drift',
    drills: {
      'install/redis-pin-conflict': '`ResolutionImpossible`: pip installs nothing.',
      'install/kombu-needs-packaging': '`ModuleNotFoundError: No module named \'packaging\'`; started again and again.',
    },
  },
  {
    what: 'The queue is lost: no persistence, eviction',
    drills: {
      'redis/queue-not-kept': '0 of 50 tasks are left after SIGKILL.',
      'redis/evicts-tasks': '0 of 200 tasks are left once other keys fill the memory, without an error.',
    },
  },
  {
    what: 'Flower open to the world, or its API',
    drills: {
      'flower/open-to-the-world': '`/`, `/tasks`, `/broker` and `/metrics` answer 200 at the port of the node; the API answers 401.',
      'flower/unauthenticated-api': 'One request without a login stops the worker.',
    },
  },
  {
    what: 'Scale-down by the length of the list, and workers that hoard tasks',
    drills: {
      'scaling/zero-while-tasks-run': 'KEDA removes the only worker while it runs a task, which is lost. Needs KEDA on the cluster.',
      'delivery/prefetch-zero': 'A worker with two children takes ten of twenty tasks out of the queue.',
    },
  },
  {
    what: 'Redis that cannot save',
    drills: { 'redis/data-not-writable': '`MISCONF Redis is configured to save RDB snapshots, but it\'s currently unable to persist to disk`: no task can be sent.' },
  },
  {
    what: 'Gossip, mingle and other chatter',
    drills: { 'delivery/chatter': 'Two idle workers get more than twice the bytes from Redis: in half a minute 57 kB, without gossip and mingle 0.3 kB.' },
  },
  {
    what: 'Claims on two nodes, stale ConfigMaps, the wrong application',
    drills: {
      'code/no-rollout-on-change': 'The file in the pod has the new code, and the worker still runs the old one.',
      'code/queue-shared-by-two-apps': '`Received unregistered task of type \'shop.pack\'. The message has been ignored and discarded.`',
    },
    elsewhere: 'A claim on two nodes (`Multi-Attach error`) takes a cluster of two; `drills` ask for no more than one.',
  },
];
