import { configMap, pod } from '../pods';

const secret = (name: string, data: object) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, ...data });

function variable(entry: object) {
  const { container } = pod({ env: [{ name: 'A', ...entry }] }, {}, configMap('names', { one: 'x', two: 'y' }), secret('logins', { stringData: { one: 's' } }));
  const { value, hidden, source } = container.env.get('A')!;
  return { value, hidden, source };
}

test.each<[string, object, object]>([
  ['a value', { value: 'x' }, { value: 'x', source: 'value' }],
  ['a key of a ConfigMap', { valueFrom: { configMapKeyRef: { name: 'names', key: 'two' } } }, { value: 'y', source: 'configMap' }],
  ['a key that a ConfigMap lacks', { valueFrom: { configMapKeyRef: { name: 'names', key: 'three' } } }, { source: 'configMap' }],
  ['a ConfigMap out of sight', { valueFrom: { configMapKeyRef: { name: 'gone', key: 'one' } } }, { source: 'configMap' }],
  ['a key of a Secret, which is only for links', { valueFrom: { secretKeyRef: { name: 'logins', key: 'one' } } }, { hidden: 's', source: 'secret' }],
  ['a key that a Secret lacks', { valueFrom: { secretKeyRef: { name: 'logins', key: 'two' } } }, { source: 'secret' }],
])('%s', (_, entry, expected) => {
  expect(variable(entry)).toEqual({ value: undefined, hidden: undefined, ...expected });
});
