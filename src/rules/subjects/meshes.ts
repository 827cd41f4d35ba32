import { isInMesh, strictBy } from '../../manifests/meshes';
import { redisFor } from '../../manifests/brokers';
import { rabbitFor } from '../../manifests/rabbit-server';
import { shownUrl } from '../../manifests/uses';
import { Rule } from '../rule';
import { Severity } from '../severity';

/** Rules about service meshes. */
export const meshRules: Rule[] = [
  {
    id: 'network/mesh-refuses-plain-connections',
    severity: Severity.ERROR,
    title: 'Istio lets only pods of the mesh connect to the broker, and Celery is in none',
    why: 'With PeerAuthentication STRICT the proxy of the broker takes mutual TLS only, which a pod without a proxy does not speak: `Connection reset by peer`, `Error while reading from redis`, in a loop.',
    fix: 'Let Istio add its proxy to Celery as well (label istio-injection: enabled of the Namespace); or set mode PERMISSIVE for the port of the broker.',
    source: 'https://istio.io/latest/docs/reference/config/security/peer_authentication/',
    rows: ['N36'],
    on: 'brokerClients',
    check: ({ container: { workload }, urls }, report, world) => {
      for (const use of urls) {
        const rabbits = rabbitFor(use, world).flatMap(({ container }) => container ?? []);
        const servers = [...redisFor(use, world).map(({ container }) => container), ...rabbits];
        for (const { workload: server } of servers) {
          const strict = isInMesh(server, world) === true && isInMesh(workload, world) === false ? strictBy(server, world) : undefined;
          if (!strict) continue;
          report({
            at: use.at, value: shownUrl(use), note: `PeerAuthentication ${strict.name} of ${server.resource.kind} ${server.resource.name} is STRICT`, allowed: 'a proxy of Istio in these pods',
          });
          break;
        }
      }
    },
  },
];
