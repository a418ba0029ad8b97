import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { idle } from './idle.ts';
import { LambdaWorld } from './world.ts';

let world: LambdaWorld;
beforeAll(async () => {
  world = await LambdaWorld.start();
});
afterEach(() => world.end());
afterAll(() => world.stop());

test('a message is answered by one reply, cold, warm and after idleness', async () => {
  const { sockets } = world.crowd(1);
  const [socket] = sockets;
  if (socket === undefined) throw new Error('There is no socket.');
  const handler = await world.cold('default');
  for (const before of [idle.none, idle.none, idle.long]) {
    await before();
    expect((await world.message(handler, socket)).value).toEqual({ statusCode: 200 });
    expect(world.posts.of(socket)).toEqual(['pong']);
    world.posts.forget();
  }
});
