import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { redact } from '../celery/credentials';
import { printableLine } from '../rules/printable';
import { guarded, Misuse, Output, parseOptions } from './command';

const USAGE = `Usage: cdk8s-celery redact < LOG

Copies standard input to standard output, and shows *** in the place of passwords, tokens and private keys, as the other commands do. What a
terminal or a CI system would obey is escaped.

Exits with 0, and with 2 when standard input cannot be read.
`;

/** `cdk8s-celery redact`: returns the exit code. */
export function redactInput(args: string[], output: Output, input: Readable = process.stdin): Promise<number> {
  return guarded('redact', output, async () => {
    const { values, positionals } = parseOptions({ args, options: { help: { type: 'boolean', short: 'h', default: false } }, allowPositionals: true }, USAGE);
    if (positionals.length > 0) throw new Misuse(`${positionals[0]}: it reads standard input, and no file`, USAGE);
    // All at once: a private key has many lines.
    output.out(values.help ? USAGE : redact(await text(input)).split('\n').map(printableLine).join('\n'));
    return 0;
  });
}
