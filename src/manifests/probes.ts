import { Given } from '../celery/options';
import { lazy } from '../memo';
import { CeleryCommand, readCelery, scriptOf } from './command/celery-command';
import { baseName, Invocation, Word } from './command/command';
import { asList, asNumber, asScalar, asText, get, isMap, JsonObject, Path } from './json';
import { Place } from './place';
import { Container } from './pod/container';

export const PROBE_KINDS = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

export interface Probe {
  readonly kind: typeof PROBE_KINDS[number];
  readonly container: Container;
  readonly json: JsonObject;
  readonly path: Path;
  readonly delay: number;
  readonly period: number;
  readonly timeout: number;
  readonly failures: number;
  /** As written. */
  readonly raw: readonly string[];
  readonly invocations: readonly Invocation[];
  readonly http?: { readonly path: string; readonly port: unknown };
}

export const probesOf: (container: Container) => readonly Probe[] = lazy(readProbes);

function readProbes(container: Container): Probe[] {
  return PROBE_KINDS.flatMap((kind) => {
    const json = container.json[kind];
    if (!isMap(json)) return [];
    const path = [...container.path, kind];
    const raw = asList(get(json, 'exec', 'command')).map((word) => asScalar(word) ?? '');
    const http = get(json, 'httpGet');
    return [{
      kind, container, json, path, raw,
      delay: asNumber(json.initialDelaySeconds) ?? 0,
      period: asNumber(json.periodSeconds) ?? 10,
      timeout: asNumber(json.timeoutSeconds) ?? 1,
      failures: asNumber(json.failureThreshold) ?? 3,
      invocations: raw.length === 0 ? [] : container.read(execWords(container, raw, path)),
      http: isMap(http) ? { path: asText(http.path) ?? '/', port: http.port } : undefined,
    }];
  });
}

/** In probes and hooks kubelet expands `$(NAME)` from literal values in `env` only; from anything else there it makes an empty string. */
function execWords(container: Container, raw: readonly string[], path: Path): Word[] {
  return raw.map((word, i) => ({
    path: [...path, 'exec', 'command', i], unknown: false,
    text: word.replace(/\$\(([A-Za-z_.][\w.-]*)\)/g, (whole, name: string) => {
      const variable = container.env.get(name);
      if (!variable) return whole;
      // What envFrom brings it does not know at all.
      return variable.imported ? whole : variable.source === 'value' ? variable.raw ?? '' : '';
    }),
  }));
}

/** Commands of Celery in a probe: `celery inspect ping`, `celery status`. */
export function celeryIn(invocations: readonly Invocation[]): CeleryCommand[] {
  return invocations.flatMap((invocation) => {
    const command = readCelery(invocation) ?? pingInPython(invocation);
    return command ? [command] : [];
  });
}

/** Also `i = Inspect(app=app); i.ping()`. */
const PINGS = /\bcontrol\.ping\(|\b[iI]nspect\([^)]*\)\.(ping|stats|active)\(|\b[iI]nspect\([\s\S]*\.ping\(/;

/** Code in quotes: Python makes a text of it, and runs nothing. */
export function isOneText(code: string): boolean {
  return /^\s*(["'])(?:(?!\1)[^\\]|\\.)*\1\s*$/s.test(code);
}

/** `python -c "... app.control.ping(timeout=5) ..."` */
function pingInPython(invocation: Invocation): CeleryCommand | undefined {
  const { words } = invocation;
  const flag = words.findIndex(({ text }) => text === '-c');
  const code = flag < 0 ? undefined : words[flag + 1];
  if (!code || !/^python[\d.]*$/.test(baseName(words[0].text)) || !PINGS.test(code.text) || isOneText(code.text)) return undefined;
  const option = (name: string, argument: string): Array<[string, Given<Word>]> => {
    const value = new RegExp(`\\b${argument}\\s*=\\s*([^,)]+)`).exec(code.text)?.[1];
    return value === undefined ? [] : [[name, { value, word: code }]];
  };
  return {
    ...scriptOf('inspect', code, invocation), rest: [{ ...code, text: 'ping' }],
    options: new Map([...option('--timeout', 'timeout'), ...option('--destination', 'destination')]),
  };
}

export function asksWorkers(command: CeleryCommand): boolean {
  return command.role === 'inspect' || command.role === 'status' || command.role === 'control';
}

export function probePlace(probe: Probe, ...more: Path): Place {
  return probe.container.place([...probe.path, ...more]);
}

/** The command of an exec probe on one line. */
export function showProbe(probe: Probe): string {
  return probe.raw.join(' ');
}
