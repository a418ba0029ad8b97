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
    { count: 1_000, to: 'all' },
    { count: 1_000, to: 'path' },
    { count: 10_000, to: 'all' },
    { count: 10_000, to: 'path' },
    { count: 20_000, to: 'all' },
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

  test.for([{ memoryMb: undefined }, { memoryMb: 256 }])(
    'of 60,000 sockets reaches all, or says how many it reached and that it did not end ($memoryMb MB)',
    async ({ memoryMb }) => {
      world.crowd(60_000);
      const handler = await world.cold('broadcast', memoryMb);
      const { status, document } = await world.post(handler, '/broadcast', { body: 'hello' });
      const { posts, sockets } = world.posts.counts;
      expect(status).toBe(200);
      expect(sockets).toBe(posts);
      const { delivered, queued, gone, failed, unfinished } = document;
      expect([queued, gone]).toEqual([0, 0]);
      // What got no answer in time may have arrived.
      expect(posts).toBeGreaterThanOrEqual(Number(delivered));
      expect(posts).toBeLessThanOrEqual(Number(delivered) + Number(failed));
      if (unfinished !== true) expect(posts).toBe(60_000);
      // So few that it takes longer than a call has, whatever the machine.
      if (memoryMb === 256) expect(unfinished).toBe(true);
    },
  );

  test('says how many it reached when the table breaks midway', async () => {
    world.crowd(20_000);
    world.posts.isThrottled = () => {
      world.dynamo.broken.add('Scan');
      return false;
    };
    const handler = await world.cold('broadcast', undefined, 7_000);
    const { status, document } = await world.post(handler, '/broadcast', { body: 'hello' });
    const { delivered, failed } = document;
    const rest = { queued: 0, gone: 0, unfinished: true };
    expect([status, document]).toEqual([200, { delivered, failed, ...rest }]);
    expect(delivered).toBeGreaterThan(0);
    const { posts, sockets } = world.posts.counts;
    expect(sockets).toBe(posts);
    // What got no answer in time may have arrived.
    expect(posts).toBeGreaterThanOrEqual(Number(delivered));
    expect(posts).toBeLessThanOrEqual(Number(delivered) + Number(failed));
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

  test('reaches all others when 1 % of 1,000 sockets are throttled for good', async () => {
    const { sockets } = world.crowd(1_000);
    const stuck = new Set(sockets.filter((_, at) => at % 100 === 3));
    world.posts.isThrottled = (socket) => stuck.has(socket);
    const handler = await world.cold('broadcast');
    const { document } = await world.post(handler, '/broadcast', { body: 'hello', path: '/' });
    expect(document).toEqual({ delivered: 990, queued: 0, gone: 0, failed: 10 });
    expect(world.posts.counts).toEqual({ posts: 990, sockets: 990 });
  });
});
