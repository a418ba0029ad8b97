import { describe, expect, test } from 'vitest';
import { noGroupChange } from '../../../functions/gateway/group-change.ts';
import type { SocketRecord } from '../../../functions/gateway/record.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import type { Task } from '../../../functions/gateway/tasks.ts';
import { aRecord } from '../../fakes/a-record.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { sweepMinutes, work } from '../../fakes/sweep-minutes.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

/** One record of each kind that a sweep has something to do about, named by what is to be done. */
async function ailing({ admit, registry, clock }: FakeWorld) {
  const now = clock.now();
  const opening = await admit({ status: 'opening', openedAt: now - 60_000, acceptedAt: 0 });
  const waiting = await admit({ status: 'accepted', acceptedAt: now - 60_000 });
  const ended = await admit({ openedAt: now - 90_000, acceptedAt: now - 90_000 });
  await registry.markEnded(ended.socket, { code: 1001, reason: '', time: now - 60_000 });
  const old = await admit({ openedAt: now - 7_500_000, acceptedAt: now - 7_500_000 });
  return { opening, waiting, ended, old };
}

const statusOf = async ({ registry }: FakeWorld, { socket }: SocketRecord) => registry.get(socket);

describe('a sweep', () => {
  test('queues what was left undone, ends who is older than any connection, and waits for no hook', async () => {
    const world = fakeGateway();
    const { opening, waiting, ended, old } = await ailing(world);
    await sweep(world.gateway, 0);
    expect(world.app.requests).toEqual([]);
    const expected: Task[] = [
      { kind: 'closed', socket: opening.socket },
      { kind: 'flush', socket: waiting.socket },
      { kind: 'closed', socket: ended.socket },
      { kind: 'closed', socket: old.socket },
    ];
    expect(new Set(world.tasks.queued)).toEqual(new Set(expected));
    expect(world.tasks.queued).toHaveLength(4);
    expect(await statusOf(world, opening)).toMatchObject({ status: 'closing', end: { code: 1006 } });
    expect(await statusOf(world, old)).toMatchObject({ status: 'closing', end: { code: 1006 } });
    expect(await statusOf(world, waiting)).toMatchObject({ status: 'accepted' });
    expect(world.log.of('swept')).toHaveLength(4);
  });

  test('whose work is done leaves nothing to the next', async () => {
    const world = fakeGateway();
    const { opening, waiting, ended, old } = await ailing(world);
    await sweepMinutes(world, 3);
    const codes = new Map(world.app.told.map(({ from, code }) => [from, code]));
    expect(codes).toEqual(
      new Map([
        [opening.socket, '1006'],
        [ended.socket, '1001'],
        [old.socket, '1006'],
      ]),
    );
    expect(world.app.told).toHaveLength(3);
    expect(await statusOf(world, waiting)).toMatchObject({ status: 'open' });
    expect(world.log.of('swept')).toHaveLength(4);
  });

  test('leaves alone what somebody may still be at', async () => {
    const world = fakeGateway();
    const { admit, registry, clock } = world;
    await admit({ status: 'opening', openedAt: clock.now() - 59_999, acceptedAt: 0 });
    const flushed = await admit({ status: 'accepted', acceptedAt: clock.now() - 600_000 });
    await registry.lease(flushed.socket, 'accepted', 60_000);
    const told = await admit({ acceptedAt: clock.now() - 600_000 });
    await registry.markEnded(told.socket, { code: 1001, reason: '', time: 1 }, 60_000);
    await admit({ openedAt: clock.now() - 7_499_999, acceptedAt: clock.now() });
    await sweep(world.gateway, 0);
    expect(world.tasks.queued).toEqual([]);
    expect(world.log.lines).toEqual([]);
  });

  test('ends the connection of a socket that it ended, if there is one after all', async () => {
    const world = fakeGateway();
    const { old } = await ailing(world);
    await sweep(world.gateway, 0);
    await work(world);
    expect(world.connections.ended).toContain(old.socket);
  });

  test('is not stopped by one record’s fault, which is logged', async () => {
    const broken = aRecord({ status: 'open', openedAt: 1, acceptedAt: 1 });
    const world = fakeGateway({
      registry: (memory) =>
        new WatchedRegistry(memory, (call, socket) => {
          if (call === 'markEnded' && socket === broken.socket) throw new Error('the table is away');
        }),
    });
    await world.admit(broken);
    await ailing(world);
    await sweep(world.gateway, 0);
    expect(world.tasks.queued).toHaveLength(4);
    const fields = { request: `sweep_${broken.socket}`, why: 'Error: the table is away' };
    expect(world.log.of('fault')).toMatchObject([{ level: 'error', fields }]);
  });

  test('whose queue fails for one record queues the others, and the next sweep makes up for it', async () => {
    const world = fakeGateway();
    const { ended } = await ailing(world);
    world.tasks.onQueue = (task) => {
      if ('socket' in task && task.socket === ended.socket) throw new Error('the queue is away');
    };
    await sweep(world.gateway, 0);
    expect(world.tasks.queued).toHaveLength(3);
    world.tasks.onQueue = () => {};
    await sweepMinutes(world, 2);
    expect(world.app.told.map(({ from }) => from)).toContain(ended.socket);
  });

  test('whose queue fails when a socket was ended has not lost its closed hook', async () => {
    const world = fakeGateway();
    const { old, opening } = await ailing(world);
    world.tasks.onQueue = () => {
      throw new Error('the queue is away');
    };
    await sweep(world.gateway, 0);
    world.tasks.onQueue = () => {};
    await sweepMinutes(world, 3);
    const told = world.app.told.map(({ from }) => from);
    expect(told).toEqual(expect.arrayContaining([old.socket, opening.socket]));
    expect(new Set(told).size).toBe(told.length);
  });

  test('that has no time left says so, and what it did not reach is the next one’s', async () => {
    const world = fakeGateway({ settings: { probeMinutes: 1 } });
    const { opening } = await ailing(world);
    const registry = new PagedRegistry(world.registry, () => {});
    const late = { ...world.gateway, registry, deadline: world.clock.monotonic() };
    await sweep(late, 0);
    expect(world.tasks.queued).toEqual([{ kind: 'closed', socket: opening.socket }]);
    expect(world.log.of('sweep_unfinished')).toMatchObject([{ level: 'warn' }]);
    expect(world.connections.probed).toEqual([]);
    await sweep(world.gateway, 1);
    expect(world.tasks.queued).toHaveLength(4);
  });

  test.for([
    { left: 15_000, probed: 1 },
    { left: 15_001, probed: 3 },
  ])('that has $left ms left keeps them for probing what it has found', async ({ left, probed }) => {
    const world = fakeGateway({ settings: { probeMinutes: 1 } });
    for (let at = 0; at < 3; at++) await world.admit({ acceptedAt: world.clock.now() - 60_000 });
    const registry = new PagedRegistry(world.registry, () => {});
    await sweep({ ...world.gateway, registry, deadline: world.clock.monotonic() + left }, 0);
    expect(world.connections.probed).toHaveLength(probed);
    expect(world.log.of('sweep_unfinished')).toHaveLength(probed === 1 ? 1 : 0);
  });
});

