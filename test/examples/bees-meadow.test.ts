import { expect, test } from 'vitest';
import { Meadow } from '../../examples/bees/meadow.ts';

const ids = (meadow: Meadow): string[] =>
  JSON.parse(meadow.snapshot()).bees.map(({ id }: { id: string }) => id);

test('a presence hook that comes late, from a dead letter say, brings and takes no bee', () => {
  const meadow = new Meadow();
  meadow.join('a', 5);
  meadow.leave('a', 7);
  for (const late of [5, 6, 7]) meadow.join('a', late);
  expect(ids(meadow)).toEqual([]);
  meadow.join('a', 8);
  for (const late of [7, 8]) meadow.leave('a', late);
  expect(ids(meadow)).toEqual(['a']);
});

test('whom the gateway listed before their left hook came is not here, and whom it listed since is', () => {
  const meadow = new Meadow();
  meadow.leave('a', 100);
  meadow.find('a', 100);
  expect(ids(meadow)).toEqual([]);
  meadow.find('a', 101);
  expect(ids(meadow)).toEqual(['a']);
});

test('a place that was overtaken by a later one moves no bee', () => {
  const meadow = new Meadow();
  meadow.join('a', 1);
  expect(meadow.change('a', { x: 2, y: 2 }, new Date(20))).toBe(true);
  expect(meadow.change('a', { x: 1, y: 1 }, new Date(19))).toBe(true);
  expect(JSON.parse(meadow.snapshot()).bees).toMatchObject([{ x: 2, y: 2 }]);
  meadow.change('a', { x: 3, y: 3 }, new Date(20));
  expect(JSON.parse(meadow.snapshot()).bees).toMatchObject([{ x: 3, y: 3 }]);
});

test('changes are told once and together, all bees if some did not arrive, and versions grow', () => {
  const meadow = new Meadow();
  meadow.join('a', 1);
  meadow.join('b', 1);
  const first = JSON.parse(meadow.takeChanges() ?? '');
  expect(first).toMatchObject({ bees: [{ id: 'a' }, { id: 'b' }], gone: [] });
  expect(meadow.takeChanges()).toBeUndefined();
  meadow.leave('a', 2);
  const second = JSON.parse(meadow.takeChanges() ?? '');
  expect(second).toMatchObject({ bees: [], gone: ['a'] });
  meadow.needAll();
  const third = JSON.parse(meadow.takeChanges() ?? '');
  expect(third).toMatchObject({ all: true, bees: [{ id: 'b' }] });
  expect(first.version).toBeLessThan(second.version);
  expect(second.version).toBeLessThan(third.version);
});

test('sixteen bees have sixteen names, and eight of them all colours; more share them', () => {
  const meadow = new Meadow();
  for (let bee = 0; bee < 20; bee += 1) meadow.join(`visitor ${bee}`, 1);
  const { bees }: { bees: { name: string; colour: number }[] } = JSON.parse(meadow.snapshot());
  expect(new Set(bees.slice(0, 16).map(({ name }) => name)).size).toBe(16);
  expect(new Set(bees.slice(0, 8).map(({ colour }) => colour)).size).toBe(8);
  expect(bees.every(({ name }) => name !== '')).toBe(true);
});

test('the last hooks of 10,000 visitors are remembered, and of no more', () => {
  const meadow = new Meadow();
  meadow.leave('first', 7);
  for (let visitor = 1; visitor < 10_000; visitor += 1) meadow.leave(`${visitor}`, 7);
  meadow.join('first', 6);
  expect(ids(meadow)).toEqual([]);
  meadow.leave('one more', 7);
  meadow.join('first', 6);
  expect(ids(meadow)).toEqual(['first']);
});
