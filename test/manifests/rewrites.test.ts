import { pathSeen } from '../../src/manifests/rewrites';
import { World } from '../../src/manifests/world';

/** What Flower sees of /flower by an Ingress with annotations: its path, `*` behind it where nothing more of the path is left. */
function seen(annotations: Record<string, string>, path = '/flower', pathType = 'Prefix'): string | undefined {
  const world = new World([{
    apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'flower', annotations },
    spec: { rules: [{ http: { paths: [{ path, pathType, backend: { service: { name: 'flower', port: { number: 80 } } } }] } }] },
  }]);
  const [resource] = world.kind('Ingress');
  const found = pathSeen({ resource, path: ['spec', 'rules', 0, 'http', 'paths', 0, 'backend'] }, path, world);
  return found && `${found.path}${found.constant ? '*' : ''} ${found.rewritten ? 'rewritten' : 'kept'}`;
}

const NGINX = 'nginx.ingress.kubernetes.io/rewrite-target';
const HAPROXY = 'haproxy.org/path-rewrite';

test.each<[string, Record<string, string>, string, string | undefined]>([
  ['none', {}, '/flower', '/flower kept'],
  ['the path itself', { [NGINX]: '/flower/' }, '/flower/', '/flower kept'],
  ['another path', { [NGINX]: '/' }, '/flower', '* rewritten'],
  ['what a group of the path has', { [NGINX]: '/$2' }, '/flower(/|$)(.*)', ' rewritten'],
  ['one word of HAProxy', { [HAPROXY]: '/' }, '/flower', '* rewritten'],
  ['a pattern of HAProxy', { [HAPROXY]: '/flower/(.*) /\\1' }, '/flower', ' rewritten'],
  ['a pattern with anchors', { [HAPROXY]: '^/flower/(.*)$ /web/\\1' }, '/flower', '/web rewritten'],
  ['a pattern of a longer path', { [HAPROXY]: '/flower/admin/(.*) /\\1' }, '/flower', undefined],
  ['a pattern with more behind it', { [HAPROXY]: '/flower/(.*)x /\\1' }, '/flower', undefined],
  ['a pattern that is replaced by something else', { [HAPROXY]: '/flower/(.*) /web' }, '/flower', undefined],
  ['Kong, which strips it', { 'konghq.com/strip-path': 'true' }, '/flower', ' rewritten'],
  ['Kong, which does not', { 'konghq.com/strip-path': 'false' }, '/flower', '/flower kept'],
  ['one that is not known', { 'example.com/rewrite': '/x' }, '/flower', undefined],
])('rewrites by %s', (_, annotations, path, expected) => {
  expect(seen(annotations, path)).toBe(expected);
});
