import { describe, expect, test } from 'vitest';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { awayUntil } from '../../fakes/pass-time.ts';
import { itemOf, lobby, presenceHooks, simulated } from './simulated.ts';

describe('a user with two tabs', () => {
  test('has joined once, and has left once both are gone for the grace', async () => {
    const world = simulated();
    const one = await world.open('alice');
    const other = await world.open('alice');
    await world.close(one);
    await world.pass(20_000);
    expect(world.told, 'with one tab left').toEqual(['joined 0']);
    await world.close(other);
    await world.pass(4_999);
    expect(world.told, 'just before the end of the grace').toEqual(['joined 0']);
    await world.pass(1);
    expect(world.told).toEqual(['joined 0', 'left 25']);
    await world.pass(86_400_000);
    expect(world.told, 'a day later').toHaveLength(2);
    expect(world.tasks.size, 'tasks').toBe(0);
  });

  test('that open at the same moment has joined once', async () => {
    const world = simulated();
    const { gateway, app, clock } = world;
    app.admission = acting({ user: 'alice', join: [lobby] });
    const requests = [newSocket(), newSocket()].map((socket) => aConnectRequest({ socket }));
    await clock.until(Promise.all(requests.map((request) => handshake(gateway, request))));
    await world.pass(60_000);
    expect(world.told).toEqual(['joined 0']);
  });

  test('without a user is two subjects', async () => {
    const world = simulated();
    const one = await world.open('');
    await world.open('');
    await world.close(one);
    await world.pass(5_000);
    expect(world.told).toEqual(['joined 0', 'joined 0', 'left 5']);
    expect(presenceHooks(world).map(({ from }) => from === one)).toEqual([true, false, true]);
  });
});

describe('a user who comes back', () => {
  test('within the grace has neither left nor joined', async () => {
    const world = simulated();
    await world.close(await world.open('alice'));
    await world.pass(4_000);
    await world.open('alice');
    await world.pass(60_000);
    expect(world.told).toEqual(['joined 0']);
  });

  test('at 3 seconds and is gone at 4 has left at 9, and not before', async () => {
    const world = simulated();
    const tab = await world.open('alice');
    await world.leave(tab);
    await world.pass(3_000);
    await world.join(tab);
    await world.pass(1_000);
    await world.leave(tab);
    await world.pass(4_999);
    expect(world.told, 'before').toEqual(['joined 0']);
    await world.pass(1);
    expect(world.told).toEqual(['joined 0', 'left 9']);
  });

  test('while the app hears that they have left is told to have joined after it', async () => {
    const world = simulated();
    const tab = await world.open('alice');
    await world.leave(tab);
    world.app.onPost = async ({ url }) => {
      if (url.includes('/left/')) await world.registry.changeGroups(tab, { join: [lobby], leave: [] });
    };
    await world.pass(5_000);
    expect(world.told).toEqual(['joined 0', 'left 5', 'joined 5']);
    const numbers = presenceHooks(world).map(({ sequence }) => Number(sequence));
    expect(numbers, 'in sequence').toEqual([...numbers].sort((a, b) => a - b));
  });
});

test('a user whose $disconnect is lost has left after the sweep has found that they are gone', async () => {
  const world = simulated({ settings: { probeMinutes: 1 } });
  const { gateway, connections, clock } = world;
  const socket = await world.open('alice');
  connections.missing.add(socket);
  await world.pass(60_000);
  expect(world.told, 'before the sweep').toEqual(['joined 0']);
  await clock.until(sweep(gateway, Math.floor(clock.now() / 60_000)));
  await world.pass(5_000);
  expect(world.told).toEqual(['joined 0', 'left 65']);
});

describe('an app that is away', () => {
  test('for an hour gets one pair at most of a user who came and went all the time, and what is owed', async () => {
    const world = simulated();
    const { app, clock } = world;
    const seen = awayUntil(world, clock.now() + 3_600_000);
    app.admission = acting({ user: 'alice' });
    const { registry } = world;
    const record = await world.admit({ user: 'alice' });
    for (let turn = 0; turn < 60; turn++) {
      await world.join(record.socket);
      await world.pass(30_000);
      await world.leave(record.socket);
      await world.pass(30_000);
    }
    await world.join(record.socket);
    await world.pass(2 * 3_600_000);
    const accepted = presenceHooks(world).map(({ event }) => event);
    expect(['joined', 'joined,left,joined'], String(accepted)).toContain(String(accepted));
    expect(seen.accepted).toHaveLength(accepted.length);
    expect((await registry.get(record.socket))?.groups).toEqual([lobby]);
    expect(await itemOf(world.gateway, 'u:alice')).toEqual({ told: 'joined', telling: undefined });
    expect(world.tasks.size, 'tasks').toBe(0);
  });

  test('for longer than a day leaves a dead letter, and the user counts as told', async () => {
    const world = simulated();
    awayUntil(world, world.clock.now() + 30 * 3_600_000);
    const { socket } = await world.admit({ user: 'alice' });
    await world.join(socket);
    await world.pass(26 * 3_600_000);
    expect(world.log.of('hook_dead').map(({ fields }) => fields['hook'])).toEqual(['joined']);
    expect(await itemOf(world.gateway, 'u:alice')).toEqual({ told: 'joined', telling: undefined });
  });
});

