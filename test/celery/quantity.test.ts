import { join } from 'node:path';
import { CASES, load } from '../rules/manifests';
import { examine } from '../../src/rules/engine';

interface ConfigMap {
  kind: string;
  data: Record<string, string>;
}

function sized(bytes: number): string[] {
  const objects = load(join(CASES, 'code/configmap-key/pass.yaml'));
  const configMap = objects.find((object) => (object as ConfigMap).kind === 'ConfigMap') as ConfigMap;
  configMap.data = { 'tasks.py': 'é'.repeat((bytes - 'tasks.py'.length) / 2) };
  return examine(objects).map(({ rule, severity }) => `${severity} ${rule.id}`);
}

test.each([
  [1_048_578, ['error code/configmap-too-large']],
  [1_048_576, ['warning code/configmap-too-large']],
  [250_002, ['warning code/configmap-too-large']],
  [250_000, []],
])('a ConfigMap of %d bytes', (bytes, expected) => {
  expect(sized(bytes)).toEqual(expected);
});
