import { ApiObject } from 'cdk8s';
import { IConstruct } from 'constructs';
import { asList, asMap, asText, get, isMap, JsonObject } from '../../manifests/json';
import { selects } from '../../manifests/policies';

// What a program has that connects to pods of ours from elsewhere. It is looked up when the manifests are written: any construct may have made it.

/** The objects of some kinds in the app of a construct, as manifests. */
function objects(scope: IConstruct, ...kinds: string[]): JsonObject[] {
  return scope.node.root.node.findAll()
    .filter((construct): construct is ApiObject => ApiObject.isApiObject(construct) && kinds.includes(construct.kind))
    .map((object) => object.toJson() as JsonObject);
}

const namespaceOf = (object: JsonObject): string | undefined => asText(get(object, 'metadata', 'namespace'));

/** Whether an Ingress or HTTPRoute leads to a Service. */
export function isExposed(scope: IConstruct, service: string, namespace: string | undefined): boolean {
  return objects(scope, 'Ingress', 'HTTPRoute').some((object) => {
    const rules = asList(get(object, 'spec', 'rules'));
    const backends = [
      get(object, 'spec', 'defaultBackend'),
      ...rules.flatMap((rule) => asList(get(rule, 'http', 'paths')).map((path) => get(path, 'backend'))),
    ].map((backend) => ({ name: get(backend, 'service', 'name'), in: namespaceOf(object) }));
    const refs = rules.flatMap((rule) => asList(get(rule, 'backendRefs')))
      .map((ref) => ({ name: get(ref, 'name'), in: asText(get(ref, 'namespace')) ?? namespaceOf(object) }));
    return [...backends, ...refs].some((backend) => backend.name === service && backend.in === namespace);
  });
}

/** Whether a monitor of the Prometheus operator selects pods or a Service with these labels. */
export function isScraped(scope: IConstruct, kind: 'PodMonitor' | 'ServiceMonitor', labels: JsonObject, namespace: string | undefined): boolean {
  return objects(scope, kind).some((monitor) => {
    const where = get(monitor, 'spec', 'namespaceSelector');
    const names = asList(get(where, 'matchNames'));
    const inNamespace = get(where, 'any') === true || (names.length > 0 ? names.includes(namespace) : namespaceOf(monitor) === namespace);
    const selector = get(monitor, 'spec', 'selector');
    return inNamespace && isMap(selector) && selects(selector, labels);
  });
}

/** Whether KEDA counts what is in a Redis or a RabbitMQ, for objects of one of the namespaces. */
export function isCounted(scope: IConstruct, server: 'redis' | 'rabbitmq', namespaces: ReadonlySet<string | undefined>): boolean {
  return objects(scope, 'ScaledObject', 'ScaledJob').some((object) => namespaces.has(namespaceOf(object))
    && asList(get(object, 'spec', 'triggers')).some((trigger) => asText(asMap(trigger).type)?.startsWith(server)));
}
