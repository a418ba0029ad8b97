import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HookSchedule } from '../../functions/local/hook-schedule.ts';
import type { SocketId } from '../../functions/wire/socket-id.ts';
import { newSocket } from '../fakes/a-record.ts';

const hourMs = 3_600_000;
const [one, two, three] = [newSocket(), newSocket(), newSocket()];
let isAppAway = true;
let due: (SocketId | undefined)[] = [];
let schedule: HookSchedule;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  [isAppAway, due] = [true, []];
  const ready = (): void => {
    for (let next = schedule.shift(); next !== undefined; next = schedule.shift()) {
      due.push(next);
      schedule.begin(next);
    }
  };
  schedule = new HookSchedule({ now: Date.now }, () => isAppAway, ready);
});
afterEach(() => vi.useRealTimers());

test('a hook is due at its time, and not before', () => {
  schedule.add(one, { at: Date.now() + hourMs, isHeld: false });
  vi.advanceTimersByTime(hourMs - 1);
  expect([due, schedule.has(one)], 'a millisecond before').toEqual([[], true]);
  vi.advanceTimersByTime(1);
  expect([due, schedule.has(one)], 'then').toEqual([[one], false]);
});

test('hooks that are held are due when the app is back, in their order, and each once', () => {
  schedule.add(one, { at: Date.now() + 3_000, isHeld: true });
  schedule.add(two, { at: Date.now() + 2_000, isHeld: true });
  schedule.add(three, { at: Date.now() + 1_000, isHeld: false });
  schedule.wake();
  expect(due, 'when the app is back').toEqual([one, two]);
  vi.advanceTimersByTime(hourMs);
  expect(due, 'after an hour').toEqual([one, two, three]);
});

test('a hook that may wake is due when the app is back, and at its time if that is earlier', () => {
  schedule.add(one, { at: Date.now() + hourMs, isHeld: false, mayWake: true });
  schedule.add(two, { at: Date.now() + 1_000, isHeld: false, mayWake: true });
  vi.advanceTimersByTime(hourMs - 1);
  expect(due, 'while the app is away').toEqual([two]);
  schedule.wake();
  expect(due, 'when it is back').toEqual([two, one]);
  vi.advanceTimersByTime(1);
  expect(due, 'each once').toEqual([two, one]);
});

test('a hook that is held after the app has come back is due at once', () => {
  isAppAway = false;
  schedule.add(one, { at: Date.now() + hourMs, isHeld: true });
  vi.advanceTimersByTime(1);
  expect(due).toEqual([one]);
});

test('a hook that waits for the app looks every 35 seconds, however often it has probed', () => {
  schedule.add(one, { at: Date.now() + hourMs, isHeld: true });
  vi.advanceTimersByTime(34_999);
  expect(due, 'a millisecond before').toEqual([]);
  vi.advanceTimersByTime(1);
  expect(due, 'then').toEqual([one]);
});

test('nothing is due any more once the gateway stops', () => {
  schedule.add(one, { at: Date.now() + 1_000, isHeld: true });
  schedule.stop();
  vi.advanceTimersByTime(hourMs);
  expect(due).toEqual([]);
});
