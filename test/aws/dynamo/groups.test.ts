import { BatchWriteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { DynamoDirectory } from '../../../functions/aws/dynamo/directory.ts';
import { openingItem } from '../../../functions/aws/dynamo/item.ts';
import { memberOf } from '../../../functions/aws/dynamo/member.ts';
import { registryWith } from '../../../functions/aws/dynamo/registry.ts';
import type { Registry } from '../../../functions/gateway/ports.ts';
import type { SocketFilter } from '../../../functions/gateway/socket-filter.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { acceptance, bring, end } from '../../contract/ports/registry-world.ts';
import { aGroup, aPath, aRecord, newSocket } from '../../fakes/a-record.ts';
import { MemoryDynamo, memoryTables } from '../../fakes/memory-dynamo.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { DynamoFront, type Manner } from '../dynamo-front.ts';
import { Dynamo, groupsNameOf, QuickClock, registryAt } from '../dynamo-table.ts';
import { itemsOf } from '../passing-time.ts';

const dynamo = await Dynamo.start();
const plain = dynamo.client();
const fronts: DynamoFront[] = [];
afterEach(async () => {
  for (const front of fronts.splice(0)) await front.close();
});
afterAll(() => dynamo.stop());

const room = aGroup('room');
const now = 1_764_000_001_000;

/** A registry whose requests pass a front in some manner, and one whose requests do not. */
async function counted(manner: Manner = {}) {
  const front = await DynamoFront.open(dynamo.endpoint, manner);
  fronts.push(front);
  const name = await dynamo.table(plain);
  const log = new RecordingLog();
  const clock = new QuickClock(() => now);
  const registry = registryAt({ name, endpoint: front.endpoint }, clock, log);
  const other = registryAt({ name, endpoint: dynamo.endpoint }, clock);
  const rows = () => itemsOf(plain, groupsNameOf(name));
  return { registry, other, log, name, rows, sent: () => front.sent() };
}

const joining = { ...acceptance, groups: { join: [room], leave: [] } };

function join(registry: Registry, socket: SocketId, group = room) {
  return registry.changeGroups(socket, { join: [group], leave: [] });
}

async function reached(registry: Registry, filter: SocketFilter): Promise<SocketId[]> {
  const found: SocketId[] = [];
  for await (const { records } of registry.pages(filter)) found.push(...records.map(({ socket }) => socket));
  return found.sort();
}

/** Sockets that are opening and in the group, written by batches of 25, as DynamoDB allows. */
async function fill(name: string, count: number, user = ''): Promise<SocketId[]> {
  const sockets = Array.from({ length: count }, newSocket);
  const puts = sockets.flatMap((socket) => {
    const record = aRecord({ socket, user });
    const membership = { groups: { L: [{ S: room }] }, groupsVersion: { N: '1' } };
    const row = { group: { S: room }, member: { S: memberOf({ user, socket }) }, version: { N: '1' } };
    return [
      { table: name, put: { PutRequest: { Item: { ...openingItem(record), ...membership } } } },
      { table: groupsNameOf(name), put: { PutRequest: { Item: row } } },
    ];
  });
  for (const table of [name, groupsNameOf(name)]) {
    const all = puts.filter((one) => one.table === table).map(({ put }) => put);
    for (let at = 0; at < all.length; at += 25) {
      await plain.send(new BatchWriteItemCommand({ RequestItems: { [table]: all.slice(at, at + 25) } }));
    }
  }
  return sockets.sort();
}

describe('what groups cost', () => {
  test('a join or a leave is two writes, and one read if the record is not at hand', async () => {
    const { registry, sent } = await counted();
    const socket = await bring(registry, 'open');
    const known = await registry.get(socket);
    sent();
    await registry.changeGroups(socket, { join: [room], leave: [] }, known);
    expect(sent(), 'a join by an action').toEqual({ PutItem: 1, UpdateItem: 1 });
    await join(registry, socket, aGroup('hall'));
    expect(sent(), 'a join by HTTP').toEqual({ GetItem: 1, PutItem: 1, UpdateItem: 1 });
    await join(registry, socket);
    expect(sent(), 'a join that changes nothing').toEqual({ GetItem: 1 });
    await registry.changeGroups(socket, { join: [], leave: [room] });
    expect(sent(), 'a leave').toEqual({ GetItem: 1, UpdateItem: 1, DeleteItem: 1 });
  });

  test('a life in a group costs two writes more than one without, and no read', async () => {
    const { registry, sent, rows } = await counted();
    const { socket } = aRecord();
    await registry.put(aRecord({ socket }));
    sent();
    await registry.accept(socket, joining, 'open');
    expect(sent(), 'a handshake that joins').toEqual({ PutItem: 1, UpdateItem: 1 });
    expect(await rows()).toEqual([
      {
        group: { S: 'room' },
        member: { S: memberOf({ user: 'alice', socket }) },
        version: { N: '1' },
        expires: { N: String(now / 1_000 + 2 * 86_400) },
      },
    ]);
    await registry.markEnded(socket, end);
    await registry.remove(socket);
    expect(sent(), 'its end').toEqual({ UpdateItem: 1, DeleteItem: 2 });
    expect(await rows()).toEqual([]);
  });

  test('a broadcast to a group of 10 is one query and one batch of reads', async () => {
    const { registry, name, sent } = await counted();
    const all = await fill(name, 10, 'alice');
    sent();
    expect(await reached(registry, { group: room })).toEqual(all);
    expect(sent(), 'by group').toEqual({ Query: 1, BatchGetItem: 1 });
    expect(await reached(registry, { group: room, user: 'alice', path: aRecord().path })).toEqual(all);
    expect(sent(), 'by group, user and path').toEqual({ Query: 1, BatchGetItem: 1 });
    expect(await reached(registry, { group: aGroup('nobody') })).toEqual([]);
    expect(sent(), 'of nobody').toEqual({ Query: 1 });
  });
});

describe('a large group', () => {
  test('of 10,001 sockets is reached past pages of 1 MB, and goes on where it was stopped', async () => {
    const { registry, name, sent } = await counted();
    const all = await fill(name, 10_001, 'u'.repeat(200));
    sent();
    expect(await reached(registry, { group: room })).toEqual(all);
    const { Query = 0, BatchGetItem } = sent();
    expect(Query).toBeGreaterThan(1);
    expect(BatchGetItem).toBe(101);
    const before: SocketId[] = [];
    let next: string | undefined;
    for await (const page of registry.pages({ group: room })) {
      before.push(...page.records.map(({ socket }) => socket));
      next = page.next;
      if (before.length >= 300) break;
    }
    for await (const page of registry.pages({ group: room }, next)) {
      before.push(...page.records.map(({ socket }) => socket));
    }
    expect(before.sort()).toEqual(all);
    const page = await registry.listUsers(room, 5);
    expect(page?.users).toEqual([{ user: 'u'.repeat(200), sockets: 10_000 }]);
    expect(await registry.listUsers(room, 5, page?.cursor)).toEqual({ users: [] });
  }, 60_000);

  test('says so if a broadcast is to go on where none stopped', async () => {
    const { registry } = await counted();
    for (const from of ['', '.', 'AAAA', 'c29ja2V0']) {
      const page = registry.pages({ group: room }, from)[Symbol.asyncIterator]().next();
      await expect(page, from).rejects.toThrow('not where a broadcast');
    }
  });

  test('a cursor goes on in its own list alone, and names nothing else', async () => {
    const { registry, name, sent } = await counted();
    await fill(name, 5, 'alice');
    await fill(name, 5, 'bob');
    const filters: SocketFilter[] = [
      { group: room },
      { group: room, user: 'alice' },
      { group: room, user: 'bob' },
    ];
    const cursors = await Promise.all(
      filters.map(async (filter) => (await registry.list(filter, 1))?.cursor),
    );
    const ofUsers = (await registry.listUsers(room, 1))?.cursor;
    sent();
    for (const [at, filter] of filters.entries()) {
      for (const [of, cursor = ''] of [...cursors, ofUsers].entries()) {
        const page = await registry.list(filter, 1, cursor);
        expect(page !== undefined, `cursor ${of} in list ${at}`).toBe(at === of);
      }
    }
    expect(await registry.listUsers(room, 1, cursors[0])).toBeUndefined();
    expect(await registry.list({ group: aGroup('other') }, 1, cursors[0])).toBeUndefined();
    expect(await registry.list({}, 1, cursors[0])).toBeUndefined();
  });
});

describe('a row that no record needs', () => {
  const put = (name: string, socket: SocketId, version: number, user = '') =>
    plain.send(
      new PutItemCommand({
        TableName: groupsNameOf(name),
        Item: {
          group: { S: room },
          member: { S: memberOf({ user, socket }) },
          version: { N: String(version) },
        },
      }),
    );

  test('is deleted by who reads it: without a record, or without the group', async () => {
    const { registry, name, rows } = await counted();
    const open = await bring(registry, 'open');
    await put(name, newSocket(), 3);
    expect(await reached(registry, { group: room })).toEqual([]);
    expect(await rows()).toEqual([]);
    await join(registry, open);
    await registry.changeGroups(open, { join: [], leave: [room] });
    await put(name, open, 2);
    expect((await registry.list({ group: room }, 5))?.sockets).toEqual([]);
    expect(await rows()).toEqual([]);
  });

  test('stays while a join may need it, since its version is higher than the record’s', async () => {
    const { registry, name, rows } = await counted();
    const open = await bring(registry, 'open');
    await put(name, open, 1, 'alice');
    expect(await reached(registry, { group: room })).toEqual([]);
    expect((await registry.listUsers(room, 5))?.users).toEqual([]);
    expect(await rows()).toHaveLength(1);
    await join(registry, open);
    expect(await reached(registry, { group: room })).toEqual([open]);
  });

  test('under the user of its ticket is deleted if an older version renamed its socket', async () => {
    const { registry, name, rows } = await counted();
    const socket = await bring(registry, 'open');
    await join(registry, socket);
    await put(name, socket, 1, 'ticket');
    expect(await reached(registry, { group: room })).toEqual([socket]);
    expect((await rows()).map((row) => row['member']?.S)).toEqual([memberOf({ user: 'alice', socket })]);
  });

  test('stays if its record can’t be read, and a row that can’t be read is left out; both are logged', async () => {
    const { registry, name, rows, log } = await counted();
    const open = await bring(registry, 'open');
    await join(registry, open);
    const strange = newSocket();
    const Item = { socket: { S: strange }, status: { S: 'strange' } };
    await plain.send(new PutItemCommand({ TableName: name, Item }));
    await put(name, strange, 1);
    for (const member of ['none', '00000000\t\tAAAA', 'v2\talice\tAAAA\t1']) {
      const row = { group: { S: room }, member: { S: member }, version: { N: '1' } };
      await plain.send(new PutItemCommand({ TableName: groupsNameOf(name), Item: row }));
    }
    expect(await reached(registry, { group: room })).toEqual([open]);
    expect((await registry.list({ group: room }, 9))?.sockets.map(({ socket }) => socket)).toEqual([open]);
    expect(await rows()).toHaveLength(5);
    expect(log.lines.map(({ level, event }) => `${level} ${event}`)).toEqual(['warn record_unreadable']);
  });
});

describe('a socket that is in a group when its handshake names another user', () => {
  const hall = aGroup('hall');

  async function renamed(user = 'alice') {
    const world = await counted();
    const socket = await bring(world.registry, 'opening', { user: 'ticket' });
    await join(world.registry, socket);
    await world.registry.accept(socket, { ...acceptance, user }, 'open');
    const places = [...new Set(['ticket', user])].map((of) => memberOf({ user: of, socket })).sort();
    const placesIn = async (group = room) =>
      (await world.rows())
        .filter((row) => row['group']?.S === group)
        .map((row) => row['member']?.S)
        .sort();
    return { ...world, socket, places, placesIn };
  }

  test.for(['alice', ''])('has a row under both in each group, for its whole life (“%s”)', async (user) => {
    const { registry, socket, places, placesIn, sent } = await renamed(user);
    expect(await placesIn(), 'after its handshake').toEqual(places);
    const known = await registry.get(socket);
    sent();
    await registry.changeGroups(socket, { join: [hall], leave: [] }, known);
    expect(sent(), 'a join').toEqual({ PutItem: 2, UpdateItem: 1 });
    expect(await placesIn(hall), 'after a join').toEqual(places);
    for (const group of [room, hall]) {
      expect(await reached(registry, { group }), `${group}`).toEqual([socket]);
      expect(await reached(registry, { group, user }), `${group} of its user`).toEqual([socket]);
      expect(await reached(registry, { group, user: 'ticket' }), `${group} of the ticket`).toEqual([]);
      expect((await registry.list({ group }, 5))?.sockets.map((one) => one.socket)).toEqual([socket]);
      const users = user === '' ? [] : [{ user, sockets: 1 }];
      expect((await registry.listUsers(group, 5))?.users, `users of ${group}`).toEqual(users);
    }
    expect(await placesIn(), 'after all these readers').toEqual(places);
    await registry.changeGroups(socket, { join: [], leave: [room] });
    expect(await placesIn(), 'after it has left').toEqual([]);
    await registry.remove(socket);
    expect(await placesIn(hall), 'after its end').toEqual([]);
  });

  test('has one row if its user stays', async () => {
    const { placesIn, places } = await renamed('ticket');
    expect(places).toHaveLength(1);
    expect(await placesIn()).toEqual(places);
  });

  test('joins in both places, also by a caller whose record is from before that', async () => {
    const { registry, rows } = await counted();
    const socket = await bring(registry, 'opening', { user: 'ticket' });
    await join(registry, socket);
    const known = await registry.get(socket);
    await registry.accept(socket, acceptance, 'open');
    expect(await registry.changeGroups(socket, { join: [hall], leave: [room] }, known)).toBe('done');
    const places = ['ticket', 'alice'].map((user) => memberOf({ user, socket })).sort();
    expect((await rows()).map((row) => `${row['group']?.S} ${row['member']?.S}`).sort()).toEqual(
      places.map((place) => `hall ${place}`),
    );
  });
});

test('a record that can’t be read at all hides no other from a broadcast by path or by user', async () => {
  const { registry, name, log } = await counted();
  const path = aPath('/room');
  const good = aRecord({ path, user: 'alice' });
  const bad = aRecord({ path, user: 'alice' });
  await registry.put(good);
  // A list of numbers, which no version writes.
  const Item = { ...openingItem(bad), outbox: { L: [{ N: '1' }] } };
  await plain.send(new PutItemCommand({ TableName: name, Item }));
  for (const filter of [{ path }, { user: 'alice' }])
    expect(await reached(registry, filter), JSON.stringify(filter)).toEqual([good.socket]);
  expect(log.lines.map(({ event }) => event)).toEqual(['record_unreadable']);
});

/** A registry whose table of groups refuses an operation for good. */
function broken(refused: 'PutItem' | 'DeleteItem') {
  const memory = new MemoryDynamo();
  const log = new RecordingLog();
  const run: MemoryDynamo['run'] = (operation, input) => {
    const isRefused =
      operation === refused && 'TableName' in input && input.TableName === memoryTables.groups;
    return isRefused ? Promise.reject(new Error('broken')) : memory.run(operation, input);
  };
  const clock = new QuickClock(() => now);
  return { registry: registryWith(() => ({ run }), memoryTables, clock, DynamoDirectory, log), memory, log };
}

describe('a table of groups that fails', () => {
  test.for<Manner>([
    { first: 'throttling' },
    { first: 'throttling', tells: true },
    { first: 'hang up', carriesOut: true },
    { first: 'a fault', carriesOut: true, tells: true },
  ])('at first is waited out, and nothing is done twice (%o)', async (manner) => {
    const { registry, other, rows, log } = await counted(manner);
    const socket = await bring(other, 'opening', { user: 'ticket' });
    expect(await join(registry, socket, aGroup('early'))).toBe('done');
    expect(await registry.accept(socket, joining, 'open')).toBe('done');
    expect(await registry.changeGroups(socket, { join: [aGroup('late')], leave: [room] })).toBe('done');
    expect((await other.get(socket))?.groups).toEqual(['early', 'late']);
    expect(await reached(other, { group: room })).toEqual([]);
    expect(await reached(other, { group: aGroup('late') })).toEqual([socket]);
    const needed = ['early', 'early', 'late', 'late'];
    expect((await rows()).map((row) => row['group']?.S).sort(), 'rows under both its users').toEqual(needed);
    expect(log.lines).toEqual([]);
  });

  test.for(['a leave', 'a removal', 'a broadcast'])(
    'keeps %s from nothing but deleting rows',
    async (what) => {
      const memory = new MemoryDynamo();
      const log = new RecordingLog();
      const run: MemoryDynamo['run'] = (operation, input) => {
        if (operation === 'DeleteItem' && 'TableName' in input && input.TableName === memoryTables.groups)
          return Promise.reject(new Error('broken'));
        return memory.run(operation, input);
      };
      const clock = new QuickClock(() => now);
      const registry = registryWith(() => ({ run }), memoryTables, clock, DynamoDirectory, log);
      const socket = await bring(registry, 'open');
      await join(registry, socket);
      if (what === 'a leave') {
        expect(await registry.changeGroups(socket, { join: [], leave: [room] })).toBe('done');
      }
      if (what === 'a removal') await registry.remove(socket);
      if (what === 'a broadcast')
        await memory.run('DeleteItem', { TableName: 'sockets', Key: { socket: { S: socket } } });
      expect(await reached(registry, { group: room })).toEqual([]);
      expect(memory.items('groups'), 'rows').toHaveLength(1);
      const lines = log.lines.map(({ level, event }) => `${level} ${event}`);
      expect(new Set(lines)).toEqual(new Set(['warn membership_not_deleted']));
    },
  );

  test('when rows are to be put fails a join, and changes nothing', async () => {
    const { registry } = broken('PutItem');
    const socket = await bring(registry, 'opening');
    const before = await registry.get(socket);
    await expect(join(registry, socket)).rejects.toThrow('broken');
    await expect(registry.accept(socket, joining, 'open')).rejects.toThrow('broken');
    expect(await registry.get(socket)).toEqual(before);
  });
});
