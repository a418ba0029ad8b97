import { backoff, halfJitter } from '../../wire/backoff.ts';
import type { Policy } from '../gateway.ts';
import type { Tries } from '../tasks.ts';
import type { FailedAnswer } from './post-hook.ts';

/** The pauses while the app is away, in milliseconds. */
const awayPausesMs = { first: 1_000, longest: 3_600_000 };

/** The pauses after errors of the app, in milliseconds, and how many errors are too many. Together they take at most 40 s. */
const errorPausesMs = { first: 1_000, factor: 3 };
const maxErrors = 5;

/**
 * After how many milliseconds a hook is tried again that has failed, or undefined if it is dead. An app that is away gets
 * `windowMs` milliseconds from the first attempt, and the last attempt is at their end. An app that answers with errors
 * gets fewer attempts, so that one message that it can't handle holds up no others for long. A pause is never shorter
 * than the app asked for, if the window allows it.
 */
export function nextTry(
  { since, attempts, errors }: Tries,
  { isAway, retryAfter = 0 }: Pick<FailedAnswer, 'isAway' | 'retryAfter'>,
  windowMs: number,
  now: number,
  random: number,
): number | undefined {
  const left = since + windowMs - now;
  if (left <= 0 || errors >= maxErrors) return undefined;
  const grown = isAway ? backoff(attempts, awayPausesMs) : backoff(errors, errorPausesMs);
  return Math.min(left, Math.ceil(Math.max(halfJitter(grown, random), retryAfter)));
}

/** The time that a message has at least, however long it waited before its first attempt, in milliseconds. */
const leastMs = 60_000;

/**
 * From when on the `windowMs` milliseconds of a message count that came at `time`, and is tried for the first time now. If
 * they are nearly over, it still has until a minute after the gateway has started, which may have been down for all of
 * them. `upMs` is how long ago that was. A minute for each message would keep those behind it for days.
 */
export function sinceArrival(time: number, windowMs: number, now: number, upMs: number): number {
  const least = Math.min(windowMs, leastMs) - Math.max(0, upMs);
  return Math.min(now, Math.max(time, now - windowMs + Math.max(0, least)));
}

/** The part of an outage that hooks wait for once more, where each look costs money: an hour makes it a quarter. */
const outageShare = 0.25;

/** The time over which hooks come back that were held until the same moment, in milliseconds. */
const spreadMs = 5_000;

/**
 * For how many milliseconds a hook waits that was not posted since the app is away: until the next probe, and on, so
 * that not all hooks come at once. Where each look costs money, longer outages have longer waits.
 */
export function heldPause(
  { retryAfter = 0, heldAfterMs = 0 }: Pick<FailedAnswer, 'retryAfter' | 'heldAfterMs'>,
  { looksCost }: Pick<Policy, 'looksCost'>,
  random: number,
): number {
  const share = looksCost ? halfJitter(heldAfterMs * outageShare, random) : 0;
  return Math.ceil(Math.max(retryAfter + spreadMs * random, share));
}
