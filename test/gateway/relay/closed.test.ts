import { describe, expect, test } from 'vitest';
import { postToConnection } from '../../../functions/gateway/deliver/post-to-connection.ts';
import { closeSocket } from '../../../functions/gateway/end/close-socket.ts';
import { endSocket } from '../../../functions/gateway/end/end-socket.ts';
import { closed } from '../../../functions/gateway/relay/closed.ts';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { sweep } from '../../../functions/gateway/sweep/sweep.ts';
import { newSocket } from '../../fakes/a-record.ts';
import { acting, answered } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { sweepMinutes, work } from '../../fakes/sweep-minutes.ts';

const end = { code: 1001, reason: 'Going away' };

describe('an end that is found in many ways at once', () => {
  const ways = ['hung up', 'found gone', 'probed', 'too old', 'queued'] as const;
  // Whoever comes first is not to matter.
  test.for(ways.map((_, turn) => [...ways.slice(turn), ...ways.slice(0, turn)]))(
    'is told once: %o',
    async (order) => {
      const world = fakeGateway({ settings: { probeMinutes: 1 } });
      const { gateway, app, connections, clock, registry } = world;
      const record = await world.admit({ openedAt: clock.now() - 7_440_000 });
      await clock.advance(60_000);
      const { socket } = record;
      connections.script(socket, () => ({ kind: 'gone' }));
      connections.missing.add(socket);
      const finders = {
        'hung up': () => disconnect(gateway, socket, end),
        'found gone': () => postToConnection(gateway, record, 'hello'),
        probed: () => sweep({ ...gateway, policy: { ...gateway.policy, lifeMs: 1e9 } }, 0),
        'too old': () => sweep(gateway, 0),
        queued: () => runTask(gateway, { kind: 'closed', socket }),
      };
      await Promise.all([...order, ...order].map((way) => finders[way]()));
      await work(world);
      await sweepMinutes(world, 5);
      expect(app.told).toHaveLength(1);
      expect(await registry.get(socket)).toBeUndefined();
    },
  );

  test('is told with one webhook-id, however often it is tried', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    world.app.answers = Array.from({ length: 8 }, () => answered(503));
    await world.clock.until(disconnect(world.gateway, socket, end));
    await sweepMinutes(world, 30);
    expect(world.app.told).toHaveLength(9);
    const ids = world.app.requests.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids)).toEqual(new Set([`closed_${socket}`]));
  });
});

describe('a closed hook', () => {
  test('whose answer asks for deliveries has them queued before its record goes', async () => {
    const world = fakeGateway({ policy: { defersDeliveries: true } });
    const [ended, other] = [await world.admit(), await world.admit()];
    world.app.answers = [acting({ broadcast: [{ body: 'somebody left' }] })];
    const statuses: unknown[] = [];
    world.tasks.onQueue = async () => {
      statuses.push((await world.registry.get(ended.socket))?.status);
    };
    await disconnect(world.gateway, ended.socket, end);
    expect(statuses).toEqual(['closing']);
    await work(world);
    expect(world.connections.arrived).toEqual([{ socket: other.socket, body: 'somebody left' }]);
    expect(await world.registry.get(ended.socket)).toBeUndefined();
  });

  test('ends what is left of its connection, and is told even if that fails', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    world.connections.close = async () => {
      throw new Error('the network is down');
    };
    await endSocket(world.gateway, socket, end);
    await work(world);
    expect(world.app.told).toHaveLength(1);
    expect(world.log.of('close_failed')).toMatchObject([{ fields: { request: `closed_${socket}` } }]);
    expect(await world.registry.get(socket)).toBeUndefined();
  });

  test.for(['hung up', 'queued'])('that the app does not want is not posted (%s)', async (how) => {
    const world = fakeGateway({ settings: { hooks: new Set(['handshake']) } });
    const { socket } = await world.admit();
    if (how === 'hung up') await disconnect(world.gateway, socket, end);
    else await endSocket(world.gateway, socket, end);
    await work(world);
    expect(world.app.requests).toEqual([]);
    expect(await world.registry.get(socket)).toBeUndefined();
  });

  test.for([answered(400), answered(410), answered(404), acting({ replay: 'x' })])(
    'that is answered %o is done with',
    async (answer) => {
      const world = fakeGateway();
      const { socket } = await world.admit();
      world.app.answers = [answer];
      await disconnect(world.gateway, socket, end);
      await sweepMinutes(world, 5);
      expect(world.app.told).toHaveLength(1);
      expect(await world.registry.get(socket)).toBeUndefined();
    },
  );

  test('is not tried by a worker that has no time left, and stays to be tried by another', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    await endSocket(world.gateway, socket, end);
    await closed({ ...world.gateway, deadline: world.clock.monotonic() }, socket);
    expect(world.app.told).toEqual([]);
    await sweepMinutes(world, 3);
    expect(world.app.told).toHaveLength(1);
  });

  test('is told by the worker that comes when another has died before it', async () => {
    const world = fakeGateway();
    const { socket } = await world.admit();
    await world.registry.markEnded(socket, { ...end, time: world.clock.now() }, 60_000);
    await closed(world.gateway, socket);
    expect(world.app.told).toEqual([]);
    await sweepMinutes(world, 2);
    expect(world.app.told).toMatchObject([{ code: '1001' }]);
  });
});

describe('a connection that can’t be ended now', () => {
  /** A world in which it can't, and a socket in it. */
  async function unending() {
    const world = fakeGateway();
    world.connections.close = async () => {
      throw new Error('the network is down');
    };
    return { world, socket: (await world.admit()).socket };
  }

  test('keeps no app from closing its socket, nor that from being told', async () => {
    const { world, socket } = await unending();
    expect(await closeSocket(world.gateway, socket)).toBe('closed');
    expect(await closeSocket(world.gateway, socket)).toBe('gone');
    const fields = { request: `closed_${socket}`, why: 'Error: the network is down' };
    expect(world.log.of('close_failed')[0]).toMatchObject({ level: 'warn', fields });
    await work(world);
    expect(world.app.told).toMatchObject([{ from: socket, code: '1000' }]);
  });

  test('is no failure of the answer that asked for it', async () => {
    const { world, socket } = await unending();
    world.app.answers = [acting({ close: true })];
    await message(world.gateway, { socket, id: 'm1', body: 'x', time: world.clock.now() });
    expect(world.log.of('action_failed')).toEqual([]);
    expect(world.log.of('close_failed')).toMatchObject([{ fields: { request: `closed_${socket}` } }]);
  });

  test('though its socket is unknown is no fault of the message that came over it', async () => {
    const { world } = await unending();
    await message(world.gateway, { socket: newSocket(), id: 'm1', body: 'x', time: 7 });
    expect(world.app.requests).toEqual([]);
    expect(world.log.lines).toMatchObject([
      { level: 'warn', event: 'close_failed', fields: { request: 'message_m1' } },
    ]);
  });
});
