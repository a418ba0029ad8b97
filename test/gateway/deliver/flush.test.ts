import { describe, expect, test } from 'vitest';
import { deliver } from '../../../functions/gateway/deliver/deliver.ts';
import { flush } from '../../../functions/gateway/deliver/flush.ts';
import { noGroupChange } from '../../../functions/gateway/group-change.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { work } from '../../fakes/sweep-minutes.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

/** A socket that was accepted while these messages waited. */
async function accepted({ registry, admit }: FakeWorld, bodies: readonly string[]): Promise<SocketRecord> {
  const record = await admit({ status: 'accepted' });
  for (const body of bodies) await registry.append(record.socket, body);
  return record;
}

describe('a flush', () => {
  test('posts what waited, in order, and opens the socket', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a', 'b', 'c']);
    await flush(world.gateway, socket);
    expect(world.connections.of(socket)).toEqual(['a', 'b', 'c']);
    expect((await world.registry.get(socket))?.status).toBe('open');
    await deliver(world.gateway, socket, 'd');
    expect(world.connections.of(socket)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('waits for a connection that is not there yet, and keeps the order', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a', 'b']);
    world.connections.script(socket, (attempt) => ({ kind: attempt < 4 ? 'gone' : 'posted' }));
    await world.clock.until(flush(world.gateway, socket));
    expect(world.connections.of(socket)).toEqual(['a', 'b']);
  });

  test('goes on with what is sent meanwhile, before what is sent after', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a', 'b']);
    world.connections.script(socket, async (attempt) => {
      if (attempt <= 3) {
        expect(await deliver(world.gateway, socket, `meanwhile ${attempt}`)).toBe('queued');
      }
      return { kind: 'posted' };
    });
    await flush(world.gateway, socket);
    expect(world.connections.of(socket)).toEqual(['a', 'b', 'meanwhile 1', 'meanwhile 2', 'meanwhile 3']);
    expect((await world.registry.get(socket))?.status).toBe('open');
  });

  test('does nothing while another holds the lease', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a']);
    await world.registry.lease(socket, 'accepted', 60_000);
    await flush(world.gateway, socket);
    expect(world.connections.attempts(socket)).toBe(0);
    await world.clock.advance(60_001);
    await flush(world.gateway, socket);
    expect(world.connections.of(socket)).toEqual(['a']);
  });

  test('that comes before its handshake was accepted comes again a little later', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit({ status: 'opening' });
    await world.registry.append(socket, 'a');
    await flush(world.gateway, socket);
    expect(world.connections.attempts(socket)).toBe(0);
    expect(world.tasks.delayed).toEqual([{ kind: 'flush', socket }]);
  });

  test.for([
    { what: 'is at work', left: 60_000, isAgain: false },
    { what: 'comes in a while', left: 1_001, isAgain: false },
    { what: 'comes in a moment, which may be itself', left: 1_000, isAgain: true },
    { what: 'comes any time now', left: 1, isAgain: true },
  ])('that finds that another $what comes again: $isAgain', async ({ left, isAgain }) => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a']);
    await world.registry.lease(socket, 'accepted', left);
    await flush(world.gateway, socket);
    expect(world.connections.attempts(socket)).toBe(0);
    expect(world.tasks.delayed).toEqual(isAgain ? [{ kind: 'flush', socket }] : []);
  });

  test('comes again in any case where no sweep would make up for one that died', async () => {
    const world = fakeGateway({
      policy: { staleMs: Number.POSITIVE_INFINITY, sweepsFinishFlushes: false },
    });
    const { socket } = await accepted(world, ['a']);
    await world.registry.lease(socket, 'accepted', 60_000);
    await flush(world.gateway, socket);
    for (let second = 0; second < 60; second++) await work(world);
    expect(world.connections.of(socket)).toEqual(['a']);
    expect(world.tasks.delayed).toEqual([]);
  });

  test('that was overtaken by the acceptance between two looks is not lost', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit({ status: 'opening' });
    await world.registry.append(socket, 'a');
    const overtaken = new WatchedRegistry(world.gateway.registry, (call) => {
      const acceptance = { user: '', state: '', acceptedAt: 0, groups: noGroupChange };
      if (call === 'get') void world.registry.accept(socket, acceptance, 'accepted');
    });
    await flush({ ...world.gateway, registry: overtaken }, socket);
    expect(world.tasks.delayed).toEqual([{ kind: 'flush', socket }]);
  });

  test('twice at once posts each message once', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a', 'b']);
    world.connections.script(socket, async () => {
      await world.clock.sleep(10);
      return { kind: 'posted' };
    });
    await world.clock.until(Promise.all([flush(world.gateway, socket), flush(world.gateway, socket)]));
    expect(world.connections.of(socket)).toEqual(['a', 'b']);
  });

  test.for(['opening', 'open'] as const)('leaves a socket alone that is %s', async (status) => {
    const world = fakeGateway();
    const { socket } = await world.admit({ status });
    await flush(world.gateway, socket);
    expect(world.connections.attempts(socket)).toBe(0);
    expect((await world.registry.get(socket))?.status).toBe(status);
  });

  test('ends when the client goes midway: the closed hook is owed, no more is posted', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a', 'b', 'c']);
    await world.clock.advance(10_000);
    world.connections.script(socket, (attempt) => ({ kind: attempt === 1 ? 'posted' : 'gone' }));
    await flush(world.gateway, socket);
    expect(world.connections.of(socket)).toEqual(['a']);
    expect(world.connections.attempts(socket)).toBe(2);
    expect(await world.registry.get(socket)).toMatchObject({ status: 'closing', end: { code: 1006 } });
    expect(world.tasks.queued).toEqual([{ kind: 'closed', socket }]);
  });

  test('ends when the socket is closed midway by somebody else', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a', 'b']);
    world.connections.script(socket, async (attempt) => {
      if (attempt > 1) return { kind: 'gone' };
      await world.registry.markEnded(socket, { code: 3000, reason: '', time: 1 });
      return { kind: 'posted' };
    });
    await world.clock.until(flush(world.gateway, socket));
    expect((await world.registry.get(socket))?.end?.code).toBe(3000);
    expect(world.tasks.queued).toEqual([]);
  });

  test('logs a message that the client would not take, and goes on', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a', 'b']);
    world.connections.script(socket, (attempt) =>
      attempt === 1 ? { kind: 'failed', code: 'post_failed' } : { kind: 'posted' },
    );
    await flush(world.gateway, socket);
    expect(world.connections.of(socket)).toEqual(['b']);
    expect(world.log.of('flush_failed')).toMatchObject([
      { fields: { request: `handshake_${socket}`, code: 'post_failed' } },
    ]);
    expect((await world.registry.get(socket))?.status).toBe('open');
  });

  test('that meets a fault midway takes off what was posted, and comes again with the rest', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a', 'b']);
    world.connections.script(socket, (attempt) => {
      if (attempt === 2) throw new Error('the network fails');
      return { kind: 'posted' };
    });
    await flush(world.gateway, socket);
    expect(world.tasks.delayed).toEqual([{ kind: 'flush', socket }]);
    expect(world.log.of('delivery_fault')).toHaveLength(1);
    await work(world);
    expect(world.connections.of(socket)).toEqual(['a', 'b']);
    expect((await world.registry.get(socket))?.status).toBe('open');
  });
});

