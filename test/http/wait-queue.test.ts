import { expect, test } from 'vitest';
import { WaitQueue } from '../../functions/http/wait-queue.ts';

const one = (turn: number) => ({ place: turn, isSettled: false });
const taken = (line: WaitQueue<ReturnType<typeof one>>): number[] => {
  const turns: number[] = [];
  for (let next = line.next(); next !== undefined; next = line.next()) turns.push(next.place);
  return turns;
};

test('whoever came first is served first, and one that comes back stands where it stood', () => {
  const line = new WaitQueue<ReturnType<typeof one>>();
  for (let turn = 1; turn <= 6; turn++) line.enqueue(one(turn));
  const served = [line.next(), line.next(), line.next()];
  for (const at of [1, 2, 0]) line.requeue(served[at] ?? one(0));
  line.enqueue(one(7));
  expect(line.all().map(({ place: turn }) => turn)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(taken(line)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(line.isEmpty).toBe(true);
});

test('whoever has left is passed over', () => {
  const line = new WaitQueue<ReturnType<typeof one>>();
  const [first, second, third] = [one(1), one(2), one(3)];
  line.enqueue(second);
  line.enqueue(third);
  line.requeue(first);
  first.isSettled = true;
  second.isSettled = true;
  expect(taken(line)).toEqual([3]);
});

test('a line in which many come and go keeps its order', () => {
  const line = new WaitQueue<ReturnType<typeof one>>();
  const turns: number[] = [];
  let last = 0;
  for (let round = 0; round < 200; round++) {
    for (let come = 0; come < 50; come++) line.enqueue(one(++last));
    for (let go = 0; go < 30; go++) turns.push(line.next()?.place ?? 0);
  }
  turns.push(...taken(line));
  expect(turns).toEqual(Array.from({ length: 10_000 }, (_, at) => at + 1));
});
