import { parse, violations } from './manifests';

/** Fixes say what is known here: the Secret, the application, the host. */
function fixes(id: string, text: string): Array<string | undefined> {
  return violations(parse(text)).filter(({ rule }) => rule.id === id).map(({ fix }) => fix);
}

function worker(command: string, more = '', kind = ''): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: worker${kind}}
spec:
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      containers:
        - name: worker
          image: registry.example/shop:1.4.2
          command: ${command}
${more.replace(/^(?=.)/gm, '          ')}
---
`;
}

const WORKER = '[celery, -A, shop, worker, -c, "2"]';

const REDIS = `apiVersion: apps/v1
kind: Deployment
metadata: {name: redis}
spec:
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
        - name: redis
          image: redis:7.4
          args: [redis-server, --requirepass, $(REDIS_PASSWORD)]
          env: [{name: OTHER, valueFrom: {secretKeyRef: {name: other, key: x}}}, {name: REDIS_PASSWORD, valueFrom: {secretKeyRef: {name: redis-auth, key: secret}}}]
---
apiVersion: v1
kind: Service
metadata: {name: queue}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
---
`;

test.each([
  ['redis://queue/2', 'redis://:$(REDIS_PASSWORD)@queue:6379/2.'], ['redis://queue:6379', 'redis://:$(REDIS_PASSWORD)@queue:6379/0.'],
])('the Secret of the password of Redis: %s', (url, written) => {
  expect(fixes('redis/password-not-given', `${worker(WORKER, `env: [{name: CELERY_BROKER_URL, value: "${url}"}]`)}${REDIS}`)).toEqual([
    `Define REDIS_PASSWORD before CELERY_BROKER_URL by a secretKeyRef to the key secret of Secret redis-auth, and write ${written}`,
  ]);
});

test.each([
  ['by a key', 'env: [{name: A, valueFrom: {secretKeyRef: {name: shop-secrets, key: a}}}, {name: CELERY_BROKER_URL, value: "redis://:hunter2@r/0"}]', 'such as shop-secrets, which the container reads already'],
  ['as a whole', 'env: [{name: CELERY_BROKER_URL, value: "redis://:hunter2@r/0"}]\nenvFrom: [{configMapRef: {name: c}}, {secretRef: {name: shop-env}}]', 'such as shop-env, which the container reads already'],
])('the Secret that the container reads already %s', (_, more, said) => {
  const [fix] = fixes('env/literal-password', worker(WORKER, more));
  expect(fix).toContain(said);
  expect(fix).not.toContain('hunter2');
});

test('no Secret where the container reads none', () => {
  expect(fixes('env/literal-password', worker(WORKER, 'env: [{name: CELERY_BROKER_URL, value: "redis://:hunter2@r/0"}]'))).toEqual([undefined]);
});

test.each([
  ['delivery/purge-at-start', '[celery, -A, shop, worker, --purge]', 'Remove --purge; to empty queues once, run `celery -A shop purge`.'],
  ['code/worker-option-before-subcommand', '[celery, -A, shop, -E, worker]', 'Put them after the subcommand: celery -A shop worker -E.'],
])('the application: %s', (id, command, fix) => {
  expect(fixes(id, worker(command))).toEqual([fix]);
});

test('the application that is given after the subcommand', () => {
  expect(violations(parse(worker('[celery, worker, -A, shop]'))).filter(({ rule }) => rule.id === 'code/app-option-after-subcommand').map(({ allowed }) => allowed))
    .toEqual(['celery --app shop worker']);
});

test('the whole name of the host that KEDA is to ask', () => {
  expect(fixes('scaling/keda-resolves-elsewhere', `${worker(WORKER).replace('{name: worker}', '{name: worker, namespace: shop}')}apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: worker, namespace: shop}
spec: {scaleTargetRef: {name: worker}, triggers: [{type: redis, metadata: {address: "queue:6379", listName: celery}}]}
`)).toEqual(['Write the whole name: queue.shop.svc.cluster.local:6379.']);
});
