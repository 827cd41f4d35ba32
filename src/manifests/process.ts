import { CeleryCommand } from './command/celery-command';
import { Link } from './command/command';
import { Path } from './json';
import { GLOBAL_ENV } from '../celery/options';
import { Container, Workload } from './pod/workload';
import { seconds, SettingName } from './code-settings';
import { BrokerUrl, isAmqp, isRedis, parseUrl } from '../celery/url';
import { Place } from './place';
import { remembered } from '../memo/remembered';

/** An option of a process, by flag or by environment. */
export type Option =
  | { readonly state: 'known'; readonly value: string; readonly path: Path; readonly flag: boolean }
  /** Given, with a value that only the cluster knows. */
  | { readonly state: 'set'; readonly path: Path; readonly flag: boolean }
  | { readonly state: 'maybe' }
  | { readonly state: 'unset' };

/** A URL that a process is given, with where it stands. */
export interface UrlUse {
  readonly text: string;
  readonly url: BrokerUrl;
  readonly at: Place;
  readonly source: string;
  /** Assembled from something that only the cluster knows. */
  readonly partial: boolean;
}

/** The variables that Celery, and Airflow for it, read URLs from. */
const URL_NAMES = new Set([
  'BROKER_URL', 'CELERY_BROKER_URL', 'RESULT_BACKEND', 'CELERY_RESULT_BACKEND', 'AIRFLOW__CELERY__BROKER_URL', 'AIRFLOW__CELERY__RESULT_BACKEND',
]);

/** Names of variables that applications make their broker's URL of. */
const OTHER_URLS = /BROKER|REDIS|VALKEY|RABBIT|AMQP|RESULT_BACKEND/;

const OFF = new Set(['', '0', 'false', 'no', 'off', 'f', 'n']);

/** A setting of Celery, with where it stands. */
export interface Setting {
  readonly value: string;
  readonly at: Place;
}

/** click's variable for an option of a subcommand. */
const variableOf = remembered((role: string, name: string) =>
  GLOBAL_ENV.get(name) ?? `CELERY_${role}_${name.slice(2)}`.toUpperCase().replaceAll('-', '_'));

/** A worker, a Beat or a Flower: one Celery process that a container keeps running. */
export class Process {
  /** URLs that the code of the application gives, where a ConfigMap shows it. */
  public codeBroker?: UrlUse;
  public codeBackend?: UrlUse;
  /** Settings that it gives; undefined where only a run tells the value. */
  public readonly codeSettings = new Map<SettingName, Setting | undefined>();
  private readonly options = new Map<string, Option>();
  private brokers?: readonly UrlUse[];
  private backends?: readonly UrlUse[];
  private knownUrls?: readonly UrlUse[];
  private everyUrl?: readonly UrlUse[];

  public constructor(public readonly container: Container, public readonly command: CeleryCommand) {}

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

  /** Where the command stands. */
  public get commandPlace(): Place {
    return this.place(this.command.subcommand?.path ?? this.command.invocation.words[0]?.path);
  }

