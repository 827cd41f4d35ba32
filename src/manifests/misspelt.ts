import { editDistance, nearest } from '../nearest';

/** The name that is meant, of those of objects that nothing names. */
export function almost(name: string, free: readonly string[] = []): string | undefined {
  return free.find((one) => one.length > 3 && (name.startsWith(one) || one.startsWith(name) || one.endsWith(`-${name}`) || name.endsWith(`-${one}`))) ?? nearest(name, free);
}

/** What is put at the end of a name or left out there. */
const ENDING = /[-.](secrets?|configs?|configmap|cm|env|envs|credentials?|creds|pvc|claim|sa|auth|data)$/;

/** A name without its numbers: with another number it is that of another object. */
export const ofLetters = (name: string): string => name.replace(/\d+/g, '').replace(/-+$/, '');

/** The same where others name the objects also: only one letter is wrong, and no number; or one of the two names says the kind at its end. */
export function slip(name: string, names: readonly string[]): string | undefined {
  const isLong = (one: string): boolean => one.length > 4 && name.length > 4;
  const isNear = (one: string): boolean => one !== name && isLong(one) && ofLetters(one) !== ofLetters(name) && editDistance(one, name, 2) < 2;
  return names.find(isNear)
    ?? names.find((one) => one.replace(ENDING, '') === name || name.replace(ENDING, '') === one);
}
