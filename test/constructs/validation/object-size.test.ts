import { ApiObject, Chart } from 'cdk8s';
import { celeryApp } from '../../fixtures';
import { refusals } from '../../manifests';
import { LARGEST_OBJECT } from '../../../src/constructs/validation/object-size';

/** An object of that many bytes. */
function sized(chart: Chart, bytes: number): void {
  const make = (id: string, text: string) => new ApiObject(chart, id, { apiVersion: 'example.com/v1', kind: 'Model', metadata: { name: 'model' }, spec: { text } });
  const empty = Buffer.byteLength(JSON.stringify(make('empty', '').toJson()));
  chart.node.tryRemoveChild('empty');
  make('model', 'x'.repeat(bytes - empty));
}

test('an object that etcd takes', () => {
  expect(() => refusals((chart) => {
    celeryApp(chart);
    sized(chart, LARGEST_OBJECT);
  })).toThrow('Nothing was refused');
});

test('one that is a byte larger is refused', () => {
  expect(refusals((chart) => {
    celeryApp(chart);
    sized(chart, LARGEST_OBJECT + 1);
  })).toEqual([`[chart] Model test/model: has ${LARGEST_OBJECT + 1} bytes, and the API server cannot store it (\`etcdserver: request is too large\`); `
    + `allowed: ${LARGEST_OBJECT}. Put what is large into an image or a volume`]);
});
