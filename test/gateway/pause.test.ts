import { describe, expect, test } from 'vitest';
import { pauseAfter } from '../../functions/gateway/relay/pause.ts';

const retry = { attempts: 5, withinMs: 60_000 };

describe('the pause after a failed attempt', () => {
  test.for([
    { attempt: 1, random: 0, pause: 250 },
    { attempt: 1, random: 1, pause: 500 },
    { attempt: 2, random: 0, pause: 750 },
    { attempt: 2, random: 1, pause: 1_500 },
    { attempt: 3, random: 0.5, pause: 3_375 },
    { attempt: 4, random: 1, pause: 13_500 },
  ])('grows: $pause ms after attempt $attempt at chance $random', ({ attempt, random, pause }) => {
    expect(pauseAfter(attempt, undefined, 0, retry, random)).toBe(pause);
  });

  test.for([
    { asked: 0, pause: 500 },
    { asked: 499, pause: 500 },
    { asked: 501, pause: 501 },
    { asked: 7_000, pause: 7_000 },
    { asked: 60_000, pause: 60_000 },
    { asked: 60_001, pause: undefined },
  ])('is $pause ms when the app asks for $asked', ({ asked, pause }) => {
    expect(pauseAfter(1, asked, 0, retry, 1)).toBe(pause);
  });

  test.for([
    { attempt: 4, pause: 13_500 },
    { attempt: 5, pause: undefined },
    { attempt: 6, pause: undefined },
  ])('is $pause after attempt $attempt of 5', ({ attempt, pause }) => {
    expect(pauseAfter(attempt, undefined, 0, retry, 1)).toBe(pause);
  });

  test.for([
    { paused: 59_500, pause: 500 },
    { paused: 59_501, pause: undefined },
    { paused: 60_000, pause: undefined },
  ])('is $pause when $paused of 60,000 ms were paused already', ({ paused, pause }) => {
    expect(pauseAfter(1, undefined, paused, retry, 1)).toBe(pause);
  });

  test('is a whole number of milliseconds', () => {
    for (const random of [0.001, 0.333, 0.777, 0.999]) {
      expect(Number.isInteger(pauseAfter(1, undefined, 0, retry, random))).toBe(true);
    }
  });

  test('is none when a hook is tried once', () => {
    expect(pauseAfter(1, undefined, 0, { attempts: 1, withinMs: 60_000 }, 0)).toBeUndefined();
  });
});
