import { describe, expect, test } from 'vitest';
import { closed } from '../../../functions/gateway/relay/closed.ts';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { heldPause } from '../../../functions/gateway/relay/next-try.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import type { HookEvent } from '../../../functions/wire/hook.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { answered } from '../../fakes/fake-app.ts';
import { type FakeWorld, fakeGateway, type Given } from '../../fakes/fake-gateway.ts';

/** A gateway whose app has been away for some milliseconds. Its breaker holds hooks for the next `forMs`. */
async function away(forMs = 30_000, sinceMs = 3_600_000, given: Given = {}): Promise<FakeWorld> {
  const world = fakeGateway(given);
  const now = world.clock.now();
  const openedAt = now - sinceMs;
  const state = { version: 1, failures: 20, sockets: [], failingSince: openedAt, openedAt };
  await world.gateway.breaker.change({ ...state, heldUntil: now + forMs, probes: 8 });
  return world;
}

/** A client sends a message. */
async function send({ gateway, admit, clock }: FakeWorld, id = 'm') {
  const { socket } = await admit();
  await message(gateway, { socket, id, body: 'held', time: clock.now() });
  return socket;
}

describe('a message while the app is away', () => {
  test('is not posted and waits for the next probe, without an attempt that counts', async () => {
    const world = await away();
    await send(world);
    expect(world.app.requests, 'posts').toEqual([]);
    const since = world.clock.now();
    expect(world.tasks.delayed, 'three quarters of a quarter of an hour').toMatchObject([
      { kind: 'retry', tries: { since, attempts: 0, errors: 0 }, dueAt: since + 675_000 },
    ]);
    expect(world.log.lines).toMatchObject([
      {
        level: 'info',
        event: 'hook_held',
        fields: { request: 'message_m', attempt: 0, pause: 675_000, age: 0 },
      },
    ]);
  });

  test('becomes a dead letter at the end of its hours, and not before', async () => {
    const world = await away(30_000, 1_000);
    await send(world);
    const since = world.clock.now();
    const windowMs = world.gateway.settings.messageRetryMs;
    const look = async (at: number) => {
      const [task] = world.tasks.delayed.splice(0);
      if (task?.kind !== 'retry') throw new Error('No retry is queued.');
      world.clock.skipTo(at);
      await world.gateway.breaker.change({ ...(await held(world)), heldUntil: at + 30_000 });
      await runTask(world.gateway, { ...task, dueAt: at });
    };
    await look(since + windowMs - 1);
    expect(world.tasks.delayed, 'the last look is at the very end').toMatchObject([
      { dueAt: since + windowMs },
    ]);
    await look(since + windowMs);
    expect(world.tasks.delayed, 'what waits').toEqual([]);
    const letters = await world.gateway.deadLetters.list(10, undefined, true);
    expect(letters?.deadLetters).toMatchObject([{ attempts: 0, why: 'the app is away' }]);
    expect(world.app.requests, 'posts').toEqual([]);
  });

  test('probes when the pause is over, and its answer lets the next one through', async () => {
    const world = await away(0);
    await send(world, 'first');
    await send(world, 'second');
    expect(world.app.hooks.map(({ event }) => event)).toEqual(['message', 'message']);
    expect(world.log.lines).toMatchObject([
      { event: 'breaker_closed', fields: { seconds: 3_600, probes: 9 } },
    ]);
  });

  test.for([
    ['drop', 'open'],
    ['close', 'closing'],
  ] as const)(
    'is lost at once with MESSAGE_FAILURE=%s, and its socket is %s',
    async ([messageFailure, status]) => {
      const world = await away(30_000, 1_000, { settings: { messageFailure } });
      const socket = await send(world);
      expect(world.app.requests, 'posts').toEqual([]);
      expect(world.clock.slept, 'pauses').toEqual([]);
      expect(world.log.of('hook_lost')).toHaveLength(1);
      expect(world.gateway.breaker.held, 'what breaker_closed will say').toMatchObject({ dead: 0, lost: 1 });
      expect(await world.registry.get(socket)).toMatchObject({ status });
    },
  );
});

