/** What manifests with the agent show of it. In a file that imports nothing, because the rules read it and have no need of cdk8s. */
export const AGENT_PACKAGE_NAME = 'cdk8s_celery_agent';

/** The controller that spares busy pods. */
export const BUSY_PACKAGE_NAME = 'cdk8s_celery_busy';
/** Where its ConfigMap is mounted. */
export const BUSY_PATH = '/opt/celery-busy';
/** The program that it runs. */
export const BUSY_PROGRAM = `${BUSY_PATH}/controller.py`;

/** The directory that `PYTHONPATH` gets. */
export const AGENT_PATH = '/opt/celery-agent';
/** Where the ConfigMap with the package is mounted. */
export const AGENT_PACKAGE = `${AGENT_PATH}/${AGENT_PACKAGE_NAME}`;

/** The Python package that composes URLs with percent-encoded passwords, and then runs the command that follows. */
export const LAUNCH_PACKAGE_NAME = 'cdk8s_celery_launch';
/** Where its ConfigMap is mounted: next to the agent. */
export const LAUNCH_PACKAGE = `${AGENT_PATH}/${LAUNCH_PACKAGE_NAME}`;
/** The Python package that gives RedBeat the URL of the broker. */
export const REDBEAT_PACKAGE_NAME = 'cdk8s_celery_redbeat';
/** Where its ConfigMap is mounted: next to the agent. */
export const REDBEAT_PACKAGE = `${AGENT_PATH}/${REDBEAT_PACKAGE_NAME}`;
/** What comes in front of a command. */
export const LAUNCH = ['python', '-m', LAUNCH_PACKAGE_NAME] as const;
/** `CDK8S_CELERY_LAUNCH_CELERY_BROKER_URL` is the template of the variable `CELERY_BROKER_URL`. */
export const LAUNCH_PREFIX = 'CDK8S_CELERY_LAUNCH_';

/** The variable with the settings that its loader gives to every Celery of a container, as JSON. */
export const CONNECTION_SETTINGS = 'CDK8S_CELERY_CONNECTION_SETTINGS';
/** The variable with settings of the app as its workers have them on their command lines, for what has none there, as JSON. */
export const APP_SETTINGS = 'CDK8S_CELERY_APP_SETTINGS';
/** The variable with the transport options that all who consume from a message broker share, as JSON; no code has others. */
export const SHARED_SETTINGS = 'CDK8S_CELERY_TRANSPORT_OPTIONS';
/** The value of `CELERY_LOADER`. */
export const CONNECTION_LOADER = `${LAUNCH_PACKAGE_NAME}.loader.Loader`;

/** The variables that a template refers to: `{REDIS_PASSWORD}`. */
export function templateReferences(template: string): string[] {
  return [...template.matchAll(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g)].map(([, name]) => name);
}

/** The flags that load it. */
export const AGENT_FLAGS = {
  worker: ['-I', `${AGENT_PACKAGE_NAME}.worker`],
  beat: ['-S', `${AGENT_PACKAGE_NAME}.beat:Scheduler`],
} as const;
