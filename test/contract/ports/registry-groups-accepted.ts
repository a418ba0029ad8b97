import { describe, expect, test } from 'vitest';
import type { GroupName } from '../../../functions/wire/group.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { aGroup, newSocket } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import {
  expectMembers,
  groupsOf,
  hall,
  join,
  leave,
  numbered,
  reached,
  room,
  users,
} from './registry-group-world.ts';
import type { MakeRegistry } from './registry-world.ts';
import { acceptance, bring, end, twentyTimes } from './registry-world.ts';

/** The groups that a handshake joins. */
export function acceptedGroupsContract(name: string, make: MakeRegistry): void {
  const fresh = () => make(new ManualClock());
  const joining = (...groups: GroupName[]) => ({ ...acceptance, groups: { join: groups, leave: [] } });

  describe(`${name}: groups of a handshake`, () => {
    test.for(['open', 'accepted'] as const)('are joined when it is accepted as %s', async (to) => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening', { user: 'ticket' });
      expect(await registry.accept(socket, joining(room, hall), to)).toBe('done');
      expect(await registry.get(socket)).toMatchObject({ status: to, user: 'alice', groups: [room, hall] });
      await expectMembers(registry, room, [socket]);
      await expectMembers(registry, hall, [socket]);
    });

    test('are added to those that it joined meanwhile, which follow it to its new user', async () => {
      const registry = await fresh();
      for (const user of ['alice', 'ticket', '']) {
        const group = aGroup(`of ${user}`);
        const socket = await bring(registry, 'opening', { user: 'ticket' });
        await join(registry, socket, group, aGroup('left'));
        const groups = { join: [room], leave: [aGroup('left')] };
        expect(await registry.accept(socket, { ...acceptance, user, groups }, 'open')).toBe('done');
        expect(await groupsOf(registry, socket)).toEqual([group, room]);
        await expectMembers(registry, group, [socket]);
        await expectMembers(registry, aGroup('left'), []);
        expect(await reached(registry, { group, user })).toEqual([socket]);
        expect(await users(registry, group, 5)).toEqual(user === '' ? {} : { [user]: 1 });
        await leave(registry, socket, group);
        await expectMembers(registry, group, []);
      }
    });

    test('stay as they are if it joins none', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening', { user: 'ticket' });
      await join(registry, socket, room);
      expect(await registry.accept(socket, acceptance, 'open')).toBe('done');
      expect(await groupsOf(registry, socket)).toEqual([room]);
      await expectMembers(registry, room, [socket]);
      expect(await reached(registry, { group: room, user: 'alice' })).toEqual([socket]);
      expect(await reached(registry, { group: room, user: 'ticket' })).toEqual([]);
    });

    test('and a broadcast that stops after each socket and goes on reaches all once whom it renames', async () => {
      const registry = await fresh();
      const members: SocketId[] = [];
      for (let at = 0; at < 40; at++) {
        const socket = await bring(registry, 'opening', { user: at % 3 === 0 ? '' : `ticket ${at}` });
        await join(registry, socket, room);
        members.push(socket);
      }
      const found: SocketId[] = [];
      let from: string | undefined;
      for (let at = 0; ; at++) {
        const run = registry.segment({ group: room }, 0, { from, limit: 1 })[Symbol.asyncIterator]();
        const { done, value } = await run.next();
        if (done === true) break;
        found.push(...value.recipients.map(({ socket }) => socket));
        from = value.end;
        const renamed = members[(at * 7) % members.length];
        const user = at % 2 === 0 ? '' : `named ${at}`;
        if (renamed !== undefined) await registry.accept(renamed, { ...acceptance, user }, 'open');
      }
      expect(found.sort()).toEqual(members.sort());
    });

    test('change nothing while messages wait', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening, messages wait');
      await join(registry, socket, hall);
      const before = await registry.get(socket);
      expect(await registry.accept(socket, joining(room), 'open')).toBe('waiting');
      expect(await registry.get(socket)).toEqual(before);
      await expectMembers(registry, room, []);
      expect(await registry.accept(socket, joining(room), 'accepted')).toBe('done');
      await expectMembers(registry, room, [socket]);
      await expectMembers(registry, hall, [socket]);
    });

    test('change nothing if they are too many, alone or with those that it joined meanwhile', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening');
      expect(await registry.accept(socket, joining(...numbered(51)), 'open')).toBe('too_many_groups');
      await join(registry, socket, ...numbered(49));
      const before = await registry.get(socket);
      expect(await registry.accept(socket, joining(room, hall), 'open')).toBe('too_many_groups');
      expect(await registry.get(socket)).toEqual(before);
      await expectMembers(registry, room, []);
      expect(await registry.accept(socket, joining(room), 'open')).toBe('done');
      expect(await groupsOf(registry, socket)).toEqual([...numbered(49), room]);
    });

    test('are not joined by a socket that closed meanwhile, or that was accepted before', async () => {
      const registry = await fresh();
      const closed = await bring(registry, 'opening', { user: 'ticket' });
      await join(registry, closed, hall);
      await registry.markEnded(closed, end);
      expect(await registry.accept(closed, joining(room), 'open')).toBe('gone');
      expect(await registry.get(closed)).toMatchObject({ status: 'closing', user: 'alice', groups: [hall] });
      const open = await bring(registry, 'open', { user: 'bob' });
      await join(registry, open, hall);
      expect(await registry.accept(open, joining(room, hall), 'open')).toBe('gone');
      expect(await registry.accept(newSocket(), joining(room), 'open')).toBe('gone');
      await expectMembers(registry, room, []);
      await expectMembers(registry, hall, [open]);
      await registry.remove(closed);
      await expectMembers(registry, hall, [open]);
    });

    test('and those joined by 20 calls meanwhile are all kept', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening', { user: 'ticket' });
      const calls = await twentyTimes((at) =>
        at === 7
          ? registry.accept(socket, joining(room), 'open')
          : join(registry, socket, ...numbered(1, at)),
      );
      expect(new Set(calls)).toEqual(new Set(['done']));
      const all = [...numbered(20).filter((_, at) => at !== 7), room];
      expect([...((await groupsOf(registry, socket)) ?? [])].sort()).toEqual([...all].sort());
      for (const group of all) {
        await expectMembers(registry, group, [socket]);
        expect(await users(registry, group, 5), group).toEqual({ alice: 1 });
      }
    });

    test('leave nothing behind when it is refused', async () => {
      const registry = await fresh();
      const socket = await bring(registry, 'opening', { user: 'ticket' });
      await join(registry, socket, room);
      await registry.remove(socket);
      await expectMembers(registry, room, []);
      expect(await users(registry, room, 5)).toEqual({});
      expect(await join(registry, socket, room)).toBe('gone');
      await expectMembers(registry, room, []);
    });
  });
}
