import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openStore } from '../../functions/local/open-store.ts';
import { ChildApp } from '../support/child-app.ts';
import { programOf } from '../support/program.ts';
import { pairsIn } from './store-pairs.ts';

const root = mkdtempSync(join(tmpdir(), 'sockethook-store-'));
afterAll(() => rmSync(root, { recursive: true }));

/** The numbers that a writer said were stored. A last line without its end was cut by the kill. */
function saidBy(writer: ChildApp): number[] {
  const lines = writer.output.split('\n').slice(0, -1);
  return lines.filter((line) => /^\d+$/.test(line)).map(Number);
}

/** Starts a writer in a folder, kills it at a random moment, and so on. Returns all numbers that it said. */
async function writeAndDie(folder: string, times: number): Promise<number[]> {
  const program = await programOf('test/local/store-writer.ts');
  const said: number[] = [];
  for (let kill = 0; kill < times; kill++) {
    const writer = await ChildApp.start(process.execPath, [program, folder], {}, { listening: /open/ });
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
    writer.signal('SIGKILL');
    expect(await writer.ended, writer.errors).toEqual([null, 'SIGKILL']);
    said.push(...saidBy(writer));
  }
  return said;
}

const minutes = { timeout: 180_000 };

test(
  '100 times kill -9 at random moments lose no write that was done, and leave none half done',
  minutes,
  async () => {
    const folders = [0, 1, 2, 3].map((at) => join(root, `kills-${at}`));
    const all = await Promise.all(folders.map((folder) => writeAndDie(folder, 25)));
    for (const [at, folder] of folders.entries()) {
      const store = await openStore(folder);
      expect(store.cutCommits).toBe(0);
      const stored = pairsIn(store);
      await store.close();
      const said = all[at] ?? [];
      expect(said.length, 'writes that were done').toBeGreaterThan(25);
      const known = new Set(stored);
      expect(said.filter((number) => !known.has(number))).toEqual([]);
      expect(stored, 'without a gap').toEqual(stored.map((_, at) => at));
    }
  },
);

test('two gateways can’t use one store, and a lock ends with its process', minutes, async () => {
  const folder = join(root, 'locked');
  const program = await programOf('test/local/store-writer.ts');
  const writer = await ChildApp.start(process.execPath, [program, folder], {}, { listening: /open/ });
  await expect(openStore(folder)).rejects.toThrow(
    `${join(folder, 'store.db')} is in use by another gateway: stop that one, or set SOCKETHOOK_DIR to a separate folder.`,
  );
  writer.signal('SIGKILL');
  await writer.ended;
  const store = await openStore(folder);
  expect(pairsIn(store)).toEqual(expect.arrayContaining(saidBy(writer)));
  await expect(openStore(folder), 'in one process too').rejects.toThrow('is in use by another gateway');
  await store.close();
});

test('of two that start at the same time in a new folder, exactly one gets the store', minutes, async () => {
  const program = await programOf('test/local/store-writer.ts');
  for (let at = 0; at < 5; at++) {
    const folder = join(root, `race-${at}`);
    const two = [0, 1].map(() => new ChildApp(process.execPath, [program, folder], {}));
    const loser = await Promise.race(two.map((writer) => writer.ended.then(() => writer)));
    expect(loser.errors).toContain('is in use by another gateway');
    const winner = two.find((writer) => writer !== loser);
    await winner?.says('open 0');
    winner?.signal('SIGKILL');
    await winner?.ended;
  }
});

/** The folder of a writer that was killed after it had said this many numbers, with its log. */
async function killedWriter(count: number): Promise<{ folder: string; log: string }> {
  const folder = join(root, 'cut');
  rmSync(folder, { recursive: true, force: true });
  const program = await programOf('test/local/store-writer.ts');
  const writer = await ChildApp.start(process.execPath, [program, folder], {}, { listening: /open/ });
  await writer.says(`\n${count}\n`);
  writer.signal('SIGKILL');
  await writer.ended;
  return { folder, log: join(folder, 'store.db-wal') };
}

/** A place in its log, in bytes: the header has 32, a frame 24 and a page of 4,096. */
const frameAt = (frame: number): number => 32 + frame * (24 + 4_096);

test.for([
  { what: 'its header', at: 8 },
  { what: 'a page of its first frame', at: frameAt(0) + 1_000 },
  { what: 'a page of its fourth frame', at: frameAt(3) + 1_000 },
  { what: 'the checksum of its fourth frame', at: frameAt(3) + 16 },
])('commits that can’t be read since $what has changed are counted at start', async ({ at }) => {
  const { folder, log } = await killedWriter(20);
  const bytes = readFileSync(log);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(log, bytes);
  const store = await openStore(folder);
  expect(store.cutCommits).toBeGreaterThan(0);
  expect(pairsIn(store).length, 'pairs before the damage').toBeLessThan(20);
  await store.close();
  const next = await openStore(folder);
  expect(next.cutCommits, 'told once').toBe(0);
  await next.close();
});

test('a commit that a kill cut in its last frame is no loss, since its write was not done', async () => {
  const { folder, log } = await killedWriter(20);
  const bytes = readFileSync(log);
  const lastFrame = frameAt(Math.floor((bytes.length - 32) / (24 + 4_096)) - 1);
  bytes.fill(0x5a, lastFrame + 1_000, lastFrame + 1_100);
  writeFileSync(log, bytes);
  const store = await openStore(folder);
  expect(store.cutCommits).toBe(0);
  await store.close();
});
