import { describe, expect, test } from 'vitest';
import { flush } from '../../../functions/gateway/deliver/flush.ts';
import { acceptHandshake } from '../../../functions/gateway/relay/accept-handshake.ts';
import { runTask } from '../../../functions/gateway/run-task.ts';
import { noActions } from '../../../functions/wire/actions.ts';
import type { GroupName } from '../../../functions/wire/group.ts';
import { limits } from '../../../functions/wire/limits.ts';
import { fakeGateway } from '../../fakes/fake-gateway.ts';
import { groupNames, groupsNamed } from '../../fakes/group-names.ts';
import { WatchedRegistry } from '../../fakes/watched-registry.ts';

const opening = { status: 'opening', acceptedAt: 0 } as const;

describe('a handshake that the app accepted', () => {
  test('opens the socket and queues nothing if no message waits for the client', async () => {
    const { gateway, registry, tasks, clock, admit } = fakeGateway();
    const record = await admit({ ...opening, user: 'from a ticket' });
    const admission = await acceptHandshake(gateway, record, [], {
      ...noActions,
      state: 's',
      subprotocol: 'chat',
    });
    expect(admission).toEqual({ kind: 'accepted', subprotocol: 'chat' });
    expect(await registry.get(record.socket)).toMatchObject({
      status: 'open',
      user: 'from a ticket',
      state: 's',
      acceptedAt: clock.now(),
    });
    expect(tasks.queued).toEqual([]);
  });

  test('gives the socket the user of the app’s answer', async () => {
    const { gateway, registry, admit } = fakeGateway();
    const record = await admit({ ...opening, user: 'from a ticket' });
    await acceptHandshake(gateway, record, [], { ...noActions, user: 'alice' });
    expect((await registry.get(record.socket))?.user).toBe('alice');
  });

  test('queues the flush of waiting messages before the record says accepted', async () => {
    const { gateway, registry, tasks, admit } = fakeGateway();
    const record = await admit(opening);
    const { socket } = record;
    await registry.append(socket, 'sent meanwhile');
    const statuses: unknown[] = [];
    tasks.onQueue = async () => void statuses.push((await registry.get(socket))?.status);
    await acceptHandshake(gateway, record, [], { ...noActions, reply: 'welcome' });
    expect(statuses).toEqual(['opening']);
    expect(tasks.queued).toEqual([{ kind: 'flush', socket }]);
    expect((await registry.get(socket))?.status).toBe('accepted');
    expect(await registry.waiting(socket)).toEqual(['sent meanwhile', 'welcome']);
  });

  test('runs the other actions once the client is in, after the messages that waited', async () => {
    const { gateway, connections, tasks, admit } = fakeGateway();
    const [record, other] = [await admit(opening), await admit()];
    const send = [{ sockets: [other.socket], malformed: [], body: 'to another' }];
    const broadcast = [{ body: 'to all', except: [] }];
    await acceptHandshake(gateway, record, [], { ...noActions, reply: 'welcome', send, broadcast });
    expect(connections.arrived).toEqual([]);
    expect(tasks.queued.map(({ kind }) => kind)).toEqual(['flush', 'deliveries']);
    await tasks.run((task) => runTask(gateway, task));
    expect(connections.of(record.socket)).toEqual(['welcome', 'to all']);
    expect(connections.of(other.socket)).toEqual(['to another', 'to all']);
  });

  test('logs a reply that does not fit into the outbox, and lets the client in', async () => {
    const { gateway, registry, log, admit } = fakeGateway();
    const record = await admit(opening);
    for (let at = 0; at < limits.outboxMessages; at++) await registry.append(record.socket, 'x');
    expect(await acceptHandshake(gateway, record, [], { ...noActions, reply: 'welcome' })).toMatchObject({
      kind: 'accepted',
    });
    const request = `handshake_${record.socket}`;
    expect(log.of('action_failed')).toMatchObject([{ fields: { request, code: 'outbox_full' } }]);
  });

  test.for(['before', 'between its two steps'])(
    'refuses a client whose socket the app closed %s, and runs no other action',
    async (when) => {
      const { gateway, registry, tasks, admit } = fakeGateway();
      const record = await admit(opening);
      const close = () => registry.markEnded(record.socket, { code: 1000, reason: '', time: 1 });
      if (when === 'before') await close();
      tasks.onQueue = async () => void (await close());
      const send = [{ sockets: [record.socket], malformed: [], body: 'x' }];
      const admission = await acceptHandshake(gateway, record, [], { ...noActions, reply: 'welcome', send });
      expect(admission).toMatchObject({ kind: 'refused', problem: { status: 403, code: 'closed_by_app' } });
      expect((await registry.get(record.socket))?.status).toBe('closing');
      expect(tasks.queued.map(({ kind }) => kind)).not.toContain('deliveries');
    },
  );
});

