import { Duration } from 'cdk8s';
import type { CeleryApp } from './celery-app';
import { celeryPod } from './celery-component';
import { checkCommand, RUN_ONCE } from './command';
import type * as k8s from './kubernetes/api/types';
import { madeBy } from './init-container-owners';
import { shaped } from './kubernetes/options';
import { mainContainer } from './kubernetes/pods';
import { Shape } from './kubernetes/shape';
import * as checks from './validation/checks';
import { PropChecks, sound, text, texts } from './validation/props';

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

const COMMAND = 'e.g. [\'python\', \'manage.py\', \'migrate\', \'--check\']';

const PROPS: PropChecks<AppInitContainerOptions> = {
  name: { check: text('the name of the container'), fix: 'give the name of the container', instead: () => 'unknown' },
  command: { check: texts(COMMAND), fix: `give ${COMMAND}`, instead: () => ['true'] },
  resources: shaped('ResourceRequirements'),
};

/** The init container as plain data; what is wrong with it is refused. */
export function initContainer(celery: CeleryApp, given: AppInitContainerOptions): k8s.Container {
  const checked = sound(celery, given, PROPS);
  const { name, command } = checked;
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
    problems: [...checks.name('name', name), ...checkCommand('command', command)],
  });
  // Lifecycle hooks of the app are those of containers that go on running.
  return madeBy(celery, { ...mainContainer(pod, options), name, resources: resources ?? RUN_ONCE, lifecycle: undefined });
}
