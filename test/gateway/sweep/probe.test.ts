import { describe, expect, test } from 'vitest';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { probe } from '../../../functions/gateway/sweep/probe.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { sweepMinutes, work } from '../../fakes/sweep-minutes.ts';

/** Sockets that were let in some time ago. */
async function openSockets({ admit, clock }: FakeWorld, count: number) {
  const records = await Promise.all(Array.from({ length: count }, () => admit()));
  await clock.advance(60_000);
  return records.map(({ socket }) => socket);
}

describe('a probe', () => {
  test('asks after each socket once', async () => {
    const world = fakeGateway();
    const sockets = await openSockets(world, 45);
    await world.clock.until(probe(world.gateway, sockets));
    expect([...world.connections.probed].sort()).toEqual([...sockets].sort());
  });

  test('of none asks nothing', async () => {
    const { gateway, connections, clock } = fakeGateway();
    await clock.until(probe(gateway, []));
    expect(connections.probed).toEqual([]);
  });

  test.for([0, 0.5, 0.999])('asks at most 100 times in any second (chance %d)', async (chance) => {
    const world = fakeGateway();
    world.clock.chance = chance;
    const sockets = await openSockets(world, 730);
    const times: number[] = [];
    const { has } = world.connections;
    world.connections.has = (socket) => {
      times.push(world.clock.now());
      return has.call(world.connections, socket);
    };
    await world.clock.until(probe(world.gateway, sockets));
    expect(times).toHaveLength(730);
    for (const from of times) {
      expect(times.filter((time) => time >= from && time < from + 1_000).length).toBeLessThanOrEqual(100);
    }
    // Nor is it slower than need be: a sweep has a minute.
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(8_000);
  });

  test('ends the sockets that have no connection with 1006, and no other', async () => {
    const world = fakeGateway();
    const [lost, living] = await openSockets(world, 2);
    if (lost === undefined || living === undefined) throw new Error('There is no socket.');
    world.connections.missing.add(lost);
    await probe(world.gateway, [lost, living]);
    expect(world.app.requests).toEqual([]);
    await work(world);
    expect(world.app.told).toMatchObject([{ from: lost, code: '1006' }]);
    expect((await world.registry.get(living))?.status).toBe('open');
  });

  test('of a socket that ends at the same moment tells of it once, with that end', async () => {
    const world = fakeGateway();
    const [socket] = await openSockets(world, 1);
    if (socket === undefined) throw new Error('There is no socket.');
    world.connections.has = async () => {
      await disconnect(world.gateway, socket, { code: 1001, reason: '' });
      return false;
    };
    await probe(world.gateway, [socket]);
    await work(world);
    expect(world.app.told).toMatchObject([{ code: '1001' }]);
  });

  test('leaves out at its deadline what is left, and says how much', async () => {
    const world = fakeGateway();
    const sockets = await openSockets(world, 100);
    const hurried = { ...world.gateway, deadline: world.clock.monotonic() + 400 };
    await world.clock.until(probe(hurried, sockets));
    expect(world.connections.probed).toHaveLength(40);
    expect(world.log.of('probes_left_out')).toMatchObject([{ level: 'warn', fields: { left: 60 } }]);
  });

  test('that is always cut short leaves out another part each time', async () => {
    const world = fakeGateway();
    const sockets = await openSockets(world, 100);
    for (const chance of [0, 0.2, 0.4, 0.6, 0.8]) {
      world.clock.chance = chance;
      const hurried = { ...world.gateway, deadline: world.clock.monotonic() + 100 };
      await world.clock.until(probe(hurried, sockets));
    }
    expect(new Set(world.connections.probed).size).toBe(100);
  });

  test('that finds the world at fault for one socket asks after the others', async () => {
    const world = fakeGateway();
    const sockets = await openSockets(world, 30);
    const [broken] = sockets;
    const { has } = world.connections;
    world.connections.has = async (socket) => {
      if (socket === broken) throw new Error('the network is down');
      return has.call(world.connections, socket);
    };
    await world.clock.until(probe(world.gateway, sockets));
    expect(world.connections.probed).toHaveLength(29);
    expect(world.log.of('fault')).toMatchObject([{ level: 'error', fields: { request: `probe_${broken}` } }]);
  });
});

describe('sweeps', () => {
  test('probe each open socket once in 30 minutes, so that a lost end is told within that time', async () => {
    const world = fakeGateway();
    const sockets = await openSockets(world, 200);
    const lost = sockets.slice(0, 20);
    for (const socket of lost) world.connections.missing.add(socket);
    await sweepMinutes(world, 30);
    expect([...world.connections.probed].sort()).toEqual([...sockets].sort());
    expect(world.app.told.map(({ from }) => from).sort()).toEqual([...lost].sort());
    expect(new Set(world.app.told.map(({ code }) => code))).toEqual(new Set(['1006']));
  });

  test('go by the minute that they are for, not by that in which they come', async () => {
    const world = fakeGateway();
    await openSockets(world, 100);
    for (let minute = 0; minute < 30; minute++) await world.clock.until(sweep(world.gateway, minute));
    expect(new Set(world.connections.probed).size).toBe(100);
    expect(world.connections.probed).toHaveLength(100);
  });

  test('probe nobody where that is switched off', async () => {
    const world = fakeGateway({ settings: { probeMinutes: 0 } });
    await openSockets(world, 100);
    await sweepMinutes(world, 31);
    expect(world.connections.probed).toEqual([]);
  });
});
