import { expect, test } from 'vitest';
import { runTask } from '../../../functions/gateway/run-task.ts';
import type { PresenceTask } from '../../../functions/gateway/tasks.ts';
import { itemOf, lobby, presenceHooks, simulated } from './simulated.ts';

const leaseMs = 90_000;
const policy = { untoldMs: leaseMs, leaseMs };
const alice = { group: lobby, subject: 'u:alice' } as const;

test('a user whose looks met a worker that has died is told to have left once its lease is over', async () => {
  const world = simulated({ policy });
  const tabs = [await world.open('alice'), await world.open('alice'), await world.open('alice')];
  await world.pass(100_000);
  for (const tab of tabs) await world.close(tab);
  await world.gateway.presences.lease(alice, leaseMs);
  await world.pass(leaseMs - 1);
  expect(world.told, 'under the lease').toEqual(['joined 0']);
  expect(world.tasks.size, 'looks that wait').toBe(1);
  // The clocks of two workers may be a second apart.
  await world.pass(1_001);
  expect(world.told, 'after it').toEqual(['joined 0', 'left 191']);
});

test('a look that meets a worker at somebody else still finds the user whom the app has named', async () => {
  const world = simulated({ policy });
  const { gateway } = world;
  const { socket } = await world.admit({ user: 'alice', groups: [lobby] });
  const look: PresenceTask = { kind: 'presence', group: lobby, subject: `s:${socket}`, socket };
  await gateway.presences.lease(look, leaseMs);
  await gateway.tasks.enqueue(look);
  await world.pass(0);
  expect(presenceHooks(world).map(({ user }) => user)).toEqual(['alice']);
});

test('a worker whose time is over leaves it to the next one to look again', async () => {
  const world = simulated({ policy });
  const { gateway, app, tasks, clock } = world;
  const socket = await world.open('alice', []);
  await world.join(socket);
  await world.pass(100_000);
  await world.leave(socket);
  await world.pass(10_000);
  expect(world.told.at(-1)).toMatch(/^left/);
  const record = await world.registry.get(socket);
  if (record === undefined) throw new Error('The socket is gone.');
  await world.registry.changeGroups(socket, { join: [lobby], leave: [] }, record);
  const { post } = app;
  app.post = async (request) => {
    await gateway.presences.requestRecheck(alice, 7);
    clock.skipTo(clock.now() + 60_000);
    return post.call(app, request);
  };
  await runTask({ ...gateway, deadline: clock.monotonic() + 60_000 }, { kind: 'presence', ...alice, socket });
  app.post = post;
  expect(world.told.at(-1)).toMatch(/^joined/);
  expect(tasks.nextDue, 'the next look is due').toBe(clock.now());
  expect(await itemOf(gateway, 'u:alice'), 'the lease is over').toEqual({
    told: 'joined',
    telling: undefined,
  });
});

test.for([
  ['', 0],
  [', though a call takes them out of the group after they have left', 3_000],
] as const)(
  'a user whose grace ends while another hook is posted has left once that is told%s',
  async ([, ms]) => {
    const world = simulated({ policy });
    const { gateway, app, clock } = world;
    const { socket } = await world.admit({ user: 'alice', groups: [lobby] });
    const { post } = app;
    app.post = async (request) => {
      app.post = post;
      await world.leave(socket);
      await world.pass(5_000);
      // What asks then has waited for a departure that was not noted.
      if (ms > 0) await gateway.presences.requestRecheck(alice, clock.now() + ms);
      return post.call(app, request);
    };
    await runTask(gateway, { kind: 'presence', ...alice, socket });
    expect(world.told).toEqual(['joined 5', 'left 5']);
  },
);
