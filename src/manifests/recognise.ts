import { entrypointProgram, isAirflow, isFlower } from '../celery/image';
import { CeleryCommand, readCelery, scriptOf, startsProcess } from './command/celery-command';
import { baseName, Invocation, meantScript, Word, wordsInOne } from './command/command';
import { callsCelery, Hint, hintOf, isOther, saysSo } from './hints';
import { asText } from './json';
import { Container } from './pod/container';
import type { Workload } from './pod/workload';
import { Process } from './process';

/** Celery's processes in all containers; where the program is out of sight, as far as names and variables tell. */
export function recognise(workloads: readonly Workload[]): Process[] {
  const all = workloads.flatMap(({ containers }) => containers);
  const found = new Map(all.map((container) => [container, processesIn(container)]));
  const keyOf = ({ workload: { resource }, image }: Container): string => `${resource.namespace}\n${image.text}`;
  const recognised = () => [...found].flatMap(([container, { length }]) => length > 0 ? [keyOf(container)] : []);
  // What is recognised by its own names tells of others with the same image.
  for (const known of [(): string[] => [], recognised]) {
    const companies = counted(known());
    for (const container of all) {
      const own = found.get(container)!;
      if (own.some(({ hint }) => hint?.sure !== false) || !container.workload.longRunning || callsCelery(container)) continue;
      const hint = hintOf(container, (companies.get(keyOf(container)) ?? 0) > own.length);
      if (hint) found.set(container, [ofHint(container, hint)]);
    }
  }
  return [...found.values()].flat();
}

