import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
  let syncs = 0;
  const waiting: (() => void)[] = [];
  const store = await syncedStore(async () => {
    syncs += 1;
    waiting.shift()?.();
  });
  const nextSync = () => new Promise<string>((resolve) => waiting.push(() => resolve('synced')));
  const first = nextSync();
  await store.write([{ key: key('0'), value: key('') }]);
  // Timers of a process go off in the order of their times, however busy the machine is.
  const earlier = Promise.race([first, sleep(100, 'late')]);
  let commits = 1;
  for (; syncs === 0; commits++) await store.write([{ key: key(`${commits}`), value: key('') }]);
  expect(await earlier).toBe('synced');
  expect(commits).toBeGreaterThan(1);
  expect(syncs).toBe(1);
  const second = nextSync();
  await store.write([{ key: key('later'), value: key('') }]);
  await second;
  expect(syncs).toBe(2);
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
