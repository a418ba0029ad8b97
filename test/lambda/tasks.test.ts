import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { DeliveriesTask } from '../../functions/gateway/tasks.ts';
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
function tenBroadcasts(): DeliveriesTask[] {
  return Array.from({ length: 10 }, (_, at) => ({
    ...({ kind: 'deliveries', socket: newSocket(), hook: `message_${at}`, send: [], close: false } as const),
    broadcast: [{ body: `message ${at}`, except: [], path: aPath('/') }],
  }));
}

describe('ten queued answers, each a broadcast', () => {
  test('to a room of 10, reach everybody in one run, cold, warm and after idleness', async () => {
    world.crowd(10);
    const handler = await world.cold('tasks');
    for (const before of [idle.none, idle.none, idle.long]) {
      await before();
      world.queue.put(...tenBroadcasts());
      const runs = await world.workOff(handler);
      expect(world.posts.counts).toEqual({ posts: 100, sockets: 10 });
      expect(runs).toHaveLength(1);
      world.posts.forget();
    }
  });

  test('while the table can’t be read, are done again and not lost, seconds later', async () => {
    world.crowd(10);
    const handler = await world.cold('tasks');
    world.dynamo.broken.add('Query');
    world.queue.put(...tenBroadcasts());
    await world.work(handler);
    expect(world.posts.counts.posts).toBe(0);
    expect(world.queue.waiting.map(({ delays }) => delays)).toEqual(Array(10).fill([0, 5]));
    world.dynamo.broken.clear();
    await world.workOff(handler);
    expect(world.posts.counts).toEqual({ posts: 100, sockets: 10 });
  });

  test('reach all others though 1 % are throttled for good, and come again for these alone', async () => {
    const { sockets } = world.crowd(1_000);
    const stuck = new Set(sockets.filter((_, at) => at % 100 === 3));
    world.posts.isThrottled = (socket) => stuck.has(socket);
    const handler = await world.cold('tasks');
    world.queue.put(...tenBroadcasts());
    await world.work(handler);
    expect(world.posts.counts).toEqual({ posts: 9_900, sockets: 990 });
    expect(world.queue.waiting).toHaveLength(10);
    expect(world.queue.waiting.every(({ receives, delays }) => receives === 0 && (delays[0] ?? 0) > 0)).toBe(
      true,
    );
    world.posts.isThrottled = () => false;
    await world.workOff(handler);
    expect(world.posts.counts).toEqual({ posts: 10_000, sockets: 1_000 });
    for (const socket of stuck) expect(new Set(world.posts.of(socket)).size).toBe(10);
  });

  test('that outlive their run go on in others where they stood, and nobody gets anything twice', async () => {
    const { sockets } = world.crowd(1_000);
    // A run begins nothing in its last five seconds, so this one has two.
    const handler = await world.cold('tasks', 256, 7_000);
    const lost = () => handler.lines.filter(({ event }) => event === 'action_failed');
    world.queue.put(...tenBroadcasts());
    expect((await world.workOff(handler)).length).toBeGreaterThan(1);
    expect(world.posts.counts).toEqual({ posts: 10_000, sockets: 1_000 });
    for (const socket of sockets) expect(new Set(world.posts.of(socket)).size).toBe(10);
    // What was on its way when a run ended may have got no answer; it arrived.
    expect(lost().every(({ code }) => code === 'post_unknown')).toBe(true);
  });

  test('to a room of 5,000, reach everybody once, in as many runs as it takes', async () => {
    const { sockets } = world.crowd(5_000);
    const handler = await world.cold('tasks');
    world.queue.put(...tenBroadcasts());
    await world.workOff(handler);
    expect(world.posts.counts).toEqual({ posts: 50_000, sockets: 5_000 });
    for (const socket of sockets) expect(new Set(world.posts.of(socket)).size).toBe(10);
  });
});

test('ten queued answers, each a send to 1,000, reach everybody and trouble nothing at 256 MB', async () => {
  const { sockets } = world.crowd(1_000);
  const handler = await world.cold('tasks', 256);
  const answers = tenBroadcasts().map((task, at): DeliveriesTask => {
    return { ...task, broadcast: [], send: [{ body: `message ${at}`, malformed: [], sockets }] };
  });
  world.queue.put(...answers);
  await world.workOff(handler);
  expect(world.posts.counts).toEqual({ posts: 10_000, sockets: 1_000 });
  // Lookups that wait too long for a connection are no faults of DynamoDB.
  expect(handler.lines).toEqual([]);
});
