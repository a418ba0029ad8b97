import type { SocketRecord } from '../gateway/record.ts';
import type { SocketFilter } from '../gateway/socket-filter.ts';
import { type NormalPath, normalisePath } from '../wire/path.ts';

/** Finds entries by path, in whatever spelling, and by user, without reading all entries. */
export class RecordIndex {
  readonly #byPath = new Map<NormalPath, Set<Entry>>();
  readonly #byUser = new Map<string, Set<Entry>>();

  /** Adds an entry under the current path and user of its record. */
  add(entry: Entry): void {
    put(this.#byPath, normalisePath(entry.record.path), entry);
    if (entry.record.user !== '') put(this.#byUser, entry.record.user, entry);
  }

  /** Removes an entry. Call it before its record changes. */
  delete(entry: Entry): void {
    take(this.#byPath, normalisePath(entry.record.path), entry);
    take(this.#byUser, entry.record.user, entry);
  }

  /** Moves an entry whose record has a new user; `user` is the previous one. */
  rename(entry: Entry, user: string): void {
    take(this.#byUser, user, entry);
    if (entry.record.user !== '') put(this.#byUser, entry.record.user, entry);
  }

  /** The entries of the filter's user, else of its path; undefined if it has neither. Not all of them need match. */
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

/** A record, and the data that the registry keeps beside it. */
export interface Entry {
  record: SocketRecord;
  /** Higher for every new socket, so that a list has a stable order. */
  readonly sequence: number;
  /** When its lease ends, on the monotonic clock. The record's `leaseUntil` is for display and decides nothing. */
  leaseEnds: number;
  outbox: string[];
  outboxBytes: number;
}
