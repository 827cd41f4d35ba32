import { parse, violations } from './manifests';
import { World } from '../../src/manifests/world';
import { conditions } from '../../src/rules/finding';

/** What reading manifests of other projects taught: each was a false alarm, or was not seen. */
interface Pod {
  readonly container: string;
  readonly image?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly pod?: string;
  readonly spec?: string;
}

function workload({ container, image = 'registry.example/shop:1.4.2', kind = 'Deployment', name = 'shop', pod = '', spec = '' }: Pod): string {
  return `apiVersion: apps/v1
kind: ${kind}
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
${spec}  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 600
${pod}      containers:
        - image: ${image}
          name: main
${container.replace(/^/gm, '          ')}
---
`;
}

const WORKER = 'command: [celery, -A, shop, worker, -c, "2"]';
const BEAT = 'command: [celery, -A, shop, beat, -s, /tmp/s]';

function found(...manifests: Array<string | Pod>): string[] {
  const text = manifests.map((one) => typeof one === 'string' ? one : workload(one)).join('');
  return violations(parse(text)).map(({ rule, severity, note, unless }) => [`${rule.id} ${severity}`, conditions(note, unless)].filter(Boolean).join(': '));
}

const about = (findings: string[], ...ids: string[]) => findings.filter((one) => ids.some((id) => one.startsWith(id)));

describe('no false alarm', () => {
  test.each<[string, Array<string | Pod>, string[]]>([
    ['airflow under another name', [
      { image: 'registry.example/airflow:2.9.3', container: 'args: [celery, worker]\nresources: {limits: {memory: 4Gi}}' },
      { image: 'registry.example/airflow:2.9.3', container: 'args: [celery, flower]\nenv: [{name: AIRFLOW__CELERY__FLOWER_BASIC_AUTH, value: "a:$(P)"}]', name: 'flower' },
    ], ['resources/concurrency', 'flower/events-off', 'flower/open']],
    ['airflow behind an entrypoint', [
      { container: 'command: [/docker_start.sh, celery, worker]\nenv: [{name: AIRFLOW__CELERY__BROKER_URL, value: "redis://r:6379/0"}]\nresources: {limits: {memory: 4Gi}}' },
    ], ['resources/concurrency']],
    ['a claim that Beat does not write to', [{
      pod: '      securityContext: {runAsUser: 1000}\n      volumes: [{name: run, emptyDir: {}}, {name: data, persistentVolumeClaim: {claimName: c}}]\n',
      container: 'command: [celery, -A, shop, beat, -s, /run/celery/s]\nvolumeMounts: [{name: run, mountPath: /run/celery}, {name: data, mountPath: /data}]',
    }], ['filesystem/volume-without-fsgroup']],
    ['ten minutes to install', [{
      container: 'command: [sh, -c, "pip install flower && exec celery -A shop flower"]\nlivenessProbe: {tcpSocket: {port: 5555}, periodSeconds: 20, failureThreshold: 30}',
    }], ['install/killed']],
    ['an eighth of a CPU for each child', [{ container: `${WORKER.replace('"2"', '"16"')}\nresources: {limits: {cpu: "2"}}` }], ['resources/cpu-limit']],
    ['a script of the image that is told flower', [
      { container: 'command: [/app/start.sh, flower]' },
      'apiVersion: v1\nkind: Service\nmetadata: {name: f}\nspec: {type: NodePort, selector: {app: shop}, ports: [{port: 5555}]}\n---\n',
    ], ['flower/']],
    ['the shell of the image of Flower', [
      { image: 'mher/flower:2.0.1', container: 'command: [/bin/sh, -c]\nargs: ["celery --broker=redis://redis:6379/0 flower"]' },
    ], ['shutdown/shell']],
  ])('%s', (_, manifests, ids) => {
    expect(about(found(...manifests), ...ids)).toEqual([]);
  });

  test('a probe that follows the advice of any-worker-answers', () => {
    const fine = 'readinessProbe: {exec: {command: [sh, -c, "exec celery -A shop inspect ping -d celery@$HOSTNAME"]}, periodSeconds: 60, timeoutSeconds: 30}';
    expect(about(found({ container: `${WORKER}\n${fine}`, spec: '  replicas: 2\n' }), 'probes/')).toEqual([]);
  });
});

