import { expect, test } from 'vitest';
import { Line } from '../../functions/http/line.ts';

const one = (turn: number) => ({ turn, isSettled: false });
const taken = (line: Line<ReturnType<typeof one>>): number[] => {
  const turns: number[] = [];
  for (let next = line.next(); next !== undefined; next = line.next()) turns.push(next.turn);
  return turns;
};

test('whoever came first is served first, and one that comes back stands where it stood', () => {
  const line = new Line<ReturnType<typeof one>>();
  for (let turn = 1; turn <= 6; turn++) line.join(one(turn));
  const served = [line.next(), line.next(), line.next()];
  for (const at of [1, 2, 0]) line.rejoin(served[at] ?? one(0));
  line.join(one(7));
  expect(line.all().map(({ turn }) => turn)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(taken(line)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(line.isEmpty).toBe(true);
});

test('whoever has left is passed over', () => {
  const line = new Line<ReturnType<typeof one>>();
  const [first, second, third] = [one(1), one(2), one(3)];
  line.join(second);
  line.join(third);
  line.rejoin(first);
  first.isSettled = true;
  second.isSettled = true;
  expect(taken(line)).toEqual([3]);
});

test('a line in which many come and go keeps its order', () => {
  const line = new Line<ReturnType<typeof one>>();
  const turns: number[] = [];
  let last = 0;
  for (let round = 0; round < 200; round++) {
    for (let come = 0; come < 50; come++) line.join(one(++last));
    for (let go = 0; go < 30; go++) turns.push(line.next()?.turn ?? 0);
  }
  turns.push(...taken(line));
  expect(turns).toEqual(Array.from({ length: 10_000 }, (_, at) => at + 1));
});
