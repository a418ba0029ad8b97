import type { Result } from '../wire/result.ts';

/** One change of a write. */
export interface Change {
  /** Keys are in the order of their bytes. */
  readonly key: Uint8Array;
  /** Undefined deletes the key, whether it is there or not. */
  readonly value: Uint8Array | undefined;
}

/** A key and its value. */
export interface Stored {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Why nothing of a write was stored. */
export interface Refusal {
  /** `full`: the disk has no room; a later write may succeed. `failed`: the disk failed, or the store is closed. */
  readonly code: 'full' | 'failed';
  /** One sentence for the log. It repeats no key and no value. */
  readonly why: string;
}

/**
 * Keeps values by key, in order, over the death of the process. What keys and values mean is the caller's affair. The
 * caller must not change bytes that it has given, nor those that it got.
 */
export interface Store {
  /** How many keys there are. */
  readonly records: number;
  /** The bytes of all keys and values together. The engine takes more. */
  readonly bytes: number;
  /**
   * Makes all changes or none, the later of two to one key last. Resolves as soon as they survive the death of the
   * process; a power cut may cost the last 100 ms. Writes of one turn of the event loop are one commit, in their order.
   * A refusal is an outcome of its own write and of no other. Never rejects.
   */
  write(changes: readonly Change[]): Promise<Result<undefined, Refusal>>;
  /** The committed value of a key. Throws if the disk can't be read. */
  get(key: Uint8Array): Uint8Array | undefined;
  /**
   * The first committed records from a key on and before another, in order, at most `limit` (1 or more). Throws if the
   * disk can't be read.
   */
  range(from: Uint8Array, before: Uint8Array, limit: number): readonly Stored[];
  /** Commits the writes that wait, and lets another process open the store. Later writes are refused, reads throw. */
  close(): Promise<void>;
}
