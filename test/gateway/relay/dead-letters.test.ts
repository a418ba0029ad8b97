import { describe, expect, test } from 'vitest';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { lettersOf, onlyLetter } from '../../fakes/letters.ts';

const end = { code: 1001, reason: 'Going away' };

const say = ({ gateway, clock }: Pick<FakeWorld, 'gateway' | 'clock'>, socket: SocketId, id = 'm1') =>
  clock.until(message(gateway, { socket, id, body: 'secret words', time: clock.now() }));

const bad = acting({ replay: 'x' });
const refusals: readonly [AppResponse, string, string][] = [
  ...[400, 401, 403, 410, 422].map((status): [AppResponse, string, string] => [
    answered(status),
    `the app answered ${status}`,
    'hook_refused',
  ]),
  ...[404, 405, 501].map((status): [AppResponse, string, string] => [
    answered(status),
    `the app answered ${status}`,
    'hook_refused',
  ]),
  [bad, 'the actions of the answer are not valid: "replay" is not a field here.', 'answer_invalid'],
];

describe('a message that the app does not want', () => {
  test.for(refusals)('is a dead letter at once, since it answers %o', async ([answer, why, event]) => {
    const world = fakeGateway();
    const { socket } = await world.admit({ user: 'alice', path: (await world.admit()).path });
    world.app.answers = [answer];
    await say(world, socket);
    const letter = await onlyLetter(world);
    expect(letter).toMatchObject({ attempts: 1, why, diedAt: world.clock.now() });
    expect(letter?.hook).toMatchObject({ event: 'message', socket, user: 'alice', body: 'secret words' });
    expect(world.app.requests).toHaveLength(1);
    expect([world.tasks.queued, world.tasks.delayed]).toEqual([[], []]);
    expect(world.log.lines.map((line) => line.event)).toEqual([event, 'hook_dead']);
    const about = { request: 'message_m1', hook: 'message', socket, path: letter?.hook.path, user: 'alice' };
    const fields = { ...about, why, attempts: 1, letter: letter?.id };
    expect(world.log.of('hook_dead')).toEqual([{ level: 'error', event: 'hook_dead', fields }]);
    expect(JSON.stringify(world.log.lines)).not.toContain('secret words');
    expect((await world.registry.get(socket))?.status, 'its socket').toBe('open');
  });

  test('is lost, and logged as such, only if there is no room for its letter', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    const deadLetters = { ...world.gateway.deadLetters, put: async () => 'full' as const };
    world.app.answers = [answered(400)];
    await say({ ...world, gateway: { ...world.gateway, deadLetters } }, socket);
    expect(world.log.of('hook_lost')).toMatchObject([
      { level: 'error', fields: { request: 'message_m1', why: expect.stringContaining('no room') } },
    ]);
    expect(world.log.of('hook_dead')).toEqual([]);
  });

  test('has a reason of at most 2,048 characters in its letter', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    for (const length of [2_048, 2_049]) {
      world.app.answers = [
        { kind: 'response', status: 503, contentType: '', retryAfter: '', body: '' },
        { kind: 'unreachable', why: `${'x'.repeat(2_047)}${'😀'.repeat(length - 2_047)}` },
      ];
      const gateway = { ...world.gateway, settings: { ...world.gateway.settings, messageRetryMs: 0 } };
      world.app.answers.shift();
      await say({ ...world, gateway }, socket, `m${length}`);
    }
    const reasons = (await lettersOf(world)).map(({ why }) => why);
    for (const why of reasons) expect([why.length, why.isWellFormed()]).toEqual([2_048, true]);
    expect(reasons).toHaveLength(2);
  });
});

describe('a message that fails while the queue is away', () => {
  const queueAway = (world: FakeWorld): void => {
    world.tasks.onQueue = () => {
      throw new Error('the queue is away');
    };
  };

  test('is a dead letter, since nothing else keeps it', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    queueAway(world);
    world.app.answers = [answered(503)];
    await say(world, socket);
    expect(await onlyLetter(world)).toMatchObject({ attempts: 1, why: 'the app answered 503' });
    const fields = { request: 'message_m1', why: 'Error: the queue is away' };
    expect(world.log.of('fault')).toMatchObject([{ level: 'error', fields }]);
  });

  test('is the caller’s fault if no letter can be kept either', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    queueAway(world);
    const put = async (): Promise<never> => {
      throw new Error('the table is away');
    };
    const gateway = { ...world.gateway, deadLetters: { ...world.gateway.deadLetters, put } };
    world.app.answers = [answered(503)];
    await expect(say({ ...world, gateway }, socket)).rejects.toThrow('the table is away');
  });
});

