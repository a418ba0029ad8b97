import { backoff, halfJitter } from '../../wire/backoff.ts';
import type { Hook } from '../../wire/hook.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketRecord } from '../record.ts';
import { hookFacts } from './hook-facts.ts';
import { attempted, isHeld, isUnposted, keepDeadLetter } from './hook-failed.ts';
import { removeRecord } from './late-messages.ts';
import { heldPause, timeLeft } from './next-try.ts';
import { type FailedAnswer, noTime } from './post-hook.ts';

/** The pauses between the rounds of attempts, in milliseconds. */
const pausesMs = { first: 60_000, longest: 3_600_000 };

/** The pause before a round that had no time, in milliseconds. The next run has. */
const noTimePauseMs = 1_000;

/**
 * A closed hook could not be posted now. Its record is left alone for a while, longer each time and never for less than
 * the app asked for. At the end of the policy's retry window the hook becomes a dead letter.
 */
export async function postponeClosed(
  gateway: Gateway,
  record: SocketRecord,
  hook: Hook,
  answer: FailedAnswer,
): Promise<void> {
  const { registry, log, policy } = gateway;
  const { socket } = record;
  const wasHeld = isHeld(answer);
  // Its lease counts as an attempt, and nothing was posted.
  const attempts = isUnposted(answer) ? record.attempts - 1 : record.attempts;
  const { why } = answer;
  const facts = { ...hookFacts(hook), why };
  const left = timeLeft(hook.time, policy.closedRetryWindowMs, gateway);
  if (left <= 0) {
    // The letter comes before the record is removed, so that one of them always has the hook.
    await keepDeadLetter(gateway, attempted({ ...record, attempts }, hook), answer);
    return removeRecord(gateway, record);
  }
  const pause = pauseBetweenRounds(gateway, attempts, answer);
  // Where looks are free they are many, and the breaker counts them.
  if (!wasHeld || policy.looksCost) log.warn('hook_postponed', { ...facts, attempts, pause });
  // The last attempt is at the end of the window.
  await registry.postpone(socket, 'closing', Math.min(pause, left), attempts);
}

/** For how many milliseconds a hook is left alone after some rounds of attempts, the last of which ended like this. */
export function pauseBetweenRounds({ policy, clock }: Gateway, rounds: number, answer: FailedAnswer): number {
  if (answer === noTime) return noTimePauseMs;
  if (answer.heldAfterMs !== undefined) return heldPause(answer, policy, clock.random());
  const grown = halfJitter(backoff(rounds, pausesMs), clock.random());
  return Math.ceil(Math.max(grown, answer.retryAfter ?? 0));
}