describe('seen', () => {
  test.each<[string, Array<string | Pod>, string[]]>([
    ['a password next to an envFrom that nobody knows', [{
      container: `${WORKER}\nenv: [{name: CELERY_BROKER_URL, value: "redis://:hunter2@redis:6379/0"}]\nenvFrom: [{secretRef: {name: smtp}}]`,
    }], ['env/literal-password warning']],
    ['a read-only root and nothing but /tmp', [{
      pod: '      volumes: [{name: tmp, emptyDir: {}}]\n',
      container: 'command: [celery, -A, shop, beat]\nsecurityContext: {readOnlyRootFilesystem: true}\nvolumeMounts: [{name: tmp, mountPath: /tmp}]',
    }], ['beat/schedule-not-writable warning: unless the application sets beat_schedule_filename or another beat_scheduler']],
    ['two Beats of a script', [{ container: 'command: [/entrypoint-celery-beat.sh]', spec: '  replicas: 2\n  strategy: {type: Recreate}\n' }],
      ['beat/more-than-one error']],
    ['a Beat in the worker next to the Beat', [
      { container: WORKER.replace(']', ', -B]') }, { container: BEAT, name: 'beat', spec: '  strategy: {type: Recreate}\n' },
    ], ['beat/in-worker error: Deployment beat runs the Beat of this application already']],
    ['a Rollout of Beat', [{ container: BEAT, kind: 'Rollout', spec: '  strategy: {canary: {}}\n' }], ['beat/rolling-update error']],
    ['a ping in Python', [{
      container: `${WORKER}\nlivenessProbe: {exec: {command: [python, -c, "from shop import app; assert app.control.ping(timeout=5)"]}, periodSeconds: 10, timeoutSeconds: 1}`,
    }], ['probes/celery-times-out error', 'probes/celery-too-often warning', 'probes/liveness-needs-broker warning']],
    ['options of Celery 4 in the probe of a Celery 5', [{
      container: `${WORKER}\nreadinessProbe: {exec: {command: [celery, inspect, ping, -A, shop]}, periodSeconds: 60, timeoutSeconds: 30}`,
    }], ['code/app-option-after-subcommand error']],
    ['what kubelet empties in a script of a probe', [{
      container: `${WORKER}\nenv: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]\n`
        + 'readinessProbe: {exec: {command: [sh, -c, "exec celery -A shop inspect ping -d celery@$(POD)"]}, periodSeconds: 60, timeoutSeconds: 30}',
    }], ['probes/dollar-without-shell error: $(POD) becomes an empty string']],
    ['the queue that KEDA counts in RabbitMQ', [{ container: WORKER.replace(']', ', -Q, mails]') },
      'apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: s}\nspec: {scaleTargetRef: {name: shop}, triggers: [{type: rabbitmq, metadata: {queueName: celery}}]}\n---\n',
    ], ['scaling/keda-other-queue error']],
    ['an object without a namespace next to those in default', [
      workload({ container: WORKER, spec: '  replicas: 2\n' }).replace('{name: shop}', '{name: shop, namespace: default}'),
      'apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: shop}}\n---\n',
    ], ['scaling/replicas-fight-autoscaler warning: HorizontalPodAutoscaler h']],
    ['a broker that only an unreadable container names', [
      { container: 'env: [{name: CELERY_BROKER_URL, value: "redis://redis:6379/0"}]' },
      workload({ name: 'redis', container: 'command: [redis-server, --maxmemory-policy, allkeys-lru]' }),
      'apiVersion: v1\nkind: Service\nmetadata: {name: redis}\nspec: {selector: {app: redis}, ports: [{port: 6379}]}\n---\n',
    ], ['redis/evicts-tasks error']],
    ['30 s that the API server wrote', [
      workload({ container: WORKER }).replace('{name: shop}', '{name: shop, uid: a, resourceVersion: "1"}').replace('Seconds: 600', 'Seconds: 30'),
    ], ['shutdown/grace-not-set advice']],
  ])('%s', (_, manifests, expected) => {
    expect(about(found(...manifests), ...new Set(expected.map((one) => one.split(' ')[0]))).sort()).toEqual(expected.sort());
  });

  test('the objects of a Template of OpenShift, with its defaults', () => {
    const beat = parse(workload({ container: BEAT, spec: '  replicas: ${{N}}\n  strategy: {type: Recreate}\n' }))[0];
    const template = { apiVersion: 'template.openshift.io/v1', kind: 'Template', objects: [beat], parameters: [{ name: 'N', value: '2' }] };
    const [one] = violations([template]);
    expect([one.rule.id, one.value, one.at.resource.prefix]).toEqual(['beat/more-than-one', 'replicas: 2', ['objects', 0]]);
  });
});

