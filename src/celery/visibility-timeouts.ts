/** After how many seconds a transport gives a message that nobody has acknowledged to another worker, where nothing is set. Others never do. */
export const VISIBILITY_TIMEOUTS: Readonly<Record<string, number>> = { redis: 3600, rediss: 3600, sentinel: 3600, sqs: 1800 };
