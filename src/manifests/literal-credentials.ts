import { hasUrlCredential, isCredentialName, isCredentialValue } from '../celery/credentials';
import { asList, asMap, asScalar, isMap, JsonObject } from './json';
import { Place } from './place';
import { Container } from './pod/container';
import { Workload } from './pod/workload';

/** A credential that is written in a manifest, without the credential. */
export interface LiteralCredential {
  readonly at: Place;
  /** What has it: the name of a variable, a setting, an option, an annotation. */
  readonly name: string;
  /** Whether it is a password by its name, or that of a URL; others only look like a credential. */
  readonly password: boolean;
}

/** Those of a workload: in its variables, its arguments and its annotations. */
export function literalCredentials(workload: Workload): LiteralCredential[] {
  const { resource, podPath, annotations } = workload;
  return [
    ...workload.allContainers.flatMap((container) => [...inVariables(container), ...inWords(container)]),
    ...inAnnotations(annotations, (name) => ({ resource, path: [...podPath, 'metadata', 'annotations', name] })),
    ...inAnnotations(resource.annotations, (name) => ({ resource, path: ['metadata', 'annotations', name] })),
  ];
}

function inVariables(container: Container): LiteralCredential[] {
  const found: LiteralCredential[] = [];
  for (const { name, raw, source, path } of container.env.all()) {
    if (raw !== undefined && (source === 'value' || source === 'configMap') && isLiteral(name, raw)) {
      found.push({ at: container.place(path), name, password: isPassword(name, raw) });
    }
  }
  return found;
}

/** The words as they are written: what a `$(NAME)` brings in is the variable's. */
function inWords(container: Container): LiteralCredential[] {
  const found: LiteralCredential[] = [];
  for (const key of ['command', 'args'] as const) {
    let before = '';
    for (const [i, word] of asList(container.json[key]).entries()) {
      const text = asScalar(word) ?? '';
      const name = inWord(text, before, key);
      if (name !== undefined) found.push({ at: container.place([...container.path, key, i]), name, password: isPassword(before.startsWith('--') ? before : text, text) });
      before = text;
    }
  }
  return found;
}

function inWord(text: string, before: string, key: string): string | undefined {
  const equals = text.indexOf('=');
  // Only a name is shown: what is in front of a `=` may be half of a URL.
  const name = equals > 0 && equals < 100 ? /^(?:--?)?([\w.-]+)$/.exec(text.slice(0, equals))?.[1] : undefined;
  if (name !== undefined && inValue(name, text.slice(equals + 1))) return name;
  if (before.startsWith('--') && !text.startsWith('-') && isLiteral(before.slice(2), text)) return before.slice(2);
  return hasUrlCredential(text) ? name ?? key : undefined;
}

/** `redis_password=(json)"..."`, and what is called so anywhere inside of `broker_transport_options=(json){...}`. */
function inValue(name: string, argument: string): boolean {
  if (!argument.startsWith('(')) return isLiteral(name, argument);
  const [, text = argument] = /^\(\w{1,10}\)(.*)$/s.exec(argument) ?? [];
  try {
    return inJson(name, JSON.parse(text));
  } catch {
    return isLiteral(name, text);
  }
}

function inJson(name: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.some((item) => inJson(name, item));
  if (isMap(value)) return Object.entries(value).some(([key, item]) => inJson(key, item));
  return typeof value === 'string' && isLiteral(name, value);
}

function inAnnotations(annotations: JsonObject, place: (name: string) => Place): LiteralCredential[] {
  return Object.entries(asMap(annotations))
    // kubectl keeps the whole manifest there.
    .filter(([name, value]) => name !== 'kubectl.kubernetes.io/last-applied-configuration' && isLiteral(name.slice(name.indexOf('/') + 1), asScalar(value) ?? ''))
    .map(([name]) => ({ at: place(name), name, password: false }));
}

/** `DB_PASSWORD`, and `password` anywhere in an argument: `broker_transport_options=(json){"password": ...}`. */
const PASSWORD = /(pass(word|wd|phrase)|pwd)(?![a-z])/i;

function isPassword(name: string, value: string): boolean {
  return PASSWORD.test(name) || hasUrlCredential(value);
}

function isLiteral(name: string, value: string): boolean {
  return hasUrlCredential(value) || (isCredentialName(name) && isCredentialValue(value));
}
