import { Rule, RuleMeta } from './rule';
import { beatRules } from './subjects/beat';
import { codeRules } from './subjects/code';
import { deliveryRules } from './subjects/delivery';
import { envRules } from './subjects/env';
import { filesystemRules } from './subjects/filesystem';
import { flowerRules } from './subjects/flower';
import { installRules } from './subjects/install';
import { probeRules } from './subjects/probes';
import { redisRules } from './subjects/redis';
import { referenceRules } from './subjects/references';
import { resourceRules } from './subjects/resources';
import { scalingRules } from './subjects/scaling';
import { shutdownRules } from './subjects/shutdown';
import { suppressionRules } from './suppressions';

/** The rules that look at manifests, by subject. */
export const CHECKS: readonly Rule[] = [
  ...installRules, ...codeRules, ...envRules, ...referenceRules, ...filesystemRules, ...shutdownRules, ...deliveryRules, ...probeRules, ...beatRules,
  ...redisRules, ...resourceRules, ...flowerRules, ...scalingRules,
];

/** All rules. */
export const RULES: readonly RuleMeta[] = [...CHECKS, ...suppressionRules];
