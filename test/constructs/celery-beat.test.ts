import { Chart, Size } from 'cdk8s';
import { AppCode, BeatStorage, CeleryBeat, CeleryBeatProps, HealthCheck, LogLevel } from '../../src';
import { everyProp } from '../every-prop';
import { celeryApp, everyOption, EXTERNAL } from '../fixtures';
import { refusals, synth } from '../manifests';

const NAME = 'celery-beat';

function beat(props: Partial<CeleryBeatProps> = {}): (chart: Chart) => CeleryBeat {
  return (chart) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart), ...props });
}

describe('with the least that it needs', () => {
  const manifests = synth(beat());

  test('is one pod, and never two: during a rollout the old one goes first', () => {
    const { replicas, strategy } = manifests.get('Deployment', NAME).spec;
    expect({ replicas, strategy }).toEqual({ replicas: 1, strategy: { type: 'Recreate' } });
  });

  // Next to the code, in a ConfigMap: OSError: [Errno 30] Read-only file system: 'celerybeat-schedule'.
  test('writes its schedule to a volume that is writable', () => {
    const { command, volumeMounts } = manifests.main(NAME);
    const file = command[command.indexOf('-s') + 1];
    expect(file).toBe('/app/data/celerybeat-schedule');
    const mount = volumeMounts.find(({ mountPath }) => file.startsWith(`${mountPath}/`) && mountPath !== '/app');
    expect(mount).toEqual({ mountPath: '/app/data', name: 'beat-data' });
    expect(manifests.pod(NAME).volumes).toContainEqual({ name: 'beat-data', emptyDir: {} });
  });

  test('has the code read-only, and the schedule inside of it', () => {
    expect(manifests.main(NAME).volumeMounts.map(({ mountPath, readOnly }) => [mountPath, readOnly]))
      .toEqual([['/app', true], ['/opt/celery-agent/cdk8s_celery_agent', true], ['/tmp', undefined], ['/app/data', undefined]]);
  });

  test('has the command of Beat, with settings behind --', () => {
    expect(manifests.main(NAME).command).toEqual([
      'celery', '-A', 'tasks', 'beat', '--loglevel=info', '-s', '/app/data/celerybeat-schedule', '-S', 'cdk8s_celery_agent.beat:Scheduler',
      '--', 'broker_connection_max_retries=(json)null', 'broker_connection_retry_on_startup=(json)true',
    ]);
  });
});

test('with all props, each does something', () => {
  const manifests = everyProp<CeleryBeatProps, 'celery'>({
    required: ['celery'],
    external: EXTERNAL,
    props: (chart) => ({
      ...everyOption, celery: celeryApp(chart), name: 'clock', launcher: ['ddtrace-run'], storage: BeatStorage.claim(), logLevel: LogLevel.DEBUG,
      scheduler: 'redbeat.RedBeatScheduler', healthCheck: HealthCheck.agent({ port: 9000 }),
    }),
    make: (chart, props) => new CeleryBeat(chart, 'beat', props),
  });
  expect(manifests.main('clock').command).toContain('--loglevel=debug');
  expect(manifests.env('clock').CDK8S_CELERY_AGENT_SCHEDULER).toBe('redbeat.RedBeatScheduler');
  expect(manifests.main('clock').ports).toEqual([{ containerPort: 9000, name: 'health' }]);
  expect(manifests.get('PersistentVolumeClaim', 'clock-data').metadata).toMatchObject({
    labels: { team: 'orders' }, annotations: { 'example.com/owner': 'orders@example.com' },
  });
});

test('labels and annotations of the app are on its claim too', () => {
  const manifests = synth((chart) => new CeleryBeat(chart, 'beat', {
    celery: celeryApp(chart, { labels: { team: 'orders' }, annotations: { owner: 'orders' } }), storage: BeatStorage.claim(),
  }));
  expect(manifests.get('PersistentVolumeClaim', 'celery-beat-data').metadata).toMatchObject({ labels: { team: 'orders' }, annotations: { owner: 'orders' } });
});

test('code in the image has the schedule inside its own directory', () => {
  const manifests = synth((chart) => new CeleryBeat(chart, 'beat', { celery: celeryApp(chart, { code: AppCode.inImage({ directory: '/srv/shop' }) }) }));
  expect(manifests.main(NAME).command).toContain('/srv/shop/data/celerybeat-schedule');
  expect(manifests.main(NAME).volumeMounts).toContainEqual({ mountPath: '/srv/shop/data', name: 'beat-data' });
  expect(manifests.main(NAME).workingDir).toBe('/srv/shop');
});

test('what it builds can be reached', () => {
  synth((chart) => {
    const storage = BeatStorage.ephemeral();
    const built = beat({ storage })(chart);
    expect([built.deployment.name, built.storage]).toEqual([NAME, storage]);
  });
});

describe('refuses', () => {
  test('bad names and sizes of a claim', () => {
    expect(refusals(beat({ storage: BeatStorage.claim({ claimName: 'Beat', storageClassName: 'a b', size: Size.mebibytes(0) }) }))).toEqual([
      expect.stringMatching(/^\[chart\/beat\] storage\.claimName: 'Beat' is not a name that Kubernetes accepts; use lower-case letters/),
      expect.stringMatching(/^\[chart\/beat\] storage\.storageClassName: 'a b' is not a name that Kubernetes accepts; use lower-case letters/),
      '[chart/beat] storage.size: \'0Mi\' is not a quantity that Kubernetes accepts; give e.g. Size.gibibytes(1)',
    ]);
  });

  test('a bad name of a claim that exists', () => {
    expect(refusals(beat({ storage: BeatStorage.fromClaimName('my_claim') })))
      .toEqual([expect.stringMatching(/storage\.claimName: 'my_claim' is not a name/)]);
  });

  test('two Beats with one claim', () => {
    expect(refusals((chart) => {
      const celery = celeryApp(chart);
      new CeleryBeat(chart, 'one', { celery, storage: BeatStorage.claim({ claimName: 'beat-pvc' }) });
      new CeleryBeat(chart, 'two', { celery, storage: BeatStorage.claim({ claimName: 'beat-pvc' }) });
    })).toEqual([expect.stringContaining(
      'name: PersistentVolumeClaim \'beat-pvc\' in namespace \'test\' is made by chart/one/Claim and by chart/two/Claim; '
      + 'give one of the constructs another id or name',
    ), expect.stringContaining('beat/two-deployments'), expect.stringContaining('beat/two-deployments')]);
  });
});
