import type { Clock } from '../gateway/ports.ts';
import { ok } from '../wire/result.ts';
import { Gathering, type Patience } from './gathering.ts';
import { loadRecords } from './load-records.ts';
import { blockPlaces, type Kept, places, RecordBlock } from './record-block.ts';
import { chunksOf } from './record-chunks.ts';
import type { Change, Store } from './store.ts';
import type { Written } from './store-writes.ts';
import { recordKey } from './stored-keys.ts';

/** A write of one record costs 11 µs of CPU, and one of ten 2 µs for each of them. */
const patience: Patience = { ms: 2, recentMs: 4, enough: 10 };

/** When changes are written, in milliseconds: usually, while many wait, and after the store refused them. */
const saveMs = { usual: 100, next: 10, failed: 1_000 };

/** When the end of a socket is written, in milliseconds: most closed hooks are answered before. */
const endMs = 1_000;

/** How many records are moved, and how many blocks are written, at a time, so that other work gets its turn. */
const atOnce = { records: 2_000, blocks: 8 };

/** The store could not keep the record of a socket, so it must not open. The message says why. */
export class RecordRefused extends Error {}

/** Hears of the life of each record. */
export interface RecordListener {
  /** A socket is about to open. Its handshake waits for the outcome. */
  opening(kept: Kept): Promise<Written>;
  /** A record has changed in a way that matters to its closed hook, or to its messages that wait. */
  changed(kept: Kept): void;
  /** A socket has ended. Its closed hook is owed from now on, with the code of the record. */
  ended(kept: Kept): void;
  /** A record that was loaded is in the registry again. */
  restored(kept: Kept): void;
  removed(kept: Kept): void;
}

/**
 * The records of all sockets, in the store, so that each gets its closed hook even if the process is killed. The record
 * of a socket that opens is stored at once, together with those that open at the same time. All else is gathered for a
 * moment, since most sockets end without needing it.
 */
export class KeptRecords implements RecordListener {
  readonly #store: Store;
  readonly #refused: (why: string) => void;
  readonly #blocks = new Map<number, RecordBlock>();
  /** The place of the next record. */
  #next = 0;
  readonly #opening: Gathering<Kept, Written>;
  readonly #changed = new Set<Kept>();
  /** Those whose end is not written yet. */
  readonly #ended = new Set<Kept>();
  #removed: Kept[] = [];
  /** Blocks with records that have ended, which the store does not know yet. */
  readonly #unsaved = new Set<RecordBlock>();
  /** Keys of stores of version 1 that are to be deleted. */
  #oldKeys: Change[] = [];
  #saving: NodeJS.Timeout | undefined;
  #ending: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** Writes follow one another, so that each finds what the one before it has left. It never rejects. */
  #last: Promise<unknown> = Promise.resolve();

  /** `refused` is called whenever the store refuses a write: what it has may be out of date. */
  constructor(store: Store, refused: (why: string) => void, clock: Pick<Clock, 'monotonic'>) {
    this.#store = store;
    this.#refused = refused;
    const open = (records: readonly Kept[]) => this.#inTurn(() => this.#append(records));
    this.#opening = new Gathering(patience, open, clock);
  }

