#!/usr/bin/env node
// Writes test/cli/input/scalars.json: what kubectl makes of scalars without quotes. It needs a cluster, to which nothing is written.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Words in four spellings: each, in capitals, with a capital first letter, and with a capital last one. */
const words = ['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null', '.nan', '.inf', '-.inf', '+.inf', 'nan', 'inf', 'infinity', 'none', 'nil', 't', 'f']
  .flatMap((word) => [word, word.toUpperCase(), word.replace(/[a-z]/, (letter) => letter.toUpperCase()), word.replace(/.$/, (letter) => letter.toUpperCase())]);
const digits = ['0', '1', '7', '10', '08', '09', '0755', '00', '007', '0779', '1_000', '1__0', '_1', '1_', '_', '0_7', '12_', '9007199254740993', '9223372036854775807',
  '9223372036854775808', '18446744073709551615', '18446744073709551616', '99999999999999999999999', '0777777777777777777777', '01777777777777777777777',
  '07777777777777777777777', '0o7', '0o755', '0O17', '0o8', '0o', '0o_7', '0x1f', '0X1F', '0x', '0xg', '0x_f', '0xffffffffffffffff', '0x10000000000000000',
  '0b101', '0B101', '0b2', '0b', '0b1_0', '0b-1', '0b+1', '1a', '1 2', '1,000', '1.2.3', '1e', '1e3', '1E3', '1e+3', '1e-3', '1e400', '1e-400', '1.', '1.5', '1.50', '1.e3', '01.5',
  '1_0.5', '1._5', '1.5e3', '1.5e', '1e3.5', '0e0', '0.0', '00.1', '1d', '1f', '0x1p-2', '0x1.8', '12e03', '123456789012345678901234567890.5', '1e1_0',
  '1:30', '12:30:45', '190:20:30', '1:2', '2026-01-01', '2026-1-1', '2026-01-01T10:20:30Z', '2026-01-01 10:20:30', '2026-13-45', '20260101', '1/2', '1%', '500m', '1Gi', '1e3Mi', '2d'];
const SIGNED = /^[\d.][\w.]*$/;
const points = ['.', '..', '...a', '.5', '.5_0', '._5', '.5_', '.5__0', '.05e2', '.5e3', '.5E+3', '.5e1_0', '.e3', '.a', '.env', '.1.2', '.0', '.5f', './x', '.5e'];
const others = ['', '~', '~/x', '~~', '-', '+', '--1', '++1', '+-1', '-a', '+a', '-_1', '+_', '<<', '=', 'a', 'A b', 'a:b', 'http://h:1/p?q#f', '$(X)', 'über', 'no way', 'y es',
  'Y1', 'n/a', 'off-peak', 'on.', 'true,', 'nullable', '~1', '0,5', '1;2', 'x0755', '1-2', '1+2', '+1-2', 'e3', 'E', 'Ja', 'truE', 'nO', 'yES', 'oN', 'OFf', 'NuLL'];
const tagged = ['!!str 0755', '!!str yes', '!!str', '!!int 5', '!!int "5"', '!!int x', '!!int 1.5', '!!float 3', '!!float "1.5"', '!!float x', '!!bool yes', '!!bool "off"', '!!bool 1', '!!null ""',
  '!!null x', '!!binary aGVsbG8=', '! 5', '!own 5', '!own yes', '!!own 5', '!own "x"', '"5"', '\'yes\'', '"\\x35"'];
const scalars = [...new Set([...words, ...digits, ...digits.filter((text) => SIGNED.test(text)).flatMap((text) => [`-${text}`, `+${text}`]), ...points, ...points.map((text) => `-${text}`),
  ...others, ...tagged])];

/** What kubectl makes of them, or, if it refuses one, undefined. */
function kubectl(texts, place) {
  const manifest = `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: scalars\ndata:\n${texts.map((text, i) => place === 'key' ? `  i${i}:\n    ${text}: 1\n` : `  i${i}: ${text}\n`).join('')}`;
  const { status, stdout, stderr } = spawnSync('kubectl', ['create', '--dry-run=client', '--validate=false', '--output=json', '--filename=-'], { input: manifest, encoding: 'utf8' });
  if (status === 0) {
    const { data } = JSON.parse(stdout);
    return texts.map((_, i) => place === 'key' ? Object.keys(data[`i${i}`])[0] : data[`i${i}`] ?? null);
  }
  if (!/error (converting YAML to JSON|parsing)/.test(stderr)) throw new Error(stderr);
  return undefined;
}

function table(texts, place) {
  const all = kubectl(texts, place);
  if (all) return texts.map((text, i) => ({ text, value: all[i] }));
  if (texts.length === 1) return [{ text: texts[0], refused: true }];
  const middle = Math.floor(texts.length / 2);
  return [...table(texts.slice(0, middle), place), ...table(texts.slice(middle), place)];
}

const keys = ['y', 'on', 'No', '0755', '1', '-1', '0x1f', 'null', '~', '1.5', 'true', 'a b', '"on"', '!!str on', '2026-01-01', '.5', '1_000', '+1'];
const found = { values: table(scalars, 'value'), keys: table(keys, 'key') };
const rows = (list) => list.map((row) => `    ${JSON.stringify(row)}`).join(',\n');
writeFileSync(join(import.meta.dirname, '../test/cli/input/scalars.json'), `{\n  "values": [\n${rows(found.values)}\n  ],\n  "keys": [\n${rows(found.keys)}\n  ]\n}\n`);
console.log(`${found.values.length} scalars and ${found.keys.length} keys, ${found.values.filter(({ refused }) => refused).length} of them refused`);