function counted(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function ofHint(container: Container, { role, reason, sure, invocation }: Hint): Process {
  const word = invocation?.words[0] ?? { text: role, path: [...container.path, 'image'], unknown: false };
  return new Process(container, scriptOf(role, word, invocation), { reason, sure });
}

/** Celery's processes in a container. What only runs under a condition counts when there is no other candidate. */
function processesIn(container: Container): Process[] {
  const commands = container.invocations.flatMap((invocation) => {
    const command = readCelery(behindEntrypoint(invocation, container));
    return command && ['worker', 'beat', 'flower', 'multi'].includes(command.role) ? [ofAirflow(command, container) ?? command] : [];
  });
  const certain = commands.filter(({ invocation }) => !invocation.conditional);
  const chosen = certain.length > 0 ? certain : commands.length === 1 ? commands : [];
  if (commands.length === 0) {
    const implied = impliedFlower(container) ?? byProduct(container);
    return implied ? [new Process(container, implied)] : asMeant(container);
  }
  return chosen.length > 0 ? chosen.map((command) => new Process(container, command)) : ofBranches(container, commands);
}

/** Of branches that all start a worker, all options that they have in common are known; those that start different things have no role. */
function ofBranches(container: Container, [first, ...others]: readonly CeleryCommand[]): Process[] {
  if (others.some(({ role }) => role !== first.role)) return [];
  const common = (of: 'global' | 'options' | 'settings') =>
    new Map([...first[of]].filter(([name, { value }]) => others.every((other) => other[of].get(name)?.value === value)));
  const command = { ...first, vendor: 'unknown', global: common('global'), options: common('options'), settings: common('settings'), misplaced: new Map() };
  return [new Process(container, command, { reason: 'a branch of its script', sure: false, branches: true })];
}

/** Whether its script starts one thing of Celery or another, as a condition says that nobody sees. */
export function isEither(container: Container, processes: readonly Process[]): boolean {
  return processes.length === 0 && container.invocations.some(startsProcess);
}

/** `/docker-entrypoint.sh run cron`: the entrypoint of the image, called by its path, puts its program in front. */
function behindEntrypoint(invocation: Invocation, { image }: Container): Invocation {
  const { words, links } = invocation;
  const last = links.at(-1);
  const own = last?.kind === 'wrapper' && /^unknown$|entry-?point/.test(last.name) ? words : /entry-?point/.test(words[0]?.text ?? '') ? words.slice(1) : [];
  const program = entrypointProgram(image, own[0]?.text);
  return program === undefined ? invocation : { ...invocation, words: [{ ...own[0], text: program }, ...own] };
}

/** `celery worker` without an application, where an entrypoint that we cannot read may put `airflow` before it. */
function ofAirflow(command: CeleryCommand, container: Container): CeleryCommand | undefined {
  const { invocation, vendor, global, options } = command;
  if (vendor !== 'celery' || global.has('--app') || options.has('--app')) return undefined;
  if (!isAirflow(container.image) && ![...container.env.all()].some(({ name }) => name.startsWith('AIRFLOW__'))) return undefined;
  return readCelery({ ...invocation, words: [{ ...invocation.words[0], text: 'airflow' }, ...invocation.words] });
}

/** The image of Flower starts `celery flower`, whatever its arguments are. */
function impliedFlower(container: Container): CeleryCommand | undefined {
  if (!isFlower(container.image) || container.ownsEntrypoint) return undefined;
  const start = { text: 'celery', path: [...container.path, 'image'], unknown: false };
  const given = container.words.filter((word, i) => !(i === 0 && baseName(word.text) === 'celery'));
  const words = given.some((word) => word.text === 'flower') ? [start, ...given] : [start, { ...start, text: 'flower' }, ...given];
  return readCelery({ words, links: [], assignments: new Map(), conditional: false });
}

/** `sh -c celery -A shop worker` starts only `celery`, and `"celery -A shop worker"` nothing: what it was meant to be is known. */
function asMeant(container: Container): Process[] {
  const script = meantScript(container.words);
  const meant = script ?? wordsInOne(container.words.length > 0 ? container.words : unlisted(container));
  const commands = meant ? container.read(meant.words).flatMap((invocation) => readCelery(invocation) ?? []) : [];
  return commands.filter(({ role }) => role === 'worker' || role === 'beat' || role === 'flower').slice(0, 1).map(({ role, invocation }) =>
    new Process(container, scriptOf(role, invocation.words[0]), {
      reason: script ? 'the words after the script of its shell' : 'the words of its command', sure: true, meant: true,
    }));
}

/** A command that is one text, as Docker Compose takes it. */
function unlisted({ json, path }: Container): Word[] {
  return ['command', 'args'].flatMap((name) => {
    const text = asText(json[name]);
    return text === undefined ? [] : [{ text, path: [...path, name], unknown: false }];
  });
}

interface Product {
  readonly image: RegExp;
  /** The command or the arguments that start Celery; by default there are none. */
  readonly words?: RegExp;
  /** The variable that says what it starts; by default a worker, with all that it needs. */
  readonly variable?: string;
  /** The variable that has one part of it started; by default all of it is. */
  readonly part?: string;
  /** What it starts, if not a worker. */
  readonly role?: 'beat';
  /** The first major release in which it runs tasks without Celery. */
  readonly before?: number;
  /** The first year and month in which it runs tasks without Celery. */
  readonly until?: readonly [number, number];
}

/** Images of products whose entrypoint starts Celery. */
const PRODUCTS: readonly Product[] = [
  { image: /(^|\/)dify-api$/, variable: 'MODE' },
  { image: /(^|\/)paperless-ngx?$/ },
  { image: /(^|\/)tubearchivist$/ },
  { image: /(^|\/)weblate$/, part: 'WEBLATE_SERVICE' },
  { image: /(^|\/)grafana\/oncall$/, words: /^(\.\/)?celery_with_exporter\.sh$/ },
  { image: /(^|\/)redash\/redash$/, words: /^scheduler$/, role: 'beat', before: 9 },
  { image: /(^|\/)mayanedms$/ },
  { image: /(^|\/)goauthentik\/server$/, words: /^(ak )?worker$/, until: [2025, 8] },
  { image: /(^|\/)pretix\/standalone$/, words: /^(pretix )?taskworker$/ },
  { image: /(^|\/)taiga-back$/, words: /(^|\/)async_entrypoint\.sh$/ },
];

function byProduct(container: Container): CeleryCommand | undefined {
  const { image: { repository, tag = '' }, words, env, path } = container;
  const given = words.map(({ text }) => text).join(' ');
  const known = PRODUCTS.find((one) => one.image.test(repository) && (one.words ? one.words.test(given) : given === '') && isBefore(tag, one.until)
    && (one.before === undefined || Number(/^v?(\d+)\./.exec(tag)?.[1] ?? Infinity) < one.before));
  const part = known?.part === undefined ? undefined : env.value(known.part);
  const role = known?.variable !== undefined ? env.value(known.variable)
    : part?.startsWith('celery-') === false ? undefined
      : part === 'celery-beat' ? 'beat' : known && (known.role ?? 'worker');
  return role === 'worker' || role === 'beat' ? scriptOf(role, { text: role, path: [...path, 'image'], unknown: false }) : undefined;
}

/** A container that runs all of a product: a worker, Beat and the web server. */
export function isAllOfProduct({ image: { repository }, words: given, env }: Container): boolean {
  return given.length === 0 && PRODUCTS.some(({ image, words, variable, part }) =>
    words === undefined && variable === undefined && image.test(repository) && (part === undefined || env.lookup(part).state === 'unset'));
}

/** Whether a tag like `2024.12.3` is of a release before that; of one that says no version it is not. */
function isBefore(tag: string, until: Product['until']): boolean {
  const [, year, month] = /^(\d{4})\.(\d{1,2})(?=\.|-|$)/.exec(tag) ?? [];
  return until === undefined || (year !== undefined && (Number(year) < until[0] || (Number(year) === until[0] && Number(month) < until[1])));
}

/** It looks like Celery, and its program is out of sight: a role that only names tell, or none at all. */
export function isUnknown(container: Container, processes: readonly Process[]): boolean {
  if (processes.length > 0) return processes.some(({ hint }) => hint !== undefined);
  if (isEither(container, processes)) return true;
  if (callsCelery(container) || /export|metric/i.test(`${container.name} ${container.image.name}`)) return false;
  return !isOther(container) && saysSo(container);
}
