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

/** kubectl's words for a kind that the cluster does not have. */
const NO_SUCH_KIND = /doesn't have a resource type|could not find the requested resource|no matches for kind/;

/** Reads the objects of a namespace, or of all, through kubectl and with its current context, or the one that is given. */
export async function readLive(namespace: string | undefined, context?: string): Promise<Input> {
  const input = emptyInput();
  const cluster = context === undefined ? [] : ['--context', context];
  const where = namespace === undefined ? ['--all-namespaces'] : ['--namespace', namespace];
  const source = `kubectl get -n ${namespace ?? '*'}`;
  const read = async (kinds: readonly string[]) => {
    const answer = await kubectl([...cluster, 'get', kinds.join(','), ...where, '--output=json', '--ignore-not-found'], TIMEOUT);
    if (answer.trim() !== '') parseText(source, answer, input);
  };
  const refused = (error: unknown): void => {
    if (!(error instanceof KubectlError)) throw error;
    input.problems.push({ file: 'cdk8s-celery lint', message: error.message.split('\n').at(-1)! });
  };
  try {
    await read(KINDS);
  } catch (error) {
    refused(error);
    return input;
  }
  // kubectl says nothing of a namespace that does not exist.
  if (namespace !== undefined && countResources(input.documents.map(({ value }) => value)) === 0) {
    await kubectl([...cluster, 'get', 'namespace', namespace, '--output=name'], TIMEOUT).catch((error: unknown) => {
      if (!(error instanceof KubectlError) || /NotFound/.test(error.message)) refused(error);
    });
    return input;
  }
  await read(OPTIONAL_KINDS).catch((error: unknown) => {
    if (!(error instanceof KubectlError) || !NO_SUCH_KIND.test(error.message)) refused(error);
  });
  return input;
}
