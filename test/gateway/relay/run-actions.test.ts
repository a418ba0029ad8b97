import { describe, expect, test } from 'vitest';
import { endSocket } from '../../../functions/gateway/end/end-socket.ts';
import { disconnect } from '../../../functions/gateway/relay/disconnect.ts';
import { message } from '../../../functions/gateway/relay/message.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { closeCodes } from '../../../functions/wire/close-codes.ts';
import { parseSocketId } from '../../../functions/wire/socket-id.ts';
import { acting } from '../../fakes/fake-app.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { work } from '../../fakes/sweep-minutes.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

const deferring = { policy: { defersDeliveries: true } };

/** A message of a socket, with an answer that asks for this. */
async function answeredWith(world: ReturnType<typeof fakeGateway>, document: object) {
  const { socket } = await world.admit();
  world.app.answers = [acting(document)];
  const time = world.clock.now();
  const done = message(world.gateway, { socket, id: 'm1', body: 'hello', time });
  return { socket, done };
}

describe('where deliveries are deferred, an answer', () => {
  test('has its sends, broadcasts and close queued as one task, after its state is kept and its reply posted', async () => {
    const world = fakeGateway(deferring);
    const other = await world.admit();
    const seen: { state: string | undefined; arrived: string[] }[] = [];
    world.tasks.onQueue = async (task) => {
      if (task.kind !== 'deliveries') return;
      const { socket } = task;
      const record = await world.registry.get(socket);
      seen.push({ state: record?.state, arrived: world.connections.of(socket) });
    };
    const { socket, done } = await answeredWith(world, {
      state: 'new',
      reply: 'to you',
      close: true,
      broadcast: [{ body: 'to all' }],
      send: [{ sockets: [other.socket], body: 'to another' }],
    });
    await done;
    expect(seen).toEqual([{ state: 'new', arrived: ['to you'] }]);
    expect(world.tasks.queued).toEqual([
      {
        kind: 'deliveries',
        socket,
        hook: 'message_m1',
        close: true,
        send: [{ sockets: [other.socket], malformed: [], body: 'to another' }],
        broadcast: [{ body: 'to all', except: [], at: 0 }],
      },
    ]);
    expect(world.connections.of(other.socket)).toEqual([]);
    expect((await world.registry.get(socket))?.status).toBe('open');
    await work(world);
    expect(world.connections.of(other.socket)).toEqual(['to another', 'to all']);
    expect(world.connections.of(socket)).toEqual(['to you', 'to all']);
    expect(world.connections.ended).toContain(socket);
    expect(world.app.told).toMatchObject([{ from: socket, code: '1000' }]);
  });

  test('that only closes the socket queues no deliveries, and the socket is closed at once', async () => {
    const world = fakeGateway(deferring);
    const { socket, done } = await answeredWith(world, { reply: 'bye', close: true });
    await done;
    expect(world.tasks.queued).toEqual([{ kind: 'closed', socket }]);
    expect(world.connections.ended).toEqual([socket]);
    expect(world.connections.of(socket)).toEqual(['bye']);
  });

  test('whose deliveries can’t be queued is logged under its hook, and the hook has succeeded', async () => {
    const world = fakeGateway(deferring);
    world.tasks.onQueue = () => {
      throw new Error('the queue is away');
    };
    const { socket, done } = await answeredWith(world, { reply: 'to you', broadcast: [{ body: 'to all' }] });
    await done;
    expect(world.app.requests).toHaveLength(1);
    expect(world.log.lines).toMatchObject([
      { level: 'error', event: 'action_failed', fields: { request: 'message_m1', action: 'queue' } },
    ]);
    expect(world.connections.of(socket)).toEqual(['to you']);
  });

  test('to a closed hook whose deliveries can’t be queued does not bring the hook back', async () => {
    const world = fakeGateway(deferring);
    const { socket } = await world.admit();
    world.tasks.onQueue = () => {
      throw new Error('the queue is away');
    };
    world.app.answers = [acting({ broadcast: [{ body: 'somebody left' }] })];
    await disconnect(world.gateway, socket, { code: 1001, reason: '' });
    expect(await world.registry.get(socket)).toBeUndefined();
    expect(world.app.told).toHaveLength(1);
  });

  test('has the failures of its deliveries logged under its hook once they are done', async () => {
    const world = fakeGateway(deferring);
    const other = await world.admit();
    world.connections.script(other.socket, () => ({ kind: 'failed', code: 'slow_client' }));
    const { done } = await answeredWith(world, {
      send: [{ sockets: [other.socket], body: 'x' }],
      broadcast: [{ body: 'y' }],
    });
    await done;
    expect(world.log.lines).toEqual([]);
    await world.tasks.run((task) => runTask(world.gateway, task));
    expect(world.log.of('action_failed')).toMatchObject([
      { fields: { request: 'message_m1', action: 'send', code: 'slow_client' } },
      { fields: { request: 'message_m1', action: 'broadcast', code: 'slow_client' } },
    ]);
  });
});

describe('where deliveries are not deferred, an answer', () => {
  test('has its deliveries done before its hook is done, and nothing is queued', async () => {
    const world = fakeGateway();
    const other = await world.admit();
    const { done } = await answeredWith(world, { send: [{ sockets: [other.socket], body: 'to another' }] });
    await done;
    expect(world.connections.of(other.socket)).toEqual(['to another']);
    expect(world.tasks.queued).toEqual([]);
  });

  test('whose sockets can’t be looked up is logged under its hook, and the hook has succeeded', async () => {
    const world = fakeGateway({
      registry: (memory) =>
        new WatchedRegistry(memory, (call) => {
          if (call === 'pages') throw new Error('the registry is away');
        }),
    });
    const { done } = await answeredWith(world, { reply: 'to you', broadcast: [{ body: 'to all' }] });
    await done;
    expect(world.app.requests).toHaveLength(1);
    const fields = { request: 'message_m1', action: 'deliveries', code: 'fault' };
    expect(world.log.of('action_failed')).toMatchObject([{ level: 'error', fields }]);
  });
});

describe('an answer that sets a state', () => {
  test('is logged under its hook if the socket ends while the app answers', async () => {
    const world = fakeGateway();
    world.app.onPost = ({ body }) => {
      const socket = parseSocketId(new URLSearchParams(body).get('from') ?? '');
      if (socket !== undefined) void endSocket(world.gateway, socket, closeCodes.normal);
    };
    const { done } = await answeredWith(world, { state: 'new' });
    await done;
    const fields = { request: 'message_m1', action: 'state', code: 'gone' };
    expect(world.log.of('action_failed')).toMatchObject([{ level: 'warn', fields }]);
  });

  test('is logged under its hook if the state can’t be stored, and its reply is posted all the same', async () => {
    const world = fakeGateway({
      registry: (memory) =>
        new WatchedRegistry(memory, (call) => {
          if (call === 'setState') throw new Error('the table is away');
        }),
    });
    const { socket, done } = await answeredWith(world, { state: 'new', reply: 'to you' });
    await done;
    const fields = { request: 'message_m1', action: 'state', code: 'fault', why: 'Error: the table is away' };
    expect(world.log.of('action_failed')).toMatchObject([{ level: 'error', fields }]);
    expect(world.connections.of(socket)).toEqual(['to you']);
  });
});
