import { describe, expect, test } from 'vitest';
import type { Registry } from '../../../functions/gateway/ports.ts';
import type { GroupName } from '../../../functions/wire/group.ts';
import { limits } from '../../../functions/wire/limits.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { aGroup, aPath, newSocket } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import {
  expectMembers,
  groupsOf,
  hall,
  join,
  leave,
  living,
  numbered,
  room,
} from './registry-group-world.ts';
import type { MakeRegistry } from './registry-world.ts';
import { bring, end, twentyTimes } from './registry-world.ts';

/** Joining and leaving groups. */
export function groupsContract(name: string, make: MakeRegistry): void {
  const fresh = () => make(new ManualClock());
  changesContract(name, fresh);
  limitsContract(name, fresh);
}

function changesContract(name: string, fresh: () => Promise<Registry>): void {
  describe(`${name}: joining and leaving groups`, () => {
    test.for(living)('a socket that is %s joins and leaves, as often as it is asked', async (standing) => {
      const registry = await fresh();
      const socket = await bring(registry, standing);
      expect(await groupsOf(registry, socket), 'at first').toEqual([]);
      expect(await join(registry, socket, room, hall)).toBe('done');
      expect(await join(registry, socket, hall, room, hall)).toBe('done');
      expect(await groupsOf(registry, socket), 'in the order of joining').toEqual([room, hall]);
      await expectMembers(registry, room, [socket]);
      expect(await leave(registry, socket, room)).toBe('done');
      expect(await leave(registry, socket, room)).toBe('done');
      expect(await groupsOf(registry, socket), 'after it has left').toEqual([hall]);
      await expectMembers(registry, room, []);
      await expectMembers(registry, hall, [socket]);
      expect(await leave(registry, socket, hall)).toBe('done');
      expect(await groupsOf(registry, socket), 'at last').toEqual([]);
      expect(await join(registry, socket, room)).toBe('done');
      await expectMembers(registry, room, [socket]);
    });

    test('a change joins and leaves in one step, and a group in both lists is left', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open');
      await join(registry, socket, room);
      const change = { join: [hall, aGroup('both')], leave: [room, aGroup('both')] };
      expect(await registry.changeGroups(socket, change)).toBe('done');
      expect(await groupsOf(registry, socket)).toEqual([hall]);
      await expectMembers(registry, room, []);
      await expectMembers(registry, hall, [socket]);
      await expectMembers(registry, aGroup('both'), []);
    });

    test('a socket that is closing or unknown is gone, and keeps the groups it was in', async () => {
      const registry = await fresh();
      const closing = await bring(registry, 'open');
      await join(registry, closing, room);
      const ended = await registry.markEnded(closing, end);
      expect(ended?.groups, 'for the closed hook').toEqual([room]);
      expect(await join(registry, closing, hall)).toBe('gone');
      expect(await leave(registry, closing, room)).toBe('gone');
      expect(await groupsOf(registry, closing), 'afterwards').toEqual([room]);
      await expectMembers(registry, room, []);
      await expectMembers(registry, hall, []);
      const unknown = newSocket();
      expect(await join(registry, unknown, room)).toBe('gone');
      expect(await registry.get(unknown)).toBeUndefined();
      await registry.remove(closing);
      await expectMembers(registry, room, []);
    });

    test('a change of a record that is out of date counts from the record as it is now', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open');
      const known = await registry.get(socket);
      await join(registry, socket, room);
      expect(await registry.changeGroups(socket, { join: [], leave: [room] }, known)).toBe('done');
      await expectMembers(registry, room, []);
      expect(await registry.changeGroups(socket, { join: [hall], leave: [] }, known)).toBe('done');
      expect(await registry.changeGroups(socket, { join: [room], leave: [] }, known)).toBe('done');
      expect(await groupsOf(registry, socket)).toEqual([hall, room]);
      const inBoth = await registry.get(socket);
      await leave(registry, socket, room);
      expect(await registry.changeGroups(socket, { join: [room], leave: [] }, inBoth)).toBe('done');
      await expectMembers(registry, room, [socket]);
      await registry.markEnded(socket, end);
      expect(await registry.changeGroups(socket, { join: [aGroup('late')], leave: [] }, inBoth)).toBe('gone');
      await expectMembers(registry, aGroup('late'), []);
    });

    test('of 20 changes at once, none is lost', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open');
      await join(registry, socket, ...numbered(10, 100));
      const change = (at: number) =>
        at % 2 === 0
          ? join(registry, socket, ...numbered(1, at))
          : leave(registry, socket, ...numbered(1, 100 + (at - 1) / 2));
      expect(new Set(await twentyTimes(change))).toEqual(new Set(['done']));
      const even = numbered(20).filter((_, at) => at % 2 === 0);
      expect([...((await groupsOf(registry, socket)) ?? [])].sort()).toEqual(even.sort());
      for (const group of even) await expectMembers(registry, group, [socket]);
    });

    test('groups change nothing else of a record, and a state changes no groups', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open', { path: aPath('/room'), user: 'alice' });
      const before = await registry.get(socket);
      await join(registry, socket, room);
      const after = await registry.get(socket);
      expect(after).toEqual({ ...before, groups: [room], groupsVersion: after?.groupsVersion });
      await registry.setState(socket, 'state');
      expect(await registry.get(socket)).toEqual({ ...after, state: 'state' });
    });
  });
}

function limitsContract(name: string, fresh: () => Promise<Registry>): void {
  describe(`${name}: the limits of groups`, () => {
    test('a socket is in 50 groups, and a change that would make it 51 changes nothing', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open');
      expect(await join(registry, socket, ...numbered(49))).toBe('done');
      expect(await join(registry, socket, room, hall), 'two more').toBe('too_many_groups');
      expect(await groupsOf(registry, socket)).toEqual(numbered(49));
      await expectMembers(registry, room, []);
      expect(await join(registry, socket, room), 'the 50th').toBe('done');
      expect(await join(registry, socket, hall), 'the 51st').toBe('too_many_groups');
      await expectMembers(registry, hall, []);
      const change = { join: [hall], leave: [room] };
      expect(await registry.changeGroups(socket, change), 'one for another').toBe('done');
      await expectMembers(registry, hall, [socket]);
      const known = await registry.get(socket);
      await leave(registry, socket, hall);
      const again = await registry.changeGroups(socket, { join: [room], leave: [] }, known);
      expect(again, 'with a record in which there was no room').toBe('done');
    });

    test('the names of a socket’s groups have 1,024 bytes together', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'open');
      const names = Array.from({ length: 4 }, (_, at) => aGroup(`${at}${'x'.repeat(limits.groupBytes - 1)}`));
      expect(await join(registry, socket, ...names), '1,024 bytes').toBe('done');
      expect(await join(registry, socket, aGroup('y')), '1,025 bytes').toBe('too_many_groups');
      expect(await groupsOf(registry, socket)).toEqual(names);
      for (const group of names) await expectMembers(registry, group, [socket]);
      await expectMembers(registry, aGroup('y'), []);
    });

    test('a name may hold everything that is printable, and names are told apart byte by byte', async () => {
      const registry = await fresh();
      const names = ['a/b', 'a?b#c', '.', '..', '-', ' ', 'é', 'e\u0301', '😀'.repeat(64), 'A', 'a', '%2F'];
      const members = new Map<GroupName, SocketId>();
      for (const group of names.map(aGroup)) {
        const socket = await bring(registry, 'open');
        expect(await join(registry, socket, group)).toBe('done');
        members.set(group, socket);
      }
      for (const [group, socket] of members) await expectMembers(registry, group, [socket]);
    });
  });
}
