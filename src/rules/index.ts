export { CeleryValidation } from './celery-validation';
export { Finding } from './finding';
export { Rules } from './rules';
export { Severity } from './severity';
