import { isFlower } from '../celery/image';
import { FLOWER_PORT } from '../celery/ports';
import { lazy } from '../memo';
import { Path } from './json';
import { Option, Process } from './process';

/** Flower's options come by flag, by FLOWER_* or from a configuration file. */
export function option(flower: Process, name: string): Option {
  const given = flower.command.options.get(`--${name}`);
  if (given) {
    return given.word.unknown ? { state: 'set', path: given.word.path, flag: true }
      : { state: 'known', value: given.value, path: given.word.path, flag: true };
  }
  const variable = flower.variable(`FLOWER_${name.toUpperCase().replaceAll('-', '_')}`);
  if (variable.state !== 'unset') return variable;
  const file = flower.command.options.has('--conf') || flower.variable('FLOWER_CONF').state !== 'unset' || configInSight(flower);
  return file || !flower.plain ? { state: 'maybe' } : variable;
}

/** A flowerconfig.py in the working directory counts too. */
const configInSight = lazy(({ container }: Process): boolean =>
  container.mounts.some(({ mountPath }) => /flowerconfig|flower\.conf/i.test(mountPath)) || container.file('flowerconfig.py') !== undefined);

/** A switch of Flower's that is certainly on. */
export function isOn(flower: Process, name: string): boolean {
  const found = option(flower, name);
  return found.state === 'known' && !/^(|0|false|no|off)$/i.test(found.value);
}

/** The URL of the management API of RabbitMQ that Flower is given, with `$(NAME)` for what only the cluster knows. */
export function brokerApi(flower: Process): { readonly text: string; readonly path: Path } | undefined {
  const given = flower.command.options.get('--broker-api');
  if (given) return { text: given.value, path: given.word.path };
  const { raw, value, path } = flower.container.env.get('FLOWER_BROKER_API') ?? {};
  const text = value ?? raw;
  return text === undefined || path === undefined ? undefined : { text, path };
}

/** The file that Flower keeps its state in, where it keeps one and the path is in sight. */
export function databasePath(flower: Process): string | undefined {
  const database = isOn(flower, 'persistent') ? option(flower, 'db') : undefined;
  if (database === undefined || database.state === 'set' || database.state === 'maybe') return undefined;
  const written = database.state === 'known' ? database.value : 'flower';
  // The official image works in /data.
  return flower.container.absolute(written)
    ?? (isFlower(flower.container.image) && flower.container.json.workingDir === undefined ? `/data/${written}` : undefined);
}

/** Where an option may be, out of sight: in a variable, or else in a configuration file that gives what it is called by. */
export function elsewhere({ container }: Process, variable: string, what: string): string {
  const [source = ''] = [...container.env.missing, ...container.env.others];
  return source !== '' ? `${source} has ${variable}` : `a configuration file gives it ${what}`;
}

/** Whether Flower itself asks for a login. */
export const asksForLogin = lazy((flower: Process): 'yes' | 'no' | 'unknown' => {
  // Without these the others have no effect.
  const found = ['basic-auth', 'auth'].map((name) => option(flower, name).state);
  if (found.some((state) => state === 'known' || state === 'set')) return 'yes';
  return found.some((state) => state === 'maybe') ? 'unknown' : 'no';
});

/** Whether a script may give it a login: one that the command names, or one of the image, with something in sight or out of it. */
export function mayHaveCredentials({ command: { vendor }, container: { env, mounts, words } }: Process): boolean {
  return (vendor !== 'airflow' && words.length > 0) || env.open || mounts.some(({ volume: { kind } }) => kind === 'configMap' || kind === 'secret' || kind === 'projected')
    || [...env.all()].some(({ name }) => /USER|PASS|AUTH|LOGIN|CRED|SECRET|TOKEN/i.test(name));
}

function valueOf(flower: Process, name: string): string | undefined {
  const found = option(flower, name);
  return found.state === 'known' ? found.value : undefined;
}

/** The path below which Flower answers, such as `/flower`; empty where it has none. */
export function urlPrefix(flower: Process): string {
  const given = valueOf(flower, 'url-prefix')?.replace(/^\/|\/$/g, '') ?? '';
  return given === '' ? '' : `/${given}`;
}

/** The port on which Flower listens. */
export function portOf(flower: Process): number {
  return Number(valueOf(flower, 'port') ?? FLOWER_PORT);
}
