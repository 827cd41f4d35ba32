/** After how many seconds a transport gives a message that nobody has acknowledged to another worker, where nothing is set. Others never do. */
export const VISIBILITY_TIMEOUTS: Readonly<Record<string, number>> = { redis: 3600, rediss: 3600, sentinel: 3600, sqs: 1800 };

/** The longest that SQS hides a message, in seconds: it refuses a queue with more. @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html */
export const LONGEST_OF_SQS = 12 * 60 * 60;

/** The visibility timeout in `broker_transport_options`, as it is written; undefined where it is not there. */
export function writtenVisibilityTimeout(options: string): string | undefined {
  return /["']visibility_timeout["']\s*:\s*([^,}]+)/.exec(options)?.[1].trim();
}
