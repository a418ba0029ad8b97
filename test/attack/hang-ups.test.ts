import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { upgradeRequest } from '../support/raw.ts';
import { settled, Target } from './target.ts';

let target: Target;
afterEach(() => target.stop());

test('a client that hangs up while its handshake is under way has its descriptor freed at once', async () => {
  target = await Target.start(3_000);
  const before = target.descriptors;
  const sockets = Array.from({ length: 100 }, () => target.startUpgrade('/slow'));
  // One of its own for each, and one for its hook. At first there may be one more, which looks for the app.
  expect(await settled(() => target.descriptors >= before + 199, 2_500)).toBe(true);
  for (const socket of sockets) socket.end();
  expect(await settled(() => target.descriptors < before + 150, 2_000)).toBe(true);
  for (const socket of sockets) socket.destroy();
});

/** How a client may leave. */
const ways = ['end', 'destroy', 'resetAndDestroy'] as const;

test('10,000 hang-ups at every moment of a handshake leave nothing behind', async () => {
  target = await Target.start(20);
  const head = upgradeRequest('/slow');
  const hangUp = async (number: number): Promise<void> => {
    const socket = target.startUpgrade(number % 5 === 0 ? '/%zz' : '/slow');
    // It reads what the gateway still says, else it would not learn that the gateway has closed too.
    socket.resume();
    const way = ways[number % ways.length] ?? 'destroy';
    if (number % 7 === 0) socket.write(head.subarray(0, number % head.length));
    await sleep(number % 41);
    socket[way]();
    await new Promise<void>((resolve) => {
      if (socket.destroyed) resolve();
      socket.once('close', () => resolve());
      setTimeout(() => socket.destroy(), 1_000).unref();
    });
  };
  const run = async (count: number): Promise<void> => {
    let begun = 0;
    const work = async (): Promise<void> => {
      while (begun < count) await hangUp(begun++);
    };
    await Promise.all(Array.from({ length: 100 }, work));
  };
  // So many that the heap of Bun is as large as it stays.
  await run(5_000);
  const free = (max: number) => settled(() => target.descriptors <= max, 15_000);
  // Kept connections to the app are closed after a while.
  await free(40);
  const [descriptors, memory] = [target.descriptors, target.memory];
  await run(10_000);
  expect(await free(descriptors + 5)).toBe(true);
  expect(target.memory - memory).toBeLessThan(60);
}, 120_000);
