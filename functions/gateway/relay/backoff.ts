/** The first pause, in milliseconds; each later one is three times as long. */
const firstPauseMs = 500;

/** The attempt that has failed, of so many in all; 1 is the first. */
export interface Attempt {
  readonly at: number;
  readonly of: number;
}

/**
 * How long to wait, in whole milliseconds, after an attempt has failed: growing, with jitter from half to the whole, and
 * not less than the app asked for, as far as what is left for pauses lasts: room is kept for the attempts after the next,
 * since an app that asks for too much is no reason to give up. Undefined when there is no attempt left, or no time.
 */
export function backoff(
  attempt: Attempt,
  askedMs: number,
  leftMs: number,
  random: number,
): number | undefined {
  if (attempt.at >= attempt.of) return undefined;
  const grown = Math.ceil(longest(attempt.at) * (0.5 + random / 2));
  if (grown > leftMs) return undefined;
  let laterPauses = 0;
  for (let at = attempt.at + 1; at < attempt.of; at++) laterPauses += longest(at);
  return Math.max(grown, Math.min(Math.ceil(askedMs), Math.floor(leftMs - laterPauses)));
}

function longest(attempt: number): number {
  return firstPauseMs * 3 ** (attempt - 1);
}
