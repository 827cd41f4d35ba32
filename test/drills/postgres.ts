import { ApiObject, Chart } from 'cdk8s';
import { ResultBackend, SecretKey } from '../../src';

/** The official image and Debian's have the programs in one folder. */
const script = (databases: readonly string[]): string => `
set -e
export PATH=$PATH:/usr/lib/postgresql/15/bin PGDATA=/tmp/data
printf %s "$PASSWORD" > /tmp/password
initdb --encoding=UTF8 --locale=C --username=celery --auth=scram-sha-256 --pwfile=/tmp/password
echo 'host all all all scram-sha-256' >> $PGDATA/pg_hba.conf
printf 'create database %s\\n' ${databases.join(' ')} | postgres --single postgres
exec postgres -k /tmp -c listen_addresses=*`;

/** A PostgreSQL in the namespace of the chart, of the image postgres:15, with a database for each app: returns the result backends. */
export function postgres(chart: Chart, password: SecretKey, databases: readonly string[]): ResultBackend[] {
  const labels = { app: 'postgres' };
  new ApiObject(chart, 'postgres', {
    apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'postgres' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          securityContext: { runAsUser: 999, runAsGroup: 999, fsGroup: 999, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [{
            name: 'postgres', image: 'postgres:15', command: ['sh', '-c', script(databases)], readinessProbe: { tcpSocket: { port: 5432 }, periodSeconds: 2 },
            env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: password } }],
            resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '512Mi' } },
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          }],
          volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }],
        },
      },
    },
  });
  new ApiObject(chart, 'postgres-service', {
    apiVersion: 'v1', kind: 'Service', metadata: { name: 'postgres' }, spec: { selector: labels, ports: [{ port: 5432 }] },
  });
  const host = `postgres.${chart.namespace}.svc.cluster.local`;
  return databases.map((database) => ResultBackend.fromPostgres({ host, database, username: 'celery', password }));
}
