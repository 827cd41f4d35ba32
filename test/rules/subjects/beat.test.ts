import { AGENT_FLAGS } from '../../../src/celery/agent-names';
import { celery, env, found, withCode, workload } from '../pods';

describe('the scheduler that is not a file needs none to write to', () => {
  const beat = (words: string, more: object = {}) => found('beat/schedule-not-writable', workload(celery(`beat -s /srv/schedule ${words}`.trim(), {
    securityContext: { readOnlyRootFilesystem: true }, ...more,
  })));
  const NOT_WRITABLE = ['error: /srv/schedule'];

  test.each<[string, string, object, string[]]>([
    ['none given', '', {}, NOT_WRITABLE],
    ['Celery\'s own', '-S celery.beat:PersistentScheduler', {}, NOT_WRITABLE],
    ['Celery\'s own, by its class alone', '--scheduler PersistentScheduler', {}, NOT_WRITABLE],
    ['Celery\'s own, with a dot', '--scheduler celery.beat.Scheduler', {}, NOT_WRITABLE],
    ['one that only ends like it', '--scheduler shop.PersistentScheduler', {}, []],
    ['a database', '--scheduler django_celery_beat.schedulers:DatabaseScheduler', {}, []],
    ['django, by its short name', '-S django', {}, []],
    ['RedBeat', '-S redbeat.RedBeatScheduler', {}, []],
    ['another one', '-S shop.Own', {}, []],
    ['one that only a run tells', '-S $(SCHEDULER)', { env: [{ name: 'SCHEDULER', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }] }, []],
    ['a variable of RedBeat', '', env({ REDBEAT_REDIS_URL: 'redis://r' }), []],
    ['a variable that names it', '', env({ SCHEDULE_IN: 'redbeat' }), []],
    ['a variable that is called after it', '', env({ MY_BEAT_SCHEDULER: 'x' }), []],
    ['another variable', '', env({ LOG: 'beat' }), NOT_WRITABLE],
  ])('%s', (_, words, more, expected) => {
    expect(beat(words, more)).toEqual(expected);
  });

  test.each<[string, Record<string, string>, string[]]>([
    ['around none', {}, NOT_WRITABLE],
    ['around the one that a variable names', { CDK8S_CELERY_AGENT_SCHEDULER: 'celery.beat:PersistentScheduler' }, NOT_WRITABLE],
    ['around another one', { CDK8S_CELERY_AGENT_SCHEDULER: 'redbeat.RedBeatScheduler' }, []],
  ])('our agent %s', (_, variables, expected) => {
    expect(beat(`--scheduler ${AGENT_FLAGS.beat[1]}`, env(variables))).toEqual(expected);
  });
});

describe('a schedule file', () => {
  const mounted = (path: string, mountPath: string, volume: object, more: object = {}) => found('beat/schedule-not-writable', workload(
    celery(`beat -s ${path}`, { volumeMounts: [{ name: 'data', mountPath, ...more }] }), { pod: { volumes: [{ name: 'data', ...volume }] } }));

  test('is the folder of the volume', () => {
    expect(mounted('/data', '/data', { emptyDir: {} }))
      .toEqual(['warning: /data (it is the folder of the emptyDir itself, unless its dbm adds an ending to the name)']);
    expect(mounted('/data/schedule', '/data', { emptyDir: {} })).toEqual([]);
    expect(mounted('/data', '/data', { emptyDir: {} }, { subPath: 'schedule' })).toEqual([]);
  });

  test('is on a volume that nobody writes to', () => {
    expect(mounted('/data/s', '/data', { configMap: { name: 'c' } })).toEqual(['error: /data/s (it lies on the configMap at /data)']);
    expect(mounted('/data/s', '/data', { emptyDir: {} }, { readOnly: true })).toEqual(['error: /data/s (it lies on the emptyDir at /data)']);
  });

  const byUser = (path: string, runAsUser: number | undefined, image = 'python:3.11-slim') => found('beat/schedule-not-writable', workload(
    celery(`beat -s ${path}`, { image, ...runAsUser === undefined ? {} : { securityContext: { runAsUser } } })));

  test.each<[string, number | undefined, string | undefined, string[]]>([
    ['/srv/s', 1000, undefined, ['error: /srv/s (user 1000 may not write there in this image)']],
    ['/srv/s', 1, undefined, ['error: /srv/s (user 1 may not write there in this image)']],
    ['/srv/s', 0, undefined, []],
    ['/srv/s', undefined, undefined, []],
    ['/srv/s', 1000, 'registry.example/shop:1', []],
    ['/tmp/s', 1000, undefined, []],
    ['/var/tmp/s', 1000, undefined, []],
    ['/dev/shm/s', 1000, undefined, []],
    ['/srv/tmp/s', 1000, undefined, ['error: /srv/tmp/s (user 1000 may not write there in this image)']],
  ])('%s of user %s in %s', (path, user, image, expected) => {
    expect(byUser(path, user, image)).toEqual(expected);
  });

  const inWorkingFolder = (mountPath: string, more: object = {}) => found('beat/schedule-not-writable', workload(
    celery('beat', { securityContext: { readOnlyRootFilesystem: true }, volumeMounts: [{ name: 'v', mountPath, ...more }] }), { pod: { volumes: [{ name: 'v', emptyDir: {} }] } }));
  const UNLESS = 'unless the application sets beat_schedule_filename or another beat_scheduler';

  test.each<[string, object, boolean]>([
    ['/tmp', {}, true], ['/var/run', {}, true], ['/var/log/x', {}, true], ['/cache', {}, true], ['/dev/shm', {}, true], ['/tmpx', {}, false], ['/data', {}, false],
    ['/data', { readOnly: true }, true], ['/srv/tmp', {}, false],
  ])('in the working directory of the image, with a volume at %s %j', (mountPath, more, reported) => {
    expect(inWorkingFolder(mountPath, more)).toEqual(reported ? [expect.stringContaining(UNLESS)] : []);
  });
});

