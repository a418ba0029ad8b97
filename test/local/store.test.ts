import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { MemoryStore } from '../../functions/local/memory-store.ts';
import { openStore } from '../../functions/local/open-store.ts';
import type { SqliteStore } from '../../functions/local/sqlite-store.ts';
import { storeContract } from '../contract/ports/store.ts';

const root = mkdtempSync(join(tmpdir(), 'sockethook-store-'));
afterAll(() => rmSync(root, { recursive: true }));
let count = 0;
const freshFolder = (): string => join(root, `${++count}`, '.sockethook');

storeContract('memory store', async () => new MemoryStore());

storeContract('SQLite store', () => openStore(freshFolder()));

const key = (text: string): Buffer => Buffer.from(text);
const done = { ok: true, value: undefined };

test('the next start finds all that was written, and its size', async () => {
  const folder = freshFolder();
  const first = await openStore(folder);
  await first.write([
    { key: key('a'), value: key('1') },
    { key: key('b'), value: key('22') },
  ]);
  await first.write([{ key: key('a'), value: undefined }]);
  await first.close();
  const second = await openStore(folder);
  expect(second.get(key('b'))).toEqual(new Uint8Array(key('22')));
  expect([second.records, second.bytes]).toEqual([1, 3]);
  await second.close();
});

/** A store whose disk is told to sync by the test. */
async function syncedStore(sync: () => Promise<void>): Promise<SqliteStore> {
  return openStore(freshFolder(), sync);
}

test('a commit is on the disk within 100 ms, and many commits take one sync', async () => {
  const synced: number[] = [];
  const waiting: (() => void)[] = [];
  const store = await syncedStore(async () => {
    synced.push(performance.now());
    waiting.shift()?.();
  });
  const began = performance.now();
  const first = new Promise<void>((resolve) => waiting.push(resolve));
  for (let at = 0; at < 10; at++) await store.write([{ key: key(`${at}`), value: key('') }]);
  await first;
  expect(synced[0], 'the first sync after the first commit').toBeLessThan(began + 100);
  expect(synced, 'syncs of commits that were 50 ms apart at most').toHaveLength(1);
  const second = new Promise<void>((resolve) => waiting.push(resolve));
  await store.write([{ key: key('later'), value: key('') }]);
  await second;
  expect(synced).toHaveLength(2);
  await store.close();
});

test('after the disk failed to sync, writes are refused, since what was accepted may be lost', async () => {
  let isTold = (): void => {};
  const told = new Promise<void>((resolve) => {
    isTold = resolve;
  });
  const store = await syncedStore(async () => {
    isTold();
    throw new Error('EIO: i/o error, fdatasync');
  });
  expect(await store.write([{ key: key('a'), value: key('1') }])).toEqual(done);
  await told;
  expect(await store.write([{ key: key('b'), value: key('2') }])).toEqual({
    ok: false,
    error: { code: 'failed', why: 'The disk cannot keep the store: EIO: i/o error, fdatasync' },
  });
  expect(store.get(key('a'))).toEqual(new Uint8Array(key('1')));
  await store.close();
});
