import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { Duration } from 'cdk8s';
import * as kplus from 'cdk8s-plus-28';
import { AGENT_FLAGS, AGENT_PACKAGE_NAME } from '../../celery/agent-names';
import { PACKAGE_ROOT } from '../../package-root';
import * as checks from '../validation/checks';
import { Problem } from '../validation/problems';

/** The agent of a pod: its thresholds, which become environment variables, and its port. */
export interface AgentSpec {
  readonly settings: Record<'interval', Duration> & Partial<Record<Threshold, Duration>>;
  readonly terminationGracePeriod: Duration;
  readonly port: number;
}

type Threshold = 'stallAfter' | 'deafAfter' | 'poolAfter' | 'hangAfter' | 'startAfter' | 'beatSlack';

/** The settings that each kind of agent reads. */
const SETTINGS = {
  worker: ['interval', 'stallAfter', 'deafAfter', 'poolAfter', 'hangAfter', 'startAfter'],
  beat: ['interval', 'beatSlack'],
} as const;

const SOURCE = join(PACKAGE_ROOT, 'agent', AGENT_PACKAGE_NAME);

let files: Record<string, string> | undefined;

/** The Python package: what its ConfigMap holds. */
export function agentFiles(): Record<string, string> {
  return files ??= Object.fromEntries(readdirSync(SOURCE).filter((name) => name.endsWith('.py')).sort()
    .map((name) => [name, readFileSync(join(SOURCE, name), 'utf8')]));
}

/** What the agent is told. It listens on the address of the pod alone. */
export function agentEnv({ settings, port }: AgentSpec, role: keyof typeof AGENT_FLAGS, scheduler?: string): Record<string, kplus.EnvValue> {
  const variables = {
    PORT: `${port}`,
    ...Object.fromEntries(SETTINGS[role].flatMap((name) => settings[name] === undefined ? [] : [[
      name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(), `${settings[name].toMilliseconds() / 1000}`,
    ]])),
    ...(scheduler ? { SCHEDULER: scheduler } : {}),
  };
  return {
    CDK8S_CELERY_AGENT_HOST: kplus.EnvValue.fromFieldRef(kplus.EnvFieldPaths.POD_IP),
    ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [`CDK8S_CELERY_AGENT_${name}`, kplus.EnvValue.fromValue(value)])),
  };
}

/** What is wrong with variables that would replace what the agent is told. */
export function checkAgentEnv(env: Record<string, kplus.EnvValue> = {}, own: Record<string, kplus.EnvValue> = {}): Problem[] {
  return Object.keys(own).filter((name) => Object.hasOwn(env, name)).map((name) => ({
    prop: `env.${name}`, value: env[name].value as unknown, wrong: 'would take the place of what the agent and its probes are told',
    fix: 'remove it; give thresholds and the port in HealthCheck.agent({ ... })',
  }));
}

/** Seconds between two liveness probes. */
const LIVENESS_PERIOD = 10;

/**
 * How many liveness probes in a row must fail. Where tasks run in the process of the agent (solo, threads, gevent), code that holds the
 * GIL keeps the agent from answering: 60 seconds of it, and a margin of 30, are survived. Seven probes begin within 60 seconds, and no
 * more than ten within 90.
 */
const LIVENESS_FAILURES = { ownProcess: 3, sharedProcess: 10 };

/**
 * The probes: patient while Celery imports the code and connects, and quick to see that a process has stopped. They begin when most
 * workers have done so: each probe that fails is a warning among the events.
 *
 * @param sharedProcess whether tasks run in the process of the agent
 */
export function agentProbes({ port }: AgentSpec, sharedProcess: boolean): { startup: kplus.Probe; readiness: kplus.Probe; liveness: kplus.Probe } {
  const probe = (path: string, options: kplus.HttpGetProbeOptions): kplus.Probe => kplus.Probe.fromHttpGet(path, {
    port, timeoutSeconds: Duration.seconds(5), ...options,
  });
  return {
    startup: probe('/livez', { initialDelaySeconds: Duration.seconds(15), periodSeconds: Duration.seconds(2), failureThreshold: 150 }),
    readiness: probe('/readyz', { initialDelaySeconds: Duration.seconds(20), periodSeconds: Duration.seconds(5), failureThreshold: 2 }),
    liveness: probe('/livez', {
      periodSeconds: Duration.seconds(LIVENESS_PERIOD),
      failureThreshold: sharedProcess ? LIVENESS_FAILURES.sharedProcess : LIVENESS_FAILURES.ownProcess,
    }),
  };
}

/** What is wrong with the thresholds. */
export function checkAgent({ settings, terminationGracePeriod, port }: AgentSpec): Problem[] {
  const { interval, ...thresholds } = settings;
  return [
    ...(Number.isInteger(port) && port >= 1024 && port <= 65535 ? [] : [{
      prop: 'healthCheck.port', value: port, wrong: 'is not a port that a process without root may open', fix: 'give a port from 1024 to 65535',
    }]),
    ...checks.seconds('healthCheck.terminationGracePeriod', terminationGracePeriod),
    ...(interval.toMilliseconds() >= 50 ? [] : [{
      prop: 'healthCheck.interval', value: interval.toHumanString(), wrong: 'is too short', fix: 'give e.g. Duration.seconds(5)',
    }]),
    ...Object.entries(thresholds).filter(([, value]) => value && value.toMilliseconds() < 2 * interval.toMilliseconds()).map(([name, value]) => ({
      prop: `healthCheck.${name}`, value: value.toHumanString(),
      wrong: `is less than twice the interval, ${interval.toHumanString()}: one slow look would count as a failure`,
      fix: 'raise it, or lower the interval',
    })),
  ];
}
