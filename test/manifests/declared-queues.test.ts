import { declaredQueues, difference } from '../../src/manifests/declared-queues';
import { World } from '../../src/manifests/world';

/** A worker with code in a ConfigMap, as objects. */
function worker(code: string, { args = [], url = 'amqp://shop:pass@rabbitmq.example.net:5672/' }: { args?: string[]; url?: string } = {}): object[] {
  const text = `from celery import Celery\nfrom kombu import Queue\napp = Celery("shop", broker="${url}")\n${code}\n`;
  const container = { name: 'worker', image: 'shop:1', workingDir: '/code', command: ['celery', '-A', 'shop', 'worker', ...args], volumeMounts: [{ name: 'code', mountPath: '/code' }] };
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'code' }, data: { 'shop.py': text } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'worker' }, spec: { template: { spec: { containers: [container], volumes: [{ name: 'code', configMap: { name: 'code' } }] } } } },
  ];
}

/** `name: property value, ...` of each queue. */
const queues = (objects: object[]): string[] => declaredQueues(new World(objects)).flat()
  .map(({ name, properties }) => `${name}: ${[...properties].map(([property, value]) => `${property} ${value}`).join(', ')}`);

test.each<[string, string[]]>([
  ['', ['celery: ']], ['app.conf.task_default_queue = "shop"', ['shop: ']], ['app.conf.task_default_queue_type = "quorum"', ['celery: x-queue-type quorum']],
  ['app.conf.task_queue_max_priority = 5', ['celery: x-max-priority 5']],
  ['app.conf.task_queues = [Queue("a"), Queue("b", durable=True, auto_delete=False)]', ['a: ', 'b: ']],
  ['app.conf.task_queues = (Queue("a", routing_key="a,b", max_priority=3),)', ['a: x-max-priority 3']],
  ['app.conf.task_queues = [Queue(name="a", queue_arguments={"x-max-priority": 3, "x-queue-type": "classic", "x-unknown": 1})]', ['a: x-max-priority 3']],
  ['app.conf.task_queues = [Queue("a", message_ttl=1.5, expires=60)]', ['a: x-message-ttl 1500, x-expires 60000']],
  ['app.conf.task_queues = [Queue("a", durable=False, auto_delete=True, max_length=None)]', ['a: durable false, auto_delete true']],
  ['app.conf.task_queue_max_priority = 5\napp.conf.task_queues = [Queue("a"), Queue("b", max_priority=3)]', ['a: x-max-priority 5', 'b: x-max-priority 3']],
  // What only a run tells.
  ['app.conf.task_queues = QUEUES', []], ['app.conf.task_queues = [Queue("a"), *others]', []], ['app.conf.task_queues = [Queue(NAME)]', []], ['app.conf.task_queues = [Queue("a", **options)]', []],
  ['app.conf.task_queues = [Queue("a", *more)]', []], ['app.conf.task_queues = [Queue("a", queue_arguments=ARGUMENTS)]', []], ['app.conf.task_queues = [Queue("a", queue_arguments={"x-max-priority": HIGHEST})]', []],
  ['app.conf.task_queues = [Queue("a", max_priority=HIGHEST)]', []], ['app.conf.task_queues = [Queue("a")] + more', []], ['app.conf.task_queues = [Queue("a")]\napp.conf.task_queues = []', []],
  ['app.conf.task_queues += [Queue("a")]', []], ['app.conf.task_queue_max_priority = int(x)', []], ['app.amqp.queues.add("a")', []], ['app.conf.task_create_missing_queue_type = "quorum"', []],
])('%s', (code, expected) => expect(queues(worker(code))).toEqual(expected));

test('a worker declares those that it consumes', () => {
  expect(queues(worker('app.conf.task_queues = [Queue("a", max_priority=3), Queue("b")]', { args: ['-Q', 'a,c'] }))).toEqual(['a: x-max-priority 3', 'c: ']);
});

test.each(['redis://redis.example.net:6379/0', 'amqp://shop:pass@rabbitmq.example.net:5672/$(VHOST)'])('nothing is known of a broker %s', (url) => {
  expect(queues(worker('', { url }))).toEqual([]);
});

test('a difference is what the one has and the other has not', () => {
  const [none, priority, transient] = [new Map<string, string>(), new Map([['x-max-priority', '3']]), new Map([['durable', 'false']])];
  expect(difference(none, none)).toBeUndefined();
  expect(difference(priority, new Map(priority))).toBeUndefined();
  expect(difference(none, priority)).toEqual({ property: 'x-max-priority', own: 'no x-max-priority', other: 'x-max-priority 3' });
  expect(difference(transient, none)).toEqual({ property: 'durable', own: 'durable false', other: 'durable true' });
  const quorum = new Map([['x-queue-type', 'quorum']]);
  expect(difference(none, quorum)).toEqual({ property: 'x-queue-type', own: 'x-queue-type classic', other: 'x-queue-type quorum' });
  // The one that is certain.
  expect(difference(priority, quorum)?.property).toBe('x-max-priority');
});
