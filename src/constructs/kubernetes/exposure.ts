import { ApiObject } from 'cdk8s';
import { hasUrlCredential, redact } from '../../celery/credentials';
import { checkAnnotations } from './constraints';
import { Construct } from 'constructs';
import { Problem } from '../validation/problems';

/** What leads to a Service from outside the cluster, and what a login and a NetworkPolicy have to know of it. */
export interface ExposureSpec {
  readonly kind: 'Ingress' | 'HTTPRoute';
  readonly host: string;
  /** That of an Ingress. */
  readonly ingressClassName?: string;
  /** That of an HTTPRoute. */
  readonly gateway?: { readonly name: string; readonly namespace?: string };
  readonly annotations: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
  /** In the place of one of which all is said already. */
  readonly refused?: boolean;
  readonly manifest: (target: ExposureTarget) => { readonly apiVersion: string; readonly kind: string; readonly spec: object };
}

/** Annotations of the object, and which prop gives them. */
export type Annotations = ReadonlyMap<string, { readonly value: string; readonly prop: string }>;

interface ExposureTarget {
  readonly path: string;
  readonly service: string;
  readonly port: number;
}

/** The object that leads to a Service, under the name of the Service. */
export function exposureObject(
  scope: Construct, { kind, manifest }: ExposureSpec, target: ExposureTarget, metadata: object,
): ApiObject {
  return new ApiObject(scope, kind, { metadata: { name: target.service, ...metadata }, ...manifest(target) });
}

/** Annotations that tell a controller where to ask for a login: everybody who may see the object reads them. */
export function checkExposureAnnotations(prop: string, annotations: Readonly<Record<string, string>>): Problem[] {
  return [
    ...checkAnnotations(prop, annotations),
    ...Object.entries(annotations).filter(([, value]) => hasUrlCredential(value)).map(([name, value]) => ({
      prop: `${prop}['${name}']`, value: redact(value), wrong: 'has a password in it, and everybody who can read a manifest could read it',
      fix: 'leave it out of the URL; a controller reads passwords from Secrets',
    })),
  ];
}
