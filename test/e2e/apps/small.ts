/** Requests that leave room: the deployments of all tests are on the two processors of one node at the same time. */
export const SMALL = { requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '512Mi' } };
/** The same of Redis, with the memory that it has by default. */
export const SMALL_REDIS = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '256Mi' } };
