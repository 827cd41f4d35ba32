import { isFlower, isPython, pythonVersion } from '../../celery/image';
import { isRedis } from '../../celery/url';
import { isYanked, kombuMeets, kombuOf, meets, pinned, pythonOf, redisMeets, redisOf, resolveCelery } from '../../celery/versions';
import { celeryInstalls, Install, installsOf, requirement } from '../../manifests/installs';
import { probesOf } from '../../manifests/probes';
import { Process } from '../../manifests/process';
import { lazy } from '../../memo';
import { listed } from '../printable';
import { Rule, unless } from '../rule';
import { Severity } from '../severity';

/** Packages that bring neither a driver of a broker nor greenlets. */
const PLAIN: ReadonlySet<string> = new Set([
  'celery', 'kombu', 'amqp', 'vine', 'billiard', 'click', 'packaging', 'pip', 'setuptools', 'wheel', 'flower', 'tornado', 'django', 'djangorestframework', 'flask', 'fastapi',
  'uvicorn', 'gunicorn', 'requests', 'httpx', 'pydantic', 'sqlalchemy', 'psycopg2', 'psycopg2-binary', 'psycopg', 'pymysql', 'mysqlclient', 'numpy', 'pandas', 'pyyaml',
  'python-dateutil', 'python-dotenv', 'boto3', 'pillow', 'importlib-metadata', 'prometheus-client',
]);

/** The packages that the application may need, of all that workers install, by the image of the workers. */
const packagesOf = lazy((workers: readonly Process[]) => {
  const found = new Map<string, Set<string>>();
  for (const { container: { image }, workload } of workers) {
    if (!found.has(image.text)) found.set(image.text, new Set());
    for (const { name } of installsOf(workload).flatMap(({ requirements }) => requirements)) {
      if (!['redis', 'kombu', 'pip', 'setuptools', 'wheel'].includes(name)) found.get(image.text)!.add(name);
    }
  }
  return new Map([...found].map(([image, names]) => [image, [...names].sort()]));
});

/** The Celery that pip takes, when the manifest decides it. */
function celeryVersion(install: Install): string | undefined {
  const range = requirement(install, 'celery')?.range;
  return range === undefined ? undefined : resolveCelery(range);
}

function usesRedis(install: Install): boolean {
  return requirement(install, 'celery')?.extras.includes('redis') === true || requirement(install, 'redis') !== undefined;
}

/** pip takes kombu 5.7 next to a Celery that does not know what it needs. */
function takesKombu57(install: Install): boolean {
  const celery = celeryVersion(install);
  const kombu = requirement(install, 'kombu');
  const python = pythonVersion(install.container.image);
  if (celery === undefined || !meets(celery, '>=5.0.0,<5.5.0') || !usesRedis(install)) return false;
  if (install.opaque || (install.constrained && install.constraints.length === 0) || (kombu && kombu.range === undefined)) return false;
  if (python !== undefined && !meets(python, '>=3.10')) return false;
  const ranges = redisOf(celery, '') ?? [];
  if (requirement(install, 'packaging') && ranges.some((range) => redisMeets('>=6.4.0', range))) return false;
  // A constraint holds in addition to what a requirement accepts.
  return [...install.requirements, ...install.constraints].every(({ name, range }) => name !== 'kombu' || meets('5.7.0', range ?? ''));
}

const CELERY_PACKAGES = new Set(['celery', 'kombu', 'billiard', 'vine', 'redis', 'flower']);

/** Until when a liveness probe kills for certain, and from when it leaves time enough, in seconds. */
const SHORT_TO_INSTALL = 10;
const ENOUGH_TO_INSTALL = 600;

