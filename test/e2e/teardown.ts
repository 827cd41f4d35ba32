import { remove } from './deployment';
import { chosenDeployments, JestConfig } from './setup';

export default async function teardown(config: JestConfig): Promise<void> {
  await remove(chosenDeployments(config).flatMap(({ namespaces }) => namespaces));
}
