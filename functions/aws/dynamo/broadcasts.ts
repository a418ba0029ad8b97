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
} from '../../gateway/broadcasts.ts';
import type { Clock, Log } from '../../gateway/ports.ts';
import type { BroadcastId } from '../../wire/broadcast-id.ts';
import { limits } from '../../wire/limits.ts';
import { type Item, number, text } from './attribute.ts';
import { countsOf, isDead, isDone, outcomes } from './broadcast-counts.ts';
import { broadcastItem, broadcastOf } from './broadcast-item.ts';
import {
  BroadcastTable,
  batchPart,
  numbersOf,
  type PartChange,
  parts,
  segmentPart,
} from './broadcast-table.ts';
import type { DynamoAccess } from './calls.ts';
import { numberIn, textIn } from './item.ts';
import type { TableNames } from './table.ts';
import { newWriteId } from './write-id.ts';

/** A claim of a part: its id, and the part as it is now. */
interface PartClaim {
  readonly id: string;
  readonly item: Item;
}

/** A part that was claimed, or why it was not. A busy one comes with its item. */
type PartClaimed =
  | { readonly kind: 'claimed'; readonly claim: PartClaim }
  | { readonly kind: 'busy'; readonly item: Item }
  | { readonly kind: 'over' };

/**
 * The broadcasts that go on after their calls, in DynamoDB. A claim is one conditional write, and so is giving it up with
 * what came of it. Every item expires a day after it was written.
 */
export class DynamoBroadcasts implements Broadcasts {
  readonly #table: BroadcastTable;
  readonly #clock: Pick<Clock, 'now'>;
  /** The broadcast that was read last. It never changes, and a worker posts many batches of one. */
  #last: StoredBroadcast | undefined;

  constructor(
    access: DynamoAccess,
    { broadcasts }: Pick<TableNames, 'broadcasts'>,
    clock: Pick<Clock, 'now'>,
    log: Pick<Log, 'warnOnce'>,
  ) {
    this.#table = new BroadcastTable(access, broadcasts, clock, log);
    this.#clock = clock;
  }

