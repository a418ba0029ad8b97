import { describe, expect, test } from 'vitest';
import { broadcast } from '../../../functions/gateway/deliver/broadcast.ts';
import { send } from '../../../functions/gateway/deliver/send.ts';
import { limits } from '../../../functions/wire/limits.ts';
import { aPath, newSocket } from '../../fakes/a-record.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

describe('a send', () => {
  test('has one outcome for every socket that was named', async () => {
    const { gateway, connections, clock, registry, admit } = fakeGateway();
    const open = (await admit()).socket;
    const opening = (await admit({ status: 'opening' })).socket;
    const accepted = (await admit({ status: 'accepted' })).socket;
    const full = (await admit({ status: 'opening' })).socket;
    for (let at = 0; at < limits.outboxMessages; at++) await registry.append(full, 'x');
    const closing = (await admit()).socket;
    await registry.markEnded(closing, { code: 1000, reason: '', time: clock.now() });
    const unknown = newSocket();
    const slow = (await admit()).socket;
    connections.script(slow, () => ({ kind: 'failed', code: 'slow_client' }));
    const sockets = [open, opening, accepted, full, closing, unknown, slow];
    const outcome = await send(gateway, { sockets, malformed: ['no id'], body: 'hello' });
    expect({ ...outcome, gone: new Set(outcome.gone), failed: new Set(outcome.failed) }).toEqual({
      delivered: 1,
      queued: 2,
      gone: new Set(['no id', closing, unknown]),
      failed: new Set([
        { socket: full, code: 'outbox_full' },
        { socket: slow, code: 'slow_client' },
      ]),
    });
    expect(connections.arrived).toEqual([{ socket: open, body: 'hello' }]);
    expect(await registry.waiting(opening)).toEqual(['hello']);
    expect(await registry.waiting(accepted)).toEqual(['hello']);
  });

  test('a fault of one connection is that socket’s failure only, and is logged', async () => {
    const { gateway, connections, log, admit } = fakeGateway();
    const [one, two, three] = [await admit(), await admit(), await admit()].map(({ socket }) => socket);
    if (!one || !two || !three) throw new Error('There is no socket.');
    connections.script(two, () => {
      throw new Error('the network is down');
    });
    expect(await send(gateway, { sockets: [one, two, three], malformed: [], body: 'hello' })).toEqual({
      ...{ delivered: 2, queued: 0, gone: [], failed: [{ socket: two, code: 'post_failed' }] },
    });
    expect(log.of('delivery_fault')).toMatchObject([{ level: 'error', fields: { socket: two } }]);
  });

  test('a fault of the registry is that socket’s failure only', async () => {
    const broken = newSocket();
    const { gateway, admit } = fakeGateway({
      registry: (memory) =>
        new WatchedRegistry(memory, (_, socket) => {
          if (socket === broken) throw new Error('the table is away');
        }),
    });
    const { socket } = await admit();
    const outcome = await send(gateway, { sockets: [broken, socket], malformed: [], body: 'hello' });
    expect(outcome).toMatchObject({ delivered: 1, failed: [{ socket: broken, code: 'post_failed' }] });
  });

  test('a fault while a 410 is told is that socket’s failure only', async () => {
    const { gateway, connections, tasks, clock, admit } = fakeGateway();
    const { socket } = await admit();
    const other = await admit();
    await clock.advance(60_000);
    connections.script(socket, () => ({ kind: 'gone' }));
    tasks.onQueue = () => {
      throw new Error('the queue is away');
    };
    const outcome = await send(gateway, { sockets: [socket, other.socket], malformed: [], body: 'hello' });
    expect(outcome).toMatchObject({ delivered: 1, failed: [{ socket, code: 'post_failed' }] });
  });
});

describe('a broadcast', () => {
  test('reaches who is open and who is opening, less the excepted, and counts each once', async () => {
    const { gateway, connections, clock, registry, admit } = fakeGateway();
    const path = aPath('/room');
    const open = (await admit({ path })).socket;
    const opening = (await admit({ path, status: 'opening' })).socket;
    const spared = (await admit({ path })).socket;
    const elsewhere = (await admit()).socket;
    const dead = (await admit({ path, acceptedAt: 0 })).socket;
    const broken = (await admit({ path })).socket;
    const closing = (await admit({ path })).socket;
    await registry.markEnded(closing, { code: 1000, reason: '', time: clock.now() });
    connections.script(dead, () => ({ kind: 'gone' }));
    connections.script(broken, () => {
      throw new Error('the network is down');
    });
    expect(await broadcast(gateway, 'call', { body: 'hello', except: [spared], path })).toEqual({
      ...{ delivered: 1, queued: 1, gone: 1, failed: 1 },
    });
    expect(connections.arrived).toEqual([{ socket: open, body: 'hello' }]);
    expect(await registry.waiting(opening)).toEqual(['hello']);
    expect(connections.attempts(elsewhere)).toBe(0);
  });

  test('whose lookups outlive its run posts nothing, and says so', async () => {
    const { gateway, admit, connections, clock, log } = fakeGateway();
    const sockets = await Promise.all([admit(), admit(), admit(), admit()]);
    const one = async function* () {
      for (const record of sockets) {
        yield { records: [record], next: undefined };
        await clock.advance(2_000);
      }
    };
    const registry = new WatchedRegistry(gateway.registry, () => {});
    registry.pages = one;
    const hurried = { ...gateway, registry, deadline: clock.monotonic() + 1_000 };
    expect(await broadcast(hurried, 'call', { body: 'hello', except: [] })).toEqual({
      ...{ delivered: 0, queued: 0, gone: 0, failed: 0, unfinished: true },
    });
    expect(connections.arrived).toEqual([]);
    expect(log.of('broadcast_unfinished')).toHaveLength(1);
  });
});
