/** What the main process of a worker takes, in bytes. */
export const MAIN_PROCESS_BYTES = 150 * 2 ** 20;

/** What a prefork worker may take in all, in bytes, when each of its children grows to `--max-memory-per-child`. */
export function memoryOfWorker(children: number, maxMemoryPerChildKib: number): number {
  return children * maxMemoryPerChildKib * 1024 + MAIN_PROCESS_BYTES;
}

/** The share of Redis' memory limit that is for data: the rest is for the fork that rewrites the append-only file or saves, and for buffers. */
export const REDIS_DATA_SHARE = 0.75;
