import { expect, test } from 'vitest';
import { DeadlineQueue } from '../../functions/http/deadline-queue.ts';
import { eventually } from '../support/eventually.ts';

/** Something that waits, and when its time was over. */
class Waiter {
  expiredAt: number | undefined;
  readonly since = performance.now();

  expire(): void {
    if (this.expiredAt !== undefined) throw new Error('It has expired before.');
    this.expiredAt = performance.now();
  }
}

test('whoever waits too long is told, each in its time and in order, and those that are done are not', async () => {
  const queue = new DeadlineQueue(60);
  const waiters: Waiter[] = [];
  const done: Waiter[] = [];
  for (let at = 0; at < 5; at++) {
    const [waiter, other] = [new Waiter(), new Waiter()];
    queue.add(waiter);
    queue.delete(queue.add(other));
    waiters.push(waiter);
    done.push(other);
    const begun = performance.now();
    await eventually('a moment passes', () => performance.now() - begun > 7);
  }
  await eventually('all are told', () => waiters.every(({ expiredAt }) => expiredAt !== undefined));
  for (const { since, expiredAt = 0 } of waiters) expect(expiredAt - since).toBeGreaterThanOrEqual(60);
  const times = waiters.map(({ expiredAt = 0 }) => expiredAt);
  expect(times).toEqual([...times].sort((one, other) => one - other));
  expect(done.map(({ expiredAt }) => expiredAt)).toEqual(Array(5).fill(undefined));
});

test('one that is added by another whose time is over has its whole time', async () => {
  const queue = new DeadlineQueue(30);
  const waiters: Waiter[] = [];
  const add = (left: number): void => {
    const waiter = new Waiter();
    const expire = waiter.expire.bind(waiter);
    waiter.expire = () => {
      expire();
      if (left > 0) add(left - 1);
    };
    waiters.push(waiter);
    queue.add(waiter);
  };
  add(3);
  await eventually('all are told', () => waiters.length === 4 && waiters.every(({ expiredAt }) => expiredAt));
  for (const { since, expiredAt = 0 } of waiters) expect(expiredAt - since).toBeGreaterThanOrEqual(30);
  expect(queue.isEmpty).toBe(true);
});

test('one that comes after a time with nobody waiting has its whole time', async () => {
  const queue = new DeadlineQueue(40);
  const first = new Waiter();
  queue.add(first);
  await eventually('the first is told', () => first.expiredAt !== undefined);
  const [second, third] = [new Waiter(), new Waiter()];
  queue.delete(queue.add(second));
  queue.add(third);
  await eventually('the third is told', () => third.expiredAt !== undefined);
  expect((third.expiredAt ?? 0) - third.since).toBeGreaterThanOrEqual(40);
  expect(second.expiredAt).toBeUndefined();
});

test('whoever stands between others may go, once or twice, and the others stay', async () => {
  const queue = new DeadlineQueue(30);
  const waiters = Array.from({ length: 7 }, () => new Waiter());
  const waits = waiters.map((waiter) => queue.add(waiter));
  for (const at of [0, 3, 3, 4, 6, 0]) {
    const wait = waits[at];
    if (wait !== undefined) queue.delete(wait);
  }
  const left = [1, 2, 5].map((at) => waiters[at]);
  await eventually('those that are left are told', () => left.every((waiter) => waiter?.expiredAt));
  expect(waiters.filter(({ expiredAt }) => expiredAt !== undefined)).toEqual(left);
  expect(queue.isEmpty).toBe(true);
  for (const wait of waits) queue.delete(wait);
  expect(queue.isEmpty).toBe(true);
});
