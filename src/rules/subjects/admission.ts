import { enforcedLevel, outOfRange, refusedByQuota, securityViolations } from '../../manifests/admission';
import { asScalar } from '../../manifests/json';
import { Workload } from '../../manifests/pod/workload';
import { rabbitServers } from '../../manifests/rabbit-server';
import { celeryWorkloads } from '../../manifests/scalers';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { Rule } from '../rule';
import { Severity } from '../severity';

/** What runs Celery or its broker. */
const workloads = lazy((world: World): ReadonlySet<Workload> => new Set([
  ...celeryWorkloads(world), ...world.redisServers.map(({ container }) => container.workload),
  ...rabbitServers(world).flatMap(({ container }) => container?.workload ?? []),
]));

export const admissionRules: Rule[] = [
  {
    id: 'admission/pod-security',
    severity: Severity.ERROR,
    title: 'The namespace enforces a Pod Security Standard that the pod does not meet',
    why: 'No pod is created: the Deployment stays at 0, and its ReplicaSet says `is forbidden: violates PodSecurity "restricted:latest"`.',
    fix: 'Give the pod what the standard asks for: runAsNonRoot, seccompProfile RuntimeDefault, allowPrivilegeEscalation: false, and capabilities.drop [ALL].',
    source: 'https://kubernetes.io/docs/concepts/security/pod-security-standards/',
    rows: ['N52'],
    check: (world, report) => {
      for (const workload of workloads(world)) {
        const enforced = enforcedLevel(workload.resource.namespace, world);
        const wrong = enforced ? securityViolations(workload, enforced.level) : [];
        if (wrong.length > 0) {
          report({ at: { resource: workload.resource, path: workload.specPath }, value: wrong.join(', '), note: `it enforces ${enforced!.level}` });
        }
      }
    },
  },
  {
    id: 'admission/quota',
    severity: Severity.ERROR,
    title: 'A ResourceQuota of the namespace refuses the pod, because a container does not say what it needs',
    why: 'No pod is created: `is forbidden: failed quota: compute: must specify limits.memory for: worker`.',
    fix: 'Set the requests and limits that the quota counts on every container, init containers also; or let a LimitRange fill them in.',
    source: 'https://kubernetes.io/docs/concepts/policy/resource-quotas/',
    rows: ['N52'],
    check: (world, report) => {
      for (const workload of workloads(world)) {
        for (const { quota, container, missing } of refusedByQuota(workload, world)) {
          report({ at: container.place(), value: `no ${missing.join(', ')}`, note: `ResourceQuota ${quota.name}` });
        }
      }
    },
  },
  {
    id: 'admission/limit-range',
    severity: Severity.ERROR,
    title: 'A LimitRange of the namespace refuses the resources of the container',
    why: 'No pod is created: `is forbidden: maximum memory usage per Container is 512Mi, but limit is 1Gi`.',
    fix: 'Stay within the LimitRange, or change it.',
    source: 'https://kubernetes.io/docs/concepts/policy/limit-range/',
    rows: ['N52'],
    check: (world, report) => {
      for (const workload of workloads(world)) {
        for (const { range, container, value, allowed } of outOfRange(workload, world)) {
          report({ at: container.place([...container.path, 'resources']), value, allowed, note: `LimitRange ${range.name}` });
        }
      }
    },
  },
  {
    id: 'admission/command-not-a-list',
    severity: Severity.ERROR,
    title: 'command and args are lists of texts, and this is none',
    why: 'The API server refuses the object: `json: cannot unmarshal string into Go struct field Container.spec.template.spec.containers.command of type '
      + '[]string`. In a file of Docker Compose a text is allowed.',
    fix: 'Write one item for each word: command: [celery, -A, app, worker].',
    source: 'https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/',
    rows: ['N68'],
    check: (world, report) => {
      for (const { containers, initContainers } of workloads(world)) {
        for (const container of [...initContainers, ...containers]) {
          for (const name of ['command', 'args'] as const) {
            const given = container.json[name];
            if (given === undefined || given === null || Array.isArray(given)) continue;
            report({ at: container.place([...container.path, name]), value: asScalar(given) ?? 'a map', allowed: 'a list' });
          }
        }
      }
    },
  },
];
