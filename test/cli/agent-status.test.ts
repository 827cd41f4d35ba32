import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withKubectl } from './fake-kubectl';
import { AgentStatus, status } from '../../src/cli/status';

// What real agents answer has this shape: agent/tests/test_status.py.
const answer = (role: string): string => readFileSync(join(__dirname, `../../agent/tests/status-${role}.json`), 'utf8');

/** How each field that is read looks, in the answer of which role. A new field does not compile without a row. */
const FIELDS: Record<keyof Required<AgentStatus>, readonly [roles: string, pattern: RegExp]> = {
  live: ['worker beat', /^true$/],
  ready: ['worker beat', /^true$/],
  reason: ['worker beat', /^""$/],
  now: ['worker beat', /^"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00"$/],
  hostname: ['worker beat', /^".+"$/],
  queues: ['worker', /^\{"celery":3\}$/],
  not_consumed: ['worker', /^\[\]$/],
  reserved: ['worker', /^\d+$/],
  looked_at: ['worker beat', /^"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00"$/],
  broker: ['worker beat', /^\{.*"error":".*"\}$/],
  active: ['worker', /^\d+$/],
  unacked: ['worker', /^4$/],
  oldest_unacked: ['worker', /^"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00"$/],
  concurrency: ['worker', /^\d+$/],
  last_receipt: ['worker', /^"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00"$/],
  last_tick: ['worker beat', /^"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00"$/],
  rival: ['beat', /^".+"$/],
  agent_errors: ['worker beat', /^\[(\{"error":".+)?\]$/],
  versions: ['worker beat', /^\{"celery":".+","kombu":".+",.*"python":".+"\}$/],
};

test.each(['worker', 'beat'])('the agent of a %s answers with each field that is read, as it is read', (role) => {
  const found = JSON.parse(answer(role)) as Record<string, unknown>;
  for (const [name, [roles, pattern]] of Object.entries(FIELDS)) {
    if (roles.includes(role)) expect([name, JSON.stringify(found[name])]).toEqual([name, expect.stringMatching(pattern)]);
    else expect(found).not.toHaveProperty(name);
  }
});

test('the table shows it', async () => {
  const pod = (name: string, role: string): object => ({
    metadata: { name, namespace: 'shop', labels: { component: role } },
    spec: { containers: [{ name: role, ports: [{ name: 'health', containerPort: 8790 }] }] },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [{ state: { running: {} } }] },
  });
  let printed = '';
  await withKubectl({
    'get pods': [JSON.stringify({ items: [pod('worker-1', 'worker'), pod('beat-1', 'beat')] })],
    'http:worker-1:8790': [answer('worker')],
    'http:beat-1:8790': [answer('beat')],
  }, () => status(['-n', 'shop'], (text) => printed += text, () => undefined));
  expect(printed.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    expect.anything(),
    ['worker-1', 'worker', 'yes', 'yes', 'celery=3', '1/2', '3s ago', 'celery 5.7.0, kombu 5.7.0, python 3.12.1',
      'an error of the agent itself: look: ZeroDivisionError: division by zero'],
    ['beat-1', 'beat', 'yes', 'yes', '-', '-', '1s ago', 'celery 5.7.0, kombu 5.7.0, python 3.12.1',
      'another Beat works on the same schedule: celery-beat-9f9f:7:5e6f7a8b'],
    ['-: 4 messages are delivered and not acknowledged, the oldest for 25m (counted every 30 seconds), '
      + 'by workers, or by one that has died (cdk8s-celery requeue)'],
    [''],
  ]);
});
