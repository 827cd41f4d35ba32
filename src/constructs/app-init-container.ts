import { Duration } from 'cdk8s';
import type { CeleryApp } from './celery-app';
import { celeryPod } from './celery-component';
import { checkCommand, RUN_ONCE } from './command';
import type * as k8s from './kubernetes/api/types';
import { madeBy } from './init-container-owners';
import { shaped } from './kubernetes/options';
import { mainContainer, settled } from './kubernetes/pods';
import { Shape } from './kubernetes/shape';
import * as checks from './validation/checks';
import { refuse } from './validation/problems';
import { isPlainObject } from './validation/plain-object';
import { duration, PropChecks, text, texts, typed } from './validation/props';
import { waitCommand } from './wait-command';

/** Options of an init container that runs a command of an app. */
export interface AppInitContainerOptions {
  /** The name of the container. */
  readonly name: string;

  /**
   * The command: a program and its arguments, without a shell. It starts in the directory of the code.
   *
   * The kubelet expands `$(NAME)` of variables of the container.
   */
  readonly command: string[];

  /**
   * Requests and limits of the container.
   *
   * @default - requests of 100m CPU and 128Mi memory, a memory limit of 512Mi
   */
  readonly resources?: Shape<k8s.ResourceRequirements>;
}

/** Options of an init container that waits until a command of an app succeeds. */
export interface AppWaitOptions extends AppInitContainerOptions {
  /**
   * How long the command is tried, every 5 seconds, before the container fails. Whole seconds. Kubernetes then starts it again. The
   * `progressDeadlineSeconds` of the Deployment, after which the rollout is reported as failed, is longer.
   *
   * @default Duration.minutes(10)
   */
  readonly timeout?: Duration;
}

const COMMAND = 'e.g. [\'python\', \'manage.py\', \'migrate\', \'--check\']';

const PROPS: PropChecks<AppInitContainerOptions> = {
  name: { check: text('the name of the container'), fix: 'give the name of the container', instead: () => 'unknown' },
  command: { check: texts(COMMAND), fix: `give ${COMMAND}`, instead: () => ['true'] },
  resources: shaped('ResourceRequirements'),
};

const WAIT_PROPS: PropChecks<AppWaitOptions> = { ...PROPS, timeout: duration };

/** An init container that waits for a command, as plain data; what is wrong with it is refused. */
export function waitContainer(celery: CeleryApp, given: AppWaitOptions): k8s.Container {
  const { timeout, command, ...options } = read(celery, given, WAIT_PROPS);
  const wrong = checkCommand('command', command);
  refuse(celery, [...checks.seconds('timeout', timeout), ...wrong]);
  const seconds = (timeout ?? Duration.minutes(10)).toMilliseconds() / 1000;
  return initContainer(celery, { ...options, command: waitCommand(seconds, command) });
}

/** Options of a method of an app. Of what is no object, it is no news that it has no names. */
function read<O extends object>(celery: CeleryApp, given: O, shape: PropChecks<O>): O {
  const { options, problems } = typed(given, shape, { scope: celery });
  refuse(celery, given === undefined || isPlainObject(given) ? problems : problems.slice(0, 1));
  return options;
}

/** The init container as plain data; what is wrong with it is refused. */
export function initContainer(celery: CeleryApp, given: AppInitContainerOptions): k8s.Container {
  const checked = read(celery, given, PROPS);
  const { name, command } = checked;
  celery._loads = true;
  // Said here, and not once more of the pod that has it.
  const wrongName = checks.name('name', name);
  const resources = checked.resources as k8s.ResourceRequirements | undefined;
  const { pod, options } = celeryPod(celery, {}, {
    component: 'job',
    celery,
    name: celery.name,
    command: () => command,
    launcher: [],
    terminationGracePeriod: Duration.seconds(30),
    resources: RUN_ONCE,
    code: true,
    sharesSettings: true,
    problems: [...wrongName, ...checkCommand('command', command)],
  });
  // Lifecycle hooks of the app are those of containers that go on running.
  return madeBy(celery, { ...mainContainer(settled(pod), options), name: wrongName.length > 0 ? 'unknown' : name, resources: resources ?? RUN_ONCE, lifecycle: undefined });
}
