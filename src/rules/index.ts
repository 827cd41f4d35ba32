export { CeleryValidation } from './celery-validation';
export { Finding } from './finding';
export { lint, Rules } from './rules';
export { Severity } from './severity';
