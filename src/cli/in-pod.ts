import { LAUNCH } from '../celery/agent-names';
import { redact } from '../celery/credentials';
import { asList, asText, get } from '../manifests/json';
import { OperationName, operationText } from '../operations';
import { shortened } from '../rules/printable';
import { processOf } from './fleet';
import { kubectl, KubectlError } from './kubectl';
import { identity, isReady, phase } from './objects';

/** A container that has the application, or at least Celery and the way to the broker. */
export interface AppPlace {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** What comes before a command in it: the launcher that composes URLs. */
  readonly launcher: readonly string[];
  /** Options of `celery` itself, such as `--app`. */
  readonly options: Readonly<Record<string, string>>;
  /** Settings of its command line, `name=value`. */
  readonly settings: readonly string[];
}

/** Roles whose pods have the code come first. */
const PREFERRED = ['worker', 'beat', 'flower'];

/** The best of these pods to run a program in; undefined where none runs. */
export function appPlace(pods: readonly unknown[], settingsOf?: unknown): AppPlace | undefined {
  const rank = (pod: unknown): number => PREFERRED.indexOf(identity(pod).role) + (isReady(pod) ? 0 : PREFERRED.length);
  const candidates = pods.filter((pod) => phase(pod) === 'Running' && PREFERRED.includes(identity(pod).role)).sort((a, b) => rank(a) - rank(b));
  for (const pod of candidates) {
    const process = processOf(pod);
    if (process === undefined) continue;
    const words = ['command', 'args'].flatMap((field) => asList(process.container.json[field]));
    // Flower's own command line has no settings of the app.
    const settings = (process.role === 'flower' ? processOf(settingsOf) : process)?.command.settings ?? new Map<string, never>();
    return {
      namespace: identity(pod).namespace, pod: identity(pod).name, container: process.container.name,
      launcher: LAUNCH.every((word, index) => words[index] === word) ? LAUNCH : [],
      options: Object.fromEntries([...process.command.global].map(([name, { value }]) => [name, value])),
      settings: [...settings.values()].map(({ word }) => word.text),
    };
  }
  return undefined;
}

/** What the program could not do; the message says why, without any credential. */
export class ProgramError extends Error {}

/** SIGKILL, as kubectl tells of it. */
const KILLED = /exit code 137$/;

/** Runs one of them in a pod, with these values; returns its answer. */
export async function runInPod(
  place: AppPlace, name: OperationName, given: object, context: readonly string[], timeout = 30_000,
): Promise<unknown> {
  const { namespace, pod, container, launcher, options, settings } = place;
  const command = [...launcher, 'python', '-', JSON.stringify({ options, settings, ...given })];
  const printed = await kubectl([...context, 'exec', '-i', '-n', namespace, pod, '-c', container, '--', ...command], timeout, operationText(name)).catch((error: unknown) => {
    throw error instanceof KubectlError && KILLED.test(error.message) ? new KubectlError(`the program was killed in pod ${pod}: its container has ended `
      + 'meanwhile, or has no memory for the application once more; run it again') : error;
  });
  const last = printed.trimEnd().split('\n').at(-1) ?? '';
  let answer: unknown;
  try {
    answer = JSON.parse(last);
  } catch {
    throw new ProgramError(`pod ${pod} printed '${shortened(redact(last), 60)}', and no answer`);
  }
  const error = asText(get(answer, 'error'));
  if (error !== undefined) throw new ProgramError(redact(error));
  return answer;
}
