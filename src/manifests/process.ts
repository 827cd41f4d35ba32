import { APP_SETTINGS, CONNECTION_SETTINGS } from '../celery/agent-names';
import { GLOBAL_ENV } from '../celery/options';
import { isAmqp, isRedis, parseUrl } from '../celery/url';
import { lazy, remembered } from '../memo';
import { codeOf } from './code';
import { seconds, SETTING_NAMES, SettingName, WRITTEN_NAMES } from './code-settings';
import { CeleryCommand } from './command/celery-command';
import { Link } from './command/command';
import { BROKER_TRANSPORT } from './domain';
import { asMap, asText, isMap, Path } from './json';
import { Place } from './place';
import { Container } from './pod/container';
import { Variable } from './pod/env';
import { Workload } from './pod/workload';
import { isOneOf, Setting, UrlUse, withoutSecrets } from './uses';

/** An option of a process, by flag or by environment. */
export type Option =
  | { readonly state: 'known'; readonly value: string; readonly path: Path; readonly flag: boolean }
  /** Given, with a value that only the cluster knows. */
  | { readonly state: 'set'; readonly path: Path; readonly flag: boolean }
  | { readonly state: 'maybe' }
  | { readonly state: 'unset' };

/** The variables that Celery, and Airflow for it, read URLs from. */
const URL_NAMES = new Set([
  'BROKER_URL', 'CELERY_BROKER_URL', 'RESULT_BACKEND', 'CELERY_RESULT_BACKEND', 'AIRFLOW__CELERY__BROKER_URL', 'AIRFLOW__CELERY__RESULT_BACKEND',
]);

/** Names of variables that applications make their broker's URL of. */
const OTHER_URLS = /BROKER|REDIS|VALKEY|RABBIT|AMQP|RESULT_BACKEND/;

/** The variables that are called like a setting. */
const SETTING_VARIABLES: ReadonlyMap<SettingName, readonly string[]> = new Map(SETTING_NAMES.map((name) =>
  [name, [...WRITTEN_NAMES].flatMap(([written, of]) => of === name && written !== name ? [written] : [])]));

const OFF = new Set(['', '0', 'false', 'no', 'off', 'f', 'n']);

/** click's variable for an option of a subcommand. */
const variableOf = remembered((role: string, name: string) =>
  GLOBAL_ENV.get(name) ?? `CELERY_${role}_${name.slice(2)}`.toUpperCase().replaceAll('-', '_'));

/** A worker, a Beat or a Flower: one Celery process that a container keeps running. */
export class Process {
  private readonly options = remembered((name: string) => this.readOption(name));

  public constructor(
    public readonly container: Container, public readonly command: CeleryCommand,
    /** What tells its role, where its command does not: how sure that is, and whether that command was meant to start it, or a branch of it does. */
    public readonly hint?: { readonly reason: string; readonly sure: boolean; readonly meant?: true; readonly branches?: true },
  ) {}

  public get workload(): Workload {
    return this.container.workload;
  }

  public get role(): CeleryCommand['role'] {
    return this.command.role;
  }

  /** Started by Celery's own command line, not by a program that adds options. */
  public get plain(): boolean {
    return this.command.vendor === 'celery';
  }

  public get links(): readonly Link[] {
    return this.command.invocation.links;
  }

  public place(path?: Path): Place {
    return this.container.place(path);
  }

  /** The place of the command. */
  public get commandPlace(): Place {
    return this.place(this.command.subcommand?.path ?? this.command.invocation.words[0]?.path);
  }

  /** `--concurrency`, by flag or by `CELERY_WORKER_CONCURRENCY`. */
  public option(name: string): Option {
    return this.options(name);
  }

  private readOption(name: string): Option {
    const given = this.command.options.get(name) ?? this.command.global.get(name);
    if (given) {
      return given.word.unknown && given.value !== 'true'
        ? { state: 'set', path: given.word.path, flag: true } : { state: 'known', value: given.value, path: given.word.path, flag: true };
    }
    if (!this.plain) return { state: 'maybe' };
    return this.variable(variableOf(this.role, name));
  }

  public variable(name: string): Option {
    const assigned = this.command.invocation.assignments.get(name);
    if (assigned !== undefined) return { state: 'known', value: assigned, path: this.command.invocation.words[0].path, flag: false };
    const found = this.container.env.lookup(name);
    if (found.state === 'known') return { state: 'known', value: found.value, path: found.variable.path, flag: false };
    return found.state === 'set' ? { state: 'set', path: found.variable.path, flag: false } : found;
  }

  public value(name: string): string | undefined {
    const option = this.option(name);
    return option.state === 'known' ? option.value : undefined;
  }

  public number(name: string): number | undefined {
    const value = this.value(name);
    return value !== undefined && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : undefined;
  }

