import { nearest } from '../nearest';
import { Given } from './options';

/** Flower's options, Tornado's among them, by what they take: the same from Flower 0.9 to 2.1, which has `--read-only` in addition. */
const SWITCHES = [
  '--auto-refresh', '--debug', '--enable-events', '--help', '--inspect', '--log-to-stderr', '--natural-time', '--persistent', '--read-only', '--xheaders',
];
const WITH_VALUE = [
  '--address', '--auth', '--auth-provider', '--basic-auth', '--broker-api', '--ca-certs', '--certfile', '--conf', '--cookie-secret', '--db', '--format-task',
  '--inspect-timeout', '--keyfile', '--log-file-max-size', '--log-file-num-backups', '--log-file-prefix', '--log-rotate-interval', '--log-rotate-mode',
  '--log-rotate-when', '--logging', '--max-tasks', '--max-workers', '--oauth2-key', '--oauth2-redirect-uri', '--oauth2-secret', '--port',
  '--purge-offline-workers', '--state-save-interval', '--task-runtime-metric-buckets', '--tasks-columns', '--unix-socket', '--url-prefix',
];
interface Written {
  readonly text: string;
}

const ALL = [...SWITCHES, ...WITH_VALUE];

/** Options whose value is another word: Tornado takes it only after an equals sign, and ends with `Option 'port' requires a value`. */
export function withoutValue<W extends Written>(options: ReadonlyMap<string, Given<W>>): Array<{ readonly name: string; readonly word: W }> {
  return [...options].flatMap(([name, { word }]) => WITH_VALUE.includes(name) && /^--[\w-]+$/.test(word.text) ? [{ name, word }] : []);
}

/** Variables that people take for options of Flower, where letters do not tell which one is meant. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([['FLOWER_PREFIX', '--url-prefix']]);

/** What some call the broker of Flower: it is no misspelt option. */
const BROKER = 'FLOWER_BROKER_URL';

/** Endings of variables of which an application or a script makes an option. */
const PART = /_(USER|USERNAME|NAME|PASS|PASSWORD|FILE|PATH|ENABLED?)$/;

/** The variable of an option that is meant by one that Flower does not know, and so passes over: `FLOWER_BROKER_API_URL`. */
export function misspeltVariable(name: string): string | undefined {
  const option = `--${name.slice('FLOWER_'.length).toLowerCase().replaceAll('_', '-')}`;
  if (!name.startsWith('FLOWER_') || ALL.includes(option) || PART.test(name) || name === BROKER) return undefined;
  const meant = OTHER_NAMES.get(name) ?? nearest(option, ALL);
  return meant === undefined ? undefined : `FLOWER_${meant.slice(2).toUpperCase().replaceAll('-', '_')}`;
}

/** Options that Flower does not have, with the one that is meant: it takes no notice of them, as it does of those of Celery. */
export function misspelt<W extends Written>(options: ReadonlyMap<string, Given<W>>): Array<{ readonly word: W; readonly meant: string }> {
  return [...options].flatMap(([name, { word }]) => {
    const meant = ALL.includes(name) ? undefined : nearest(name, ALL);
    return meant === undefined ? [] : [{ word, meant }];
  });
}
