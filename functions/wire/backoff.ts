/** How the pauses between attempts grow. Lengths are in one unit, whichever the caller counts in. */
export interface Pauses {
  /** The pause after the first attempt. */
  readonly first: number;
  /** How many times longer each later pause is: 2 by default. */
  readonly factor?: number;
  /** No pause is longer. */
  readonly longest?: number;
}

/** The pause after a failed attempt, without jitter. The first attempt is 1; anything less counts as the first. */
export function backoff(
  attempt: number,
  { first, factor = 2, longest = Number.POSITIVE_INFINITY }: Pauses,
): number {
  return Math.min(longest, first * factor ** Math.max(0, attempt - 1));
}

/**
 * Anything up to the whole pause, for callers that failed at the same moment and must not come back at the same moment.
 * AWS Architecture Blog, "Exponential Backoff And Jitter": full jitter. `random` is from 0 up to 1.
 */
export function fullJitter(pause: number, random: number): number {
  return pause * random;
}

/** Anything from half the pause to the whole, where a pause also gives the other side time: equal jitter there. */
export function halfJitter(pause: number, random: number): number {
  return pause * (0.5 + random / 2);
}
