import { beforeEach, expect, test } from 'vitest';
import { ReadGarbage } from '../../functions/bun/read-garbage.ts';

const look = 67_108_864;
const calm = 268_435_456;

let resident: number;
let collected: number;
let garbage: ReadGarbage;
beforeEach(() => {
  resident = calm + 1;
  collected = 0;
  garbage = new ReadGarbage({ resident: () => resident, collect: () => collected++ });
});

test('a process that takes much memory is rid of its garbage after each 64 MiB that it reads, and not before', () => {
  garbage.read(look - 1);
  expect(collected).toBe(0);
  garbage.read(1);
  expect(collected).toBe(1);
  garbage.read(look - 1);
  expect(collected).toBe(1);
  garbage.read(1);
  expect(collected).toBe(2);
});

test('a process that takes at most 256 MiB is left alone', () => {
  resident = calm;
  garbage.read(look);
  expect(collected).toBe(0);
});
