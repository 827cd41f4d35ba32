/** The configuration file of Redis as data: the directives of Redis 6 to 8 and Valkey, and what some of them take. */

const YES_NO = [
  'activedefrag', 'activerehashing', 'always-show-logo', 'aof-load-truncated', 'aof-rewrite-incremental-fsync', 'aof-timestamp-enabled', 'aof-use-rdb-preamble', 'appendonly',
  'cluster-allow-pubsubshard-when-down', 'cluster-allow-reads-when-down', 'cluster-allow-replica-migration', 'cluster-enabled', 'cluster-replica-no-failover',
  'cluster-require-full-coverage', 'crash-log-enabled', 'crash-memcheck-enabled', 'daemonize', 'disable-thp', 'dynamic-hz', 'enable-debug-assert', 'io-threads-do-reads', 'jemalloc-bg-thread',
  'lazyfree-lazy-eviction', 'lazyfree-lazy-expire', 'lazyfree-lazy-server-del', 'lazyfree-lazy-user-del', 'lazyfree-lazy-user-flush', 'no-appendfsync-on-rewrite', 'protected-mode',
  'rdb-del-sync-files', 'rdb-save-incremental-fsync', 'rdbchecksum', 'rdbcompression', 'repl-disable-tcp-nodelay', 'repl-diskless-sync', 'replica-announced',
  'replica-ignore-disk-write-errors', 'replica-ignore-maxmemory', 'replica-lazy-flush', 'replica-read-only', 'replica-serve-stale-data', 'set-proc-title',
  'slave-read-only', 'slave-serve-stale-data', 'stop-writes-on-bgsave-error', 'syslog-enabled', 'tls-cluster', 'tls-prefer-server-ciphers', 'tls-replication', 'tls-session-caching',
];

const OTHERS = [
  'aclfile', 'acl-pubsub-default', 'acllog-max-len', 'active-defrag-cycle-max', 'active-defrag-cycle-min', 'active-defrag-ignore-bytes', 'active-defrag-max-scan-fields',
  'active-defrag-threshold-lower', 'active-defrag-threshold-upper', 'active-expire-effort', 'aof-rewrite-cpulist', 'aof_rewrite_cpulist', 'appendfilename', 'appenddirname', 'appendfsync',
  'auto-aof-rewrite-min-size', 'auto-aof-rewrite-percentage', 'bgsave-cpulist', 'bgsave_cpulist', 'bind', 'bind-source-addr', 'bio-cpulist', 'bio_cpulist', 'busy-reply-threshold',
  'client-output-buffer-limit', 'client-query-buffer-limit', 'cluster-announce-bus-port', 'cluster-announce-hostname', 'cluster-announce-human-nodename', 'cluster-announce-ip',
  'cluster-announce-port', 'cluster-announce-tls-port', 'cluster-config-file', 'cluster-link-sendbuf-limit', 'cluster-migration-barrier', 'cluster-node-timeout', 'cluster-port',
  'cluster-preferred-endpoint-type', 'cluster-replica-validity-factor', 'databases', 'dbfilename', 'dir', 'enable-debug-command', 'enable-module-command', 'enable-protected-configs',
  'gopher-enabled', 'hash-max-listpack-entries', 'hash-max-listpack-value', 'hash-max-ziplist-entries', 'hash-max-ziplist-value', 'hll-sparse-max-bytes', 'hz', 'ignore-warnings', 'include',
  'io-threads', 'latency-monitor-threshold', 'latency-tracking', 'latency-tracking-info-percentiles', 'lfu-decay-time', 'lfu-log-factor', 'list-compress-depth', 'list-max-listpack-size',
  'list-max-ziplist-size', 'loadmodule', 'locale-collate', 'logfile', 'loglevel', 'lua-time-limit', 'masterauth', 'masteruser', 'max-new-connections-per-cycle',
  'max-new-tls-connections-per-cycle', 'maxclients', 'maxmemory', 'maxmemory-clients', 'maxmemory-eviction-tenacity', 'maxmemory-policy', 'maxmemory-samples', 'min-replicas-max-lag',
  'min-replicas-to-write', 'min-slaves-max-lag', 'min-slaves-to-write', 'notify-keyspace-events', 'oom-score-adj', 'oom-score-adj-values', 'pidfile', 'port', 'primaryauth', 'primaryuser',
  'proc-title-template', 'propagation-error-behavior', 'proto-max-bulk-len', 'rdb-key-save-delay', 'rename-command', 'repl-backlog-size', 'repl-backlog-ttl',
  'repl-diskless-load', 'repl-diskless-sync-delay', 'repl-diskless-sync-max-replicas', 'repl-diskless-sync-period', 'repl-ping-replica-period', 'repl-ping-slave-period', 'repl-timeout',
  'replica-announce-ip', 'replica-announce-port', 'replica-priority', 'replicaof', 'requirepass', 'sanitize-dump-payload', 'save', 'server-cpulist', 'server_cpulist', 'set-max-intset-entries',
  'set-max-listpack-entries', 'set-max-listpack-value', 'shutdown-on-sigint', 'shutdown-on-sigterm', 'shutdown-timeout', 'slave-priority', 'slaveof', 'slowlog-log-slower-than',
  'slowlog-max-len', 'socket-mark-id', 'stream-node-max-bytes', 'stream-node-max-entries', 'supervised', 'syslog-facility', 'syslog-ident', 'tcp-backlog', 'tcp-keepalive', 'timeout',
  'tls-auth-clients', 'tls-ca-cert-dir', 'tls-ca-cert-file', 'tls-cert-file', 'tls-ciphers', 'tls-ciphersuites', 'tls-client-cert-file', 'tls-client-key-file', 'tls-client-key-file-pass',
  'tls-dh-params-file', 'tls-key-file', 'tls-key-file-pass', 'tls-port', 'tls-protocols', 'tls-session-cache-size', 'tls-session-cache-timeout', 'tracking-table-max-keys', 'unixsocket',
  'unixsocketperm', 'user', 'zset-max-listpack-entries', 'zset-max-listpack-value', 'zset-max-ziplist-entries', 'zset-max-ziplist-value',
];

