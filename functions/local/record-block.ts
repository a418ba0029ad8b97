import type { SocketRecord } from '../gateway/record.ts';
import type { Change } from './store.ts';
import { chunkKey, endedKey } from './stored-keys.ts';

/** How many places a block has. */
export const blockPlaces = 1_024;

/** A block with so few records, or fewer, is given up: they move, so that what has ended takes no room. */
const sparse = blockPlaces / 8;

/** A record, and the place in the store where it was last written: a number, or one of `places`. */
export interface Kept {
  readonly record: SocketRecord;
  place: number;
}

/** Places that are none. */
export const places = {
  /** It is not in the store. */
  none: -1,
  /** It has a key of its own, as in stores of version 1. */
  ownKey: -2,
} as const;

/**
 * A block of places in the store, in which records are written once, in the order in which they came. Those that are
 * written together are a chunk, under one key. One more key says which places have ended.
 */
export class RecordBlock {
  readonly number: number;
  /** How many of its records are still kept there. */
  live = 0;
  readonly #kept: (Kept | undefined)[] = [];
  /** The first place of the chunk of each place, and how many records of each chunk are kept, by its first place. */
  readonly #starts = new Uint16Array(blockPlaces);
  readonly #liveInChunk = new Uint8Array(blockPlaces);
  /** A bit for each place. */
  readonly #ended: Uint8Array;
  /** The first places of chunks that have ended and are still in the store. */
  #spent: number[] = [];

  /** `ended` is what the store has of it. Throws if that is not of a block. */
  constructor(number: number, ended: Uint8Array = new Uint8Array(blockPlaces / 8)) {
    if (ended.length !== blockPlaces / 8)
      throw new Error('The store has a block of records of another size.');
    this.number = number;
    this.#ended = ended;
  }

  /** Whether the record at a place has ended. */
  hasEnded(place: number): boolean {
    const at = place % blockPlaces;
    return ((this.#ended[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
  }

  /** Adds a record that was written, in the chunk that begins at `start`. */
  add(kept: Kept, start: number): void {
    const at = kept.place % blockPlaces;
    const chunk = start % blockPlaces;
    this.#kept[at] = kept;
    this.#starts[at] = chunk;
    this.#liveInChunk[chunk] = (this.#liveInChunk[chunk] ?? 0) + 1;
    this.live += 1;
  }

  /** The same record, as another object. */
  replace(kept: Kept): void {
    this.#kept[kept.place % blockPlaces] = kept;
  }

  /** The record at a place is not kept there any more. */
  end(place: number): void {
    const at = place % blockPlaces;
    if (this.#kept[at] === undefined) return;
    this.#kept[at] = undefined;
    this.#ended[at >> 3] = (this.#ended[at >> 3] ?? 0) | (1 << (at & 7));
    this.live -= 1;
    const chunk = this.#starts[at] ?? 0;
    const left = (this.#liveInChunk[chunk] ?? 0) - 1;
    this.#liveInChunk[chunk] = left;
    if (left === 0) this.#spent.push(chunk);
  }

  /** The records that should move, so that the block can be given up. Call it once nothing more is added. */
  leftovers(): readonly Kept[] {
    return this.live > sparse ? [] : this.#kept.filter((kept) => kept !== undefined);
  }

  /** What tells the store which of its records have ended. Where none is kept, there is nothing to tell. */
  changes(): Change[] {
    const first = this.number * blockPlaces;
    const spent = this.#spent.map((at): Change => ({ key: chunkKey(first + at), value: undefined }));
    const value = this.live === 0 ? undefined : Buffer.from(this.#ended);
    return [...spent, { key: endedKey(this.number), value }];
  }

  /** The store has its changes. */
  saved(): void {
    this.#spent = [];
  }
}
