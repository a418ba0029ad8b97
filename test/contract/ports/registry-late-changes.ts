import { describe, expect, test } from 'vitest';
import { newSocket } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { expectMembers, hall, join, leave, living, room } from './registry-group-world.ts';
import type { MakeRegistry } from './registry-world.ts';
import { bring, end, twentyTimes } from './registry-world.ts';

/** Changes that are made only if nothing has changed since the caller looked. */
export function lateChangesContract(name: string, make: MakeRegistry): void {
  const fresh = () => make(new ManualClock());
  describe(`${name}: a state that is set only if it is still the expected one`, () => {
    test.for(living)('is set for a socket that is %s, and not once it is another', async (standing) => {
      const registry = await fresh();
      const socket = await bring(registry, standing);
      const before = await registry.get(socket);
      const first = before?.state ?? '';
      expect(await registry.setState(socket, 'second', first)).toBe('done');
      expect(await registry.setState(socket, 'late', first)).toBe('outdated');
      expect(await registry.get(socket)).toEqual({ ...before, state: 'second' });
      expect(await registry.setState(socket, '', 'second'), 'to nothing').toBe('done');
      expect(await registry.setState(socket, 'late', 'second')).toBe('outdated');
      expect(await registry.setState(socket, 'fourth', ''), 'from nothing').toBe('done');
      expect(await registry.setState(socket, 'late', '')).toBe('outdated');
      expect((await registry.get(socket))?.state).toBe('fourth');
    });

    test('is not set for a socket that is closing or unknown', async () => {
      const registry = await fresh();
      const closing = await bring(registry, 'closing');
      const state = (await registry.get(closing))?.state ?? '';
      expect(await registry.setState(closing, 'late', state)).toBe('gone');
      expect((await registry.get(closing))?.state).toBe(state);
      expect(await registry.setState(newSocket(), 'late', '')).toBe('gone');
    });

    test('is set by one of 20 callers that expect the same', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open');
      const expected = (await registry.get(socket))?.state ?? '';
      const set = await twentyTimes((at) => registry.setState(socket, `by ${at}`, expected));
      expect(set.filter((outcome) => outcome === 'done')).toHaveLength(1);
      expect(set.filter((outcome) => outcome === 'outdated')).toHaveLength(19);
      expect((await registry.get(socket))?.state).toBe(`by ${set.indexOf('done')}`);
    });
  });

  describe(`${name}: groups that change only if they have not changed since a version`, () => {
    test.for(living)('change for a socket that is %s, and not at an older version', async (standing) => {
      const registry = await fresh();
      const socket = await bring(registry, standing);
      const known = await registry.get(socket);
      const at = known?.groupsVersion;
      const change = (joined: typeof room) =>
        registry.changeGroups(socket, { join: [joined], leave: [] }, known, at);
      expect(await change(room)).toBe('done');
      expect(await change(hall), 'what is out of date').toBe('outdated');
      expect(await change(room), 'what would change nothing').toBe('outdated');
      await leave(registry, socket, room);
      expect(await change(hall), 'groups that are as they were').toBe('outdated');
      await expectMembers(registry, room, []);
      await expectMembers(registry, hall, []);
      const now = await registry.get(socket);
      const nothing = { join: [], leave: [room] };
      expect(await registry.changeGroups(socket, nothing, now, now?.groupsVersion)).toBe('done');
      expect(await registry.get(socket)).toEqual(now);
    });

    test('do not change for a socket that has ended since', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open');
      await join(registry, socket, room);
      const known = await registry.get(socket);
      const change = { join: [hall], leave: [room] };
      await registry.markEnded(socket, end);
      expect(await registry.changeGroups(socket, change, known, known?.groupsVersion)).toBe('gone');
      await registry.remove(socket);
      expect(await registry.changeGroups(socket, change, known, known?.groupsVersion)).toBe('gone');
      await expectMembers(registry, hall, []);
      await expectMembers(registry, room, []);
    });

    test('are changed by one of 20 callers that saw the same version', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open');
      const known = await registry.get(socket);
      const change = (at: number) => ({ join: [at % 2 === 0 ? room : hall], leave: [] });
      const changed = await twentyTimes(async (at) =>
        registry.changeGroups(socket, change(at), known, known?.groupsVersion),
      );
      expect(changed.filter((outcome) => outcome === 'done')).toHaveLength(1);
      expect(changed.filter((outcome) => outcome === 'outdated')).toHaveLength(19);
      const isRoom = changed.indexOf('done') % 2 === 0;
      await expectMembers(registry, room, isRoom ? [socket] : []);
      await expectMembers(registry, hall, isRoom ? [] : [socket]);
    });
  });
}
