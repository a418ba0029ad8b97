import type { DeadLetter, DeadLetterPage, DeadLetters } from '../gateway/dead-letters.ts';
import type { Clock } from '../gateway/ports.ts';
import { type DeadLetterId, parseDeadLetterId } from '../wire/dead-letter-id.ts';
import { limits } from '../wire/limits.ts';
import type { Change, Store } from './store.ts';
import { readLetter, write } from './stored.ts';
import { after, bodyKey, keysOf, letterKey, type StoredKind } from './stored-keys.ts';

/** How many dead letters are kept, and how many bytes of the store may be in use when another one comes. */
const usualRoom = { letters: 100_000, storeBytes: 1_073_741_824 };

/** How many are looked at at a time. */
const pageSize = 1_000;

/** The dead letters of one process, in its store. */
export class StoredDeadLetters implements DeadLetters {
  /** How many hooks have died in this process and were kept. */
  kept = 0;
  readonly #store: Store;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #room: typeof usualRoom;
  /** When each died, in the order of the deaths. */
  readonly #deaths = new Map<DeadLetterId, number>();

  /** Reads which letters there are. Throws if the store holds what it never wrote. */
  constructor(store: Store, clock: Pick<Clock, 'now'>, room: typeof usualRoom = usualRoom) {
    this.#store = store;
    this.#clock = clock;
    this.#room = room;
    const letters = [...this.#read('letter', keysOf('letter')[0])];
    letters.sort((one, other) => one.diedAt - other.diedAt);
    for (const { id, diedAt } of letters) this.#deaths.set(id, diedAt);
  }

  /** How many there are. It looks at each, so it is not for hot paths. */
  get size(): number {
    let size = 0;
    for (const diedAt of this.#deaths.values()) if (diedAt > this.#expiredSince) size += 1;
    return size;
  }

  async put(letter: DeadLetter): Promise<'kept' | 'full'> {
    await this.#forgetExpired();
    const isNew = !this.#deaths.has(letter.id);
    if (this.#store.bytes >= this.#room.storeBytes) return 'full';
    if (isNew && this.#deaths.size >= this.#room.letters) return 'full';
    const written = await this.#store.write([
      { key: letterKey(letter.id), value: write(withoutBody(letter)) },
      { key: bodyKey(letter.id), value: write(letter) },
    ]);
    if (!written.ok && written.error.code === 'full') return 'full';
    if (!written.ok) throw new Error(written.error.why);
    this.#deaths.delete(letter.id);
    this.#deaths.set(letter.id, letter.diedAt);
    this.kept += 1;
    return 'kept';
  }

  async get(id: DeadLetterId): Promise<DeadLetter | undefined> {
    if (!this.#isLive(id)) return undefined;
    const value = this.#store.get(bodyKey(id));
    return value && readLetter(value);
  }

  async list(limit: number, cursor: string | undefined, whole: boolean): Promise<DeadLetterPage | undefined> {
    const last = cursor === undefined ? undefined : parseDeadLetterId(cursor);
    if (cursor !== undefined && last === undefined) return undefined;
    const kind = whole ? 'body' : 'letter';
    const [start] = keysOf(kind);
    const from = last === undefined ? start : after(whole ? bodyKey(last) : letterKey(last));
    const deadLetters: DeadLetter[] = [];
    for (const letter of this.#read(kind, from)) {
      if (!this.#isLive(letter.id)) continue;
      const before = deadLetters.at(-1);
      if (deadLetters.length === limit && before !== undefined) return { deadLetters, cursor: before.id };
      deadLetters.push(letter);
    }
    return { deadLetters };
  }

  async remove(id: DeadLetterId, diedAt?: number): Promise<boolean> {
    if (!this.#isLive(id) || (diedAt !== undefined && this.#deaths.get(id) !== diedAt)) return false;
    await this.#delete([id]);
    this.#deaths.delete(id);
    return true;
  }

  *#read(kind: StoredKind, start: Uint8Array): Generator<DeadLetter> {
    const [, before] = keysOf(kind);
    // A page of bodies may be large.
    const limit = kind === 'letter' ? pageSize : 10;
    for (let from = start; ; ) {
      const found = this.#store.range(from, before, limit);
      for (const { value } of found) yield readLetter(value);
      const last = found.at(-1);
      if (last === undefined) return;
      from = after(last.key);
    }
  }

  get #expiredSince(): number {
    return this.#clock.now() - limits.deadLetterSeconds * 1_000;
  }

  #isLive(id: DeadLetterId): boolean {
    const diedAt = this.#deaths.get(id);
    return diedAt !== undefined && diedAt > this.#expiredSince;
  }

  /** The map is in the order of the deaths, so the oldest come first. */
  async #forgetExpired(): Promise<void> {
    const expired: DeadLetterId[] = [];
    for (const [id, diedAt] of this.#deaths) {
      if (diedAt > this.#expiredSince || expired.length === pageSize) break;
      expired.push(id);
    }
    if (expired.length > 0) await this.#delete(expired);
    for (const id of expired) this.#deaths.delete(id);
  }

  async #delete(ids: readonly DeadLetterId[]): Promise<void> {
    const changes = ids.flatMap((id): Change[] => [
      { key: letterKey(id), value: undefined },
      { key: bodyKey(id), value: undefined },
    ]);
    const written = await this.#store.write(changes);
    if (!written.ok) throw new Error(written.error.why);
  }
}

function withoutBody(letter: DeadLetter): DeadLetter {
  return { ...letter, hook: { ...letter.hook, body: '' } };
}