describe('a message that waited behind one that is held', () => {
  test('is held no longer than from when it came', async () => {
    const world = await away();
    const { socket } = await world.admit();
    const time = world.clock.now() - 3_600_000;
    await message(world.gateway, { socket, id: 'm', body: 'behind', time });
    expect(world.tasks.delayed).toMatchObject([{ tries: { since: time, attempts: 0 } }]);
  });

  test('has at least an hour where none waits behind it, since its queue may have kept it for longer', async () => {
    const world = await away();
    const { socket } = await world.admit();
    const now = world.clock.now();
    const hourLeft = now - world.gateway.settings.messageRetryMs + 3_600_000;
    for (const time of [hourLeft - 1, hourLeft, hourLeft + 1])
      await message(world.gateway, { socket, id: `m${time}`, body: 'behind', time });
    const since = world.tasks.delayed.map((task) => task.kind === 'retry' && task.tries.since);
    expect(since).toEqual([hourLeft, hourLeft, hourLeft + 1]);
  });
});

describe('a line of messages whose hours are over when the gateway starts', () => {
  /** What is posted and waits, dies or is held of three of them, so long after the start. */
  const tried = async (world: FakeWorld, upMs: number) => {
    const { socket } = await world.admit();
    const now = world.clock.now();
    const policy = { ...world.gateway.policy, keepsOrder: true };
    const time = now - world.gateway.settings.messageRetryMs - 1;
    for (const id of ['one', 'two', 'three'])
      await message(
        { ...world.gateway, policy, startedAt: world.clock.monotonic() - upMs },
        { socket, id, body: 'behind', time, hasWaited: true },
      );
    return {
      pauses: world.tasks.delayed.map((task) => task.kind === 'retry' && task.dueAt - now),
      dead: world.log.of('hook_dead').length,
    };
  };
  const asking = (seconds: number) => {
    const world = fakeGateway();
    for (let at = 0; at < 3; at++) world.app.answers.push(answered(429, { retryAfter: String(seconds) }));
    return world;
  };
  const windowMs = 21_600_000;

  test('waits for as long as the app asks', async () => {
    expect(await tried(asking(7_200), 1_000)).toEqual({ pauses: [7_200_000, 7_200_000, 7_200_000], dead: 0 });
  });

  test('is tried once more six hours after the start if the app asks for more', async () => {
    const left = windowMs - 1_000;
    expect(await tried(asking(86_400), 1_000)).toEqual({ pauses: [left, left, left], dead: 0 });
  });

  test('waits for an app that is away at the start', async () => {
    expect((await tried(await away(), 1_000)).dead).toBe(0);
  });

  test.for([
    [windowMs - 1, 0],
    [windowMs, 3],
  ] as const)('is dead six hours after the start: after %d ms, %d are', async ([upMs, dead]) => {
    expect((await tried(asking(120), upMs)).dead, 'where the app asks for a pause').toBe(dead);
    expect((await tried(await away(), upMs)).dead, 'where it is away').toBe(dead);
  });
});

describe('a message that is tried for the first time', () => {
  const tried = async (ago: number, waited: { readonly hasWaited?: true }) => {
    const world = fakeGateway();
    world.app.answers.push({ kind: 'timeout' });
    const { socket } = await world.admit();
    const now = world.clock.now();
    await message(world.gateway, { socket, id: 'm', body: 'behind', time: now - ago, ...waited });
    const [task] = world.tasks.delayed;
    if (task?.kind !== 'retry') throw new Error('No retry is queued.');
    return (now - task.tries.since) / 60_000;
  };

  test('has all of its hours from then on if it waited for its turn alone', async () => {
    expect(await tried(3_600_000, {}), 'minutes that are over').toBe(0);
  });

  test('has what is left of its hours since it came if it waited behind a hook that failed', async () => {
    expect(await tried(3_600_000, { hasWaited: true }), 'minutes that are over').toBe(60);
    expect(await tried(36_000_000, { hasWaited: true }), 'minutes that are over, of 360').toBe(300);
    expect(await tried(-3_600_000, { hasWaited: true }), 'after a clock was set back').toBe(0);
  });
});

