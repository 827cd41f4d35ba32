/** Requests that leave room: the deployments of all tests are on the two processors of one node at the same time. */
export const SMALL = { requests: { cpu: '10m', memory: '128Mi' }, limits: { memory: '512Mi' } };
