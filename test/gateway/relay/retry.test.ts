import { describe, expect, test } from 'vitest';
import { message } from '../../../functions/gateway/relay/message.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { lettersOf, onlyLetter } from '../../fakes/letters.ts';
import { awayUntil, type TimedWorld, timedGateway } from '../../fakes/pass-time.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

const say = ({ gateway, clock }: TimedWorld, socket: SocketId, id = 'm1') =>
  message(gateway, { socket, id, body: `body of ${id}`, time: clock.now() });

/** A world, and a socket that is open in it. */
async function opened(given: Parameters<typeof timedGateway>[0] = {}) {
  const world = timedGateway(given);
  const { socket } = await world.admit({ user: 'alice' });
  return { world, socket, at: world.clock.now() };
}

/** Sockets whose messages the app never answers in time. */
async function slowFor(world: TimedWorld, count: number) {
  const { tries } = awayUntil(world, Number.POSITIVE_INFINITY);
  const records = await Promise.all(Array.from({ length: count }, () => world.admit()));
  return { sockets: records.map(({ socket }) => socket), tries };
}

const bodiesOf = ({ app }: TimedWorld): string[] => app.hooks.map(({ body = '' }) => body);

test('a healthy app that never answers the messages of five clients keeps its breaker closed', async () => {
  const world = timedGateway();
  const { sockets, tries } = await slowFor(world, 5);
  await Promise.all(sockets.map((socket, at) => say(world, socket, `slow${at}`)));
  await world.pass(7 * hour);
  expect(tries.length, 'attempts').toBeGreaterThan(60);
  expect(world.log.of('breaker_opened')).toEqual([]);
});

test.for(['drop', 'close'] as const)(
  'a hook that is tried three times at once is one failure to the breaker (MESSAGE_FAILURE=%s)',
  async (messageFailure) => {
    const world = timedGateway({ settings: { messageFailure } });
    const { sockets } = await slowFor(world, 19);
    for (const [at, socket] of sockets.entries()) await world.clock.until(say(world, socket, `slow${at}`));
    const { failures, openedAt } = await world.gateway.breaker.state();
    expect([failures, openedAt]).toEqual([19, 0]);
  },
);

test('closed hooks that were postponed are no failures of the breaker when they are tried again', async () => {
  const world = timedGateway();
  awayUntil(world, Number.POSITIVE_INFINITY);
  const end = { code: 1000, reason: '', time: world.clock.now() };
  for (const attempts of [0, 1, 2]) {
    const { socket } = await world.admit({ status: 'closing', end, attempts });
    await world.clock.until(runTask(world.gateway, { kind: 'closed', socket }));
  }
  expect((await world.gateway.breaker.state()).failures, 'of three hooks').toBe(1);
});

test.for([
  ['the app is away', { kind: 'timeout' }, 'away'],
  ['the app asked for a pause', answered(503, { retryAfter: '3600' }), undefined],
  ['the app is broken', answered(500), undefined],
] as const)('a hook that waits since %s goes on when the app is back: %s', async ([, response, expected]) => {
  const { gateway, app, admit, tasks, clock } = fakeGateway();
  app.answers.push(response);
  const { socket } = await admit();
  await message(gateway, { socket, id: 'm', body: '', time: clock.now() });
  expect(tasks.delayed).toMatchObject([{ kind: 'retry', dueAt: expect.any(Number) }]);
  expect(tasks.delayed.map((task) => task.kind === 'retry' && task.waiting)).toEqual([expected]);
});