describe('a sweep whose survey lags behind', () => {
  test.for(['open', 'accepted', 'closing', 'gone'] as const)(
    'gives up no handshake that it sees as opening and that is %s by now',
    async (now) => {
      const world = fakeGateway();
      const opening = await world.admit({
        ...{ status: 'opening', openedAt: world.clock.now() - 60_000, acceptedAt: 0 },
      });
      const registry = new LaggingRegistry(world.registry, () => {});
      await registry.look();
      await decide(world, opening, now);
      const record = await statusOf(world, opening);
      await sweep({ ...world.gateway, registry }, 0);
      expect(await statusOf(world, opening)).toEqual(record);
      expect(world.tasks.queued).toEqual([]);
    },
  );

  async function decide({ registry }: FakeWorld, { socket }: SocketRecord, to: string) {
    const acceptance = { user: '', state: '', acceptedAt: 1, groups: noGroupChange };
    if (to === 'open' || to === 'accepted') await registry.accept(socket, acceptance, to);
    if (to === 'closing') await registry.markEnded(socket, { code: 1001, reason: '', time: 1 });
    if (to === 'gone') await registry.remove(socket);
  }
});

/** A registry whose survey shows what it saw at an earlier look. */
class LaggingRegistry extends WatchedRegistry {
  #seen: (readonly SocketRecord[])[] = [];

  async look() {
    for await (const page of super.survey()) this.#seen.push(page);
  }

  override async *survey() {
    yield* this.#seen;
  }
}

/** A registry whose every page has one record. */
class PagedRegistry extends WatchedRegistry {
  override async *survey() {
    for await (const page of super.survey()) for (const record of page) yield [record];
  }
}
