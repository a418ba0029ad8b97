import { expect, test } from 'vitest';
import { backoff, fullJitter, halfJitter } from '../../functions/wire/backoff.ts';

test.for([
  { attempt: 1, pause: 50 },
  { attempt: 2, pause: 100 },
  { attempt: 3, pause: 200 },
  { attempt: 6, pause: 1_600 },
])('the pause after attempt $attempt is $pause ms when it starts at 50 ms', ({ attempt, pause }) => {
  expect(backoff(attempt, { first: 50 })).toBe(pause);
});

test('a pause grows by the factor that the caller names', () => {
  expect([1, 2, 3, 4].map((attempt) => backoff(attempt, { first: 5, factor: 4 }))).toEqual([5, 20, 80, 320]);
});

test.for([
  { attempt: 8, pause: 640 },
  { attempt: 9, pause: 1_000 },
  { attempt: 10, pause: 1_000 },
  { attempt: 5_000, pause: 1_000 },
])('the pause after attempt $attempt is $pause ms when no pause is longer than 1,000 ms', (row) => {
  expect(backoff(row.attempt, { first: 5, longest: 1_000 })).toBe(row.pause);
});

test.for([0, -1, -20])('attempt %d, which nobody has counted yet, pauses as the first does', (attempt) => {
  expect(backoff(attempt, { first: 60_000 })).toBe(60_000);
});

test.for([
  { random: 0, pause: 0 },
  { random: 0.25, pause: 25 },
  { random: 1, pause: 100 },
])('full jitter makes $pause ms of 100 ms at chance $random', ({ random, pause }) => {
  expect(fullJitter(100, random)).toBe(pause);
});

test.for([
  { random: 0, pause: 50 },
  { random: 0.5, pause: 75 },
  { random: 1, pause: 100 },
])('half jitter makes $pause ms of 100 ms at chance $random', ({ random, pause }) => {
  expect(halfJitter(100, random)).toBe(pause);
});
