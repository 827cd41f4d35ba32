import { FLOWER_PORT } from '../celery/ports';
import type * as k8s from './kubernetes/api/types';

/**
 * The probes of Flower.
 *
 * @see https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
 */
export abstract class FlowerProbes {
  /**
   * A liveness and a readiness probe that ask for `/healthcheck`, below the URL prefix where there is one. Flower answers it without a
   * login and without the message broker.
   */
  public static healthcheck(): FlowerProbes {
    return new Probes((prefix) => {
      const httpGet = { path: `${prefix}/healthcheck`, ...TARGET };
      return {
        readinessProbe: { httpGet, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
        livenessProbe: { httpGet, initialDelaySeconds: 30, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
      };
    });
  }

  /**
   * Only a liveness probe, `GET /` on port 5555 with an initial delay of 60 seconds, a period of 10 and a timeout of 5: for deployments
   * that have to keep it. Flower must be at `/` and must not ask for HTTP basic authentication itself, which answers 401, or synth fails
   * (`flower/probe-path`). With a login by OAuth it passes: the kubelet does not follow the redirect to the host of the provider, takes it for
   * success, and records the event `ProbeWarning` each time.
   */
  public static historic(): FlowerProbes {
    return new Probes(() => ({
      livenessProbe: { httpGet: { path: '/', ...TARGET }, initialDelaySeconds: 60, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    }));
  }

  /** @internal */
  public abstract _probes(prefix: string): Pick<k8s.Container, 'livenessProbe' | 'readinessProbe'>;
}

const TARGET = { port: FLOWER_PORT, scheme: 'HTTP' } as const;

class Probes extends FlowerProbes {
  public constructor(public readonly _probes: FlowerProbes['_probes']) {
    super();
  }
}
