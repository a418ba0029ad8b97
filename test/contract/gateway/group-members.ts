import { describe, expect, test } from 'vitest';
import { refused } from '../../support/client.ts';
import { actions } from '../../support/recording-app.ts';
import {
  broadcastTo,
  freshGroup,
  groupsOf,
  groupUrl,
  joinByHttp,
  leaveByHttp,
  listed,
  Member,
} from './group-member.ts';
import { freshPath, type GatewayWorld } from './world.ts';

/** How a socket comes into a group and out of it, and what its hooks tell. */
export function membersOfGroups(current: () => GatewayWorld): void {
  describe('a socket', () => {
    test('is in the groups of its ticket and of the handshake’s answer before its first message’s hook', async () => {
      const world = current();
      const [ticket, answer] = [freshGroup(), freshGroup()];
      const member = await Member.open(world, { ticket: [ticket], handshake: { join: [answer] } });
      const first = await member.ask({});
      expect(groupsOf(first)).toEqual([ticket, answer]);
      const handshake = await world.app.hook(member.path, 'handshake');
      expect(groupsOf(handshake)).toEqual([ticket]);
      for (const group of [ticket, answer])
        expect(await broadcastTo(world, group, `to ${group}`), group).toBe(1);
      expect(await member.arrived()).toEqual([`to ${ticket}`, `to ${answer}`]);
    });

    test('gets what is sent to the group of its handshake’s answer as soon as it is in, after its reply and in order', async () => {
      const world = current();
      const group = freshGroup();
      const member = await Member.open(world, { handshake: { join: [group], reply: 'welcome' } });
      for (const body of ['one', 'two', 'three']) expect(await broadcastTo(world, group, body), body).toBe(1);
      expect(await member.arrived()).toEqual(['welcome', 'one', 'two', 'three']);
    });

    test('keeps a group that it joins by HTTP during its handshake, and gets what is sent to it then, in order', async () => {
      const world = current();
      const [http, ticket, answer] = [freshGroup(), freshGroup(), freshGroup()];
      const member = await Member.open(world, {
        ticket: [ticket],
        handshake: async (socket) => {
          expect((await joinByHttp(world, http, socket)).status).toBe(204);
          await world.api.send(socket, 'one');
          const { json } = await world.api.broadcast({ body: 'two', group: http });
          expect(json).toEqual({ delivered: 0, queued: 1, gone: 0, failed: 0 });
          // It joins the group of its ticket only when the app has accepted it.
          expect(await broadcastTo(world, ticket, 'too early')).toBe(0);
          expect(await listed(world, http)).toEqual([socket]);
          return actions({ join: [answer], reply: 'three' });
        },
      });
      for (const group of [http, ticket, answer])
        expect(await broadcastTo(world, group, group), group).toBe(1);
      expect(await member.arrived()).toEqual(['one', 'two', 'three', http, ticket, answer]);
      expect(await member.act()).toEqual([http, ticket, answer]);
    });

    test('that leaves a group by HTTP during its handshake is not in it afterwards', async () => {
      const world = current();
      const group = freshGroup();
      const member = await Member.open(world, {
        handshake: async (socket) => {
          await joinByHttp(world, group, socket);
          expect((await leaveByHttp(world, group, socket)).status).toBe(204);
          return 204;
        },
      });
      expect(await member.act()).toEqual([]);
      expect(await broadcastTo(world, group, 'no')).toBe(0);
      expect(await listed(world, group)).toEqual([]);
    });

    test('whose handshake is refused is in no group, even if it joined one by HTTP meanwhile', async () => {
      const world = current();
      const [path, http, ticket] = [freshPath(), freshGroup(), freshGroup()];
      world.app.on(path, async ({ fields: { from = '' } }) => {
        expect((await joinByHttp(world, http, from)).status).toBe(204);
        return 403;
      });
      const { json } = await world.api.post('/urls', { path, groups: [ticket] });
      expect((await refused(String(json['url']))).status).toBe(403);
      for (const group of [http, ticket]) {
        expect(await listed(world, group), group).toEqual([]);
        expect(await broadcastTo(world, group, 'no'), group).toBe(0);
        const count = await world.api.call('GET', groupUrl(group));
        expect(count.json).toEqual({ group, sockets: 0, users: 0, more: false });
      }
    });

    test('joins and leaves by the answers to its messages, and each later hook carries its groups', async () => {
      const world = current();
      const [one, two] = [freshGroup(), freshGroup()];
      const member = await Member.open(world);
      expect(await member.act({ join: [one, two] })).toEqual([]);
      expect(await member.act({ leave: [one] })).toEqual([one, two]);
      expect(await member.act({ join: [one] })).toEqual([two]);
      expect(await member.act()).toEqual([two, one]);
      expect(groupsOf(await member.close())).toEqual([two, one]);
    });

    test('joins and leaves by HTTP, and its next hook carries its groups', async () => {
      const world = current();
      const [one, two] = [freshGroup(), freshGroup()];
      const member = await Member.open(world);
      for (const group of [one, two])
        expect((await joinByHttp(world, group, member.socket)).status).toBe(204);
      expect(await member.act()).toEqual([one, two]);
      expect((await leaveByHttp(world, one, member.socket)).status).toBe(204);
      expect(await member.act()).toEqual([two]);
    });

    test('that joins twice is a member once, and may leave twice', async () => {
      const world = current();
      const group = freshGroup();
      const member = await Member.open(world, { ticket: [group], handshake: { join: [group, group] } });
      await member.act({ join: [group, group] });
      expect((await joinByHttp(world, group, member.socket)).status).toBe(204);
      expect(await member.act()).toEqual([group]);
      expect(await listed(world, group)).toEqual([member.socket]);
      expect(await broadcastTo(world, group, 'once')).toBe(1);
      expect(await member.arrived()).toEqual(['once']);
      for (const time of ['first', 'second'])
        expect((await leaveByHttp(world, group, member.socket)).status, time).toBe(204);
      await member.act({ leave: [group] });
      expect(await member.act()).toEqual([]);
      expect(await listed(world, group)).toEqual([]);
    });

    test('leaves a group that one answer both joins and leaves', async () => {
      const world = current();
      const [both, kept] = [freshGroup(), freshGroup()];
      const member = await Member.open(world, {
        ticket: [both],
        handshake: { join: [both, kept], leave: [both] },
      });
      expect(await member.act({ join: [both], leave: [both] })).toEqual([kept]);
      expect(await member.act()).toEqual([kept]);
      expect(await broadcastTo(world, both, 'no')).toBe(0);
    });

    test('that has ended is in no list once its end is told, and its closed hook carries its groups', async () => {
      const world = current();
      const group = freshGroup();
      const member = await Member.open(world, { handshake: { join: [group], user: 'alice' } });
      const stays = await Member.open(world, { handshake: { join: [group] } });
      const seen = new Promise<Record<string, unknown>>((resolve) => {
        world.app.on(member.path, async () => {
          const sockets = await listed(world, group);
          const users = (await world.api.call('GET', groupUrl(group, '/users'))).json;
          const count = (await world.api.call('GET', groupUrl(group))).json;
          const joined = (await joinByHttp(world, group, member.socket)).status;
          const left = (await leaveByHttp(world, group, member.socket)).status;
          const reached = await broadcastTo(world, group, 'somebody left');
          resolve({ sockets, users, count, joined, left, reached });
          return 204;
        });
      });
      expect(groupsOf(await member.close())).toEqual([group]);
      expect(await seen).toEqual({
        sockets: [stays.socket],
        users: { users: [] },
        count: { group, sockets: 1, users: 0, more: false },
        joined: 404,
        left: 404,
        reached: 1,
      });
    });

    test('can’t join by the answer to its closed hook, and nothing of such an answer is done', async () => {
      const world = current();
      const group = freshGroup();
      const member = await Member.open(world);
      const [other, later] = [
        await Member.open(world, { handshake: { join: [group] } }),
        await Member.open(world),
      ];
      world.app.on(member.path, () => actions({ join: [group], broadcast: [{ body: 'no', group }] }));
      world.app.on(later.path, () => actions({ broadcast: [{ body: 'yes', group }] }));
      await member.close();
      await later.close();
      expect(await other.client.next()).toBe('yes');
      expect(await other.arrived()).toEqual([]);
      expect(await listed(world, group)).toEqual([other.socket]);
      expect(world.app.of(member.path, 'closed')).toHaveLength(1);
    });

    test.for(['PUT', 'DELETE'])('that nobody knows can’t join or leave: %s gets 404', async (method) => {
      const world = current();
      for (const socket of ['AAAAAAAAAAAAAAA%3D', 'a%20b']) {
        const answer = await world.api.call(method, groupUrl(freshGroup(), `/sockets/${socket}`));
        expect(answer.status, socket).toBe(404);
        expect(answer.json['code'], socket).toBe('unknown_socket');
      }
    });
  });
}
