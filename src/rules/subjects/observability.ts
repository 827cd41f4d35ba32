import { isLoopback } from '../../celery/hosts';
import { parseUrl } from '../../celery/url';
import { hasPlaceholder } from '../../celery/filled-in';
import { seenByExporter } from '../../manifests/applications';
import { brokerClients } from '../../manifests/broker-urls';
import { seconds } from '../../manifests/code-settings';
import { exporters } from '../../manifests/exporters';
import { kindIn, workersIn } from '../../manifests/in-namespace';
import { asList, asMap, asScalar, asText, get } from '../../manifests/json';
import { answersAtLoopback } from '../../manifests/loopback';
import { Container } from '../../manifests/pod/container';
import { Workload } from '../../manifests/pod/workload';
import { selects } from '../../manifests/policies';
import { Process } from '../../manifests/process';
import { Resource } from '../../manifests/resource';
import { sameBroker } from '../../manifests/same-broker';
import { celeryWorkloads } from '../../manifests/scalers';
import { shownUrl } from '../../manifests/uses';
import type { World } from '../../manifests/world';
import { Rule } from '../rule';
import { Severity } from '../severity';

/** A child that ends after so few tasks takes most of the spans with it: they are exported every 5 s. */
const FEW_TASKS = 10;

const TRACERS = /^(opentelemetry-instrument|ddtrace-run|newrelic-admin)$/;

/** By this the operator of OpenTelemetry puts its wrapper into a pod. */
const INJECTED = 'instrumentation.opentelemetry.io/inject-python';

/** What makes spans in a worker: a program in front of it, the operator, or a variable that only matters with one. */
function tracer({ links, container, workload }: Process, world: World): string | undefined {
  const wrapper = links.find((link) => link.kind === 'wrapper' && TRACERS.test(link.name));
  if (wrapper) return wrapper.name;
  const annotations = [workload.annotations, world.find('Namespace', '', workload.resource.namespace)?.annotations ?? {}];
  const injected = annotations.some((one) => !/^(false)?$/.test(asScalar(one[INJECTED]) ?? ''));
  if (injected) return INJECTED;
  return [...container.env.all()].find(({ name, value }) => /^OTEL_EXPORTER_OTLP(_TRACES)?_ENDPOINT$/.test(name) && value !== '')?.name;
}

/** What has metrics of Celery: its own pods, and exporters. */
function monitored(world: World): readonly Workload[] {
  return [...celeryWorkloads(world), ...exporters(world).map(({ container }) => container.workload)];
}

/** The one namespace in which a monitor selects; undefined where it does so in several, or in any. */
function watched({ namespace, json }: Resource, world: World): string | undefined {
  const selector = get(json, 'spec', 'namespaceSelector');
  if (selector === undefined) return namespace;
  const [name, ...others] = asList(get(selector, 'matchNames'));
  if (others.length > 0 || typeof name !== 'string' || get(selector, 'any') === true) return undefined;
  // Objects without a namespace are applied to the one that it names.
  return namespace === '' && !world.workloads.some(({ resource }) => resource.namespace === name) ? '' : name;
}

/** Ports of the proxies that a mesh injects. */
const INJECTED_PORTS = /^(linkerd-(admin|proxy)|http-envoy-prom|http-monitoring|dapr-metrics|queue-metrics|http-usermetric)$/;

/** Variables that name an agent or a collector, with the port that it has by default. */
const AGENTS: ReadonlyArray<readonly [RegExp, number]> = [
  [/^OTEL_EXPORTER_OTLP(_TRACES|_METRICS|_LOGS)?_ENDPOINT$/, 4317], [/^DD_(AGENT_HOST|TRACE_AGENT_URL|TRACE_AGENT_HOSTNAME)$/, 8126], [/^(AIRFLOW__METRICS__)?STATSD_HOST$/, 8125],
  [/^DD_DOGSTATSD_(URL|HOST)$/, 8125], [/^JAEGER_AGENT_HOST$/, 6831], [/^ELASTIC_APM_SERVER_URL$/, 8200],
];

