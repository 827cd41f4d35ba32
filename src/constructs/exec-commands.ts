import { LAUNCH, LAUNCH_PACKAGE_NAME } from '../celery/agent-names';
import { readCelery } from '../manifests/command/celery-command';
import { invocations } from '../manifests/command/command';
import { HealthCheck } from './health/health-check';
import type * as k8s from './kubernetes/api/types';
import { Problem } from './validation/problems';

/** A command that the kubelet runs next to the main process has no URL that the launcher of the main process composes. */
export function checkExecCommands(healthCheck: HealthCheck | undefined, lifecycle: k8s.Lifecycle | undefined): Problem[] {
  const given: [string, readonly string[] | undefined][] = [
    ...Object.entries(healthCheck?._probes ?? {}).map(([probe, value]): [string, readonly string[] | undefined] => [`healthCheck.${probe}`, value?.exec?.command]),
    ['lifecycle.postStart.exec.command', lifecycle?.postStart?.exec?.command],
    ['lifecycle.preStop.exec.command', lifecycle?.preStop?.exec?.command],
  ];
  return given.flatMap(([prop, command]) => command !== undefined && connects(command) ? [{
    prop, value: command, wrong: 'runs Celery without the URL of the broker, which the pods compose of a password',
    fix: `write ${LAUNCH.join(' ')} in front of celery`,
  }] : []);
}

/** Whether a command, or a script in it, runs Celery without the launcher. */
function connects(command: readonly string[]): boolean {
  const words = command.map((text) => ({ text, path: [], unknown: false }));
  return invocations(words, { variable: () => undefined, file: () => undefined }).some((invocation) => readCelery(invocation) !== undefined
    && !invocation.links.some((link) => link.kind === 'wrapper' && link.name === LAUNCH_PACKAGE_NAME));
}
