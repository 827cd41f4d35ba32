import { Process } from './process';
import { DEFAULTS } from '../celery/settings';

/** The schedule file of a Beat; undefined when it is not known. */
export function schedulePath(beat: Process): {
  path: string | undefined; written: string; explicit: boolean;
  /** Something out of sight, such as a Secret that `envFrom` names, may give another: nobody does. */
  open: boolean;
  at: ReturnType<Process['place']>;
} | undefined {
  const option = beat.option('--schedule');
  const setting = beat.setting('beat_schedule_filename');
  if (option.state === 'set' || (option.state === 'maybe' && !beat.plain)) return undefined;
  const written = option.state === 'known' ? option.value : setting?.value ?? DEFAULTS.scheduleFile;
  return {
    path: beat.container.absolute(written), written, explicit: option.state === 'known' || setting !== undefined, open: option.state === 'maybe',
    at: option.state === 'known' ? beat.place(option.path) : setting ? setting.at : beat.commandPlace,
  };
}
