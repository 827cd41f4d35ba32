// What Kubernetes takes as the name of an object, or of a part of one.

/** A label of DNS (RFC 1123). */
export const DNS_LABEL = { of: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, longest: 63 } as const;

/** Several of them with dots between. */
export const DNS_SUBDOMAIN = { of: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, longest: 253 } as const;
