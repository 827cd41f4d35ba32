const ENVIRONMENT = /(?<![^-])(dev|develop|development|test|testing|qa|uat|staging|stage|demo|sandbox|preprod|prod|production|live)(?![^-])/;

/** The environment in the name of an object, such as `prod` of `worker-prod`; empty where it has none. */
export const environmentOf = (name: string): string => ENVIRONMENT.exec(name)?.[0] ?? '';

/** Whether objects are of several environments by their names, of which a cluster may have one. */
export const ofSeveralEnvironments = (names: readonly string[]): boolean => new Set(names.map(environmentOf)).size > 1;
