import { exposuresOf } from '../../manifests/flower-exposures';
import { asksForLogin, elsewhere, mayHaveCredentials, option, urlPrefix } from '../../manifests/flower-options';
import { asScalar } from '../../manifests/json';
import { Exposure, guardedByPolicy } from '../../manifests/network';
import { Rule } from '../rule';
import { Severity } from '../severity';
import { withinNetwork } from '../within-network';

/** Rules about who reaches Flower without a login. */
export const flowerLoginRules: Rule[] = [
  {
    id: 'flower/open-to-the-world',
    severity: Severity.ERROR,
    title: 'Flower can be reached from outside the cluster without a login',
    why: 'Anybody can read the arguments and results of tasks: `/`, `/tasks`, `/broker` and `/metrics` all answer 200. Before Flower 2 anybody can '
      + 'stop workers, too; since then the API answers 401 to those without a login.',
    fix: 'Set FLOWER_BASIC_AUTH from a Secret, or let the Ingress ask for a login.',
    source: 'https://github.com/mher/flower/issues/1217',
    rows: ['L1'],
    check: (world, report) => {
      const open = new Map<readonly Exposure[], string | undefined>();
      const withProvider = new Set<readonly Exposure[]>();
      for (const flower of world.flowers) {
        const answer = asksForLogin(flower);
        const inImage = answer === 'unknown' && !flower.plain;
        // Scripts give a login more often than not, from variables.
        if (answer === 'yes' || (inImage && mayHaveCredentials(flower))) continue;
        const unknown = inImage ? 'its image gives it a login' : elsewhere(flower, 'FLOWER_BASIC_AUTH', 'a login');
        const exposed = exposuresOf(flower, world);
        if (['auth-provider', 'oauth2-key'].some((name) => ['known', 'set'].includes(option(flower, name).state))) withProvider.add(exposed);
        // Of several, one without a login for certain is enough.
        open.set(exposed, answer === 'no' || (open.has(exposed) && open.get(exposed) === undefined) ? undefined : unknown);
      }
      for (const [exposed, condition] of open) {
        for (const { place, by, guarded, fault, internal } of exposed) {
          if (guarded) continue;
          report(fault === undefined ? {
            at: place, value: by, allowed: 'FLOWER_BASIC_AUTH, or ClusterIP', unless: condition, ...withinNetwork(internal),
            ...withProvider.has(exposed) ? { note: 'a provider asks nobody without --auth', allowed: 'FLOWER_AUTH, with who may come in' } : {},
          } : {
            ...withinNetwork(internal),
            at: { resource: place.resource, path: ['metadata', 'annotations', fault.annotation] }, unless: condition,
            value: asScalar(place.resource.annotations[fault.annotation]), note: `${fault.annotation} ${fault.wrong}`,
            fix: `${fault.fix[0].toUpperCase()}${fault.fix.slice(1)}; or give FLOWER_BASIC_AUTH from a Secret.`,
          });
        }
      }
    },
  },
  {
    id: 'flower/open-in-the-cluster',
    severity: Severity.ADVICE,
    title: 'Flower requires no login, and no NetworkPolicy limits who may reach it',
    why: 'Every pod of the cluster can read the arguments of tasks.',
    fix: 'Set FLOWER_BASIC_AUTH from a Secret, or add a NetworkPolicy.',
    source: 'https://github.com/mher/flower/issues/1217',
    rows: ['L1'],
    on: 'flowers',
    check: (flower, report, world) => {
      // What asks for a login in front of the Service does not ask who comes from within.
      if (asksForLogin(flower) === 'no' && exposuresOf(flower, world).every(({ guarded }) => guarded) && !guardedByPolicy(flower.workload, world)) {
        report({
          at: flower.place(),
        });
      }
    },
  },
  {
    id: 'flower/unauthenticated-api',
    severity: Severity.ERROR,
    title: 'The API of Flower is open, and can be reached from outside the cluster',
    why: 'FLOWER_UNAUTHENTICATED_API lets anybody start tasks and shut workers down with one request.',
    fix: 'Remove FLOWER_UNAUTHENTICATED_API, and set FLOWER_BASIC_AUTH.',
    source: 'https://github.com/mher/flower/issues/1231',
    rows: ['L2'],
    on: 'flowers',
    check: (flower, report, world) => {
      const api = flower.variable('FLOWER_UNAUTHENTICATED_API');
      if (api.state !== 'known' || !/^(1|true|yes|on)$/i.test(api.value) || asksForLogin(flower) !== 'no') return;
      const open = exposuresOf(flower, world).find(({ guarded }) => !guarded);
      if (open) {
        report({
          at: flower.place(api.path), value: `FLOWER_UNAUTHENTICATED_API=${api.value}`, note: `${open.by} ${open.place.resource.name}`,
        });
      }
    },
  },
  {
    id: 'flower/metrics-in-public',
    severity: Severity.INFO,
    title: 'The Ingress publishes /metrics and /healthcheck, which Flower answers without a login',
    why: 'Both stay open with basic auth: names of tasks and workers are public.',
    fix: 'Keep them from the Ingress by its paths, or by its own authentication.',
    source: 'Reproduced with Flower 2.0.1 and 2.1.0',
    rows: ['L3'],
    check: (world, report) => {
      const prefixes = new Map<readonly Exposure[], Set<string>>();
      for (const flower of world.flowers) {
        if (asksForLogin(flower) !== 'yes') continue;
        const open = exposuresOf(flower, world);
        prefixes.set(open, (prefixes.get(open) ?? new Set()).add(urlPrefix(flower)));
      }
      for (const [open, own] of prefixes) {
        for (const { place, by, guarded, prefix: path } of open) {
          const all = path !== undefined && [...own].some((one) => `${one}/metrics`.startsWith(path.replace(/\*$/, '')));
          if (!guarded && all) report({ at: place, value: by });
        }
      }
    },
  },
];