describe('a flush that is throttled', () => {
  test('takes off what it posted and comes again: nothing is lost, doubled or overtaken', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a', 'b', 'c']);
    const over = world.clock.now() + 12_000;
    world.connections.script(socket, (_, body) => ({
      kind: body !== 'a' && world.clock.now() < over ? 'throttled' : 'posted',
    }));
    const flushing = flush(world.gateway, socket);
    await world.clock.advance(5_000);
    expect(await deliver(world.gateway, socket, 'd')).toBe('queued');
    await world.clock.until(flushing);
    expect(world.connections.of(socket)).toEqual(['a']);
    expect(world.tasks.delayed).toEqual([{ kind: 'flush', socket }]);
    expect(await world.registry.waiting(socket)).toEqual(['b', 'c', 'd']);
    expect(await deliver(world.gateway, socket, 'e')).toBe('queued');
    await work(world);
    expect(world.connections.of(socket)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect((await world.registry.get(socket))?.status).toBe('open');
  });

  test('is put off for twice as long each time, up to a lease, and is nobody else’s in its pause', async () => {
    const world = fakeGateway();
    const { socket } = await accepted(world, ['a']);
    world.connections.script(socket, () => ({ kind: 'throttled' }));
    const pauses: number[] = [];
    for (let round = 0; round < 8; round++) {
      await world.clock.until(flush(world.gateway, socket));
      const pause = world.tasks.delayMs;
      expect((await world.registry.get(socket))?.leaseUntil).toBe(world.clock.now() + pause);
      pauses.push(pause / 1_000);
      world.tasks.ripen();
      await world.clock.advance(pause);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  test.for(['throttled', 'gone'] as const)(
    'or whose connection is not there yet (%s) when its run is over is done by another run',
    async (kind) => {
      const world = fakeGateway();
      const { socket } = await accepted(world, ['a', 'b']);
      const over = world.clock.now() + 3_000;
      world.connections.script(socket, () => ({ kind: world.clock.now() < over ? kind : 'posted' }));
      const deadline = world.clock.monotonic() + 1_000;
      await world.clock.until(flush({ ...world.gateway, deadline }, socket));
      expect(world.clock.monotonic()).toBeLessThanOrEqual(deadline + 250);
      expect((await world.registry.get(socket))?.status).toBe('accepted');
      await work(world);
      expect(world.connections.of(socket)).toEqual(['a', 'b']);
    },
  );
});

describe('a flush whose run is about to be over', () => {
  test('takes off what it posted and leaves the rest to another run, however slow the posts', async () => {
    const world = fakeGateway();
    const bodies = Array.from({ length: 10 }, (_, at) => `message ${at}`);
    const { socket } = await accepted(world, bodies);
    world.connections.script(socket, async () => {
      await world.clock.sleep(1_000);
      return { kind: 'posted' };
    });
    const deadline = world.clock.monotonic() + 3_000;
    await world.clock.until(flush({ ...world.gateway, deadline }, socket));
    expect(world.clock.monotonic()).toBeLessThanOrEqual(deadline + 1_000);
    await work(world);
    expect(world.connections.of(socket)).toEqual(bodies);
  });
});
