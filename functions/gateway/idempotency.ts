import type { SocketId } from '../wire/socket-id.ts';
import type { Outcome } from './deliver/outcome.ts';

/** The outcomes of a call so far. */
export type Outcomes = ReadonlyMap<SocketId, Outcome>;

/** The right to run a call. */
export interface CallClaim {
  /** The hash of the call and its key. */
  readonly call: string;
  readonly id: string;
}

/** The answer to a call, for those that repeat it. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: string;
  /** The header `Location`, if it has one. */
  readonly location: string | undefined;
}

/** What came of claiming a call. */
export type ClaimedCall =
  | {
      readonly kind: 'claimed';
      readonly claim: CallClaim;
      /** Names the call in all its runs. When its day is over, the key has another name. */
      readonly source: string;
      /** Whether an earlier run was interrupted, and what it stored. */
      readonly isResumed: boolean;
      readonly outcomes: Outcomes;
    }
  /** An earlier run has answered it. */
  | { readonly kind: 'answered'; readonly answer: KeptAnswer }
  /** Another run has the claim, for so long at most. */
  | { readonly kind: 'running'; readonly forMs: number }
  /** The key was used with another fingerprint. */
  | { readonly kind: 'other' }
  /** There is no room for another call. */
  | { readonly kind: 'full' };

/**
 * The calls that were made with an idempotency key, for a day from the first time. A claim is a lease: the call of a run
 * that died can be claimed again when it ends. A run that has lost its claim changes nothing.
 */
export interface Idempotency {
  /** Claims a call for a limited time. The fingerprint tells its content apart from others. */
  claim(call: string, fingerprint: string, forMs: number): Promise<ClaimedCall>;
  /** Stores the outcomes so far, for the case that this run dies. */
  progress(claim: CallClaim, outcomes: Outcomes): Promise<void>;
  /** Stores the outcomes and gives up the claim, so that the next run can go on at once. */
  suspend(claim: CallClaim, outcomes: Outcomes): Promise<void>;
  /** Stores the answer. */
  answer(claim: CallClaim, answer: KeptAnswer): Promise<void>;
  /** Forgets a call that did nothing. Its key is free again. */
  release(claim: CallClaim): Promise<void>;
}
