/** What Kubernetes takes for maxSurge and maxUnavailable of a Deployment where they are left out. */
export const DEFAULT_SHARE = '25%';

/** How many pods a number or a share of them is, such as `2` or `25%`; undefined for anything else. */
export function podsOf(value: number | string, replicas: number, whole: (value: number) => number): number | undefined {
  const [, number, percent] = /^(\d+)(%?)$/.exec(String(value)) ?? [];
  return number === undefined ? undefined : percent ? whole(Number(number) * replicas / 100) : Number(number);
}
