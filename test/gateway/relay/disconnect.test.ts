import { describe, expect, test } from 'vitest';
import { deliver } from '../../../functions/gateway/deliver/deliver.ts';
import { closeSocket } from '../../../functions/gateway/end/close-socket.ts';
import { endSocket } from '../../../functions/gateway/end/end-socket.ts';
import { disconnect, disconnectInOrder } from '../../../functions/gateway/relay/disconnect.ts';
import { handshake } from '../../../functions/gateway/relay/handshake.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import type { AppResponse } from '../../../functions/wire/answer.ts';
import { hookEvents } from '../../../functions/wire/hook.ts';
import { aConnectRequest } from '../../fakes/a-connect-request.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { type FakeWorld, fakeGateway } from '../../fakes/fake-gateway.ts';
import { groupName } from '../../fakes/group-names.ts';
import { sweepMinutes, work } from '../../fakes/sweep-minutes.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

const end = { code: 1001, reason: 'Going away' };
/** A connection ends whose socket has no message waiting. */
const disconnectAtOnce: typeof disconnect = (gateway, socket, ending) =>
  disconnectInOrder(gateway, socket, ending)();
/** The ways in which an end reaches the gateway. */
const ways = {
  'by $disconnect': disconnect,
  'by its session': disconnectAtOnce,
  'by a post that finds it gone': endSocket,
};
const eachWay = Object.entries(ways).map(([how, tell]) => ({ how, tell }));

/** A handshake whose client goes while the app is being asked; a sweep may come by before the app answers. */
async function goneWhileAsked(
  world: FakeWorld,
  answer: AppResponse,
  leave: (socket: ReturnType<typeof newSocket>) => Promise<unknown>,
) {
  const { gateway, app, clock } = world;
  const request = aConnectRequest();
  app.answers = [answer];
  app.onPost = async () => {
    app.onPost = () => {};
    await leave(request.socket);
  };
  const admission = await clock.until(handshake(gateway, request));
  return { admission, socket: request.socket };
}

describe('a client that goes', () => {
  test('is told of at once, in one write before the hook and one after', async () => {
    const { gateway, app, registry, tasks, admit } = fakeGateway();
    const { socket } = await admit({ user: 'alice', state: 's' });
    await disconnect(gateway, socket, end);
    expect(app.told).toMatchObject([{ from: socket, code: '1001', reason: 'Going away', user: 'alice' }]);
    expect(await registry.get(socket)).toBeUndefined();
    expect(tasks.queued).toEqual([]);
  });

  test('twice, or was never known, does no harm', async () => {
    const { gateway, app, admit } = fakeGateway();
    const { socket } = await admit();
    await Promise.all([disconnect(gateway, socket, end), disconnect(gateway, socket, end)]);
    await disconnect(gateway, socket, end);
    await disconnect(gateway, newSocket(), end);
    expect(app.told).toHaveLength(1);
  });

  test('while its hook is being posted is nobody else’s to tell', async () => {
    const world = fakeGateway();
    const { gateway, app, tasks, clock } = world;
    const { socket } = await world.admit();
    app.onPost = async () => {
      app.onPost = () => {};
      await tasks.enqueue({ kind: 'closed', socket });
      await clock.advance(59_999);
      await sweep(gateway, 0);
      await work(world);
    };
    await disconnect(gateway, socket, end);
    expect(app.told).toHaveLength(1);
  });
});