describe('what a script of a ConfigMap runs', () => {
  const roles = (script: string, args: string, env = '') => new World(parse(`${workload({
    container: `command: [/s/e.sh${args}]\nvolumeMounts: [{name: s, mountPath: /s}]${env}`, pod: '      volumes: [{name: s, configMap: {name: s}}]\n',
  })}apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata:\n  e.sh: |\n${script.replace(/^/gm, '    ')}\n`)).processes.map(({ role }) => role);
  const CASE = 'case "$ROLE" in worker) exec celery -A s worker;; beat) exec celery -A s beat;; esac';
  const IF = 'if [ "$1" = worker ]; then exec celery -A s worker; elif [ "$1" = beat ]; then exec celery -A s beat; fi';
  const ELSE = 'if [[ "$ROLE" == worker ]]; then exec celery -A s worker\nelse exec celery -A s beat\nfi';
  const ROLE = '\nenv: [{name: ROLE, value: beat}]';

  test.each<[string, string, string, string, string[]]>([
    ['a variable with a default', `#!/bin/sh\nROLE="\${1:-worker}"\n${CASE}`, '', '', ['worker']],
    ['a variable from an argument', `#!/bin/sh\nROLE="\${1:-worker}"\n${CASE}`, ', beat', '', ['beat']],
    ['a variable that is set twice', `#!/bin/sh\nROLE=worker\nif true; then ROLE=beat; fi\n${CASE}`, '', '', []],
    ['if and elif', `#!/bin/sh\n${IF}`, ', beat', '', ['beat']],
    ['if, taken', `#!/bin/sh\n${IF}`, ', worker', '', ['worker']],
    ['if, none taken', `#!/bin/sh\n${IF}`, ', web', '', []],
    ['else', `#!/bin/bash\n${ELSE}`, '', ROLE, ['beat']],
    ['a condition that only a run tells', `#!/bin/bash\n${ELSE}`, '', '\nenv: [{name: ROLE, valueFrom: {secretKeyRef: {name: a, key: b}}}]', []],
    ['a condition of two tests', '#!/bin/sh\nif [ a = b ] || [ "$X" ]; then exec celery -A s worker; else exec celery -A s beat; fi', '', '', []],
  ])('%s', (_, script, args, env, expected) => {
    expect(roles(script, args, env)).toEqual(expected);
  });
});

test('names that are too common mean Celery only where others say so', () => {
  const processes = (container: string, name = 'web') => new World(parse(workload({ container, name }))).processes.map(({ role }) => role);
  expect(processes('command: [/start-worker]')).toEqual([]);
  expect(processes('command: [/start-worker]', 'celery')).toEqual(['worker']);
  expect(processes('command: [./run_celery.sh, beat]')).toEqual(['beat']);
  expect(processes('command: [/start-worker]\nlivenessProbe: {exec: {command: [celery, -A, shop, inspect, ping]}}')).toEqual(['worker']);
});

test('what looks like Celery and cannot be read is unknown', () => {
  const unknown = (container: string, name: string) => new World(parse(workload({ container, name }))).unknown.length;
  expect(unknown('args: []', 'celery-worker')).toBe(1);
  expect(unknown('args: []', 'web')).toBe(0);
  expect(unknown(WORKER, 'celery-worker')).toBe(0);
  expect(unknown('command: [celery-exporter]', 'celery-exporter')).toBe(0);
  expect(unknown('command: [gunicorn, shop]', 'celery-api')).toBe(0);
});
