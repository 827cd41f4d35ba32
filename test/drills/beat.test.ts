import { CeleryBeat, PythonRuntime } from '../../src';
import { empty } from '../e2e/deployment';
import { eventually, logs, say, signal, testIn } from '../e2e/harness';
import { NEWEST } from '../locks/lock';
import { allReady, celeryApp, deployed, namespace, restarted, TASKS } from './drill';

/** Beat with each scheduler: it sends, and when it has stopped it is restarted and sends again. */
const NAMESPACE = 'celery-drill-beat';
const NODE_ACCESS = 'celery-drill-beat-node';

const SCHEDULE = `
app.conf.beat_schedule = {'tick': {'task': 'tasks.where', 'schedule': 5.0}}
# RedBeat's lock lasts five of these: so long a new Beat waits for that of one that was killed.
app.conf.beat_max_loop_interval = 5
`;

/** An app without a database of its own: the schedule is in a file next to Beat's. */
const DJANGO = `
import django
from django.conf import settings

settings.configure(
    USE_TZ=True, INSTALLED_APPS=['django_celery_beat'], DEFAULT_AUTO_FIELD='django.db.models.AutoField',
    DATABASES={'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': '/app/data/db.sqlite3'}})
django.setup()

from django.core.management import call_command

call_command('migrate', verbosity=0)
`;

/** RedBeat does not know CELERY_BROKER_URL. */
const REDBEAT = `
import os

app.conf.redbeat_redis_url = os.environ['CELERY_BROKER_URL']
`;

interface Scheduler {
  readonly scheduler?: string;
  readonly requirements: string[];
  readonly code: string;
}

const SCHEDULERS: Record<string, Scheduler> = {
  persistent: { requirements: [], code: '' },
  redbeat: { scheduler: 'redbeat.RedBeatScheduler', requirements: ['celery-redbeat==2.4.2'], code: REDBEAT },
  django: {
    scheduler: 'django_celery_beat.schedulers:DatabaseScheduler', requirements: ['django-celery-beat==2.9.0'], code: DJANGO,
  },
};
const NAMES = Object.keys(SCHEDULERS);

deployed(namespace(NAMESPACE, (chart) => {
  for (const [name, { scheduler, requirements, code }] of Object.entries(SCHEDULERS)) {
    const celery = celeryApp(chart, {
      name, files: { 'tasks.py': TASKS + SCHEDULE + code }, runtime: PythonRuntime.install({ celery: NEWEST, requirements }),
    });
    new CeleryBeat(chart, `beat-${name}`, { celery, name: `${name}-beat`, scheduler });
  }
}), empty(NODE_ACCESS));

const sent = async (name: string): Promise<number> => (
  (await logs(NAMESPACE, `app.kubernetes.io/instance=${name}-beat`, 'beat')).split('Sending due task tick').length - 1
);

testIn(NAMESPACE, NODE_ACCESS)('a Beat that has stopped is restarted and sends again, with each scheduler', async () => {
  const beats = await allReady(NAMESPACE, NAMES.map((name) => `${name}-beat`));
  await eventually('each has sent three', 60, async () => {
    for (const name of NAMES) expect([name, await sent(name) >= 3]).toEqual([name, true]);
  });
  await Promise.all(beats.map((beat) => signal(beat, 'STOP', NODE_ACCESS)));
  await Promise.all(beats.map(async (beat, i) => say(`${NAMES[i]}: restarted after ${await restarted(beat, 150)} s`)));
  // The log is that of the new container.
  await eventually('each has sent three again', 90, async () => {
    for (const name of NAMES) expect([name, await sent(name) >= 3]).toEqual([name, true]);
  });
  await allReady(NAMESPACE, NAMES.map((name) => `${name}-beat`), 60);
});
