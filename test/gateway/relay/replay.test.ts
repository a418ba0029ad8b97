import { describe, expect, test } from 'vitest';
import { deadLetter, replayOf } from '../../../functions/gateway/dead-letters.ts';
import type { Gateway } from '../../../functions/gateway/gateway.ts';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { lettersOf, onlyLetter } from '../../fakes/letters.ts';
import { type TimedWorld, timedGateway } from '../../fakes/pass-time.ts';

const minute = 60_000;

/** A world with this many messages that an app has refused, a millisecond apart. */
async function refused(count: number) {
  const world = timedGateway();
  const { socket } = await world.admit();
  world.app.answers = Array.from({ length: count }, () => answered(400));
  for (let at = 0; at < count; at++) {
    await message(world.gateway, { socket, id: `m${at}`, body: `body ${at}`, time: world.clock.now() });
    world.clock.skipTo(world.clock.now() + 1);
  }
  expect(await lettersOf(world)).toHaveLength(count);
  world.app.requests.splice(0);
  return { world, socket };
}

/** What the API does to replay all. */
const replayAll = ({ gateway, clock }: TimedWorld) =>
  gateway.tasks.enqueue({ kind: 'replay', until: clock.now() });

const idsPosted = ({ app }: TimedWorld) => app.requests.map(({ headers }) => headers['webhook-id']);
const ids = (count: number) => Array.from({ length: count }, (_, at) => `message_m${at}`);

describe('a replay of all dead letters', () => {
  // A page is 25 letters.
  test.for([0, 1, 24, 25, 26, 51])('posts each of %d letters once, and they are gone', async (count) => {
    const { world } = await refused(count);
    await replayAll(world);
    await world.pass(minute);
    expect(idsPosted(world)).toEqual(ids(count));
    expect(world.app.hooks.map(({ body }) => body)).toEqual(ids(count).map((_, at) => `body ${at}`));
    expect(await lettersOf(world)).toEqual([]);
    expect(world.tasks.size).toBe(0);
  });

  test('posts once what dies again, and has a letter of each again', async () => {
    const { world } = await refused(30);
    const before = await lettersOf(world);
    world.app.answers = Array.from({ length: 99 }, () => answered(400));
    await replayAll(world);
    await world.pass(minute);
    expect(idsPosted(world)).toEqual(ids(30));
    const after = await lettersOf(world);
    expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    expect(after.map(({ hook }) => hook)).toEqual(before.map(({ hook }) => hook));
    for (const [at, { diedAt }] of after.entries()) expect(diedAt).toBeGreaterThan(before[at]?.diedAt ?? 0);
  });

  /** A gateway whose queue runs a retry before it says that it has it. */
  const atOnce = (world: TimedWorld): Gateway => {
    const gateway: Gateway = {
      ...world.gateway,
      tasks: {
        ...world.gateway.tasks,
        enqueue: async (task) => runTask({ ...gateway, clock: world.clock }, task),
        enqueueBatches: async () => {},
      },
    };
    return gateway;
  };

  test('neither loses nor repeats a hook that dies again before its old letter is removed', async () => {
    const { world } = await refused(30);
    world.app.answers = Array.from({ length: 99 }, () => answered(400));
    await runTask(atOnce(world), { kind: 'replay', until: world.clock.now() });
    expect(idsPosted(world)).toEqual(ids(30));
    expect(await lettersOf(world)).toHaveLength(30);
  });

  test.for([0, -3_600_000])(
    'does so within one millisecond, and if the clock is set by %d ms',
    async (ms) => {
      const { world, socket } = await refused(0);
      world.app.answers = [answered(400), answered(400)];
      await message(world.gateway, { socket, id: 'm0', body: 'x', time: world.clock.now() });
      const died = (await onlyLetter(world))?.diedAt ?? 0;
      world.clock.set(ms);
      await runTask(atOnce(world), { kind: 'replay', until: died });
      expect(idsPosted(world)).toEqual(['message_m0', 'message_m0']);
      expect((await onlyLetter(world))?.diedAt).toBeGreaterThan(died);
      // What it has died of since is none of the letters of this replay.
      await runTask(atOnce(world), { kind: 'replay', until: died });
      expect(world.app.requests).toHaveLength(2);
    },
  );

  test('leaves alone what has died since it was asked for', async () => {
    const { world, socket } = await refused(3);
    await replayAll(world);
    world.clock.skipTo(world.clock.now() + 1);
    world.app.answers = [answered(400)];
    await message(world.gateway, { socket, id: 'later', body: 'x', time: world.clock.now() });
    world.app.requests.splice(0);
    await world.pass(minute);
    expect(idsPosted(world)).toEqual(ids(3));
    expect((await onlyLetter(world))?.hook.id).toBe('message_later');
  });

  test('goes on in another run when the time of this one is over', async () => {
    const { world } = await refused(51);
    const hurried = { ...world.gateway, deadline: world.clock.monotonic() };
    await runTask(hurried, { kind: 'replay', until: world.clock.now() });
    expect(await lettersOf(world)).toHaveLength(26);
    await world.pass(minute);
    expect(idsPosted(world).sort()).toEqual(ids(51).sort());
    expect(await lettersOf(world)).toEqual([]);
  });
});

