/** The prefix of our own labels and annotations. A contract: manifests of others have it (`cdk8s-celery/suppress`). */
export const DOMAIN = 'cdk8s-celery';
