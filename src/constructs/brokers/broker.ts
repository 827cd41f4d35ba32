import type { CeleryApp } from '../celery-app';
import { BrokerBinding } from './broker-binding';

/**
 * A message broker: `Broker.fromUrl()` and `Broker.fromSecret()` for one that exists, `RedisBroker` for one in the cluster, or a class of
 * your own.
 *
 * @see https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/
 */
export interface IBroker {
  /**
   * Returns how an app uses the broker, and prepares the broker for it: lets the pods of its namespace connect, for example. Called once for
   * every `CeleryApp` that uses it.
   *
   * @param app the app; its `name`, `app`, `namespace`, `code` and `runtime` are known by then
   */
  bind(app: CeleryApp): BrokerBinding;
}
