import { asList, asScalar, asText, get } from './json';
import { Container } from './pod/container';
import { Volume } from './pod/volumes';

/** What a pod of its own may take its settings from: files of ConfigMaps and Secrets, of the driver of a secret store, or of the agent of Vault. */
function sourcesOf({ mounts, workload: { annotations } }: Container): ReadonlySet<string> {
  const agent = Object.keys(annotations).filter((name) => name.startsWith('vault.hashicorp.com/agent-inject'));
  return new Set([...mounts.flatMap(({ volume }) => namesOf(volume)), ...agent.length > 0 && asScalar(annotations[agent[0]]) !== 'false' ? ['the agent of Vault'] : []]);
}

function namesOf({ kind, source }: Volume): string[] {
  switch (kind) {
    case 'configMap': return [`configMap ${asText(source.name) ?? ''}`];
    case 'secret': return [`secret ${asText(source.secretName) ?? ''}`];
    case 'projected': return asList(source.sources).flatMap((part) => [`configMap ${asText(get(part, 'configMap', 'name')) ?? ''}`, `secret ${asText(get(part, 'secret', 'name')) ?? ''}`])
      .filter((name) => !name.endsWith(' '));
    case 'other': return asText(source.driver) === undefined ? [] : [`csi ${asText(get(source, 'volumeAttributes', 'secretProviderClass')) ?? ''}`];
    default: return [];
  }
}

/** Whether a container has files that may say more than its variables do. */
export function hasSettingsFiles(container: Container): boolean {
  return sourcesOf(container).size > 0;
}

/** Whether a container has files that another of its image has not: what that gets as variables may be in them. */
export function hasOwnFiles(container: Container, other: Container): boolean {
  const theirs = sourcesOf(other);
  return [...sourcesOf(container)].some((name) => !theirs.has(name));
}
