import type { SocketRecord } from '../gateway/record.ts';
import type { SocketFilter } from '../gateway/socket-filter.ts';
import type { GroupName } from '../wire/group.ts';
import { type NormalPath, normalisePath } from '../wire/path.ts';
import type { Kept } from './record-block.ts';

/** Finds entries by path, in whatever spelling, by user and by group, without reading all entries. */
export class RecordIndex {
  readonly #byPath = new Map<NormalPath, Set<Entry>>();
  readonly #byUser = new Map<string, Set<Entry>>();
  readonly #byGroup = new Map<GroupName, Map<Entry, Membership>>();

  /** Adds an entry under the current path and user of its record. It is in no group yet. */
  add(entry: Entry): void {
    put(this.#byPath, normalisePath(entry.record.path), entry);
    if (entry.record.user !== '') put(this.#byUser, entry.record.user, entry);
  }

  /** Removes an entry. Call it before its record changes, and after it has left its groups. */
  delete(entry: Entry): void {
    take(this.#byPath, normalisePath(entry.record.path), entry);
    take(this.#byUser, entry.record.user, entry);
  }

  /** Moves an entry whose record has a new user; `user` is the previous one. */
  rename(entry: Entry, user: string): void {
    take(this.#byUser, user, entry);
    if (entry.record.user !== '') put(this.#byUser, entry.record.user, entry);
  }

  /** Adds an entry to a group. `sequence` is higher for every join, so that the members of a group have an order. */
  join(entry: Entry, group: GroupName, sequence: number): void {
    const membership = new Membership(entry, sequence);
    const members = this.#byGroup.get(group);
    if (members === undefined) this.#byGroup.set(group, new Map([[entry, membership]]));
    else members.set(entry, membership);
  }

  /** Removes an entry from a group. */
  leave(entry: Entry, group: GroupName): void {
    const members = this.#byGroup.get(group);
    members?.delete(entry);
    if (members?.size === 0) this.#byGroup.delete(group);
  }

  /**
   * The members of the filter's group, else the entries of its user, else of its path; undefined if it has none of
   * these. Not all of them need match. Those of a group are in the order in which they joined. One that has ended is in no
   * group here.
   */
  find({ path, user, group, ended = false }: SocketFilter): Iterable<Candidate> | undefined {
    if (group !== undefined && !ended) return this.#byGroup.get(group)?.values() ?? [];
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

/** A record that may match a filter, and its place in the order of a list. */
export interface Candidate {
  readonly record: SocketRecord;
  readonly sequence: number;
}

/** An entry in a group. A socket that leaves and joins again is in a new place. */
class Membership implements Candidate {
  readonly sequence: number;
  readonly #entry: Entry;

  constructor(entry: Entry, sequence: number) {
    this.#entry = entry;
    this.sequence = sequence;
  }

  get record(): SocketRecord {
    return this.#entry.record;
  }
}

/** A record, and the data that the registry keeps beside it. */
export interface Entry extends Candidate, Kept {
  record: SocketRecord;
  /** Higher for every new socket, so that a list has a stable order. */
  readonly sequence: number;
  /** When its lease ends, on the monotonic clock. The record's `leaseUntil` is for display and decides nothing. */
  leaseEnds: number;
  outbox: string[];
  outboxBytes: number;
  /** Of its messages whose first attempts failed. */
  failedBytes: number;
}

/** The entry of a socket of which nothing is known but its record. */
export function newEntry(record: SocketRecord, place: number, sequence: number): Entry {
  return { record, place, sequence, leaseEnds: 0, outbox: [], outboxBytes: 0, failedBytes: 0 };
}
