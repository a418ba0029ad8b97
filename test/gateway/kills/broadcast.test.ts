import { describe, expect, test } from 'vitest';
import { handOver } from '../../../functions/gateway/deliver/hand-over.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { broadcastIdOf } from '../../../functions/wire/broadcast-id.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { type Death, everyDeath, type Fate, mortally } from '../../fakes/mortal.ts';
import { arrivals, runBroadcasts } from '../../fakes/run-broadcast.ts';

const asked = { body: 'hello', except: [] };
const id = broadcastIdOf('call');

/** The calls of a coordinator. If it dies at one of them, no batch is posted twice. */
const isOfCoordinator = /^(claim segment|segment|cut|queued|queue \d+ batches)$/;

async function worldOf(count: number): Promise<[FakeWorld, SocketRecord[]]> {
  const world = fakeGateway({ policy: { batchSockets: 2 } });
  const records: SocketRecord[] = [];
  for (let at = 0; at < count; at++) records.push(await world.admit());
  return [world, records];
}

/** Runs all queued tasks in one process that dies. The queue hands out its task again when the claim has ended. */
async function runUntilDead(world: FakeWorld, death: Death): Promise<Fate<void>> {
  const { gateway, tasks, clock } = world;
  let current = tasks.queued[0];
  const fate = await clock.until(
    mortally(gateway, death, async (mortal: Gateway) => {
      for (current = tasks.queued.shift(); current !== undefined; current = tasks.queued.shift())
        await runTask(mortal, current);
    }),
  );
  if (fate.kind === 'died' && current !== undefined) tasks.queued.unshift(current);
  return fate;
}

describe('a broadcast whose process dies', () => {
  test('at any call reaches each socket that stays, ends, and its counts add up', async () => {
    const deaths = await everyDeath(async (death) => {
      const [world, records] = await worldOf(7);
      await handOver(world.gateway, 'call', asked);
      const fate = await runUntilDead(world, death);
      await world.clock.advance(world.gateway.policy.leaseMs);
      await runBroadcasts(world);
      const seen = arrivals(world);
      expect(records.filter(({ socket }) => !seen.has(socket))).toEqual([]);
      if (fate.kind === 'survived') expect(new Set(seen.values())).toEqual(new Set([1]));
      const counts = { delivered: 7, queued: 0, gone: 0, failed: 0 };
      expect(await world.gateway.broadcasts.progress(id)).toEqual({ status: 'done', found: 7, ...counts });
      return fate;
    });
    expect(deaths).toEqual(
      expect.arrayContaining([
        'before cut',
        'after cut',
        'after queue 2 batches',
        'after posted',
        'before queued',
      ]),
    );
    expect(deaths.length).toBeGreaterThan(40);
  });

  test.for([
    ['from the front', (records: SocketRecord[]) => records.slice(0, 4)],
    ['from the end', (records: SocketRecord[]) => records.slice(4)],
    ['all of them', (records: SocketRecord[]) => records],
  ] as const)('ends also if sockets have left meanwhile, %s', async ([, leavers]) => {
    await everyDeath(async (death) => {
      const [world, records] = await worldOf(7);
      await handOver(world.gateway, 'call', asked);
      const fate = await runUntilDead(world, death);
      const leaving = leavers(records);
      for (const { socket } of leaving) await world.registry.remove(socket);
      await world.clock.advance(world.gateway.policy.leaseMs);
      await runBroadcasts(world);
      const seen = arrivals(world);
      expect(records.filter((one) => !leaving.includes(one) && !seen.has(one.socket))).toEqual([]);
      if (fate.kind === 'survived' || isOfCoordinator.test(fate.call))
        expect(Math.max(0, ...seen.values()), JSON.stringify(fate)).toBeLessThanOrEqual(1);
      const progress = await world.gateway.broadcasts.progress(id);
      expect(progress?.status, JSON.stringify(fate)).toBe('done');
      const { found = 0, delivered = 0, queued = 0, gone = 0, failed = 0 } = progress ?? {};
      expect(delivered + queued + gone + failed, JSON.stringify(fate)).toBe(found);
      return fate;
    });
  });

  test('while it is handed over is handed over once by the next try', async () => {
    await everyDeath(async (death) => {
      const [world, records] = await worldOf(7);
      const fate = await mortally(world.gateway, death, (mortal) => handOver(mortal, 'call', asked));
      if (fate.kind === 'died') await handOver(world.gateway, 'call', asked);
      await runBroadcasts(world);
      const seen = arrivals(world);
      expect(records.map(({ socket }) => seen.get(socket))).toEqual(records.map(() => 1));
      return fate;
    });
  });
});
