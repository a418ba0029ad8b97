import { MemoryStore } from '../../functions/local/memory-store.ts';
import type { Change, Store } from '../../functions/local/store.ts';

/** A store that outlives its gateway, as the one on the disk does. */
export class LastingStore implements Store {
  readonly #store = new MemoryStore();
  /** Whether the disk has no room left. */
  isFull = false;
  /** What its disk fails with. */
  fault: Error | undefined;

  get records(): number {
    return this.#store.records;
  }

  get bytes(): number {
    return this.#store.bytes;
  }

  async write(changes: readonly Change[]): ReturnType<Store['write']> {
    if (this.fault !== undefined) return { ok: false, error: { code: 'failed', why: this.fault.message } };
    const isGrowing = changes.some(({ value }) => value !== undefined);
    if (this.isFull && isGrowing)
      return { ok: false, error: { code: 'full', why: 'The disk of the store is full.' } };
    return this.#store.write(changes);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#store.get(key);
  }

  range(from: Uint8Array, before: Uint8Array, limit: number): ReturnType<Store['range']> {
    return this.#store.range(from, before, limit);
  }

  async close(): Promise<void> {}
}