  /** A flag that is certainly on. */
  public flag(name: string): boolean {
    const option = this.option(name);
    return option.state === 'known' && (option.flag || !OFF.has(option.value.toLowerCase()));
  }

  /** Not given in sight, and nothing out of sight can give it. */
  public lacks(name: string): boolean {
    return this.option(name).state === 'unset';
  }

  /** A setting after `--`, or else in code, or else in a variable called like it: `task_acks_late`. Those of a connection are joined with it. */
  public setting(name: SettingName): Setting | undefined {
    const given = this.ownSetting(name);
    const connection = loaderSettings(this).connection.get(name);
    if (connection === undefined) return given;
    return given ? { ...given, value: joined(connection.value, given.value) } : connection;
  }

  private ownSetting(name: SettingName): Setting | undefined {
    const given = this.command.settings.get(name);
    if (given) return { value: given.value, at: this.place(given.word.path) };
    const loaded = loaderSettings(this).app.get(name);
    if (loaded) return loaded;
    const code = codeOf(this.container).settings;
    return code.has(name) ? code.get(name) : this.settingVariable(name);
  }

  private settingVariable(name: SettingName): Setting | undefined {
    for (const variable of SETTING_VARIABLES.get(name)!) {
      const found = this.variable(variable);
      if (found.state === 'known') return { value: found.value, at: this.place(found.path), variable };
    }
    return undefined;
  }

  /** Something in sight sets it, though maybe to a value that only a run tells. */
  public sets(name: SettingName): boolean {
    const { app, connection } = loaderSettings(this);
    return app.has(name) || connection.has(name) || this.command.settings.has(name) || codeOf(this.container).settings.has(name)
      || SETTING_VARIABLES.get(name)!.some((variable) => ['known', 'set'].includes(this.variable(variable).state));
  }

  public settingOn(name: SettingName): boolean {
    const setting = this.setting(name);
    return setting !== undefined && !OFF.has(setting.value.toLowerCase());
  }

  public settingOff(name: SettingName): boolean {
    const setting = this.setting(name);
    return setting !== undefined && OFF.has(setting.value.toLowerCase());
  }

  /** The application that `-A` names. */
  public get app(): string | undefined {
    return this.value('--app');
  }

  /** Nobody names the pool in a Secret or ConfigMap that is out of sight, as code may. */
  public get pool(): string | undefined {
    const option = this.option('--pool');
    return option.state === 'known' ? option.value : option.state === 'unset' || (option.state === 'maybe' && this.plain) ? 'prefork' : undefined;
  }

  /** Forks its pool, so it needs shared semaphores and temporary files. */
  public get forks(): boolean {
    return this.pool === 'prefork' || this.pool === 'processes';
  }

  /** The queues that a worker consumes; undefined when they are not known. */
  public get queues(): readonly string[] | undefined {
    const value = this.value('--queues');
    return value?.split(',').map((queue) => queue.trim()).filter(Boolean);
  }

  public get concurrency(): number | undefined {
    const autoscale = /^\s*(\d+)/.exec(this.value('--autoscale') ?? '');
    if (autoscale) return Number(autoscale[1]);
    if (this.lacks('--concurrency')) return seconds(this.setting('worker_concurrency')?.value ?? '');
    return this.number('--concurrency') ?? (this.command.vendor === 'airflow' ? seconds(this.container.env.value('AIRFLOW__CELERY__WORKER_CONCURRENCY') ?? '') : undefined);
  }

  /** The URL that the process connects to, if manifests show it: what wins comes first. */
  public get broker(): UrlUse | undefined {
    return this.brokerCandidates[0];
  }

  /**
   * The broker that the process connects to, also where a Secret of the input has the URL: scheme, host and database only, to find the
   * server that it leads to. No message shows it.
   */
  public get link(): UrlUse | undefined {
    return this.broker ?? links(this);
  }

  /** The transport of a broker whose URL is out of sight, where our constructs say it. */
  public get hiddenTransport(): string | undefined {
    return this.broker ? undefined : asText(this.workload.annotations[BROKER_TRANSPORT]);
  }

  public get backend(): UrlUse | undefined {
    return backends(this)[0];
  }

  public get brokerCandidates(): readonly UrlUse[] {
    return brokers(this);
  }

  /** All URLs of brokers and result backends that Celery may read here, whichever of them wins. */
  public get urls(): readonly UrlUse[] {
    return urls(this);
  }

  /** Those that the application may make its settings of, too. */
  public get allUrls(): readonly UrlUse[] {
    return allUrls(this);
  }
}

/** What the loader of our launcher gives to every Celery of a container: settings of the app win over the code, those of a connection do not. */
const loaderSettings = lazy((process: Process) => ({
  app: settingsOfVariable(process, APP_SETTINGS), connection: settingsOfVariable(process, CONNECTION_SETTINGS),
}));

