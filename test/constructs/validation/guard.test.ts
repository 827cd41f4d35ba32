import { ApiObject, App, Chart, JsonPatch, Testing } from 'cdk8s';
import { CeleryBeat, CeleryJob, CelerySmokeTest, CeleryWorker, rules } from 'cdk8s-celery';
import { celeryApp } from '../../fixtures';
import { Manifest, refusals, render } from '../../manifests';

const { lint, Rules } = rules;

/** A Beat that a patch gives what no prop does: a second pod. */
function patchedBeat(chart: Parameters<typeof celeryApp>[0]): CeleryBeat {
  const beat = new CeleryBeat(chart, 'beat', { celery: celeryApp(chart) });
  ApiObject.of(beat.deployment).addJsonPatch(JsonPatch.replace('/spec/replicas', 2));
  return beat;
}

test('a JSON patch that cannot be applied is refused, with the object and what to do', () => {
  const make = (chart: Chart): CeleryBeat => {
    const beat = new CeleryBeat(chart, 'beat', { celery: celeryApp(chart) });
    beat.deployment.addJsonPatch(JsonPatch.replace('/spec/nope/x', 1));
    return beat;
  };
  const message = expect.stringMatching(/Deployment 'celery-beat' \(chart\/beat\/Resource\): cannot be written: .*; correct what it is made of, or its JSON patches: a path must be there, all but its last part/);
  expect(refusals((chart) => void make(chart))).toEqual([message]);
  // An operation `test` that fails has the whole object in its message.
  const [failed] = refusals((chart) => make(chart).deployment.addJsonPatch(JsonPatch.test('/spec/replicas', 99)));
  expect(failed.length).toBeLessThan(400);
  const app = new App();
  make(new Chart(app, 'chart'));
  expect(() => Rules.check(app)).toThrow(/^Deployment 'celery-beat' \(chart\/beat\/Resource\): cannot be written/);
});

test('a component of an app in another App is refused: its pods would mount ConfigMaps that are not written', () => {
  const other = celeryApp(new Chart(new App(), 'other', { namespace: 'test' }));
  const message = 'celery: \'other/celery\' is in another App of cdk8s, which writes the ConfigMaps that the pods mount; make both in one App, in one chart or in several';
  expect(refusals((chart) => void new CeleryWorker(chart, 'worker', { celery: other, replicas: -1 }))).toEqual([`[chart/worker] ${message}`, expect.stringContaining('replicas: -1')]);
  expect(refusals((chart) => void new CeleryJob(chart, 'job', { celery: other, command: ['true'] }))).toEqual([`[chart/job] ${message}`]);
  // Its Job gets what takes the place of the app.
  expect(refusals((chart) => void new CelerySmokeTest(chart, 'smoke', { celery: other })).filter((line) => line.includes('another App'))).toEqual([`[chart/smoke] ${message}`]);
  expect(() => render((chart) => void new CeleryWorker(new Chart(chart, 'inner', { namespace: 'test' }), 'worker', { celery: celeryApp(chart) }))).not.toThrow();
});

describe('the rules see the manifests, patches included', () => {
  let warnings: jest.SpyInstance;
  beforeEach(() => {
    warnings = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  });
  afterEach(() => warnings.mockRestore());

  test('an error refuses the synth, once', () => {
    expect(refusals((chart) => void patchedBeat(chart))).toEqual([expect.stringMatching(/^\[chart\] Deployment test\/celery-beat.*\[beat\/more-than-one\]$/)]);
  });

  test('what comes after a first synth is looked at, too', () => {
    const app = new App();
    const chart = new Chart(app, 'chart', { namespace: 'test' });
    const celery = celeryApp(chart);
    new CeleryWorker(chart, 'worker', { celery });
    Testing.synth(chart);
    ApiObject.of(new CeleryBeat(chart, 'beat', { celery }).deployment).addJsonPatch(JsonPatch.replace('/spec/replicas', 2));
    expect(() => Testing.synth(chart)).toThrow('[beat/more-than-one]');
    expect(() => Testing.synth(chart)).toThrow('[beat/more-than-one]');
  });

  test('a warning is printed once, however many charts there are', () => {
    const app = new App();
    const chart = new Chart(app, 'chart', { namespace: 'test' });
    ['second', 'third'].forEach((id) => new Chart(app, id));
    const worker = new CeleryWorker(chart, 'worker', { celery: celeryApp(chart) });
    ApiObject.of(worker.deployment).addJsonPatch(JsonPatch.replace('/spec/template/spec/terminationGracePeriodSeconds', 1));
    app.synthYaml();
    expect(warnings.mock.calls.filter(([text]) => String(text).includes('[shutdown/'))).toHaveLength(1);
  });

  test('what is suppressed with a reason does not', () => {
    render((chart) => void Rules.of(patchedBeat(chart)).suppress('beat/more-than-one', 'the scheduler has a lock of its own'));
    expect(warnings).not.toHaveBeenCalled();
  });

  test('what is suppressed stands in the manifests that it is about, where lint reads it', () => {
    const rendered = render((chart) => {
      const beat = patchedBeat(chart);
      ApiObject.of(beat.deployment).metadata.addAnnotation('cdk8s-celery/suppress', 'beat/rolling-update: written by hand');
      ApiObject.of(beat.deployment).addJsonPatch(JsonPatch.replace('/spec/strategy', { type: 'RollingUpdate' }));
      Rules.of(chart).suppress('beat/more-than-one', 'the scheduler\n has a lock');
    });
    const objects = JSON.parse(rendered) as Manifest[];
    const written = objects.map(({ kind, metadata }) => [kind, metadata.annotations?.['cdk8s-celery/suppressed']]);
    expect(written.filter(([, lines]) => lines !== undefined)).toEqual([['Deployment', 'beat/more-than-one: the scheduler has a lock']]);
    const about = (given: Manifest[]) => lint(given).map(({ ruleId }) => ruleId).filter((id) => id.startsWith('beat/') || id.startsWith('suppressions/'));
    expect(about(objects)).toEqual([]);
    // Whoever gives lint a part of it may not see what it silences: of what synth wrote that is no fault.
    const [beat] = objects.filter(({ metadata }) => metadata.annotations?.['cdk8s-celery/suppressed'] !== undefined);
    expect(about([{ ...beat, spec: {} }])).toEqual(['suppressions/unused']);
    const { 'cdk8s-celery/suppressed': ours } = beat.metadata.annotations as Record<string, string>;
    expect(about([{ ...beat, spec: {}, metadata: { name: 'beat', annotations: { 'cdk8s-celery/suppressed': ours } } }])).toEqual([]);
  });

  test('a suppression that silences nothing is a warning, which is printed', () => {
    render((chart) => void Rules.of(new CeleryBeat(chart, 'beat', { celery: celeryApp(chart) })).suppress('beat/more-than-one', 'no longer true'));
    expect(warnings.mock.calls).toEqual([[expect.stringMatching(/^warning: .*suppressions\/unused\]\n$/)]]);
  });

  test('a rule that does not exist, and a suppression without a reason, are refused where they are written', () => {
    expect(() => refusals((chart) => void Rules.of(chart).suppress('beat/rolling', 'why not'))).toThrow(/'beat\/rolling' is not a rule \(did you mean .*beat\/rolling-update/);
    expect(() => refusals((chart) => void Rules.of(chart).suppress('beat/rolling-update', ' '))).toThrow(/gives no reason/);
  });
});