test('a hook whose run has no time left is posted a second later, and that was no attempt', async () => {
  const world = simulated();
  const { gateway, clock } = world;
  const { socket } = await world.admit({ user: 'alice', groups: [lobby] });
  const task = { kind: 'presence', group: lobby, subject: 'u:alice', socket } as const;
  await clock.until(runTask({ ...gateway, deadline: clock.monotonic() + 1_000 }, task));
  await world.pass(999);
  expect(world.told).toEqual([]);
  expect(world.log.of('hook_postponed').map(({ fields }) => [fields['attempts'], fields['pause']])).toEqual([
    [0, 1_000],
  ]);
  await world.pass(1);
  expect(world.told).toEqual(['joined 1']);
});

test('an app that takes longer for a hook than a lease lasts still gets what it did not take', async () => {
  const world = simulated();
  const { socket } = await world.admit({ user: 'alice' });
  world.app.answers = [{ kind: 'timeout' }, { kind: 'timeout' }, { kind: 'timeout' }];
  world.app.onPost = () => world.clock.skipTo(world.clock.now() + 30_000);
  await world.join(socket);
  expect(world.told, 'in the first round').toHaveLength(3);
  await world.pass(120_000);
  expect(await itemOf(world.gateway, 'u:alice')).toEqual({ told: 'joined', telling: undefined });
  expect(world.told, 'once more').toHaveLength(4);
});

test('a user leaves whose joined hook was answered too late: left follows, in sequence', async () => {
  const world = simulated();
  world.app.answers = [{ kind: 'timeout' }, { kind: 'timeout' }, { kind: 'timeout' }];
  const { socket } = await world.admit({ user: 'alice' });
  await world.join(socket);
  await world.leave(socket);
  await world.pass(600_000);
  const hooks = presenceHooks(world);
  expect(hooks.map(({ event }) => event)).toEqual(['joined', 'joined', 'joined', 'joined', 'left']);
  expect(new Set(hooks.map(({ sequence }) => sequence)).size, 'numbers').toBe(2);
  expect(Number(hooks[4]?.['sequence'])).toBeGreaterThan(Number(hooks[0]?.['sequence']));
});

test('a hook that the app refuses with 403 is a dead letter and counts as told', async () => {
  const world = simulated();
  world.app.answers = [answered(403)];
  const { socket } = await world.admit({ user: 'alice' });
  await world.join(socket);
  await world.pass(60_000);
  await world.leave(socket);
  await world.pass(60_000);
  expect(world.told).toEqual(['joined 0', 'left 65']);
  const page = await world.gateway.deadLetters.list(10, undefined, true);
  expect(page?.deadLetters.map(({ hook }) => hook.event)).toEqual(['joined']);
});

test('an answer may send and broadcast, and nothing else of it is done', async () => {
  const world = simulated();
  const listener = await world.admit({ groups: [lobby] });
  const { socket } = await world.admit({ user: 'alice' });
  world.app.answers = [
    acting({ send: [{ sockets: [socket], body: 'hello' }], broadcast: [{ body: 'alice is here' }] }),
  ];
  await world.join(socket);
  expect(world.connections.of(socket).sort()).toEqual(['alice is here', 'hello']);
  expect(world.connections.of(listener.socket)).toEqual(['alice is here']);
  for (const action of [
    { reply: 'x' },
    { close: true },
    { state: 'x' },
    { join: ['x'] },
    { leave: [lobby] },
  ]) {
    const other = await world.admit({ user: `bob ${Object.keys(action)}` });
    world.app.answers = [acting(action)];
    await world.join(other.socket);
    expect(world.log.of('answer_invalid'), Object.keys(action)[0]).toHaveLength(1);
    expect(await world.registry.get(other.socket)).toMatchObject({
      status: 'open',
      state: '',
      groups: [lobby],
    });
    world.log.lines.length = 0;
  }
});
