/** The prefix of our own labels and annotations. A contract: manifests of others have it (`cdk8s-celery/suppress`). */
export const DOMAIN = 'cdk8s-celery';

/** An annotation of pods whose broker has its URL in a Secret, and is no plain Redis: the name of kombu's transport. */
export const BROKER_TRANSPORT = `${DOMAIN}/broker-transport`;
