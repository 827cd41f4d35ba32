import { isAirflow } from '../celery/image';
import { CeleryCommand, readCelery, Role, scriptOf } from './command/celery-command';
import { baseName } from './command/command';
import { Container } from './pod/container';
import { celeryIn, probesOf } from './probes';
import { Process } from './process';

/** Celery's processes in a container. What only runs under a condition counts when there is no other candidate. */
export function processesIn(container: Container): Process[] {
  const commands = container.invocations.flatMap((invocation) => {
    const command = readCelery(invocation);
    return command && ['worker', 'beat', 'flower', 'multi'].includes(command.role) ? [ofAirflow(command, container) ?? command] : [];
  });
  const certain = commands.filter(({ invocation }) => !invocation.conditional);
  const chosen = certain.length > 0 ? certain : commands.length === 1 ? commands : [];
  if (chosen.length === 0 && commands.length === 0) {
    const implied = impliedFlower(container) ?? byMode(container) ?? byScript(container);
    return implied ? [new Process(container, implied)] : [];
  }
  return chosen.map((command) => new Process(container, command));
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
  if (container.image.repository !== 'mher/flower' || container.ownsEntrypoint) return undefined;
  const start = { text: 'celery', path: [...container.path, 'image'], unknown: false };
  const given = container.words.filter((word, i) => !(i === 0 && baseName(word.text) === 'celery'));
  const words = given.some((word) => word.text === 'flower') ? [start, ...given] : [start, { ...start, text: 'flower' }, ...given];
  return readCelery({ words, links: [], assignments: new Map(), conditional: false });
}

/** Images that start what a variable says. */
const MODES: ReadonlyArray<{ image: RegExp; variable: string }> = [{ image: /^dify-api$/, variable: 'MODE' }];

function byMode(container: Container): CeleryCommand | undefined {
  const known = MODES.find(({ image }) => image.test(container.image.name));
  const role = known && container.words.length === 0 ? container.env.value(known.variable) : undefined;
  return role === 'worker' || role === 'beat' ? scriptOf(role, { text: role, path: [...container.path, 'image'], unknown: false }) : undefined;
}

/** `/start-worker`, `./run_celery.sh beat`: a name too common to mean Celery, unless other names or a probe say so. */
const COMMON_SCRIPT = /^(?:docker[-_])?(?:entry-?point|start|run)[-_.]?(?:(worker|beat|flower)s?|celery)(?:\.(?:sh|bash))?$/i;

/** What may stand before the name of a script. */
const OPTION_OR_SHELL = /^(-.*|(?:.*\/)?(sh|bash|ash|dash))$/;

function byScript(container: Container): CeleryCommand | undefined {
  const at = container.words.findIndex(({ text: word }) => !OPTION_OR_SHELL.test(word));
  const word = container.words[at];
  const match = word && COMMON_SCRIPT.exec(baseName(word.text));
  if (!match || !looksLikeCelery(container)) return undefined;
  const hints = [match[1] ?? '', ...container.words.slice(at + 1).map((argument) => argument.text), container.name, container.workload.resource.name];
  const role = hints.map((hint) => /worker|beat|flower/i.exec(hint)?.[0].toLowerCase()).find((found) => found !== undefined);
  return role === undefined ? undefined : scriptOf(role as Role, word);
}

/** A name says Celery, or a probe runs it. */
function looksLikeCelery(container: Container): boolean {
  const { workload, words } = container;
  const script = words.find(({ text: word }) => !word.startsWith('-'))?.text ?? '';
  const names = [container.name, baseName(script), ...workload.containers.length === 1 ? [workload.resource.name] : []];
  return names.some((name) => /(^|[^a-z])celery/i.test(name)) || probesOf(container).some(({ invocations }) => celeryIn(invocations).length > 0);
}

/** It looks like Celery, and what it runs is in its image. */
export function isUnknown(container: Container): boolean {
  const { words, invocations, image } = container;
  if (invocations.some((invocation) => readCelery(invocation)) || /export|metric/i.test(`${container.name} ${image.name}`)) return false;
  const script = words.find(({ text: word }) => !OPTION_OR_SHELL.test(word))?.text;
  return (script === undefined || /\.(sh|bash|py)$|^[./]/.test(script)) && looksLikeCelery(container);
}
