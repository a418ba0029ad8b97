import { describe, expect, test } from 'vitest';
import type { BroadcastProgress } from '../../../functions/gateway/broadcasts.ts';
import { broadcast } from '../../../functions/gateway/deliver/broadcast.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import type { BroadcastId } from '../../../functions/wire/broadcast-id.ts';
import { aPath } from '../../fakes/a-record.ts';
import { type FakeWorld, fakeGateway, type Given } from '../../fakes/fake-gateway.ts';
import { arrivals, runBroadcasts } from '../../fakes/run-broadcast.ts';

const all = { body: 'hello', except: [] };

async function worldOf(count: number, given: Given = {}): Promise<[FakeWorld, SocketRecord[]]> {
  const world = fakeGateway(given);
  const records: SocketRecord[] = [];
  for (let at = 0; at < count; at++) records.push(await world.admit());
  return [world, records];
}

async function begun({ gateway }: FakeWorld, asked: Parameters<typeof broadcast>[2]): Promise<BroadcastId> {
  const outcome = await broadcast(gateway, 'call', asked);
  if (!('id' in outcome) || outcome.id === 'full') throw new Error('The broadcast was not handed over.');
  return outcome.id;
}

function progress({ gateway }: FakeWorld, id: BroadcastId): Promise<BroadcastProgress | undefined> {
  return gateway.broadcasts.progress(id);
}

function fail(): never {
  throw new Error('There is no such socket.');
}

const none = { queued: 0, gone: 0, failed: 0 };

describe('a broadcast', () => {
  test.for([0, 1, 499, 500])('to %i sockets reaches each once within its call', async (count) => {
    const [world] = await worldOf(count);
    expect(await broadcast(world.gateway, 'call', all)).toEqual({ delivered: count, ...none });
    expect(world.tasks.queued).toEqual([]);
    expect([...arrivals(world).values()], 'arrivals').toEqual(Array(count).fill(1));
  });

  test.for([
    [501, 1],
    [501, 2],
    [10_000, 1],
    [10_000, 2],
  ])(
    'to %i sockets reaches each once, when the queue hands out each task %i times',
    async ([count = 0, copies]) => {
      const [world] = await worldOf(count);
      const id = await begun(world, all);
      expect(world.connections.arrived, 'before the call is answered').toEqual([]);
      await runBroadcasts(world, copies);
      expect(await progress(world, id)).toEqual({ status: 'done', found: count, delivered: count, ...none });
      expect(arrivals(world).size, 'sockets reached').toBe(count);
      expect(new Set(arrivals(world).values()), 'messages for each').toEqual(new Set([1]));
    },
  );

  test('reaches whoever stays exactly once and nobody twice, while sockets come and go', async () => {
    const [world, records] = await worldOf(2_000, { policy: { batchSockets: 100 } });
    const leaving = records.filter((_, at) => at % 7 === 0);
    const stay = records.filter((record) => !leaving.includes(record));
    const id = await begun(world, all);
    await runBroadcasts(world, 2, async () => {
      for (const { socket } of leaving.splice(0, 20)) {
        world.connections.script(socket, () => ({ kind: 'gone' }));
        await world.registry.remove(socket);
      }
      await world.admit();
    });
    const seen = arrivals(world);
    expect(stay.filter(({ socket }) => seen.get(socket) !== 1)).toEqual([]);
    expect([...seen.values()].filter((count) => count > 1)).toEqual([]);
    const { status, found = 0, delivered = 0, gone = 0 } = (await progress(world, id)) ?? {};
    expect([status, delivered + gone], 'the counts add up').toEqual(['done', found]);
  });

  test('leaves out the excepted and counts only the others', async () => {
    const [world, records] = await worldOf(1_600);
    const except = records.slice(0, 1_000).map(({ socket }) => socket);
    const id = await begun(world, { ...all, except });
    await runBroadcasts(world, 1, async () => {
      expect((await progress(world, id))?.found).toBeLessThanOrEqual(600);
    });
    expect(await progress(world, id)).toMatchObject({ status: 'done', found: 600, delivered: 600 });
    expect(except.filter((socket) => arrivals(world).has(socket))).toEqual([]);
  });

  test('that leaves out so many that 500 are left is done within its call', async () => {
    const [world, records] = await worldOf(1_500);
    const except = records.slice(0, 1_000).map(({ socket }) => socket);
    expect(await broadcast(world.gateway, 'call', { ...all, except })).toEqual({ delivered: 500, ...none });
  });

  test('to a path and a user goes to their sockets alone, of whatever number', async () => {
    const world = fakeGateway();
    const room = { path: aPath('/room'), user: 'alice' };
    for (let at = 0; at < 600; at++) await world.admit(room);
    for (let at = 0; at < 600; at++) await world.admit({ ...room, user: 'bob' });
    const id = await begun(world, { ...all, ...room });
    await runBroadcasts(world);
    expect(await progress(world, id)).toMatchObject({ status: 'done', found: 600, delivered: 600 });
  });

  test('tells who was gone, who waits and who failed', async () => {
    const [world, [first, second]] = await worldOf(600);
    await world.admit({ status: 'opening' });
    const dead = (await world.admit()).socket;
    for (const socket of [first?.socket, dead])
      if (socket !== undefined) world.connections.script(socket, () => ({ kind: 'gone' }));
    world.connections.script(second?.socket ?? dead, () => ({ kind: 'failed', code: 'slow_client' }));
    await world.clock.advance(20_000);
    const id = await begun(world, all);
    await runBroadcasts(world);
    const counts = { delivered: 598, queued: 1, gone: 2, failed: 1 };
    expect(await progress(world, id)).toEqual({ status: 'done', found: 602, ...counts });
    expect(world.app.told, 'closed hooks of those that were gone').toHaveLength(2);
  });

  test('asked for twice by one call is one broadcast', async () => {
    const [world] = await worldOf(501);
    expect(await begun(world, all)).toBe(await begun(world, all));
    await runBroadcasts(world);
    expect(new Set(arrivals(world).values())).toEqual(new Set([1]));
  });

  test('that is cancelled posts no further batch, and says so', async () => {
    const [world] = await worldOf(2_000);
    const id = await begun(world, all);
    let tasks = 0;
    await runBroadcasts(world, 1, async () => {
      tasks += 1;
      if (tasks === 3) expect(await world.gateway.broadcasts.cancel(id)).toBe(true);
    });
    expect(tasks).toBeGreaterThan(3);
    const counts = { found: 2_000, delivered: 500, ...none };
    expect(await progress(world, id)).toEqual({ status: 'cancelled', ...counts });
    expect(world.connections.arrived).toHaveLength(500);
  });

  test('that is cancelled in the middle of a batch stops there, and counts what was posted', async () => {
    const [world, records] = await worldOf(1_400, { policy: { batchSockets: 1_400 } });
    const id = await begun(world, all);
    world.connections.script(records[250]?.socket ?? fail(), async () => {
      await world.gateway.broadcasts.cancel(id);
      return { kind: 'posted' };
    });
    await runBroadcasts(world);
    const counts = { found: 1_400, delivered: 500, ...none };
    expect(await progress(world, id)).toEqual({ status: 'cancelled', ...counts });
    expect(world.connections.arrived).toHaveLength(500);
  });

  test('is unknown after a day, and what is left of it posts nothing', async () => {
    const [world] = await worldOf(600);
    const id = await begun(world, all);
    await world.clock.advance(86_400_000);
    expect(await progress(world, id)).toBeUndefined();
    await runBroadcasts(world);
    expect(world.connections.arrived).toEqual([]);
  });
});
