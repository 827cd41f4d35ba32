import { AGENT_PACKAGE, LAUNCH_PACKAGE, REDBEAT_PACKAGE } from '../celery/agent-names';
import { parseUrl } from '../celery/url';
import { lazy } from '../memo';
import { codeSettings, SettingName } from './code-settings';
import { asMap } from './json';
import { Place } from './place';
import { Container } from './pod/container';
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

/** All that the application sets is in sight: the code that makes it, which takes its settings from nothing else. */
export const seesSettings: (container: Container) => boolean = lazy((container: Container) => {
  const files = codeFiles(container);
  return files.some(({ text }) => /\bCelery\(/.test(text)) && !files.some(({ text }) => /config_from_|\bdjango\b|from_mapping|\*\*/.test(text));
});

const BROKER = /\bbroker(?:_url)?\s*=\s*(['"])([^'"\n]+)\1/;
const BACKEND = /\b(?:result_)?backend\s*=\s*(['"])([^'"\n]+)\1/;

export const codeOf: (container: Container) => Code = lazy((container: Container) => {
  const files = codeFiles(container);
  return { broker: firstUrl(files, BROKER, 'broker'), backend: firstUrl(files, BACKEND, 'backend'), settings: settingsOf(files) };
});

function firstUrl(files: readonly CodeFile[], pattern: RegExp, source: string): UrlUse | undefined {
  for (const { text, place } of files) {
    const written = pattern.exec(text)?.[2];
    const url = written === undefined ? undefined : parseUrl(written);
    if (url) return { text: written!, url, at: place, source, partial: false };
  }
  return undefined;
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