describe('the log', () => {
  test.for([
    ['has one line for a hook that is held, where looks are free', false, 1],
    ['has one line for each look, where alarms count them', true, 10],
  ] as const)('%s', async ([, looksCost, lines]) => {
    const world = await away();
    const gateway = { ...world.gateway, policy: { ...world.gateway.policy, looksCost } };
    await send({ ...world, gateway });
    for (let look = 2; look <= 10; look++) {
      const [task] = world.tasks.delayed.splice(0);
      if (task?.kind !== 'retry') throw new Error('No retry is queued.');
      await runTask(gateway, { ...task, dueAt: world.clock.now() });
    }
    expect(world.log.of('hook_held')).toHaveLength(lines);
    expect(gateway.breaker.held.hooks, 'looks').toBe(10);
  });

  test('has none for a closed hook that is held, where looks are free', async () => {
    const world = await away();
    const { socket } = await world.admit({ status: 'closing', end: { code: 1000, reason: '', time: 1 } });
    const policy = {
      ...world.gateway.policy,
      looksCost: false,
      closedRetryWindowMs: Number.POSITIVE_INFINITY,
    };
    await closed({ ...world.gateway, policy }, socket);
    expect(world.log.lines).toEqual([]);
    expect(world.gateway.breaker.held.hooks, 'looks').toBe(1);
  });
});

/** The state of the breaker, one version on. */
async function held({ gateway }: FakeWorld) {
  const state = await gateway.breaker.state();
  return { ...state, version: state.version + 1 };
}

describe('a closed hook while the app is away', () => {
  test('is postponed until the next probe and stays owed', async () => {
    const world = await away(30_000, 1_000);
    const { clock, registry, gateway, log, app } = world;
    const socket = newSocket();
    await world.admit({ socket, status: 'closing', end: { code: 1000, reason: '', time: clock.now() } });
    await closed(gateway, socket);
    expect(app.requests, 'posts').toEqual([]);
    expect(await registry.get(socket)).toMatchObject({ leaseUntil: clock.now() + 32_500 });
    expect(log.of('hook_postponed')).toMatchObject([{ fields: { pause: 32_500, why: 'the app is away' } }]);
  });

  test('has as many attempts after ten looks as before', async () => {
    const world = await away(30_000, 1_000);
    const { clock, registry, gateway } = world;
    const end = { code: 1000, reason: '', time: clock.now() };
    const { socket } = await world.admit({ status: 'closing', end, attempts: 2 });
    for (let look = 1; look <= 10; look++) {
      await closed(gateway, socket);
      await registry.postpone(socket, 'closing', 0);
    }
    expect(await registry.get(socket)).toMatchObject({ attempts: 2 });
  });

  test('is found by the sweep although it was never tried', async () => {
    const { gateway, registry, clock, admit, tasks } = await away(30_000, 1_000);
    const end = { code: 1000, reason: '', time: clock.now() };
    const { socket } = await admit({ status: 'closing', end });
    await closed(gateway, socket);
    expect(await registry.get(socket)).toMatchObject({ attempts: 0 });
    const policy = { ...gateway.policy, staleMs: Number.POSITIVE_INFINITY };
    await sweep({ ...gateway, policy }, 0);
    expect(tasks.queued, 'before its pause is over').toEqual([]);
    clock.skipTo(clock.now() + 60_000);
    await sweep({ ...gateway, policy }, 1);
    expect(tasks.queued, 'then').toEqual([{ kind: 'closed', socket }]);
  });

  test('is a dead letter at the end of its day', async () => {
    const world = await away(30_000, 1_000);
    const { clock, registry, gateway } = world;
    const socket = newSocket();
    const time = clock.now() - gateway.policy.closedRetryWindowMs;
    await world.admit({ socket, status: 'closing', end: { code: 1000, reason: '', time } });
    await closed(gateway, socket);
    expect(await registry.get(socket)).toBeUndefined();
    const letters = await gateway.deadLetters.list(10, undefined, false);
    expect(letters?.deadLetters).toMatchObject([{ why: 'the app is away' }]);
  });

  test('closes the breaker if it is the probe', async () => {
    const world = await away(0);
    const { clock, registry, gateway, app } = world;
    const socket = newSocket();
    await world.admit({ socket, status: 'closing', end: { code: 1000, reason: '', time: clock.now() } });
    await closed(gateway, socket);
    expect(app.told).toHaveLength(1);
    expect(await registry.get(socket)).toBeUndefined();
    expect((await gateway.breaker.state()).openedAt).toBe(0);
  });
});

