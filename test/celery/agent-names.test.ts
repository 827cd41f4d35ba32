import { templateReferences } from '../../src/celery/agent-names';

test.each<[string, string[]]>([
  ['redis://:{REDIS_PASSWORD}@redis:6379/0', ['REDIS_PASSWORD']], ['{A}{_b1}:{A}', ['A', '_b1', 'A']], ['{1A} {} {A-B} {A B} ${C}', ['C']], ['redis://redis', []], ['{A', []],
])('%j refers to %j', (template, names) => {
  expect(templateReferences(template)).toEqual(names);
});
