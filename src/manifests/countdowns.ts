import { codeFiles } from './code';
import { seconds } from './code-settings';
import { Place } from './place';
import { Container } from './pod/container';
import { withoutComments } from './python-text';

/** What code in sight gives tasks as a countdown, in seconds. */
export function countdowns(container: Container): Array<{ readonly seconds: number; readonly at: Place }> {
  return codeFiles(container).flatMap(({ text, place }) => [...withoutComments(text).matchAll(/\bcountdown["']?\s*[=:]\s*([\d_.*\s]+?)\s*(?=[,)}#\n])/g)]
    .flatMap(([, value]) => {
      const given = seconds(value);
      return given === undefined ? [] : [{ seconds: given, at: place }];
    }));
}
