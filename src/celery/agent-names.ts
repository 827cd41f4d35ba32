/** What manifests with the agent show of it. In a file that imports nothing, because the rules read it and have no need of cdk8s. */
export const AGENT_PACKAGE_NAME = 'cdk8s_celery_agent';

/** The directory that `PYTHONPATH` gets. */
export const AGENT_PATH = '/opt/celery-agent';
/** Where the ConfigMap with the package is mounted. */
export const AGENT_PACKAGE = `${AGENT_PATH}/${AGENT_PACKAGE_NAME}`;

/** The flags that load it. */
export const AGENT_FLAGS = {
  worker: ['-I', `${AGENT_PACKAGE_NAME}.worker`],
  beat: ['-S', `${AGENT_PACKAGE_NAME}.beat:Scheduler`],
} as const;
