import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { idle } from './idle.ts';
import { LambdaWorld } from './world.ts';

let world: LambdaWorld;
beforeAll(async () => {
  world = await LambdaWorld.start();
});
afterEach(() => world.end());
afterAll(() => world.stop());

describe('POST /send', () => {
  test.for([1, 100, 200, 1_000])(
    'reaches all of %i sockets, cold, warm and after idleness',
    async (count) => {
      const { sockets } = world.crowd(count);
      const handler = await world.cold('send');
      for (const before of [idle.none, idle.none, idle.long]) {
        await before();
        const { status, document } = await world.post(handler, '/send', { sockets, body: 'hello' });
        expect([status, document]).toEqual([200, { delivered: count, queued: 0, gone: [], failed: [] }]);
        expect(world.posts.counts).toEqual({ posts: count, sockets: count });
        world.posts.forget();
      }
    },
  );

  test('reaches all others when 1 % of 1,000 sockets are throttled for good, and says so of these', async () => {
    const { sockets } = world.crowd(1_000);
    const stuck = new Set(sockets.filter((_, at) => at % 100 === 3));
    const tried = new Set<string>();
    let arrivedBefore: number | undefined;
    world.posts.isThrottled = (socket) => {
      if (!stuck.has(socket)) return false;
      if (tried.has(socket)) arrivedBefore ??= world.posts.counts.posts;
      tried.add(socket);
      return true;
    };
    const { document } = await world.post(await world.cold('send'), '/send', { sockets, body: 'hello' });
    const failed = [...stuck].map((socket) => ({ socket, code: 'throttled' }));
    expect(document).toEqual({ delivered: 990, queued: 0, gone: [], failed });
    // Those are tried again when all others have theirs.
    expect(arrivedBefore).toBe(990);
    expect(world.posts.counts).toEqual({ posts: 990, sockets: 990 });
  });
});
