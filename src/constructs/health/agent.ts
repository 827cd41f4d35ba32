import { Duration } from 'cdk8s';
import { AGENT_FLAGS } from '../../celery/agent-names';
import type * as k8s from '../kubernetes/api/types';
import { variables } from '../kubernetes/env';
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

/** The options of the agent. It listens only on the address of the pod. */
export function agentEnv({ settings, port }: AgentSpec, role: keyof typeof AGENT_FLAGS, scheduler?: string): k8s.EnvVar[] {
  const values = {
    PORT: `${port}`,
    ...Object.fromEntries(SETTINGS[role].flatMap((name) => settings[name] === undefined ? [] : [[
      name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(), `${settings[name].toMilliseconds() / 1000}`,
    ]])),
    ...(scheduler ? { SCHEDULER: scheduler } : {}),
  };
  return [
    { name: 'CDK8S_CELERY_AGENT_HOST', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ...variables(Object.fromEntries(Object.entries(values).map(([name, value]) => [`CDK8S_CELERY_AGENT_${name}`, value]))),
  ];
}

/** What is wrong with variables that would replace the options of the agent. */
export function checkAgentEnv(env: readonly k8s.EnvVar[], own: readonly k8s.EnvVar[]): Problem[] {
  return env.filter(({ name }) => own.some((variable) => variable.name === name)).map(({ name, value }) => ({
    prop: `env.${name}`, value, wrong: 'would take the place of what the agent and its probes read',
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
 * @param grace the seconds that a pod has to stop: one that hangs gets less, or it would be killed only when the longest task could have ended
 */
export function agentProbes({ port, terminationGracePeriod }: AgentSpec, sharedProcess: boolean, grace: number): Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', k8s.Probe> {
  const probe = (path: string, options: k8s.Probe): k8s.Probe => ({ httpGet: { path, port, scheme: 'HTTP' }, timeoutSeconds: 5, ...options });
  return {
    startupProbe: probe('/livez', { initialDelaySeconds: 15, periodSeconds: 2, failureThreshold: 150 }),
    readinessProbe: probe('/readyz', { initialDelaySeconds: 20, periodSeconds: 5, failureThreshold: 2 }),
    livenessProbe: probe('/livez', {
      periodSeconds: LIVENESS_PERIOD,
      failureThreshold: sharedProcess ? LIVENESS_FAILURES.sharedProcess : LIVENESS_FAILURES.ownProcess,
      terminationGracePeriodSeconds: Math.min(terminationGracePeriod.toSeconds({ integral: false }), grace),
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
