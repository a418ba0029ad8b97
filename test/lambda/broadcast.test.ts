import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { idle } from './idle.ts';
import { LambdaWorld } from './world.ts';

let world: LambdaWorld;
beforeAll(async () => {
  world = await LambdaWorld.start();
});
afterEach(() => world.end());
afterAll(() => world.stop());

const target = { all: {}, path: { path: '/' } } as const;

describe('POST /broadcast', () => {
  test.for([
    { count: 1, to: 'all' },
    { count: 500, to: 'all' },
    { count: 500, to: 'path' },
  ] as const)(
    'reaches all of $count sockets, to $to, cold, warm and after idleness',
    async ({ count, to }) => {
      world.crowd(count);
      const handler = await world.cold('broadcast');
      for (const before of [idle.none, idle.none, idle.long]) {
        await before();
        const { status, document } = await world.post(handler, '/broadcast', {
          body: 'hello',
          ...target[to],
        });
        expect([status, document]).toEqual([200, { delivered: count, queued: 0, gone: 0, failed: 0 }]);
        expect(world.posts.counts).toEqual({ posts: count, sockets: count });
        world.posts.forget();
      }
    },
  );

  test.for([
    { count: 501, memoryMb: undefined },
    { count: 60_000, memoryMb: undefined },
    { count: 60_000, memoryMb: 256 },
  ])('to $count sockets is handed over within 5 seconds, and posts nothing ($memoryMb MB)', async (given) => {
    world.crowd(given.count);
    const handler = await world.cold('broadcast', given.memoryMb);
    const { status, document, ms } = await world.post(handler, '/broadcast', { body: 'hello' });
    expect([status, Object.keys(document)]).toEqual([202, ['broadcast']]);
    expect(world.queue.waiting.length).toBeGreaterThan(0);
    expect(world.posts.counts.posts).toBe(0);
    expect(ms).toBeLessThan(5_000);
  });

  test('waits for a table that is silent no longer than its time allows', async () => {
    world.crowd(1_000);
    world.dynamo.silent.add('Scan');
    // A table is waited for for eight seconds.
    const handler = await world.cold('broadcast', undefined, 7_000);
    const { status, document } = await world.post(handler, '/broadcast', { body: 'hello' });
    const none = { delivered: 0, queued: 0, gone: 0, failed: 0 };
    expect([status, document]).toEqual([200, { ...none, unfinished: true }]);
  });

  test('reaches all others when 1 % of 500 sockets are throttled for good', async () => {
    const { sockets } = world.crowd(500);
    const stuck = new Set(sockets.filter((_, at) => at % 100 === 3));
    world.posts.isThrottled = (socket) => stuck.has(socket);
    const handler = await world.cold('broadcast');
    const { document } = await world.post(handler, '/broadcast', { body: 'hello', path: '/' });
    expect(document).toEqual({ delivered: 495, queued: 0, gone: 0, failed: 5 });
    expect(world.posts.counts).toEqual({ posts: 495, sockets: 495 });
  });
});

describe('a broadcast that is handed over', () => {
  test('to 10,000 sockets reaches each once, in batches of 1,500 that take a worker a second or two', async () => {
    world.crowd(10_000);
    await world.post(await world.cold('broadcast'), '/broadcast', { body: 'hello' });
    await world.workOff(await world.cold('tasks'));
    expect(world.posts.counts.posts).toBe(0);
    const worker = await world.cold('batches');
    const runs = await world.workOff(worker, 50, world.batches);
    expect(world.posts.counts).toEqual({ posts: 10_000, sockets: 10_000 });
    expect(runs.length).toBeGreaterThanOrEqual(Math.ceil(10_000 / 1_500));
    // The pace of a worker is 1,500 a second; a run that had no time left would leave a rest.
    expect(Math.max(...runs.map(({ ms }) => ms))).toBeLessThan(10_000);
    expect(worker.lines).toEqual([]);
  });

  test('leaves those of a batch that are throttled for good to another one, and holds up no other', async () => {
    const { sockets } = world.crowd(1_000);
    // All in one segment, since its batch posts to them again for 15 seconds.
    const stuck = new Set(sockets.slice(0, 10));
    world.posts.isThrottled = (socket) => stuck.has(socket);
    await world.post(await world.cold('broadcast'), '/broadcast', { body: 'hello' });
    await world.workOff(await world.cold('tasks'));
    const worker = await world.cold('batches');
    for (let left = world.batches.waiting.length; left > 0; left--) await world.work(worker, world.batches);
    expect(world.posts.counts).toEqual({ posts: 990, sockets: 990 });
    expect(world.batches.waiting.length).toBeGreaterThan(0);
    world.posts.isThrottled = () => false;
    await world.workOff(worker, 50, world.batches);
    expect(world.posts.counts).toEqual({ posts: 1_000, sockets: 1_000 });
  });
});
