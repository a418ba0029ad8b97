import type { Clock } from '../gateway/ports.ts';
import { systemClock } from '../node/system-clock.ts';

/** The time of day is in whole milliseconds. Whoever asks often sees it jump, and would add up each jump as a freeze. */
const roundedMs = 1;

/**
 * A monotonic clock for a process that is frozen between runs. Its own clock may stand still while it is frozen, so the
 * time of day says how much time has passed. If the time of day was set back, the process's own clock says it.
 */
export function throughFreezes(timeOfDay: () => number, running: () => number): () => number {
  let [day, run] = [timeOfDay(), running()];
  let passed = 0;
  return () => {
    const [dayNow, runNow] = [timeOfDay(), running()];
    const [ofDay, ofRun] = [dayNow - day, runNow - run];
    passed += ofDay - ofRun > roundedMs ? ofDay : ofRun;
    [day, run] = [dayNow, runNow];
    return passed;
  };
}

/** Time and randomness of a Lambda function. */
export const lambdaClock: Clock = {
  ...systemClock,
  monotonic: throughFreezes(systemClock.now, systemClock.monotonic),
};
