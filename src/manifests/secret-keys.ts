import { asList, asText, get } from './json';
import { Container } from './pod/container';

/** A variable of a container that is a key of a Secret. */
export interface SecretKeyVariable {
  readonly variable: string;
  readonly secret: string;
  readonly key: string;
}

/** The variables that a container has from keys of Secrets, in the order of the manifest. */
export function secretKeys({ json }: Container): readonly SecretKeyVariable[] {
  return asList(json.env).flatMap((entry) => {
    const [variable, secret, key] = [get(entry, 'name'), get(entry, 'valueFrom', 'secretKeyRef', 'name'), get(entry, 'valueFrom', 'secretKeyRef', 'key')].map(asText);
    return variable === undefined || secret === undefined || key === undefined ? [] : [{ variable, secret, key }];
  });
}

/** A Secret that a container reads already, for what else is to be kept in one. */
export function secretAtHand(container: Container): string | undefined {
  return secretKeys(container)[0]?.secret
    ?? asList(container.json.envFrom).flatMap((entry) => asText(get(entry, 'secretRef', 'name')) ?? [])[0];
}
