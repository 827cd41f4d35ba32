/** Seconds that a worker needs to stop, once its last task is done or cancelled: it closes its pool and its connections. */
export const SHUTDOWN_MARGIN = 15;
