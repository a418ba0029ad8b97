import { beforeEach, expect, test } from 'vitest';
import { ReadGarbage } from '../../functions/bun/read-garbage.ts';

const look = 67_108_864;
const calm = 268_435_456;

const grown = 33_554_432;

let resident: number;
/** How much a collection frees. */
let frees: number;
let collected: number;
let garbage: ReadGarbage;
beforeEach(() => {
  resident = calm + 1;
  collected = 0;
  frees = grown;
  garbage = new ReadGarbage({
    resident: () => resident,
    collect: () => {
      collected += 1;
      resident -= frees;
    },
  });
});

test('a process that takes much memory is rid of its garbage after each 64 MiB that it reads, and not before', () => {
  garbage.read(look - 1);
  expect(collected).toBe(0);
  garbage.read(1);
  expect(collected).toBe(1);
  resident += grown + 1;
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

test('what is no garbage is not collected again until the process has grown by 32 MiB', () => {
  resident = 4 * calm;
  frees = 0;
  garbage.read(look);
  expect(collected).toBe(1);
  resident += grown;
  garbage.read(look);
  expect(collected).toBe(1);
  resident += 1;
  garbage.read(look);
  expect(collected).toBe(2);
});

test('a process that has shrunk may grow by no more than 32 MiB from there', () => {
  resident = 4 * calm;
  garbage.read(look);
  resident = 2 * calm;
  garbage.read(look);
  expect(collected).toBe(1);
  resident += grown + 1;
  garbage.read(look);
  expect(collected).toBe(2);
});
