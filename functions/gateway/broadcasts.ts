import type { BroadcastId } from '../wire/broadcast-id.ts';
import type { Broadcast } from '../wire/deliveries.ts';
import type { SocketId } from '../wire/socket-id.ts';

/** A broadcast that goes on after its call was answered: its message, and whom it is for. */
export interface StoredBroadcast extends Omit<Broadcast, 'except'> {
  readonly id: BroadcastId;
  /** Sockets that do not get it. */
  readonly except: readonly SocketId[];
  readonly segments: number;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
}

/** A part of a broadcast: the sockets of a segment from the end of the batch before it to a position of its own. */
export interface Batch {
  readonly broadcast: BroadcastId;
  readonly segment: number;
  /** The number of the batch in its segment, from 0. */
  readonly at: number;
}

/** How many sockets of a broadcast have each outcome. */
export interface OutcomeCounts {
  readonly delivered: number;
  readonly queued: number;
  readonly gone: number;
  readonly failed: number;
}

/** How far a broadcast is. */
export interface BroadcastProgress extends OutcomeCounts {
  readonly status: 'running' | 'done' | 'cancelled';
  /** How many sockets were found so far: no fewer than have an outcome. Once it is done, each of them has one. */
  readonly found: number;
}

/** What came of claiming work: the claim, or why there is none. */
export type Claimed<Claim> =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  /** Another worker has it, and its claim has not ended. */
  | { readonly kind: 'busy' }
  /** Nothing is left of it: it is done, the broadcast was cancelled, or its progress is no longer kept. */
  | { readonly kind: 'over' };

/** The right to read a segment, and where to go on. */
export interface SegmentClaim {
  readonly id: string;
  /** How many batches have been queued. */
  readonly batches: number;
  /** Where the last of them ended; undefined at the start of the segment. */
  readonly from: string | undefined;
}

/** How far a segment is queued. */
export interface SegmentProgress extends SegmentClaim {
  /** Whether the whole segment is queued. */
  readonly isDone: boolean;
  /** Whether the claim is given up, so that another run can go on at once. */
  readonly isReleased: boolean;
}

/** The right to post a batch. */
export interface BatchClaim {
  readonly id: string;
}

/** Where a part of a batch comes from. */
export interface PartOrigin {
  /**
   * The claim whose worker left this rest. If another worker has posted the part before, the rest is none: that worker
   * died, or lost its claim, before its counts were stored. Without it, any worker may have left it.
   */
  readonly after?: string | undefined;
  /** Whether nobody comes any more if this claim ends before the part is posted. Its sockets have failed then. */
  readonly isLast?: boolean | undefined;
}

/**
 * The broadcasts that go on after their calls were answered, for a day. Segments and batches are claimed for a limited
 * time, so that work that is handed out twice is done once, and work of a worker that died is done again.
 */
export interface Broadcasts {
  /** Stores a broadcast. `known`: there is one with its id, which stays as it is. `full`: there is no room for it. */
  create(broadcast: StoredBroadcast): Promise<'created' | 'known' | 'full'>;
  get(id: BroadcastId): Promise<StoredBroadcast | undefined>;
  progress(id: BroadcastId): Promise<BroadcastProgress | undefined>;
  /** Cancels what has not been posted. False if the broadcast is not known. */
  cancel(id: BroadcastId): Promise<boolean>;
  isCancelled(id: BroadcastId): Promise<boolean>;
  claimSegment(id: BroadcastId, segment: number, forMs: number): Promise<Claimed<SegmentClaim>>;
  /**
   * Stores that a batch of `found` sockets ends at a position, before it is queued. If a coordinator that died has cut
   * this batch already, the answer is where that one ended it, and the caller has to cut it there too.
   */
  cut(batch: Batch, end: string, found: number): Promise<string>;
  /**
   * Stores which batches of a segment are queued. Nothing if the claim has been lost. Once the segment is done, a batch
   * beyond them no longer counts: a coordinator that died has cut it, and all its sockets have gone since.
   */
  queued(id: BroadcastId, segment: number, progress: SegmentProgress): Promise<void>;
  /** Claims the `part`-th rest of a batch; 0 is the whole batch. */
  claimBatch(batch: Batch, part: number, forMs: number, of?: PartOrigin): Promise<Claimed<BatchClaim>>;
  /** Adds the outcomes of a batch, and gives up the claim: the batch is done, or its next part may be claimed. */
  posted(batch: Batch, claim: BatchClaim, counts: OutcomeCounts, isDone: boolean): Promise<void>;
}
