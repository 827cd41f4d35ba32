export { Finding } from './finding';
export { Severity } from './severity';