/** It sends nothing. */
function isOff({ env }: Container, name: string): boolean {
  const is = (variable: string, value: RegExp): boolean => value.test(env.value(variable) ?? '');
  if (/^OTEL_/.test(name)) return is('OTEL_SDK_DISABLED', /^true$/i) || ['TRACES', 'METRICS'].every((one) => is(`OTEL_${one}_EXPORTER`, /^none$/));
  if (/^DD_/.test(name)) return is('DD_TRACE_ENABLED', /^(false|0)$/i) || is('DD_TRACE_AGENT_URL', /^unix:/);
  return /^AIRFLOW__/.test(name) && !is('AIRFLOW__METRICS__STATSD_ON', /^(true|t|1)$/i);
}

/** What may listen there. */
const AGENT = /otel|opentelemetry|collector|datadog|(^|[-_/])dd-|agent|jaeger|statsd|telegraf|vector|alloy|fluent|apm|proxy|sidecar/i;

export const observabilityRules: Rule[] = [
  {
    id: 'observability/agent-on-localhost',
    severity: Severity.WARNING,
    title: 'Traces or metrics are sent to localhost, and nothing in the pod listens there',
    why: 'localhost is the pod itself, and the agent of a DaemonSet is on the node: `failed to send traces to Datadog Agent at http://localhost:8126`, `Transient error StatusCode.UNAVAILABLE encountered '
      + 'while exporting traces to localhost:4317`. Traces and metrics of tasks are lost.',
    fix: 'Name the address of the node, by a variable with fieldRef status.hostIP, or the Service of the collector.',
    source: 'https://docs.datadoghq.com/containers/kubernetes/apm/',
    rows: ['N26'],
    on: 'processes',
    check: ({ container, workload }, report, world) => {
      // The operators of OpenTelemetry and Jaeger add an agent to pods with these.
      if (Object.keys({ ...workload.annotations, ...workload.resource.annotations }).some((name) => /^sidecar\.(opentelemetry|jaegertracing)\.io\/inject$/.test(name))) return;
      const namespace = world.find('Namespace', '', workload.resource.namespace);
      if (workload.labels['agent.datadoghq.com/sidecar'] !== undefined || namespace?.annotations['sidecar.opentelemetry.io/inject'] !== undefined) return;
      for (const { name, value = '', path } of container.env.all()) {
        const usual = AGENTS.find(([pattern]) => pattern.test(name))?.[1];
        const url = parseUrl(value);
        if (usual === undefined || isOff(container, name) || !isLoopback(url ? url.host : value.trim().replace(/:\d+$/, ''))) continue;
        const port = Number(url?.port ?? /:(\d+)$/.exec(value)?.[1] ?? usual);
        const answer = answersAtLoopback(container, port, world, AGENT);
        if (answer !== 'something') report({ at: container.place(path), value: `${name}=${value}`, allowed: 'the address of the node, or a Service', ...answer === 'nothing' ? {} : answer });
      }
    },
  },
  {
    id: 'observability/exporter-other-database',
    severity: Severity.WARNING,
    title: 'The metrics exporter looks at another database or virtual host than all workers next to it',
    why: 'It connects, and gets no event: all metrics of tasks and workers stay empty, and alerts never fire.',
    fix: 'Give it the broker URL of the workers, with the number of the database.',
    source: 'https://github.com/raft-tech/TANF-app/issues/5673',
    rows: ['N30'],
    check: (world, report) => {
      const clients = new Map([...brokerClients(world)].reverse().map((client) => [client.container, client]));
      for (const { container } of exporters(world)) {
        const [use, ...others] = clients.get(container)?.urls ?? [];
        if (!use || others.length > 0 || use.partial) continue;
        const { namespace } = container.workload.resource;
        const near = workersIn(namespace, world).map(({ link }) => link);
        const same = near.flatMap((link) => link && !link.partial && link.url.host.split('.')[0] === use.url.host.split('.')[0] ? [link] : []);
        if (same.length === 0 || same.length < near.length || same.some((link) => sameBroker(link, use, world))) continue;
        report({ at: use.at, value: shownUrl(use), allowed: shownUrl(same[0]) });
      }
    },
  },
  {
    id: 'observability/metrics-files-pile-up',
    severity: Severity.WARNING,
    title: 'Each short-lived child leaves files of metrics behind',
    why: 'In multiprocess mode prometheus_client writes files with the PID of each process into PROMETHEUS_MULTIPROC_DIR, and nothing removes those of children that are gone: the volume or the node fills '
      + 'up, and the pod is evicted.',
    fix: 'Let children run some hundred tasks: --max-tasks-per-child=1000; or call multiprocess.mark_process_dead and remove the files in worker_process_shutdown.',
    source: 'https://github.com/alphagov/notifications-api/pull/3434',
    rows: ['N42'],
    on: 'workers',
    check: (worker, report) => {
      const option = worker.option('--max-tasks-per-child');
      const tasks = worker.number('--max-tasks-per-child');
      const folder = worker.container.env.get('PROMETHEUS_MULTIPROC_DIR') ?? worker.container.env.get('prometheus_multiproc_dir');
      if (option.state !== 'known' || tasks === undefined || tasks < 1 || tasks >= FEW_TASKS || !folder || folder.value === '' || !worker.forks) return;
      report({
        at: worker.place(option.path), value: `--max-tasks-per-child ${tasks}`, allowed: `${FEW_TASKS} or more`, note: `there is ${folder.name}`,
        unless: 'the application removes the files of children that have ended',
      });
    },
  },
  {
    id: 'observability/spans-lost',
    severity: Severity.WARNING,
    title: 'Pool processes exit before they have exported the spans of their tasks',
    why: 'Spans are sent in batches every few seconds, by a thread of the child: with --max-tasks-per-child this low the child is gone before, and most '
      + 'traces of tasks are missing (9 of 10).',
    fix: 'Let children run some hundred tasks: --max-tasks-per-child=1000; or flush the tracer in worker_process_shutdown.',
    source: 'https://github.com/open-telemetry/opentelemetry-python-contrib/issues/4916',
    rows: ['N26'],
    on: 'workers',
    check: (worker, report, world) => {
      const option = worker.option('--max-tasks-per-child');
      const setting = worker.setting('worker_max_tasks_per_child');
      const { name, tasks, at } = option.state === 'known'
        ? { name: '--max-tasks-per-child', tasks: worker.number('--max-tasks-per-child'), at: worker.place(option.path) }
        : { name: 'worker_max_tasks_per_child', tasks: setting && seconds(setting.value), at: setting?.at };
      const by = tracer(worker, world);
      if (at === undefined || tasks === undefined || tasks < 1 || tasks >= FEW_TASKS || by === undefined || !worker.forks) return;
      report({
        at, value: `${name} ${tasks}`, allowed: `${FEW_TASKS} or more`, note: `there is ${by}`,
        unless: 'the application flushes its tracer in worker_process_shutdown',
      });
    },
  },
  {
    id: 'observability/monitor-without-service',
    severity: Severity.WARNING,
    title: 'A ServiceMonitor has the labels of pods, and there is no Service with them',
    why: 'A ServiceMonitor selects Services, by their own labels, and workers have none: Prometheus scrapes nothing, without an error anywhere, and alerts never fire.',
    fix: 'Make it a PodMonitor; or add a Service with the labels, and with the port of the metrics.',
    source: 'https://prometheus-operator.dev/docs/developer/getting-started/#using-servicemonitors',
    rows: ['N21'],
    check: (world, report) => {
      const own = new Set(world.kind('ServiceMonitor').length === 0 ? [] : monitored(world));
      for (const monitor of own.size === 0 ? [] : world.kind('ServiceMonitor')) {
        const { json } = monitor;
        const selector = get(json, 'spec', 'selector');
        const labels = asMap(get(selector, 'matchLabels'));
        const namespace = watched(monitor, world);
        if (namespace === undefined || get(selector, 'matchExpressions') !== undefined) continue;
        if (kindIn('Service', namespace, world).some((service) => selects(selector, service.labels))) continue;
        const meant = world.select(namespace, labels).find((workload) => own.has(workload));
        if (!meant) continue;
        report({
          at: { resource: monitor, path: ['spec', 'selector', 'matchLabels'] }, value: JSON.stringify(labels),
          note: `they are those of ${meant.resource.kind} ${meant.resource.name}`, unless: 'that Service is not among these manifests',
        });
      }
    },
  },
  {
    id: 'observability/monitor-without-port',
    severity: Severity.WARNING,
    title: 'A PodMonitor or ServiceMonitor names a port that nothing it selects has',
    why: 'An endpoint names a port by its name: of a container for a PodMonitor, of the Service for a ServiceMonitor. Where none has it, Prometheus scrapes nothing, '
      + 'without an error anywhere, and alerts never fire.',
    fix: 'Name a port that is there, or give the port that name.',
    source: 'https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMetricsEndpoint',
    rows: ['N21'],
    check: (world, report) => {
      const monitors = [...world.kind('PodMonitor'), ...world.kind('ServiceMonitor')];
      const own = new Set(monitors.length === 0 ? [] : monitored(world));
      for (const monitor of monitors) {
        const { json, kind } = monitor;
        const selector = get(json, 'spec', 'selector');
        const namespace = watched(monitor, world);
        if (namespace === undefined || get(selector, 'matchExpressions') !== undefined) continue;
        const ofPods = kind === 'PodMonitor';
        const pods = ofPods ? world.select(namespace, asMap(get(selector, 'matchLabels'))) : [];
        const services = ofPods ? [] : kindIn('Service', namespace, world).filter((service) => selects(selector, service.labels));
        const reached = ofPods ? pods : services.flatMap((service) => world.backing(service));
        if (!reached.some((workload) => own.has(workload))) continue;
        const containers = pods.flatMap(({ allContainers }) => allContainers);
        const lists = ofPods ? containers.map((container) => container.json.ports)
          : services.map((service) => get(service.json, 'spec', 'ports'));
        const names = [...new Set(lists.flatMap((list) => asList(list)).flatMap((port) => asText(get(port, 'name')) ?? []))];
        const path = ['spec', ofPods ? 'podMetricsEndpoints' : 'endpoints'];
        for (const [i, endpoint] of asList(get(json, ...path)).entries()) {
          const port = asText(get(endpoint, 'port'));
          if (port === undefined || port === '' || hasPlaceholder(port) || INJECTED_PORTS.test(port) || names.includes(port)) continue;
          report({
            at: { resource: monitor, path: [...path, i, 'port'] }, value: port,
            allowed: names.length > 0 ? names.join(', ') : 'a name, which no port has yet', unless: 'what it is for is not among these manifests',
          });
        }
      }
    },
  },
  {
    id: 'observability/exporter-without-events',
    severity: Severity.WARNING,
    title: 'A metrics exporter is deployed, but this worker sends no task events',
    why: 'All metrics of tasks stay empty, and alerts on them never fire: `task events: OFF (enable -E to monitor tasks in this worker)`.',
    fix: 'Add -E to the worker, or set worker_send_task_events.',
    source: 'https://github.com/danihodovic/celery-exporter/issues/48',
    rows: ['N30'],
    on: 'workers',
    check: (worker, report, world) => {
      if (!seenByExporter(world).has(worker) || !worker.workload.longRunning) return;
      const { state } = worker.option('--task-events');
      // Of what is out of sight hardly anything switches them on.
      if (!worker.plain || (state !== 'unset' && state !== 'maybe') || worker.settingOn('worker_send_task_events')) return;
      if (state === 'unset' && worker.settingOff('worker_send_task_events')) {
        const setting = worker.setting('worker_send_task_events')!;
        report({ at: setting.at, value: `worker_send_task_events=${setting.value}` });
      } else if (!worker.sets('worker_send_task_events')) {
        report({ at: worker.commandPlace, allowed: '-E', unless: 'the application sets worker_send_task_events' });
      }
    },
  },
  {
    id: 'observability/exporter-without-broker',
    severity: Severity.ERROR,
    title: 'The metrics exporter is not given the URL of the broker',
    why: 'It ends at once, `Error: Missing option \'--broker-url\'.`, in a loop. In the pod of a worker it keeps that pod from being ready, and the rollout from ending.',
    fix: 'Give it --broker-url, or the variable CE_BROKER_URL: it reads no other.',
    source: 'https://github.com/danihodovic/celery-exporter#running-the-docker-image',
    rows: ['N97'],
    check: (world, report) => {
      for (const { container, options } of exporters(world)) {
        // A script of its own may have the URL.
        if (!options || options.has('broker-url') || container.json.command !== undefined) continue;
        const other = [...container.env.all()].find(({ name }) => /BROKER/.test(name));
        report({ at: container.place(), ...(other ? { value: other.name } : {}), allowed: 'CE_BROKER_URL' });
      }
    },
  },
  {
    id: 'observability/exporter-keeps-series',
    severity: Severity.WARNING,
    title: 'The exporter keeps the metrics of pods that are gone',
    why: 'Names of pods are labels: without --generic-hostname-task-sent-metric each pod that ever sent a task has series of its own, up to a million; with a '
      + 'timeout of 0 celery_worker_up stays 1 for workers that are dead.',
    fix: 'Give it --generic-hostname-task-sent-metric, and leave --worker-timeout and --purge-offline-worker-metrics above 0.',
    source: 'https://github.com/danihodovic/celery-exporter/issues/157',
    rows: ['N29'],
    check: (world, report) => {
      for (const { container, options } of exporters(world)) {
        if (!options) continue;
        for (const name of ['worker-timeout', 'purge-offline-worker-metrics']) {
          if (Number(options.get(name) ?? 1) === 0) report({ at: container.place(), value: `--${name}=0`, allowed: 'a number of seconds above 0' });
        }
        if (!options.has('generic-hostname-task-sent-metric')) {
          report({ at: container.place(), allowed: '--generic-hostname-task-sent-metric', unless: 'tasks are sent by pods whose names never change' });
        }
      }
    },
  },
  {
    id: 'observability/log-in-a-file',
    severity: Severity.WARNING,
    title: 'The log goes to a file in the container',
    why: 'With --logfile nothing but the banner is written to the standard output: `kubectl logs` and all that collects logs of the cluster see no task and no '
      + 'traceback, and the file grows on the disk of the node until the pod is evicted, and is gone with it.',
    fix: 'Remove --logfile.',
    source: 'celery/app/log.py at https://github.com/celery/celery',
    rows: ['N75'],
    on: 'processes',
    check: (process, report) => {
      const option = process.option('--logfile');
      if (option.state !== 'known' || !['worker', 'beat'].includes(process.role) || /^(\s*|-|\/dev\/.*|\/proc\/.*)$/.test(option.value)) return;
      const { container, workload } = process;
      const mount = container.mountOf(container.absolute(option.value) ?? option.value);
      // What is shared, or outlives the pod, is there for somebody who reads it; and so is what the script follows.
      const shared = mount !== undefined && workload.containers.some((other) => other !== container
        && other.mounts.some(({ volume }) => volume.name === mount.volume.name));
      if (shared || (mount !== undefined && mount.volume.kind !== 'emptyDir') || container.words.some(({ text }) => /\btail\b/.test(text))) return;
      report({ at: process.place(option.path), value: `--logfile ${option.value}`, unless: 'the file is a link to the standard output' });
    },
  },
];
