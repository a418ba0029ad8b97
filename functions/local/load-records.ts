import type { SocketId } from '../wire/socket-id.ts';
import { blockPlaces, type Kept, places, RecordBlock } from './record-block.ts';
import type { Store, Stored } from './store.ts';
import { readRecord, readRecords } from './stored.ts';
import { after, keysOf, readNumberKey, type StoredKind } from './stored-keys.ts';

/** How many chunks are read at a time. */
const readAtOnce = 1_000;

/** What the store has of the records of a process before this one. */
export interface LoadedRecords {
  readonly records: readonly Kept[];
  /** Where records were before they moved, if the process was killed just then. */
  readonly moved: readonly Kept[];
  readonly blocks: ReadonlyMap<number, RecordBlock>;
  /** The first place of a block that was never written to, nor any after it. */
  readonly next: number;
}

/** Reads the records that are kept. Throws if the store holds what it never wrote. */
export function loadRecords(store: Store): LoadedRecords {
  const found = new Map<SocketId, Kept>();
  const moved: Kept[] = [];
  const blocks = loadBlocks(store);
  for (const { value } of all(store, 'record')) {
    const record = readRecord(value);
    found.set(record.socket, { record, place: places.ownKey });
  }
  for (const { key, value } of all(store, 'chunk')) {
    const start = readNumberKey(key);
    const block = blockIn(blocks, Math.floor(start / blockPlaces));
    for (const [at, record] of readRecords(value).entries()) {
      const kept = { record, place: start + at };
      if (block.hasEnded(kept.place)) continue;
      block.add(kept, start);
      const before = found.get(record.socket);
      if (before !== undefined) moved.push(before);
      found.set(record.socket, kept);
    }
  }
  const next = blockPlaces * (Math.max(-1, ...blocks.keys()) + 1);
  return { records: [...found.values()], moved, blocks, next };
}

function loadBlocks(store: Store): Map<number, RecordBlock> {
  const blocks = new Map<number, RecordBlock>();
  for (const { key, value } of all(store, 'ended')) {
    const number = readNumberKey(key);
    blocks.set(number, new RecordBlock(number, Uint8Array.from(value)));
  }
  return blocks;
}

function blockIn(blocks: Map<number, RecordBlock>, number: number): RecordBlock {
  const block = blocks.get(number) ?? new RecordBlock(number);
  blocks.set(number, block);
  return block;
}

function* all(store: Store, kind: StoredKind): Generator<Stored> {
  const [start, before] = keysOf(kind);
  for (let from = start; ; ) {
    const found = store.range(from, before, readAtOnce);
    yield* found;
    const last = found.at(-1);
    if (last === undefined) return;
    from = after(last.key);
  }
}