/** The same of older and newer releases, of Valkey, KeyDB and the modules of Redis 8. */
const OF_SOME_RELEASES = [
  'active-replica', 'aof-disable-auto-gc', 'availability-zone', 'bf-error-rate', 'bf-initial-size', 'cf-initial-size', 'client-db-limit', 'client-default-resp',
  'cluster-announce-client-ipv4', 'cluster-announce-client-ipv6', 'cluster-blacklist-ttl', 'cluster-ping-interval', 'cluster-slave-no-failover',
  'cluster-slave-validity-factor', 'cluster-slot-migration-handoff-max-lag-bytes', 'cluster-slot-stats-enabled', 'debug-context', 'dual-channel-replication-enabled',
  'events-per-io-thread', 'extended-redis-compatibility', 'glob-case-sensitive', 'hide-user-data-from-log', 'import-mode', 'io-threads-always-active', 'key-load-delay',
  'key-memory-histograms', 'list-max-ziplist-entries', 'list-max-ziplist-value', 'loading-process-events-interval-bytes', 'log-format', 'log-timestamp-format', 'lookahead',
  'lua-enable-deprecated-api', 'lua-enable-insecure-api', 'lua-replicate-commands', 'min-clients-per-thread', 'multi-master', 'prefetch-batch-max-size', 'repl-rdb-channel',
  'replica-full-sync-buffer-limit', 'req-res-logfile', 'scratch-file-path', 'search-default-dialect', 'search-max-aggregate-results', 'search-max-search-results',
  'search-on-timeout', 'search-threads', 'search-timeout', 'server-thread-affinity', 'server-threads', 'slave-announce-ip', 'slave-announce-port', 'slave-announced',
  'slave-ignore-maxmemory', 'slave-lazy-flush', 'slot-migration-max-failover-repl-bytes', 'storage-provider', 'ts-num-threads', 'ts-retention-policy', 'unixsocketgroup',
  'use-exit-on-panic', 'watchdog-period',
];

/** The names of all directives. */
export const REDIS_DIRECTIVES: readonly string[] = [...YES_NO, ...OTHERS, ...OF_SOME_RELEASES];

/** The words that a directive takes. */
const WORDS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ...YES_NO.map((name) => [name, ['yes', 'no']] as const),
  ['maxmemory-policy', ['noeviction', 'allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'allkeys-lrm', 'volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl', 'volatile-lrm']],
  ['appendfsync', ['everysec', 'always', 'no']], ['loglevel', ['debug', 'verbose', 'notice', 'warning', 'nothing']],
]);

/** What takes a number of bytes, with a unit of Redis: `512mb`, `1g`; `512Mi` is one of Kubernetes. */
const MEMORY: ReadonlySet<string> = new Set(['maxmemory', 'repl-backlog-size', 'auto-aof-rewrite-min-size', 'proto-max-bulk-len', 'client-query-buffer-limit', 'active-defrag-ignore-bytes']);

/** Whether a directive refuses a text because it is no number of bytes. */
export function isNoMemory(name: string, text: string): boolean {
  return MEMORY.has(name) && !/^["']?-?\d+(b|kb?|mb?|gb?)?["']?$/i.test(text);
}

/** The words that a directive takes, of one that takes only some. */
export function wordsOfDirective(name: string): readonly string[] | undefined {
  return WORDS.get(name);
}
