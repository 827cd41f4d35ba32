import { pod } from './pods';
import { folderOfSchedule, schedulePath } from '../../src/manifests/beat-schedule';

function beat(words: string[], more: object = {}, spec: object = {}) {
  return pod({ command: ['celery', '-A', 'shop', 'beat', ...words], ...more }, spec).world.processes[0];
}

const DEFAULT = 'celerybeat-schedule';

test.each<[string, string[], object, object | undefined]>([
  ['no option', [], {}, { path: undefined, written: DEFAULT, explicit: false, open: false }],
  ['no option, and a working directory', [], { workingDir: '/app' }, { path: `/app/${DEFAULT}`, written: DEFAULT, explicit: false, open: false }],
  ['-s', ['-s', '/data/schedule'], {}, { path: '/data/schedule', written: '/data/schedule', explicit: true, open: false }],
  ['--schedule', ['--schedule=schedule'], { workingDir: '/data' }, { path: '/data/schedule', written: 'schedule', explicit: true, open: false }],
  ['a variable out of sight', ['-s', '$(SCHEDULE)'], { env: [{ name: 'SCHEDULE', valueFrom: { secretKeyRef: { name: 'gone', key: 'schedule' } } }] }, undefined],
])('the schedule file by %s', (_, words, more, expected) => {
  const found = schedulePath(beat(words, more));
  expect(found && { path: found.path, written: found.written, explicit: found.explicit, open: found.open }).toEqual(expected);
});

test.each<[string, object, object, string | undefined]>([
  ['a volume with its name', { mountPath: `/srv/${DEFAULT}` }, { emptyDir: {} }, `/srv/${DEFAULT}`],
  ['a claim with its name', { mountPath: `/srv/${DEFAULT}` }, { persistentVolumeClaim: { claimName: 'beat' } }, `/srv/${DEFAULT}`],
  ['a file of a volume', { mountPath: `/srv/${DEFAULT}`, subPath: 'schedule' }, { emptyDir: {} }, undefined],
  ['a ConfigMap with its name', { mountPath: `/srv/${DEFAULT}` }, { configMap: { name: 'gone' } }, undefined],
  ['a folder around it', { mountPath: '/srv' }, { emptyDir: {} }, undefined],
  ['a name that ends like it', { mountPath: `/srv/my${DEFAULT}` }, { emptyDir: {} }, undefined],
])('in the working directory of the image lies %s', (_, mount, volume, expected) => {
  expect(folderOfSchedule(beat([], { volumeMounts: [{ name: 'v', ...mount }] }, { volumes: [{ name: 'v', ...volume }] }))?.mountPath).toBe(expected);
});

test('a working directory in sight needs no guess', () => {
  const mounts = { volumeMounts: [{ name: 'v', mountPath: `/srv/${DEFAULT}` }], workingDir: '/app' };
  expect(folderOfSchedule(beat([], mounts, { volumes: [{ name: 'v', emptyDir: {} }] }))).toBeUndefined();
});
