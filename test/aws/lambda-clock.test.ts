import { expect, test } from 'vitest';
import { throughFreezes } from '../../functions/aws/lambda-clock.ts';

/** A function's clock, and what its process and the time of day do meanwhile, in milliseconds. */
function frozenNow() {
  let [day, run] = [1_764_000_000_000, 50];
  const clock = throughFreezes(
    () => day,
    () => run,
  );
  const pass = (dayMs: number, runMs: number): number => {
    const before = clock();
    day += dayMs;
    run += runMs;
    return clock() - before;
  };
  return pass;
}

test.for([
  { what: 'while it runs', day: 100, run: 100, passed: 100 },
  { what: 'while it is frozen, when its own clock stands still', day: 600_000, run: 0, passed: 600_000 },
  { what: 'while the time of day is set back', day: -7_200_000, run: 100, passed: 100 },
])('a function knows how long it was $what', ({ day, run, passed }) => {
  const pass = frozenNow();
  expect(pass(day, run)).toBe(passed);
  expect(pass(10, 10)).toBe(10);
});

test('a clock that is asked every tenth of a millisecond is no faster than one that is asked rarely', () => {
  let running = 0;
  const clock = throughFreezes(
    () => Math.floor(1_764_000_000_000.05 + running),
    () => running,
  );
  for (let at = 0; at < 10_000; at++) {
    running += 0.1;
    clock();
  }
  expect(clock()).toBeCloseTo(1_000, 0);
});
