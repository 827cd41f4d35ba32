import { Duration } from 'cdk8s';
import { SecretKey } from '../secret-key';

/** Amazon SQS. */
export interface SqsOptions {
  /** The region: `'eu-central-1'`. */
  readonly region: string;

  /**
   * What the names of all queues begin with: `'orders-'` for a queue `orders-celery`. Several apps or stages share an account by it.
   *
   * @default - nothing
   */
  readonly queueNamePrefix?: string;

  /**
   * How long a message that a worker has received stays hidden from the others. It must be longer than the longest task, or the task runs again
   * while it still runs; the task of a worker that was killed comes back after it. At most 12 hours.
   *
   * @default Duration.minutes(30)
   * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
   */
  readonly visibilityTimeout?: Duration;

  /**
   * The access key ID, as a key of a Secret.
   *
   * @default - the role of the pods' ServiceAccount (IRSA or EKS Pod Identity): give the app its `serviceAccountName`
   */
  readonly accessKeyId?: SecretKey;

  /**
   * The secret access key, as a key of a Secret.
   *
   * @default - as for `accessKeyId`
   */
  readonly secretAccessKey?: SecretKey;

  /**
   * The address of a server that speaks the protocol of SQS, for tests: `'http://moto.test.svc.cluster.local:5000'`.
   *
   * @default - Amazon's own, by the region
   */
  readonly endpoint?: string;
}
