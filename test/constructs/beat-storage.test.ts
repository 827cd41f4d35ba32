import { Chart, Size } from 'cdk8s';
import { BeatClaimOptions, BeatStorage, CeleryBeat, LogLevel } from '../../src';
import { celeryApp } from '../fixtures';
import { Manifests, refusals, synth } from '../manifests';

function beat(storage: BeatStorage, external: string[] = []): Manifests {
  return synth((chart) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), storage }), external);
}

const volume = (manifests: Manifests) => manifests.pod('celery-beat').volumes.find(({ name }) => name === 'beat-data');

test('ephemeral: an emptyDir and no claim', () => {
  const manifests = beat(BeatStorage.ephemeral());
  expect(volume(manifests)).toEqual({ name: 'beat-data', emptyDir: { sizeLimit: '64Mi' } });
  expect(manifests.all.some(({ kind }) => kind === 'PersistentVolumeClaim')).toBe(false);
});

test('claim: named after the Beat, in the default class', () => {
  const manifests = beat(BeatStorage.claim());
  expect(volume(manifests)).toEqual({ name: 'beat-data', persistentVolumeClaim: { claimName: 'celery-beat-data' } });
  expect(manifests.get('PersistentVolumeClaim', 'celery-beat-data').spec).toEqual({
    accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } },
  });
});

test('claim: with all options', () => {
  const options: Required<BeatClaimOptions> = { claimName: 'clock', size: Size.mebibytes(1536), storageClassName: 'standard' };
  const manifests = beat(BeatStorage.claim(options));
  expect(volume(manifests)?.persistentVolumeClaim.claimName).toBe('clock');
  expect(manifests.get('PersistentVolumeClaim', 'clock').spec).toMatchObject({
    storageClassName: 'standard', resources: { requests: { storage: '1536Mi' } },
  });
});

test('claim: an option that is undefined has its default', () => {
  const manifests = beat(BeatStorage.claim({ claimName: undefined, size: undefined, storageClassName: undefined }));
  expect(manifests.get('PersistentVolumeClaim', 'celery-beat-data').spec).toEqual(beat(BeatStorage.claim()).get('PersistentVolumeClaim', 'celery-beat-data').spec);
});

test('fromClaimName: the volume, and no claim of ours', () => {
  const manifests = beat(BeatStorage.fromClaimName('schedule'), ['PersistentVolumeClaim/schedule']);
  expect(volume(manifests)?.persistentVolumeClaim.claimName).toBe('schedule');
  expect(manifests.all.some(({ kind }) => kind === 'PersistentVolumeClaim')).toBe(false);
});

describe('two Beats that differ', () => {
  const two = (first: string, second: string) => (chart: Chart): void => {
    const celery = celeryApp(chart);
    new CeleryBeat(chart, 'beat', { celery, storage: BeatStorage.fromClaimName(first) });
    new CeleryBeat(chart, 'second', { celery, logLevel: LogLevel.DEBUG, storage: BeatStorage.fromClaimName(second) });
  };

  test('on one claim are refused, once', () => {
    expect(refusals(two('schedule', 'schedule')).filter((one) => one.includes('beat/schedule-shared'))).toHaveLength(1);
  });

  test('on two claims are not', () => {
    expect(() => synth(two('schedule', 'other'), ['PersistentVolumeClaim/schedule', 'PersistentVolumeClaim/other'])).not.toThrow();
  });
});
