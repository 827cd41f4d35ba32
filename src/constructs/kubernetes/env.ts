import type { SecretKey } from '../secret-key';
import type * as k8s from './api/types';

/** Variables with plain values. */
export function variables(values: Readonly<Record<string, string>>): k8s.EnvVar[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

/** A variable with the value of a key of a Secret, where there is one. */
export function secretVariable(name: string, secret: SecretKey | undefined): k8s.EnvVar[] {
  return secret ? [{ name, valueFrom: { secretKeyRef: { name: secret.name, key: secret.key } } }] : [];
}
