import { redact } from '../../src/celery/url';

test.each([
  ['redis://:hunter2@redis:6379/0', 'redis://:***@redis:6379/0'],
  ['redis://user:hunter2@redis', 'redis://user:***@redis'],
  ['sentinel://:a@one;sentinel://:b@two', 'sentinel://:***@one;sentinel://:***@two'],
  ['--broker=amqp://u:p/w:x@h//', '--broker=amqp://u:***@h//'],
  ['a amqp://u:p@h b\nredis://u:q@h', 'a amqp://u:***@h b\nredis://u:***@h'],
  ['://u:p@h', '://u:***@h'],
  ['redis://$USER:hunter2@h', 'redis://$USER:***@h'],
  ['x@y redis://u:p@h', 'x@y redis://u:***@h'],
])('the password of %p is hidden', (text, shown) => {
  expect(redact(text)).toBe(shown);
});

test.each([
  'redis://redis:6379/0', 'redis://user@redis', 'redis://:$(PASSWORD)@redis', 'redis://:${PASSWORD}@redis', 'redis://:@redis', 'user:password@host', 'redis://h:1/a b@c', '', '://',
  'https://example.com/a:b@c', 'redis://u:p',
])('%p has none', (text) => {
  expect(redact(text)).toBe(text);
});

// A word of a manifest that somebody else wrote can be as long as a whole script.
test.each(['a', '://', '://a:', '@://a:', 'redis://redis', '://a:@', ':', '@', 'a.', ' ', '$(', '://u:p'])('reads many times %p quickly', (piece) => {
  const text = piece.repeat(100_000);
  const begin = performance.now();
  redact(text);
  redact(`${text}@`);
  redact(`://${text} ://u:p@h`);
  expect(performance.now() - begin).toBeLessThan(2000);
});