export const installRules: Rule[] = [
  {
    id: 'install/redis-pin-conflict',
    severity: Severity.ERROR,
    title: 'A pinned redis or kombu is outside the range that this Celery accepts',
    why: 'pip finds no answer and the container never gets to Celery: `ERROR: Cannot install celery[redis]==5.3.4 and redis==5.0.1 because these '
      + 'package versions have conflicting dependencies` / `ERROR: ResolutionImpossible`; the pod is in CrashLoopBackOff.',
    fix: 'Install only celery[redis]==X and let its extra choose redis-py; put exact versions of the whole tree into a constraints file.',
    source: 'requirements/extras/redis.txt and requirements/default.txt at the tags of https://github.com/celery/celery',
    rows: ['V1'],
    on: 'installs',
    check: (install, report) => {
      const celery = requirement(install, 'celery');
      const version = celeryVersion(install);
      if (!celery || version === undefined) return;
      const kombu = requirement(install, 'kombu');
      const redis = requirement(install, 'redis');
      const kombuRange = kombuOf(version);
      if (kombu?.range !== undefined && kombuRange !== undefined && !kombuMeets(kombu.range, kombuRange)) {
        report({ at: install.container.place(kombu.path), value: kombu.text, allowed: `kombu${kombuRange} for Celery ${version}` });
      }
      const ranges = celery.extras.includes('redis') ? redisOf(version, kombu?.range ?? '') : undefined;
      if (redis?.range !== undefined && ranges && ranges.length > 0 && !ranges.some((range) => redisMeets(redis.range!, range))) {
        report({ at: install.container.place(redis.path), value: redis.text, allowed: `redis${ranges.join(' or redis')} for celery[redis] ${version}` });
      }
    },
  },
  {
    id: 'install/kombu-deaf-after-restart',
    severity: Severity.ERROR,
    title: 'kombu before 5.4.0 takes no more tasks after Redis was restarted',
    why: 'It loses its poller registration on reconnect: the log ends with `consumer: Connection to broker lost. Trying to re-establish the '
      + 'connection...`, the worker stays Running and consumes nothing, forever. 14 of 16 trials with celery 5.3.4, kombu 5.3.2.',
    fix: 'Pin kombu>=5.4.0; kombu==5.6.2 works with Celery 5.3, 5.4 and 5.6.',
    source: 'https://github.com/celery/kombu/pull/2007',
    rows: ['V2'],
    on: 'installs',
    check: (install, report) => {
      const kombu = requirement(install, 'kombu');
      const pin = pinned(kombu?.range ?? '');
      if (kombu && pin !== undefined && meets(pin, '<5.4.0') && usesRedis(install)) {
        report({ at: install.container.place(kombu.path), value: kombu.text, allowed: 'kombu>=5.4.0' });
      }
    },
  },
  {
    id: 'install/kombu-needs-packaging',
    severity: Severity.ERROR,
    title: 'This Celery without a pin of kombu gets kombu 5.7, which cannot be imported with it',
    why: 'Every Celery process dies at start: `ModuleNotFoundError: No module named \'packaging\'`; with packaging added, `Redis transport requires '
      + 'redis-py versions 6.1.0 or later. You have 4.6.0`. The manifest worked until kombu 5.7 was released.',
    fix: 'Install under a full lock (pip install -c constraints.txt ...); at least add kombu==5.6.2.',
    source: 'Reproduced on a cluster with celery[redis]==5.3.4 on Python 3.11',
    rows: ['V14', 'V15'],
    on: 'installs',
    check: (install, report) => {
      const celery = requirement(install, 'celery');
      if (!celery || !takesKombu57(install)) return;
      const known = pythonVersion(install.container.image) !== undefined;
      report({
        at: install.container.place(celery.path), value: celery.text, allowed: 'kombu==5.6.2 in the same installation, or a constraints file',
        ...unless(known && !install.ownIndex, known ? 'the index has no kombu 5.7' : 'the image has a Python before 3.10'),
      });
    },
  },
  {
    id: 'install/redis-without-extra',
    severity: Severity.WARNING,
    title: 'redis is installed separately, not through celery[redis]',
    why: 'Nothing holds redis-py in the range that kombu supports: pip takes the newest release, untested with this Celery.',
    fix: 'Install celery[redis] and drop redis from the list.',
    source: 'Reproduced: the resolver took redis 8.1.0 next to kombu 5.6.2, which supports <6.5',
    rows: ['V4'],
    on: 'installs',
    check: (install, report) => {
      const redis = install.requirements.find(({ name }) => name === 'redis');
      const celery = install.requirements.find(({ name }) => name === 'celery');
      const kombu = requirement(install, 'kombu');
      if (!redis || !celery || install.constrained || celery.extras.includes('redis') || kombu?.extras.includes('redis')) return;
      if (redis.range === undefined || pinned(redis.range) !== undefined || redis.range.includes('<')) return;
      report({ at: install.container.place(redis.path), value: redis.text, allowed: 'celery[redis]' });
    },
  },
  {
    id: 'install/lacks-driver',
    severity: Severity.ERROR,
    title: 'Nothing installs the package that the broker or the pool needs',
    why: 'The process exits at startup: `ModuleNotFoundError: No module named \'redis\'` (`ImproperlyConfigured: Missing redis library`), `No module named \'gevent\'`.',
    fix: 'Install celery[redis], or the package of the pool.',
    source: 'https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html#installation',
    rows: ['V4'],
    on: 'workers',
    check: (worker, report) => {
      const { workload, container, link, pool } = worker;
      const installs = installsOf(workload);
      const first = installs.find((install) => requirement(install, 'celery') !== undefined);
      // All packages are in sight only where the image has none of its own.
      if (!first || !isPython(container.image) || installs.some(({ opaque }) => opaque)) return;
      if (container.mounts.some(({ volume }) => volume.kind === 'claim' || volume.kind === 'other')) return;
      const all = installs.flatMap(({ requirements }) => requirements);
      if (!all.every(({ name }) => PLAIN.has(name) || /^(redis|gevent|eventlet)$/.test(name))) return;
      const has = (name: string) => all.some((one) => one.name === name || one.extras.includes(name));
      const { text, path } = requirement(first, 'celery')!;
      const lacks = (name: string, note: string) => report({ at: first.container.place(path), value: text, allowed: `celery[${name}]`, note });
      if (link && isRedis(link.url) && !has('redis')) lacks('redis', 'the broker is Redis');
      if (pool !== undefined && /^(gevent|eventlet)$/.test(pool) && !has(pool)) lacks(pool, `the pool is ${pool}`);
    },
  },
  {
    id: 'install/yanked-celery',
    severity: Severity.ERROR,
    title: 'This release of Celery was withdrawn',
    why: 'It was yanked for breaking changes that were not meant to be released (5.3.2 and 5.3.3: tasks fail that work before and after).',
    fix: 'Use the next release: 5.3.4 or later.',
    source: 'https://docs.celeryq.dev/en/stable/history/changelog-5.3.html',
    rows: ['V5'],
    on: 'installs',
    check: (install, report) => {
      const celery = requirement(install, 'celery');
      const pin = pinned(celery?.range ?? '');
      if (celery && pin !== undefined && isYanked(pin)) report({ at: install.container.place(celery.path), value: celery.text });
    },
  },
  {
    id: 'install/vulnerable-version',
    severity: Severity.WARNING,
    title: 'This version has a published vulnerability',
    why: 'Celery before 5.2.2 runs commands from a crafted result (GHSA-q4xr-rc97-m4xx); Flower before 1.2.0 has a cross-site request forgery and '
      + 'an OAuth pattern that lets `a@example.com.evil.com` in (CVE-2022-30034).',
    fix: 'Use celery>=5.2.2 and flower>=1.2.0.',
    source: 'https://github.com/mher/flower/issues/1217',
    rows: ['V6', 'L6'],
    check: (world, report) => {
      for (const install of celeryInstalls(world)) {
        for (const [name, safe] of [['celery', '5.2.2'], ['flower', '1.2.0']]) {
          const found = requirement(install, name);
          const pin = pinned(found?.range ?? '');
          if (found && pin !== undefined && meets(pin, `<${safe}`)) {
            report({ at: install.container.place(found.path), value: found.text, allowed: `${name}>=${safe}` });
          }
        }
      }
      for (const flower of world.flowers) {
        const { image } = flower.container;
        if (isFlower(image) && meets(image.tag ?? '', '<1.2.0')) {
          report({ at: flower.place([...flower.container.path, 'image']), value: image.text, allowed: 'mher/flower:1.2.0 or later' });
        }
      }
    },
  },
  {
    id: 'install/flower-needs-older-celery',
    severity: Severity.ERROR,
    title: 'Flower before 1.0 does not run with Celery 5',
    why: '`celery flower` fails on import, or pip refuses: Flower 0.9.7 asks for celery>=4.3,<5 and vine==1.3.0.',
    fix: 'Use flower>=2.0.1.',
    source: 'https://github.com/mher/flower/issues/1029',
    rows: ['V7'],
    on: 'installs',
    check: (install, report) => {
      const flower = requirement(install, 'flower');
      const pin = pinned(flower?.range ?? '');
      const celery = celeryVersion(install);
      if (flower && pin !== undefined && meets(pin, '<1.0') && celery !== undefined && meets(celery, '>=5.0')) {
        report({ at: install.container.place(flower.path), value: flower.text, allowed: 'flower>=1.0 with Celery 5' });
      }
    },
  },
  {
    id: 'install/importlib-metadata',
    severity: Severity.ERROR,
    title: 'Celery before 5.3 on Python 3.7 gets an importlib-metadata that it cannot use',
    why: 'Every process dies at start: `AttributeError: \'EntryPoints\' object has no attribute \'get\'` (importlib-metadata 5 removed it).',
    fix: 'Add \'importlib-metadata<5\', or use Celery 5.3 on a newer Python.',
    source: 'https://github.com/celery/celery/issues/7785',
    rows: ['V8'],
    on: 'installs',
    check: (install, report) => {
      const celery = requirement(install, 'celery');
      const pin = pinned(celery?.range ?? '');
      if (celery && pin !== undefined && meets(pin, '>=5.0,<5.3') && pythonVersion(install.container.image) === '3.7'
        && !requirement(install, 'importlib-metadata') && !install.constrained && !install.opaque) {
        report({ at: install.container.place(celery.path), value: celery.text, allowed: 'importlib-metadata<5 in the same installation' });
      }
    },
  },
  {
    id: 'install/unlocked',
    severity: Severity.WARNING,
    title: 'Celery is installed at startup without a lock, so the versions of its dependencies change',
    why: 'The same manifest installs other versions tomorrow. It broke Celery 5.0 when click 8 came (`TypeError` from the command line) and Celery '
      + '5.3 when kombu 5.7 came (`No module named \'packaging\'`).',
    fix: 'Install under constraints of the whole tree (pip install -c constraints.txt ...), or bake an image.',
    source: 'https://github.com/celery/celery/issues/6768',
    rows: ['V9'],
    on: 'installs',
    check: (install, report) => {
      const celery = install.requirements.find(({ name }) => name === 'celery');
      if (!celery || install.constrained || install.opaque || takesKombu57(install)) return;
      const kombu = requirement(install, 'kombu');
      if (!kombu || pinned(kombu.range ?? '') === undefined) {
        report({ at: install.container.place(celery.path), value: celery.text, allowed: 'exact versions of Celery, kombu and what they need' });
      }
    },
  },
  {
    id: 'install/python-version',
    severity: Severity.ERROR,
    title: 'This Celery or Flower does not support the Python of the image',
    why: 'pip finds nothing to install: `ERROR: Could not find a version that satisfies the requirement celery==5.6.3`.',
    fix: 'Use a newer Python image, or an older Celery.',
    source: 'python_requires in setup.py at the tags of https://github.com/celery/celery and https://github.com/mher/flower',
    rows: ['V10'],
    on: 'installs',
    check: (install, report) => {
      const python = pythonVersion(install.container.image);
      if (python === undefined) return;
      for (const [name, needs] of [['celery', pythonOf] as const, ['flower', flowerPython] as const]) {
        const found = requirement(install, name);
        const pin = pinned(found?.range ?? '');
        const range = pin === undefined ? undefined : needs(pin);
        if (found && range !== undefined && !meets(python, range)) {
          report({
            at: install.container.place(found.path), value: found.text, note: `which is ${install.container.image.text}`,
            allowed: `Python ${range} for ${name} ${pin}`,
          });
        }
      }
    },
  },
  {
    id: 'install/unpinned-requirement',
    severity: Severity.INFO,
    title: 'A requirement has no exact version, so what is installed changes from one pod to the next',
    why: 'A pod that starts today has another release than one that started yesterday: a failure that only some pods have, and that no rollback cures.',
    fix: 'Pin it: requests==2.32.3; or put the versions of all packages into a constraints file.',
    source: 'https://pip.pypa.io/en/stable/topics/repeatable-installs/',
    rows: ['V9'],
    on: 'installs',
    check: (install, report) => {
      // Hashes, or a constraints file that is not in sight, may pin it.
      if (install.constrained && install.constraints.length === 0) return;
      for (const { name, range, text, path } of install.requirements) {
        // Celery without a lock has a rule of its own.
        if (range === undefined || CELERY_PACKAGES.has(name) || pinned(range) !== undefined) continue;
        if (!install.constraints.some((constraint) => constraint.name === name && pinned(constraint.range ?? '') !== undefined)) {
          report({ at: install.container.place(path), value: text, allowed: `${name}==<version>` });
        }
      }
    },
  },
  {
    id: 'install/in-main-container',
    severity: Severity.WARNING,
    title: 'Packages are installed in the command of the main container',
    why: 'Every restart installs again, while the probes already count: the pod is killed before it is up, and the whole fleet is down when the '
      + 'package index is (`NameResolutionError(... Failed to resolve ...)`).',
    fix: 'Bake an image; or install in an init container into an emptyDir that the main container mounts.',
    source: 'https://github.com/airflow-helm/charts/issues/3',
    rows: ['V11'],
    on: 'installs',
    check: (install, report) => {
      const { container } = install;
      if (container.init && container.json.restartPolicy !== 'Always') return;
      report({ at: install.container.place(install.path), allowed: 'an init container' });
    },
  },
  {
    id: 'install/no-writable-target',
    severity: Severity.ERROR,
    title: 'Packages are installed onto a read-only file system',
    why: 'pip ends with `OSError: [Errno 30] Read-only file system` and the pod is in Init:CrashLoopBackOff or CrashLoopBackOff.',
    fix: 'Install into an emptyDir (python -m venv /opt/celery, or pip install --target), and mount one at /tmp.',
    source: 'https://github.com/bitnami/charts/issues/2588',
    rows: ['V12'],
    on: 'installs',
    check: (install, report) => {
      const { container, target } = install;
      if (!container.readOnlyRoot) return;
      const [where, writable] = target === undefined
        ? ['site-packages', container.env.lookup('PIP_TARGET').state === 'unset' && container.env.lookup('PYTHONUSERBASE').state === 'unset'
          && container.env.lookup('VIRTUAL_ENV').state === 'unset' && container.mounts.every((mount) => mount.readOnly) ? 'no' : 'unknown']
        : [target, container.writable(container.absolute(target) ?? '/')];
      if (writable === 'no') report({ at: install.container.place(install.path), value: where, allowed: 'a folder on a writable volume' });
    },
  },
  {
    id: 'install/flower-lacks-dependencies',
    severity: Severity.WARNING,
    title: 'Flower loads the application, but not the packages that its workers install for it',
    why: 'Flower imports the application because of -A and dies with `ModuleNotFoundError`, though the workers are fine.',
    fix: 'Give Flower the broker instead of the application (CELERY_BROKER_URL and no -A), or the same packages.',
    source: 'https://github.com/helm/charts/issues/23424',
    rows: ['V13'],
    on: 'flowers',
    check: (flower, report, world) => {
      const app = flower.app;
      const own = installsOf(flower.workload);
      if (app === undefined || !flower.command.global.has('--app') || own.length === 0 || own.some(({ opaque }) => opaque)) return;
      const names = new Set(own.flatMap((install) => install.requirements.map(({ name }) => name)));
      const missing = (packagesOf(world.workersOf(flower)).get(flower.container.image.text) ?? []).filter((name) => !names.has(name));
      if (missing.length > 0) report({ at: flower.place(own[0].path), value: app, note: `missing: ${listed(missing)}` });
    },
  },
  {
    id: 'install/killed-while-installing',
    severity: Severity.ERROR,
    title: 'The liveness probe already runs while packages are still being installed',
    why: 'After a few missed answers the kubelet kills the container, which then installs from the start again: a loop of restarts that never ends '
      + 'when the package index is slow.',
    fix: 'Install in an init container; or give the container a startupProbe.',
    source: 'https://github.com/airflow-helm/charts/issues/3',
    rows: ['P1'],
    on: 'installs',
    check: (install, report) => {
      const { container } = install;
      const probes = probesOf(container);
      const liveness = probes.find(({ kind }) => kind === 'livenessProbe');
      if (container.init || !liveness || probes.some(({ kind }) => kind === 'startupProbe')) return;
      const seconds = liveness.delay + liveness.period * liveness.failures;
      if (seconds >= ENOUGH_TO_INSTALL) return;
      report({
        at: install.container.place(liveness.path), value: `killed ${seconds} s after the start`,
        ...seconds <= SHORT_TO_INSTALL ? { note: `if that takes more than ${seconds} s` } : { unless: `that never takes more than ${seconds} s` },
      });
    },
  },
];

function flowerPython(version: string): string | undefined {
  return meets(version, '>=2.1.0') ? '>=3.10' : meets(version, '>=2.0.0') ? '>=3.7' : undefined;
}
