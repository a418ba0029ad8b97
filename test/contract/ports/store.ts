import { afterAll, describe, expect, test } from 'vitest';
import type { Change, Store } from '../../../functions/local/store.ts';

/** Makes a store without records. */
export type MakeStore = () => Promise<Store>;

const bytes = (text: string | readonly number[]): Uint8Array =>
  typeof text === 'string' ? new TextEncoder().encode(text) : Uint8Array.from(text);
const put = (key: string | readonly number[], value: string | readonly number[]): Change => ({
  key: bytes(key),
  value: bytes(value),
});
const remove = (key: string): Change => ({ key: bytes(key), value: undefined });
const done = { ok: true, value: undefined };

const last = Uint8Array.of(255, 255, 255);

/** What a store holds, as text. */
function texts(store: Store): [string, string][] {
  return store
    .range(Uint8Array.of(), last, 1_000)
    .map(({ key, value }) => [Buffer.from(key).toString(), Buffer.from(value).toString()]);
}

/** What every implementation of the port `Store` keeps to. */
export function storeContract(name: string, make: MakeStore): void {
  const open: Store[] = [];
  const aStore = async (...changes: readonly Change[]): Promise<Store> => {
    const store = await make();
    open.push(store);
    if (changes.length > 0) expect(await store.write(changes)).toEqual(done);
    return store;
  };
  afterAll(() => Promise.all(open.map((store) => store.close())));
  writesContract(name, aStore);
  readsContract(name, aStore);
}

type AStore = (...changes: readonly Change[]) => Promise<Store>;

function writesContract(name: string, aStore: AStore): void {
  describe(`${name}: a write`, () => {
    test('puts, replaces and deletes, and a deletion of nothing is no error', async () => {
      const store = await aStore(put('a', '1'), put('b', '2'), put('c', '3'));
      expect(await store.write([put('b', 'two'), remove('a'), remove('unknown')])).toEqual(done);
      expect(texts(store)).toEqual([
        ['b', 'two'],
        ['c', '3'],
      ]);
    });

    test('lets the last of several changes to one key win', async () => {
      const store = await aStore(put('a', '1'), put('a', '2'), put('b', '1'), remove('b'));
      expect(texts(store)).toEqual([['a', '2']]);
      await store.write([remove('a'), put('a', '3')]);
      expect(texts(store)).toEqual([['a', '3']]);
      expect([store.records, store.bytes]).toEqual([1, 2]);
    });

    test('keeps the order of those that did not wait for one another', async () => {
      const store = await aStore();
      const written = [store.write([put('a', '1')]), store.write([put('a', '2'), put('b', '1')])];
      written.push(store.write([remove('b')]), store.write([put('c', '1')]));
      expect(await Promise.all(written)).toEqual([done, done, done, done]);
      expect(texts(store)).toEqual([
        ['a', '2'],
        ['c', '1'],
      ]);
    });

    test('of nothing is done', async () => {
      const store = await aStore();
      expect(await store.write([])).toEqual(done);
      expect([store.records, store.bytes]).toEqual([0, 0]);
    });

    test('is seen by readers only when it is done', async () => {
      const store = await aStore(put('a', '1'));
      const written = store.write([put('a', '2'), put('b', '2')]);
      expect(texts(store)).toEqual([['a', '1']]);
      await written;
      expect(texts(store)).toEqual([
        ['a', '2'],
        ['b', '2'],
      ]);
    });

    test('that waits when the store closes is done, and a later one is refused', async () => {
      const store = await aStore();
      const waiting = store.write([put('a', '1')]);
      const closing = store.close();
      const late = store.write([put('b', '1')]);
      await closing;
      expect(await waiting).toEqual(done);
      const refusal = { ok: false, error: { code: 'failed', why: 'The store is closed.' } };
      expect([await late, await store.write([remove('a')])]).toEqual([refusal, refusal]);
      expect(() => store.get(bytes('a'))).toThrow();
      await store.close();
    });
  });
}

function readsContract(name: string, aStore: AStore): void {
  describe(`${name}: a reader`, () => {
    test('gets back every byte of keys and values, empty ones too', async () => {
      const all = Array.from({ length: 256 }, (_, at) => at);
      const pairs: [number[], number[]][] = [
        [[], [1]],
        [[0], []],
        [[0, 0], [0]],
        [all, all.toReversed()],
      ];
      const store = await aStore(...pairs.map(([key, value]) => put(key, value)));
      for (const [key, value] of pairs) expect([...(store.get(bytes(key)) ?? [-1])]).toEqual(value);
      expect(store.get(bytes([0, 0, 0]))).toBeUndefined();
      const found = store.range(Uint8Array.of(), last, 10);
      expect(found.map(({ key, value }) => [[...key], [...value]])).toEqual(pairs);
    });

    test('gets back a value of a megabyte', async () => {
      const value = Buffer.alloc(1_048_576, 'ab\0');
      const store = await aStore({ key: bytes('large'), value });
      expect(Buffer.compare(store.get(bytes('large')) ?? Buffer.alloc(0), value)).toBe(0);
    });

    test('finds keys in the order of their bytes, whatever the order of writes', async () => {
      const keys = [[255], [1, 0], [1], [0, 255], [128], [127], [1, 255], []];
      const store = await aStore(...keys.map((key) => put(key, 'v')));
      const found = store.range(Uint8Array.of(), last, 10).map(({ key }) => [...key]);
      expect(found).toEqual([[], [0, 255], [1], [1, 0], [1, 255], [127], [128], [255]]);
    });

    test('finds a range with its first key, without its last, and no more than asked for', async () => {
      const store = await aStore(...['a', 'b', 'c', 'd', 'e'].map((key) => put(key, '')));
      const keys = (from: string, before: string, limit: number): string =>
        store
          .range(bytes(from), bytes(before), limit)
          .map(({ key }) => Buffer.from(key).toString())
          .join('');
      expect(keys('b', 'd', 10)).toBe('bc');
      expect(keys('b', 'd', 1)).toBe('b');
      expect(keys('b', 'd', 2)).toBe('bc');
      expect(keys('aa', 'cc', 10)).toBe('bc');
      expect(keys('c', 'c', 10)).toBe('');
      expect(keys('d', 'b', 10)).toBe('');
      expect(keys('f', 'z', 10)).toBe('');
    });

    test('is told how many records and bytes there are', async () => {
      const store = await aStore(put('a', '12'), put('bb', '345'));
      expect([store.records, store.bytes]).toEqual([2, 8]);
      await store.write([put('a', '1234567')]);
      expect([store.records, store.bytes]).toEqual([2, 13]);
      await store.write([put('bb', ''), remove('unknown')]);
      expect([store.records, store.bytes]).toEqual([2, 10]);
      await store.write([remove('a'), remove('bb')]);
      expect([store.records, store.bytes]).toEqual([0, 0]);
    });
  });
}
