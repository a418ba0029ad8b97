import { describe, expect, test } from 'vitest';
import { newSocket } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import type { MakeRegistry } from './registry-world.ts';
import { acceptance, bring, end, twentyTimes } from './registry-world.ts';

const hour = 3_600_000;

/** Leases: one worker at a time, and another when it never comes back. */
export function leasesContract(name: string, make: MakeRegistry): void {
  describe(`${name}: leases`, () => {
    test.for(['accepted', 'closing'] as const)(
      'one of 20 workers at once gets a socket that is %s',
      async (status) => {
        const registry = await make(new ManualClock());
        const socket = await bring(registry, status);
        const leased = await twentyTimes(() => registry.lease(socket, status, hour));
        expect(leased.filter((record) => record !== undefined)).toEqual([await registry.get(socket)]);
      },
    );

    test.for(['accepted', 'closing'] as const)(
      'a lease of a socket that is %s ends by the clock',
      async (status) => {
        const clock = new ManualClock();
        const registry = await make(clock);
        const socket = await bring(registry, status);
        expect(await registry.lease(socket, status, 1_000)).toMatchObject({ socket, status });
        await clock.advance(999);
        expect(await registry.lease(socket, status, 1_000)).toBeUndefined();
        await clock.advance(2);
        expect(await registry.lease(socket, status, 1_000)).toMatchObject({ socket, status });
        await clock.advance(999);
        expect(await registry.lease(socket, status, 1_000)).toBeUndefined();
      },
    );

    test('the closed hook can be posted though a flusher holds the socket', async () => {
      const registry = await make(new ManualClock());
      const socket = await bring(registry, 'accepted');
      await registry.lease(socket, 'accepted', hour);
      await registry.markEnded(socket, end);
      expect(await registry.lease(socket, 'closing', hour)).toMatchObject({ socket, end });
    });

    test('a flusher keeps its lease while more waits, and gives it back with the last message', async () => {
      const registry = await make(new ManualClock());
      const socket = await bring(registry, 'accepted');
      await registry.lease(socket, 'accepted', hour);
      expect(await registry.flushed(socket, 1)).toBe('more');
      expect(await registry.lease(socket, 'accepted', hour)).toBeUndefined();
      expect(await registry.flushed(socket, 1)).toBe('open');
      await registry.markEnded(socket, end);
      expect(await registry.lease(socket, 'closing', hour)).toBeDefined();
    });

    test('a lease stays while a message is added and a state kept', async () => {
      const registry = await make(new ManualClock());
      const socket = await bring(registry, 'accepted');
      await registry.lease(socket, 'accepted', hour);
      await registry.append(socket, 'third');
      await registry.setState(socket, 'changed');
      expect(await registry.lease(socket, 'accepted', hour)).toBeUndefined();
    });

    test('a lease of one socket is none of another', async () => {
      const registry = await make(new ManualClock());
      const [one, other] = [await bring(registry, 'closing'), await bring(registry, 'closing')];
      await registry.lease(one, 'closing', hour);
      expect(await registry.lease(other, 'closing', hour)).toMatchObject({ socket: other });
    });

    test.for(['accepted', 'open'] as const)(
      'whoever closes a socket that is %s may lease it in the same breath',
      async (standing) => {
        const clock = new ManualClock();
        const registry = await make(clock);
        const socket = await bring(registry, standing);
        const closed = await twentyTimes((at) =>
          registry.markEnded(socket, { ...end, code: 3000 + at }, 1_000),
        );
        const mine = closed.filter((record) => record !== undefined);
        expect(mine).toMatchObject([{ status: 'closing', leaseUntil: clock.now() + 1_000, attempts: 1 }]);
        expect(mine).toEqual([await registry.get(socket)]);
        expect(await registry.lease(socket, 'closing', 1_000)).toBeUndefined();
        await clock.advance(1_001);
        expect(await registry.lease(socket, 'closing', 1_000)).toMatchObject({ attempts: 2 });
      },
    );

    test('whoever closes a socket that is still opening holds no lease, and one of 20 it is', async () => {
      const registry = await make(new ManualClock());
      for (const standing of ['opening', 'opening, messages wait'] as const) {
        const socket = await bring(registry, standing);
        const closed = await twentyTimes(() => registry.markEnded(socket, end, hour));
        const mine = closed.filter((record) => record !== undefined);
        expect(mine).toMatchObject([{ status: 'closing', leaseUntil: 0, attempts: 0, acceptedAt: 0 }]);
        expect(await registry.lease(socket, 'closing', hour)).toBeDefined();
      }
    });

    test('a close without a lease leaves the socket to anybody', async () => {
      const registry = await make(new ManualClock());
      const socket = await bring(registry, 'accepted');
      await registry.lease(socket, 'accepted', hour);
      expect(await registry.markEnded(socket, end)).toMatchObject({ leaseUntil: 0, attempts: 0 });
    });

    test('a lease says until when it holds, and the how manieth it is', async () => {
      const clock = new ManualClock();
      const registry = await make(clock);
      const socket = await bring(registry, 'closing');
      expect(await registry.get(socket)).toMatchObject({ leaseUntil: 0, attempts: 0 });
      expect(await registry.lease(socket, 'closing', 5)).toMatchObject({
        ...{ leaseUntil: clock.now() + 5, attempts: 1 },
      });
      await clock.advance(6);
      expect(await registry.lease(socket, 'closing', 7)).toMatchObject({
        ...{ leaseUntil: clock.now() + 7, attempts: 2 },
      });
    });

    test('a socket that was opened after its flush carries no lease', async () => {
      const registry = await make(new ManualClock());
      const socket = await bring(registry, 'accepted');
      await registry.lease(socket, 'accepted', hour);
      await registry.flushed(socket, 2);
      expect(await registry.get(socket)).toMatchObject({ status: 'open', leaseUntil: 0, attempts: 0 });
    });

    test.for(['accepted', 'closing'] as const)(
      'a socket that is %s is left alone for as long as it is postponed',
      async (status) => {
        const clock = new ManualClock();
        const registry = await make(clock);
        const socket = await bring(registry, status);
        await registry.lease(socket, status, hour);
        await registry.postpone(socket, status, 1_000);
        await clock.advance(999);
        expect(await registry.lease(socket, status, hour)).toBeUndefined();
        await clock.advance(2);
        expect(await registry.lease(socket, status, hour)).toMatchObject({ attempts: 2 });
        await registry.postpone(socket, status, 0);
        expect(await registry.lease(socket, status, hour)).toMatchObject({ attempts: 3 });
      },
    );

    test('a lease that was no attempt is taken back when its socket is postponed', async () => {
      const clock = new ManualClock();
      const registry = await make(clock);
      const socket = await bring(registry, 'closing');
      for (const attempts of [0, 0, 5]) {
        await registry.lease(socket, 'closing', hour);
        await registry.postpone(socket, 'closing', 1_000, attempts);
        expect(await registry.get(socket)).toMatchObject({ attempts, leaseUntil: clock.now() + 1_000 });
        await clock.advance(1_001);
      }
      expect(await registry.lease(socket, 'closing', hour)).toMatchObject({ attempts: 6 });
    });

    test('a socket of another status, or none, is not postponed', async () => {
      const registry = await make(new ManualClock());
      const [open, closing] = [await bring(registry, 'open'), await bring(registry, 'closing')];
      await registry.postpone(open, 'closing', hour);
      await registry.postpone(closing, 'accepted', hour);
      const unknown = newSocket();
      await registry.postpone(unknown, 'closing', hour);
      expect(await registry.get(open)).toMatchObject({ leaseUntil: 0 });
      expect(await registry.lease(closing, 'closing', hour)).toBeDefined();
      expect(await registry.get(unknown)).toBeUndefined();
    });

    test('a lease tells the state that was kept last', async () => {
      const registry = await make(new ManualClock());
      const socket = await bring(registry, 'open');
      await registry.setState(socket, 'last');
      await registry.markEnded(socket, end);
      expect(await registry.lease(socket, 'closing', hour)).toMatchObject({
        state: 'last',
        user: acceptance.user,
        end,
      });
    });
  });
}
