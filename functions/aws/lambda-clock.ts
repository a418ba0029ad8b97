import type { Clock } from '../gateway/ports.ts';
import { systemClock } from '../node/system-clock.ts';

/**
 * A monotonic clock for a process that is frozen between runs. Its own clock may stand still while it is frozen, so the
 * time of day says how much time has passed. If the time of day was set back, the process's own clock says it.
 */
export function throughFreezes(timeOfDay: () => number, running: () => number): () => number {
  let [day, run] = [timeOfDay(), running()];
  let passed = 0;
  return () => {
    const [dayNow, runNow] = [timeOfDay(), running()];
    passed += Math.max(dayNow - day, runNow - run);
    [day, run] = [dayNow, runNow];
    return passed;
  };
}

/** Time and randomness of a Lambda function. */
export const lambdaClock: Clock = {
  ...systemClock,
  monotonic: throughFreezes(systemClock.now, systemClock.monotonic),
};
