// What Kubernetes takes as the name of an object, or of a part of one.

/** A label of DNS (RFC 1123). */
export const DNS_LABEL = { of: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, longest: 63 } as const;

/** Several of them with dots between. */
export const DNS_SUBDOMAIN = { of: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, longest: 253 } as const;

/** The name of a port of a container. */
export const PORT_NAME = { of: /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, longest: 15, allowed: 'at most 15 of a-z, 0-9 and -, with a letter and without --' } as const;

/** The name of a Service. Some newer releases also take a digit in front. */
export const SERVICE_NAME = { of: /^[a-z]([-a-z0-9]*[a-z0-9])?$/, longest: 63 } as const;

/** The key of a ConfigMap or Secret. */
export function isConfigKey(value: string): boolean {
  return /^[-._a-zA-Z0-9]{1,253}$/.test(value) && value !== '.' && !value.startsWith('..');
}

const NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;

/** The value of a label: at most 63 characters, or none. */
export function isLabelValue(value: unknown): boolean {
  return value === '' || (typeof value === 'string' && NAME.test(value));
}

/** The key of a label or an annotation: a name, and the subdomain that it belongs to in front of it. */
export function isQualifiedName(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const parts = value.split('/');
  const prefix = parts.length > 1 ? parts[0] : undefined;
  return parts.length <= 2 && NAME.test(parts[parts.length - 1])
    && (prefix === undefined || (prefix.length <= DNS_SUBDOMAIN.longest && DNS_SUBDOMAIN.of.test(prefix)));
}
