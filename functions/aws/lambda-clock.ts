import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../gateway/ports.ts';

const steps = 2 ** 32;

/** The time and the chance of a running function. */
export const lambdaClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => sleep(ms),
  random: () => randomInt(steps) / steps,
};
