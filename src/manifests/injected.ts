import { asScalar } from './json';
import { Workload } from './pod/workload';

/** By these, a webhook adds containers that no manifest shows: `sidecar.opentelemetry.io/inject`, `linkerd.io/inject`. */
const INJECTS = /inject/i;
const OFF = /^(false|disabled|no|off)$/i;

/** What is in a pod by now of a service mesh, an agent of Vault or an instrumentation: neither a broker nor a way to one. */
const WITHOUT_SERVERS = /^((sidecar\.)?istio\.io|linkerd\.io|config\.linkerd\.io|vault\.hashicorp\.com|instrumentation\.opentelemetry\.io|admission\.datadoghq\.com)\//;

/** The annotations and labels of a pod that let something add containers to it. */
function injections({ annotations, labels }: Workload): string[] {
  return Object.entries({ ...labels, ...annotations }).flatMap(([name, value]) => INJECTS.test(name) && !OFF.test(asScalar(value) ?? '') ? [name] : []);
}

/** Containers that nobody sees may be in the pod. */
export function isInjected(workload: Workload): boolean {
  return injections(workload).length > 0;
}

/** One of them may be a server, or lead to one. */
export function injectsServer(workload: Workload): string | undefined {
  return injections(workload).find((name) => !WITHOUT_SERVERS.test(name));
}

/** The names that the containers of Istio, Linkerd, Dapr and OpenTelemetry give to their ports: namespaces have them injected, too. */
export const PORTS_OF_INJECTED = /^(http-envoy-prom|linkerd-(admin|proxy)|dapr-(http|grpc|internal|metrics)|otlp-(grpc|http))$/;

/** The names of containers that meshes and agents add to a pod when it is created. */
export const CONTAINERS_OF_INJECTED = /prox|agent|sidecar|envoy|istio|linkerd|dapr|vault|consul|kuma|otc-|otel|collector|csql|cloud-?sql|fluent|filebeat|datadog|^dd-/;
