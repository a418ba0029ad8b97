import { expect, test } from 'vitest';
import { paceOf, postBatch } from '../../../functions/gateway/broadcast/post-batch.ts';
import { handOver } from '../../../functions/gateway/deliver/hand-over.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import type { BatchTask, TaskQueue } from '../../../functions/gateway/tasks.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';

const asked = { body: 'hello', except: [] };

/** A world whose broadcast has been handed over, with what each call of the queue of batches got. */
async function cut(count: number, maxPostsPerSecond = Number.POSITIVE_INFINITY, batchBytes?: number) {
  const policy = { batchSockets: 50, ...(batchBytes === undefined ? {} : { batchBytes }) };
  const world: FakeWorld = fakeGateway({ policy, settings: { maxPostsPerSecond } });
  for (let at = 0; at < count; at++) await world.admit();
  await handOver(world.gateway, 'call', asked);
  const calls: (readonly BatchTask[])[] = [];
  const segment = world.tasks.queued.shift();
  if (segment === undefined) throw new Error('No segment is queued.');
  const tasks: TaskQueue = {
    enqueue: (task) => world.tasks.enqueue(task),
    enqueueBatches: async (batches) => void calls.push(batches),
  };
  await world.clock.until(runTask({ ...world.gateway, tasks }, segment));
  return { world, calls };
}

test('workers begin with the first batch of a segment before the second is read, and later calls queue up to ten', async () => {
  const { calls } = await cut(50 * 50);
  const sizes = calls.map(({ length }) => length);
  expect(sizes.slice(0, 6)).toEqual([1, 1, 2, 4, 2, 10]);
  expect(Math.max(...sizes)).toBe(10);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(50);
});

test.for([
  [249, 49],
  [250, 50],
  [4, 1],
] as const)('of %i bytes a message of 5 bytes is posted to at most %i sockets', async ([bytes, sockets]) => {
  const { calls } = await cut(100, Number.POSITIVE_INFINITY, bytes);
  expect(Math.max(...calls.flat().map((batch) => batch.sockets.length))).toBe(sockets);
});

test('a worker makes up for the time between two batches, so that it keeps its rate', async () => {
  const { world, calls } = await cut(20 * 50, 200);
  const { gateway, clock } = world;
  const pace = paceOf(gateway);
  const began = clock.monotonic();
  for (const batch of calls.flat()) {
    await clock.until(postBatch(gateway, batch, pace));
    // Its counts are stored, and SQS hands out the next one.
    await clock.advance(100);
  }
  const ms = clock.monotonic() - began - 100;
  expect(world.connections.arrived).toHaveLength(1_000);
  expect(ms, 'a thousand posts at 200 a second').toBeGreaterThanOrEqual(4_900);
  expect(ms, 'a thousand posts at 200 a second').toBeLessThanOrEqual(5_050);
});
