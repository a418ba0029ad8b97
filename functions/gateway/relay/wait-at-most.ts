import type { Clock } from '../ports.ts';

/** Longer than anything that is waited for here, in milliseconds: no timer is needed. */
const longMs = 10_000;

/**
 * Waits for so many milliseconds at most, near the end of a run that has something more important to do. Undefined if the
 * work took longer: it goes on meanwhile, and nobody hears what comes of it.
 */
export function waitAtMost<Outcome>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  work: Promise<Outcome>,
): Promise<Outcome | undefined> {
  if (ms > longMs) return work;
  return Promise.race([work, clock.sleep(Math.max(0, ms)).then(() => undefined)]);
}
