import { backoff, halfJitter } from '../../wire/backoff.ts';

/** The pauses between the attempts of a hook, in milliseconds. */
const pauses = { first: 500, factor: 3 };

/** The attempt that has failed, and how many there are in all. 1 is the first. */
export interface Attempt {
  readonly at: number;
  readonly of: number;
}

/**
 * How long to wait after an attempt has failed, in whole milliseconds. The pause grows, has jitter, and is at least as
 * long as the app asked for, if the time that is left allows it. An app that asks for too much is no reason to give up,
 * so time is kept for the pauses after this one. Undefined if no attempt is left, or no time.
 */
export function hookBackoff(
  attempt: Attempt,
  askedMs: number,
  leftMs: number,
  random: number,
): number | undefined {
  if (attempt.at >= attempt.of) return undefined;
  const grown = Math.ceil(halfJitter(backoff(attempt.at, pauses), random));
  if (grown > leftMs) return undefined;
  let laterPauses = 0;
  for (let at = attempt.at + 1; at < attempt.of; at++) laterPauses += backoff(at, pauses);
  return Math.max(grown, Math.min(Math.ceil(askedMs), Math.floor(leftMs - laterPauses)));
}
