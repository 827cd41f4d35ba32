import { Construct } from 'constructs';
import { BoundRuntime } from './bound-runtime';
import * as checks from '../validation/checks';
import type * as k8s from '../kubernetes/api/types';
import { variables } from '../kubernetes/env';
import { secretKey, shaped } from '../kubernetes/options';
import { Shape } from '../kubernetes/shape';
import { SecretKey } from '../secret-key';
import { asGiven } from '../kubernetes/as-given';
import { contentConfigMap } from '../kubernetes/content-config-map';
import { INSTALL_SCRIPT } from './install-script';
import { Problem } from '../validation/problems';
import { PropChecks, text, texts, typed } from '../validation/props';
import { parseImage, taggedPython } from '../../celery/image';
import { allNeeds, BASE, lockedRequirements, lockIndex, needsOf, pythonLock } from '../../celery/locks';
import { checkInstall, checkNeed, lockOf, requiredNeeds } from './requirements';

/** Options of an installation when the pod starts. */
export interface PythonInstallOptions {
  /**
   * The version of Celery: one that has a lock, from 5.3.4 on. `locks/index.json` of this package lists them, and so does the error
   * for any other.
   *
   * All that Celery needs is installed in the versions of that lock, and in each pod what it uses of Redis, SQS, a database for results,
   * gevent, RedBeat and Flower.
   */
  readonly celery: string;

  /**
   * The version of Python: 3.11 or 3.12.
   *
   * @default - that of `image`, else '3.11'
   */
  readonly python?: string;

  /**
   * An image with glibc, `sh`, `python` and pip (22.3 or newer). Give it by digest, `python:3.11-slim@sha256:...`, and all pods
   * run the same build and start without the registry; a tag that can move is looked up at each start.
   *
   * @default - `python:<python>-slim`
   */
  readonly image?: string;

  /**
   * The requirements of your code in addition to Celery, in pip's format: `'requests==2.32.3'`. Packages of the lock can't have other versions.
   * Pin them: what is not pinned changes from one pod to the next. Their files are not checked by hash.
   *
   * `'celery[redis]'`, `'celery[sqs]'`, `'celery[sqlalchemy]'` (with psycopg), `'celery-redbeat'`, `'django-celery-beat'`, `'gevent'` and `'flower'`
   * are in the lock, and are installed from there in all pods, with the hashes of their files. Your own version of Django goes with
   * django-celery-beat.
   *
   * @default - nothing
   */
  readonly requirements?: string[];

  /**
   * The package index, without credentials. A mirror must serve the files of PyPI unchanged, because each has a hash in the lock.
   *
   * @default - that of the image's pip configuration, else pip's own
   */
  readonly indexUrl?: string;

  /**
   * A Secret with pip's configuration, for an index that asks for credentials: `{ name: 'pip', key: 'pip.conf' }`.
   *
   * @default - none
   * @see https://pip.pypa.io/en/stable/topics/configuration/
   */
  readonly pipConf?: SecretKey;

  /**
   * Requests and limits of the init container.
   *
   * @default - requests 100m CPU and 128Mi memory; limit 512Mi memory
   */
  readonly installResources?: Shape<k8s.ResourceRequirements>;
}

/**
 * The source of Python, Celery and the requirements of your code in the pods.
 */
export abstract class PythonRuntime {
  /**
   * An init container installs Celery into a virtual environment, from a lock with the hash of each file: a file that is not the
   * one of the lock stops the installation. Your `requirements` follow, within the versions of the lock. It takes some 10 seconds
   * at each start of a pod, and needs the package index; `PythonRuntime.fromImage()` needs neither.
   *
   * Synth fails for a Celery without a lock, a Python that it does not support, and requirements that conflict with the lock.
   */
  public static install(options: PythonInstallOptions): PythonRuntime {
    const given = typed(options, OPTIONS);
    return new InstalledRuntime(given.options, given.problems);
  }

