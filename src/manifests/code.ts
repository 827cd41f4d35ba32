import { AGENT_PACKAGE, LAUNCH_PACKAGE, REDBEAT_PACKAGE } from '../celery/agent-names';
import { parseUrl } from '../celery/url';
import { lazy } from '../memo';
import { codeSettings, SettingName } from './code-settings';
import { asMap } from './json';
import { Place } from './place';
import { Container } from './pod/container';
import type { Process } from './process';
import { withoutComments } from './python-text';
import { Resource } from './resource';
import { Setting, UrlUse } from './uses';

/** A Python file of a ConfigMap in a container. */
export interface CodeFile {
  readonly name: string;
  readonly text: string;
  readonly place: Place;
  readonly folder: string;
}

/** The Python files of ConfigMaps in a container. */
export const codeFiles: (container: Container) => readonly CodeFile[] = lazy((container: Container) => container.mounts.flatMap((mount) => {
  // Our own packages are no code of the application.
  if ([AGENT_PACKAGE, LAUNCH_PACKAGE, REDBEAT_PACKAGE].includes(mount.mountPath)) return [];
  const configMaps = container.configMaps(mount.volume);
  if (configMaps.length === 0) return [];
  const isFile = mount.subPath !== undefined && mount.mountPath.endsWith('.py');
  const folder = isFile ? mount.mountPath.slice(0, mount.mountPath.lastIndexOf('/')) || '/' : mount.mountPath;
  const places = placesByContent(configMaps);
  return [...container.volumeFiles(mount.volume) ?? []]
    .filter(([name]) => name.endsWith('.py') && (!isFile || mount.subPath === name))
    .map(([name, text]) => ({ name, text, folder, place: places.get(text) ?? { resource: configMaps[0], path: ['data', name] } }));
}));

/** By content, because `items` may give a file another name; the first of several that are alike. */
function placesByContent(configMaps: readonly Resource[]): ReadonlyMap<unknown, Place> {
  const places = configMaps.flatMap((resource) => Object.entries(asMap(resource.json.data))
    .map(([entry, text]) => [text, { resource, path: ['data', entry] }] as const));
  return new Map(places.reverse());
}

/** What the code in a container says about Celery, as far as it is in sight. */
export interface Code {
  readonly broker?: UrlUse;
  readonly backend?: UrlUse;
  /** By the name of the setting; undefined where only a run tells the value. */
  readonly settings: ReadonlyMap<SettingName, Setting | undefined>;
}

/** A module from which an application takes its settings; `**`, variables and files may add any other. */
const CONFIGURED = /\bconfig_from_object\(\s*(['"])([\w.]+)(?::\w+)?\1/g;
const SETTINGS_OUT_OF_SIGHT = /\bconfig_from_(?!object\()|from_mapping|\*\*/;

/** All that the application sets is in sight: the code that makes it, and the modules from which that takes its settings. */
export const seesSettings: (container: Container) => boolean = lazy((container: Container) => {
  const files = codeFiles(container);
  const says = (pattern: RegExp): boolean => files.some(({ text }) => pattern.test(text));
  return says(/\bCelery\(/) && !says(SETTINGS_OUT_OF_SIGHT) && (says(/config_from_object\(\s*['"]django\.conf\b/) || !says(/\bdjango\b/))
    && files.every(({ text }) => seesModules(text, files, container));
});

function seesModules(text: string, files: readonly CodeFile[], container: Container): boolean {
  const configured = [...text.matchAll(CONFIGURED)].map(([, , name]) => name);
  if (configured.length !== [...text.matchAll(/\bconfig_from_object\(/g)].length) return false;
  const imported = [...text.matchAll(/^from\s+([\w.]+)\s+import\s+\*/gm)].map(([, name]) => name);
  return [...configured, ...imported].every((name) => {
    const module = name === 'django.conf' ? djangoSettings(files, container) : name;
    return module !== undefined && files.some((file) => isModule(file, module));
  });
}

/** The module of Django's settings: a variable wins over the default in the code. */
function djangoSettings(files: readonly CodeFile[], { env }: Container): string | undefined {
  const given = env.lookup('DJANGO_SETTINGS_MODULE');
  if (given.state !== 'unset') return given.state === 'known' ? given.value : undefined;
  return files.map(({ text }) => /DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)['"]/.exec(text)?.[1]).find((module) => module !== undefined);
}

/** `shop.settings` is settings.py in a folder of the name shop. */
function isModule({ folder, name }: CodeFile, module: string): boolean {
  return `${folder}/${name}`.endsWith(`/${module.split('.').join('/')}.py`);
}

/** An argument, an attribute, a setting of Django or of before Celery 4, or a key. */
const written = (names: string): RegExp => new RegExp(`\\b(?:${names})(?:(?:\\s*:\\s*str)?\\s*=|['"]\\s*:)\\s*(['"])([^'"\\n]+)\\1`, 'g');
const BROKER = written('broker(?:_url)?|(?:CELERY_)?BROKER_URL');
const BACKEND = written('(?:result_)?backend|CELERY_RESULT_BACKEND');

export const codeOf: (container: Container) => Code = lazy((container: Container) => {
  const files = codeFiles(container);
  return { broker: onlyUrl(files, BROKER, 'broker'), backend: onlyUrl(files, BACKEND, 'backend'), settings: settingsOf(files) };
});

/** The one URL that files have; of several, such as those of classes for each environment, it is not known which counts. */
function onlyUrl(files: readonly CodeFile[], pattern: RegExp, source: string): UrlUse | undefined {
  const found = files.flatMap(({ text, place }) => [...withoutComments(text).matchAll(pattern)].flatMap(([, , given]): UrlUse[] => {
    const url = parseUrl(given);
    return url ? [{ text: given, url, at: place, source, partial: false }] : [];
  }));
  return found.every(({ text }) => text === found[0].text) ? found[0] : undefined;
}

function settingsOf(files: readonly CodeFile[]): Code['settings'] {
  const settings = new Map<SettingName, Setting | undefined>();
  for (const { text, place } of files) {
    for (const [name, value] of codeSettings(text)) {
      const known = settings.get(name);
      const differs = settings.has(name) && known?.value !== value;
      settings.set(name, value === undefined || differs ? undefined : known ?? { value, at: place });
    }
  }
  return settings;
}

/** The files of a container that its process imports for certain: that of `-A`, and what those import from the folder of the file. */
export function importedFiles(container: Container, app: string | undefined): ReadonlySet<CodeFile> {
  const files = codeFiles(container);
  const from = container.workingDir;
  const imported = new Set<CodeFile>();
  const add = (module: string, folder: string) => {
    for (const file of files) {
      if (file.folder !== folder || file.name !== `${module}.py` || imported.has(file)) continue;
      imported.add(file);
      for (const [, name, other] of file.text.matchAll(/^(?:from|import)[ \t]+(\w+)|\bconfig_from_object\(\s*['"](\w+)['"]/gm)) add(name ?? other, folder);
    }
  };
  if (app !== undefined && from !== undefined) add(app.split(/[.:]/)[0], from);
  return imported;
}

/** The files of ConfigMaps that a process certainly imports: where it starts in the working directory of its container. */
export function importedBy(process: Process): ReadonlySet<CodeFile> {
  const { container, app } = process;
  const there = container.invocations.length === 1 && process.option('--workdir').state === 'unset';
  return importedFiles(container, there ? app : undefined);
}
