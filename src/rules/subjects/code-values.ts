import { crontabFault } from '../../celery/crontab';
import { isPython } from '../../celery/image';
import { CodeFile, codeFiles, importedBy } from '../../manifests/code';
import { mixedInApp, mixedInModule, neededVariables } from '../../manifests/code-names';
import { balanced } from '../../manifests/code-settings';
import { Container } from '../../manifests/pod/container';
import { Process } from '../../manifests/process';
import { withoutComments } from '../../manifests/python-text';
import type { World } from '../../manifests/world';
import { lazy } from '../../memo';
import { Report, Reporter, Rule, unless } from '../rule';
import { Severity } from '../severity';

const NOTHING_IMPORTS_IT = 'nothing imports it';

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

/** The arguments of each crontab() of Celery in the code, and whether the import of the module calls it: it is in no function. */
function crontabs(code: string): Array<{ args: string; called: boolean }> {
  const text = withoutComments(code);
  if (!/\bfrom celery\.schedules import\b[^\n]*(\bcrontab\b|\($)/m.test(text)) return [];
  return [...text.matchAll(/(?<![.\w])crontab\(/g)].flatMap(({ 0: { length }, index }) => {
    const inside = text.slice(index + length - 1, index + 1000);
    const end = balanced(inside, '(', ')');
    const block = text.slice(0, index).split(/\n(?=[^\s)\]}])/).at(-1)!;
    return end === undefined ? [] : [{ args: inside.slice(1, end - 1), called: !/^\s*(async )?def\b/m.test(block) }];
  });
}

/** The files that the code of a container reads as settings. */
const settingsModules = lazy((container: Container): ReadonlySet<string> => new Set(codeFiles(container)
  .flatMap(({ text }) => [...withoutComments(text).matchAll(/\bconfig_from_object\(\s*['"](\w+)['"]\s*\)/g)].map(([, name]) => `${name}.py`))));

/** What every container has: of the system, of Python's image, and of Kubernetes. */
const OF_EVERY_CONTAINER = /^(PATH|HOME|HOSTNAME|PWD|USER|LANG|TERM|SHLVL|GPG_KEY|PYTHON_.*|KUBERNETES_.*|.*_(SERVICE_(HOST|PORT).*|PORT(_\d+_.*)?))$/;

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
    check: (world, report) => reportFiles(world, report, (file, _process, imported) => crontabs(file.text).flatMap(({ args, called }) => {
      const fault = crontabFault(args);
      return fault ? [{ at: file.place, ...fault, ...imported && called ? {} : { unless: imported ? 'nothing calls the function' : NOTHING_IMPORTS_IT } }] : [];
    })),
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
    id: 'code/no-such-variable',
    severity: Severity.ERROR,
    title: 'The code takes a variable from its environment that the container does not have',
    why: 'The process exits at startup: `KeyError: \'SHOP_TOKEN\'`, and is restarted forever. `os.environ["NAME"]` has no default.',
    fix: 'Give the container the variable; or read it with os.environ.get("NAME", default).',
    source: 'https://docs.python.org/3/library/os.html#os.environ',
    rows: ['C1'],
    check: (world, report) => reportFiles(world, report, (file, process, imported) => !imported ? [] : neededVariables(file.text)
      .filter((name) => !OF_EVERY_CONTAINER.test(name) && process.variable(name).state === 'unset')
      .map((name) => ({
        at: file.place, value: name, note: `container ${process.container.name} of ${process.workload.resource.kind} ${process.workload.resource.name} has none of that name`,
        ...unless(isPython(process.container.image), 'the image sets it'),
      }))),
  },
];