describe('a client that goes, and whose messages still wait', () => {
  test('is not found by a send any more, and is told of when its turn comes, however late', async () => {
    const { gateway, app, registry, tasks, clock, admit } = fakeGateway();
    const { socket } = await admit({ user: 'alice', state: 's' });
    const postClosed = disconnectInOrder(gateway, socket, end);
    expect(await deliver(gateway, socket, 'hello')).toBe('gone');
    await clock.advance(gateway.policy.leaseMs + 1);
    expect(app.told).toEqual([]);
    expect(await registry.get(socket)).toMatchObject({ status: 'closing', leaseUntil: 0, attempts: 0 });
    await postClosed();
    expect(app.told).toMatchObject([{ from: socket, code: '1001', reason: 'Going away', user: 'alice' }]);
    expect(await registry.get(socket)).toBeUndefined();
    expect(tasks.queued).toEqual([]);
  });

  test('is told of under a lease, so that nobody else tells of it meanwhile', async () => {
    const world = fakeGateway();
    const { gateway, app, tasks } = world;
    const { socket } = await world.admit();
    app.onPost = async () => {
      app.onPost = () => {};
      await tasks.enqueue({ kind: 'closed', socket });
      await work(world);
    };
    await disconnectInOrder(gateway, socket, end)();
    expect(app.told).toHaveLength(1);
  });

  test('is told of once if the app has closed it before', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    await closeSocket(world.gateway, socket);
    const postClosed = disconnectInOrder(world.gateway, socket, end);
    await work(world);
    await postClosed();
    expect(world.app.told).toMatchObject([{ from: socket, code: '1000' }]);
  });

  test('has left its groups at once, even if the app has closed it before', async () => {
    for (const isClosedBefore of [false, true]) {
      const { gateway, tasks, admit } = fakeGateway({ settings: { hooks: new Set(hookEvents) } });
      const { socket } = await admit({ user: 'alice', groups: [groupName('lobby')] });
      if (isClosedBefore) await closeSocket(gateway, socket);
      disconnectInOrder(gateway, socket, end);
      await new Promise((resolve) => setImmediate(resolve));
      expect(tasks.delayed, `looks, closed before: ${isClosedBefore}`).toMatchObject([
        { kind: 'presence', group: 'lobby', subject: 'u:alice' },
      ]);
    }
  });

  test('leaves a fault of the registry to the one who tells of it', async () => {
    const { gateway } = fakeGateway({
      registry: (memory) =>
        new WatchedRegistry(memory, () => {
          throw new Error('the table is away');
        }),
    });
    const postClosed = disconnectInOrder(gateway, newSocket(), end);
    // An unhandled rejection would have shown by now.
    await new Promise((resolve) => setImmediate(resolve));
    await expect(postClosed()).rejects.toThrow('the table is away');
  });
});

describe.for(eachWay)('a client that goes while the app is being asked, told $how', ({ tell }) => {
  test('is told of once after the app has accepted, with the code of that end', async () => {
    const world = fakeGateway();
    const { admission, socket } = await goneWhileAsked(world, answered(204), async (one) => {
      await tell(world.gateway, one, end);
      await work(world);
      expect(world.app.told).toEqual([]);
    });
    expect(admission).toMatchObject({ kind: 'refused', problem: { code: 'closed_by_app' } });
    await work(world);
    expect(world.app.told).toMatchObject([{ from: socket, code: '1001', reason: 'Going away' }]);
    await sweepMinutes(world, 5);
    expect(world.app.told).toHaveLength(1);
    expect(await world.registry.get(socket)).toBeUndefined();
  });

  test('is never told of if the app refuses, and leaves no trace', async () => {
    const world = fakeGateway();
    const { socket } = await goneWhileAsked(world, answered(403), (one) => tell(world.gateway, one, end));
    await sweepMinutes(world, 5);
    expect(world.app.told).toEqual([]);
    expect(await world.registry.get(socket)).toBeUndefined();
  });

  test.for([answered(204), answered(403)])(
    'is not told of by a sweep that comes by before the app answers %o',
    async (answer) => {
      const world = fakeGateway({ policy: { staleMs: 90_000, leaseMs: 90_000 } });
      await goneWhileAsked(world, answer, async (one) => {
        await tell(world.gateway, one, end);
        await sweepMinutes(world, 1);
        expect(world.app.told).toEqual([]);
      });
      await sweepMinutes(world, 5);
      expect(world.app.told).toHaveLength(answer.kind === 'response' && answer.status === 204 ? 1 : 0);
    },
  );

  test.for([{ kind: 'timeout' } as const, answered(503), acting({ replay: 'x' })])(
    'is told of once, with the code of that end, if nobody knows what the app decided: %o',
    async (answer) => {
      const world = fakeGateway();
      const { socket } = await goneWhileAsked(world, answer, (one) => tell(world.gateway, one, end));
      await sweepMinutes(world, 5);
      expect(world.app.told).toMatchObject([{ from: socket, code: '1001' }]);
    },
  );

  test('is told of with the user and the state that the app gave it', async () => {
    const world = fakeGateway();
    const admitted = acting({ user: 'alice', state: 's' });
    await goneWhileAsked(world, admitted, (one) => tell(world.gateway, one, end));
    await sweepMinutes(world, 5);
    expect(world.app.told).toMatchObject([{ user: 'alice', state: 's' }]);
  });
});
