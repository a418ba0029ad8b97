import { describe, expect, test } from 'vitest';
import { hookBackoff } from '../../../functions/gateway/relay/backoff.ts';

const minute = 60_000;
const first = { at: 1, of: 5 };

describe('the pause after a failed attempt', () => {
  test.for([
    { at: 1, random: 0, pause: 250 },
    { at: 1, random: 1, pause: 500 },
    { at: 2, random: 0, pause: 750 },
    { at: 2, random: 1, pause: 1_500 },
    { at: 3, random: 0.5, pause: 3_375 },
    { at: 4, random: 1, pause: 13_500 },
  ])('grows: $pause ms after attempt $at at chance $random', ({ at, random, pause }) => {
    expect(hookBackoff({ at, of: 5 }, 0, minute, random)).toBe(pause);
  });

  test.for([
    { asked: 0, pause: 500 },
    { asked: 499, pause: 500 },
    { asked: 501, pause: 501 },
    { asked: 7_000, pause: 7_000 },
    // Room for 1,500, 4,500 and 13,500 is kept.
    { asked: 40_500, pause: 40_500 },
    { asked: 40_501, pause: 40_500 },
    { asked: 3_600_000, pause: 40_500 },
  ])('is $pause ms when the app asks for $asked', ({ asked, pause }) => {
    expect(hookBackoff(first, asked, minute, 1)).toBe(pause);
  });

  test.for([0, 0.5, 1])('leaves time for every attempt, whatever the app asks for (chance %d)', (random) => {
    for (const withinMs of [2_000, 5_000, 10_000]) {
      let left = withinMs;
      const pauses = [1, 2].map((at) => {
        const pause = hookBackoff({ at, of: 3 }, 3_600_000, left, random) ?? Number.NaN;
        left -= pause;
        return pause;
      });
      expect([withinMs, pauses]).toEqual([withinMs, [withinMs - 1_500, 1_500]]);
    }
  });

  test.for([
    { at: 4, pause: 13_500 },
    { at: 5, pause: undefined },
    { at: 6, pause: undefined },
  ])('is $pause after attempt $at of 5', ({ at, pause }) => {
    expect(hookBackoff({ at, of: 5 }, 0, minute, 1)).toBe(pause);
  });

  test.for([
    { left: 500, pause: 500 },
    { left: 499, pause: undefined },
    { left: 0, pause: undefined },
    { left: -1, pause: undefined },
  ])('is $pause when $left ms are left for pauses', ({ left, pause }) => {
    expect(hookBackoff(first, 0, left, 1)).toBe(pause);
    expect(hookBackoff(first, 7_000, left, 1)).toBe(pause);
  });

  test('is a whole number of milliseconds', () => {
    for (const random of [0.001, 0.333, 0.777, 0.999]) {
      expect(Number.isInteger(hookBackoff(first, 0, minute, random))).toBe(true);
      expect(Number.isInteger(hookBackoff(first, minute, minute - random, random))).toBe(true);
    }
  });

  test('is none when a hook is tried once', () => {
    expect(hookBackoff({ at: 1, of: 1 }, 0, minute, 0)).toBeUndefined();
  });
});
