import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { openStore } from '../../functions/local/open-store.ts';
import { closeDatabase, findSqlite } from '../../functions/local/sqlite.ts';
import { pairOf, pairsIn } from './store-pairs.ts';

const root = mkdtempSync(join(tmpdir(), 'sockethook-store-'));
afterAll(() => rmSync(root, { recursive: true }));
let count = 0;
const freshFolder = (): string => join(root, `${++count}`, '.sockethook');

/** Whether this user may mount a file system, as root may outside a container. */
const canMount = ((): boolean => {
  const folder = mkdtempSync(join(root, 'probe-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  }
})();
const mounting = canMount ? '' : ' (skipped: this user can’t mount)';

/** A folder on a disk of its own, of so many megabytes, until the test has finished. */
function smallDisk(megabytes: number): string {
  const folder = mkdtempSync(join(root, 'disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
  return folder;
}

/** A closed store with this many pairs. */
async function aStore(pairs: number, folder = freshFolder()): Promise<string> {
  const store = await openStore(folder);
  await store.write(Array.from({ length: pairs }, (_, number) => pairOf(number)).flat());
  await store.close();
  return folder;
}

/** The store of a process that was killed: its log is still there. */
async function aKilledStore(pairs: number, folder: string): Promise<string> {
  const from = freshFolder();
  const store = await openStore(from);
  await store.write(Array.from({ length: pairs }, (_, number) => pairOf(number)).flat());
  cpSync(from, folder, { recursive: true });
  await store.close();
  return folder;
}

/** Fills a disk but for some kilobytes. Returns a function that makes room again. */
function fill(folder: string): () => void {
  const filler = join(folder, 'filler');
  expect(() => writeFileSync(filler, Buffer.alloc(64 * 1_048_576))).toThrow('ENOSPC');
  return () => rmSync(filler);
}

test.skipIf(!canMount)(
  `a full disk refuses writes, and room for them lets them pass${mounting}`,
  async () => {
    const folder = smallDisk(8);
    const store = await openStore(folder);
    expect((await store.write(pairOf(0))).ok).toBe(true);
    const makeRoom = fill(folder);
    const refusal = { ok: false, error: { code: 'full', why: 'The disk of the store is full.' } };
    let next = 1;
    while ((await store.write(pairOf(next))).ok) next += 1;
    expect(await store.write(pairOf(next))).toEqual(refusal);
    expect(pairsIn(store), 'what was accepted before').toEqual(Array.from({ length: next }, (_, at) => at));
    expect(store.records).toBe(2 * next);
    makeRoom();
    expect((await store.write(pairOf(next))).ok).toBe(true);
    await store.close();
    const reopened = await openStore(folder);
    expect(pairsIn(reopened)).toHaveLength(next + 1);
    await reopened.close();
  },
);

test.skipIf(!canMount)(`a write that the disk has no room for refuses no other${mounting}`, async () => {
  const store = await openStore(smallDisk(8));
  const large = { key: Buffer.from('large'), value: Buffer.alloc(16 * 1_048_576) };
  const written = [store.write(pairOf(0)), store.write([...pairOf(1), large]), store.write(pairOf(2))];
  expect((await Promise.all(written)).map(({ ok }) => ok)).toEqual([true, false, true]);
  expect([pairsIn(store), store.records]).toEqual([[0, 2], 4]);
  await store.close();
});

test.skipIf(!canMount)(`a store on a disk without room can still be closed${mounting}`, async () => {
  const folder = smallDisk(8);
  const store = await openStore(folder);
  const makeRoom = fill(folder);
  let stored = 0;
  while ((await store.write(pairOf(stored))).ok) stored += 1;
  await store.close();
  makeRoom();
  const reopened = await openStore(folder);
  expect(pairsIn(reopened)).toHaveLength(stored);
  await reopened.close();
});

test.skipIf(!canMount)(
  `a start on a full disk says so, and leaves the store as it is${mounting}`,
  async () => {
    const folder = await aStore(100, smallDisk(8));
    const makeRoom = fill(folder);
    for (let starts = 0; starts < 5; starts++)
      await expect(openStore(folder)).rejects.toThrow(
        `${join(folder, 'store.db')} cannot be written, since the disk is full: free some space.`,
      );
    makeRoom();
    const store = await openStore(folder);
    expect(pairsIn(store)).toHaveLength(100);
    await store.close();
  },
);

/** Starts so often on each of some disks, with room for more and more. Returns what came of it. */
async function startsWithRoomFor(
  left: (pairs: number, folder: string) => Promise<string>,
  starts: number,
  then: (folder: string) => Promise<void>,
) {
  const outcomes = new Set<string>();
  for (let free = 0; free <= 98_304; free += 4_096) {
    const folder = await left(100, smallDisk(8));
    const makeRoom = fill(folder);
    const filler = join(folder, 'filler');
    truncateSync(filler, statSync(filler).size - free);
    for (let start = 0; start < starts; start++) {
      const started = await openStore(folder).catch((error: Error) => error.message);
      outcomes.add(typeof started === 'string' ? started.replace(/^.*store\.db/, '') : 'started');
      if (typeof started !== 'string') await started.close();
    }
    makeRoom();
    await then(folder);
  }
  return [...outcomes].sort();
}

const fullOrStarted = [' cannot be written, since the disk is full: free some space.', 'started'];

test.skipIf(!canMount)(
  `a start that the disk has room for in part leaves the store to the next start${mounting}`,
  async () => {
    const outcomes = await startsWithRoomFor(aStore, 3, async (folder) => {
      const store = await openStore(folder);
      expect(pairsIn(store)).toHaveLength(100);
      await store.close();
    });
    expect(outcomes).toEqual(fullOrStarted);
  },
);

test.skipIf(!canMount)(`the same after a kill leaves all to the next process${mounting}`, async () => {
  const outcomes = await startsWithRoomFor(aKilledStore, 1, async (folder) => {
    // Locks are those of the files, and so a copy has none.
    const copy = freshFolder();
    cpSync(folder, copy, { recursive: true });
    const store = await openStore(copy);
    expect(pairsIn(store)).toHaveLength(100);
    await store.close();
  });
  expect(outcomes).toEqual(fullOrStarted);
});

test.skipIf(!canMount)(`a folder that can only be read is an error at start${mounting}`, async () => {
  for (const pairs of [undefined, 100]) {
    const folder = smallDisk(8);
    if (pairs !== undefined) await aStore(pairs, folder);
    // This process may still have files open there, which forbids to make the disk itself read-only.
    execFileSync('mount', ['--bind', folder, folder]);
    onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
    execFileSync('mount', ['-o', 'remount,bind,ro', folder]);
    await expect(openStore(folder)).rejects.toThrow(
      new RegExp(`^The store cannot be kept in ${folder} \\(.+\\): set SOCKETHOOK_DIR to a folder`),
    );
  }
});

const notWritten = /^The store cannot be kept in .* \(.+\): set SOCKETHOOK_DIR to a folder that this user/;

test('a folder that can’t be made is an error at start, and no start hangs', async () => {
  const folder = await aStore(1);
  await expect(openStore(join(folder, 'store.db', 'below'))).rejects.toThrow(notWritten);
  await expect(openStore(join(folder, 'store.db'))).rejects.toThrow(notWritten);
});

test.skipIf(process.platform !== 'linux')('a folder in /proc is an error at start', async () => {
  await expect(openStore('/proc/sockethook/store')).rejects.toThrow(notWritten);
});

const change = async (folder: string, sql: string): Promise<void> => {
  const openDatabase = await findSqlite();
  const database = openDatabase!(join(folder, 'store.db'));
  database.exec(sql);
  closeDatabase(database);
};

test('a store that a newer Sockethook wrote is an error at start, and is left as it is', async () => {
  const folder = await aStore(10);
  await change(folder, 'PRAGMA user_version = 3');
  const before = readFileSync(join(folder, 'store.db'));
  for (let starts = 0; starts < 5; starts++)
    await expect(openStore(folder)).rejects.toThrow(
      'store.db cannot be used, since a newer Sockethook wrote it (version 3, this one reads up to 2): set SOCKETHOOK_DIR to a separate folder.',
    );
  expect(Buffer.compare(readFileSync(join(folder, 'store.db')), before)).toBe(0);
});

test('a database of another program is an error at start, and is left as it is', async () => {
  const folder = freshFolder();
  mkdirSync(folder, { recursive: true });
  await change(folder, 'CREATE TABLE notes (text); INSERT INTO notes VALUES (1)');
  const before = readFileSync(join(folder, 'store.db'));
  await expect(openStore(folder)).rejects.toThrow('cannot be used, since it is not a store of Sockethook');
  expect(Buffer.compare(readFileSync(join(folder, 'store.db')), before)).toBe(0);
});

/** Where the file of 2,000 pairs is damaged. The second page is the root of the records. */
const damages: { what: string; at: (size: number) => number }[] = [
  { what: 'its beginning', at: () => 0 },
  { what: 'its second page', at: () => 4_096 },
  { what: 'its middle', at: (size) => Math.floor(size / 2) },
  { what: 'its end', at: (size) => size - 1_000 },
];

test.for(damages)(
  'a store that is damaged at $what is an error at start, and is left as it is',
  async ({ at }) => {
    const folder = await aStore(2_000);
    const file = join(folder, 'store.db');
    const bytes = readFileSync(file);
    bytes.fill(0x5a, at(bytes.length), at(bytes.length) + 100);
    writeFileSync(file, bytes);
    const damaged = `${file} is damaged: put back a copy of it, or move it away, which gives up the hooks`;
    await expect(openStore(folder)).rejects.toThrow(damaged);
    expect(Buffer.compare(readFileSync(file), bytes)).toBe(0);
  },
);

test('a store that lost its end is an error at start', async () => {
  const folder = await aStore(2_000);
  const file = join(folder, 'store.db');
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length - 40_000));
  await expect(openStore(folder)).rejects.toThrow('store.db is damaged');
});

test('a single bit of a value that has changed is an error at start', async () => {
  const folder = await aStore(2_000);
  const file = join(folder, 'store.db');
  const bytes = readFileSync(file);
  const at = bytes.indexOf('vvvvvvvvvvvvvvvv', Math.floor(bytes.length / 3)) + 8;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
  await expect(openStore(folder)).rejects.toThrow('store.db is damaged');
});

test('only their owner can read the messages', async () => {
  const folder = freshFolder();
  const store = await openStore(folder);
  await store.write(pairOf(0));
  for (const name of ['store.db', 'store.db-wal'])
    expect([name, (statSync(join(folder, name)).mode & 0o777).toString(8)]).toEqual([name, '600']);
  await store.close();
});
