import { describe, expect, test } from 'vitest';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { codesTold, deployedWorld, recover, standing } from '../../fakes/deployed-world.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { FakeClient } from '../../fakes/fake-client.ts';
import { groupName, groupNames } from '../../fakes/group-names.ts';
import { membersOf } from '../../fakes/members-of.ts';
import { everyDeath, mortally } from '../../fakes/mortal.ts';
import { work } from '../../fakes/sweep-minutes.ts';

const [room, hall] = [groupName('room'), groupName('hall')];

describe('a gateway that dies', () => {
  test('while it moves a socket from one group to another leaves it in exactly one of them', async () => {
    const deaths = await everyDeath(async (death) => {
      const world = deployedWorld();
      const { gateway, app, clock, registry } = world;
      const { socket } = await world.admit({ user: 'alice' });
      await registry.changeGroups(socket, { join: [room], leave: [] });
      app.answers = [
        acting({ leave: ['room'], join: ['hall'], broadcast: [{ body: 'moved', group: 'hall' }] }),
      ];
      const arrival = { socket, id: 'm', body: 'x', time: clock.now() };
      const fate = await clock.until(mortally(gateway, death, (mortal) => message(mortal, arrival)));
      await work(world);
      await recover(world);
      const hasMoved = (await registry.get(socket))?.groups.includes(hall) ?? false;
      expect(await membersOf(world, room)).toEqual(hasMoved ? [] : [socket]);
      expect(await membersOf(world, hall)).toEqual(hasMoved ? [socket] : []);
      if (!hasMoved) expect(world.connections.of(socket)).not.toContain('moved');
      if (fate.kind === 'survived') expect(hasMoved).toBe(true);
      return fate;
    });
    expect(deaths).toEqual(expect.arrayContaining(['before groups +hall -room', 'after groups +hall -room']));
  });

  test.for([
    { what: 'accepted', answer: acting({ join: ['hall'], reply: 'welcome' }) },
    { what: 'refused', answer: answered(403) },
    { what: 'never answered', answer: { kind: 'timeout' } as const },
  ])('during a handshake that is $what leaves a socket in its groups, or none', async ({ what, answer }) => {
    const deaths = await everyDeath(async (death) => {
      const world = deployedWorld();
      const { gateway, app, clock, registry } = world;
      const request = aConnectRequest();
      const client = new FakeClient(world, request.socket);
      app.admission = answer;
      app.onPost = async ({ url }) => {
        if (!url.includes('/handshake/')) return;
        expect(await registry.changeGroups(request.socket, { join: [room], leave: [] })).toBe('done');
      };
      const fate = await clock.until(mortally(gateway, death, (mortal) => handshake(mortal, request)));
      const isIn = client.enter(fate);
      await work(world);
      await recover(world);
      expect(await membersOf(world, room)).toEqual(isIn ? [request.socket] : []);
      expect(await membersOf(world, hall)).toEqual(isIn ? [request.socket] : []);
      expect(await standing(world)).toEqual(isIn ? { [request.socket]: 'open' } : {});
      expect(isIn).toBe(what === 'accepted' && fate.kind === 'survived');
      return fate;
    });
    expect(deaths.length).toBeGreaterThanOrEqual(6);
  });

  test('while it ends a socket leaves no member, and each closed hook tells the groups that it was in', async () => {
    const deaths = await everyDeath(async (death) => {
      const world = deployedWorld();
      const { gateway, app, clock, registry } = world;
      const { socket } = await world.admit({ user: 'alice' });
      const other = (await world.admit()).socket;
      await registry.changeGroups(socket, { join: groupNames('room', 'hall'), leave: [] });
      await registry.changeGroups(other, { join: [room], leave: [] });
      world.connections.missing.add(socket);
      world.connections.script(socket, () => ({ kind: 'gone' }));
      const end = { code: 1001, reason: '' };
      const fate = await clock.until(mortally(gateway, death, (mortal) => disconnect(mortal, socket, end)));
      await work(world);
      await recover(world);
      expect(await membersOf(world, room)).toEqual([other]);
      expect(await membersOf(world, hall)).toEqual([]);
      expect(codesTold(world, socket).length).toBeGreaterThanOrEqual(1);
      for (const { groups } of app.told) expect(groups).toBe('["room","hall"]');
      return fate;
    });
    expect(deaths.length).toBeGreaterThanOrEqual(6);
  });
});
