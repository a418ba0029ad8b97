import type { Claimed } from '../gateway/broadcasts.ts';

/** Work of a broadcast that one worker at a time may do. */
export interface Work {
  claim: string | undefined;
  /** On the monotonic clock. */
  claimEnds: number;
  isDone: boolean;
}

/** How many claims have been made, so that each has an id of its own. */
export interface Claims {
  made: number;
}

/** Claims work for `forMs` milliseconds, unless it is done or another claim is live. */
export function claimWork(claims: Claims, work: Work, now: number, forMs: number): Claimed<string> {
  if (work.isDone) return { kind: 'over' };
  if (work.claim !== undefined && work.claimEnds > now) return { kind: 'busy' };
  claims.made += 1;
  work.claim = String(claims.made);
  work.claimEnds = now + forMs;
  return { kind: 'claimed', claim: work.claim };
}

/** Gives up a claim. */
export function release(work: Work): void {
  work.claim = undefined;
}
