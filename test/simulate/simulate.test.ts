import { beforeAll, describe, expect, test } from 'vitest';
import { type Outcome, simulate } from './simulate.ts';

const rate = 6_000;

describe('a broadcast to 120,000 sockets', () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await simulate({ sockets: 120_000, doubled: 0.1 });
  });

  test('reaches each once, though SQS hands out one message in ten twice', () => {
    expect(outcome.progress).toEqual({
      ...{ status: 'done', found: 120_000, delivered: 120_000 },
      ...{ queued: 0, gone: 0, failed: 0 },
    });
    expect([outcome.reached, outcome.duplicates]).toEqual([120_000, 0]);
  });

  test('takes what the rate allows, and three seconds for the cold starts', () => {
    expect(outcome.lastMs - outcome.boundMs).toBeLessThan(3_000);
  });

  test('never exceeds the rate, but for what is made up for after a pause', () => {
    expect(outcome.busiest.tenSeconds, 'in ten seconds').toBeLessThanOrEqual(rate * 10 * 1.01);
    expect(outcome.busiest.second, 'in a second').toBeLessThanOrEqual(rate * 1.1);
  });

  test('leaves no function short of time or memory', () => {
    expect(outcome.share.time, 'of the time').toBeLessThan(0.5);
    expect(outcome.share.memory, 'of the memory').toBeLessThan(0.13);
  });
});

test('the same seed has the same result, and another seed another', async () => {
  const [one, same, other] = [
    await simulate({ sockets: 3_000, seed: 7 }),
    await simulate({ sockets: 3_000, seed: 7 }),
    await simulate({ sockets: 3_000, seed: 8 }),
  ];
  expect(same).toEqual(one);
  expect(other.lastMs).not.toBe(one.lastMs);
});

test('a message comes twice only to sockets whose worker was killed, and each gets it', async () => {
  const outcome = await simulate({ sockets: 60_000, crashShare: 0.1 });
  expect(outcome.crashes, 'workers that were killed').toBeGreaterThan(1);
  expect(outcome.progress).toMatchObject({ status: 'done', delivered: 60_000 });
  expect(outcome.reached).toBe(60_000);
  expect(outcome.duplicates).toBeGreaterThan(0);
  expect(outcome.unexplained).toBe(0);
});

test('sockets that have gone are counted as gone, and slow down nothing', async () => {
  const [with410s, without] = [
    await simulate({ sockets: 30_000, goneEvery: 50 }),
    await simulate({ sockets: 30_000 }),
  ];
  expect(with410s.progress).toMatchObject({ status: 'done', delivered: 29_400, gone: 600, failed: 0 });
  expect(with410s.lastMs).toBeLessThan(without.lastMs * 1.05);
});

test('another API that takes four fifths of the account slows a broadcast down, and it loses nothing', async () => {
  const outcome = await simulate({ sockets: 30_000, otherPosts: 8_000 });
  expect(outcome.throttled, 'refused posts').toBeGreaterThan(1_000);
  expect(outcome.progress).toMatchObject({ status: 'done', delivered: 30_000, failed: 0 });
  expect([outcome.reached, outcome.duplicates]).toEqual([30_000, 0]);
  expect(outcome.lastMs, 'at least what is left of the rate allows, after the burst').toBeGreaterThan(12_000);
  expect(outcome.throttled, 'as a share of the posts').toBeLessThan(outcome.posts * 0.25);
});

test('batches that find almost nothing left of the rate go on in parts, and lose nothing', async () => {
  const outcome = await simulate({ sockets: 12_000, otherPosts: 9_800 });
  expect(outcome.runs, 'more than a call, three coordinators and eight batches').toBeGreaterThan(12);
  expect(outcome.share.time, 'of the time').toBeLessThan(0.9);
  expect(outcome.progress).toMatchObject({ status: 'done', delivered: 12_000, failed: 0 });
  expect([outcome.reached, outcome.duplicates]).toEqual([12_000, 0]);
});

test('a rate of 1,000 a second is kept too', async () => {
  const outcome = await simulate({ sockets: 15_000, maxPostsPerSecond: 1_000 });
  expect(outcome.busiest.tenSeconds).toBeLessThanOrEqual(10_100);
  expect(outcome.lastMs).toBeGreaterThanOrEqual(outcome.boundMs * 0.99);
  expect(outcome.lastMs - outcome.boundMs).toBeLessThan(6_000);
});
