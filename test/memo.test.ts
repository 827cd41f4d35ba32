import { Notes, remembered } from '../src/memo';

test('asks once, and tells arguments apart', () => {
  const asked: string[] = [];
  const join = remembered((a: string, b: string) => {
    asked.push(`${a}+${b}`);
    return asked.at(-1)!;
  });
  expect([join('a', 'bc'), join('ab', 'c'), join('a', 'bc')]).toEqual(['a+bc', 'ab+c', 'a+bc']);
  expect(asked).toEqual(['a+bc', 'ab+c']);
});

test('a function of one text can be given to map', () => {
  const asked: string[] = [];
  const double = remembered((text: string) => {
    asked.push(text);
    return text + text;
  });
  expect([...['a', 'b', 'a'].map(double), ...['b', 'c'].flatMap(double)]).toEqual(['aa', 'bb', 'aa', 'bb', 'cc']);
  expect(asked).toEqual(['a', 'b', 'c']);
});

test('forgets when there is much to remember, and answers the same', () => {
  let asked = 0;
  const length = remembered((text: string) => {
    asked += 1;
    return text.length;
  });
  const texts = Array.from({ length: 10_000 }, (_, i) => `${i}`);
  expect(texts.map((text) => length(text))).toEqual(texts.map((text) => text.length));
  expect(length('0')).toBe(1);
  expect(asked).toBe(10_001);
});

test('forgets when the questions are long, and answers the same', () => {
  let asked = 0;
  const last = remembered((text: string) => {
    asked += 1;
    return text.at(-1);
  });
  const texts = ['a', 'b', 'c'].map((letter) => 'x'.repeat(2 ** 21 - 1) + letter);
  expect([texts[0], texts[1], texts[0], texts[1]].map((text) => last(text))).toEqual(['a', 'b', 'a', 'b']);
  expect(asked).toBe(2);
  expect([texts[2], texts[2], texts[0]].map((text) => last(text))).toEqual(['c', 'c', 'a']);
  expect(asked).toBe(4);
});

test('a note is of one object, and of one kind', () => {
  const [one, other] = [new Notes<object, string>(), new Notes<object, string>()];
  const [a, b] = [{}, {}];
  one.set(a, 'note');
  expect([one.get(a), one.get(b), other.get(a)]).toEqual(['note', undefined, undefined]);
  expect(Object.keys(a)).toEqual([]);
});
