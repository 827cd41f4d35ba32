/** A queue of an app: `{ name: 'mail', maxPriority: 9 }`. */
export interface CeleryQueue {
  /** The name of the queue, as in `task_routes` and `-Q`: `'mail'`. It has no white space and no comma. */
  readonly name: string;

  /**
   * The highest priority of its messages: from 1 to 9 with Redis, from 1 to 255 with RabbitMQ, which recommends at most 10. A broker without
   * priorities, such as SQS, refuses it. Priorities are ordered well only with a prefetch multiplier of 1, the default here.
   *
   * RabbitMQ has priorities only in queues that are declared with them (`x-max-priority`), so the workers and Beat get all queues of the app
   * in `task_queues`. Everything else that sends to such a queue must declare it with the same argument, and a queue that exists without it
   * must be deleted first: RabbitMQ refuses another declaration (PRECONDITION_FAILED). The highest number comes first.
   *
   * Redis needs no declaration, and nothing is written for it: kombu keeps four lists for each queue, for the priorities 0, 3, 6 and 9. The
   * lowest number comes first.
   *
   * @default - messages without priorities in RabbitMQ; Redis has them in every queue
   * @see https://docs.celeryq.dev/en/stable/userguide/routing.html#special-routing-options
   */
  readonly maxPriority?: number;

  /**
   * Whether workers that are not in this program consume from it. A queue of the app that no `CeleryWorker` consumes from is refused
   * otherwise: its tasks would wait without an error anywhere.
   *
   * @default false
   */
  readonly external?: boolean;
}
