import { changeGroups } from '../gateway/group-change.ts';
import type { Clock, RecordPage, Registry, SegmentPage, SocketPage, Stretch } from '../gateway/ports.ts';
import type { Acceptance, SocketEnd, SocketRecord } from '../gateway/record.ts';
import { matches, type SocketFilter } from '../gateway/socket-filter.ts';
import type { GroupChange, GroupName } from '../wire/group.ts';
import { limits } from '../wire/limits.ts';
import { byteLength } from '../wire/printable.ts';
import type { SocketId } from '../wire/socket-id.ts';
import { type RecordListener, RecordRefused } from './kept-records.ts';
import { isLeased, lease, withLease } from './lease.ts';
import { type Kept, places } from './record-block.ts';
import { type Candidate, type Entry, newEntry, RecordIndex } from './record-index.ts';
import { listPage, paged, segmentPages } from './record-pages.ts';
import { userPage } from './user-page.ts';

const unleased = { leaseUntil: 0, attempts: 0 } as const;

/**
 * The registry of one process, in its memory. A method's effect is complete when it returns, before its promise is
 * awaited, so each call is atomic.
 */
export class MemoryRegistry implements Registry {
  readonly #entries = new Map<SocketId, Entry>();
  readonly #index = new RecordIndex();
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #listener: RecordListener | undefined;
  #sequence = 0;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>, listener?: RecordListener) {
    this.#clock = clock;
    this.#listener = listener;
  }

  /** The number of records, whatever their status. */
  get size(): number {
    return this.#entries.size;
  }

  async put(record: SocketRecord): Promise<boolean> {
    if (this.#entries.has(record.socket)) return false;
    const entry = this.#add(record, places.none);
    const kept = await this.#listener?.opening(entry);
    if (kept?.ok !== false) return true;
    await this.remove(record.socket);
    throw new RecordRefused(kept.error.why);
  }

  /** Puts back the record of a socket whose process has died. */
  restore({ record, place }: Kept): void {
    this.#listener?.restored(this.#add(record, place));
  }

  get(socket: SocketId): SocketRecord | undefined {
    const entry = this.#entries.get(socket);
    return entry && withLease(entry, this.#clock);
  }

  async accept(
    socket: SocketId,
    acceptance: Acceptance,
    to: 'open' | 'accepted',
  ): Promise<'done' | 'waiting' | 'gone' | 'too_many_groups'> {
    const entry = this.#entries.get(socket);
    const { groups: change, ...accepted } = acceptance;
    if (entry?.record.status === 'closing' && entry.record.acceptedAt === 0) this.#change(entry, accepted);
    if (entry?.record.status !== 'opening') return 'gone';
    if (to === 'open' && entry.outbox.length > 0) return 'waiting';
    const groups = changeGroups(entry.record.groups, change);
    if (groups === undefined) return 'too_many_groups';
    this.#change(entry, { ...accepted, status: to });
    this.#regroup(entry, groups);
    return 'done';
  }

  changeGroups(
    socket: SocketId,
    change: GroupChange,
    _known?: SocketRecord,
    at?: number,
  ): 'done' | 'gone' | 'outdated' | 'too_many_groups' {
    const entry = this.#entries.get(socket);
    if (entry === undefined || entry.record.status === 'closing') return 'gone';
    if (at !== undefined && entry.record.groupsVersion !== at) return 'outdated';
    const groups = changeGroups(entry.record.groups, change);
    if (groups === undefined) return 'too_many_groups';
    this.#regroup(entry, groups);
    return 'done';
  }

  async setState(socket: SocketId, state: string, expected?: string): Promise<'done' | 'gone' | 'outdated'> {
    const entry = this.#entries.get(socket);
    if (entry === undefined || entry.record.status === 'closing') return 'gone';
    if (expected !== undefined && entry.record.state !== expected) return 'outdated';
    this.#change(entry, { state });
    return 'done';
  }

  async markEnded(socket: SocketId, end: SocketEnd, leaseMs = 0): Promise<SocketRecord | undefined> {
    const entry = this.#entries.get(socket);
    if (entry === undefined || entry.record.status === 'closing') return undefined;
    const mayLease = leaseMs > 0 && entry.record.acceptedAt > 0;
    const leased = mayLease ? { ...lease(entry, leaseMs, this.#clock), attempts: 1 } : unleased;
    this.#change(entry, { status: 'closing', end, ...leased });
    entry.outbox = [];
    entry.outboxBytes = 0;
    this.#leaveAll(entry);
    this.#listener?.ended(entry);
    return entry.record;
  }

  async lease(
    socket: SocketId,
    status: 'accepted' | 'closing',
    forMs: number,
  ): Promise<SocketRecord | undefined> {
    const entry = this.#entries.get(socket);
    if (entry?.record.status !== status || isLeased(entry, this.#clock)) return undefined;
    this.#change(entry, { ...lease(entry, forMs, this.#clock), attempts: entry.record.attempts + 1 });
    return entry.record;
  }

  async postpone(...[socket, status, forMs, tried]: Parameters<Registry['postpone']>): Promise<void> {
    const entry = this.#entries.get(socket);
    if (entry?.record.status !== status) return;
    this.#change(entry, { ...lease(entry, forMs, this.#clock), attempts: tried ?? entry.record.attempts });
    if (status === 'closing') this.#listener?.changed(entry);
  }

  async countFailed(socket: SocketId, bytes: number): Promise<'counted' | 'full' | 'gone'> {
    const entry = this.#entries.get(socket);
    if (entry === undefined || entry.record.status === 'closing') return 'gone';
    if (entry.failedBytes + bytes > limits.failedBytes) return 'full';
    entry.failedBytes += bytes;
    return 'counted';
  }

  async remove(socket: SocketId): Promise<void> {
    const entry = this.#entries.get(socket);
    if (entry === undefined || !this.#entries.delete(socket)) return;
    this.#leaveAll(entry);
    this.#index.delete(entry);
    this.#listener?.removed(entry);
  }

  async append(socket: SocketId, body: string): Promise<'queued' | 'open' | 'full' | 'gone'> {
    const entry = this.#entries.get(socket);
    if (entry === undefined || entry.record.status === 'closing') return 'gone';
    if (entry.record.status === 'open') return 'open';
    const bytes = entry.outboxBytes + byteLength(body);
    if (bytes > limits.outboxBytes || entry.outbox.length >= limits.outboxMessages) return 'full';
    entry.outbox.push(body);
    entry.outboxBytes = bytes;
    return 'queued';
  }

  async waiting(socket: SocketId): Promise<readonly string[]> {
    return [...(this.#entries.get(socket)?.outbox ?? [])];
  }

  async flushed(socket: SocketId, count: number): Promise<'open' | 'more' | 'gone'> {
    const entry = this.#entries.get(socket);
    if (entry?.record.status !== 'accepted') return 'gone';
    for (const body of entry.outbox.splice(0, count)) entry.outboxBytes -= byteLength(body);
    if (entry.outbox.length > 0) return 'more';
    this.#change(entry, { status: 'open', ...unleased });
    return 'open';
  }

  async *survey(): AsyncGenerator<readonly SocketRecord[]> {
    yield* paged(this.#entries.values(), this.#sequence, (entry) => withLease(entry, this.#clock));
  }

  /** A run in this process has no deadline, so no page says where to go on. */
  async *pages(filter: SocketFilter): AsyncGenerator<RecordPage> {
    const isWanted = matches(filter);
    const pick = ({ record }: Candidate) => (isWanted(record) ? record : undefined);
    const pages = paged(this.#candidates(filter), this.#sequence, pick);
    for await (const records of pages) yield { records, next: undefined };
  }

  segmentsOf(): number {
    return 1;
  }

  segment(filter: SocketFilter, _at: number, stretch: Stretch): AsyncIterable<SegmentPage> {
    return segmentPages(this.#inOrder(filter), this.#sequence, matches(filter), stretch);
  }

  async list(filter: SocketFilter, limit: number, cursor?: string): Promise<SocketPage | undefined> {
    return listPage(this.#inOrder(filter), filter, limit, cursor);
  }

  listUsers(group: GroupName, limit: number, cursor?: string): ReturnType<Registry['listUsers']> {
    return userPage(group, this.#candidates({ group }), limit, cursor);
  }

  /** The records whose hooks are still owed: undecided handshakes, and closed hooks that were not posted. */
  owed(): readonly SocketRecord[] {
    const owed = ({ status }: SocketRecord): boolean => status === 'opening' || status === 'closing';
    return Array.from(this.#entries.values(), ({ record }) => record).filter(owed);
  }

  /** The index keeps the order of entries, but not those of a user, since a handshake may set the user later. */
  #inOrder(filter: SocketFilter): Iterable<Candidate> {
    const entries = this.#candidates(filter);
    if (filter.user === undefined || filter.group !== undefined) return entries;
    return [...entries].sort((one, other) => one.sequence - other.sequence);
  }

  /** A group as it is now, so that a member that leaves and joins again meanwhile is reached, and once. */
  #candidates(filter: SocketFilter): Iterable<Candidate> {
    const found = this.#index.find(filter) ?? this.#entries.values();
    return filter.group === undefined ? found : [...found];
  }

  #add(record: SocketRecord, place: number): Entry {
    this.#sequence += 1;
    const entry = newEntry(record, place, this.#sequence);
    this.#entries.set(record.socket, entry);
    this.#index.add(entry);
    return entry;
  }

  #change(entry: Entry, change: Partial<SocketRecord>): void {
    const { user, state } = entry.record;
    entry.record = { ...entry.record, ...change };
    // Only if the user changed: an entry that moves would appear twice in a broadcast in progress.
    if (entry.record.user !== user) this.#index.rename(entry, user);
    if (entry.record.user !== user || entry.record.state !== state) this.#listener?.changed(entry);
  }

  /** Puts an entry into groups, and takes it out of the others. The list itself is the same object if nothing changes. */
  #regroup(entry: Entry, groups: readonly GroupName[]): void {
    const { groups: before, groupsVersion } = entry.record;
    if (groups === before) return;
    entry.record = { ...entry.record, groups, groupsVersion: groupsVersion + 1 };
    this.#listener?.changed(entry);
    for (const group of before) if (!groups.includes(group)) this.#index.leave(entry, group);
    for (const group of groups) {
      if (before.includes(group)) continue;
      this.#sequence += 1;
      this.#index.join(entry, group, this.#sequence);
    }
  }

  /** Its record keeps the groups that it was in, for the closed hook. */
  #leaveAll(entry: Entry): void {
    for (const group of entry.record.groups) this.#index.leave(entry, group);
  }
}
