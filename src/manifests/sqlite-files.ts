import { lazy } from '../memo';
import { Path } from './json';
import { Container } from './pod/container';

/** A variable with the URL of an SQLite file that only the pod itself has. */
export interface OwnSqliteFile {
  readonly variable: string;
  readonly url: string;
  /** What a message may show: the URL of a Secret stays hidden. */
  readonly shown: string;
  readonly path: Path;
}

const URL = /^(?:(?:db|database|sqla|sqlalchemy)\+)?sqlite3?(?:\+\w+)?:\/{2,3}(\/?[^?]*)/;

const IN_MEMORY = /:memory:|[?&]mode=memory/;

/** Volumes whose files are those of one pod. */
const OF_THE_POD: ReadonlySet<string> = new Set(['emptyDir', 'configMap', 'secret', 'projected']);

/** What every pod may have for itself. */
const OF_EACH_POD = /CACHE|TMP|TEMP|SCRATCH/;

/** Whether what a container has at a path is that of its pod, or of each start: no volume of others is there. */
function isOwn(container: Container, file: string): boolean {
  const place = container.absolute(file);
  const mounts = place === undefined ? container.mounts : [container.mountOf(place)];
  return !mounts.some((mount) => mount && !OF_THE_POD.has(mount.volume.kind));
}

/** The folder of results of a `file://` result backend, where only the pod itself has it. */
export function ownResults(container: Container): OwnSqliteFile | undefined {
  for (const variable of ['CELERY_RESULT_BACKEND', 'RESULT_BACKEND']) {
    const found = container.env.get(variable);
    const folder = /^file:\/\/(?:localhost)?(\/[^?]+)/.exec(found?.value ?? '')?.[1];
    if (found?.value === undefined || folder === undefined || folder.startsWith('/dev/null') || !isOwn(container, folder)) continue;
    return { variable, url: found.value, shown: `${variable}=${found.value}`, path: found.path };
  }
  return undefined;
}

/** Those on the file system of the container or in an emptyDir; a relative path is below the working directory, which may be that of the image. */
export const ownSqliteFiles: (container: Container) => readonly OwnSqliteFile[] = lazy((container: Container) =>
  [...container.env.all()].flatMap(({ name: variable, value = '', hidden, path }): OwnSqliteFile[] => {
    const url = hidden ?? value;
    const [, file = ''] = URL.exec(url) ?? [];
    if (file === '' || IN_MEMORY.test(url) || OF_EACH_POD.test(variable)) return [];
    return isOwn(container, file) ? [{ variable, url, shown: hidden === undefined ? `${variable}=${url}` : variable, path }] : [];
  }));
