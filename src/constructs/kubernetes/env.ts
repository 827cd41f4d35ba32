import type { SecretKey } from '../secret-key';
import type * as k8s from './api/types';
import { mergeBy } from './options';

/** Variables with plain values. */
export function variables(values: Readonly<Record<string, string>>): k8s.EnvVar[] {
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

/** A variable with the value of a key of a Secret, where there is one. */
export function secretVariable(name: string, secret: SecretKey | undefined): k8s.EnvVar[] {
  return secret ? [{ name, valueFrom: { secretKeyRef: { name: secret.name, key: secret.key } } }] : [];
}

/** The variables of a container with those of the user, who wins; of a `PYTHONPATH` what is ours stays behind the user's own. */
export function withOwn(ours: readonly k8s.EnvVar[], own: readonly k8s.EnvVar[]): k8s.EnvVar[] {
  const path = ours.find(({ name }) => name === 'PYTHONPATH')?.value?.split(':') ?? [];
  return mergeBy('name', ours, own.map((variable) => variable.name !== 'PYTHONPATH' || variable.valueFrom !== undefined || path.length === 0 ? variable
    : { name: variable.name, value: [...new Set([...(variable.value ?? '').split(':').filter(Boolean), ...path])].join(':') }));
}
