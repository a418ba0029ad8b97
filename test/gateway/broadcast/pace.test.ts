import { describe, expect, test } from 'vitest';
import { Pace } from '../../../functions/gateway/broadcast/pace.ts';
import { broadcast } from '../../../functions/gateway/deliver/broadcast.ts';
import { Dispatcher, type Pacer } from '../../../functions/gateway/deliver/dispatcher.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { arrivals, runBroadcasts } from '../../fakes/run-broadcast.ts';

/** When each of `count` posts of a pace begins, in milliseconds since the first. */
async function paced(perSecond: number, count: number, tried: (at: number) => boolean = () => false) {
  const clock = new ManualClock();
  const pace = new Pace(clock, perSecond);
  const start = clock.monotonic();
  const times: number[] = [];
  const run = async (): Promise<void> => {
    for (let at = 0; at < count; at++) {
      await pace.next();
      times.push(clock.monotonic() - start);
      pace.tried(tried(at));
    }
  };
  await clock.until(run());
  return times;
}

/** How many posts may begin at once. */
function free(pace: Pace): number {
  let count = 0;
  while (pace.next() === undefined) count += 1;
  return count;
}

const everyNth = (n: number) => (at: number) => at % n === 0;

describe('a pace', () => {
  test('spaces posts evenly, and no window has more than its rate and a moment of it', async () => {
    const times = await paced(1_500, 1_500);
    expect(times.at(-1)).toBeGreaterThanOrEqual(985);
    expect(times.at(-1)).toBeLessThanOrEqual(1_001);
    for (let from = 0; from < 900; from += 50) {
      const within = times.filter((time) => time >= from && time < from + 100).length;
      expect(within, `from ${from} ms`).toBeLessThanOrEqual(150 + 16);
      expect(within, `from ${from} ms`).toBeGreaterThanOrEqual(150 - 16);
    }
  });

  test('catches up a quarter of a second after a pause, and no more', async () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, 1_000);
    await clock.advance(60_000);
    expect(free(pace)).toBeGreaterThanOrEqual(250);
    expect(free(pace)).toBeLessThanOrEqual(10);
  });

  test.for([
    ['makes up for', 240, 240],
    ['does not make up for', 260, 0],
  ] as const)('%s the %i ms before its next batch', async ([, ms, least]) => {
    const clock = new ManualClock();
    const pace = new Pace(clock, 1_000);
    await clock.advance(ms);
    pace.begin();
    const count = free(pace);
    expect(count).toBeGreaterThanOrEqual(least);
    expect(count, 'and what takes less than a timer does').toBeLessThanOrEqual(least + 10);
  });

  test('tries the whole rate again with the next batch', async () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, 1_000);
    for (let at = 0; at < 1_000; at++) pace.tried(true);
    pace.begin();
    const began = clock.monotonic();
    for (let at = 0; at < 1_000; at++) {
      const wait = pace.next();
      if (wait !== undefined) await clock.until(wait);
    }
    expect(clock.monotonic() - began).toBeLessThanOrEqual(1_001);
  });

  test('without a limit holds up nobody', async () => {
    expect((await paced(Number.POSITIVE_INFINITY, 10_000)).at(-1)).toBe(0);
  });

  test('keeps its rate while a fifth of the first tries is throttled', async () => {
    expect((await paced(1_000, 2_000, everyNth(5))).at(-1)).toBeLessThanOrEqual(2_001);
  });

  test('slows down while more than a fifth is throttled, and recovers', async () => {
    const throttled = (at: number) => at < 1_000 && everyNth(4)(at);
    const times = await paced(1_000, 4_000, throttled);
    expect(times[999], 'throttled').toBeGreaterThan(5_000);
    const last = (times[3_999] ?? 0) - (times[2_999] ?? 0);
    expect(last, 'the last thousand').toBeLessThanOrEqual(1_020);
  });
});

test('a broadcast whose posts are throttled for a while slows down and loses nothing', async () => {
  const settings = { maxPostsPerSecond: 1_000 };
  const world = fakeGateway({ settings, policy: { batchSockets: 300 } });
  for (let at = 0; at < 1_200; at++) {
    const { socket } = await world.admit();
    world.connections.script(socket, (attempt) => ({ kind: attempt < 4 ? 'throttled' : 'posted' }));
  }
  const start = world.clock.monotonic();
  const outcome = await broadcast(world.gateway, 'call', { body: 'hello', except: [] });
  await runBroadcasts(world);
  if (!('id' in outcome) || outcome.id === 'full') throw new Error('The broadcast was not handed over.');
  const counts = { delivered: 1_200, queued: 0, gone: 0, failed: 0 };
  expect(await world.gateway.broadcasts.progress(outcome.id)).toEqual({
    status: 'done',
    found: 1_200,
    ...counts,
  });
  expect(new Set(arrivals(world).values())).toEqual(new Set([1]));
  expect(world.clock.monotonic() - start, 'the time of 4,800 posts').toBeGreaterThan(4_800);
});

test('a delivery that is tried again keeps to the pace as well', async () => {
  const world = fakeGateway();
  const { socket } = await world.admit();
  world.connections.script(socket, (attempt) => ({ kind: attempt < 3 ? 'throttled' : 'posted' }));
  const tried: boolean[] = [];
  const start = world.clock.monotonic();
  const pacer: Pacer = {
    next: () => world.clock.sleep(1_000),
    tried: (isThrottled) => void tried.push(isThrottled),
  };
  const dispatcher = new Dispatcher(world.gateway, pacer);
  const outcomes: string[] = [];
  void dispatcher.begin({ body: 'hello', settle: (outcome) => void outcomes.push(outcome) }, socket);
  await dispatcher.settled();
  await world.clock.until(dispatcher.retry(10_000));
  expect([tried, outcomes]).toEqual([[true], ['delivered']]);
  expect(world.clock.monotonic() - start, 'two more tries').toBeGreaterThanOrEqual(2_000);
});

test('sixteen throttled posts in a row are no reason for a worker to wait: its pace decides', async () => {
  const world = fakeGateway();
  const dispatcher = new Dispatcher(world.gateway, { next: () => undefined, tried: () => {} });
  for (let at = 0; at < 20; at++) {
    const { socket } = await world.admit();
    world.connections.script(socket, () => ({ kind: 'throttled' }));
    expect(dispatcher.begin({ body: 'hello', settle: () => {} }, socket), `post ${at}`).toBeUndefined();
    await dispatcher.settled();
  }
});
