import { Process } from './process';
import { Mount } from './pod/volumes';
import { DEFAULTS } from '../celery/settings';

/** What -s says, or else the setting, or else Celery; undefined when -s has a value that is not known. */
function written(beat: Process) {
  const option = beat.option('--schedule');
  const setting = beat.setting('beat_schedule_filename');
  return option.state === 'set' ? undefined : { option, setting, text: option.state === 'known' ? option.value : setting?.value ?? DEFAULTS.scheduleFile };
}

/** The schedule file of a Beat; undefined when it is not known. */
export function schedulePath(beat: Process): {
  path: string | undefined; written: string; explicit: boolean;
  /** Something out of sight, such as a Secret that `envFrom` names, may give another: nobody does. */
  open: boolean;
  at: ReturnType<Process['place']>;
} | undefined {
  const { option, setting, text } = written(beat) ?? {};
  if (option === undefined || text === undefined || (option.state === 'maybe' && !beat.plain)) return undefined;
  return {
    path: beat.container.absolute(text), written: text, explicit: option.state === 'known' || setting !== undefined, open: option.state === 'maybe',
    at: option.state === 'known' ? beat.place(option.path) : setting ? setting.at : beat.commandPlace,
  };
}

/** A volume that is mounted with the name of the schedule file, where the working directory is only known to the image. */
export function folderOfSchedule(beat: Process): Mount | undefined {
  const { text } = written(beat) ?? {};
  if (text === undefined || beat.container.absolute(text) !== undefined) return undefined;
  return beat.container.mounts.find(({ mountPath, subPath, volume: { kind } }) => subPath === undefined && (kind === 'claim' || kind === 'emptyDir')
    && mountPath.endsWith(`/${text}`));
}
