import type { SocketRecord } from '../gateway/record.ts';
import type { SocketFilter } from '../gateway/socket-filter.ts';
import { type NormalPath, normalisePath } from '../wire/path.ts';

/** Finds entries by path, however that is written, and by user without looking at the others. */
export class RecordIndex {
  readonly #byPath = new Map<NormalPath, Set<Entry>>();
  readonly #byUser = new Map<string, Set<Entry>>();

  /** Adds an entry under the path and the user that its record has now. */
  add(entry: Entry): void {
    put(this.#byPath, normalisePath(entry.record.path), entry);
    if (entry.record.user !== '') put(this.#byUser, entry.record.user, entry);
  }

  /** Takes an entry out; call it before its record changes. */
  delete(entry: Entry): void {
    take(this.#byPath, normalisePath(entry.record.path), entry);
    take(this.#byUser, entry.record.user, entry);
  }

  /** Moves an entry whose record has another user than before. */
  rename(entry: Entry, user: string): void {
    take(this.#byUser, user, entry);
    if (entry.record.user !== '') put(this.#byUser, entry.record.user, entry);
  }

  /** The entries of a user or else of a path; undefined if the filter has neither. They may not match the rest of it. */
  find({ path, user }: SocketFilter): Iterable<Entry> | undefined {
    if (user !== undefined) return this.#byUser.get(user) ?? [];
    return path === undefined ? undefined : (this.#byPath.get(normalisePath(path)) ?? []);
  }
}

function put<Key>(index: Map<Key, Set<Entry>>, key: Key, entry: Entry): void {
  const found = index.get(key);
  if (found === undefined) index.set(key, new Set([entry]));
  else found.add(entry);
}

function take<Key>(index: Map<Key, Set<Entry>>, key: Key, entry: Entry): void {
  const found = index.get(key);
  found?.delete(entry);
  if (found?.size === 0) index.delete(key);
}

/** A record and what the registry keeps beside it. */
export interface Entry {
  record: SocketRecord;
  /** Grows with every socket, so that a list has a stable order. */
  readonly sequence: number;
  /** When its lease ends, on the monotonic clock; what its record says is told, and decides nothing. */
  leaseEnds: number;
  outbox: string[];
  outboxBytes: number;
}
