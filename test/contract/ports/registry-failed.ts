import { describe, expect, test } from 'vitest';
import { limits } from '../../../functions/wire/limits.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { living } from './registry-group-world.ts';
import type { MakeRegistry } from './registry-world.ts';
import { bring, twentyTimes } from './registry-world.ts';

/** How the messages of a socket are counted whose first attempts failed. */
export function failedContract(name: string, make: MakeRegistry): void {
  describe(`${name}: messages that failed`, () => {
    const fresh = () => make(new ManualClock());

    test.for(living)(
      'of a socket that is %s are counted up to 16 MiB, and change nothing else',
      async (standing) => {
        const registry = await fresh();
        const socket = await bring(registry, standing);
        const before = await registry.get(socket);
        expect(await registry.countFailed(socket, 300)).toBe('counted');
        expect(await registry.countFailed(socket, limits.failedBytes - 299), 'a byte too many').toBe('full');
        expect(await registry.countFailed(socket, limits.failedBytes - 300), 'the last byte').toBe('counted');
        expect(await registry.countFailed(socket, 1)).toBe('full');
        expect(await registry.get(socket)).toEqual(before);
        const other = await bring(registry, standing);
        expect(await registry.countFailed(other, limits.failedBytes), 'of another socket').toBe('counted');
      },
    );

    test('of a socket that is closing or unknown are not counted', async () => {
      const registry = await fresh();
      const closing = await bring(registry, 'closing');
      const before = await registry.get(closing);
      expect(await registry.countFailed(closing, 300)).toBe('gone');
      expect(await registry.get(closing)).toEqual(before);
      const unknown = newSocket();
      expect(await registry.countFailed(unknown, 300)).toBe('gone');
      expect(await registry.get(unknown)).toBeUndefined();
    });

    test('of which 20 come at once are all counted', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open');
      const counted = await twentyTimes(() => registry.countFailed(socket, limits.failedBytes / 16));
      expect(counted.filter((outcome) => outcome === 'counted')).toHaveLength(16);
      expect(counted.filter((outcome) => outcome === 'full')).toHaveLength(4);
    });
  });
}
