import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../gateway/ports.ts';

const steps = 2 ** 32;

/** The machine's own time and randomness. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms) => sleep(ms),
  random: () => randomInt(steps) / steps,
};
