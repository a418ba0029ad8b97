import { ok } from '../wire/result.ts';
import type { Change, Store, Stored } from './store.ts';
import { StoreWrites, type Written } from './store-writes.ts';

/** A store that ends with its process. It never refuses a write while it is open. */
export class MemoryStore implements Store {
  /** In the order of their keys. */
  readonly #records: Stored[] = [];
  readonly #writes = new StoreWrites((writes) => this.#commit(writes));
  #bytes = 0;
  #isClosed = false;

  get records(): number {
    return this.#records.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  write(changes: readonly Change[]): Promise<Written> {
    return this.#writes.add(changes);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const found = this.#read()[this.#indexOf(key)];
    return found !== undefined && Buffer.compare(found.key, key) === 0 ? found.value : undefined;
  }

  range(from: Uint8Array, before: Uint8Array, limit: number): readonly Stored[] {
    const start = this.#indexOf(from);
    return this.#read().slice(start, Math.min(this.#indexOf(before), start + limit));
  }

  async close(): Promise<void> {
    this.#writes.close();
    this.#isClosed = true;
  }

  #read(): readonly Stored[] {
    if (this.#isClosed) throw new Error('The store is closed.');
    return this.#records;
  }

  #commit(writes: readonly (readonly Change[])[]): Written {
    for (const { key, value } of writes.flat()) this.#change(key, value);
    return ok(undefined);
  }

  #change(key: Uint8Array, value: Uint8Array | undefined): void {
    const at = this.#indexOf(key);
    const found = this.#records[at];
    const known = found !== undefined && Buffer.compare(found.key, key) === 0 ? found : undefined;
    if (known !== undefined) this.#bytes -= known.key.length + known.value.length;
    if (value !== undefined) this.#bytes += key.length + value.length;
    this.#records.splice(at, known === undefined ? 0 : 1, ...(value === undefined ? [] : [{ key, value }]));
  }

  /** The place of the first record whose key is not before this one. */
  #indexOf(key: Uint8Array): number {
    let [low, high] = [0, this.#records.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const record = this.#records[middle];
      if (record !== undefined && Buffer.compare(record.key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
