import { ApiObject } from 'cdk8s';
import { CeleryWorker, RedisBroker } from '../../src';
import { certificates } from '../e2e/certificates';
import { exec, say, testIn } from '../e2e/harness';
import { allReady, celeryApp, deployed, namespace, sendSquares, Sent, SMALL, SQUARE } from './drill';
import { postgres } from './postgres';

/**
 * Results in a PostgreSQL that takes only connections with TLS, and only clients with a certificate: its CA and that of the clients are two that
 * nobody else knows. libpq takes the private key only where its mode is strict enough.
 */
const NAMESPACE = 'celery-drill-postgres-tls';

deployed(namespace(NAMESPACE, (chart) => {
  const secret = (name: string, stringData: object, type?: string): void => void new ApiObject(chart, name, { apiVersion: 'v1', kind: 'Secret', type, metadata: { name }, stringData });
  secret('passwords', { password: 'p@ss:w/#?[]%+ "w\'ord' });
  secret('postgres-tls', certificates(`postgres.${NAMESPACE}.svc.cluster.local`), 'kubernetes.io/tls');
  secret('client-tls', certificates('celery'), 'kubernetes.io/tls');
  const [resultBackend] = postgres(chart, { name: 'passwords', key: 'password' }, ['results'], { secretName: 'postgres-tls', clientSecretName: 'client-tls' });
  const celery = celeryApp(chart, { broker: new RedisBroker(chart, 'redis'), resultBackend, files: { 'tasks.py': SQUARE }, resources: SMALL });
  new CeleryWorker(chart, 'worker', { celery });
}));

const python = (code: string): Promise<string> => exec(NAMESPACE, 'deploy/celery-worker', ['python', '-m', 'cdk8s_celery_launch', 'python', '-'], code);

testIn(NAMESPACE)('100 tasks have their results, and each connection has TLS and the certificate of the client', async () => {
  await allReady(NAMESPACE, ['celery-worker'], 500);
  expect(JSON.parse(await python(sendSquares(100, 60))) as Sent).toMatchObject({ right: 100, again: [] });
  const query = 'select ssl, version, client_dn from pg_stat_ssl join pg_stat_activity using (pid) where client_addr is not null';
  const sessions = await exec(NAMESPACE, 'deploy/postgres', ['sh', '-c',
    `PATH=$PATH:/usr/lib/postgresql/15/bin PGPASSWORD="$PASSWORD" psql -h /tmp -U celery -d results -At -c '${query}'`]);
  say(sessions.trim());
  expect([...new Set(sessions.trim().split('\n'))]).toEqual(['t|TLSv1.3|/CN=redis']);
});

testIn(NAMESPACE)('the key can be read by root and the group of the pod only, and nothing connects without it', async () => {
  const mode = await exec(NAMESPACE, 'deploy/celery-worker', ['sh', '-c', 'stat -L -c "%a %U" /etc/celery-result-tls/tls.key && id -u']);
  say(mode.trim());
  expect(mode).toMatch(/^440 root\n[1-9]/);
  const failed = await python(`
import os, re, psycopg
url = re.sub('^db.postgresql.psycopg', 'postgresql', os.environ['CELERY_RESULT_BACKEND'])
for wrong in (re.sub('&sslcert=.*', '&sslcert=/none&sslkey=/none', url), re.sub('[?].*', '?sslmode=disable', url), url.replace('/celery-result-tls/ca.crt', '/celery-result-tls/tls.crt')):
    try:
        psycopg.connect(wrong)
        print('connected')
    except psycopg.OperationalError as exc:
        print(str(exc).splitlines()[0])`);
  say(failed);
  const lines = failed.trim().split('\n');
  expect(lines).toEqual([
    expect.stringContaining('connection requires a valid client certificate'), expect.stringContaining('no pg_hba.conf entry'), expect.stringContaining('certificate verify failed'),
  ]);
});
