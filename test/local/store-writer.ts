/**
 * Opens the store in a folder, and says "open" with the number of its next pair. Then writes pairs of records, some at
 * once, and says each number whose write is done, until it is killed.
 */
import { writeSync } from 'node:fs';
import { openStore } from '../../functions/local/open-store.ts';
import { pairOf } from './store-pairs.ts';

const store = await openStore(process.argv[2] ?? '');
if (store.cutCommits > 0) throw new Error('SQLite left out commits.');
let next = store.records / 2;
writeSync(1, `open ${next}\n`);

async function write(number: number): Promise<void> {
  const written = await store.write(pairOf(number));
  writeSync(1, written.ok ? `${number}\n` : `refused ${number}\n`);
}

for (;;) {
  const count = 1 + (next % 7);
  await Promise.all(Array.from({ length: count }, (_, at) => write(next + at)));
  next += count;
}
