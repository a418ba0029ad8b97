import type { Answer } from '../../wire/answer.ts';
import type { Hook } from '../../wire/hook.ts';
import type { Gateway } from '../gateway.ts';
import type { MaybePromise } from '../maybe-promise.ts';
import { hookBackoff } from './backoff.ts';
import { hookFacts } from './hook-facts.ts';
import { answerReserveMs, type FailedAnswer, faultAnswer, noTime, postHook } from './post-hook.ts';

/** The least time left in a run that is worth another attempt, in milliseconds. */
const minAttemptMs = 1_000;

/**
 * Posts a hook other than a handshake until its answer is final, as often as the policy and the run's deadline allow. Obeys
 * `Retry-After`, for a message as long as there is time. `failed`: all attempts have failed, and the caller decides what
 * to do. A refusal is logged, since repeating it won't help. `isRetry`: whether it has failed before this round.
 */
export async function postHookWithRetries(gateway: Gateway, hook: Hook, isRetry = false): Promise<Answer> {
  return retryUnlessFinal(gateway, hook, await postHook(gateway, hook, { isRetry }));
}

/** The same for a hook that is owed: a fault of our own is a failure too, and it is tried again later. */
export async function postOwedHook(gateway: Gateway, hook: Hook, isRetry: boolean): Promise<Answer> {
  try {
    return await postHookWithRetries(gateway, hook, isRetry);
  } catch (error) {
    return faultAnswer(gateway, hook, error);
  }
}

/** The same as `postHookWithRetries` from the first answer on. Nearly always that is final, and comes back at once, without a promise. */
export function retryUnlessFinal(gateway: Gateway, hook: Hook, first: Answer): MaybePromise<Answer> {
  if (first.kind === 'accepted') return first;
  return first.kind === 'failed' ? tryAgain(gateway, hook, first) : logFinalAnswer(gateway, hook, first);
}

async function tryAgain(gateway: Gateway, hook: Hook, first: FailedAnswer): Promise<Answer> {
  const { clock, log } = gateway;
  const { attempts, withinMs } = gateway.policy.retry;
  let failed = first;
  let paused = 0;
  for (let attempt = 1; ; attempt++) {
    const { retryAfter = 0, why } = failed;
    // The app is away for longer than this run lasts.
    if (failed.heldAfterMs !== undefined) return failed;
    const room = gateway.deadline - clock.monotonic() - minAttemptMs - answerReserveMs;
    const left = Math.min(withinMs - paused, room);
    const pause = hookBackoff({ at: attempt, of: attempts }, retryAfter, left, clock.random());
    // All but a message can be postponed for as long as the app asks.
    if (pause === undefined || (hook.event !== 'message' && pause < retryAfter)) return failed;
    log.warn('hook_retried', { ...hookFacts(hook), why, attempt, pause });
    await clock.sleep(pause);
    paused += pause;
    const answer = await postHook(gateway, hook, { isRetry: true });
    if (answer.kind !== 'failed') return logFinalAnswer(gateway, hook, answer);
    // The attempt before says more than that there was no time for this one.
    if (answer === noTime) return failed;
    failed = answer;
  }
}

/** Logs an answer that no repetition changes. */
export function logFinalAnswer({ log }: Pick<Gateway, 'log'>, hook: Hook, answer: Answer): Answer {
  const { event } = hook;
  const facts = hookFacts(hook);
  if (answer.kind === 'refused') log.error('hook_refused', { ...facts, why: answer.why });
  if (answer.kind === 'invalid') log.error('answer_invalid', { ...facts, why: answer.error.detail });
  if (answer.kind === 'unwanted') {
    const { status } = answer;
    if (event === 'message') log.error('hook_refused', { ...facts, why: `the app answered ${status}` });
    else if (event === 'closed') log.warnOnce('closed_unwanted', { status });
    else log.warnOnce('presence_unwanted', { hook: event, status }, event);
  }
  return answer;
}
