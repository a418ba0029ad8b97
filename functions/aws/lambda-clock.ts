import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../gateway/ports.ts';

const steps = 2 ** 32;

/**
 * A monotonic clock for a process that is frozen now and then, when its own clock may stand still: the time of day, which
 * is right afterwards, says how much has passed. If that is set back, the process's clock says it.
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

/** The time and the chance of a running function. */
export const lambdaClock: Clock = {
  now: () => Date.now(),
  monotonic: throughFreezes(Date.now, () => performance.now()),
  sleep: (ms) => sleep(ms),
  random: () => randomInt(steps) / steps,
};
