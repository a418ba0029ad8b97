import { describe, expect, test } from 'vitest';
import { handOver } from '../../../functions/gateway/deliver/hand-over.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { arrivals, kindsOf, runBroadcasts } from '../../fakes/run-broadcast.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

const id = broadcastIdOf('call');

async function worldOf(count: number, batchSockets: number): Promise<FakeWorld> {
  const world = fakeGateway({ settings: { maxPostsPerSecond: 1_000 }, policy: { batchSockets } });
  for (let at = 0; at < count; at++) await world.admit();
  await handOver(world.gateway, 'call', { body: 'hello', except: [] });
  return world;
}

/** Runs the first task in a run that has `ms` milliseconds left. */
async function runFor({ gateway, tasks, clock }: FakeWorld, ms: number): Promise<void> {
  const task = tasks.queued.shift();
  if (task === undefined) throw new Error('No task is queued.');
  await clock.until(runTask({ ...gateway, deadline: clock.monotonic() + ms }, task));
}

async function expectDone(world: FakeWorld, count: number): Promise<void> {
  const counts = { found: count, delivered: count, queued: 0, gone: 0, failed: 0 };
  expect(await world.gateway.broadcasts.progress(id)).toEqual({ status: 'done', ...counts });
  expect(new Set(arrivals(world).values()), 'messages for each').toEqual(new Set([1]));
}

describe('a run that is over', () => {
  test('in the middle of a batch leaves the rest to another, and nobody gets the message twice', async () => {
    const world = await worldOf(1_000, 1_000);
    await runFor(world, Number.POSITIVE_INFINITY);
    await runFor(world, 400);
    const posted = world.connections.arrived.length;
    expect(posted).toBeGreaterThan(300);
    expect(posted).toBeLessThan(500);
    expect(await world.gateway.broadcasts.progress(id)).toMatchObject({
      status: 'running',
      delivered: posted,
    });
    expect(world.tasks.delayed).toMatchObject([{ kind: 'batch', part: 1 }]);
    await runBroadcasts(world, 2);
    await expectDone(world, 1_000);
  });

  test('in the middle of a segment leaves the rest of it to another', async () => {
    const world = await worldOf(1_000, 100);
    await runFor(world, 0);
    expect(kindsOf(world.tasks.queued)).toEqual(['batch', 'segment']);
    await runBroadcasts(world, 2);
    await expectDone(world, 1_000);
  });

  test('after an hour gives up the sockets that cannot be posted to, which have failed', async () => {
    const world = await worldOf(3, 3);
    const [first] = (await world.registry.list({}, 1))?.sockets ?? [];
    if (first === undefined) throw new Error('Nobody is there.');
    world.connections.script(first.socket, () => ({ kind: 'throttled' }));
    const start = world.clock.now();
    await runBroadcasts(world, 1, () => world.clock.advance(60_000));
    const counts = { found: 3, delivered: 2, queued: 0, gone: 0, failed: 1 };
    expect(await world.gateway.broadcasts.progress(id)).toEqual({ status: 'done', ...counts });
    expect(world.clock.now() - start).toBeGreaterThanOrEqual(3_600_000);
    expect(world.clock.now() - start).toBeLessThan(3_900_000);
  });
});

describe('a run that fails', () => {
  test('while it reads a segment leaves it to the next at once, and nobody gets the message twice', async () => {
    const world = await worldOf(1_000, 100);
    const { gateway, tasks } = world;
    const [segment] = tasks.queued;
    if (segment === undefined) throw new Error('No task is queued.');
    const registry = new WatchedRegistry(gateway.registry, () => {});
    registry.segment = async function* (...asked) {
      let pages = 0;
      for await (const page of gateway.registry.segment(...asked)) {
        pages += 1;
        if (pages > 7) throw new Error('the table is away');
        yield page;
      }
    };
    await expect(runTask({ ...gateway, registry }, segment)).rejects.toThrow('the table is away');
    const before = world.clock.monotonic();
    await runTask(gateway, segment);
    expect(world.clock.monotonic(), 'nobody waited for the claim').toBe(before);
    tasks.queued.splice(tasks.queued.indexOf(segment), 1);
    await runBroadcasts(world);
    await expectDone(world, 1_000);
  });
});