  /**
   * An image that has Celery (and Flower, where a CeleryFlower uses it) on its `PATH`. Nothing is installed.
   *
   * @param image the reference of the image, with a digest or with a tag that does not move: `registry.example.com/team/app:1.4.2`
   */
  public static fromImage(image: string): PythonRuntime {
    return new ImageRuntime(image);
  }

  /** The image of the pods. @internal */
  public abstract readonly _image: string;
  /** @internal */
  public abstract readonly _problems: Problem[];
  /** What is installed in addition to Celery; undefined when it is not known. @internal */
  public readonly _requirements?: readonly string[];
  /** The package index; undefined for that of pip, and where nothing is installed. @internal */
  public readonly _indexUrl?: string;
  /** The version of Celery; undefined when it is not known. @internal */
  public readonly _celery?: string;
  /** Makes what the pods of an app share; `needs` are those of the lock that all of them have. @internal */
  public abstract _bind(scope: Construct, app: string, metadata: k8s.ObjectMeta, needs?: readonly string[]): BoundRuntime;
  /** Whether the list of a need is in all pods, because a requirement stands for it. @internal */
  public _has(need: string): boolean {
    return requiredNeeds(this._requirements ?? []).includes(need);
  }

  /** What is wrong with the requirements when the list of a need is installed with them. @internal */
  public _checkNeed(_need: string): Problem[] {
    return [];
  }

  /** The version that the lock has of a package; undefined where there is none. @internal */
  public _lockedVersion(_package: string): string | undefined {
    return undefined;
  }
}

class ImageRuntime extends PythonRuntime {
  public readonly _image: string;
  public readonly _problems: Problem[];

  public constructor(image: string) {
    super();
    this._image = typeof image === 'string' ? image : '';
    this._problems = checks.image('image', image);
  }

  public _bind(): BoundRuntime {
    return { env: [], mounts: [], initContainers: () => [] };
  }
}

const VIRTUAL_ENV = '/opt/celery';
const INSTALLER = '/etc/celery-install';
const PIP_CONF = '/etc/celery-pip';
const PIP_CONF_FILE = 'pip.conf';
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const OPTIONS: PropChecks<PythonInstallOptions> = {
  celery: text('e.g. \'5.6.3\''),
  python: text('e.g. \'3.11\''),
  image: text('e.g. \'python:3.11-slim\''),
  requirements: texts('e.g. [\'requests==2.32.3\']'),
  indexUrl: text('the URL of a package index'),
  pipConf: { copy: secretKey },
  installResources: shaped('ResourceRequirements'),
};

class InstalledRuntime extends PythonRuntime {
  public readonly _image: string;
  public readonly _problems: Problem[];
  public override readonly _requirements: readonly string[];
  public override readonly _celery: string;
  public override readonly _indexUrl?: string;
  private readonly python: string;

  public constructor(private readonly options: PythonInstallOptions, typeProblems: Problem[]) {
    super();
    const tagged = typeof options.image === 'string' ? taggedPython(parseImage(options.image)) : undefined;
    this.python = options.python ?? tagged ?? '3.11';
    this._image = options.image ?? `python:${this.python}-slim`;
    this._requirements = options.requirements ?? [];
    this._celery = options.celery;
    this._indexUrl = options.indexUrl;
    this._problems = [
      ...typeProblems,
      // What is no string has been said to be none.
      ...checkInstall(options.celery, this.python, options.requirements ?? []).filter(({ prop }) => prop !== 'celery' || !typeProblems.some((known) => known.prop === prop)),
      ...(options.image === undefined ? [] : checks.image('image', options.image)),
      ...(tagged && tagged !== this.python ? [{
        prop: 'image', value: options.image, wrong: `has Python ${tagged}, and python is '${this.python}'`, fix: 'leave python out, or name another image',
      }] : []),
      ...checkIndex(options.indexUrl),
    ];
  }

  public override _checkNeed(need: string): Problem[] {
    return checkNeed(need, this.options.celery, this.python, this._requirements);
  }

  public override _lockedVersion(name: string): string | undefined {
    return this.hasLock() ? pythonLock(this.options.celery, this.python).versions.get(name) : undefined;
  }

