import { ApiObject, Chart } from 'cdk8s';
import { ResultBackend, SecretKey } from '../../src';

/** Secrets of type kubernetes.io/tls: of the server, and of a client, whose CA the server asks for. */
interface Tls {
  readonly secretName: string;
  readonly clientSecretName: string;
}

/** PostgreSQL takes no private key that others can read. */
const WITH_TLS = `
cp /tls/tls.key /tmp/tls.key && chmod 600 /tmp/tls.key
exec postgres -k /tmp -c listen_addresses=* -c ssl=on -c ssl_cert_file=/tls/tls.crt -c ssl_key_file=/tmp/tls.key -c ssl_ca_file=/clients/ca.crt`;

/** The official image and Debian's have the programs in one folder. */
const script = (databases: readonly string[], tls: boolean): string => `
set -e
export PATH=$PATH:/usr/lib/postgresql/15/bin PGDATA=/tmp/data
printf %s "$PASSWORD" > /tmp/password
initdb --encoding=UTF8 --locale=C --username=celery --auth=scram-sha-256 --pwfile=/tmp/password
${tls ? 'sed -i /^host/d $PGDATA/pg_hba.conf' : ''}
echo '${tls ? 'hostssl' : 'host'} all all all scram-sha-256${tls ? ' clientcert=verify-ca' : ''}' >> $PGDATA/pg_hba.conf
printf 'create database %s\\n' ${databases.join(' ')} | postgres --single postgres
${tls ? WITH_TLS : 'exec postgres -k /tmp -c listen_addresses=*'}`;

/** A PostgreSQL in the namespace of the chart, of the image postgres:15, with a database for each app: returns the result backends. */
export function postgres(chart: Chart, password: SecretKey, databases: readonly string[], tls?: Tls): ResultBackend[] {
  const labels = { app: 'postgres' };
  const certificates = tls ? [
    { name: 'tls', mountPath: '/tls', secret: { secretName: tls.secretName } },
    { name: 'clients', mountPath: '/clients', secret: { secretName: tls.clientSecretName, items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  ] : [];
  new ApiObject(chart, 'postgres', {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'postgres' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [{
            name: 'postgres', image: 'postgres:15', command: ['sh', '-c', script(databases, tls !== undefined)], readinessProbe: { tcpSocket: { port: 5432 }, periodSeconds: 2 },
            env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: password } }],
            resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, ...certificates.map(({ name, mountPath }) => ({ name, mountPath }))],
          }],
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }, ...certificates.map(({ name, secret }) => ({ name, secret }))],
        },
      },
    },
  });
  new ApiObject(chart, 'postgres-service', {
    apiVersion: 'v1', kind: 'Service', metadata: { name: 'postgres' }, spec: { selector: labels, ports: [{ port: 5432 }] },
  });
  const host = `postgres.${chart.namespace}.svc.cluster.local`;
  return databases.map((database) => ResultBackend.fromPostgres({
    host, database, username: 'celery', password, ...(tls ? { tls: { ca: { name: tls.secretName, key: 'ca.crt' }, clientSecretName: tls.clientSecretName } } : {}),
  }));
}
