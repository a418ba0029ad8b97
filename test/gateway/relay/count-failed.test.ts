import { describe, expect, test } from 'vitest';
import { message } from '../../../functions/gateway/relay/message.ts';
import { retry } from '../../../functions/gateway/relay/retry.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import { limits } from '../../../functions/wire/limits.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { answered } from '../../fakes/fake-app.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { lettersOf } from '../../fakes/letters.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

/** What every message takes besides its text. */
const overhead = 256;
const text = 'naïve';
const size = Buffer.byteLength(text) + overhead;

/** A socket whose failed messages leave this many bytes of their room. */
async function withRoom(world: FakeWorld, bytes: number): Promise<SocketId> {
  const { socket } = await world.admit();
  await world.registry.countFailed(socket, limits.failedBytes - bytes);
  return socket;
}

function sent({ gateway }: FakeWorld, socket: SocketId, id = 'm1') {
  return message(gateway, { socket, id, body: text, time: 7 });
}

/** The kinds of the tasks that were queued, those with a delay first. */
function queued({ tasks }: FakeWorld): string[] {
  return [...tasks.delayed, ...tasks.queued].map(({ kind }) => kind);
}

/** How the app fails, and whether the hook is tried again or is a dead letter at once. */
const failures: Readonly<Record<string, readonly [AppResponse, 'retry' | 'letter']>> = {
  'is away': [answered(503), 'retry'],
  'is broken': [answered(500), 'retry'],
  'refuses it': [answered(400), 'letter'],
  'does not want it': [answered(404), 'letter'],
};

describe('a message that fails', () => {
  test.for(Object.entries(failures))(
    'because the app %s is kept, and the last that fits leaves its socket open',
    async ([, [answer, kept]]) => {
      const world = fakeGateway();
      world.app.answers = [answer];
      const socket = await withRoom(world, size);
      await sent(world, socket);
      expect((await world.registry.get(socket))?.status).toBe('open');
      expect(world.connections.ended).toEqual([]);
      expect(queued(world)).toEqual(kept === 'retry' ? ['retry'] : []);
      expect(await lettersOf(world)).toHaveLength(kept === 'letter' ? 1 : 0);
    },
  );

  test.for(Object.entries(failures))(
    'because the app %s is kept although it does not fit, and its socket is closed with 1013',
    async ([, [answer, kept]]) => {
      const world = fakeGateway();
      world.app.answers = [answer];
      const socket = await withRoom(world, size - 1);
      await sent(world, socket);
      expect(await world.registry.get(socket)).toMatchObject({
        status: 'closing',
        end: { code: 1013, reason: 'Try again later' },
      });
      expect([world.connections.ended, world.connections.codes]).toEqual([[socket], [1013]]);
      expect(queued(world)).toEqual(kept === 'retry' ? ['retry', 'closed'] : ['closed']);
      expect(await lettersOf(world)).toHaveLength(kept === 'letter' ? 1 : 0);
      expect(world.log.of('socket_overloaded').map(({ fields }) => fields['socket'])).toEqual([socket]);
    },
  );

  test('and one more on its way when the socket is closed are both kept', async () => {
    const world = fakeGateway();
    world.app.answers = [answered(503), answered(503)];
    const socket = await withRoom(world, 0);
    await sent(world, socket, 'm1');
    await sent(world, socket, 'm2');
    expect(queued(world)).toEqual(['retry', 'retry', 'closed']);
    expect(world.connections.ended).toHaveLength(1);
  });

  test('is kept even if it can’t be counted', async () => {
    const world = fakeGateway({
      registry: (memory) =>
        new WatchedRegistry(memory, (call) => {
          if (call === 'countFailed') throw new Error('DynamoDB is away.');
        }),
    });
    world.app.answers = [answered(503)];
    const { socket } = await world.admit();
    await sent(world, socket);
    expect(queued(world)).toEqual(['retry']);
    expect(world.log.of('fault').map(({ fields }) => fields['request'])).toEqual(['message_m1']);
  });

  test('is counted once, however often it is tried again', async () => {
    const calls: string[] = [];
    const world = fakeGateway({
      registry: (memory) => new WatchedRegistry(memory, (call) => void calls.push(call)),
    });
    world.app.answers = [answered(503), answered(503), answered(400)];
    const { socket } = await world.admit();
    await sent(world, socket);
    for (const attempt of [0, 1]) {
      const task = world.tasks.delayed[attempt];
      if (task?.kind !== 'retry') throw new Error('It is not tried again.');
      await world.clock.advance(60_000);
      await retry(world.gateway, task);
    }
    expect(await lettersOf(world)).toHaveLength(1);
    expect(calls.filter((call) => call === 'countFailed')).toHaveLength(1);
  });
});

test.for(['close', 'drop'] as const)(
  'where a message that fails is lost by %s, it is not counted',
  async (policy) => {
    const calls: string[] = [];
    const world = fakeGateway({
      settings: { messageFailure: policy },
      policy: { retry: { attempts: 1, withinMs: 0 } },
      registry: (memory) => new WatchedRegistry(memory, (call) => void calls.push(call)),
    });
    world.app.answers = [answered(503)];
    const { socket } = await world.admit();
    await sent(world, socket);
    expect(calls).not.toContain('countFailed');
  },
);
