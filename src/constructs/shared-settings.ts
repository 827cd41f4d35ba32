import { IConstruct } from 'constructs';
import { AGENT_PATH, APP_SETTINGS, CONNECTION_LOADER, SHARED_SETTINGS } from '../celery/agent-names';
import type { AppContent } from './app-content';
import { withOptions } from './brokers/bound-broker';
import type { CeleryApp } from './celery-app';
import { asGiven } from './kubernetes/as-given';
import type * as k8s from './kubernetes/api/types';
import { variables } from './kubernetes/env';
import type { Mount } from './kubernetes/pods';
import { Problem } from './validation/problems';
import { appSettings, appsOf, visibilityTimeout } from './visibility-timeout';

/** Settings that decide where a message goes, what is in it, who sees its events, and where its result is. */
const SHARED = new RegExp(`^(${[
  'broker_(transport_options|use_ssl|native_delayed_delivery.*)', 'result_backend_transport_options', 'redis_backend_use_ssl', 'accept_content',
  'task_(default_.*|queues|queue_.*|routes|serializer|compression|protocol|create_missing_.*|inherit_parent_priority)',
  'result_(serializer|compression|accept_content|extended|exchange.*|persistent)', 'security_.*', 'enable_utc', '(control|event)_.*',
  '(arangodb|azureblockblob|cache_backend|cassandra|cosmosdbsql|couchbase|database|dynamodb|elasticsearch|firestore|gcs|mongodb|s3)_.*',
].join('|')})$`);

function shared(settings: ReadonlyMap<string, unknown>): Record<string, unknown> {
  return Object.fromEntries([...settings].filter(([name]) => SHARED.test(name)));
}

/**
 * The settings of an app that are equal in all that sends its tasks, gives messages back or reads results: workers and Beat, Flower, jobs, init
 * containers and producers.
 */
export function sharedSettings(app: CeleryApp): Record<string, unknown> {
  return withOptions(Object.fromEntries(app._broker.connectionSettings), shared(appSettings(app)));
}

/** What the loader needs in a container, in addition to what it needs for the connection. */
export interface LoaderParts {
  /** Variables that name it, and what it reads. */
  readonly env: k8s.EnvVar[];
  /** Where it is mounted. */
  readonly mounts: Mount[];
}

/** What the loader needs in a container that has no settings on its command line; `own` is what only that one needs. */
export function loaderEnv(
  app: CeleryApp, pythonPath: readonly string[], own: Readonly<Record<string, unknown>> = {}, content: AppContent = app._content,
): LoaderParts {
  const settings = { ...own, ...shared(app._settings) };
  return loader(app, pythonPath, {
    ...(Object.keys(settings).length === 0 ? {} : { [APP_SETTINGS]: asGiven(JSON.stringify(settings)) }),
    ...timeoutEnv(visibilityTimeout(app)),
  }, content);
}

/**
 * What the loader needs in a worker or Beat: their command line would replace the transport options of the code by the visibility timeout, all of
 * them. Those of the settings replace the code's, as all settings do.
 */
export function timeoutLoader(app: CeleryApp, pythonPath: readonly string[]): LoaderParts {
  return loader(app, pythonPath, app._settings.has('broker_transport_options') ? {} : timeoutEnv(visibilityTimeout(app)));
}

function loader(app: CeleryApp, pythonPath: readonly string[], given: Record<string, string>, { launch }: AppContent = app._content): LoaderParts {
  const { composed, loaded } = app._broker;
  if (Object.keys(given).length === 0) return { env: [], mounts: [] };
  return {
    env: variables({
      ...(loaded ? {} : { PYTHONPATH: [...new Set([...pythonPath, AGENT_PATH])].join(':'), CELERY_LOADER: CONNECTION_LOADER }),
      ...given,
    }),
    mounts: composed || loaded ? [] : [launch()],
  };
}

/** The one setting that no code may have otherwise: whoever waits for replies gives deliveries back by its own. */
export function timeoutEnv(timeout: number | undefined): Record<string, string> {
  return timeout === undefined ? {} : { [SHARED_SETTINGS]: JSON.stringify({ visibility_timeout: timeout }) };
}

/** Makes the loader for each app that needs it where the manifests are written: no object can be added then. */
export function prepareShared(scope: IConstruct): void {
  for (const app of appsOf(scope.node.root)) {
    const consumes = app._pods.some(({ role }) => role === 'worker' || role === 'beat');
    const needed = (app._loads && loaderEnv(app, []).env.length > 0) || (consumes && timeoutLoader(app, []).env.length > 0);
    if (!app._broker.loaded && needed) app._content.launch();
  }
}

/** Variables that would take the place of the loader, in a container that needs it. */
export function checkLoader(env: readonly k8s.EnvVar[] = []): Problem[] {
  return env.filter(({ name }) => name === 'CELERY_LOADER' || name === 'LOADER').map(({ name }) => ({
    prop: 'env', value: name, wrong: 'would take the place of the loader that gives the settings of the app and of its connection to every Celery',
    fix: 'remove it; a loader of your own inherits from cdk8s_celery_launch.loader.Loader, and is given to Celery(loader=...)',
  }));
}
