import { chosenDeployments, JestConfig, remove } from './setup';

export default async function teardown(config: JestConfig): Promise<void> {
  await remove(chosenDeployments(config).flatMap(({ namespaces }) => namespaces));
}
