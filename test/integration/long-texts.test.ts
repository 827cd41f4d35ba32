import { redact } from '../../src/celery/credentials';
import { quantity, redisSize } from '../../src/celery/quantity';
import { parseRequirement } from '../../src/celery/requirement';
import { meets, pinned } from '../../src/celery/versions';

// Texts of manifests that somebody else wrote: one that is made to be slow must cost no more than one that is long.
test.each(['a', '://', '://a:', '@://a:', 'redis://redis', '://a:@', ':', '@', 'a.', ' ', '$(', '://u:p', 'token=', 'password="', 'x=', 'a:"', '"', '?sig=a&', 'pass'])('redact reads many times %p quickly', (piece) => {
  const text = piece.repeat(100_000);
  const begin = process.cpuUsage();
  redact(text);
  redact(`${text}@`);
  redact(`://${text} ://u:p@h`);
  expect(process.cpuUsage(begin).user / 1e6).toBeLessThan(2);
});

test.each(['1', '.', '1.', ' ', '1e', '+'])('quantity reads many times %p quickly', (piece) => {
  const begin = process.cpuUsage();
  for (const end of ['x', '', 'Mi']) {
    quantity(piece.repeat(100_000) + end);
    redisSize(piece.repeat(100_000) + end);
  }
  expect(process.cpuUsage(begin).user / 1e6).toBeLessThan(2);
});

test.each(['a', '-', ' ', 'a-', 'a ', '1.', '[', ']', '[a', 'a,', '==', '=', '>=1,', '(', ')', ';', '@', '@ ', 'a@', '://', '1!', '.*', '\t', '1a', '+1', '._'])(
  'parseRequirement reads many times %p quickly', (piece) => {
    const begin = process.cpuUsage();
    for (const before of ['', 'a', 'a==', 'a[', 'a @ ', 'a;']) {
      for (const after of ['', '!', '\n', 'x', '\0']) {
        const range = parseRequirement(`${before}${piece.repeat(1000)}`.slice(0, 999) + after)?.range ?? '';
        for (const text of [range, `==${piece.repeat(200)}`.slice(0, 199) + after]) {
          pinned(text);
          meets('5.3.4', text);
        }
        parseRequirement(`${before}${piece.repeat(100_000)}${after}`);
      }
    }
    expect(process.cpuUsage(begin).user / 1e6).toBeLessThan(1);
  });
