import { baseName, Invocation, Word } from './command';

/** What the commands of a container do to its variables before its program starts. */
export interface Changes {
  /** `export NAME=value`; undefined where only a run tells the value, or it is unset. */
  readonly set: ReadonlyMap<string, { readonly value?: string; readonly word: Word }>;
  /** What further variables come from: files that a script reads, and programs that fetch secrets. */
  readonly sources: readonly string[];
}

/** Programs that give what they run the variables of a store of secrets. */
const FETCHES = new Set(['doppler', 'infisical', 'chamber', 'op', 'berglas', 'aws-vault']);

/** It changes PATH. */
const ACTIVATES = /(^|\/)activate$/;

export function changes(invocations: readonly Invocation[]): Changes {
  const set = new Map<string, { value?: string; word: Word }>();
  const sources: string[] = [];
  for (const { words, links, assignments, conditional } of invocations) {
    const [{ text: program }, ...others] = words;
    for (const [name, value] of assignments) set.set(name, { value: /[$`]/.test(value) ? undefined : value, word: words[0] });
    for (const link of links) {
      if (link.kind !== 'wrapper') continue;
      if (FETCHES.has(baseName(link.name))) sources.push(link.name);
      // `env -u NAME`
      if (link.name === 'env') link.options.forEach(({ text }, i) => text === '-u' && link.options[i + 1] ? set.set(link.options[i + 1].text, { word: words[0] }) : undefined);
    }
    if ((program === '.' || program === 'source') && others.length > 0 && !ACTIVATES.test(others[0].text)) {
      sources.push(others[0].unknown ? 'the file that its script reads' : others[0].text);
    }
    if (program === 'unset') for (const word of others) if (/^\w+$/.test(word.text)) set.set(word.text, { word });
    if (program !== 'export') continue;
    for (const word of others) {
      const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(word.text) ?? [];
      if (name !== undefined) set.set(name, { value: conditional || word.unknown || set.has(name) ? undefined : value, word });
      else if (word.unknown) sources.push('what its script exports');
    }
  }
  return { set, sources: [...new Set(sources)] };
}
