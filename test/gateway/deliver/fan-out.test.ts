import { expect, test } from 'vitest';
import { fanOut } from '../../../functions/gateway/deliver/fan-out.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

test('outcomes stand in the order of their items, however long each took', async () => {
  const clock = new ManualClock();
  const items = Array.from({ length: 50 }, (_, at) => at);
  const outcomes = fanOut(items, async (at) => {
    await clock.sleep((at * 37) % 50);
    return `done ${at}`;
  });
  expect(await clock.until(outcomes)).toEqual(items.map((at) => `done ${at}`));
});

test.for([
  { count: 0, max: 0 },
  { count: 1, max: 1 },
  { count: 255, max: 255 },
  { count: 256, max: 256 },
  { count: 257, max: 256 },
  { count: 1_000, max: 256 },
])('of $count deliveries $most are under way at once, and each is done once', async ({ count, max }) => {
  const clock = new ManualClock();
  let [underWay, seen] = [0, 0];
  const done: number[] = [];
  const items = Array.from({ length: count }, (_, at) => at);
  await clock.until(
    fanOut(items, async (at) => {
      underWay += 1;
      seen = Math.max(seen, underWay);
      await clock.sleep(1 + (at % 3));
      underWay -= 1;
      done.push(at);
    }),
  );
  expect(seen).toBe(max);
  expect(done.sort((one, other) => one - other)).toEqual(items);
});

test('one that hangs holds up none of a thousand others', async () => {
  const clock = new ManualClock();
  let done = 0;
  const items = Array.from({ length: 1_000 }, (_, at) => at);
  const outcomes = fanOut(items, async (at) => {
    if (at === 0) await clock.sleep(10_000);
    done += 1;
  });
  await clock.advance(1);
  expect(done).toBe(999);
  await clock.until(outcomes);
  expect(done).toBe(1_000);
});

test('outcomes that are here at once stand in the same order as those that are not', async () => {
  const items = Array.from({ length: 600 }, (_, at) => at);
  const outcomes = await fanOut(items, (at) => (at % 3 === 0 ? `done ${at}` : Promise.resolve(`done ${at}`)));
  expect(outcomes).toEqual(items.map((at) => `done ${at}`));
  expect(await fanOut([7], (at) => at + 1)).toEqual([8]);
});

test('a fault of one comes out, whether it is here at once or not', async () => {
  const error = new Error('no');
  await expect(fanOut([1, 2], async () => Promise.reject(error))).rejects.toBe(error);
  const thrown = fanOut([1, 2], () => {
    throw error;
  });
  await expect(thrown).rejects.toBe(error);
});
