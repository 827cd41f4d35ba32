import { asList, asNumber, asScalar, get } from './json';

/** How many seconds the preStop hook of a `lifecycle` sleeps, by `sleep` or by a command that ends in one; 0 where it does not. */
export function preStopSeconds(lifecycle: unknown): number {
  const hook = get(lifecycle, 'preStop');
  const command = asList(get(hook, 'exec', 'command')).map((word) => asScalar(word) ?? '').join(' ').replace(/^.*\s-[a-z]*c\s/, '');
  return Math.max(0, asNumber(get(hook, 'sleep', 'seconds')) ?? Number(/^(?:.*[;&]\s*)?sleep (\d+)s?\s*$/s.exec(command)?.[1] ?? 0));
}
