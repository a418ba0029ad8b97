import { backoff, halfJitter } from '../../wire/backoff.ts';
import type { Gateway, Policy } from '../gateway.ts';
import type { Tries } from '../tasks.ts';
import type { FailedAnswer } from './post-hook.ts';

/** The pauses while the app is away, in milliseconds. */
const awayPausesMs = { first: 1_000, longest: 3_600_000 };

/** The pauses after errors of the app, in milliseconds, and how many errors are too many. Together they take at most 40 s. */
const errorPausesMs = { first: 1_000, factor: 3 };
const maxErrors = 5;

/**
 * How much is left of the `windowMs` milliseconds in which a hook is tried. They begin with its first attempt, and again
 * when the gateway starts, which may have been down for all of them: what waits for an app that starts later, or that
 * asks for a pause then, must not die at once, with everything behind it.
 */
export function timeLeft(
  since: number,
  windowMs: number,
  { clock, startedAt }: Pick<Gateway, 'clock' | 'startedAt'>,
): number {
  const now = clock.now();
  // Nobody sets the monotonic clock, and it stands still while the machine sleeps, in which nothing is tried either.
  const start = startedAt === undefined ? since : now - (clock.monotonic() - startedAt);
  return Math.min(windowMs, Math.max(since, start) + windowMs - now);
}

/**
 * After how many milliseconds a hook is tried again that has failed, or undefined if it is dead. An app that is away has
 * the `left` milliseconds of the hook's time, and the last attempt is at their end. An app that answers with errors
 * gets fewer attempts, so that one message that it can't handle holds up no others for long. A pause is never shorter
 * than the app asked for, if that time allows it.
 */
export function nextTry(
  { attempts, errors }: Pick<Tries, 'attempts' | 'errors'>,
  { isAway, retryAfter = 0 }: Pick<FailedAnswer, 'isAway' | 'retryAfter'>,
  left: number,
  random: number,
): number | undefined {
  if (left <= 0 || errors >= maxErrors) return undefined;
  const grown = isAway ? backoff(attempts, awayPausesMs) : backoff(errors, errorPausesMs);
  return Math.min(left, Math.ceil(Math.max(halfJitter(grown, random), retryAfter)));
}

/** The time that a message has at least that waited before its first attempt in no line, in milliseconds. */
const leastMs = 3_600_000;

/**
 * From when on the `windowMs` milliseconds of a message count that came at `time` and waited before it is tried for the
 * first time now. In a line (`isInLine`) that is its time, or those behind it would wait for days. One that waited for
 * itself alone has an hour even if they are over.
 */
export function sinceArrival(time: number, windowMs: number, now: number, isInLine: boolean): number {
  const earliest = isInLine ? time : now - windowMs + Math.min(windowMs, leastMs);
  return Math.min(now, Math.max(time, earliest));
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