  /** `--concurrency`, by flag or by `CELERY_WORKER_CONCURRENCY`. */
  public option(name: string): Option {
    let option = this.options.get(name);
    if (!option) this.options.set(name, option = this.readOption(name));
    return option;
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

  /** A setting after `--`, or else in code: `task_acks_late`. */
  public setting(name: SettingName): Setting | undefined {
    const given = this.command.settings.get(name);
    return given ? { value: given.value, at: this.place(given.word.path) } : this.codeSettings.get(name);
  }

  /** Something in sight sets it, though maybe to a value that only a run tells. */
  public sets(name: SettingName): boolean {
    return this.command.settings.has(name) || this.codeSettings.has(name);
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

  public get pool(): string | undefined {
    const option = this.option('--pool');
    return option.state === 'known' ? option.value : option.state === 'unset' ? 'prefork' : undefined;
  }

  /** The queues that a worker consumes; undefined when they are not known. */
  public get queues(): readonly string[] | undefined {
    const value = this.value('--queues');
    return value?.split(',').map((queue) => queue.trim()).filter(Boolean);
  }

  public get concurrency(): number | undefined {
    const autoscale = /^\s*(\d+)/.exec(this.value('--autoscale') ?? '');
    if (autoscale) return Number(autoscale[1]);
    return this.lacks('--concurrency') ? seconds(this.setting('worker_concurrency')?.value ?? '') : this.number('--concurrency');
  }

  /** The URL that the process connects to, if manifests show it: what wins stands first. */
  public get broker(): UrlUse | undefined {
    return this.brokerCandidates[0];
  }

  public get backend(): UrlUse | undefined {
    const names = ['RESULT_BACKEND', 'CELERY_RESULT_BACKEND'];
    this.backends ??= this.candidates('--result-backend', names, 'AIRFLOW__CELERY__RESULT_BACKEND', this.codeBackend);
    return this.backends[0];
  }

  public get brokerCandidates(): readonly UrlUse[] {
    return this.brokers ??= this.candidates('--broker', ['BROKER_URL', 'CELERY_BROKER_URL'], 'AIRFLOW__CELERY__BROKER_URL', this.codeBroker);
  }

  private candidates(flag: string, names: readonly string[], airflow: string, code: UrlUse | undefined): UrlUse[] {
    const found = this.flagUrls(flag);
    for (const name of this.command.vendor === 'airflow' ? [airflow] : names) {
      const variable = this.container.env.get(name);
      if (variable?.value !== undefined) {
        found.push(...this.use(variable.value, variable.path, name, variable.partial || variable.unresolved.length > 0));
      } else if (variable || (found.length === 0 && this.container.env.open)) {
        // Something that we cannot read wins from here on.
        return found;
      }
    }
    return code ? [...found, code] : found;
  }

  /** All URLs of brokers and result backends that Celery may read here, whichever of them wins. */
  public get urls(): readonly UrlUse[] {
    return this.knownUrls ??= this.readUrls();
  }

  /** Those that the application may make its settings of, too. */
  public get allUrls(): readonly UrlUse[] {
    if (this.everyUrl) return this.everyUrl;
    const others = this.variableUrls((name) => OTHER_URLS.test(name) && !URL_NAMES.has(name))
      .filter(({ url, at }) => (isRedis(url) || isAmqp(url)) && this.urls.every((known) => known.at.path !== at.path));
    return this.everyUrl = others.length === 0 ? this.urls : [...this.urls, ...others];
  }

  private readUrls(): UrlUse[] {
    const flags = ['--broker', '--result-backend'].flatMap((flag) => this.flagUrls(flag));
    // A variable that an option refers to is one with it.
    const variables = this.variableUrls((name) => URL_NAMES.has(name)).filter(({ at }) => flags.every((flag) => flag.at.path !== at.path));
    return [...flags, ...variables, ...this.codeBroker ? [this.codeBroker] : [], ...this.codeBackend ? [this.codeBackend] : []];
  }

  private variableUrls(wanted: (name: string) => boolean): UrlUse[] {
    const found: UrlUse[] = [];
    for (const { name, value, path, partial, unresolved } of this.container.env.all()) {
      if (value !== undefined && wanted(name)) found.push(...this.use(value, path, name, partial || unresolved.length > 0));
    }
    return found;
  }

  /** A URL on the command line; where that is a `$(NAME)` alone, it stands with the variable. */
  private flagUrls(flag: string): UrlUse[] {
    const given = this.command.global.get(flag) ?? (this.role === 'flower' ? undefined : this.command.options.get(flag));
    if (!given) return [];
    const { value, word } = given;
    const variable = word.reference === undefined ? undefined : this.container.env.get(word.reference);
    return variable ? this.use(value, variable.path, variable.name, word.unknown) : this.use(value, word.path, flag, word.unknown);
  }

  private use(value: string, path: Path, source: string, partial: boolean): UrlUse[] {
    const url = parseUrl(value);
    return url ? [{ text: value, url, at: this.place(path), source, partial }] : [];
  }
}
