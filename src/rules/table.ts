import { beat } from './beat';
import { code } from './code';
import { delivery } from './delivery';
import { env } from './env';
import { filesystem } from './filesystem';
import { flower } from './flower';
import { install } from './install';
import { probes } from './probes';
import { redis } from './redis';
import { resources } from './resources';
import { Rule } from './rule';
import { scaling } from './scaling';
import { shutdown } from './shutdown';
import { suppressionRules } from './suppressions';

/** All rules, by subject. */
export const RULES: readonly Rule[] = [
  ...install, ...code, ...env, ...filesystem, ...shutdown, ...delivery, ...probes, ...beat, ...redis, ...resources, ...flower, ...scaling,
  ...suppressionRules,
];
