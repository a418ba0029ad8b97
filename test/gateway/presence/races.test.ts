import { describe, expect, test } from 'vitest';
import type { Presences } from '../../../functions/gateway/presences.ts';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { socketEvents } from '../../../functions/wire/hook.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { acting } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { lobby, presenceHooks, simulated } from './simulated.ts';

describe('a clock that is set back by an hour', () => {
  test.for([0, 5_000])(
    'lets a user leave within two graces of %i ms, with few tasks',
    async (presenceGraceMs) => {
      const world = simulated({ settings: { presenceGraceMs } });
      const tab = await world.open('alice');
      await world.leave(tab);
      await world.join(tab);
      world.clock.set(-3_600_000);
      await world.close(tab);
      let tasks = 0;
      const { take } = world.tasks;
      world.tasks.take = () => {
        const taken = take.call(world.tasks);
        tasks += taken.length;
        return taken;
      };
      await world.pass(2 * presenceGraceMs + 1);
      expect(presenceHooks(world).at(-1)?.['event']).toBe('left');
      expect(tasks, 'tasks').toBeLessThan(5);
    },
  );

  test('gives the next hook of a user a greater number all the same', async () => {
    const world = simulated();
    const tab = await world.open('alice');
    await world.leave(tab);
    await world.pass(10_000);
    world.clock.set(-3_600_000);
    await world.join(tab);
    const numbers = presenceHooks(world).map(({ sequence }) => Number(sequence));
    expect(numbers).toHaveLength(3);
    expect(numbers[2]).toBeGreaterThan(numbers[1] ?? 0);
  });
});

test('calls that take a tab out of a group that it is not in do not put off that its user has left', async () => {
  const world = simulated();
  const tab = await world.open('alice');
  const elsewhere = await world.open('alice', []);
  await world.close(tab);
  for (let second = 1; second <= 4; second++) {
    await world.pass(1_000);
    await world.leave(elsewhere);
  }
  await world.pass(1_000);
  expect(world.told).toEqual(['joined 0', 'left 5']);
});

test('a look in the moment in which a tab ends leaves its user the whole grace to come back', async () => {
  const world = simulated();
  const { gateway, registry, clock } = world;
  const socket = await world.open('alice');
  await world.pass(60_000);
  // Its closed hook, which notes the departure, is still in the queue.
  await registry.markEnded(socket, { code: 1001, reason: '', time: clock.now() });
  await gateway.tasks.enqueue({ kind: 'presence', group: lobby, subject: 'u:alice', socket });
  await world.pass(1_000);
  await gateway.tasks.enqueue({ kind: 'closed', socket });
  await world.pass(2_000);
  await world.open('alice');
  await world.pass(60_000);
  expect(world.told).toEqual(['joined 0']);
});

test.for(['alice', ''])(
  'a look for an earlier tab of user "%s" does not cut the grace of one that has just ended',
  async (user) => {
    const world = simulated();
    const { gateway, registry, clock } = world;
    const first = await world.open(user);
    await world.pass(60_000);
    await (user === '' ? world.leave(first) : world.close(first));
    await world.pass(1_000);
    const last = user === '' ? first : await world.open(user);
    if (last === first) await world.join(first);
    await world.pass(3_900);
    // Its closed hook, which notes the departure, is still in the queue when the look at the first departure is due.
    await registry.markEnded(last, { code: 1001, reason: '', time: clock.now() });
    await world.pass(1_000);
    await gateway.tasks.enqueue({ kind: 'closed', socket: last });
    await world.pass(3_900);
    expect(world.told, 'within the grace').toEqual(['joined 0']);
    await world.pass(200);
    expect(world.told, 'after it').toEqual(['joined 0', 'left 69']);
  },
);

describe('a call that puts an opening socket into a group', () => {
  /** The app names the user just before the change. The run dies after it, or goes on. */
  async function named(dies: boolean) {
    const world = simulated({ policy: { untoldMs: 90_000 } });
    const { registry, clock } = world;
    const socket = newSocket();
    await registry.put({ ...(await world.admit()), socket, status: 'opening', acceptedAt: 0 });
    const changeGroups = registry.changeGroups.bind(registry);
    registry.changeGroups = async (...given) => {
      const groups = { join: [], leave: [] };
      await registry.accept(socket, { user: 'alice', state: '', acceptedAt: clock.now(), groups }, 'open');
      const changed = await changeGroups(...given);
      if (dies) throw new Error('The run has died.');
      return changed;
    };
    await world.join(socket).catch(() => undefined);
    return world;
  }

  test('tells of the user whom the app names meanwhile', async () => {
    const { app } = await named(false);
    expect(presenceHooks({ app }).map(({ user }) => user)).toEqual(['alice']);
  });

  test('and dies has the user told of later', async () => {
    const { app, pass } = await named(true);
    expect(presenceHooks({ app }), 'at once').toEqual([]);
    await pass(90_000);
    expect(presenceHooks({ app }).map(({ user }) => user)).toEqual(['alice']);
  });
});

test('with presence off, sockets come, join, leave and end without asking who is told what', async () => {
  const never = () => {
    throw new Error('Presence is off.');
  };
  const presences: Presences = {
    ...{ lease: never, set: never, release: never, requestRecheck: never, releaseOrRecheck: never },
    ...{ depart: never, departure: never },
  };
  const world = fakeGateway({ settings: { hooks: new Set(socketEvents) } });
  const { app, tasks, clock, registry } = world;
  const gateway = { ...world.gateway, presences };
  const socket = newSocket();
  app.answers = [acting({ user: 'alice', join: [lobby] }), acting({ join: ['b'], leave: [lobby] })];
  const { kind } = await clock.until(handshake(gateway, aConnectRequest({ socket })));
  expect(kind).toBe('accepted');
  await message(gateway, { socket, id: 'm1', body: 'x', time: clock.now() });
  expect((await registry.get(socket))?.groups).toEqual(['b']);
  await disconnect(gateway, socket, { code: 1001, reason: '' });
  expect(app.hooks.map(({ event }) => event)).toEqual(['handshake', 'message', 'closed']);
  expect([...tasks.queued, ...tasks.delayed]).toEqual([]);
});