describe('a hook that is replayed', () => {
  test('and whose app is away is retried as if it had never failed', async () => {
    const { world } = await refused(1);
    const begun = world.clock.now();
    world.app.post = async () => answered(503);
    await replayAll(world);
    await world.pass(7 * 3_600_000);
    const letter = await onlyLetter(world);
    expect((letter?.diedAt ?? 0) - begun).toBe(6 * 3_600_000);
    expect(letter?.attempts).toBeGreaterThan(10);
  });

  test('has the actions of its answer done, less those that would undo what came since', async () => {
    const { world, socket } = await refused(1);
    await world.registry.setState(socket, 'newer');
    world.app.answers = [acting({ reply: 'late', state: 'old' })];
    await replayAll(world);
    await world.pass(minute);
    expect(world.connections.of(socket)).toEqual(['late']);
    expect((await world.registry.get(socket))?.state).toBe('newer');
  });

  test('is replayed even where failures of messages are not kept', async () => {
    const { world } = await refused(1);
    const settings = { ...world.gateway.settings, messageFailure: 'drop' as const };
    await replayAll(world);
    for (const task of world.tasks.take()) await runTask({ ...world.gateway, settings }, task);
    await world.pass(minute);
    expect(idsPosted(world)).toEqual(ids(1));
  });

  /** A closed hook that was refused, and then replayed with this answer. */
  const closedReplayed = async (status: number, body?: object) => {
    const world = timedGateway();
    const { socket } = await world.admit();
    world.app.answers = [answered(400), body === undefined ? answered(status) : acting(body)];
    await disconnect(world.gateway, socket, { code: 1001, reason: '' });
    expect(await lettersOf(world)).toHaveLength(1);
    world.clock.skipTo(world.clock.now() + 1);
    await replayAll(world);
    await world.pass(minute);
    expect(world.app.told.map(({ code }) => code)).toEqual(['1001', '1001']);
    expect(new Set(idsPosted(world))).toEqual(new Set([`closed_${socket}`]));
    return lettersOf(world);
  };

  test.for([204, 404, 405, 501])('and is a closed hook is done once it is answered %i', async (status) => {
    expect(await closedReplayed(status)).toEqual([]);
  });

  test('and is a closed hook is done once it is answered with actions that are not valid', async () => {
    expect(await closedReplayed(200, { reply: 'nobody' })).toEqual([]);
  });

  test('and is a closed hook that is refused again is a letter again', async () => {
    expect(await closedReplayed(410)).toHaveLength(1);
  });
});

test('the letter of a replay that fails at once is another than the one that was replayed', async () => {
  const { world } = await refused(1);
  const letter = await onlyLetter(world);
  if (letter === undefined) throw new Error('There is no letter.');
  for (const now of [letter.diedAt - 1, letter.diedAt, letter.diedAt + 1]) {
    const again = deadLetter(replayOf(letter, now), 'why', now);
    expect(again.id).toBe(letter.id);
    expect(again.diedAt).toBe(letter.diedAt + 1);
  }
});
