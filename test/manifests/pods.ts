import { World } from '../../src/manifests/world';

/** A world with one Deployment, its pod and its first container. */
export function pod(container: object, spec: object = {}, ...others: object[]) {
  const world = new World([{
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' },
    spec: { template: { metadata: { labels: { app: 'shop' } }, spec: { ...spec, containers: [{ name: 'main', image: 'registry.example/shop:1', ...container }] } } },
  }, ...others]);
  const workload = world.workloads.find(({ resource }) => resource.name === 'shop')!;
  return { world, workload, container: workload.containers[0] };
}

export function configMap(name: string, data: Record<string, string>): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}