  /**
   * The records that a process before this one kept, with their places. Call it once, before anything else, and restore
   * each. Throws if the store holds what it never wrote.
   */
  load(): readonly Kept[] {
    const { records, moved, blocks, next } = loadRecords(this.#store);
    for (const [number, block] of blocks) {
      this.#blocks.set(number, block);
      if (block.live === 0) this.#unsaved.add(block);
    }
    this.#removed.push(...moved);
    this.#next = next;
    if (this.#isUnsaved) this.#saveIn(saveMs.usual);
    return records;
  }

  opening(kept: Kept): Promise<Written> {
    return this.#opening.add(kept);
  }

  restored(kept: Kept): void {
    // The store has its chunk: only the process that wrote it is gone.
    if (kept.place >= 0) this.#blockAt(kept.place).replace(kept);
    this.changed(kept);
  }

  changed(kept: Kept): void {
    this.#changed.add(kept);
    this.#saveIn(saveMs.usual);
  }

  ended(kept: Kept): void {
    this.#ended.add(kept);
    if (!this.#isClosed) this.#ending ??= setTimeout(() => this.#saveEnds(), endMs).unref();
  }

  removed(kept: Kept): void {
    this.#changed.delete(kept);
    this.#ended.delete(kept);
    this.#removed.push(kept);
    this.#saveIn(saveMs.usual);
  }

  /** Stores all that is to be stored, and nothing later. Resolves with whether it is. */
  async close(): Promise<boolean> {
    this.#isClosed = true;
    clearTimeout(this.#saving);
    clearTimeout(this.#ending);
    this.#saveEnds();
    while (this.#isUnsaved) if (!(await this.#inTurn(() => this.#save()))) return false;
    return true;
  }

  get #isUnsaved(): boolean {
    return this.#changed.size + this.#removed.length + this.#unsaved.size + this.#oldKeys.length > 0;
  }

  #inTurn<Value>(step: () => Promise<Value>): Promise<Value> {
    const done = this.#last.then(step);
    this.#last = done.catch(() => undefined);
    return done;
  }

  #saveIn(ms: number): void {
    if (this.#isClosed) return;
    this.#saving ??= setTimeout(() => void this.#saveLater(), ms).unref();
  }

  #saveEnds(): void {
    this.#ending = undefined;
    for (const kept of this.#ended) this.changed(kept);
    this.#ended.clear();
  }

  async #saveLater(): Promise<void> {
    const isSaved = await this.#inTurn(() => this.#save());
    this.#saving = undefined;
    if (this.#isUnsaved) this.#saveIn(isSaved ? saveMs.next : saveMs.failed);
  }
  /** Writes records to places behind all others. They have moved there once the store has them. */
  async #append(records: readonly Kept[]): Promise<Written> {
    const chunks = chunksOf(records, this.#next);
    const written = await this.#write(chunks.map(({ change }) => change));
    if (!written.ok) return written;
    for (const { place, records } of chunks) {
      const block = this.#blockAt(place);
      for (const [at, kept] of records.entries()) {
        this.#end(kept);
        kept.place = place + at;
        block.add(kept, place);
      }
      this.#next = place + records.length;
    }
    return written;
  }

  /** Resolves with whether the store refused nothing. */
  async #save(): Promise<boolean> {
    const changed = [...this.#changed]
      .slice(0, atOnce.records)
      .map((kept) => ({ kept, record: kept.record }));
    const moved = await this.#append(changed.map(({ kept }) => kept));
    // It may have changed again meanwhile.
    if (moved.ok)
      for (const { kept, record } of changed) if (kept.record === record) this.#changed.delete(kept);
    for (const kept of this.#removed.splice(0)) this.#end(kept);
    return (await this.#saveEnded()) && moved.ok;
  }

  /** Tells the store what has ended. What can't be told stays to be told later. */
  async #saveEnded(): Promise<boolean> {
    const oldKeys = this.#oldKeys;
    const blocks = [...this.#unsaved].slice(0, atOnce.blocks);
    const changes = blocks.flatMap((block) => block.changes());
    const written = await this.#write([...oldKeys, ...changes]);
    if (!written.ok) return false;
    this.#oldKeys = [];
    for (const block of blocks) {
      block.saved();
      this.#unsaved.delete(block);
      if (!this.#isOver(block)) continue;
      if (block.live === 0) this.#blocks.delete(block.number);
      for (const kept of block.leftovers()) this.#changed.add(kept);
    }
    return true;
  }

  /** The place of a record holds nothing of it any more. */
  #end(kept: Kept): void {
    const { place } = kept;
    kept.place = places.none;
    if (place === places.ownKey) this.#oldKeys.push({ key: recordKey(kept.record.socket), value: undefined });
    if (place < 0) return;
    const block = this.#blockAt(place);
    block.end(place);
    this.#unsaved.add(block);
  }

  /** Whether nothing more is added to a block. */
  #isOver(block: RecordBlock): boolean {
    return (block.number + 1) * blockPlaces <= this.#next;
  }

  #blockAt(place: number): RecordBlock {
    const number = Math.floor(place / blockPlaces);
    const known = this.#blocks.get(number);
    if (known !== undefined) return known;
    const block = new RecordBlock(number);
    this.#blocks.set(number, block);
    return block;
  }

  async #write(changes: readonly Change[]): Promise<Written> {
    if (changes.length === 0) return ok(undefined);
    const written = await this.#store.write(changes);
    if (!written.ok) this.#refused(written.error.why);
    return written;
  }
}
