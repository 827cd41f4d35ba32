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
import { duration, PropChecks, sound, text, texts } from './validation/props';

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
   * How long the command is tried, every 5 seconds, before the container fails. Whole seconds. Kubernetes then starts it again, and the rollout is
   * reported as failed by its `progressDeadlineSeconds`.
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

/** Tries a command until it ends with 0: one line for each try, and all that it has printed where it gives up. */
const WAIT = `
import subprocess, sys, time
limit, command = float(sys.argv[1]), sys.argv[2:]
start = time.monotonic()
for attempt in range(1, sys.maxsize):
    try:
        left = max(1, limit - (time.monotonic() - start))
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', timeout=left)
        code, output = f'exit code {done.returncode}', done.stdout.strip()
    except subprocess.TimeoutExpired:
        code, output = 'no answer', ''
    except OSError as error:
        sys.exit(f'{command[0]}: {error.strerror}')
    spent = time.monotonic() - start
    if code == 'exit code 0':
        print(f'try {attempt}, {spent:.0f} s: done', flush=True)
        sys.exit(0)
    if spent >= limit:
        sys.exit(f'{output}\\ntry {attempt}, {spent:.0f} s: {code}; given up'.strip())
    print(f'try {attempt}, {spent:.0f} s: {code}: {(output.splitlines() or [""])[-1]}', flush=True)
    time.sleep(min(5, max(0, limit - spent)))
`;

/** An init container that waits for a command, as plain data; what is wrong with it is refused. */
export function waitContainer(celery: CeleryApp, given: AppWaitOptions): k8s.Container {
  const { timeout, command, ...options } = sound(celery, given, WAIT_PROPS);
  const wrong = checkCommand('command', command);
  refuse(celery, [...checks.seconds('timeout', timeout), ...wrong]);
  const seconds = (timeout ?? Duration.minutes(10)).toMilliseconds() / 1000;
  return initContainer(celery, { ...options, command: ['python', '-c', WAIT, String(seconds), ...command] });
}

/** The init container as plain data; what is wrong with it is refused. */
export function initContainer(celery: CeleryApp, given: AppInitContainerOptions): k8s.Container {
  const checked = sound(celery, given, PROPS);
  const { name, command } = checked;
  celery._loads = true;
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
    problems: [...checks.name('name', name), ...checkCommand('command', command)],
  });
  // Lifecycle hooks of the app are those of containers that go on running.
  return madeBy(celery, { ...mainContainer(settled(pod), options), name, resources: resources ?? RUN_ONCE, lifecycle: undefined });
}
