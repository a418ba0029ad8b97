import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { DeliverTask } from '../../functions/gateway/ports.ts';
import { aPath, newSocket } from '../fakes/a-record.ts';
import { idle } from './idle.ts';
import { LambdaWorld } from './world.ts';

let world: LambdaWorld;
beforeAll(async () => {
  world = await LambdaWorld.start();
});
afterEach(() => world.end());
afterAll(() => world.stop());

/** Ten answers, each of which asks for a broadcast to the one path that there is. */
function tenBroadcasts(): DeliverTask[] {
  return Array.from({ length: 10 }, (_, at) => ({
    ...({ kind: 'deliver', socket: newSocket(), hook: `message_${at}`, send: [], close: false } as const),
    broadcast: [{ body: `message ${at}`, except: [], path: aPath('/') }],
  }));
}

describe('ten queued answers, each a broadcast', () => {
  test('to a room of 10, reach everybody in one run, cold, warm and after idleness', async () => {
    world.crowd(10);
    const door = await world.cold('deliver');
    for (const before of [idle.none, idle.none, idle.long]) {
      await before();
      world.queue.put(...tenBroadcasts());
      const runs = await world.workOff(door);
      expect(world.posts.counts).toEqual({ posts: 100, sockets: 10 });
      expect(runs).toHaveLength(1);
      world.posts.forget();
    }
  });

  test('to a room of 5,000, reach everybody once, in as many runs as it takes', async () => {
    const { sockets } = world.crowd(5_000);
    const door = await world.cold('deliver');
    world.queue.put(...tenBroadcasts());
    await world.workOff(door);
    expect(world.posts.counts).toEqual({ posts: 50_000, sockets: 5_000 });
    for (const socket of sockets) expect(new Set(world.posts.of(socket)).size).toBe(10);
  });
});
