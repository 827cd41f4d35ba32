import { redact } from '../../celery/credentials';
import { CheckedOptions } from '../kubernetes/options';
import { isPlainObject } from '../validation/plain-object';
import { Problem } from '../validation/problems';
import type { BoundBroker } from './bound-broker';

/** Whether a path is on a volume that all pods of an app mount, and that is not one for each of them. */
function isShared(path: string, { volumes = [], volumeMounts = [] }: CheckedOptions): boolean {
  const own = new Set(volumes.filter(({ emptyDir, ephemeral }) => emptyDir ?? ephemeral).map(({ name }) => name));
  return volumeMounts.some(({ name, mountPath }) => !own.has(name) && `${path}/`.startsWith(`${mountPath.replace(/\/$/, '')}/`));
}

/** Result backends that only one process or pod has, unless their path, the last group, is on a volume of all pods. */
const OWN_RESULTS: readonly (readonly [RegExp, string])[] = [
  [/^\s*cache\+memory:/, 'the memory of one process'],
  [/^\s*(?:db|database)\+sqlite(?:\+\w+)?:\/{0,3}([^?]*)/, 'a file of one pod'],
  // celery/backends/filesystem.py
  [/^\s*file:(?:\/\/)?([^?]*)/, 'a folder of one pod'],
];

/** Results in the memory of a process, or in a file or folder that only one pod has. */
export function checkOwnFile(url: string | undefined, options: CheckedOptions): Problem[] {
  return OWN_RESULTS.flatMap(([pattern, where]): Problem[] => {
    const found = pattern.exec(url ?? '');
    return found === null || isShared(found[1] ?? '', options) ? [] : [{
      prop: 'resultBackend', value: redact(url!), wrong: `is in ${where}, and no other reads what is stored there`,
      fix: 'give a server: ResultBackend.fromRedis({ host }), ResultBackend.fromPostgres({ ... })',
    }];
  });
}

/** Tasks in a file or in folders that only one pod has. Without options of the transport in sight the code may have them. */
export function checkOwnFolders({ transport, urls }: Pick<BoundBroker, 'transport' | 'urls'>, given: unknown, options: CheckedOptions): Problem[] {
  const [, file] = /^\s*(?:sqla|sqlalchemy)\+sqlite(?:\+\w+)?:\/{0,3}([^?]*)/.exec(urls.broker ?? '') ?? [];
  if (file === undefined && transport !== 'filesystem') return [];
  const folders = isPlainObject(given) ? [given.data_folder_in, given.data_folder_out].filter((folder) => typeof folder === 'string') : [];
  const paths = file === undefined ? folders : [file];
  const shared = paths.length > 0 ? paths.every((path) => isShared(path, options))
    : (options.volumeMounts ?? []).some(({ mountPath }) => isShared(mountPath, options));
  return shared ? [] : [{
    prop: 'broker', value: redact(urls.broker ?? transport!),
    wrong: `keeps tasks in ${file === undefined ? 'folders' : 'a file'} of one pod, and no other pod takes them`,
    fix: 'give a broker that all pods can reach; or mount a claim in all pods, by volumes and volumeMounts of the CeleryApp, and '
      + `${file === undefined ? 'name folders of it in settings.broker_transport_options: data_folder_in and data_folder_out' : 'give a file on it'}`,
  }];
}
