import { ApiObject, Chart } from 'cdk8s';
import { IConstruct } from 'constructs';

const checked = new WeakSet<IConstruct>();

/**
 * Refuses two objects with one kind, name and namespace in an app: `kubectl apply` would let the later one replace the
 * earlier one without a word. Registered once per app, by whichever of our constructs comes first.
 */
export function refuseCollisions(scope: IConstruct): void {
  const root = scope.node.root;
  if (checked.has(root)) return;
  checked.add(root);
  Chart.of(scope).node.addValidation({ validate: () => collisions(root) });
}

function collisions(root: IConstruct): string[] {
  const owners = new Map<string, string[]>();
  for (const object of root.node.findAll().filter((node): node is ApiObject => ApiObject.isApiObject(node))) {
    const { kind, name } = object;
    const namespace = object.metadata.namespace;
    const identity = `${kind} '${name}'${namespace ? ` in namespace '${namespace}'` : ''}`;
    owners.set(identity, [...owners.get(identity) ?? [], object.node.path]);
  }
  return [...owners]
    .filter(([, paths]) => paths.length > 1)
    .map(([identity, paths]) => `name: ${identity} is made by ${paths.join(' and by ')}; give one of the constructs another id or name`);
}
