import { baseName, Invocation, Word } from './command/command';
import { Path } from './json';
import { Container } from './pod/container';
import { Resource } from './resource';
import { REDIS_DATA } from '../celery/server-images';

export interface Directive {
  readonly values: readonly string[];
  readonly path: Path;
  /** The ConfigMap of the configuration file; otherwise the workload. */
  readonly resource: Resource;
}

/** A server of Redis, Valkey, KeyDB or Dragonfly, and its configuration as far as manifests tell. */
export class RedisServer {
  private constructor(
    public readonly container: Container,
    private readonly directives: ReadonlyMap<string, Directive>,
    /** Some configuration is out of sight: what is not said here may be said there. */
    public readonly opaque: boolean,
    public readonly invocation?: Invocation,
  ) {}

  /** The last one given wins, as in Redis; undefined when it is not said in sight. */
  public directive(name: string): Directive | undefined {
    return this.directives.get(name);
  }

  /** The names of all directives that are in sight. */
  public get names(): Iterable<string> {
    return this.directives.keys();
  }

  /** Where its files are; by default the working directory of the official image. */
  public get dataFolder(): string {
    return this.directive('dir')?.values[0] ?? REDIS_DATA;
  }

  /** Which has other flags than Redis, and stops at one that it does not know. */
  public get isDragonfly(): boolean {
    return this.container.image.name === 'dragonfly' || baseName(this.invocation?.words[0]?.text ?? '') === 'dragonfly';
  }

  /** Whether it writes its data to files; undefined where a configuration out of sight says so. */
  public get saves(): boolean | undefined {
    const save = this.directive('save');
    const file = this.directive('dbfilename');
    if (this.isDragonfly && file) return file.values.join('').trim() !== '';
    if (this.directive('appendonly')?.values[0] === 'yes') return true;
    if (save) return save.values.join('').trim() !== '';
    return this.opaque ? undefined : true;
  }

  public static read(container: Container): RedisServer | undefined {
    const server = RedisServer.readCommand(container);
    const given = server ? ofVariables(container, server.invocation) : [];
    if (!server || given.length === 0) return server;
    const added = RedisServer.fromWords(container, given)?.directives ?? [];
    const opaque = server.opaque || given.some(({ unknown }) => unknown);
    return new RedisServer(container, new Map([...server.directives, ...added]), opaque, server.invocation);
  }

  private static readCommand(container: Container): RedisServer | undefined {
    const starts = container.invocations.filter(({ words }) => /^((redis|valkey|keydb)-server|dragonfly)$/.test(baseName(words[0]?.text ?? '')));
    if (starts.length > 0) {
      const [first, ...others] = starts.map((invocation) => RedisServer.fromWords(container, invocation.words.slice(1), invocation));
      return first && others.reduce<RedisServer>((server, other) => server.or(other), first);
    }
    // A job with the image of Redis is a client: it makes a copy, or fills it.
    if (!/^(redis|valkey|redis-stack|redis-stack-server|keydb|dragonfly)$/.test(container.image.name) || !container.workload.longRunning) return undefined;
    if (container.words.length === 0) return new RedisServer(container, new Map(), !isPlain(container));
    // The entrypoint of the official image puts `redis-server` before options.
    const first = container.words[0].text;
    if (!container.ownsEntrypoint && isPlain(container) && (first.startsWith('-') || first.endsWith('.conf'))) {
      return RedisServer.fromWords(container, container.words);
    }
    return /sentinel|cluster|exporter|cli/.test(first) ? undefined : new RedisServer(container, new Map(), true);
  }

  /** Of an if and its else one runs: what both say is known. */
  private or(other: RedisServer | undefined): RedisServer {
    const said = (server: RedisServer | undefined, name: string): string => JSON.stringify(server?.directive(name)?.values);
    const names = new Set([...this.directives.keys(), ...other?.directives.keys() ?? []]);
    const same = [...names].filter((name) => said(this, name) === said(other, name));
    if (same.length === names.size) return this;
    return new RedisServer(this.container, new Map(same.map((name) => [name, this.directive(name)!])), true, this.invocation);
  }

  private static fromWords(
    container: Container, words: readonly Word[], invocation?: Invocation,
  ): RedisServer | undefined {
    const directives = new Map<string, Directive>();
    let opaque = false;
    let at = 0;
    if (words[0] && !words[0].text.startsWith('--')) {
      const file = container.configFile(words[0].text);
      if (file) {
        for (const [name, values] of parseConf(file.text)) directives.set(name, { values, ...file.place });
        opaque = directives.has('include');
      } else {
        opaque = true;
      }
      at = 1;
    }
    let current: { name: string; values: string[]; path: Path } | undefined;
    const close = () => {
      if (current) directives.set(current.name, { values: current.values, path: current.path, resource: container.workload.resource });
    };
    for (; at < words.length; at += 1) {
      const word = words[at];
      if (/^--[a-z]/.test(word.text)) {
        close();
        // `--save 900 1` may also come as one word; Dragonfly also takes `--maxmemory=1gb`.
        const [name, ...values] = word.text.slice(2).split(/\s+|=/);
        current = { name, values, path: word.path };
      } else if (current) {
        current.values.push(word.text);
        current.path = current.values.length === 1 ? word.path : current.path;
      }
    }
    close();
    if (directives.has('sentinel')) return undefined;
    return new RedisServer(container, directives, opaque, invocation);
  }
}

/** Options that variables add: the flags of Dragonfly, and what the entrypoint of Valkey puts at the end of the command. */
function ofVariables(container: Container, invocation: Invocation | undefined): Word[] {
  const { env, image, ownsEntrypoint } = container;
  const program = baseName(invocation?.words[0]?.text ?? '');
  return [...env.all()].flatMap(({ name, raw = '', value, path }): Word[] => {
    const word = (text: string): Word => ({ text, path, unknown: value === undefined });
    if (name.startsWith('DFLY_') && (program === 'dragonfly' || image.name === 'dragonfly')) return [word(`--${name.slice('DFLY_'.length)}`), word(value ?? '$')];
    return name === 'VALKEY_EXTRA_FLAGS' && !ownsEntrypoint && image.name === 'valkey' ? (value ?? raw).split(/\s+/).filter(Boolean).map(word) : [];
  });
}

/** Images whose entrypoint is documented: it puts the server before options. */
function isPlain({ image }: Container): boolean {
  return (image.official && ['redis', 'valkey'].includes(image.name))
    || ['valkey/valkey', 'eqalpha/keydb', 'dragonflydb/dragonfly'].includes(image.repository);
}

function parseConf(text: string): Array<[string, string[]]> {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    if (words[0] === '' || words[0].startsWith('#')) return [];
    return [[words[0].toLowerCase(), words.slice(1).map((word) => word.replace(/^(["'])(.*)\1$/, '$2'))] as [string, string[]]];
  });
}
