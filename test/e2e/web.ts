import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectl, python } from './harness';

/** The Services of controllers, in the namespaces that their manifests make. */
const CONTROLLERS = [['traefik', 'traefik'], ['ingress-nginx', 'ingress-nginx-controller']] as const;

/** The Service of the controller of Ingresses and Gateways. */
export async function controllerService(): Promise<{ namespace: string; name: string; address: string }> {
  for (const [namespace, name] of CONTROLLERS) {
    const address = await kubectl(['get', 'service', name, '-n', namespace, '-o', 'jsonpath={.spec.clusterIP}', '--ignore-not-found']).catch(() => '');
    if (address !== '') return { namespace, name, address };
  }
  throw new Error(`the cluster has no controller for Ingresses: none of the Services ${CONTROLLERS.map((names) => names.join('/')).join(', ')}`);
}

/** Where it answers, inside the cluster. */
export async function controller(): Promise<string> {
  return (await controllerService()).address;
}

/** A key and a certificate of its own for a host, as PEM. */
export function certificate(host: string): { key: string; crt: string } {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  try {
    const [key, crt] = ['tls.key', 'tls.crt'].map((name) => join(folder, name));
    execFileSync('openssl', [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key, '-out', crt, '-subj', `/CN=${host}`,
      '-addext', `subjectAltName=DNS:${host}`,
    ], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), crt: readFileSync(crt, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A line of htpasswd. */
export function htpasswd(user: string, password: string): string {
  return `${user}:${execFileSync('openssl', ['passwd', '-apr1', password], { encoding: 'utf8' }).trim()}`;
}

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The certificate that it showed, as PEM. */
  readonly certificate?: string;
}

/** What is asked for. */
export interface Question {
  readonly url: string;
  /** `user:password`. */
  readonly login?: string;
  readonly method?: string;
}

/** Asks the controller from a pod, as a browser does that resolves the host to it. Follows no redirects, and believes any certificate. */
export async function ask(namespace: string, pod: string, address: string, questions: readonly Question[]): Promise<Answer[]> {
  return JSON.parse(await python(namespace, pod, `
import base64, http.client, json, socket, ssl
from urllib.parse import urlsplit

def ask(url, login=None, method='GET'):
    parts = urlsplit(url)
    tls = parts.scheme == 'https'
    connection = http.client.HTTPConnection(parts.hostname)
    connection.sock = socket.create_connection((${JSON.stringify(address)}, 443 if tls else 80), timeout=10)
    seen = None
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection.sock = context.wrap_socket(connection.sock, server_hostname=parts.hostname)
        seen = ssl.DER_cert_to_PEM_cert(connection.sock.getpeercert(True))
    headers = {'Authorization': 'Basic ' + base64.b64encode(login.encode()).decode()} if login else {}
    connection.request(method, parts.path + ('?' + parts.query if parts.query else ''), headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode(errors='replace')
    return {'status': answer.status, 'headers': {name.lower(): value for name, value in answer.getheaders()}, 'body': body, 'certificate': seen}

print(json.dumps([ask(**question) for question in json.loads(${JSON.stringify(JSON.stringify(questions))})]))
`)) as Answer[];
}
