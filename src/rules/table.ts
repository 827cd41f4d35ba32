import { beat } from './subjects/beat';
import { code } from './subjects/code';
import { delivery } from './subjects/delivery';
import { env } from './subjects/env';
import { filesystem } from './subjects/filesystem';
import { flower } from './subjects/flower';
import { install } from './subjects/install';
import { probes } from './subjects/probes';
import { redis } from './subjects/redis';
import { references } from './subjects/references';
import { resources } from './subjects/resources';
import { Rule } from './rule';
import { scaling } from './subjects/scaling';
import { shutdown } from './subjects/shutdown';
import { suppressionRules } from './suppressions';

/** All rules, by subject. */
export const RULES: readonly Rule[] = [
  ...install, ...code, ...env, ...references, ...filesystem, ...shutdown, ...delivery, ...probes, ...beat, ...redis, ...resources, ...flower,
  ...scaling, ...suppressionRules,
];
