import type { Clock, RecordPage, Registry, SocketFilter, SocketPage } from '../../functions/gateway/ports.ts';
import type { Acceptance, SocketEnd, SocketRecord } from '../../functions/gateway/record.ts';
import { limits } from '../../functions/wire/limits.ts';
import { byteLength } from '../../functions/wire/printable.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { RecordIndex } from './record-index.ts';

/** How many records a page of a broadcast has; between pages other work gets its turn. */
const pageSize = 1_000;

const unleased = { leaseUntil: 0, attempts: 0 } as const;

/** A record and what the registry keeps beside it. */
export interface Entry {
  record: SocketRecord;
  /** Grows with every socket, so that a list has a stable order. */
  readonly sequence: number;
  outbox: string[];
  outboxBytes: number;
}

/**
 * The registry of one process, in its memory. A method's effect is complete when it returns, before its promise is
 * awaited, so each call is atomic.
 */
export class MemoryRegistry implements Registry {
  readonly #entries = new Map<SocketId, Entry>();
  readonly #index = new RecordIndex();
  readonly #clock: Pick<Clock, 'now'>;
  #sequence = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** How many sockets have a record, whatever its status. */
  get size(): number {
    return this.#entries.size;
  }

  async put(record: SocketRecord): Promise<boolean> {
    if (this.#entries.has(record.socket)) return false;
    this.#sequence += 1;
    const entry = { record, sequence: this.#sequence, outbox: [], outboxBytes: 0 };
    this.#entries.set(record.socket, entry);
    this.#index.add(entry);
    return true;
  }

  async get(socket: SocketId): Promise<SocketRecord | undefined> {
    return this.#entries.get(socket)?.record;
  }

  async accept(
    socket: SocketId,
    acceptance: Acceptance,
    to: 'open' | 'accepted',
  ): Promise<'done' | 'waiting' | 'gone'> {
    const entry = this.#entries.get(socket);
    if (entry?.record.status === 'closing' && entry.record.acceptedAt === 0) this.#change(entry, acceptance);
    if (entry?.record.status !== 'opening') return 'gone';
    if (to === 'open' && entry.outbox.length > 0) return 'waiting';
    this.#change(entry, { ...acceptance, status: to });
    return 'done';
  }

  async keep(socket: SocketId, state: string): Promise<boolean> {
    const entry = this.#entries.get(socket);
    if (entry === undefined || entry.record.status === 'closing') return false;
    this.#change(entry, { state });
    return true;
  }

  async close(socket: SocketId, end: SocketEnd, leaseMs = 0): Promise<SocketRecord | undefined> {
    const entry = this.#entries.get(socket);
    if (entry === undefined || entry.record.status === 'closing') return undefined;
    const isLeased = leaseMs > 0 && entry.record.acceptedAt > 0;
    const lease = isLeased ? { leaseUntil: this.#clock.now() + leaseMs, attempts: 1 } : unleased;
    this.#change(entry, { status: 'closing', end, ...lease });
    entry.outbox = [];
    entry.outboxBytes = 0;
    return entry.record;
  }

  async lease(
    socket: SocketId,
    status: 'accepted' | 'closing',
    forMs: number,
  ): Promise<SocketRecord | undefined> {
    const entry = this.#entries.get(socket);
    const now = this.#clock.now();
    if (entry?.record.status !== status || entry.record.leaseUntil > now) return undefined;
    this.#change(entry, { leaseUntil: now + forMs, attempts: entry.record.attempts + 1 });
    return entry.record;
  }

  async postpone(socket: SocketId, status: 'accepted' | 'closing', forMs: number): Promise<void> {
    const entry = this.#entries.get(socket);
    if (entry?.record.status === status) this.#change(entry, { leaseUntil: this.#clock.now() + forMs });
  }

  async remove(socket: SocketId): Promise<void> {
    const entry = this.#entries.get(socket);
    if (entry === undefined) return;
    this.#index.delete(entry);
    this.#entries.delete(socket);
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
    yield* paged(this.#entries.values(), this.#sequence, () => true);
  }

  /** Nothing has to stop in this process, so no page says where to go on. */
  async *pages(filter: SocketFilter): AsyncGenerator<RecordPage> {
    const pages = paged(this.#candidates(filter), this.#sequence, (record) => matches(record, filter));
    for await (const records of pages) yield { records, next: undefined };
  }

  async list(filter: SocketFilter, limit: number, cursor = '0'): Promise<SocketPage | undefined> {
    if (!/^[0-9a-z]{1,10}$/.test(cursor)) return undefined;
    const after = Number.parseInt(cursor, 36);
    const matching = [...this.#candidates(filter)]
      .filter(({ record, sequence }) => sequence > after && matches(record, filter))
      .sort((one, other) => one.sequence - other.sequence);
    const sockets = matching.slice(0, limit).map(({ record }) => record);
    const last = matching[limit - 1];
    return matching.length > limit && last ? { sockets, cursor: last.sequence.toString(36) } : { sockets };
  }

  /** The hooks that are still owed, by their ids: handshakes that were not decided, ends that were not told. */
  *owed(): Generator<string> {
    for (const { record } of this.#entries.values()) {
      if (record.status === 'opening') yield `handshake_${record.socket}`;
      if (record.status === 'closing') yield `closed_${record.socket}`;
    }
  }

  #candidates(filter: SocketFilter): Iterable<Entry> {
    return this.#index.find(filter) ?? this.#entries.values();
  }

  #change(entry: Entry, change: Partial<SocketRecord>): void {
    const { user } = entry.record;
    entry.record = { ...entry.record, ...change };
    // An entry that moved would come up again in a broadcast that is under way.
    if (entry.record.user !== user) this.#index.rename(entry, user);
  }
}

/** The records that are wanted, of entries up to a number, a page at a time. */
async function* paged(
  entries: Iterable<Entry>,
  last: number,
  isWanted: (record: SocketRecord) => boolean,
): AsyncGenerator<readonly SocketRecord[]> {
  let page: SocketRecord[] = [];
  for (const { record, sequence } of entries) {
    if (sequence > last || !isWanted(record)) continue;
    page.push(record);
    if (page.length < pageSize) continue;
    yield page;
    page = [];
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (page.length > 0) yield page;
}

function matches(record: SocketRecord, { path, user }: SocketFilter): boolean {
  return (
    record.status !== 'closing' &&
    (path === undefined || record.path === path) &&
    (user === undefined || record.user === user)
  );
}
