import { describe, expect, test } from 'vitest';
import { deliver } from '../../../functions/gateway/deliver/deliver.ts';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import type { Task } from '../../../functions/gateway/tasks.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { codesTold, deployedWorld, recover, standing } from '../../fakes/deployed-world.ts';
import { answered } from '../../fakes/fake-app.ts';
import { FakeClient } from '../../fakes/fake-client.ts';
import type { FakeWorld } from '../../fakes/fake-gateway.ts';
import { type Death, everyDeath, mortally } from '../../fakes/mortal.ts';
import { work } from '../../fakes/sweep-minutes.ts';

/** A client that was let in while messages waited; its connection is there so much later. Its flush is queued. */
async function letInWith(world: FakeWorld, bodies: readonly string[], lagMs: number) {
  const { gateway, app } = world;
  const request = aConnectRequest();
  const client = new FakeClient(world, request.socket);
  app.admission = answered(204);
  app.onPost = async ({ url }) => {
    if (!url.includes('/handshake/')) return;
    for (const body of bodies) await deliver(gateway, request.socket, body);
  };
  const value = await handshake(gateway, request);
  client.enter({ kind: 'survived', value }, lagMs);
  const flush: Task | undefined = world.tasks.queued.shift();
  if (flush?.kind !== 'flush') throw new Error('No flush is queued.');
  return { client, flush, socket: request.socket };
}

/** Sends something, which is not to fail. */
async function promised({ gateway, clock }: FakeWorld, ...to: Parameters<typeof sendTo>) {
  expect(['queued', 'delivered']).toContain(await clock.until(sendTo(...to)(gateway)));
}

function sendTo(socket: FakeClient['socket'], body: string) {
  return (gateway: FakeWorld['gateway']) => deliver(gateway, socket, body);
}

/** A flush that dies this death; with a queue that hands it out again, or one that has forgotten it. */
async function flushAndDie(death: Death, lagMs: number, isRedelivered: boolean) {
  const world = deployedWorld();
  const { gateway, clock, tasks } = world;
  const { client, flush, socket } = await letInWith(world, ['a', 'b'], lagMs);
  const flushing = mortally(gateway, death, (mortal) => runTask(mortal, flush));
  await promised(world, socket, 'c');
  const fate = await clock.until(flushing);
  await promised(world, socket, 'd');
  if (isRedelivered) await tasks.enqueue(flush);
  await work(world);
  await promised(world, socket, 'e');
  await recover(world);
  await promised(world, socket, 'f');
  return { world, client, fate, socket };
}

describe.for([0, 1_000, 3_000])('a flusher that dies, the connection being there %i ms after', (lagMs) => {
  test.for([
    { queue: 'hands out the flush again', isRedelivered: true },
    { queue: 'has forgotten the flush', isRedelivered: false },
  ])('loses nothing and changes no order, with a queue that $queue', async ({ isRedelivered }) => {
    const deaths = await everyDeath(async (death) => {
      const { world, client, fate, socket } = await flushAndDie(death, lagMs, isRedelivered);
      expect(client.arrivedFirst).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
      // Twice comes only what was posted by one that died before it had taken that off.
      const twice = client.arrived.length - client.arrivedFirst.length;
      expect(twice).toBeLessThanOrEqual(fate.kind === 'survived' ? 0 : 3);
      expect(codesTold(world, socket)).toEqual([]);
      expect(await standing(world)).toEqual({ [socket]: 'open' });
      return fate;
    });
    expect(deaths).toEqual(expect.arrayContaining(['before lease accepted', 'after post b']));
    expect(deaths.length).toBeGreaterThanOrEqual(lagMs > 0 ? 40 : 12);
  });
});

describe('a flusher that dies while it is throttled', () => {
  test('loses nothing and changes no order', async () => {
    const deaths = await everyDeath(async (death) => {
      const world = deployedWorld();
      const { gateway, clock } = world;
      const { client, flush, socket } = await letInWith(world, ['a', 'b', 'c'], 0);
      const over = clock.now() + 2_000;
      world.connections.script(socket, (_, body) => ({
        kind: body !== 'a' && clock.now() < over ? 'throttled' : 'posted',
      }));
      const hurried = { ...gateway, deadline: clock.monotonic() + 500 };
      const fate = await clock.until(mortally(hurried, death, (mortal) => runTask(mortal, flush)));
      await promised(world, socket, 'd');
      await recover(world);
      expect(client.arrivedFirst).toEqual(['a', 'b', 'c', 'd']);
      if (fate.kind === 'survived') expect(client.arrived).toHaveLength(4);
      expect(await standing(world)).toEqual({ [socket]: 'open' });
      return fate;
    });
    expect(deaths).toEqual(expect.arrayContaining(['after flushed 1', 'before queue flush']));
  });
});

describe('a flusher that dies, its client having gone', () => {
  test('leaves the end to be told once, and no record', async () => {
    const deaths = await everyDeath(async (death) => {
      const world = deployedWorld();
      const { gateway, clock } = world;
      const { client, flush, socket } = await letInWith(world, ['a', 'b'], Number.POSITIVE_INFINITY);
      world.connections.missing.add(socket);
      const fate = await clock.until(mortally(gateway, death, (mortal) => runTask(mortal, flush)));
      await recover(world);
      expect(client.arrived).toEqual([]);
      expect(codesTold(world, socket)).toEqual(['1006']);
      expect(await standing(world)).toEqual({});
      return fate;
    });
    expect(deaths.length).toBeGreaterThan(100);
    expect(deaths).toEqual(expect.arrayContaining(['after close 1006', 'before queue closed']));
  });
});
