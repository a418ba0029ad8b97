import { describe, expect, test } from 'vitest';
import { freshGroup, groupUrl, listed, Member } from './group-member.ts';
import { freshPath, type GatewayWorld } from './world.ts';

/** What the HTTP API tells of a group. */
export function listsOfGroups(current: () => GatewayWorld): void {
  describe('the lists of a group', () => {
    /** Opens sockets in a group, one of each of these users, at a path. */
    const openAll = async (users: readonly string[], group: string, path?: string): Promise<Member[]> => {
      const at = path === undefined ? {} : { path };
      const members: Member[] = [];
      for (const user of users)
        members.push(await Member.open(current(), { ...at, handshake: { join: [group], user } }));
      return members;
    };

    test('of a group that nobody is in are empty, and its counts are 0', async () => {
      const { api } = current();
      const group = freshGroup();
      const count = await api.call('GET', groupUrl(group));
      expect(count.status).toBe(200);
      expect(count.json).toEqual({ group, sockets: 0, users: 0, more: false });
      expect((await api.call('GET', groupUrl(group, '/sockets'))).json).toEqual({ sockets: [] });
      expect((await api.call('GET', groupUrl(group, '/users'))).json).toEqual({ users: [] });
      const filtered = await api.call('GET', `/sockets?group=${encodeURIComponent(group)}`);
      expect(filtered.json).toEqual({ sockets: [] });
    });

    test.for([1, 2, 4, 5, 1_000])('have each of five sockets once, in pages of %i', async (limit) => {
      const world = current();
      const group = freshGroup();
      const members = await openAll(['', '', '', '', ''], group);
      const sockets = await listed(world, group, limit);
      expect(sockets.toSorted()).toEqual(members.map(({ socket }) => socket).toSorted());
    });

    test('show of each socket what GET /sockets shows', async () => {
      const world = current();
      const group = freshGroup();
      const [member] = await openAll(['alice'], group);
      const row = { socket: member?.socket, path: member?.path, user: 'alice', openedAt: expect.any(Number) };
      const inGroup = await world.api.call('GET', groupUrl(group, '/sockets'));
      expect(inGroup.json).toEqual({ sockets: [row] });
      const filtered = await world.api.call('GET', `/sockets?group=${encodeURIComponent(group)}`);
      expect(filtered.json).toEqual({ sockets: [row] });
    });

    test('and GET /sockets are narrowed by path and by user', async () => {
      const world = current();
      const [group, room, hall] = [freshGroup(), freshPath(), freshPath()];
      const [inRoom, bobInRoom] = await openAll(['alice', 'bob'], group, room);
      const [inHall] = await openAll(['alice'], group, hall);
      await openAll(['alice'], freshGroup(), room);
      const sockets = async (filter: Record<string, string>): Promise<string[]> => {
        const { json } = await world.api.call('GET', `/sockets?${new URLSearchParams({ group, ...filter })}`);
        return (json['sockets'] as { socket: string }[]).map(({ socket }) => socket).toSorted();
      };
      const idsOf = (...members: (Member | undefined)[]) =>
        members.map((member) => member?.socket).toSorted();
      expect(await sockets({ path: room })).toEqual(idsOf(inRoom, bobInRoom));
      expect(await sockets({ user: 'alice' })).toEqual(idsOf(inRoom, inHall));
      expect(await sockets({ path: room, user: 'alice' })).toEqual(idsOf(inRoom));
      expect(await sockets({ path: hall, user: 'bob' })).toEqual([]);
    });

    test.for([1, 2, 3, 1_000])(
      'have a user with two sockets once, and no socket without a user, in pages of %i users',
      async (limit) => {
        const world = current();
        const group = freshGroup();
        await openAll(['alice', 'bob', 'alice', '', 'carol Ünal/日本'], group);
        const users: { user: string; sockets: number }[] = [];
        for (let cursor = ''; ; ) {
          const { json } = await world.api.call(
            'GET',
            `${groupUrl(group, '/users')}&limit=${limit}${cursor}`,
          );
          const page = json['users'] as typeof users;
          expect(page.length).toBeLessThanOrEqual(limit);
          users.push(...page);
          if (json['cursor'] === undefined) break;
          cursor = `&cursor=${encodeURIComponent(String(json['cursor']))}`;
        }
        expect(users.toSorted((one, other) => (one.user < other.user ? -1 : 1))).toEqual([
          { user: 'alice', sockets: 2 },
          { user: 'bob', sockets: 1 },
          { user: 'carol Ünal/日本', sockets: 1 },
        ]);
        const count = await world.api.call('GET', groupUrl(group));
        expect(count.json).toEqual({ group, sockets: 5, users: 3, more: false });
      },
    );

    test('follow a socket that leaves', async () => {
      const world = current();
      const group = freshGroup();
      const [leaves, stays] = await openAll(['alice', 'alice'], group);
      await leaves?.act({ leave: [group] });
      expect(await listed(world, group)).toEqual([stays?.socket]);
      const users = await world.api.call('GET', groupUrl(group, '/users'));
      expect(users.json).toEqual({ users: [{ user: 'alice', sockets: 1 }] });
      const count = await world.api.call('GET', groupUrl(group));
      expect(count.json).toEqual({ group, sockets: 1, users: 1, more: false });
    });

    test.for(['sockets', 'users'])(
      'of %s refuse a bad limit, a bad cursor and an unknown field',
      async (list) => {
        const { api } = current();
        const url = groupUrl(freshGroup(), `/${list}`);
        for (const [query, code, field] of [
          ['limit=0', 'invalid_field', 'limit'],
          ['limit=1001', 'invalid_field', 'limit'],
          ['limit=x', 'invalid_field', 'limit'],
          ['limit=1&limit=2', 'invalid_field', 'limit'],
          ['cursor=!', 'invalid_field', 'cursor'],
          ['cursor=', 'invalid_field', 'cursor'],
          ['user=alice', 'unknown_field', 'user'],
        ] as const) {
          const answer = await api.call('GET', `${url}&${query}`);
          expect(answer.status, query).toBe(400);
          expect(answer.json, query).toMatchObject({ code, field });
        }
      },
    );
  });
}