describe('a message that the app refuses while no letter can be kept', () => {
  const lettersAway = (world: FakeWorld): FakeWorld['gateway'] => {
    const put = async (): Promise<never> => {
      throw new Error('the table is away');
    };
    return { ...world.gateway, deadLetters: { ...world.gateway.deadLetters, put } };
  };

  test('waits in the queue for a minute, and is then posted again', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    world.app.answers = [answered(400)];
    await say({ ...world, gateway: lettersAway(world) }, socket);
    expect(world.tasks.delayed).toMatchObject([
      {
        ...{ kind: 'retry', socket, hook: { body: 'secret words' }, tries: { attempts: 1 } },
        dueAt: world.clock.now() + 60_000,
      },
    ]);
    expect([world.tasks.delayMs, world.log.of('hook_lost')]).toEqual([60_000, []]);
  });

  test('is the caller’s fault if it can’t be queued either', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    world.tasks.onQueue = () => {
      throw new Error('the queue is away');
    };
    world.app.answers = [answered(400)];
    const said = say({ ...world, gateway: lettersAway(world) }, socket);
    await expect(said).rejects.toThrow('the queue is away');
  });
});

describe('a closed hook', () => {
  test.for([400, 401, 410, 422])('that is refused with %i is a dead letter', async (status) => {
    const world = fakeGateway();
    const { socket } = await world.admit({ user: 'alice' });
    world.app.answers = [answered(status)];
    await disconnect(world.gateway, socket, end);
    const letter = await onlyLetter(world);
    expect(letter).toMatchObject({ attempts: 1, why: `the app answered ${status}` });
    expect(letter?.hook).toMatchObject({
      event: 'closed',
      id: `closed_${socket}`,
      code: '1001',
      user: 'alice',
    });
    expect(await world.registry.get(socket)).toBeUndefined();
  });

  test.for([answered(404), answered(405), answered(501), bad])(
    'that is answered %o was posted, and is no dead letter',
    async (answer) => {
      const world = fakeGateway();
      const { socket } = await world.admit();
      world.app.answers = [answer];
      await disconnect(world.gateway, socket, end);
      expect(await onlyLetter(world)).toBeUndefined();
      expect(await world.registry.get(socket)).toBeUndefined();
    },
  );

  test('keeps its record if its letter can’t be kept, and is tried again', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    const put = async (): Promise<never> => {
      throw new Error('the table is away');
    };
    const gateway = { ...world.gateway, deadLetters: { ...world.gateway.deadLetters, put } };
    world.app.answers = [answered(400)];
    await expect(disconnect(gateway, socket, end)).rejects.toThrow('the table is away');
    expect((await world.registry.get(socket))?.status).toBe('closing');
  });
});

describe('a message that fails where failures are not kept', () => {
  const failure = Array.from({ length: 9 }, () => answered(503));

  test.for(['drop', 'close'] as const)(
    'is tried three times within ten seconds, then lost, and that is logged (%s)',
    async (messageFailure) => {
      const world = fakeGateway({ settings: { messageFailure } });
      const { socket } = await world.admit();
      world.app.answers = [...failure];
      const begun = world.clock.now();
      await say(world, socket);
      expect(world.app.requests).toHaveLength(3);
      expect(world.clock.now() - begun).toBeLessThanOrEqual(10_000);
      expect(world.log.of('hook_lost')).toMatchObject([
        { level: 'error', fields: { request: 'message_m1', hook: 'message', why: 'the app answered 503' } },
      ]);
      expect(await onlyLetter(world)).toBeUndefined();
      expect(world.tasks.delayed).toEqual([]);
    },
  );

  test.for<['drop' | 'close', AppResponse[], string]>([
    ['drop', failure, 'open'],
    ['drop', [answered(400)], 'open'],
    ['drop', [answered(404)], 'open'],
    ['drop', [bad], 'open'],
    ['close', failure, 'closing'],
    ['close', [answered(400)], 'closing'],
    ['close', [answered(404)], 'closing'],
    ['close', [bad], 'closing'],
    ['close', [answered(503), answered(204)], 'open'],
    ['close', [], 'open'],
  ])(
    'leaves its socket as the setting says (%s, answers %o): %s',
    async ([messageFailure, answers, status]) => {
      const world = fakeGateway({ settings: { messageFailure } });
      const { socket } = await world.admit();
      world.app.answers = [...answers];
      await say(world, socket);
      expect((await world.registry.get(socket))?.status).toBe(status);
      expect(world.connections.ended).toEqual(status === 'closing' ? [socket] : []);
      expect(await onlyLetter(world)).toBeUndefined();
    },
  );

  test('runs the actions of the answer that it gets at last', async () => {
    const world = fakeGateway({ settings: { messageFailure: 'close' } });
    const { socket } = await world.admit();
    world.app.answers = [answered(503), { kind: 'timeout' }, acting({ reply: 'at last' })];
    await say(world, socket);
    expect(world.connections.of(socket)).toEqual(['at last']);
    expect(world.log.of('hook_lost')).toEqual([]);
  });
});