describe('a gateway that crashes while it accepts a handshake', () => {
  const replied = { ...noActions, reply: 'welcome' };
  test.for([
    { crashAt: 1, actions: replied, sent: [], left: [], flushes: 0 },
    { crashAt: 2, actions: replied, sent: [], left: ['welcome'], flushes: 1 },
    { crashAt: 1, actions: noActions, sent: ['sent'], left: ['sent'], flushes: 0 },
    { crashAt: 2, actions: noActions, sent: ['sent'], left: ['sent'], flushes: 1 },
  ])(
    'at a write leaves a record that holds the socket and its messages (%o)',
    async ({ crashAt, actions, sent, left, flushes }) => {
      let writes = 0;
      let isOpening = false;
      const { gateway, registry, tasks, connections, admit, clock } = fakeGateway({
        registry: (memory) =>
          new WatchedRegistry(memory, (call) => {
            if (isOpening && ['append', 'accept'].includes(call) && ++writes === crashAt)
              throw new Error('a crash');
          }),
      });
      const record = await admit(opening);
      const { socket } = record;
      for (const body of sent) await registry.append(socket, body);
      isOpening = true;
      await expect(acceptHandshake(gateway, record, [], actions)).rejects.toThrow('a crash');
      const found = await registry.get(socket);
      expect(found?.status).toBe('opening');
      expect(await registry.waiting(socket)).toEqual(left);
      expect(tasks.queued.filter(({ kind }) => kind === 'flush')).toHaveLength(flushes);
      await tasks.run((task) => runTask(gateway, task));
      expect(connections.arrived).toEqual([]);
      expect(await registry.markEnded(socket, { code: 1006, reason: '', time: clock.now() })).toBeDefined();
    },
  );

  test('after it has queued the flush leaves the flush to be done', async () => {
    const { gateway, registry, tasks, connections, admit } = fakeGateway();
    const record = await admit(opening);
    const { socket } = record;
    tasks.onQueue = (task) => {
      if (task.kind === 'deliveries') throw new Error('a crash');
    };
    const send = [{ sockets: [socket], malformed: [], body: 'x' }];
    const admission = acceptHandshake(gateway, record, [], { ...noActions, reply: 'welcome', send });
    await expect(admission).rejects.toThrow('a crash');
    expect((await registry.get(socket))?.status).toBe('accepted');
    await flush(gateway, socket);
    expect(connections.of(socket)).toEqual(['welcome']);
  });
});