describe('a message whose app is away', () => {
  test.for([0, 0.37, 0.999])(
    'for an hour arrives like 1,000 others, each once and with its own id (chance %d)',
    async (chance) => {
      const world = timedGateway();
      world.clock.chance = chance;
      const back = world.clock.now() + hour;
      const { accepted } = awayUntil(world, back);
      const sockets = await Promise.all(Array.from({ length: 10 }, () => world.admit()));
      for (let at = 0; at < 1_000; at++) {
        const { socket } = sockets[at % 10] ?? (await world.admit());
        await say(world, socket, `m${at}`);
        await world.pass(3_600);
      }
      await world.pass(hour);
      const ids = Array.from({ length: 1_000 }, (_, at) => `message_m${at}`);
      expect([...accepted].sort()).toEqual([...ids].sort());
      expect(bodiesOf(world).sort()).toEqual(ids.map((id) => `body of ${id.slice(8)}`).sort());
      expect(await lettersOf(world)).toEqual([]);
      expect(world.tasks.size).toBe(0);
    },
  );

  test.for([0, 0.5, 1])('is tried at growing times for six hours (chance %d)', async (chance) => {
    const { world, socket, at } = await opened();
    world.clock.chance = chance;
    const { tries } = awayUntil(world, Number.POSITIVE_INFINITY);
    await say(world, socket);
    await world.pass(7 * hour);
    const pauses = tries.slice(1).map((time, index) => time - (tries[index] ?? 0));
    for (const [index, pause] of pauses.slice(0, -1).entries()) {
      const whole = Math.min(hour, second * 2 ** index);
      expect(pause, `pause ${index}`).toBeGreaterThanOrEqual(whole / 2);
      expect(pause, `pause ${index}`).toBeLessThanOrEqual(whole);
    }
    expect(pauses.length).toBeGreaterThan(14);
    expect(pauses.length).toBeLessThan(24);
    expect((tries.at(-1) ?? 0) - at, 'the last attempt').toBe(6 * hour);
    expect(world.log.of('hook_retried')).toHaveLength(tries.length - 1);
    const letter = await onlyLetter(world);
    expect(letter).toMatchObject({ attempts: tries.length, why: 'ECONNREFUSED', diedAt: at + 6 * hour });
    expect(letter?.hook).toMatchObject({ event: 'message', id: 'message_m1', socket, body: 'body of m1' });
    expect(world.log.of('hook_dead')).toMatchObject([
      { level: 'error', fields: { request: 'message_m1', hook: 'message', letter: letter?.id } },
    ]);
    expect(JSON.stringify(world.log.lines)).not.toContain('body of m1');
  });

  test.for([
    { down: 6 * hour, letters: 0 },
    { down: 6 * hour + 1, letters: 1 },
  ])('for $down ms ends with $letters dead letters', async ({ down, letters }) => {
    const { world, socket, at } = await opened();
    const { accepted } = awayUntil(world, at + down);
    await say(world, socket);
    await world.pass(7 * hour);
    expect(accepted).toHaveLength(1 - letters);
    expect(await lettersOf(world)).toHaveLength(letters);
  });

  test.for([
    { minutes: 1, down: minute, letters: 0 },
    { minutes: 1, down: minute + 1, letters: 1 },
    { minutes: 2_880, down: 48 * hour, letters: 0 },
    { minutes: 2_880, down: 48 * hour + 1, letters: 1 },
  ])(
    'for $down ms ends with $letters dead letters if it is retried for $minutes minutes',
    async ({ minutes, down, letters }) => {
      const { world, socket, at } = await opened({ settings: { messageRetryMs: minutes * minute } });
      awayUntil(world, at + down);
      await say(world, socket);
      await world.pass(50 * hour);
      expect(await lettersOf(world)).toHaveLength(letters);
      expect(world.app.requests).toHaveLength(1 - letters);
    },
  );

  test.for<[string, AppResponse]>([
    ['does not answer', { kind: 'timeout' }],
    ['can’t be reached', { kind: 'unreachable', why: 'ECONNREFUSED' }],
    ['answers what is not HTTP', { kind: 'broken', why: 'Parse Error' }],
    ...[408, 425, 429, 502, 503, 504].map((status): [string, AppResponse] => [
      `answers ${status}`,
      answered(status),
    ]),
  ])('as it %s is tried more than five times', async ([, answer]) => {
    const { world, socket, at } = await opened();
    const { tries, accepted } = awayUntil(world, at + 30 * minute, () => answer);
    await say(world, socket);
    await world.pass(2 * hour);
    expect(tries.length).toBeGreaterThan(8);
    expect(accepted).toHaveLength(1);
    expect(await onlyLetter(world)).toBeUndefined();
  });

  test('is posted again as it was, with the same id and a new signature', async () => {
    const { world, socket } = await opened();
    world.clock.chance = 1;
    const requests: (typeof world.app.requests)[number][] = [];
    world.app.post = async (request) => {
      requests.push(request);
      return requests.length < 4 ? answered(503) : answered(204);
    };
    await say(world, socket);
    await world.registry.setState(socket, 'new');
    await world.pass(minute);
    expect(requests).toHaveLength(4);
    expect(new Set(requests.map(({ body }) => body)).size).toBe(1);
    expect(new Set(requests.map(({ url }) => url)).size).toBe(1);
    const headers = (name: string) => new Set(requests.map((request) => request.headers[name])).size;
    expect([headers('webhook-id'), headers('webhook-timestamp'), headers('webhook-signature')]).toEqual([
      1, 4, 4,
    ]);
  });

  test.for<[string, number]>([
    ['7', 7 * second],
    ['5400', 90 * minute],
    ['Mon, 24 Nov 2025 16:04:00 GMT', 4 * minute],
    ['999999999', 6 * hour],
  ])('with Retry-After %j is left alone for %d ms', async ([retryAfter, pause]) => {
    const { world, socket, at } = await opened();
    expect(new Date(at).toUTCString(), 'the clock').toBe('Mon, 24 Nov 2025 16:00:00 GMT');
    const { tries } = awayUntil(world, at + 1, () => answered(503, { retryAfter }));
    await say(world, socket);
    await world.pass(7 * hour);
    expect(tries.map((time) => time - at)).toEqual([0, pause]);
  });

  test('arrives even if its socket has ended since', async () => {
    const { world, socket, at } = await opened();
    const { accepted } = awayUntil(world, at + minute);
    await say(world, socket);
    await world.registry.remove(socket);
    world.app.answers = [acting({ reply: 'too late' })];
    await world.pass(hour);
    expect(accepted).toEqual(['message_m1']);
    expect(world.connections.arrived).toEqual([]);
  });

  test('has the actions of its answer done, when there is one', async () => {
    const { world, socket, at } = await opened();
    awayUntil(world, at + minute);
    world.app.answers = [acting({ reply: 'late', state: 's', join: ['g'], broadcast: [{ body: 'all' }] })];
    await say(world, socket);
    await world.pass(hour);
    expect(world.connections.of(socket)).toEqual(['late', 'all']);
    expect(await world.registry.get(socket)).toMatchObject({ state: 's', groups: ['g'] });
  });

  test('is not posted by a queue that delivers its task too early', async () => {
    const { world, socket, at } = await opened();
    awayUntil(world, at + minute);
    await say(world, socket);
    const dueAt = world.tasks.nextDue;
    world.clock.skipTo(dueAt);
    const [task] = world.tasks.take();
    world.clock.set(-400);
    if (task !== undefined) await runTask(world.gateway, task);
    expect(world.app.requests).toEqual([]);
    expect(world.tasks.nextDue).toBe(dueAt);
  });

  test.for<[string, number, number]>([
    ['as much as its retries may take', 6 * hour, 6 * hour],
    ['more than that', 6 * hour + 1, 6 * hour],
    ['a year', 365 * 24 * hour, 6 * hour],
  ])('waits no longer than its retries may take, if the clock says that it is early by %s', async (row) => {
    const [, early, pause] = row;
    const { world, socket } = await opened();
    world.app.answers = [answered(503)];
    await say(world, socket);
    world.clock.skipTo(world.tasks.nextDue);
    const [task] = world.tasks.take();
    world.clock.set(-early);
    if (task !== undefined) await runTask(world.gateway, task);
    expect(world.tasks.nextDue - world.clock.now()).toBe(pause);
    await world.pass(pause);
    expect(bodiesOf(world)).toEqual(['body of m1', 'body of m1']);
  });
});

