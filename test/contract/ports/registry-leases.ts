import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../fakes/manual-clock.ts';
import type { MakeRegistry } from './registry.ts';
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
      await registry.close(socket, end);
      expect(await registry.lease(socket, 'closing', hour)).toMatchObject({ socket, end });
    });

    test('a flusher keeps its lease while more waits, and gives it back with the last message', async () => {
      const registry = await make(new ManualClock());
      const socket = await bring(registry, 'accepted');
      await registry.lease(socket, 'accepted', hour);
      expect(await registry.flushed(socket, 1)).toBe('more');
      expect(await registry.lease(socket, 'accepted', hour)).toBeUndefined();
      expect(await registry.flushed(socket, 1)).toBe('open');
      await registry.close(socket, end);
      expect(await registry.lease(socket, 'closing', hour)).toBeDefined();
    });

    test('a lease stays while a message is added and a state kept', async () => {
      const registry = await make(new ManualClock());
      const socket = await bring(registry, 'accepted');
      await registry.lease(socket, 'accepted', hour);
      await registry.append(socket, 'third');
      await registry.keep(socket, 'changed');
      expect(await registry.lease(socket, 'accepted', hour)).toBeUndefined();
    });

    test('a lease of one socket is none of another', async () => {
      const registry = await make(new ManualClock());
      const [one, other] = [await bring(registry, 'closing'), await bring(registry, 'closing')];
      await registry.lease(one, 'closing', hour);
      expect(await registry.lease(other, 'closing', hour)).toMatchObject({ socket: other });
    });

    test('a lease tells the state that was kept last', async () => {
      const registry = await make(new ManualClock());
      const socket = await bring(registry, 'open');
      await registry.keep(socket, 'last');
      await registry.close(socket, end);
      expect(await registry.lease(socket, 'closing', hour)).toMatchObject({
        state: 'last',
        user: acceptance.user,
        end,
      });
    });
  });
}
