import { describe, expect, test } from 'vitest';
import { handOver } from '../../../functions/gateway/deliver/hand-over.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { passedGateway } from '../../fakes/passed-gateway.ts';
import { arrivals, runBroadcasts } from '../../fakes/run-broadcast.ts';

const id = broadcastIdOf('call');

/** A broadcast of one batch, which is queued. */
async function queuedBatch(count: number): Promise<FakeWorld> {
  const world = fakeGateway({ policy: { batchSockets: count, batchRetryMs: 0 } });
  for (let at = 0; at < count; at++) await world.admit();
  await handOver(world.gateway, 'call', { body: 'hello', except: [] });
  const [segment] = world.tasks.queued.splice(0);
  if (segment === undefined) throw new Error('No task is queued.');
  await runTask(world.gateway, segment);
  return world;
}

/** Runs the batch in a run of 25 seconds, in which such calls fail for the first `ms` milliseconds. */
async function runWhileAway({ gateway, tasks, clock }: FakeWorld, ms: number, calls: string) {
  const task = tasks.queued.shift();
  if (task === undefined) throw new Error('No task is queued.');
  const back = clock.monotonic() + ms;
  const passed = passedGateway(gateway, async (call, effect) => {
    if (call.startsWith(calls) && clock.monotonic() < back) throw new Error('it is away');
    return effect();
  });
  const run = { ...passed, deadline: clock.monotonic() + 25_000 };
  return clock.until(runTask(run, task).catch((error) => tasks.queued.push(task) && String(error)));
}

describe('a worker that has posted its batch, and can’t', () => {
  test.for([1_000, 18_000])(
    'store its counts for %i ms, stores them then, and nobody gets it twice',
    async (ms) => {
      const world = await queuedBatch(3);
      expect(await runWhileAway(world, ms, 'posted')).toBeUndefined();
      await runBroadcasts(world);
      expect([...arrivals(world).values()]).toEqual([1, 1, 1]);
      expect(await world.gateway.broadcasts.progress(id)).toMatchObject({
        status: 'done',
        found: 3,
        delivered: 3,
      });
    },
  );

  test('queue the rest of it for 18 seconds, queues it then, and nobody gets it twice', async () => {
    const world = await queuedBatch(3);
    const [slow] = (await world.registry.list({}, 1))?.sockets ?? [];
    if (slow === undefined) throw new Error('Nobody is there.');
    world.connections.script(slow.socket, (attempt) => ({ kind: attempt === 1 ? 'throttled' : 'posted' }));
    expect(await runWhileAway(world, 18_000, 'queue')).toBeUndefined();
    await runBroadcasts(world);
    expect([...arrivals(world).values()]).toEqual([1, 1, 1]);
    expect(await world.gateway.broadcasts.progress(id)).toMatchObject({
      status: 'done',
      found: 3,
      delivered: 3,
    });
  });

  test('read whether it was cancelled, goes on', async () => {
    const world = await queuedBatch(1_100);
    expect(await runWhileAway(world, 60_000, 'is cancelled')).toBeUndefined();
    expect(new Set(arrivals(world).values())).toEqual(new Set([1]));
    expect(await world.gateway.broadcasts.progress(id)).toMatchObject({ status: 'done', delivered: 1_100 });
  });

  test('store its counts before its time is over, leaves the batch to be posted again', async () => {
    const world = await queuedBatch(3);
    const before = world.clock.monotonic();
    expect(await runWhileAway(world, 60_000, 'posted')).toBe('Error: it is away');
    expect(world.clock.monotonic() - before, 'within the run').toBeLessThanOrEqual(25_000);
    await runBroadcasts(world);
    expect([...arrivals(world).values()]).toEqual([2, 2, 2]);
    expect(await world.gateway.broadcasts.progress(id)).toMatchObject({
      status: 'done',
      found: 3,
      delivered: 3,
    });
  });
});
