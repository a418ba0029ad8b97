import { describe, expect, test } from 'vitest';
import { nextTry, sinceArrival, timeLeft } from '../../../functions/gateway/relay/next-try.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

const second = 1_000;
const hour = 3_600_000;
const windowMs = 6 * hour;
const since = 1_764_000_000_000;
const away = { isAway: true };
const broken = { isAway: false };

/** The pause after this many attempts, of which so many were errors, this long after the first. */
function pause(
  { attempts = 1, errors = 0, after = 0, random = 1, window = windowMs },
  answer: Parameters<typeof nextTry>[1],
): number | undefined {
  return nextTry({ attempts, errors }, answer, window - after, random);
}

describe('the pause while an app is away', () => {
  test('is a second at first, doubles up to an hour, and has jitter of half its length', () => {
    const whole = Array.from({ length: 15 }, (_, at) => pause({ attempts: at + 1 }, away));
    const seconds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 3_600, 3_600, 3_600];
    expect(whole).toEqual(seconds.map((each) => each * second));
    for (const [at, each] of seconds.entries()) {
      expect(pause({ attempts: at + 1, random: 0 }, away)).toBe(each * 500);
      expect(pause({ attempts: at + 1, random: 0.5 }, away)).toBe(each * 750);
    }
  });

  test.for([
    { left: hour + 1, expected: hour },
    { left: hour, expected: hour },
    { left: hour - 1, expected: hour - 1 },
    { left: 1, expected: 1 },
    { left: 0, expected: undefined },
    { left: -1, expected: undefined },
  ])('is $expected ms when $left ms of the window are left', ({ left, expected }) => {
    expect(pause({ attempts: 20, after: windowMs - left }, away)).toBe(expected);
  });

  test.for([1, 2_880])('ends with a window of %d minutes', (minutes) => {
    const window = minutes * 60_000;
    expect(pause({ attempts: 20, after: window - 1, window }, away)).toBe(1);
    expect(pause({ attempts: 20, after: window, window }, away)).toBeUndefined();
  });

  test.for([
    { asked: 0, expected: second },
    { asked: 999, expected: second },
    { asked: 1_001, expected: 1_001 },
    { asked: windowMs - 1, expected: windowMs - 1 },
    { asked: windowMs + 1, expected: windowMs },
    { asked: 999_999_999_000, expected: windowMs },
  ])('is $expected ms when the app asks for $asked', ({ asked, expected }) => {
    expect(pause({}, { ...away, retryAfter: asked })).toBe(expected);
  });
});

describe('the pause after errors of an app', () => {
  test('grows so that five attempts are over within a minute', () => {
    const pauses = [1, 2, 3, 4].map((errors) => pause({ attempts: errors, errors }, broken));
    expect(pauses).toEqual([1 * second, 3 * second, 9 * second, 27 * second]);
    expect([1, 2, 3, 4].map((errors) => pause({ errors, random: 0 }, broken))).toEqual([
      500, 1_500, 4_500, 13_500,
    ]);
  });

  test('ends with the fifth, whatever time is left and whatever the app asks for', () => {
    for (const answer of [broken, { ...broken, retryAfter: 60_000 }, away]) {
      expect(pause({ attempts: 5, errors: 5 }, answer)).toBeUndefined();
      expect(pause({ attempts: 9, errors: 4 }, answer)).toBeGreaterThan(0);
    }
  });

  test('counts no attempt while the app was away', () => {
    expect(pause({ attempts: 30, errors: 1 }, broken)).toBe(second);
  });

  test('is as long as the app asks for', () => {
    expect(pause({ errors: 1 }, { ...broken, retryAfter: 90 * second })).toBe(90 * second);
  });
});

describe('the time in which a hook is tried', () => {
  const leftAt = (now: number, started?: number) => {
    const clock = new ManualClock(now);
    const startedAt = started === undefined ? {} : { startedAt: clock.monotonic() - (now - started) };
    return timeLeft(since, windowMs, { clock, ...startedAt });
  };

  test('ends six hours after its first attempt', () => {
    expect(leftAt(since + windowMs - 1)).toBe(1);
    expect(leftAt(since + windowMs)).toBe(0);
  });

  test.for([
    ['long before the first attempt', -1, 0],
    ['with it', 0, 0],
    ['a moment after it', 1, 1],
    ['a day after it', 24 * hour, 24 * hour],
  ] as const)('begins with the later of the first attempt and the start: %s', ([, started, begins]) => {
    expect(leftAt(since + begins + windowMs - 1, since + started)).toBe(1);
    expect(leftAt(since + begins + windowMs, since + started)).toBe(0);
  });

  test.for([
    ['ahead, as of a machine that had no time when it started', 24 * hour, windowMs - 60_000],
    ['back', -24 * hour, windowMs],
  ] as const)('bears a clock that is set a day %s', ([, step, left]) => {
    const clock = new ManualClock(since + hour);
    const startedAt = clock.monotonic() - 60_000;
    clock.set(step);
    expect(timeLeft(since, windowMs, { clock, startedAt })).toBe(left);
  });
});

describe('the hours of a message that waited before its first attempt', () => {
  test.for([true, false])(
    'begin when it came, as long as that is not too long ago (in a line: %s)',
    (isInLine) => {
      const now = since + windowMs - hour;
      expect(sinceArrival(since, windowMs, now, isInLine)).toBe(since);
      expect(sinceArrival(now + 1, windowMs, now, isInLine), 'after a clock was set back').toBe(now);
    },
  );

  test('have an hour left for one that waited alone, and nothing for one in a line', () => {
    const now = since + windowMs - hour + 1;
    expect(sinceArrival(since, windowMs, now, false)).toBe(since + 1);
    expect(sinceArrival(since, windowMs, now, true)).toBe(since);
    expect(sinceArrival(since, 60_000, now, false), 'where a minute is all').toBe(now);
  });
});