  public _bind(scope: Construct, app: string, metadata: k8s.ObjectMeta, ofApp: readonly string[] = []): BoundRuntime {
    const { celery, requirements = [], indexUrl, pipConf } = this.options;
    const others = requirements.filter((requirement) => needsOf(requirement) === undefined);
    const shared = [BASE, ...requiredNeeds(requirements), ...ofApp];
    const installResources = this.options.installResources as k8s.ResourceRequirements | undefined;
    // Without a lock, synth fails: what is rendered until then does not matter.
    const lock = this.hasLock() ? lockOf(celery, this.python, requirements, ofApp) : { constraints: '', lists: new Map<string, string>(), versions: new Map<string, string>() };
    const data = {
      ...Object.fromEntries([...lock.lists].map(([need, list]) => [`${need}.txt`, list])),
      'constraints.txt': lock.constraints,
      'install.sh': INSTALL_SCRIPT,
    };
    const configMap = contentConfigMap(scope, 'Install', `${app}-install`, data, metadata);
    const installer: k8s.Volume = { name: 'install', configMap: { name: configMap.name } };
    const virtualEnv: k8s.Volume = { name: 'virtual-env', emptyDir: { sizeLimit: '4Gi' } };
    const configuration: k8s.Volume | undefined = pipConf && {
      name: 'pip-conf',
      // Without the key the pod would install from the default index: with it, the pod does not start, and its events name the key.
      secret: { secretName: pipConf.name, items: [{ key: pipConf.key, path: PIP_CONF_FILE }] },
    };
    return {
      // Kubernetes can't append to PATH: it is given whole.
      env: variables({ VIRTUAL_ENV, PATH: `${VIRTUAL_ENV}/bin:${SYSTEM_PATH}` }),
      mounts: [{ path: VIRTUAL_ENV, volume: virtualEnv, readOnly: true }],
      initContainers: (ofPod, tmp) => {
        const locked = lockedRequirements(allNeeds([...shared, ...ofPod]), lock);
        return [{
          name: 'install',
          image: this._image,
          // As seen from there, the rules read what pip reads.
          workingDir: INSTALLER,
          command: ['sh', `${INSTALLER}/install.sh`],
          args: [...locked.map(({ text: requirement }) => requirement), ...others.map(asGiven)],
          env: variables({
            HOME: '/tmp',
            VIRTUAL_ENV,
            ...(indexUrl ? { PIP_INDEX_URL: asGiven(indexUrl) } : {}),
            ...(configuration ? { PIP_CONFIG_FILE: `${PIP_CONF}/${PIP_CONF_FILE}` } : {}),
            LOCKED: locked.map(({ lists }) => lists.join('+')).join(' '),
          }),
          mounts: [
            { path: VIRTUAL_ENV, volume: virtualEnv },
            { path: INSTALLER, volume: installer, readOnly: true },
            { path: '/tmp', volume: tmp },
            ...(configuration ? [{ path: PIP_CONF, volume: configuration, readOnly: true }] : []),
          ],
          resources: installResources ?? { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
        }];
      },
    };
  }

  private hasLock(): boolean {
    const { celery } = lockIndex();
    return Object.hasOwn(celery, this.options.celery) && celery[this.options.celery].pythons.includes(this.python);
  }
}

function checkIndex(indexUrl: string | undefined): Problem[] {
  if (indexUrl === undefined) return [];
  const fix = 'give an http or https URL; credentials belong into a Secret: pipConf';
  // What is no character of a URL, pip would percent-encode, or take for the end of it.
  if (/[^!-~]/.test(indexUrl) || !URL.canParse(indexUrl) || !/^https?:$/.test(new URL(indexUrl).protocol)) {
    return [{ prop: 'indexUrl', value: indexUrl, wrong: 'is not the URL of a package index', fix }];
  }
  const { username, password, host } = new URL(indexUrl);
  return username || password ? [{
    prop: 'indexUrl', value: `the URL of ${host}`, wrong: 'has credentials in it, and everybody who can read a manifest could read them', fix,
  }] : [];
}
