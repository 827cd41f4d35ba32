import { SETTINGS } from '../celery/settings-table';
import { balanced } from './code-settings';
import { withoutComments } from './python-text';

/** The names of settings before Celery 4, such as `CELERYD_CONCURRENCY`, and those of today. */
const NEW_NAMES: ReadonlyMap<string, string> = new Map(Object.entries(SETTINGS.settings)
  .flatMap(([name, { old = [name] }]) => old.map((one) => [one.toUpperCase(), name] as const)));

/** A setting by its old name, and one by its new name: each only by that one. */
export interface MixedNames {
  readonly old: string;
  readonly meant: string;
  readonly other: string;
}

/** Names of both kinds that one application is given, as Celery compares them. */
function mixed(names: ReadonlySet<string>): MixedNames | undefined {
  const old = [...names].find((name) => NEW_NAMES.has(name) && !names.has(NEW_NAMES.get(name)!));
  const other = [...names].find((name) => Object.hasOwn(SETTINGS.settings, name)
    && ![...NEW_NAMES].some(([one, now]) => now === name && names.has(one)));
  return old === undefined || other === undefined ? undefined : { old, meant: NEW_NAMES.get(old)!, other };
}

/** What a module that `config_from_object` reads sets. */
export const mixedInModule = (code: string): MixedNames | undefined =>
  mixed(new Set([...withoutComments(code).matchAll(/^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)/gm)].map(([, name]) => name)));

/** What a file gives the settings of its application by `conf.update(...)` and `conf.name = ...`. */
export function mixedInApp(code: string): MixedNames | undefined {
  const text = withoutComments(code);
  // Several applications have settings of their own, and a module may bring more.
  if ([...text.matchAll(/\bCelery\(/g)].length !== 1 || text.includes('config_from_')) return undefined;
  const updates = [...text.matchAll(/\.conf\.update\(/g)].map(({ 0: { length }, index }) => {
    const inside = text.slice(index + length - 1);
    return inside.slice(1, (balanced(inside, '(', ')') ?? 1) - 1);
  });
  return mixed(new Set([
    ...updates.flatMap((given) => [...given.matchAll(/(?:^|[,({])\s*(?:(\w+)\s*=(?!=)|['"](\w+)['"]\s*:)/g)].map(([, argument, key]) => argument ?? key)),
    ...[...text.matchAll(/\.conf\.(\w+)[ \t]*=(?!=)/g)].map(([, name]) => name),
  ]));
}

/** A setting of before Celery 4 in a module that is read with a namespace, which has other names there. */
export interface IgnoredSetting {
  readonly name: string;
  readonly meant: string;
}

/** Those that Celery before 5.7 passes over where it reads a module with `namespace="CELERY"`: it looks for `CELERY_BEAT_SCHEDULE` only. */
export function ignoredInNamespace(module: string, code: string): IgnoredSetting[] {
  const names = new Set([...withoutComments(module).matchAll(/^(\w+)[ \t]*(?::[^=\n]*)?=(?!=)/gm)].map(([, name]) => name));
  return [...names].flatMap((name) => {
    const meant = `CELERY_${(NEW_NAMES.get(name) ?? '').toUpperCase()}`;
    // What the code takes from the module by its name is read.
    const read = [...withoutComments(code).matchAll(new RegExp(`\\b${name}\\b`, 'g'))].length > 1;
    return !NEW_NAMES.has(name) || name === 'BROKER_URL' || meant === name || names.has(meant) || read ? [] : [{ name, meant }];
  });
}

/** Something in code sets variables whose names are not in sight. */
export const setsVariables = (code: string): boolean =>
  /\b(load_dotenv|read_env|environ\.update|setdefault|putenv)\b|\benviron\[\s*[A-Za-z_f][^\]]*\]\s*=(?!=)/.test(withoutComments(code));

/** Code sets a variable by its name. */
export const setsVariable = (code: string, name: string): boolean => new RegExp(`environ\\[\\s*["']${name}["']\\s*\\]\\s*=(?!=)`).test(code);

/** Behind the beginning of a text, but for what is in the braces of an f-string. */
const inText = (before: string): boolean => /["']/.test(before.replace(/"[^"]*"|'[^']*'/g, '')) && !/\bf["'][^{]*\{[^}]*$/i.test(before);

/** A variable that the import of a module takes from its environment without a default. */
export interface NeededVariable {
  readonly name: string;
  /** A call of something else comes before, which may set it. */
  readonly after?: string;
}

/** The variables that the top level of a module takes from its environment without a default, and that nothing in it sets. */
export function neededVariables(code: string): NeededVariable[] {
  const text = withoutComments(code);
  if (setsVariables(code)) return [];
  const lines = text.split('\n').filter((line) => /^\w/.test(line));
  const found = new Map<string, NeededVariable>();
  let after: string | undefined;
  for (const line of lines) {
    after ??= /^(?!(?:print|logging|warnings|sys\.path|app|celery)\b)([A-Za-z_][\w.]*)\(/.exec(line)?.[1];
    if (/^(def|class|async|if|for|while|with|try|assert)\b|\blambda\b|\b(if|and|or)\b/.test(line)) continue;
    for (const { 2: name, index } of line.matchAll(/\bos\.environ\[\s*(["'])(\w+)\1\s*\](?!\s*=(?!=))/g)) {
      if (!found.has(name) && !inText(line.slice(0, index))) found.set(name, { name, after });
    }
  }
  return [...found.values()].filter(({ name }) => !setsVariable(text, name));
}
