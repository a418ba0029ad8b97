import { describe, expect, test } from 'vitest';
import type { Registry } from '../../../functions/gateway/ports.ts';
import type { SocketFilter } from '../../../functions/gateway/socket-filter.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { aPath } from '../../fakes/a-record.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import {
  expectMembers,
  hall,
  join,
  leave,
  listed,
  living,
  reached,
  room,
  users,
} from './registry-group-world.ts';
import type { MakeRegistry } from './registry-world.ts';
import { acceptance, bring, end } from './registry-world.ts';

/** Finding those who are in a group. */
export function groupMembersContract(name: string, make: MakeRegistry): void {
  const fresh = () => make(new ManualClock());
  membersContract(name, fresh);
  usersContract(name, fresh);
}

function membersContract(name: string, fresh: () => Promise<Registry>): void {
  describe(`${name}: the members of a group`, () => {
    test('are those that are opening, accepted and open, and none that is closing or was removed', async () => {
      const registry = await fresh();
      const members: SocketId[] = [];
      for (const standing of living) members.push(await bring(registry, standing));
      const [closing, removed] = [await bring(registry, 'open'), await bring(registry, 'open')];
      for (const socket of [...members, closing, removed]) await join(registry, socket, room);
      await bring(registry, 'open');
      await registry.markEnded(closing, end);
      await registry.remove(removed);
      await expectMembers(registry, room, members);
      expect((await registry.list({ group: hall }, 5))?.sockets).toEqual([]);
    });

    test('are also those of a user whose closed hooks are owed, for who asks for them', async () => {
      const registry = await fresh();
      const open = await bring(registry, 'open', { user: 'alice' });
      const closing = await bring(registry, 'open', { user: 'alice' });
      const elsewhere = await bring(registry, 'open', { user: 'alice' });
      const bob = await bring(registry, 'open', { user: 'bob' });
      for (const socket of [open, closing, bob]) await join(registry, socket, room);
      for (const socket of [closing, elsewhere, bob]) await registry.markEnded(socket, end);
      const alices = { group: room, user: 'alice' };
      expect(await reached(registry, { ...alices, ended: true })).toEqual([open, closing].sort());
      expect(await reached(registry, alices)).toEqual([open]);
      await registry.remove(closing);
      expect(await reached(registry, { ...alices, ended: true })).toEqual([open]);
    });

    test('are narrowed by path and user, and come as they are now', async () => {
      const registry = await fresh();
      const [one, other] = [aPath('/one'), aPath('/other')];
      const alice = await bring(registry, 'open', { path: one, user: 'alice' });
      const alices = await bring(registry, 'open', { path: other, user: 'alice' });
      const bob = await bring(registry, 'open', { path: one, user: 'bob' });
      const nobody = await bring(registry, 'opening', { path: one });
      for (const socket of [alice, alices, bob, nobody]) await join(registry, socket, room);
      await bring(registry, 'open', { path: one, user: 'alice' });
      const expected: [SocketFilter, SocketId[]][] = [
        [{ group: room, path: one }, [alice, bob, nobody]],
        [{ group: room, user: 'alice' }, [alice, alices]],
        [{ group: room, user: 'alice', path: one }, [alice]],
        [{ group: room, user: 'ali' }, []],
        [{ group: room, user: '' }, [nobody]],
        [{ group: hall, user: 'alice' }, []],
      ];
      for (const [filter, sockets] of expected) {
        expect(await reached(registry, filter), JSON.stringify(filter)).toEqual(sockets.sort());
        expect(await reached(registry, filter, 1), JSON.stringify(filter)).toEqual(sockets.sort());
        expect(await listed(registry, filter, 1), JSON.stringify(filter)).toEqual(sockets.sort());
      }
      const record = await registry.get(alice);
      const filter = { group: room, user: 'alice', path: one };
      for await (const { records } of registry.pages(filter)) expect(records).toEqual([record]);
    });

    test('are each reached once, even if they join and leave other groups, change and end meanwhile', async () => {
      const registry = await fresh();
      const members: SocketId[] = [];
      for (let at = 0; at < 250; at++) {
        const socket = await bring(registry, at % 2 === 0 ? 'open' : 'opening', { user: `u${at % 40}` });
        await join(registry, socket, room);
        members.push(socket);
      }
      const found: SocketId[] = [];
      let ended: SocketId | undefined;
      for await (const { records } of registry.pages({ group: room })) {
        if (found.length === 0) {
          for (const [at, socket] of members.entries()) {
            if (at % 3 === 0) await join(registry, socket, hall);
            if (at % 2 === 1) await registry.accept(socket, { ...acceptance, user: `v${at}` }, 'open');
          }
          ended = members.find((socket) => !records.some((record) => record.socket === socket));
          if (ended !== undefined) await registry.markEnded(ended, end);
        }
        found.push(...records.map(({ socket }) => socket));
      }
      expect(new Set(found).size, 'each once').toBe(found.length);
      const live = members.filter((socket) => socket !== ended);
      expect(found.filter((socket) => socket !== ended).sort()).toEqual(live.sort());
    });

    test('are listed from a cursor on, and no other text is one', async () => {
      const registry = await fresh();
      for (let at = 0; at < 5; at++) await join(registry, await bring(registry, 'open'), room);
      const all = await registry.list({ group: room }, 10);
      const first = await registry.list({ group: room }, 2);
      const rest = await registry.list({ group: room }, 10, first?.cursor);
      expect([...(first?.sockets ?? []), ...(rest?.sockets ?? [])]).toEqual(all?.sockets);
      for (const cursor of ['', '?', 'none of ours', 'x'.repeat(2_000)]) {
        expect(await registry.list({ group: room }, 10, cursor), cursor).toBeUndefined();
        expect(await registry.listUsers(room, 10, cursor), cursor).toBeUndefined();
      }
    });
  });
}

function usersContract(name: string, fresh: () => Promise<Registry>): void {
  describe(`${name}: the users of a group`, () => {
    test('are counted with their sockets, and sockets without a user are not among them', async () => {
      const registry = await fresh();
      const counts: Record<string, number> = {
        alice: 3,
        'Ünï 😀': 1,
        ali: 2,
        'a,b.c': 1,
        ['x'.repeat(256)]: 1,
      };
      for (const [user, count] of Object.entries(counts)) {
        for (let at = 0; at < count; at++) {
          const socket = await bring(registry, 'opening', { user });
          await registry.accept(socket, { ...acceptance, user, groups: { join: [room], leave: [] } }, 'open');
        }
      }
      for (let at = 0; at < 3; at++) await join(registry, await bring(registry, 'opening'), room);
      await bring(registry, 'open', { user: 'carol' });
      for (const limit of [1, 2, 4, 5, 6]) {
        expect(await users(registry, room, limit), `${limit} a page`).toEqual(counts);
      }
      expect(await users(registry, hall, 1)).toEqual({});
    });

    test('are none whose sockets have left, are closing or were removed', async () => {
      const registry = await fresh();
      for (const user of ['left', 'closing', 'removed', 'in']) {
        for (let at = 0; at < 2; at++) {
          const socket = await bring(registry, 'open', { user });
          await join(registry, socket, room);
          if (user === 'left') await leave(registry, socket, room);
          if (user === 'closing') await registry.markEnded(socket, end);
          if (user === 'removed') await registry.remove(socket);
        }
      }
      expect(await users(registry, room, 1)).toEqual({ in: 2 });
    });
  });
}
