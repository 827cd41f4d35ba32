import { CrontabFault, crontabFault, cronTextFault } from '../../celery/crontab';
import { isPython } from '../../celery/image';
import { lacks, SINCE } from '../../celery/versions';
import { CodeFile, codeFiles, importedBy } from '../../manifests/code';
import { ignoredInNamespace, mixedInApp, mixedInModule, neededVariables, setsVariable, setsVariables } from '../../manifests/code-names';
import { balanced, codeSettings, dictionaries } from '../../manifests/code-settings';
import { installedVersion } from '../../manifests/installs';
import { Container } from '../../manifests/pod/container';
import { Process } from '../../manifests/process';
import { withoutComments, withoutStrings } from '../../manifests/python-text';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { Report, Reporter, Rule, unless } from '../rule';
import { Severity } from '../severity';

const NOTHING_IMPORTS_IT = 'nothing imports it';

/** That an application takes its settings from a file is certain where its process imports it, or where it is the module that is named for them. */
function readsFile(file: CodeFile, process: Process): Pick<Report, 'unless'> {
  const { container } = process;
  const module = file.name.replace(/\.py$/, '');
  const named = [container.env.value('DJANGO_SETTINGS_MODULE') ?? '', container.env.value('CELERY_CONFIG_MODULE') ?? '',
    ...codeFiles(container).flatMap(({ text }) => [...text.matchAll(/\bconfig_from_object\(\s*['"]([\w.]+)/g)].map(([, name]) => name))];
  return unless(importedBy(process).has(file) || named.some((name) => name.split('.').at(-1) === module), NOTHING_IMPORTS_IT);
}

/** Reports what is wrong in each file of code once: for certain where a process imports it. */
function reportFiles(world: World, report: Reporter, check: (file: CodeFile, process: Process, imported: boolean) => readonly Report[]): void {
  const found = new Map<string, Report>();
  for (const process of world.processes) {
    const imported = importedBy(process);
    for (const file of codeFiles(process.container)) {
      for (const one of check(file, process, imported.has(file))) {
        const key = `${one.at.resource.index} ${one.at.resource.prefix.join('/')} ${one.at.path.join('/')} ${one.value}`;
        if (!found.has(key) || (found.get(key)!.unless !== undefined && one.unless === undefined)) found.set(key, one);
      }
    }
  }
  for (const one of found.values()) report(one);
}

/** How far a function goes that a call is in: more is not read for each of many. */
const LONGEST_BLOCK = 10_000;

/** A call of crontab() of Celery in code. */
interface Crontab {
  readonly args: string;
  /** `crontab.from_string`. */
  readonly ofText: boolean;
  /** The import of the module calls it: it is in no function. */
  readonly called: boolean;
}

function crontabs(code: string): Crontab[] {
  const text = withoutComments(code);
  // Other libraries have one, too.
  const name = /\bfrom celery\.schedules import\b[^\n]*(\bcrontab\b|\($)/m.test(text) ? 'crontab'
    : /\bfrom celery import\b[^\n]*\bschedules\b/.test(text) ? 'schedules\\.crontab' : 'celery\\.schedules\\.crontab';
  return [...withoutStrings(code).matchAll(new RegExp(`(?<![.\\w])${name}(\\.from_string)?\\(`, 'g'))].flatMap(({ 0: { length }, 1: method, index }) => {
    const inside = text.slice(index + length - 1, index + 1000);
    const end = balanced(inside, '(', ')');
    const block = text.slice(Math.max(0, index - LONGEST_BLOCK), index).split(/\n(?=[^\s)\]}])/).at(-1)!;
    return end === undefined ? [] : [{ args: inside.slice(1, end - 1), ofText: method !== undefined, called: !/^\s*(async )?def\b/m.test(block) }];
  });
}

/** What Celery refuses of one. */
function faultOf({ args, ofText }: Crontab): CrontabFault | undefined {
  if (!ofText) return crontabFault(args);
  const text = /^\s*(["'])([^"'\\{}]*)\1\s*$/.exec(args)?.[2];
  return text === undefined ? undefined : cronTextFault(text);
}

/** The files that the code of a container reads as settings. */
const settingsModules = lazy((container: Container): ReadonlySet<string> => new Set(codeFiles(container)
  .flatMap(({ text }) => [...withoutComments(text).matchAll(/\bconfig_from_object\(\s*['"](\w+)['"]\s*\)/g)].map(([, name]) => `${name}.py`))));

/** The code makes something else of the schedules that it has written. */
const CONVERTS = /\bfrom_string\(|\[\s*["']schedule["']\s*\]|\b(get|pop)\(\s*["']schedule["']/;

/** The module that the code of a container reads with the namespace CELERY, where it is in sight and there is only one. */
const withNamespace = lazy((container: Container): CodeFile | undefined => {
  const files = codeFiles(container);
  const all = files.map(({ text }) => withoutComments(text)).join('\n');
  const read = [...all.matchAll(/config_from_object\(\s*['"]([\w.]+)(?::\w+)?['"]\s*,\s*namespace\s*=\s*['"]CELERY['"]/g)].map(([, name]) => name);
  if (read.length !== 1 || (all.match(/\bconfig_from_object\(/g)?.length ?? 0) > 1) return undefined;
  if (/\bconf\b[.[(]|import\s*\*|config_from_(envvar|cmdline)|\b(globals|locals|vars)\(\)/.test(all)) return undefined;
  const module = read[0].startsWith('django.conf') ? /DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([\w.]+)['"]/.exec(all)?.[1] : read[0];
  return files.find(({ name }) => module !== undefined && name === `${module.split('.').at(-1)}.py`);
});

/** The values of `schedule` in the dictionary of periodic tasks that are texts: Celery takes seconds, a timedelta or an object such as crontab(). */
function textSchedules(code: string): string[] {
  const text = withoutComments(code);
  return CONVERTS.test(text) ? [] : dictionaries(text, /(?<!\w)(?:CELERY_BEAT_SCHEDULE|CELERYBEAT_SCHEDULE|beat_schedule)\s*=\s*(?=\{)/g)
    .flatMap((given) => [...given.matchAll(/(["'])schedule\1\s*:\s*((["'])[^"'\n]*\3)\s*(?=[,}\n])/g)]
      // Arguments of a task may have that name, too: they are deeper.
      .flatMap(({ 2: value, index }) => depthAt(given, index) === 2 ? [value] : []));
}

/** In how many brackets a place is. */
function depthAt(text: string, index: number): number {
  const before = text.slice(0, index).replace(/"[^"\n]*"|'[^'\n]*'/g, '');
  return (before.match(/[([{]/g) ?? []).length - (before.match(/[)\]}]/g) ?? []).length;
}

/** A scheduler other than Celery's own may take texts. */
function hasOwnScheduler(beat: Process): boolean {
  const option = beat.option('--scheduler');
  const given = option.state === 'known' ? option.value : option.state === 'set' ? '?' : beat.setting('beat_scheduler')?.value;
  return given !== undefined && !/^(celery\.beat[:.])?PersistentScheduler$/.test(given);
}

/** A keyword, an attribute or a setting of Django, and not the key of some dictionary. */
const SETS_CONTENT = /(?<!["'\w])(?:CELERY_ACCEPT_CONTENT|accept_content)\s*=(?!=)/;

/** A call that names the hour, the day or the month, and leaves the minute at every minute. */
function everyMinute(args: string): boolean {
  const given = args.trim();
  return /^(hour|day_of_week|day_of_month|month_of_year)\s*=/.test(given) && !/\bminute\s*=|\*\*/.test(given);
}

/** What every container has: of the system, of Python's image, and of Kubernetes. */
const OF_EVERY_CONTAINER = /^(PATH|HOME|HOSTNAME|PWD|USER|LANG|TERM|SHLVL|GPG_KEY|PYTHON_.*|KUBERNETES_.*|.*_(SERVICE_(HOST|PORT).*|PORT(_\d+_.*)?))$/;

/** What webhooks of clouds, of Datadog and of OpenTelemetry add. */
const OF_WEBHOOKS = /^(AWS|AZURE|GOOGLE|DD|OTEL)_/;

/** What runs another program, and changes no variables that an application reads. */
const PLAIN_WRAPPERS = /^(exec|env|tini|dumb-init|catatonit|nice|ionice|stdbuf|timeout|nohup|gosu|su-exec|setpriv|python[\d.]*)$/;

/** Rules about what is written in code that ConfigMaps bring. */
export const codeValueRules: Rule[] = [
  {
    id: 'code/crontab-out-of-range',
    severity: Severity.ERROR,
    title: 'crontab() has a value that Celery does not take',
    why: 'The module cannot be imported, and the process exits at startup: `ValueError: Invalid crontab pattern.  Valid range is 0-23. \'24\' was found.`.',
    fix: 'Use an hour from 0 to 23, a minute from 0 to 59, a day_of_week from 0 (Sunday) to 6, and days and months from 1.',
    source: 'https://docs.celeryq.dev/en/stable/reference/celery.schedules.html#celery.schedules.crontab',
    rows: ['C1'],
    check: (world, report) => reportFiles(world, report, (file, _process, imported) => crontabs(file.text).flatMap((one) => {
      const fault = faultOf(one);
      return fault ? [{ at: file.place, ...fault, ...imported && one.called ? {} : { unless: imported ? 'nothing calls the function' : NOTHING_IMPORTS_IT } }] : [];
    })),
  },
  {
    id: 'code/crontab-every-minute',
    severity: Severity.WARNING,
    title: 'crontab() names an hour or a day, and no minute',
    why: 'Its minute is `*` by default: crontab(hour=3) sends the task 60 times, each minute from 3:00 to 3:59, and crontab(hour="*") each minute.',
    fix: 'Write the minute: crontab(minute=0, hour=3).',
    source: 'https://github.com/celery/celery/issues/4620',
    rows: ['N81'],
    check: (world, report) => reportFiles(world, report, (file) => crontabs(file.text).filter(({ args, ofText }) => !ofText && everyMinute(args))
      .map(({ args }) => ({ at: file.place, value: `crontab(${args})`, allowed: `crontab(minute=0, ${args.trim()})`, unless: 'it is meant to run every minute of that time' }))),
  },
  {
    id: 'code/schedule-is-text',
    severity: Severity.ERROR,
    title: 'The schedule of a periodic task is a text',
    why: 'Celery reads no cron expressions: Beat exits at startup, `AttributeError: \'str\' object has no attribute \'app\'`, and is restarted forever.',
    fix: 'Write crontab(minute=0, hour=3), a number of seconds or a timedelta.',
    source: 'Reproduced with Celery 5.7; https://docs.celeryq.dev/en/stable/userguide/periodic-tasks.html#crontab-schedules',
    rows: ['C1'],
    check: (world, report) => reportFiles(world, report, (file, process) => process.role !== 'beat' ? [] : textSchedules(file.text)
      .map((value) => ({
        at: file.place, value: `"schedule": ${value}`, allowed: 'crontab(...), seconds or a timedelta',
        ...hasOwnScheduler(process) ? { unless: 'its scheduler reads texts' } : readsFile(file, process),
      }))),
  },
  {
    id: 'code/content-is-text',
    severity: Severity.ERROR,
    title: 'accept_content is one text, where Celery takes a list',
    why: 'Each letter counts as the name of a serializer: `kombu.exceptions.SerializerNotInstalled: No encoder/decoder installed for j`, and the worker exits at startup.',
    fix: 'Write a list: accept_content = ["json"].',
    source: 'Reproduced with Celery 5.7; https://docs.celeryq.dev/en/stable/userguide/configuration.html#accept-content',
    rows: ['C1'],
    check: (world, report) => reportFiles(world, report, (file, process) => {
      const value = process.role === 'worker' ? codeSettings(file.text).get('accept_content') : undefined;
      if (value === undefined || !/^[a-z]+(\/[a-z.+-]+)?$/.test(value)) return [];
      const setting = SETS_CONTENT.test(withoutComments(file.text));
      return [{ at: file.place, value: `accept_content="${value}"`, allowed: `["${value}"]`, ...setting ? readsFile(file, process) : { unless: 'it is no setting of Celery' } }];
    }),
  },
  {
    id: 'code/mixed-setting-names',
    severity: Severity.ERROR,
    title: 'Settings have names from before Celery 4 and names of today',
    why: 'The process exits at startup: `ImproperlyConfigured: Cannot mix new and old setting keys`. Names in capitals, such as CELERY_TASK_SERIALIZER, are those of before, unless '
      + 'config_from_object has namespace=\'CELERY\'.',
    fix: 'Use the names of today: task_serializer, worker_concurrency.',
    source: 'https://docs.celeryq.dev/en/stable/userguide/configuration.html#new-lowercase-settings',
    rows: ['C1'],
    check: (world, report) => reportFiles(world, report, (file, process, imported) => {
      const names = settingsModules(process.container).has(file.name) ? mixedInModule(file.text) : mixedInApp(file.text);
      return names ? [{
        at: file.place, value: `${names.old}, ${names.other}`, allowed: `${names.meant}, ${names.other}`, ...unless(imported, NOTHING_IMPORTS_IT),
      }] : [];
    }),
  },
  {
    id: 'code/setting-ignored',
    severity: Severity.ERROR,
    title: 'A setting has its name of before Celery 4, in a module that is read with a namespace',
    why: 'With config_from_object(..., namespace=\'CELERY\') Celery before 5.7 reads CELERY_ and the name of today, and passes over the others without a word: with CELERYBEAT_SCHEDULE Beat '
      + 'sends nothing, with CELERYD_TASK_TIME_LIMIT tasks have no limit.',
    fix: 'Write CELERY_ and the name of today: CELERY_BEAT_SCHEDULE, CELERY_TASK_TIME_LIMIT.',
    source: 'https://docs.celeryq.dev/en/stable/django/first-steps-with-django.html; tried with Celery 5.4, 5.5, 5.6 and 5.7',
    rows: ['C1'],
    check: (world, report) => reportFiles(world, report, (file, process) => {
      const { container, app } = process;
      if (withNamespace(container) !== file) return [];
      const files = codeFiles(container);
      const imported = files.some(({ name, folder }) => name === `${app?.split(/[.:]/)[0]}.py` && folder === container.workingDir);
      const version = installedVersion(process.workload, 'celery');
      if (version !== undefined && !lacks(version, 'oldNamesInNamespace')) return [];
      return ignoredInNamespace(file.text, files.map(({ text }) => text).join('\n')).map(({ name, meant }) => ({
        at: file.place, value: name, allowed: meant,
        unless: version === undefined ? `its Celery is ${SINCE.oldNamesInNamespace} or later, which reads that name too` : imported ? undefined : NOTHING_IMPORTS_IT,
      }));
    }),
  },
  {
    id: 'code/no-such-variable',
    severity: Severity.ERROR,
    title: 'The code takes a variable from its environment that the container does not have',
    why: 'The process exits at startup: `KeyError: \'SHOP_TOKEN\'`, and is restarted forever. `os.environ["NAME"]` has no default.',
    fix: 'Give the container the variable; or read it with os.environ.get("NAME", default).',
    source: 'https://docs.python.org/3/library/os.html#os.environ',
    rows: ['C1'],
    check: (world, report) => reportFiles(world, report, (file, process, imported) => {
      const { container, links, workload: { resource } } = process;
      if (!imported || codeFiles(container).some((other) => other !== file && setsVariables(other.text))) return [];
      const wrapper = links.some((link) => link.kind === 'wrapper' && !PLAIN_WRAPPERS.test(link.name));
      return neededVariables(file.text)
        .filter(({ name }) => !OF_EVERY_CONTAINER.test(name) && !OF_WEBHOOKS.test(name) && process.variable(name).state === 'unset' && !codeFiles(container).some(({ text }) => setsVariable(text, name)))
        .map(({ name, after }) => ({
          at: file.place, value: name, note: `container ${container.name} of ${resource.kind} ${resource.name} has none of that name`,
          unless: !isPython(container.image) ? 'the image sets it' : wrapper ? 'the program in front of it sets it' : after !== undefined ? `${after}() sets it` : undefined,
        }));
    }),
  },
];
