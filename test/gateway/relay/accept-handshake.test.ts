import { describe, expect, test } from 'vitest';
import { flush } from '../../../functions/gateway/deliver/flush.ts';
import { acceptHandshake } from '../../../functions/gateway/relay/accept-handshake.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { noActions } from '../../../functions/wire/actions.ts';
import { limits } from '../../../functions/wire/limits.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

const opening = { status: 'opening', acceptedAt: 0 } as const;

describe('letting a client in', () => {
  test('for whom nothing waits opens its socket, and queues nothing', async () => {
    const { gateway, registry, tasks, clock, admit } = fakeGateway();
    const record = await admit({ ...opening, user: 'from a ticket' });
    const admission = await acceptHandshake(gateway, record, {
      ...noActions,
      state: 's',
      subprotocol: 'chat',
    });
    expect(admission).toEqual({ kind: 'accepted', subprotocol: 'chat' });
    expect(await registry.get(record.socket)).toMatchObject({
      ...{ status: 'open', user: 'from a ticket', state: 's', acceptedAt: clock.now() },
    });
    expect(tasks.queued).toEqual([]);
  });

  test('under the user that the app gives', async () => {
    const { gateway, registry, admit } = fakeGateway();
    const record = await admit({ ...opening, user: 'from a ticket' });
    await acceptHandshake(gateway, record, { ...noActions, user: 'alice' });
    expect((await registry.get(record.socket))?.user).toBe('alice');
  });

  test('for whom messages wait queues the flush before the record says accepted', async () => {
    const { gateway, registry, tasks, admit } = fakeGateway();
    const record = await admit(opening);
    const { socket } = record;
    await registry.append(socket, 'sent meanwhile');
    const statuses: unknown[] = [];
    tasks.onQueue = async () => void statuses.push((await registry.get(socket))?.status);
    await acceptHandshake(gateway, record, { ...noActions, reply: 'welcome' });
    expect(statuses).toEqual(['opening']);
    expect(tasks.queued).toEqual([{ kind: 'flush', socket }]);
    expect((await registry.get(socket))?.status).toBe('accepted');
    expect(await registry.waiting(socket)).toEqual(['sent meanwhile', 'welcome']);
  });

  test('does what else the app asked for once the client is in, after what waited', async () => {
    const { gateway, connections, tasks, admit } = fakeGateway();
    const [record, other] = [await admit(opening), await admit()];
    const send = [{ sockets: [other.socket], malformed: [], body: 'to another' }];
    const broadcast = [{ body: 'to all', except: [] }];
    await acceptHandshake(gateway, record, { ...noActions, reply: 'welcome', send, broadcast });
    expect(connections.arrived).toEqual([]);
    expect(tasks.queued.map(({ kind }) => kind)).toEqual(['flush', 'deliveries']);
    await tasks.run((task) => runTask(gateway, task));
    expect(connections.of(record.socket)).toEqual(['welcome', 'to all']);
    expect(connections.of(other.socket)).toEqual(['to another', 'to all']);
  });

  test('whose outbox is full logs the reply that found no place, and lets the client in', async () => {
    const { gateway, registry, log, admit } = fakeGateway();
    const record = await admit(opening);
    for (let at = 0; at < limits.outboxMessages; at++) await registry.append(record.socket, 'x');
    expect(await acceptHandshake(gateway, record, { ...noActions, reply: 'welcome' })).toMatchObject({
      kind: 'accepted',
    });
    const request = `handshake_${record.socket}`;
    expect(log.of('action_failed')).toMatchObject([{ fields: { request, code: 'outbox_full' } }]);
  });

  test.for(['before', 'between its two steps'])(
    'whose socket the app closed %s is refused, and nothing else is done',
    async (when) => {
      const { gateway, registry, tasks, admit } = fakeGateway();
      const record = await admit(opening);
      const close = () => registry.markEnded(record.socket, { code: 1000, reason: '', time: 1 });
      if (when === 'before') await close();
      tasks.onQueue = async () => void (await close());
      const send = [{ sockets: [record.socket], malformed: [], body: 'x' }];
      const admission = await acceptHandshake(gateway, record, { ...noActions, reply: 'welcome', send });
      expect(admission).toMatchObject({ kind: 'refused', problem: { status: 403, code: 'closed_by_app' } });
      expect((await registry.get(record.socket))?.status).toBe('closing');
      expect(tasks.queued.map(({ kind }) => kind)).not.toContain('deliveries');
    },
  );
});

describe('a crash while a client is let in', () => {
  test.for([1, 2, 3])('at write %i leaves the socket and its messages to be found', async (crashAt) => {
    let writes = 0;
    const { gateway, registry, tasks, connections, admit, clock } = fakeGateway({
      registry: (memory) =>
        new WatchedRegistry(memory, (call) => {
          if (['append', 'accept'].includes(call) && ++writes === crashAt) throw new Error('a crash');
        }),
    });
    const record = await admit(opening);
    const { socket } = record;
    await expect(acceptHandshake(gateway, record, { ...noActions, reply: 'welcome' })).rejects.toThrow(
      'a crash',
    );
    const found = await registry.get(socket);
    expect(found?.status).toBe('opening');
    if (crashAt > 1) expect(await registry.waiting(socket)).toEqual(['welcome']);
    expect(tasks.queued).toEqual(crashAt === 3 ? [{ kind: 'flush', socket }] : []);
    await tasks.run((task) => runTask(gateway, task));
    expect(connections.arrived).toEqual([]);
    expect(await registry.markEnded(socket, { code: 1006, reason: '', time: clock.now() })).toBeDefined();
  });

  test('between queueing the flush and telling the client leaves the flush to be done', async () => {
    const { gateway, registry, tasks, connections, admit } = fakeGateway();
    const record = await admit(opening);
    const { socket } = record;
    tasks.onQueue = (task) => {
      if (task.kind === 'deliveries') throw new Error('a crash');
    };
    const send = [{ sockets: [socket], malformed: [], body: 'x' }];
    const admission = acceptHandshake(gateway, record, { ...noActions, reply: 'welcome', send });
    await expect(admission).rejects.toThrow('a crash');
    expect((await registry.get(socket))?.status).toBe('accepted');
    await flush(gateway, socket);
    expect(connections.of(socket)).toEqual(['welcome']);
  });
});
