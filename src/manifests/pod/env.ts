import { LAUNCH_PREFIX } from '../../celery/agent-names';
import { Room } from '../command/room';
import type { Changes } from '../command/variables';
import { asList, asMap, asScalar, asText, get, Path } from '../json';
import { configMapData, secretData, Sources } from './sources';

/** A variable of a container, as far as manifests tell. */
export interface Variable {
  readonly name: string;
  /** Undefined when it comes from a Secret, a field, or something outside the input. */
  readonly value?: string;
  /** What a Secret of the input has: it tells what leads where, and no message shows it. */
  readonly hidden?: string;
  /** As written, before `$(VAR)` is expanded. */
  readonly raw?: string;
  readonly source: 'value' | 'configMap' | 'secret' | 'field' | 'unknown';
  /** Stands in `env` itself, so kubelet knows its value without asking anyone. */
  readonly path: Path;
  /** `$(NAME)` that nothing defines before it, in the order of the manifest. */
  readonly unresolved: readonly string[];
  /** Contains a `$(NAME)` whose value only the cluster knows. */
  readonly partial: boolean;
  /** From `envFrom`. */
  readonly imported: boolean;
}

export type Lookup =
  /** The manifest gives the value. */
  | { readonly state: 'known'; readonly value: string; readonly variable: Variable }
  /** It is there, with a value that only the cluster knows. */
  | { readonly state: 'set'; readonly variable: Variable }
  /** Something that we cannot see may define it. */
  | { readonly state: 'maybe' }
  | { readonly state: 'unset' };

/** The environment of a container. */
export class Env {
  /** What `envFrom` names and is not in the input. */
  public readonly missing: readonly string[];
  /** What else brings variables, after the container has started. */
  private readonly later: string[] = [];
  private readonly variables = new Map<string, Variable>();
  private readonly room = new Room();

  public constructor(container: unknown, path: Path, sources: Sources) {
    this.missing = this.importAll(container, path, sources);
    asList(get(container, 'env')).forEach((entry, i) => this.add(entry, [...path, 'env', i], sources));
  }

  /** Something out of sight may define further variables. */
  public get open(): boolean {
    return this.missing.length > 0 || this.later.length > 0;
  }

  /** What may define further variables, or give those of the manifest other values. */
  public get others(): readonly string[] {
    return this.later;
  }

  /** What comes after kubelet: a webhook, or the commands before the program. */
  public change({ set, sources }: Changes): void {
    this.later.push(...sources);
    for (const [name, { value, word }] of set) {
      const before = this.variables.get(name);
      if (before === undefined) {
        this.set(name, 'unknown', word.path, { value });
      } else if (before.value !== value || value === undefined) {
        this.variables.set(name, { ...before, value: undefined, hidden: undefined, partial: true });
      }
    }
  }

  /** What variables expand to is longer than what is read: some count as known only to the cluster. */
  public get tooLong(): boolean {
    return this.room.full;
  }

  public all(): Iterable<Variable> {
    return this.variables.values();
  }

  public get(name: string): Variable | undefined {
    return this.variables.get(name);
  }

  public lookup(name: string): Lookup {
    const variable = this.variables.get(name);
    if (!variable) return { state: this.open ? 'maybe' : 'unset' };
    return variable.value === undefined || variable.partial ? { state: 'set', variable } : { state: 'known', value: variable.value, variable };
  }

  /** The value, when the manifest gives it. */
  public value(name: string): string | undefined {
    const found = this.lookup(name);
    return found.state === 'known' ? found.value : undefined;
  }

  /** Expands `$(NAME)` as kubelet does for `command` and `args`. */
  public expand(raw: string): { text: string; unresolved: string[]; partial: boolean } {
    if (!raw.includes('$')) return { text: raw, unresolved: [], partial: false };
    const unresolved: string[] = [];
    let partial = false;
    let fits = true;
    const expanded = raw.replace(/\$\$|\$\(([A-Za-z_.][\w.-]*)\)/g, (whole, name: string | undefined) => {
      if (name === undefined) return '$';
      const variable = this.variables.get(name);
      if (!variable) {
        unresolved.push(name);
        return whole;
      }
      partial ||= variable.value === undefined || variable.partial;
      const value = variable.value ?? whole;
      fits &&= this.room.take(value.length);
      return fits ? value : whole;
    });
    return { text: fits ? expanded : raw, unresolved, partial: partial || !fits };
  }

  private importAll(container: unknown, path: Path, sources: Sources): string[] {
    const missing: string[] = [];
    asList(get(container, 'envFrom')).forEach((entry, i) => {
      const at = [...path, 'envFrom', i];
      const prefix = asText(get(entry, 'prefix')) ?? '';
      const configMap = asText(get(entry, 'configMapRef', 'name'));
      const secret = asText(get(entry, 'secretRef', 'name'));
      const data = configMap === undefined ? undefined : sources.configMap(configMap);
      const keys = secret === undefined ? undefined : sources.secret(secret);
      if (!data && !keys) missing.push(configMap ?? secret ?? '');
      for (const [key, value] of data ? configMapData(data) : []) this.set(prefix + key, 'configMap', at, { value, imported: true });
      for (const [key, hidden] of keys ? secretData(keys) : []) this.set(prefix + key, 'secret', at, { hidden, imported: true });
    });
    return missing;
  }

  private add(entry: unknown, path: Path, sources: Sources): void {
    const name = asText(get(entry, 'name'));
    if (name === undefined) return;
    const raw = asScalar(get(entry, 'value'));
    if (raw !== undefined) {
      const { text: value, unresolved, partial } = this.expand(raw);
      this.set(name, 'value', path, { value, raw, unresolved, partial });
      // A template: the launcher makes the variable of it, with values that only the cluster knows.
      if (name.startsWith(LAUNCH_PREFIX)) {
        const composed = value.replace(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g, '$($1)');
        this.set(name.slice(LAUNCH_PREFIX.length), 'value', path, { value: composed, raw: composed, unresolved, partial: true });
      }
      return;
    }
    const from = asMap(get(entry, 'valueFrom'));
    if (from.configMapKeyRef !== undefined) {
      const ref = from.configMapKeyRef;
      const configMap = sources.configMap(asText(get(ref, 'name')) ?? '');
      return this.set(name, 'configMap', path, { value: configMap && configMapData(configMap).get(asText(get(ref, 'key')) ?? '') });
    }
    if (from.secretKeyRef !== undefined) {
      const secret = sources.secret(asText(get(from.secretKeyRef, 'name')) ?? '');
      return this.set(name, 'secret', path, { hidden: secret && secretData(secret).get(asText(get(from.secretKeyRef, 'key')) ?? '') });
    }
    if (from.fieldRef !== undefined || from.resourceFieldRef !== undefined) return this.set(name, 'field', path, {});
    if (Object.keys(from).length > 0) return this.set(name, 'unknown', path, {});
    this.set(name, 'value', path, { value: '' });
  }

  /** All of one shape: there are more of them than of anything else. */
  private set(
    name: string, source: Variable['source'], path: Path, { value, raw = value, hidden, unresolved = NONE, partial = false, imported = false }: Partial<Variable>,
  ): void {
    this.variables.set(name, { name, value, hidden, raw, source, path, unresolved, partial, imported });
  }
}

const NONE: readonly string[] = Object.freeze([]);
