import { Result } from './result';
import { printableJson } from '../../rules/printable';

/** For programs: `{ objects, recognised, unknown, findings }`, with each finding on a line of its own. */
export function json({ findings, objects, recognised, unknown, unrecognised }: Result): Iterable<string> {
  return jsonWith({ objects, recognised, unknown: [...unknown, ...unrecognised], findings: [] }, findings);
}

/** JSON like that of `frame`, whose last list is empty: there the items go, each on a line of its own. */
export function* jsonWith(frame: object, items: Iterable<object>): Iterable<string> {
  const text = printableJson(frame, 2);
  const at = text.lastIndexOf('[]') + 1;
  const indent = /\n( *)[^\n]*$/.exec(text.slice(0, at))![1];
  yield text.slice(0, at);
  let any = false;
  for (const item of items) {
    yield `${any ? ',' : ''}\n${indent}  ${printableJson(item)}`;
    any = true;
  }
  yield `${any ? `\n${indent}` : ''}${text.slice(at)}\n`;
}