describe('a message that an app answers with errors', () => {
  test.for([500, 505, 302])(
    'is tried five times within a minute, then is a dead letter (%i)',
    async (status) => {
      const { world, socket, at } = await opened();
      world.clock.chance = 1;
      const { tries } = awayUntil(world, Number.POSITIVE_INFINITY, () => answered(status));
      await say(world, socket);
      await world.pass(hour);
      expect(tries).toHaveLength(5);
      expect((tries.at(-1) ?? 0) - at).toBeLessThanOrEqual(minute);
      expect(await onlyLetter(world)).toMatchObject({ attempts: 5, why: `the app answered ${status}` });
    },
  );

  test('holds up no other message of its socket', async () => {
    const { world, socket } = await opened();
    world.app.answers = [answered(500)];
    await say(world, socket, 'bad');
    await say(world, socket, 'good');
    expect(bodiesOf(world)).toEqual(['body of bad', 'body of good']);
  });

  test('four times, and is then accepted, is no dead letter', async () => {
    const { world, socket } = await opened();
    world.app.answers = Array.from({ length: 4 }, () => answered(500));
    await say(world, socket);
    await world.pass(minute);
    expect(world.app.requests).toHaveLength(5);
    expect(await onlyLetter(world)).toBeUndefined();
  });
});

describe('a message that can’t be signed, since the secret can’t be read,', () => {
  test('is tried again until it can', async () => {
    const { world, socket } = await opened();
    let isAway = true;
    const { secrets } = world.gateway;
    const signingKeys = () => {
      if (isAway) throw new Error('the secret is away');
      return secrets.signingKeys();
    };
    const gateway = { ...world.gateway, secrets: { ...secrets, signingKeys } };
    const run = async () => {
      world.clock.skipTo(world.tasks.nextDue);
      for (const task of world.tasks.take()) await runTask(gateway, task);
    };
    await message(gateway, { socket, id: 'm1', body: 'hello', time: world.clock.now() });
    for (let round = 0; round < 8; round++) await run();
    expect(world.app.requests).toEqual([]);
    expect(world.log.of('fault')).toHaveLength(9);
    isAway = false;
    await run();
    expect(bodiesOf(world)).toEqual(['hello']);
    expect(await onlyLetter(world)).toBeUndefined();
  });
});