  async create(broadcast: StoredBroadcast): Promise<'created' | 'known'> {
    const writeId = newWriteId();
    const attributes = { ...broadcastItem(broadcast), writeId: text(writeId) };
    const created = await this.#table.create(broadcast.id, parts.broadcast, attributes);
    if (created.done) return 'created';
    const known = created.found ?? (await this.#table.get(broadcast.id, parts.broadcast));
    return known !== undefined && textIn(known, 'writeId') === writeId ? 'created' : 'known';
  }

  async get(id: BroadcastId): Promise<StoredBroadcast | undefined> {
    if (this.#last?.id !== id) {
      const item = await this.#table.get(id, parts.broadcast);
      this.#last = item && broadcastOf(id, item);
    }
    // DynamoDB deletes an expired item within days, and returns it until then.
    const since = this.#clock.now() - limits.broadcastSeconds * 1_000;
    return this.#last !== undefined && this.#last.startedAt > since ? this.#last : undefined;
  }

  /**
   * Reads the segments first: a segment that is done has no batch that is not stored yet. Batches behind its last one were
   * cut by a coordinator that died, and their sockets have gone since.
   */
  async progress(id: BroadcastId): Promise<BroadcastProgress | undefined> {
    const broadcast = await this.get(id);
    if (broadcast === undefined) return undefined;
    let batchesLeft = 0;
    let isCancelled = false;
    /** How many batches each segment has that is done, by the number in its key. */
    const done = new Map<string, number>();
    for await (const item of this.#table.beside(id, '>')) {
      if (textIn(item, 'part') === parts.cancelled) isCancelled = true;
      else if (isDone(item)) done.set(numbersOf(item)[0], numberIn(item, 'batches'));
    }
    const sums = { found: 0, delivered: 0, queued: 0, gone: 0, failed: 0 };
    for await (const item of this.#table.beside(id, '<')) {
      const [segment, at] = numbersOf(item);
      if (Number(at) >= (done.get(segment) ?? Number.POSITIVE_INFINITY)) continue;
      const counts = countsOf(item, this.#clock.now());
      if (!isDone(item) && !isDead(item, this.#clock.now())) batchesLeft += 1;
      sums.found += counts.found;
      for (const outcome of outcomes) sums[outcome] += counts[outcome];
    }
    const isOver = done.size === broadcast.segments && batchesLeft === 0;
    if (!isOver) return { status: isCancelled ? 'cancelled' : 'running', ...sums };
    // Sockets that were found and had gone when their batch was cut again are not posted to.
    const found = sums.delivered + sums.queued + sums.gone + sums.failed;
    return { status: 'done', ...sums, found };
  }

  async cancel(id: BroadcastId): Promise<boolean> {
    if ((await this.get(id)) === undefined) return false;
    await this.#table.create(id, parts.cancelled, {});
    return true;
  }

  async isCancelled(id: BroadcastId): Promise<boolean> {
    return (await this.#table.get(id, parts.cancelled)) !== undefined;
  }

  async claimSegment(id: BroadcastId, segment: number, forMs: number): Promise<Claimed<SegmentClaim>> {
    if ((await this.get(id)) === undefined || (await this.isCancelled(id))) return { kind: 'over' };
    const condition = 'attribute_not_exists(#done)';
    const claimed = await this.#claim(id, segmentPart(segment), forMs, { update: '', condition, values: {} });
    if (claimed.kind !== 'claimed') return claimed.kind === 'over' ? claimed : { kind: 'busy' };
    const { id: claim, item } = claimed.claim;
    const from = item['from']?.S;
    return { kind: 'claimed', claim: { id: claim, batches: numberIn(item, 'batches'), from } };
  }

  async cut(batch: Batch, end: string, found: number): Promise<string> {
    const { broadcast } = batch;
    const item = { end: text(end), found: number(found), rest: number(0) };
    const cut = await this.#table.create(broadcast, batchPart(batch), item);
    if (cut.done) return end;
    const known = cut.found ?? (await this.#table.get(broadcast, batchPart(batch)));
    return known === undefined ? end : textIn(known, 'end');
  }

  async queued(id: BroadcastId, segment: number, progress: SegmentProgress): Promise<void> {
    const { batches, from, isDone: isQueued, isReleased } = progress;
    const set = ['#batches = :batches'];
    if (from !== undefined) set.push('#from = :from');
    if (isQueued) set.push('#done = :done');
    await this.#table.update(id, segmentPart(segment), {
      update: `SET ${set.join(', ')}${isReleased ? ' REMOVE #claimId, #claimUntil' : ''}`,
      condition: '#claimId = :id',
      values: {
        ':id': text(progress.id),
        ':batches': number(batches),
        ...(from === undefined ? {} : { ':from': text(from) }),
        ...(isQueued ? { ':done': number(1) } : {}),
      },
    });
  }

  async claimBatch(
    batch: Batch,
    part: number,
    forMs: number,
    { after, isLast = false }: PartOrigin = {},
  ): Promise<Claimed<BatchClaim>> {
    if (await this.isCancelled(batch.broadcast)) return { kind: 'over' };
    const claimed = await this.#claim(batch.broadcast, batchPart(batch), forMs, {
      update: isLast ? ', #isLast = :last' : ' REMOVE #isLast',
      condition:
        'attribute_exists(#end) AND attribute_not_exists(#done) AND #rest = :rest' +
        (after === undefined ? '' : ' AND #leftBy = :after'),
      values: {
        ':rest': number(part),
        ...(after === undefined ? {} : { ':after': text(after) }),
        ...(isLast ? { ':last': number(1) } : {}),
      },
    });
    if (claimed.kind === 'claimed') return { kind: 'claimed', claim: { id: claimed.claim.id } };
    if (claimed.kind === 'over') return claimed;
    // An earlier part of this batch is done when a later one waits for it.
    const rest = numberIn(claimed.item, 'rest');
    const isOver =
      rest > part || (rest === part && after !== undefined && textIn(claimed.item, 'leftBy') !== after);
    return { kind: isOver ? 'over' : 'busy' };
  }

  async posted(batch: Batch, claim: BatchClaim, counts: OutcomeCounts, isLast: boolean): Promise<void> {
    const added = outcomes.map((outcome) => `#${outcome} :${outcome}`).join(', ');
    const values = Object.fromEntries(outcomes.map((outcome) => [`:${outcome}`, number(counts[outcome])]));
    await this.#table.update(batch.broadcast, batchPart(batch), {
      update:
        `SET #leftBy = :id${isLast ? ', #done = :done' : ''} ` +
        `REMOVE #claimId, #claimUntil, #isLast ADD #rest :one, ${added}`,
      condition: '#claimId = :id',
      values: {
        ':id': text(claim.id),
        ':one': number(1),
        ...(isLast ? { ':done': number(1) } : {}),
        ...values,
      },
    });
  }

  /** Claims a part, which is created if it is a segment. The write id tells a repeated claim from somebody else's. */
  async #claim(
    broadcast: BroadcastId,
    part: string,
    forMs: number,
    { update, condition, values }: PartChange,
  ): Promise<PartClaimed> {
    const id = newWriteId();
    const now = this.#clock.now();
    const claimed = await this.#table.update(broadcast, part, {
      update: `SET #claimId = :id, #claimUntil = :until, #expires = :expires${update}`,
      condition: `${condition} AND (attribute_not_exists(#claimUntil) OR #claimUntil <= :now)`,
      values: {
        ...values,
        ':id': text(id),
        ':until': number(now + forMs),
        ':expires': this.#table.expires,
        ':now': number(now),
      },
    });
    const item = claimed.done ? claimed.item : (claimed.found ?? (await this.#table.get(broadcast, part)));
    if (item === undefined || isDone(item)) return { kind: 'over' };
    return textIn(item, 'claimId') === id ? { kind: 'claimed', claim: { id, item } } : { kind: 'busy', item };
  }
}
