import { expect, test } from 'vitest';
import { DynamoDirectory } from '../../../functions/aws/dynamo/directory.ts';
import { openingItem } from '../../../functions/aws/dynamo/item.ts';
import { memberOf } from '../../../functions/aws/dynamo/member.ts';
import { registryWith } from '../../../functions/aws/dynamo/registry.ts';
import { hashOf } from '../../../functions/gateway/hash.ts';
import type { SocketId } from '../../../functions/wire/socket-id.ts';
import { acceptance } from '../../contract/ports/registry-world.ts';
import { aGroup, aPath, aRecord, newSocket } from '../../fakes/a-record.ts';
import { MemoryDynamo, memoryTables } from '../../fakes/memory-dynamo.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { QuickClock } from '../dynamo-table.ts';

const room = aGroup('room');
const start = 1_764_000_000_000;

/** A registry on the double of DynamoDB, whose time of day a test sets. */
function world(pageSize = 1_000) {
  const time = { now: start };
  const memory = new MemoryDynamo(pageSize);
  const log = new RecordingLog();
  const clock = new QuickClock(() => time.now);
  const registry = registryWith(() => memory, memoryTables, clock, DynamoDirectory, log);
  return { registry, memory, time, log };
}

/** Puts an open socket of a user into the group. */
async function fill(memory: MemoryDynamo, user: string): Promise<SocketId> {
  const socket = newSocket();
  const Item = {
    ...openingItem(aRecord({ socket, user })),
    status: { S: 'open' },
    acceptedAt: { N: '1' },
    groups: { L: [{ S: room }] },
    groupsVersion: { N: '1' },
  };
  await memory.run('PutItem', { TableName: memoryTables.name, Item });
  const row = { group: { S: room }, member: { S: memberOf({ user, socket }) }, version: { N: '1' } };
  await memory.run('PutItem', { TableName: memoryTables.groups, Item: row });
  return socket;
}

test('a broadcast reaches a socket once that was renamed by its handshake, also if it takes longer than a minute', async () => {
  const { registry, memory, time } = world(50);
  const [ticket = '', named = ''] = ['u1', 'u2'].sort((one, other) => hashOf(one) - hashOf(other));
  const { socket } = aRecord();
  await registry.put(aRecord({ socket, user: ticket }));
  await registry.changeGroups(socket, { join: [room], leave: [] });
  await registry.accept(socket, { ...acceptance, user: named, acceptedAt: time.now }, 'open');
  await between(memory, [ticket, named], 600);
  time.now += 55_000;
  let times = 0;
  for await (const { records } of registry.pages({ group: room })) {
    times += records.filter((record) => record.socket === socket).length;
    time.now += 2_000;
  }
  expect(times).toBe(1);
});

/** A group whose first and last rows are the places of two users, with so many members in between. */
async function between(memory: MemoryDynamo, users: readonly string[], count: number): Promise<void> {
  const [first = 0, last = 0] = users.map(hashOf).sort((one, other) => one - other);
  for (let at = 0, put = 0; put < count; at++) {
    const hash = hashOf(`f${at}`);
    if (hash < first || hash > last) continue;
    await fill(memory, `f${at}`);
    put += 1;
  }
}

// After a minute, nobody could tell by the clock that a handshake has renamed it.
test.for([
  { ticketIs: 'before', isRenamed: 'before it began', waits: 0 },
  { ticketIs: 'before', isRenamed: 'after a page', waits: 0 },
  { ticketIs: 'behind', isRenamed: 'after a page', waits: 61_000 },
])(
  'a broadcast that is stopped and goes on elsewhere reaches a renamed socket once (%o)',
  async ({ ticketIs, isRenamed, waits }) => {
    const { registry, memory, time } = world(50);
    const users = ['u1', 'u2'].sort((one, other) => hashOf(one) - hashOf(other));
    const [ticket = '', named = ''] = ticketIs === 'before' ? users : users.toReversed();
    const { socket } = aRecord();
    await registry.put(aRecord({ socket, user: ticket }));
    await registry.changeGroups(socket, { join: [room], leave: [] });
    const rename = () =>
      registry.accept(socket, { ...acceptance, user: named, acceptedAt: time.now }, 'open');
    if (isRenamed === 'before it began') await rename();
    await between(memory, users, 300);
    const reached: SocketId[] = [];
    const first = await registry.pages({ group: room })[Symbol.asyncIterator]().next();
    if (first.done === true) throw new Error('The group has no page.');
    reached.push(...first.value.records.map((record) => record.socket));
    if (isRenamed === 'after a page') await rename();
    time.now += waits;
    for await (const { records } of registry.pages({ group: room }, first.value.next))
      reached.push(...records.map((record) => record.socket));
    expect(reached.filter((one) => one === socket)).toHaveLength(1);
    expect(new Set(reached).size).toBe(301);
  },
);

test('each user of a large group is listed once, with all sockets', async () => {
  const { registry, memory } = world();
  for (let user = 0; user < 400; user++) for (let at = 0; at < 11; at++) await fill(memory, `user${user}`);
  const counts = new Map<string, number>();
  let cursor: string | undefined;
  do {
    const page = await registry.listUsers(room, 1_000, cursor);
    for (const { user, sockets } of page?.users ?? []) {
      expect(counts.has(user), user).toBe(false);
      counts.set(user, sockets);
    }
    cursor = page?.cursor;
  } while (cursor !== undefined);
  expect(counts.size).toBe(400);
  expect(new Set(counts.values())).toEqual(new Set([11]));
}, 60_000);

test('a search of a group that finds none of its members says how far it has come', async () => {
  const { registry, memory } = world(50);
  for (let at = 0; at < 300; at++) await fill(memory, `user${at}`);
  const places: unknown[] = [];
  for await (const page of registry.pages({ group: room, path: aPath('/elsewhere') })) {
    expect(page.records).toEqual([]);
    places.push(page.next);
  }
  expect(new Set(places).size).toBeGreaterThan(1);
});

test('a sweep that can’t move records of an older version still sees all of them, and tries once', async () => {
  const memory = new MemoryDynamo(10);
  const log = new RecordingLog();
  let updates = 0;
  const run: MemoryDynamo['run'] = (operation, input) => {
    if (operation !== 'UpdateItem') return memory.run(operation, input);
    updates += 1;
    return Promise.reject(new Error('throttled'));
  };
  const clock = new QuickClock(() => start);
  const registry = registryWith(() => ({ run }), memoryTables, clock, DynamoDirectory, log);
  for (let at = 0; at < 50; at++) {
    const Item = { ...openingItem(aRecord()), pathShard: { S: '/#15' } };
    await memory.run('PutItem', { TableName: memoryTables.name, Item });
  }
  let seen = 0;
  for await (const records of registry.survey()) seen += records.length;
  expect(seen).toBe(50);
  expect(updates).toBeLessThanOrEqual(8);
  expect(log.lines.map(({ event }) => event)).toEqual(['records_not_moved']);
});
