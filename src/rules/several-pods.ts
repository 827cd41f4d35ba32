import { mayBeChanged } from '../manifests/changed';
import { Count, countsOf } from '../manifests/kustomizations';
import { Container } from '../manifests/pod/container';
import type { World } from '../manifests/world';
import { Report, Reporter } from './rule';

/**
 * Reports several pods of what must have one: those of its own number, or those that kustomizations give it.
 *
 * @param certainty what would make several right, as far as the manifest of the workload shows
 * @param patched what would make them right where a kustomization also changes the command, or something else of this kustomization does
 */
export function reportSeveralPods(container: Container, certainty: Pick<Report, 'unless'>, patched: string, report: Reporter, world: World,
  mayHelp: (count: Count) => boolean = () => false): void {
  const { resource, replicas } = container.workload;
  const counts = countsOf(container.workload, world);
  const several = counts.filter(({ pods }) => pods > 1);
  // What one kustomization builds another may build on, with one pod.
  const common = counts.length > several.length ? { unless: 'only what a kustomization with one pod builds is applied' } : certainty;
  if ((replicas ?? 1) > 1 && several.every(({ apart }) => apart)) {
    report({ at: { resource, path: ['spec', 'replicas'] }, value: `replicas: ${replicas}`, allowed: '1', ...common });
  }
  for (const count of several) {
    report({
      at: count, value: `replicas: ${count.pods}`, allowed: '1', note: `${resource.kind} ${resource.name}`,
      ...count.apart ? { unless: `it builds another ${resource.name}` }
        : mayHelp(count) || mayBeChanged(resource, [...container.path, 'command'], world) ? { unless: patched } : common,
    });
  }
}
