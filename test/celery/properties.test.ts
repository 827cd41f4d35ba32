import * as fc from 'fast-check';
import { redact } from '../../src/celery/credentials';
import { settingArgument } from '../../src/celery/settings';
import { runs } from '../random-runs';

test('no text that has a password in one of these places shows it', () => {
  const password = fc.stringMatching(/^[A-Za-z0-9!%^*+,._~-]{6,20}$/).filter((text) => !/^\*|^x+$/i.test(text)).map((text) => `Zq${text}`);
  const places: Array<(secret: string) => string> = [
    (secret) => `redis://:${secret}@h:1/0`, (secret) => `a u:${secret}@h b`, (secret) => `https://h/?token=${secret}`, (secret) => `db_password="${secret}"`,
    (secret) => JSON.stringify({ a: { client_secret: secret } }), (secret) => `amqp://u:${secret}/x@h//`, (secret) => `amqp://u:@${secret}@h//`,
  ];
  fc.assert(fc.property(password, fc.constantFrom(...places), (secret, place) => !redact(place(secret)).includes(secret)), { numRuns: runs(200) });
});

test('the argument of a setting is ASCII, and its text is what was given', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const argument = settingArgument('x_y', value);
    expect(argument).toMatch(/^x_y=\(json\)[ -~]*$/);
    expect(JSON.parse(argument.slice('x_y=(json)'.length))).toEqual(JSON.parse(JSON.stringify(value)));
  }));
});
