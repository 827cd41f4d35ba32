import { remembered } from '../src/memo';

test('asks once, and tells arguments apart', () => {
  const asked: string[] = [];
  const join = remembered((a: string, b: string) => {
    asked.push(`${a}+${b}`);
    return asked.at(-1)!;
  });
  expect([join('a', 'bc'), join('ab', 'c'), join('a', 'bc')]).toEqual(['a+bc', 'ab+c', 'a+bc']);
  expect(asked).toEqual(['a+bc', 'ab+c']);
});

test('forgets when there is much to remember, and answers the same', () => {
  let asked = 0;
  const length = remembered((text: string) => {
    asked += 1;
    return text.length;
  });
  for (let i = 0; i < 10_000; i++) expect(length(`${i}`)).toBe(`${i}`.length);
  expect(length('0')).toBe(1);
  expect(asked).toBe(10_001);
});