describe('more than one Beat', () => {
  const many = (words: string, more: object, around: object) => found('beat/more-than-one', workload(celery(words, more), around));

  test.each<[string, object, string[]]>([
    ['one', { spec: { replicas: 1 } }, []], ['two', { spec: { replicas: 2 } }, ['error: replicas: 2']], ['none', { spec: { replicas: 0 } }, []],
    ['a DaemonSet', { kind: 'DaemonSet' }, ['error: DaemonSet']], ['a StatefulSet', { kind: 'StatefulSet' }, []],
  ])('%s', (_, around, expected) => {
    expect(many('beat', {}, around)).toEqual(expected);
  });

  test.each<[string, string[]]>([
    ['beat -S redbeat.RedBeatScheduler', []], ['beat -S shop.Own', []], ['beat -S django', ['error: replicas: 2']],
  ])('with %s', (words, expected) => {
    expect(many(words, {}, { spec: { replicas: 2 } })).toEqual(expected);
  });

  test.each<[string, object, string[]]>([
    ['up to one', { kind: 'HorizontalPodAutoscaler', spec: { maxReplicas: 1 } }, []],
    ['up to two', { kind: 'HorizontalPodAutoscaler', spec: { maxReplicas: 2 } }, ['error: HorizontalPodAutoscaler a']],
    ['by KEDA up to one', { kind: 'ScaledObject', spec: { maxReplicaCount: 1 } }, []],
    ['by KEDA up to two', { kind: 'ScaledObject', spec: { maxReplicaCount: 2 } }, ['error: ScaledObject a']],
    ['by KEDA without an end', { kind: 'ScaledObject', spec: {} }, ['error: ScaledObject a']],
  ])('that is scaled %s', (_, { kind, spec }: { kind?: string; spec?: object }, expected) => {
    const scaler = {
      apiVersion: kind === 'ScaledObject' ? 'keda.sh/v1alpha1' : 'autoscaling/v2', kind, metadata: { name: 'a' },
      spec: { ...spec, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' } },
    };
    expect(found('beat/more-than-one', workload(celery('beat')), scaler)).toEqual(expected);
  });
});

describe('a long interval and a file that is gone with the pod', () => {
  const interval = (code: string, more: object = {}) => found('beat/interval-never-fires', ...withCode(`from celery import Celery\n${code}`, 'beat -s /tmp/s', more));

  test.each<[string, string[]]>([
    ['app.conf.beat_schedule = {"a": {"task": "t", "schedule": 900.0}}', []],
    ['app.conf.beat_schedule = {"a": {"task": "t", "schedule": 901}}', ['warning: "schedule": 901 (the file is /tmp/s)']],
    ['app.conf.beat_schedule = {"a": {"task": "t", "schedule": 86_400}}', ['warning: "schedule": 86_400 (the file is /tmp/s)']],
    ['sender.add_periodic_task( 900, t.s())', []],
    ['sender.add_periodic_task( 901, t.s())', ['warning: add_periodic_task( 901 (the file is /tmp/s)']],
    ['schedules = {"a": {"schedule": 901}}', []],
    ['app.conf.beat_schedule = {"a": {"schedule": timedelta(minutes=15)}}', []],
    ['app.conf.beat_schedule = {"a": {"schedule": timedelta(minutes = 16)}}', ['warning: timedelta(minutes = 16 (the file is /tmp/s)']],
    ['app.conf.beat_schedule = {"a": {"schedule": timedelta(seconds=900)}}', []],
    ['app.conf.beat_schedule = {"a": {"schedule": timedelta(seconds=901)}}', ['warning: timedelta(seconds=901 (the file is /tmp/s)']],
    ['app.conf.beat_schedule = {"a": {"schedule": timedelta(hours=1)}}', ['warning: timedelta(hours=1 (the file is /tmp/s)']],
    ['app.conf.beat_schedule = {"a": {"schedule": timedelta(days=1)}}', ['warning: timedelta(days=1 (the file is /tmp/s)']],
    ['app.conf.beat_schedule = {"a": {"schedule": timedelta(weeks=1)}}', ['warning: timedelta(weeks=1 (the file is /tmp/s)']],
    ['app.conf.beat_schedule = {"a": {"schedule": timedelta(days=0)}}', []],
  ])('%s', (code, expected) => {
    expect(interval(code)).toEqual(expected);
  });

  test('is kept on a claim', () => {
    const [beat, code] = withCode('app.conf.beat_schedule = {"a": {"schedule": 901}}', 'beat -s /data/s', {
      volumeMounts: [{ name: 'code', mountPath: '/app' }, { name: 'data', mountPath: '/data' }],
    });
    const on = (volume: object) => {
      const copy = structuredClone(beat) as { spec: { template: { spec: { volumes: object[] } } } };
      copy.spec.template.spec.volumes.push({ name: 'data', ...volume });
      return found('beat/interval-never-fires', copy, code);
    };
    expect(on({ persistentVolumeClaim: { claimName: 'beat' } })).toEqual([]);
    expect(on({ emptyDir: {} })).toHaveLength(1);
  });
});

describe('a pidfile that outlives the container', () => {
  const kept = (words: string, more: object = {}, pod: object = {}, volume: object = { emptyDir: {} }) => found('beat/stale-pidfile', workload(
    celery(words, { volumeMounts: [{ name: 'v', mountPath: '/run/celery' }], ...more }), { pod: { volumes: [{ name: 'v', ...volume }], ...pod } }));
  const removes = (...command: string[]) => ({ initContainers: [{ name: 'init', image: 'busybox:1.36', command }] });
  const ON_IT = [expect.stringContaining('/run/celery/beat.pid (it lies on the emptyDir at /run/celery')];

  test.each<[string, string, object, object, unknown[]]>([
    ['on a volume', 'beat --pidfile=/run/celery/beat.pid', {}, {}, ON_IT],
    ['none', 'beat --pidfile=', { workingDir: '/run/celery' }, {}, []],
    ['elsewhere', 'beat --pidfile=/tmp/beat.pid', {}, {}, []],
    ['that is removed before', 'beat --pidfile=/run/celery/beat.pid', {}, removes('rm', '-f', '/run/celery/beat.pid'), []],
    ['that is removed with all others', 'beat --pidfile=/run/celery/beat.pid', {}, removes('/bin/rm', '-f', '/run/celery/*'), []],
    ['when something else is removed', 'beat --pidfile=/run/celery/beat.pid', {}, removes('rm', '-f', '/run/celery/lock'), ON_IT],
    ['that is only listed', 'beat --pidfile=/run/celery/beat.pid', {}, removes('ls', '/run/celery/beat.pid'), ON_IT],
  ])('%s', (_, words, more, pod, expected) => {
    expect(kept(words, more, pod)).toEqual(expected);
  });

  test('is on a volume that nobody writes to', () => {
    expect(kept('beat --pidfile=/run/celery/beat.pid', {}, {}, { configMap: { name: 'c' } })).toEqual([]);
  });
});
