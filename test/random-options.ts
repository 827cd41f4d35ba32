import { SCHEMA } from '../src/manifests/kubernetes-schema';

/** A source of random numbers that gives the same ones for the same seed. */
export class Random {
  public constructor(private state: number) {}

  /** From 0 to less than 1 (mulberry32). */
  public next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  public chance(share: number): boolean {
    return this.next() < share;
  }

  public below(most: number): number {
    return Math.floor(this.next() * most);
  }

  public of<T>(values: readonly T[]): T {
    return values[this.below(values.length)];
  }
}

/** Of these fields there is exactly one. */
const ONE_OF: Record<string, string[]> = {
  EnvVarSource: Object.keys(SCHEMA.EnvVarSource), VolumeProjection: Object.keys(SCHEMA.VolumeProjection),
  LifecycleHandler: Object.keys(SCHEMA.LifecycleHandler),
  Volume: Object.keys(SCHEMA.Volume).filter((name) => name !== 'name!'), EnvFromSource: ['configMapRef', 'secretRef'], Probe: ['exec', 'grpc', 'httpGet', 'tcpSocket'],
};

/** What is often right somewhere, and sometimes wrong. */
const STRINGS = ['a', 'b', 'c-1', 'cache', 'x.example.com', '/data', '/a/b', 'a/b', 'Always', 'In', 'NotIn', 'Exists', 'DoesNotExist', 'metadata.name',
  'metadata.labels', 'status.podIP', 'limits.memory', 'requests.cpu', 'limits.ephemeral-storage', 'Localhost', 'kubernetes.io/hostname', 'ReadWriteOnce', 'Filesystem', 'A_B', 'PLAIN', '10.0.0.1',
  '::1', '1', '', 'A', 'Upper', 'a b', 'TCP', 'cpu', 'memory', 'Memory', '250m', '1Gi', 'http', 'metrics', '../up', 'NotRequired', 'RestartContainer', 'Recursive', 'Default',
  'name', '25%', '0', 'OnRootMismatch', 'service_t', 'x'.repeat(64), 'image:1', 'registry.example.com/a/b:1.0.0'];
const INTEGERS = [0, 1, 2, 5, 9, 10, 30, 60, 80, 300, 416, 420, 511, 600, 3600, 8080, 65535, 65536, -1, 1000, 2147483647, 2147483648];
const QUANTITIES = ['1', '100m', '250m', '1Gi', '512Mi', '0', '1.5', '2e3', 1, 2, 0.5, '1Ki', '-1', '10E', '1n', '4Mi', 0.0001];
const KEYS = ['cpu', 'memory', 'ephemeral-storage', 'nvidia.com/gpu', 'hugepages-2Mi', 'a', 'app.example.com/name', 'team', 'x y', 'storage', 'kubernetes.io/x'];

/** A random value of a type of the schema. */
export function randomValue(random: Random, type: string, depth = 0): unknown {
  if (type.startsWith('[]')) return Array.from({ length: random.below(depth > 4 ? 2 : 3) }, () => randomValue(random, type.slice(2), depth + 1));
  if (type.startsWith('{}')) {
    return Object.fromEntries(Array.from({ length: random.below(3) }, () => [random.of(KEYS), randomValue(random, type.slice(2), depth + 1)]));
  }
  if (type.startsWith('"')) return random.of(type.slice(1, -1).split('|'));
  switch (type) {
    case 'string': return random.of(STRINGS);
    case 'boolean': return random.chance(0.5);
    case 'integer': case 'number': return random.of(INTEGERS);
    case 'int-or-string': return random.chance(0.7) ? random.of(INTEGERS) : random.of(STRINGS);
    case 'quantity': return random.of(QUANTITIES);
    case 'any': return undefined;
  }
  const chosen = Object.hasOwn(ONE_OF, type) ? random.of(ONE_OF[type]) : undefined;
  return Object.fromEntries(Object.entries(SCHEMA[type]).flatMap(([name, inner]) => {
    const [field, required] = name.endsWith('!') ? [name.slice(0, -1), true] : [name, false];
    const among = Object.hasOwn(ONE_OF, type) && ONE_OF[type].includes(name);
    if (among ? name !== chosen : !required && !random.chance(depth > 3 ? 0.15 : 0.3)) return [];
    return [[field, randomValue(random, inner, depth + 1)]];
  }));
}