describe('a socket that is accepted', () => {
  /** Accepts a socket that has joined `before` by HTTP, whose ticket and answer ask for these groups. */
  async function acceptIn(groups: {
    before?: readonly GroupName[];
    ticket?: readonly GroupName[];
    join?: readonly GroupName[];
    leave?: readonly GroupName[];
    reply?: string;
  }) {
    const world = fakeGateway();
    const { before = [], ticket = [], join = [], leave = [], reply } = groups;
    const record = await world.admit({ ...opening });
    if (before.length > 0) await world.registry.changeGroups(record.socket, { join: before, leave: [] });
    const outcome = await acceptHandshake(world.gateway, record, ticket, {
      ...noActions,
      join,
      leave,
      reply,
    });
    expect(outcome.kind).toBe('accepted');
    const accepted = await world.registry.get(record.socket);
    return { ...world, socket: record.socket, accepted };
  }

  /** The logged line about a number of groups that were not joined. */
  const tooMany = (socket: string, names: number) => ({
    level: 'warn',
    event: 'action_failed',
    fields: { request: `handshake_${socket}`, action: 'join', code: 'too_many_groups', names },
  });

  test('is in the groups that it joined by HTTP, of its ticket and of the answer, in this order', async () => {
    const { accepted, log } = await acceptIn({
      before: groupNames('http'),
      ticket: groupNames('ticket'),
      join: groupNames('answer'),
    });
    expect(accepted?.groups).toEqual(['http', 'ticket', 'answer']);
    expect(accepted?.status).toBe('open');
    expect(log.lines).toEqual([]);
  });

  test('is in no group that its answer leaves, whoever joined it', async () => {
    const { accepted } = await acceptIn({
      before: groupNames('http', 'stays'),
      ticket: groupNames('ticket'),
      join: groupNames('answer'),
      leave: groupNames('http', 'ticket', 'answer', 'never joined'),
    });
    expect(accepted?.groups).toEqual(['stays']);
  });

  test('may be in 50 groups, with those that it joined by HTTP', async () => {
    const { accepted, log } = await acceptIn({
      before: groupNames('http'),
      ticket: groupsNamed('t', 24),
      join: groupsNamed('a', 25),
    });
    expect(accepted?.groups).toHaveLength(limits.groups);
    expect(log.lines).toEqual([]);
  });

  test('is in the groups of its ticket alone if those of the answer are too many, which is logged once', async () => {
    const { accepted, socket, log } = await acceptIn({
      before: groupNames('http', 'left'),
      ticket: groupsNamed('t', 49),
      join: groupNames('answer'),
      leave: groupNames('left'),
    });
    expect(accepted?.groups).toEqual(['http', ...groupsNamed('t', 49)]);
    expect(accepted?.status).toBe('open');
    expect(log.lines).toEqual([tooMany(socket, 50)]);
  });

  test('joins nothing if even the groups of its ticket are too many, and still leaves what the answer says', async () => {
    const { accepted, socket, log } = await acceptIn({
      before: groupNames('http', 'left'),
      ticket: groupsNamed('t', 50),
      join: groupNames('answer'),
      leave: groupNames('left'),
    });
    expect(accepted?.groups).toEqual(['http']);
    expect(log.lines).toEqual([tooMany(socket, 51), tooMany(socket, 50)]);
  });

  test('joins nothing if its answer joins nothing and the groups of its ticket are too many, which is logged once', async () => {
    const { accepted, socket, log } = await acceptIn({
      before: groupNames('http'),
      ticket: groupsNamed('t', 50),
    });
    expect(accepted?.groups).toEqual(['http']);
    expect(log.lines).toEqual([tooMany(socket, 50)]);
  });

  test('gets its waiting messages and its reply although its groups are too many', async () => {
    const { accepted, tasks, registry, socket, log } = await acceptIn({
      ticket: groupsNamed('t', 50),
      join: groupNames('answer'),
      reply: 'welcome',
    });
    expect(accepted?.status).toBe('accepted');
    expect(accepted?.groups).toEqual(groupsNamed('t', 50));
    expect(await registry.waiting(socket)).toEqual(['welcome']);
    expect(tasks.queued).toContainEqual({ kind: 'flush', socket });
    expect(log.lines).toEqual([tooMany(socket, 51)]);
  });

  test('is reached by a broadcast of its answer to a group that the answer joins', async () => {
    const { gateway, connections, tasks, admit } = fakeGateway();
    const [record, other] = [await admit(opening), await admit()];
    const [room] = groupNames('room');
    const broadcast = [{ body: 'to the room', except: [], group: room }];
    await acceptHandshake(gateway, record, [], { ...noActions, join: groupNames('room'), broadcast });
    await tasks.run((task) => runTask(gateway, task));
    expect(connections.of(record.socket)).toEqual(['to the room']);
    expect(connections.of(other.socket)).toEqual([]);
  });

  test('is in no group if the app closed it while it was opening', async () => {
    const { gateway, registry, admit } = fakeGateway();
    const record = await admit(opening);
    const { socket } = record;
    await registry.changeGroups(socket, { join: groupNames('http'), leave: [] });
    await registry.markEnded(socket, { code: 1000, reason: '', time: 1 });
    await acceptHandshake(gateway, record, groupNames('ticket'), noActions);
    expect((await registry.get(socket))?.groups).toEqual(['http']);
    for (const name of ['http', 'ticket']) {
      const [group] = groupNames(name);
      expect(await registry.list({ group }, 10), name).toEqual({ sockets: [] });
    }
  });
});