describe('a client that connects while the app is away', () => {
  test.for([
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [30_000, '30'],
  ] as const)(
    'is refused with 503 and told to come back after %i ms as %s s, without a hook or a record',
    async ([forMs, seconds]) => {
      const { gateway, app, registry, log } = await away(forMs);
      const request = aConnectRequest();
      const detail = `The app does not answer. Try again in ${seconds} seconds.`;
      expect(await handshake(gateway, request)).toEqual({
        kind: 'refused',
        problem: { title: 'The app is away', status: 503, code: 'app_away', detail },
        headers: [['Retry-After', seconds]],
      });
      expect(app.requests, 'posts').toEqual([]);
      expect(await registry.get(request.socket)).toBeUndefined();
      expect(log.lines).toEqual([]);
      expect(gateway.breaker.held).toMatchObject({ hooks: 0, handshakes: 1 });
    },
  );

  test('is the probe when the pause is over, and is in if the app is back', async () => {
    const { gateway, app } = await away(0);
    expect(await handshake(gateway, aConnectRequest())).toMatchObject({ kind: 'accepted' });
    expect(app.requests).toHaveLength(1);
    expect((await gateway.breaker.state()).openedAt).toBe(0);
  });

  test('leaves no record if another hook became the probe just before', async () => {
    const world = await away(0);
    const { gateway, app, registry } = world;
    const request = aConnectRequest();
    const changing = { ...gateway.breaker, held: gateway.breaker.held };
    const breaker = { ...changing, state: () => gateway.breaker.state(), change: async () => false };
    expect(await handshake({ ...gateway, breaker }, request)).toMatchObject({
      problem: { code: 'app_away' },
      headers: [['Retry-After', '1']],
    });
    expect(app.requests, 'posts').toEqual([]);
    expect(await registry.get(request.socket)).toBeUndefined();
  });

  test('is let in without a hook if the app wants no handshakes', async () => {
    const hooks = new Set<HookEvent>(['message', 'closed']);
    const { gateway, app } = await away(30_000, 1_000, { settings: { hooks } });
    expect(await handshake(gateway, aConnectRequest())).toMatchObject({ kind: 'accepted' });
    expect(app.requests, 'posts').toEqual([]);
  });
});

describe('the wait of a held hook', () => {
  const looks = (looksCost: boolean, random: number, heldAfterMs = 3_600_000) =>
    heldPause({ retryAfter: 30_000, heldAfterMs }, { looksCost }, random);

  test('ends up to five seconds after the next probe where looks are free', () => {
    expect(looks(false, 0)).toBe(30_000);
    expect(looks(false, 0.999_999)).toBe(35_000);
  });

  test('is an eighth to a quarter of the outage where looks cost', () => {
    expect(looks(true, 0)).toBe(450_000);
    expect(looks(true, 0.999_999)).toBe(900_000);
  });

  test('never ends before the next probe', () => {
    expect(looks(true, 0, 60_000)).toBe(30_000);
  });

  test('makes about 25 looks in an outage of an hour where looks cost', () => {
    let [at, count] = [0, 0];
    for (; at < 3_600_000; count++) at += looks(true, 0.5, at);
    expect(count).toBeLessThanOrEqual(30);
    expect(count).toBeGreaterThan(10);
  });
});
