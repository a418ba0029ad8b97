import { backoff, halfJitter } from '../../wire/backoff.ts';
import type { Gateway } from '../gateway.ts';

/** How long a call is repeated in a run without an end, in milliseconds. */
const longestMs = 20_000;

/** The pauses between the attempts, in milliseconds. */
const pausesMs = { first: 200, longest: 2_000 };

/** Repeats a call that fails, until the run is over. Rejects with the last error. */
export async function persistently<Value>(
  { clock, deadline }: Pick<Gateway, 'clock' | 'deadline'>,
  call: () => Promise<Value>,
): Promise<Value> {
  const until = Math.min(deadline, clock.monotonic() + longestMs);
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const pause = halfJitter(backoff(attempt, pausesMs), clock.random());
      if (clock.monotonic() + pause >= until) throw error;
      await clock.sleep(pause);
    }
  }
}
