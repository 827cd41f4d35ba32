import { Rule, RuleMeta } from './rule';
import { admissionRules } from './subjects/admission';
import { autoscalerRules } from './subjects/autoscalers';
import { beatRules } from './subjects/beat';
import { codeRules } from './subjects/code';
import { codeValueRules } from './subjects/code-values';
import { commandRules } from './subjects/commands';
import { countedQueueRules } from './subjects/counted-queues';
import { deliveryRules } from './subjects/delivery';
import { envRules } from './subjects/env';
import { evictionRules } from './subjects/eviction';
import { exposedServerRules } from './subjects/exposed-servers';
import { filesystemRules } from './subjects/filesystem';
import { flowerRules } from './subjects/flower';
import { flowerLoginRules } from './subjects/flower-logins';
import { flowerRouteRules } from './subjects/flower-routes';
import { givenServerRules } from './subjects/given-servers';
import { installRules } from './subjects/install';
import { probeRules } from './subjects/probes';
import { imageRules } from './subjects/images';
import { kedaRules } from './subjects/keda';
import { meshRules } from './subjects/meshes';
import { policyRules } from './subjects/network-policies';
import { observabilityRules } from './subjects/observability';
import { podHostRules } from './subjects/pod-hosts';
import { rabbitRules } from './subjects/rabbitmq';
import { redisRules } from './subjects/redis';
import { referenceRules } from './subjects/references';
import { resourceRules } from './subjects/resources';
import { scaleUpRules } from './subjects/scale-up';
import { selectorRules } from './subjects/selectors';
import { serviceNameRules } from './subjects/service-names';
import { servicePortRules } from './subjects/service-ports';
import { serviceRules } from './subjects/services';
import { shutdownRules } from './subjects/shutdown';
import { urlValueRules } from './subjects/url-values';
import { urlRules } from './subjects/urls';
import { suppressionRules } from './suppressions';

/** What a group of rules is about. The first part of their ids is its name. */
interface Subject<Kind extends RuleMeta> {
  readonly about: string;
  readonly rules: readonly Kind[];
}

const CHECKED: Readonly<Record<string, Subject<Rule>>> = {
  install: { about: 'What pip installs when the pod starts.', rules: installRules },
  code: { about: 'How the code of the application gets into the pod.', rules: [...codeRules, ...codeValueRules, ...commandRules] },
  env: { about: 'Variables and URLs.', rules: [...envRules, ...givenServerRules, ...urlValueRules, ...urlRules] },
  references: { about: 'Secrets and ConfigMaps that pods ask for.', rules: referenceRules },
  filesystem: { about: 'Volumes, users and what is writable.', rules: filesystemRules },
  shutdown: { about: 'What happens to running tasks when a pod stops.', rules: shutdownRules },
  eviction: { about: 'What ends a pod earlier, or keeps it longer, than its grace period says.', rules: evictionRules },
  delivery: { about: 'Which tasks run twice, late or never.', rules: deliveryRules },
  probes: { about: 'Probes of workers and Beat.', rules: probeRules },
  beat: { about: 'The scheduler.', rules: beatRules },
  redis: { about: 'Redis as a broker.', rules: redisRules },
  rabbitmq: { about: 'RabbitMQ as a broker.', rules: rabbitRules },
  resources: { about: 'CPU, memory and names of workers.', rules: resourceRules },
  flower: { about: 'Flower.', rules: [...flowerLoginRules, ...flowerRules, ...flowerRouteRules] },
  network: {
    about: 'Services, NetworkPolicies and meshes between the pods.',
    rules: [
      ...serviceRules, ...serviceNameRules, ...podHostRules, ...servicePortRules, ...exposedServerRules,
      ...selectorRules, ...policyRules, ...meshRules,
    ],
  },
  admission: { about: 'What the API server refuses.', rules: admissionRules },
  images: { about: 'Images that are gone.', rules: imageRules },
  observability: { about: 'Metrics and traces of workers.', rules: observabilityRules },
  scaling: { about: 'HPA and KEDA.', rules: [...kedaRules, ...countedQueueRules, ...autoscalerRules, ...scaleUpRules] },
};

export const SUBJECTS: Readonly<Record<string, Subject<RuleMeta>>> = {
  ...CHECKED,
  suppressions: { about: 'Suppressions themselves.', rules: suppressionRules },
};

/** The rules that look at manifests. */
export const CHECKS: readonly Rule[] = Object.values(CHECKED).flatMap(({ rules }) => rules);

/** All rules. */
export const RULES: readonly RuleMeta[] = Object.values(SUBJECTS).flatMap(({ rules }) => rules);
