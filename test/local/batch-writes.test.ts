import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { batchWrites } from '../../functions/local/batch-writes.ts';

/** A stream that notes what leaves it, and when it was written. */
function noting(left: string[], name: string): (text: string) => void {
  const stream = new Writable({
    write: (chunk, _, done) => {
      left.push(`${name}${chunk}`);
      done();
    },
  });
  return (text) => {
    batchWrites(stream);
    stream.write(text);
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what several streams are written in one turn leaves at its end, each in its order', async () => {
  const left: string[] = [];
  const [a, b] = [noting(left, 'a'), noting(left, 'b')];
  a('1');
  b('1');
  a('2');
  expect(left).toEqual([]);
  await turn();
  expect(left).toEqual(['a1', 'a2', 'b1']);
});

test('writes that come one at a time go out at once, until several come together again', async () => {
  const left: string[] = [];
  const [a, b] = [noting(left, 'a'), noting(left, 'b')];
  for (let at = 0; at < 16; at++) {
    a(String(at));
    expect(left).toHaveLength(at);
    await turn();
  }
  a('at once');
  expect(left.at(-1)).toBe('aat once');
  for (let at = 0; at < 300; at++) {
    a('x');
    b('y');
    await turn();
  }
  const before = left.length;
  a('x');
  b('y');
  expect(left).toHaveLength(before);
  await turn();
  expect(left).toHaveLength(before + 2);
});

test('of very many writes in one turn the last go out at once', async () => {
  const left: string[] = [];
  await turn();
  for (let at = 0; at < 100; at++) noting(left, String(at))('');
  const streams = Array.from({ length: 100 }, (_, at) => noting(left, `s${at}`));
  await turn();
  left.length = 0;
  for (const write of streams) write('!');
  expect(left).toHaveLength(36);
  await turn();
  expect(left).toHaveLength(100);
});
