import { Size } from 'cdk8s';
import { RedisBroker, RedisClaimOptions, RedisStorage } from '../../../src';
import { Manifests, synth } from '../../manifests';

function redis(storage: RedisStorage, external: string[] = []): Manifests {
  return synth((chart) => new RedisBroker(chart, 'redis', { storage }), external);
}

const volume = (manifests: Manifests) => manifests.pod('redis').volumes.find(({ name }) => name === 'data');
const appendOnly = (manifests: Manifests) => manifests.main('redis').command[manifests.main('redis').command.indexOf('--appendonly') + 1];

test('ephemeral: in memory alone', () => {
  const manifests = redis(RedisStorage.ephemeral());
  expect([volume(manifests), appendOnly(manifests)]).toEqual([{ name: 'data', emptyDir: { sizeLimit: '64Mi' } }, 'no']);
});

test('claim: an append-only file on a claim of the default class', () => {
  const manifests = redis(RedisStorage.claim());
  expect([volume(manifests)?.persistentVolumeClaim.claimName, appendOnly(manifests)]).toEqual(['redis-data', 'yes']);
  expect(manifests.get('PersistentVolumeClaim', 'redis-data').spec).toEqual({
    accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } },
  });
});

test('claim: with all options', () => {
  const options: Required<RedisClaimOptions> = { claimName: 'queue', size: Size.gibibytes(5), storageClassName: 'fast' };
  const manifests = redis(RedisStorage.claim(options));
  expect(volume(manifests)?.persistentVolumeClaim.claimName).toBe('queue');
  expect(manifests.get('PersistentVolumeClaim', 'queue').spec).toMatchObject({ storageClassName: 'fast', resources: { requests: { storage: '5Gi' } } });
});

test('claim: an option that is undefined has its default', () => {
  const manifests = redis(RedisStorage.claim({ claimName: undefined, size: undefined, storageClassName: undefined }));
  expect(manifests.get('PersistentVolumeClaim', 'redis-data').spec.resources.requests.storage).toBe('1Gi');
});

test('fromClaimName: the volume and the file, and no claim of ours', () => {
  const manifests = redis(RedisStorage.fromClaimName('queue'), ['PersistentVolumeClaim/queue']);
  expect([volume(manifests)?.persistentVolumeClaim.claimName, appendOnly(manifests)]).toEqual(['queue', 'yes']);
  expect(manifests.all.some(({ kind }) => kind === 'PersistentVolumeClaim')).toBe(false);
});
