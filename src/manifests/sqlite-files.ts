import { lazy } from '../memo';
import { Path } from './json';
import { Container } from './pod/container';

/** A variable with the URL of an SQLite file that only the pod itself has. */
export interface OwnSqliteFile {
  readonly variable: string;
  readonly url: string;
  readonly path: Path;
}

const URL = /^(?:(?:db|database|sqla|sqlalchemy)\+)?sqlite3?(?:\+\w+)?:\/{2,3}(\/?[^?]*)/;

/** Those on the file system of the container or in an emptyDir; a relative path is below the working directory. */
export const ownSqliteFiles: (container: Container) => readonly OwnSqliteFile[] = lazy((container: Container) =>
  [...container.env.all()].flatMap(({ name: variable, value = '', path }): OwnSqliteFile[] => {
    const [, file = ''] = URL.exec(value) ?? [];
    const mount = file.startsWith('/') ? container.mountOf(file) : undefined;
    return file === '' || file === ':memory:' || (mount && mount.volume.kind !== 'emptyDir') ? [] : [{ variable, url: value, path }];
  }));
