import type { Change, Store, Stored } from '../../functions/local/store.ts';
import { ok } from '../../functions/wire/result.ts';

/** A store that has written as soon as it was asked to, in the same turn of the event loop. */
export class PromptStore implements Store {
  readonly #values = new Map<string, Stored>();

  get records(): number {
    return this.#values.size;
  }

  get bytes(): number {
    return [...this.#values.values()].reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  }

  async write(changes: readonly Change[]): ReturnType<Store['write']> {
    for (const { key, value } of changes) {
      const name = Buffer.from(key).toString('hex');
      if (value === undefined) this.#values.delete(name);
      else this.#values.set(name, { key, value });
    }
    return ok(undefined);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(Buffer.from(key).toString('hex'))?.value;
  }

  range(from: Uint8Array, before: Uint8Array, limit: number): readonly Stored[] {
    return [...this.#values.values()]
      .filter(({ key }) => Buffer.compare(key, from) >= 0 && Buffer.compare(key, before) < 0)
      .sort((one, other) => Buffer.compare(one.key, other.key))
      .slice(0, limit);
  }

  async close(): Promise<void> {}
}
