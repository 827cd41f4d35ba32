import { spawnSync } from 'node:child_process';
import { Input, parseText } from './input';

/** What the rules look at. Secrets are not read: names of their keys are not worth their values on the way. */
const KINDS = [
  'deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'cronjobs.batch', 'jobs.batch', 'pods', 'services', 'configmaps',
  'persistentvolumeclaims', 'ingresses.networking.k8s.io', 'networkpolicies.networking.k8s.io', 'horizontalpodautoscalers.autoscaling', 'limitranges',
];
/** There only where KEDA is installed. */
const OPTIONAL_KINDS = ['scaledobjects.keda.sh'];

/** Reads the objects of a namespace, or of all, through kubectl and with its current context. */
export function readLive(namespace: string | undefined): Input {
  const input: Input = { documents: [], problems: [] };
  const where = namespace === undefined ? ['--all-namespaces'] : ['--namespace', namespace];
  const source = `kubectl get -n ${namespace ?? '*'}`;
  for (const kinds of [KINDS, OPTIONAL_KINDS]) {
    const { error, status, stdout, stderr } = spawnSync('kubectl', ['get', kinds.join(','), ...where, '--output=json', '--ignore-not-found'], {
      encoding: 'utf8', maxBuffer: 512 * 2 ** 20, timeout: 120_000,
    });
    if (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      input.problems.push({ file: 'kubectl', message: missing ? 'is not installed; --live reads the cluster through it' : error.message });
      return input;
    }
    if (status === 0) {
      if (stdout.trim() !== '') parseText(source, stdout, input);
    } else if (kinds === KINDS) {
      input.problems.push({ file: 'kubectl', message: stderr.trim().split('\n').at(-1) ?? `ended with ${status}` });
    }
  }
  return input;
}
