import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newSocket } from '../fakes/a-record.ts';
import { idle } from './idle.ts';
import { LambdaWorld } from './world.ts';

let world: LambdaWorld;
beforeAll(async () => {
  world = await LambdaWorld.start();
});
afterEach(() => world.end());
afterAll(() => world.stop());

describe('beside 50,000 open sockets', () => {
  test('a client gets in, cold, warm and after idleness', async () => {
    world.crowd(50_000);
    const handler = await world.cold('connect');
    for (const before of [idle.none, idle.none, idle.long]) {
      await before();
      expect((await world.connect(handler, newSocket())).value).toEqual({ statusCode: 200 });
    }
    expect(world.hooks).toEqual(['handshake', 'handshake', 'handshake']);
  });

  test('the end of a client is told, cold, warm and after idleness', async () => {
    const { sockets } = world.crowd(50_000);
    const handler = await world.cold('disconnect');
    for (const [at, pass] of [idle.none, idle.none, idle.long].entries()) {
      await pass();
      const socket = sockets[at] ?? newSocket();
      expect((await world.disconnect(handler, socket)).value).toEqual({ statusCode: 200 });
    }
    expect(world.hooks).toEqual(['closed', 'closed', 'closed']);
  });

  test('a sweep looks at all, and asks after those whose minute it is', async () => {
    world.crowd(50_000);
    const handler = await world.cold('sweep');
    await world.sweep(handler);
    expect(handler.lines).toEqual([]);
    // A thirtieth of them, give or take what chance makes of it.
    expect(world.posts.asked).toBeGreaterThan(1_400);
    expect(world.posts.asked).toBeLessThan(1_950);
  });
});

test('a sweep beside more sockets than it can ask after asks after as many as it can, and that is no fault', async () => {
  world.crowd(200_000);
  const handler = await world.cold('sweep');
  await world.sweep(handler);
  expect(handler.lines).toMatchObject([{ level: 'warn', event: 'probes_left_out', SweepsUnfinished: 1 }]);
  // 100 a second, until there is only time left to end: of 6,667 whose minute it is.
  expect(world.posts.asked).toBeGreaterThan(2_000);
  expect(world.posts.asked + Number(handler.lines[0]?.['left'])).toBeGreaterThan(6_200);
});
