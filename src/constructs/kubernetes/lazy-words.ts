/** The words of a command line that are known only when the manifests are written. cdk8s-plus keeps what it gets, and copies it then. */
export function lazyWords(make: () => readonly string[]): string[] {
  return { [Symbol.iterator]: () => make()[Symbol.iterator]() } as unknown as string[];
}
