import { join } from 'node:path';
import { ApiObject, JsonPatch } from 'cdk8s';
import { AppCode } from 'cdk8s-celery';
import { CASES, load, violations } from './manifests';
import { celeryApp } from '../fixtures';
import { refusals, synth } from '../manifests';

const HASH = '1115a053';
const TASKS = 'from celery import Celery\n\napp = Celery(\'tasks\')\n';

/** What is found in a ConfigMap with this label and content. */
function found(hash: string | undefined, content: object): string[] {
  const labels = hash === undefined ? {} : { 'cdk8s-celery/content-hash': hash };
  return violations([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code', labels }, immutable: true, ...content }])
    .map(({ rule, value, allowed }) => `${rule.id}: ${value}, not ${allowed}`);
}

test.each<[string, string | undefined, object, string[]]>([
  ['the content of the name', HASH, { data: { 'tasks.py': TASKS } }, []],
  ['other content', HASH, { data: { 'tasks.py': `${TASKS}\n` } }, [`code/content-hash: ${HASH}, not 85cb072f`]],
  ['binary data too', HASH, { data: { 'tasks.py': TASKS }, binaryData: { a: 'AA==' } }, [`code/content-hash: ${HASH}, not 9c9ea8bb`]],
  ['no content', HASH, {}, [`code/content-hash: ${HASH}, not 51bf5a9f`]],
  ['content that is not a map', HASH, { data: 7 }, [`code/content-hash: ${HASH}, not 51bf5a9f`]],
  ['other content, of somebody else', undefined, { data: { 'tasks.py': 'x' } }, []],
])('a ConfigMap with %s', (_what, hash, content, expected) => {
  expect(found(hash, content)).toEqual(expected);
});

describe('at synth, a JSON patch on a ConfigMap named by its content', () => {
  const code = { 'tasks.py': TASKS };
  const patch = (path: string, value: unknown) => (chart: Parameters<typeof celeryApp>[0]): void => {
    ApiObject.of(celeryApp(chart).node.findChild('Resource')).addJsonPatch(JsonPatch.add(path, value));
  };

  test.each<[string, unknown]>([['/data', code], ['/data/more.py', ''], ['/binaryData', { a: 'AA==' }]])('is refused for %s', (path, value) => {
    expect(refusals(patch(path, value))).toEqual([expect.stringMatching(/ConfigMap test\/celery-app-\w{8}.* does not match the hash .*\[code\/content-hash\]$/)]);
  });

  const LABEL = '/metadata/labels/cdk8s-celery~1content-hash';
  test.each<[string, JsonPatch[], string[]]>([
    ['all labels and other content', [JsonPatch.remove('/metadata/labels'), JsonPatch.replace('/data', code)], ['metadata.labels[\'cdk8s-celery/content-hash\']']],
    ['its label', [JsonPatch.remove(LABEL)], ['metadata.labels[\'cdk8s-celery/content-hash\']']],
    ['content and label that go together', [JsonPatch.replace('/data', code), JsonPatch.replace(LABEL, HASH)], ['metadata.labels[\'cdk8s-celery/content-hash\']']],
    ['immutable', [JsonPatch.remove('/immutable')], ['immutable']],
    ['immutable', [JsonPatch.replace('/immutable', false)], ['immutable']],
    ['its name and namespace', [JsonPatch.replace('/metadata/name', 'mine'), JsonPatch.remove('/metadata/namespace')], ['metadata.name', 'metadata.namespace']],
    ['its kind', [JsonPatch.replace('/kind', 'Secret')], ['kind']],
  ])('is refused for %s', (_what, patches, places) => {
    const lines = refusals((chart) => ApiObject.of(celeryApp(chart, { code: AppCode.fromInline({ 'tasks.py': `${TASKS}# mine\n` }) }).node.findChild('Resource')).addJsonPatch(...patches));
    expect(lines).toEqual(places.map((place) => expect.stringContaining(`, ${place}: is not what pods and \`cdk8s-celery prune\` know it by; it has `) as unknown));
  });

  test('is fine for a label', () => {
    synth(patch('/metadata/labels/team', 'orders'));
  });
});

// Eight hexadecimal digits may all be letters, and look like a word.
test.each([[true, []], [false, ['code/no-rollout-on-change']]])('pods with the code of a ConfigMap that is immutable: %p change with it', (immutable, expected) => {
  const [configMap, deployment] = load(join(CASES, 'code/no-rollout-on-change/fail.yaml')) as object[];
  expect(violations([{ ...configMap, immutable }, deployment]).map(({ rule }) => rule.id)).toEqual(expected);
});
