import { baseName, Invocation } from '../../manifests/command/command';
import { grouped } from '../../manifests/grouped';
import { asScalar, get } from '../../manifests/json';
import { Container } from '../../manifests/pod/container';
import { Variable } from '../../manifests/pod/env';
import { isScaled } from '../../manifests/scalers';
import { listed } from '../printable';
import { Rule } from '../rule';
import { Severity } from '../severity';

/** Commands that change the tables of an application. Airflow takes a lock. */
function migrates({ words, conditional }: Invocation): boolean {
  if (!words.some(({ text }) => /migrate|upgrade/.test(text))) return false;
  const texts = words.map(({ text }) => text);
  if (conditional || texts.some((text) => /^--(check|plan|sql|help)$/.test(text))) return false;
  const line = texts.map((text, i) => i < 3 ? baseName(text) : text).join(' ');
  return /(^|\s)(manage\.py|django-admin|nautobot-server|sentry-admin)\s(.*\s)?(migrate|post_upgrade)(\s|$)|(^|\s)alembic\s(.*\s)?upgrade(\s|$)/.test(line)
    || /(^|\s)(flask|superset)\sdb\supgrade(\s|$)|(^|\s)(aerich|sentry)\supgrade(\s|$)|(^|\s)prisma\smigrate\sdeploy/.test(line);
}

/** Dify migrates under a lock in Redis. */
const isDify = ({ env }: Container): boolean => /^(api|worker|beat)$/.test(env.value('MODE') ?? '') && env.get('MIGRATION_ENABLED') !== undefined;

/** Variables of the container itself that switch migrations on in the entrypoint of an image: `RUN_MIGRATIONS=true`. */
function migrationSwitches(container: Container): Variable[] {
  const { env } = container;
  return isDify(container) ? [] : [...env.all()].filter(({ name, value, imported }) => !imported && /^(?!.*AIRFLOW)(.*_)?MIGRAT(E|IONS?)(_|$)/.test(name) && /^(on|true|yes|1)$/i.test(value ?? ''));
}

/** Rules about what happens when more pods start. */
export const scaleUpRules: Rule[] = [
  {
    id: 'scaling/ordered-ready',
    severity: Severity.WARNING,
    title: 'The pods of the workers start and stop one at a time',
    why: 'A StatefulSet with OrderedReady starts a pod when all before it are ready, and ends one when all after it are gone: one pod that is Pending or crashes holds '
      + 'up all the others, and each step of a scale-in waits for a whole grace period. Workers need no order.',
    fix: 'Set podManagementPolicy: Parallel (for a StatefulSet that exists delete it with --cascade=orphan before); or use a Deployment.',
    source: 'https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#pod-management-policies',
    rows: ['N54'],
    on: 'workers',
    check: ({ workload }, report, world) => {
      const { resource } = workload;
      const policy = asScalar(get(resource.json, 'spec', 'podManagementPolicy')) ?? 'OrderedReady';
      if (resource.kind !== 'StatefulSet' || policy !== 'OrderedReady' || !isScaled(workload, world)) return;
      report({ at: { resource, path: ['spec', 'podManagementPolicy'] }, value: `podManagementPolicy: ${policy}`, allowed: 'podManagementPolicy: Parallel' });
    },
  },
  {
    id: 'scaling/migrations-in-every-pod',
    severity: Severity.WARNING,
    title: 'Every pod migrates the database when it starts, and several start at the same time',
    why: 'Two migrations at once fail (`relation "shop_order" already exists`, `duplicate key value violates unique constraint`) or deadlock, and each '
      + 'restart and scale-up runs them again.',
    fix: 'Migrate in a Job or a hook; let init containers only wait for it (python manage.py migrate --check).',
    source: 'https://github.com/cookiecutter/cookiecutter-django/issues/2727',
    rows: ['N23'],
    check: (world, report) => {
      const found = world.workloads.filter(({ longRunning, replicas }) => longRunning && replicas !== 0).flatMap((workload) => {
        const all = workload.allContainers;
        const commands = all.flatMap((container) => container.invocations.filter(migrates)
          .map(({ words }) => ({ workload, container, path: words[0].path, value: words.map(({ text }) => text).join(' '), unless: 'they take a lock' })));
        const switches = all.flatMap((container) => migrationSwitches(container).map(({ name, value, path }) => (
          { workload, container, path, value: `${name}=${value}`, unless: 'they take a lock, or the image does something else with the variable' })));
        return [...commands, ...switches].slice(0, 1);
      });
      const byImage = grouped(found.map((one) => [`${one.workload.resource.namespace}/${one.container.image.repository}`, one]));
      for (const same of byImage.values()) {
        const names = [...new Set(same.map(({ workload: { resource } }) => `${resource.kind} ${resource.name}`))].sort();
        for (const { workload, container, path, value, unless: condition } of same) {
          if (world.in(workload).length === 0 || (!isScaled(workload, world) && names.length < 2)) continue;
          report({ at: container.place(path), value, ...(names.length > 1 ? { note: listed(names) } : {}), unless: condition });
        }
      }
    },
  },
];
