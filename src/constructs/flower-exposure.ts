import { checkExposureAnnotations, ExposureSpec } from './kubernetes/exposure';
import { shaped } from './kubernetes/options';
import * as checks from './validation/checks';
import { Problem } from './validation/problems';
import { nested, optionsOf, PropChecks, text, typed } from './validation/props';

/** Options of an Ingress for Flower. */
export interface FlowerIngressOptions {
  /** The DNS name at which Flower is reached: `'flower.example.com'`. */
  readonly host: string;

  /**
   * The name of a Secret of type `kubernetes.io/tls`, with the keys `tls.crt` and `tls.key`, in the namespace of Flower.
   *
   * @default - the Ingress has no TLS: something in front of the controller has, or its default certificate is used
   */
  readonly tls?: string;

  /**
   * The name of the IngressClass. Required with `FlowerAuth.atProxy`: another controller would not know the annotations that ask for the login.
   *
   * @default - the cluster's default class
   */
  readonly ingressClassName?: string;

  /**
   * Annotations of the Ingress, such as `cert-manager.io/cluster-issuer`.
   *
   * @default - none in addition to those of `auth` and of the prop `annotations`
   */
  readonly annotations?: Record<string, string>;
}

/** A Gateway, as a `parentRef` of a route names it. */
export interface FlowerGateway {
  /** The name of the Gateway. */
  readonly name: string;

  /**
   * The namespace of the Gateway. Its listener has to allow routes from the namespace of Flower.
   *
   * @default - the namespace of Flower
   */
  readonly namespace?: string;

  /**
   * The listener: one that speaks HTTPS.
   *
   * @default - all listeners that take the host
   */
  readonly sectionName?: string;
}

/** Options of an HTTPRoute for Flower. */
export interface FlowerRouteOptions {
  /** The Gateway that serves the route. TLS is that of its listener. */
  readonly gateway: FlowerGateway;

  /** The DNS name at which Flower is reached: `'flower.example.com'`. */
  readonly host: string;
}

/**
 * Exposes Flower outside the cluster. It requires an `auth`: Flower shows the arguments of tasks, and can shut down workers.
 *
 * @see https://kubernetes.io/docs/concepts/services-networking/ingress/
 */
export abstract class FlowerExposure {
  /** An Ingress with the name of Flower. */
  public static ingress(options: FlowerIngressOptions): FlowerExposure {
    const { options: given, problems } = typed(options, INGRESS, { prefix: 'exposure' });
    const { host, tls, ingressClassName } = given;
    return new Exposure({
      kind: 'Ingress', host, ingressClassName, annotations: given.annotations ?? {}, problems: [
        ...problems, ...checks.hostName('exposure.host', host), ...checks.secretName('exposure.tls', tls), ...checks.objectName('exposure.ingressClassName', ingressClassName),
      ],
      manifest: ({ path, service, port }) => ({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        spec: {
          ingressClassName,
          tls: tls === undefined ? undefined : [{ hosts: [host], secretName: tls }],
          rules: [{ host, http: { paths: [{ path, pathType: 'Prefix', backend: { service: { name: service, port: { number: port } } } }] } }],
        },
      }),
    });
  }

  /**
   * An HTTPRoute of the Gateway API, with the name of Flower.
   *
   * @see https://gateway-api.sigs.k8s.io/api-types/httproute/
   */
  public static httpRoute(options: FlowerRouteOptions): FlowerExposure {
    const { options: { host, gateway }, problems } = typed(options, ROUTE, { prefix: 'exposure' });
    return new Exposure({
      kind: 'HTTPRoute', host, gateway, annotations: {}, problems: [...problems, ...checks.hostName('exposure.host', host), ...gatewayProblems(gateway)],
      manifest: ({ path, service, port }) => ({
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'HTTPRoute',
        spec: {
          parentRefs: [{ ...gateway }],
          hostnames: [host],
          rules: [{ matches: [{ path: { type: 'PathPrefix', value: path } }], backendRefs: [{ name: service, port }] }],
        },
      }),
    });
  }

  /** One of which all is said already. @internal */
  public static _refused(): FlowerExposure {
    return new Exposure({ ...FlowerExposure.ingress({ host: 'unknown', ingressClassName: 'nginx' })._spec, refused: true });
  }

  /** @internal */
  public abstract readonly _spec: ExposureSpec;
}

class Exposure extends FlowerExposure {
  public constructor(public readonly _spec: ExposureSpec) {
    super();
  }
}

const NOTHING = (): undefined => undefined;
const HOST = 'give the DNS name, e.g. \'flower.example.com\'';

const INGRESS: PropChecks<FlowerIngressOptions> = {
  host: { check: text('the DNS name, e.g. \'flower.example.com\''), fix: HOST, instead: NOTHING },
  tls: text('the name of a Secret of type kubernetes.io/tls'),
  ingressClassName: text('the name of an IngressClass, e.g. \'nginx\''),
  annotations: shaped('{}string', checkExposureAnnotations),
};

const GATEWAY: PropChecks<FlowerGateway> = {
  name: { check: text('the name of a Gateway'), fix: 'give the name of a Gateway', instead: NOTHING },
  namespace: text('the namespace of the Gateway'),
  sectionName: text('the name of a listener of the Gateway'),
};

const ROUTE: PropChecks<FlowerRouteOptions> = {
  host: INGRESS.host,
  gateway: { check: optionsOf(GATEWAY), ...nested(GATEWAY), fix: 'give the name of a Gateway: { name: \'public\' }', instead: NOTHING },
};

function gatewayProblems(gateway: FlowerGateway | undefined): Problem[] {
  return [
    ...checks.objectName('exposure.gateway.name', gateway?.name),
    ...(gateway?.namespace === undefined ? [] : checks.name('exposure.gateway.namespace', gateway.namespace)),
    ...checks.objectName('exposure.gateway.sectionName', gateway?.sectionName),
  ];
}
