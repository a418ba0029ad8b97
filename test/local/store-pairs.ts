import type { Change, Store } from '../../functions/local/store.ts';

/** A write of two records, which have a number. */
export function pairOf(number: number): Change[] {
  const value = Buffer.alloc(100 + (number % 500), 'v');
  return [0, 1].map((half) => ({ key: Buffer.from([number >>> 16, number >>> 8, number, half]), value }));
}

/** The numbers of the pairs that a store holds. Throws if one is not whole. */
export function pairsIn(store: Store): number[] {
  const found = store.range(Buffer.alloc(0), Buffer.from([255]), store.records + 1);
  const numbers = found.map(({ key }) => Buffer.from(key).readUIntBE(0, 3));
  const firsts = numbers.filter((_, at) => at % 2 === 0);
  const seconds = numbers.filter((_, at) => at % 2 === 1);
  if (firsts.join() !== seconds.join()) throw new Error('A write was stored in part.');
  return firsts;
}
