import type { BroadcastId } from '../../wire/broadcast-id.ts';
import { byteLength } from '../../wire/printable.ts';
import type { SocketId } from '../../wire/socket-id.ts';
import type { SegmentClaim, StoredBroadcast } from '../broadcasts.ts';
import type { Gateway } from '../gateway.ts';
import type { SegmentPage } from '../ports.ts';
import type { Recipient } from '../record.ts';
import type { BatchTask } from '../tasks.ts';
import { WorkIsBusy } from './work-is-busy.ts';

/** A segment of a broadcast. */
export interface SegmentTask {
  readonly broadcast: BroadcastId;
  readonly segment: number;
}

/**
 * Reads a segment of a broadcast and cuts it into batches, which are queued. Every batch is stored before it is queued, so
 * that a run that takes over from one that died cuts the segment in the same places. A run whose time is over leaves the
 * rest to the next one.
 */
export async function coordinate(gateway: Gateway, task: SegmentTask): Promise<void> {
  const { broadcasts, policy, tasks, log } = gateway;
  const broadcast = await broadcasts.get(task.broadcast);
  if (broadcast === undefined) {
    // Its task was not received until the broadcast had expired, or was moved back to its queue after that.
    log.error('fault', {
      broadcast: task.broadcast,
      why: 'a segment of a broadcast was not read within a day',
    });
    return;
  }
  const claimed = await broadcasts.claimSegment(task.broadcast, task.segment, policy.leaseMs);
  if (claimed.kind === 'over') return;
  // The task comes again. Until then, the worker that has the claim is done or dead.
  if (claimed.kind === 'busy') throw new WorkIsBusy('segment');
  const run = new Segment(gateway, broadcast, task.segment, claimed.claim);
  try {
    if (await run.cutAll()) return;
  } catch (error) {
    // Best effort: otherwise the task that comes again meets this claim until it ends.
    await run.release().catch(() => undefined);
    throw error;
  }
  await tasks.enqueue({ kind: 'segment', ...task });
}

/** A run that cuts a segment. */
class Segment {
  readonly #gateway: Gateway;
  readonly #broadcast: StoredBroadcast;
  readonly #segment: number;
  readonly #excluded: ReadonlySet<SocketId>;
  /** The most sockets of a batch. */
  readonly #limit: number;
  /** How far it is stored that the batches are queued. */
  #claim: SegmentClaim;
  /** Where the last batch that was cut ends, and how many have been cut. */
  #from: string | undefined;
  #batches: number;
  /** The batches that are cut and not queued yet. */
  #waiting: BatchTask[] = [];

  constructor(gateway: Gateway, broadcast: StoredBroadcast, segment: number, claim: SegmentClaim) {
    this.#gateway = gateway;
    this.#broadcast = broadcast;
    this.#segment = segment;
    this.#excluded = new Set(broadcast.except);
    const { batchSockets, batchBytes } = gateway.policy;
    const bytes = Math.max(1, byteLength(broadcast.body));
    this.#limit = Math.max(1, Math.min(batchSockets, Math.floor(batchBytes / bytes)));
    this.#claim = claim;
    this.#from = claim.from;
    this.#batches = claim.batches;
  }

  /** Returns whether the whole segment is queued. */
  async cutAll(): Promise<boolean> {
    while (await this.#cutFrom(this.#from)) {
      if (!this.#isOver) continue;
      await this.#queue({ isDone: false, isReleased: true });
      return false;
    }
    await this.#queue({ isDone: true, isReleased: true });
    return true;
  }

  /** Gives up the claim, with what is queued so far. */
  release(): Promise<void> {
    const { broadcasts } = this.#gateway;
    const progress = { ...this.#claim, isDone: false, isReleased: true };
    return broadcasts.queued(this.#broadcast.id, this.#segment, progress);
  }

  get #isOver(): boolean {
    const { clock, deadline } = this.#gateway;
    return clock.monotonic() >= deadline;
  }

  /** Cuts batches until the segment ends. Returns true if it has to begin again where it is now. */
  async #cutFrom(from: string | undefined): Promise<boolean> {
    const limit = this.#limit;
    let gathered: Recipient[] = [];
    let end: string | undefined;
    for await (const page of this.#read({ from, limit })) {
      gathered.push(...page.recipients);
      end = page.end;
      if (gathered.length < limit) continue;
      if (!(await this.#cut(gathered, end)) || this.#isOver) return true;
      gathered = [];
      end = undefined;
    }
    return end !== undefined && gathered.length > 0 && !(await this.#cut(gathered, end));
  }

  #read(stretch: { from: string | undefined; to?: string; limit: number }): AsyncIterable<SegmentPage> {
    return this.#gateway.registry.segment(this.#broadcast, this.#segment, stretch);
  }

  /** False if a run that died has cut this batch somewhere else. Then it is cut there, and what follows is read again. */
  async #cut(read: readonly Recipient[], end: string): Promise<boolean> {
    const batch = { broadcast: this.#broadcast.id, segment: this.#segment, at: this.#batches };
    const found = this.#wanted(read);
    const cutAt = await this.#gateway.broadcasts.cut(batch, end, found.length);
    const sockets = cutAt === end ? found : this.#wanted(await this.#readTo(cutAt));
    this.#batches += 1;
    this.#from = cutAt;
    this.#waiting.push({ kind: 'batch', ...batch, part: 0, sockets });
    if (this.#batches - this.#claim.batches === this.#gateway.policy.batchesPerCall)
      await this.#queue({ isDone: false, isReleased: false });
    // The first at once, and then more and more by each call, so that no worker waits until many are cut.
    else if (this.#waiting.length * 2 >= this.#batches) await this.#enqueue();
    return cutAt === end;
  }

  #wanted(recipients: readonly Recipient[]): BatchTask['sockets'] {
    if (this.#excluded.size === 0) return recipients;
    return recipients.filter(({ socket }) => !this.#excluded.has(socket));
  }

  async #readTo(to: string): Promise<readonly Recipient[]> {
    const found: Recipient[] = [];
    const limit = this.#limit;
    for await (const page of this.#read({ from: this.#from, to, limit })) found.push(...page.recipients);
    return found;
  }

  async #enqueue(): Promise<void> {
    if (this.#waiting.length > 0) await this.#gateway.tasks.enqueueBatches(this.#waiting);
    this.#waiting = [];
  }

  /** Queues what waits, and stores how far that is. A run that takes over queues what follows again. */
  async #queue(state: { readonly isDone: boolean; readonly isReleased: boolean }): Promise<void> {
    const { broadcasts } = this.#gateway;
    await this.#enqueue();
    this.#claim = { id: this.#claim.id, batches: this.#batches, from: this.#from };
    await broadcasts.queued(this.#broadcast.id, this.#segment, { ...this.#claim, ...state });
  }
}
