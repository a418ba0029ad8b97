import type { Change, Store, Stored } from '../../functions/local/store.ts';
import { StoreWrites } from '../../functions/local/store-writes.ts';
import { ok } from '../../functions/wire/result.ts';
import type { Process } from './process.ts';

/** What is on the disk, which outlives the processes that write to it. */
export class Disk {
  /** By the keys, one character for each byte. */
  readonly #records = new Map<string, Stored>();

  /** All that is committed between two keys. */
  range(from: Uint8Array, before: Uint8Array): readonly Stored[] {
    const [first, last] = [textOf(from), textOf(before)];
    const keys = [...this.#records.keys()].filter((key) => key >= first && key < last).sort();
    return keys.flatMap((key) => this.#records.get(key) ?? []);
  }

  has(key: Uint8Array): boolean {
    return this.#records.has(textOf(key));
  }

  get size(): number {
    return this.#records.size;
  }

  /** The store of a process. What it has not committed when it dies is lost. */
  openedBy(process: Process): Store {
    const records = this.#records;
    const writes = new StoreWrites((groups) => {
      for (const change of groups.flat()) this.#change(change);
      return ok(undefined);
    });
    return {
      get records() {
        return records.size;
      },
      get bytes() {
        return [...records.values()].reduce((sum, { key, value }) => sum + key.length + value.length, 0);
      },
      write: (changes) => process.call(() => writes.add(changes)),
      get: (key) => records.get(textOf(key))?.value,
      range: (from, before, limit) => this.range(from, before).slice(0, limit),
      close: () => process.call(() => writes.close()),
    };
  }

  #change({ key, value }: Change): void {
    if (value === undefined) this.#records.delete(textOf(key));
    else this.#records.set(textOf(key), { key, value });
  }
}

function textOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1');
}
