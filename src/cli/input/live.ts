import { emptyInput, Input, parseText } from './files';
import { kubectl, KubectlError } from '../kubectl';
import { countResources } from '../../manifests/resource';

/** What the rules look at. Secrets are not read: names of their keys are not worth their values on the way. */
const KINDS = [
  'deployments.apps', 'statefulsets.apps', 'daemonsets.apps', 'cronjobs.batch', 'jobs.batch', 'pods', 'services', 'configmaps',
  'persistentvolumeclaims', 'ingresses.networking.k8s.io', 'networkpolicies.networking.k8s.io', 'horizontalpodautoscalers.autoscaling', 'limitranges',
];
/** There only where KEDA is installed. */
const OPTIONAL_KINDS = ['scaledobjects.keda.sh'];

const TIMEOUT = 120_000;

/** Reads the objects of a namespace, or of all, through kubectl and with its current context. */
export async function readLive(namespace: string | undefined): Promise<Input> {
  const input = emptyInput();
  const where = namespace === undefined ? ['--all-namespaces'] : ['--namespace', namespace];
  const source = `kubectl get -n ${namespace ?? '*'}`;
  const read = async (kinds: readonly string[]) => {
    const answer = await kubectl(['get', kinds.join(','), ...where, '--output=json', '--ignore-not-found'], TIMEOUT);
    if (answer.trim() !== '') parseText(source, answer, input);
  };
  try {
    await read(KINDS);
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    input.problems.push({ file: 'cdk8s-celery lint', message: error.message.split('\n').at(-1)! });
    return input;
  }
  // kubectl says nothing of a namespace that does not exist.
  if (namespace !== undefined && countResources(input.documents.map(({ value }) => value)) === 0) {
    await kubectl(['get', 'namespace', namespace, '--output=name'], TIMEOUT).catch((error: unknown) => {
      if (!(error instanceof KubectlError)) throw error;
      if (/NotFound/.test(error.message)) input.problems.push({ file: 'cdk8s-celery lint', message: error.message.split('\n').at(-1)! });
    });
    return input;
  }
  await read(OPTIONAL_KINDS).catch((error: unknown) => {
    if (!(error instanceof KubectlError)) throw error;
  });
  return input;
}