function settingsOfVariable(process: Process, name: string): ReadonlyMap<string, Setting> {
  const variable = process.container.env.get(name);
  return new Map(variable === undefined ? [] : Object.entries(asMap(parsed(variable.value)))
    .map(([setting, value]) => [setting, { value: typeof value === 'string' ? value : JSON.stringify(value), at: process.place(variable.path) }]));
}

/** Two dictionaries as one, in which the second wins. One that is no JSON is a literal of Python: what reads it takes what comes first. */
function joined(first: string, second: string): string {
  const both = [parsed(first), parsed(second)];
  if (both.every(isMap)) return JSON.stringify({ ...asMap(both[0]), ...asMap(both[1]) });
  const [ours, given] = [first, second].map((text) => /^\{([^]*?),?\s*\}$/.exec(text.trim())?.[1].trim());
  return ours === undefined || given === undefined ? second : `{${[given, ours].filter(Boolean).join(', ')}}`;
}

function parsed(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const brokers = lazy((process: Process) =>
  candidates(process, '--broker', ['BROKER_URL', 'CELERY_BROKER_URL'], 'AIRFLOW__CELERY__BROKER_URL', codeOf(process.container).broker));

const links = lazy((process: Process): UrlUse | undefined => {
  for (const name of process.command.vendor === 'airflow' ? ['AIRFLOW__CELERY__BROKER_URL'] : ['BROKER_URL', 'CELERY_BROKER_URL']) {
    const variable = process.container.env.get(name);
    const url = parseUrl(variable?.hidden ?? '');
    if (!variable || !url) continue;
    return { ...withoutSecrets(url), at: process.place(variable.path), source: name, partial: true };
  }
  return undefined;
});

const backends = lazy((process: Process) =>
  candidates(process, '--result-backend', ['RESULT_BACKEND', 'CELERY_RESULT_BACKEND'], 'AIRFLOW__CELERY__RESULT_BACKEND', codeOf(process.container).backend));

function candidates(process: Process, flag: string, names: readonly string[], airflow: string, code: UrlUse | undefined): UrlUse[] {
  const { env } = process.container;
  const found = flagUrls(process, flag);
  for (const name of process.command.vendor === 'airflow' ? [airflow] : names) {
    const variable = env.get(name);
    if (variable?.value !== undefined) {
      found.push(...variableUrls(process, variable));
    } else if (variable || (found.length === 0 && env.open)) {
      // Something that we cannot read wins from here on.
      return found;
    }
  }
  return code ? [...found, code] : found;
}

const urls = lazy((process: Process): readonly UrlUse[] => {
  const flags = ['--broker', '--result-backend'].flatMap((flag) => flagUrls(process, flag));
  // A variable that an option refers to is one with it.
  const variables = environmentUrls(process, (name) => URL_NAMES.has(name)).filter(({ at, source }) => !isOneOf(flags, at.path, source));
  const { broker, backend } = codeOf(process.container);
  return [...flags, ...variables, ...broker ? [broker] : [], ...backend ? [backend] : []];
});

const allUrls = lazy((process: Process): readonly UrlUse[] => {
  const others = environmentUrls(process, (name) => OTHER_URLS.test(name) && !URL_NAMES.has(name))
    .filter(({ url, at, source }) => (isRedis(url) || isAmqp(url)) && !isOneOf(process.urls, at.path, source));
  return others.length === 0 ? process.urls : [...process.urls, ...others];
});

function environmentUrls(process: Process, wanted: (name: string) => boolean): UrlUse[] {
  const found: UrlUse[] = [];
  for (const variable of process.container.env.all()) {
    if (wanted(variable.name)) found.push(...variableUrls(process, variable));
  }
  return found;
}

function variableUrls(process: Process, { name, value, path, partial, unresolved }: Variable): UrlUse[] {
  return value === undefined ? [] : urlUse(process, value, path, name, partial || unresolved.length > 0);
}

/** A URL on the command line; where that is only a `$(NAME)`, its place is that of the variable. */
function flagUrls(process: Process, flag: string): UrlUse[] {
  const { command, container, role } = process;
  const given = command.global.get(flag) ?? (role === 'flower' ? undefined : command.options.get(flag));
  if (!given) return [];
  const { value, word } = given;
  const variable = word.reference === undefined ? undefined : container.env.get(word.reference);
  return variable ? urlUse(process, value, variable.path, variable.name, word.unknown) : urlUse(process, value, word.path, flag, word.unknown);
}

function urlUse(process: Process, text: string, path: Path, source: string, partial: boolean): UrlUse[] {
  const url = parseUrl(text);
  return url ? [{ text, url, at: process.place(path), source, partial }] : [];
}
