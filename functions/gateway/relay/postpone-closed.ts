import type { Answer } from '../../wire/answer.ts';
import { backoff, halfJitter } from '../../wire/backoff.ts';
import { hookId } from '../../wire/hook.ts';
import type { Gateway } from '../gateway.ts';
import type { SocketEnd, SocketRecord } from '../record.ts';

/** The pauses between the rounds of attempts, in milliseconds. */
const pausesMs = { first: 60_000, longest: 3_600_000 };

/**
 * A closed hook could not be posted now. Its record is left alone for a while, longer each time and never for less than
 * the app asked for. At the end of the policy's retry window the hook is lost, and logged as lost.
 */
export async function postponeClosed(
  gateway: Gateway,
  { socket, attempts }: SocketRecord,
  { time }: SocketEnd,
  { why, retryAfter = 0 }: Extract<Answer, { kind: 'failed' }>,
): Promise<void> {
  const { registry, clock, log, policy } = gateway;
  const facts = { request: hookId('closed', socket), hook: 'closed', why };
  const left = time + policy.closedRetryWindowMs - clock.now();
  if (left <= 0) {
    log.error('hook_lost', facts);
    return registry.remove(socket);
  }
  const grown = halfJitter(backoff(attempts, pausesMs), clock.random());
  const pause = Math.ceil(Math.max(grown, retryAfter));
  log.warn('hook_postponed', { ...facts, attempts, pause });
  // The last attempt is at the end of the window.
  await registry.postpone(socket, 'closing', Math.min(pause, left));
}
