import type {
  Batch,
  BatchClaim,
  BroadcastProgress,
  Broadcasts,
  Claimed,
  OutcomeCounts,
  PartOrigin,
  SegmentClaim,
  SegmentProgress,
  StoredBroadcast,
} from '../gateway/broadcasts.ts';
import type { Clock } from '../gateway/ports.ts';
import type { BroadcastId } from '../wire/broadcast-id.ts';
import { limits } from '../wire/limits.ts';
import { byteLength } from '../wire/printable.ts';
import { type Entry, finish, isFinished, newEntry, progressOf, settle } from './broadcast-entry.ts';
import { type Claims, claimWork, release } from './work-claim.ts';

/** How many broadcasts are kept, and how many bytes of messages and ids of those that are not finished. */
const usualRoom = { broadcasts: 10_000, bytes: 64 * 1_048_576 };

/** The broadcasts of one process, in its memory. If there are too many, those that have ended are forgotten first. */
export class MemoryBroadcasts implements Broadcasts {
  /** Oldest first. */
  readonly #entries = new Map<BroadcastId, Entry>();
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly #room: typeof usualRoom;
  readonly #claims: Claims = { made: 0 };
  /** Of those that are not finished. */
  #bytes = 0;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>, room: typeof usualRoom = usualRoom) {
    this.#clock = clock;
    this.#room = room;
  }

  async create(broadcast: StoredBroadcast): Promise<'created' | 'known' | 'full'> {
    this.#forgetExpired();
    if (this.#entries.has(broadcast.id)) return 'known';
    const bytes = byteLength(broadcast.body) + byteLength(broadcast.except.join(''));
    if (this.#bytes + bytes > this.#room.bytes || !this.#makeRoom()) return 'full';
    this.#bytes += bytes;
    this.#entries.set(broadcast.id, newEntry(broadcast, bytes));
    return 'created';
  }

  async get(id: BroadcastId): Promise<StoredBroadcast | undefined> {
    this.#forgetExpired();
    return this.#entries.get(id)?.broadcast;
  }

  async progress(id: BroadcastId): Promise<BroadcastProgress | undefined> {
    this.#forgetExpired();
    const entry = this.#entries.get(id);
    return entry && progressOf(entry);
  }

  async cancel(id: BroadcastId): Promise<boolean> {
    this.#forgetExpired();
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    if (entry.status === 'running') this.#finish(entry, 'cancelled');
    return true;
  }

  async isCancelled(id: BroadcastId): Promise<boolean> {
    return this.#entries.get(id)?.status !== 'running';
  }

  async claimSegment(id: BroadcastId, at: number, forMs: number): Promise<Claimed<SegmentClaim>> {
    const entry = this.#entries.get(id);
    const segment = entry?.segments[at];
    if (segment === undefined || entry?.status !== 'running') return { kind: 'over' };
    const claimed = claimWork(this.#claims, segment, this.#clock.monotonic(), forMs);
    if (claimed.kind !== 'claimed') return claimed;
    const { batches, from } = segment;
    return { kind: 'claimed', claim: { id: claimed.claim, batches, from } };
  }

  async cut(batch: Batch, end: string, found: number): Promise<string> {
    const entry = this.#entries.get(batch.broadcast);
    const segment = entry?.segments[batch.segment];
    if (entry?.status !== 'running' || segment === undefined || segment.isDone) return end;
    const known = segment.cuts.get(batch.at);
    if (known !== undefined) return known.end;
    segment.cuts.set(batch.at, {
      ...{ end, found, part: 0, leftBy: undefined },
      ...{ claim: undefined, claimEnds: 0, isDone: false },
    });
    return end;
  }

  async queued(id: BroadcastId, at: number, progress: SegmentProgress): Promise<void> {
    const entry = this.#entries.get(id);
    const segment = entry?.segments[at];
    if (entry === undefined || segment === undefined || segment.claim !== progress.id) return;
    segment.batches = progress.batches;
    segment.from = progress.from;
    segment.isDone = progress.isDone;
    if (progress.isReleased) release(segment);
    if (!segment.isDone) return;
    for (const key of segment.cuts.keys()) if (key >= segment.batches) segment.cuts.delete(key);
    this.#finishIfDone(entry);
  }

  async claimBatch(
    batch: Batch,
    part: number,
    forMs: number,
    { after }: PartOrigin = {},
  ): Promise<Claimed<BatchClaim>> {
    const entry = this.#entries.get(batch.broadcast);
    const cut = entry?.segments[batch.segment]?.cuts.get(batch.at);
    if (cut === undefined || entry?.status !== 'running' || cut.part > part) return { kind: 'over' };
    if (cut.part < part) return { kind: 'busy' };
    if (after !== undefined && cut.leftBy !== after) return { kind: 'over' };
    const claimed = claimWork(this.#claims, cut, this.#clock.monotonic(), forMs);
    return claimed.kind === 'claimed' ? { kind: 'claimed', claim: { id: claimed.claim } } : claimed;
  }

  async posted(batch: Batch, claim: BatchClaim, counts: OutcomeCounts, isDone: boolean): Promise<void> {
    const entry = this.#entries.get(batch.broadcast);
    const cut = entry?.segments[batch.segment]?.cuts.get(batch.at);
    if (entry === undefined || cut === undefined || cut.claim !== claim.id) return;
    settle(entry, counts);
    cut.isDone = isDone;
    cut.part += 1;
    cut.leftBy = claim.id;
    release(cut);
    this.#finishIfDone(entry);
  }

  #finishIfDone(entry: Entry): void {
    if (entry.status === 'running' && isFinished(entry)) this.#finish(entry, 'done');
  }

  #finish(entry: Entry, status: 'done' | 'cancelled'): void {
    this.#bytes -= entry.bytes;
    finish(entry, status);
  }

  /** False if every broadcast that is kept is running. */
  #makeRoom(): boolean {
    if (this.#entries.size < this.#room.broadcasts) return true;
    for (const [id, { status }] of this.#entries) {
      if (status !== 'running') return this.#entries.delete(id);
    }
    return false;
  }

  /** The map is in the order of the starts, so the oldest come first. */
  #forgetExpired(): void {
    const since = this.#clock.now() - limits.broadcastSeconds * 1_000;
    for (const [id, entry] of this.#entries) {
      if (entry.broadcast.startedAt > since) return;
      if (entry.status === 'running') this.#bytes -= entry.bytes;
      this.#entries.delete(id);
    }
  }
}
