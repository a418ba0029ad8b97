import { describe, expect, test } from 'vitest';
import { broadcastTo, freshGroup, joinByHttp, leaveByHttp, listed, Member } from './group-member.ts';
import { freshPath, type GatewayWorld } from './world.ts';

/** What a broadcast to a group reaches. */
export function broadcastsToGroups(current: () => GatewayWorld): void {
  describe('a broadcast to a group', () => {
    test('reaches its members, and nobody else', async () => {
      const world = current();
      const [group, other] = [freshGroup(), freshGroup()];
      const open = (...join: string[]) => Member.open(world, { handshake: { join } });
      const [one, both, elsewhere, nowhere] = await all(open(group), open(other, group), open(other), open());
      expect((await world.api.broadcast({ body: 'hello', group })).json).toEqual({
        delivered: 2,
        queued: 0,
        gone: 0,
        failed: 0,
      });
      expect(await one?.arrived(), 'the member').toEqual(['hello']);
      expect(await both?.arrived(), 'the member of two groups').toEqual(['hello']);
      expect(await elsewhere?.arrived(), 'the member of another group').toEqual([]);
      expect(await nowhere?.arrived(), 'the member of none').toEqual([]);
    });

    test('that nobody is in reaches nobody', async () => {
      expect(await broadcastTo(current(), freshGroup(), 'hello')).toBe(0);
    });

    test('is narrowed by path, user and exceptions, each alone and together', async () => {
      const world = current();
      const [group, room, hall] = [freshGroup(), freshPath(), freshPath()];
      const user = `alice ${group}`;
      const open = (path: string, name: string, join = [group]) =>
        Member.open(world, { path, handshake: { join, user: name } });
      const inRoom = await open(room, user);
      const inHall = await open(hall, user);
      const bob = await open(room, 'bob');
      const outside = await open(room, user, []);
      const cases: [string, Record<string, unknown>, Member[]][] = [
        ['path', { path: room }, [inRoom, bob]],
        ['user', { user }, [inRoom, inHall]],
        ['path and user', { path: room, user }, [inRoom]],
        ['except', { except: [bob.socket, outside.socket] }, [inRoom, inHall]],
        ['user and except', { user, except: [inRoom.socket] }, [inHall]],
        ['all', { path: room, user, except: [inRoom.socket] }, []],
      ];
      for (const [body, rest, reached] of cases)
        expect(await broadcastTo(world, group, body, rest), body).toBe(reached.length);
      for (const member of [inRoom, inHall, bob, outside]) {
        const expected = cases.filter(([, , reached]) => reached.includes(member)).map(([body]) => body);
        expect(await member.arrived(), member.socket).toEqual(expected);
      }
    });

    test('by the answer that joins the group reaches the sender, in a handshake and in a message', async () => {
      const world = current();
      const group = freshGroup();
      const broadcast = (body: string) => [{ body, group }];
      const first = await Member.open(world, {
        handshake: { join: [group], broadcast: broadcast('from the first') },
      });
      expect(await first.client.next()).toBe('from the first');
      const second = await Member.open(world);
      await second.ask({ join: [group], broadcast: broadcast('from the second') });
      expect(await second.client.next(), 'the sender').toBe('from the second');
      expect(await first.client.next(), 'the other member').toBe('from the second');
    });

    test('by the answer that leaves the group does not reach the sender', async () => {
      const world = current();
      const group = freshGroup();
      const open = () => Member.open(world, { handshake: { join: [group] } });
      const [sender, other] = [await open(), await open()];
      await sender.ask({ leave: [group], broadcast: [{ body: 'bye', group }] });
      expect(await other.client.next()).toBe('bye');
      expect(await broadcastTo(world, group, 'after')).toBe(1);
      expect(await sender.arrived()).toEqual([]);
    });

    test('reaches each that stays in it exactly once, while sockets join, leave, open and close around it', async () => {
      const world = current();
      const group = freshGroup();
      const open = (join: readonly string[]) => Member.open(world, { handshake: { join } });
      const [steady, outsiders, restless] = [
        await all(...Array.from({ length: 5 }, () => open([group]))),
        await all(open([]), open([freshGroup()])),
        await all(...Array.from({ length: 3 }, () => open([]))),
      ];
      let isOver = false;
      const churn = [
        ...restless.map(async ({ socket }) => {
          while (!isOver) {
            expect((await joinByHttp(world, group, socket)).status).toBe(204);
            expect((await leaveByHttp(world, group, socket)).status).toBe(204);
          }
        }),
        (async () => {
          while (!isOver) await (await Member.open(world, { handshake: { join: [group] } })).client.close();
        })(),
      ];
      const bodies = Array.from({ length: 10 }, (_, at) => `broadcast ${at}`);
      for (const body of bodies)
        expect(await broadcastTo(world, group, body), body).toBeGreaterThanOrEqual(5);
      isOver = true;
      await Promise.all(churn);
      for (const member of steady) expect(await member.arrived(), 'a member that stays').toEqual(bodies);
      for (const member of outsiders) expect(await member.arrived(), 'one that never joins').toEqual([]);
      for (const member of restless) {
        const arrived = await member.arrived();
        expect(arrived, 'one that joins and leaves').toEqual(bodies.filter((body) => arrived.includes(body)));
      }
    });

    test('reaches those that are listed, after one socket was put in and taken out by many at once', async () => {
      const world = current();
      const group = freshGroup();
      const member = await Member.open(world);
      for (let round = 0; round < 5; round++) {
        const answers = await Promise.all([
          joinByHttp(world, group, member.socket),
          leaveByHttp(world, group, member.socket),
          joinByHttp(world, group, member.socket),
        ]);
        expect(
          answers.map(({ status }) => status),
          `round ${round}`,
        ).toEqual([204, 204, 204]);
        const isIn = (await listed(world, group)).length === 1;
        expect(await broadcastTo(world, group, `round ${round}`), `round ${round}`).toBe(isIn ? 1 : 0);
        expect(await member.arrived(), `round ${round}`).toEqual(isIn ? [`round ${round}`] : []);
        expect(await member.act(), `round ${round}`).toEqual(isIn ? [group] : []);
      }
    });
  });
}

function all(...opening: readonly Promise<Member>[]): Promise<Member[]> {
  return Promise.all(opening);
}
