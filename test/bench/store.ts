/**
 * The cost of the local store: writes per second, CPU per write and per commit, and how long commits hold up the event
 * loop. Each write puts a record of 300 bytes or deletes one, so that about 5,000 stay. The last line writes at a fixed
 * pace, as a gateway would.
 *
 *     node --import tsx test/bench/store.ts [seconds per line, 3 unless given]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { MemoryStore } from '../../functions/local/memory-store.ts';
import { openStore } from '../../functions/local/open-store.ts';
import type { Change, Store } from '../../functions/local/store.ts';

const kept = 5_000;
const value = Buffer.alloc(300, 'v');
const seconds = Number(process.argv[2] ?? '3');

/** Keys that grow, as those of a queue do. */
function keyOf(number: number): Buffer {
  const key = Buffer.alloc(12);
  key.writeUInt32BE(number, 8);
  return key;
}

/** Writes one record more, and one less once there are enough. */
function* writes(): Generator<readonly Change[]> {
  for (let number = 0; ; number++) {
    yield [{ key: keyOf(number), value }];
    if (number >= kept) yield [{ key: keyOf(number - kept), value: undefined }];
  }
}

/** Writes for a while, `perTurn` at a time with a pause between. Prints a line. */
async function measure(name: string, store: Store, perTurn: number, pauseMs: number): Promise<void> {
  const source = writes();
  let [count, commits] = [0, 0];
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const [began, cpu] = [performance.now(), process.cpuUsage()];
  while (performance.now() < began + seconds * 1000) {
    const written = Array.from({ length: perTurn }, () => store.write(source.next().value ?? []));
    for (const result of await Promise.all(written)) if (!result.ok) throw new Error(result.error.why);
    count += perTurn;
    commits += 1;
    await (pauseMs > 0 ? sleep(pauseMs) : nextTurn());
  }
  const took = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  const figures = [
    `${Math.round(count / took)} writes/s`,
    `${((user + system) / count).toFixed(1)} µs CPU a write`,
    `${Math.round((user + system) / commits)} µs a commit`,
    `event loop p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, max ${(delay.max / 1e6).toFixed(1)} ms`,
  ];
  process.stdout.write(`${name}, ${perTurn} a commit: ${figures.join(', ')}\n`);
}

const folder = mkdtempSync(join(tmpdir(), 'sockethook-bench-'));
for (const [perTurn, pauseMs] of [
  [1, 0],
  [10, 0],
  [100, 0],
  [10, 10],
] as const) {
  const disk = await openStore(join(folder, `${perTurn}-${pauseMs}`));
  await measure(pauseMs > 0 ? `SQLite every ${pauseMs} ms` : 'SQLite', disk, perTurn, pauseMs);
  await disk.close();
  await measure('memory', new MemoryStore(), perTurn, pauseMs);
}
rmSync(folder, { recursive: true });
